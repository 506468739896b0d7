//! One question to one DNS server, and all that its answer says.
//!
//! The host's own resolution is asked for elsewhere; here each server is asked by itself, on the wire, so that
//! NXDOMAIN, an empty answer, a failing server, a refusing one and a silent one stay apart.

mod answer;
mod exchange;

use std::net::SocketAddr;

use super::{Bounds, tcp};
use crate::facts::dns::{Family, Lookup, ServerRole, TcpRetry};
use crate::facts::{Answer, DnsStatus, Failure, FailureKind, Observation, Outcome};
use answer::Reply;
use exchange::Question;

/// The packets that a question over TCP takes this way: to connect, to ask, to acknowledge, to close.
const PACKETS_OVER_TCP: usize = 6;

/// Asks one server for the addresses of one family of one name.
///
/// The question goes over UDP, again after one and two thirds of the time limit; a truncated answer is asked for
/// over TCP, with a time limit of its own, and where that fails the truncated answer's records are kept.
/// The name is always taken as fully qualified: no search domain is ever added.
pub async fn lookup(
    bounds: &Bounds,
    server: SocketAddr,
    role: ServerRole,
    name: &str,
    family: Family,
) -> Lookup {
    let answer = match Question::new(name, family) {
        Ok(question) => ask(bounds, server, &question).await,
        Err(failure) => {
            bounds
                .observe(async { Outcome::Failed::<Answer>(failure) })
                .await
        }
    };
    Lookup {
        server,
        role,
        family,
        answer,
    }
}

/// What a packet says as the answer to the question with this id, and whether it was cut short; none where it is not
/// taken for its answer.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_packet(
    packet: &[u8],
    id: u16,
    name: &str,
    family: Family,
) -> Option<(Answer, bool)> {
    let question = Question::new(name, family).ok()?;
    let reply = exchange::read(packet, id, &question)?;
    Some((reply.answer, reply.truncated))
}

async fn ask(bounds: &Bounds, server: SocketAddr, question: &Question) -> Observation<Answer> {
    let patience = bounds.timeout().min(bounds.left());
    let sent_again = || bounds.count_packets(1);
    let over_udp = bounds
        .observe(async {
            outcome(exchange::over_udp(server, question, patience, sent_again).await)
        })
        .await;
    let (at_ms, took_ms) = (over_udp.at_ms, over_udp.took_ms);
    let seen = |took_ms, answer| Observation {
        at_ms,
        took_ms,
        outcome: Outcome::Seen(answer),
    };
    let reply = match over_udp.outcome {
        Outcome::Seen(reply) => reply,
        Outcome::Failed(failure) => {
            return Observation {
                at_ms,
                took_ms,
                outcome: Outcome::Failed(failure),
            };
        }
        Outcome::Skipped(reason) => {
            return Observation {
                at_ms,
                took_ms,
                outcome: Outcome::Skipped(reason),
            };
        }
    };
    if !reply.truncated {
        return seen(took_ms, reply.answer);
    }
    bounds.count_packets(PACKETS_OVER_TCP);
    let over_tcp = bounds
        .observe(async { outcome(exchange::over_tcp(server, question).await) })
        .await;
    let took_ms = took_ms + over_tcp.took_ms;
    seen(took_ms, with_retry(reply.answer, over_tcp.outcome))
}

/// The answer to a question whose answer over UDP was truncated: that over TCP, or else what had come.
fn with_retry(truncated: Answer, over_tcp: Outcome<Reply>) -> Answer {
    let failed = match over_tcp {
        Outcome::Seen(reply) if reply.truncated => "the answer was truncated again".to_owned(),
        Outcome::Seen(reply) => match reply.answer.status {
            DnsStatus::Ok | DnsStatus::NoData | DnsStatus::NxDomain => {
                return Answer {
                    truncated: Some(TcpRetry::Answered),
                    ..reply.answer
                };
            }
            _ => format!("the server answered {}", reply.code),
        },
        Outcome::Failed(failure) => failure.detail,
        Outcome::Skipped(reason) => reason,
    };
    // Of a truncated answer without addresses nobody knows whether there are any: that is not NODATA.
    let status = match truncated.status {
        DnsStatus::NoData => DnsStatus::Error,
        status => status,
    };
    Answer {
        status,
        truncated: Some(TcpRetry::Failed(failed)),
        ..truncated
    }
}

fn outcome<T>(result: Result<T, Failure>) -> Outcome<T> {
    match result {
        Ok(value) => Outcome::Seen(value),
        Err(failure) => tcp::outcome(failure),
    }
}

fn malformed(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Malformed, detail)
}

#[cfg(test)]
mod tests;
