//! Questions and answers on the wire, over UDP and over TCP.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SendFlags, SocketFlags, SocketType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, sleep_until};

use super::answer::{self, Reply};
use super::malformed;
use crate::facts::dns::Family;
use crate::facts::{Failure, FailureKind};
use crate::gather::tcp;

/// The UDP payload we take: what fits any path unfragmented (DNS Flag Day 2020; RFC 9715).
const UDP_PAYLOAD: u16 = 1232;
/// How often a question is sent over UDP in all, at even intervals: one lost packet is no fault.
const SENDS: u32 = 3;

/// The part of the time limit in which a real answer may still follow something that is none.
const GRACE: u32 = 4;

/// A name and the family of addresses wanted of it.
#[derive(Debug)]
pub(super) struct Question {
    name: Name,
    family: Family,
}

impl Question {
    /// A question for this name, taken as fully qualified.
    pub(super) fn new(name: &str, family: Family) -> Result<Question, Failure> {
        let mut parsed = Name::from_ascii(name).map_err(|source| {
            Failure::new(
                FailureKind::Other,
                format!("not a name that DNS can be asked for: {source}"),
            )
        })?;
        parsed.set_fqdn(true);
        Ok(Question {
            name: parsed,
            family,
        })
    }

    fn message(&self, edns: bool) -> Result<(u16, Vec<u8>), Failure> {
        let record_type = match self.family {
            Family::A => RecordType::A,
            Family::Aaaa => RecordType::AAAA,
        };
        let mut message = Message::new(id()?, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), record_type));
        if edns {
            let mut options = Edns::new();
            options.set_max_payload(UDP_PAYLOAD);
            message.set_edns(options);
        }
        let bytes = message.to_vec().map_err(|source| {
            Failure::new(
                FailureKind::Other,
                format!("the question cannot be written: {source}"),
            )
        })?;
        Ok((message.metadata.id, bytes))
    }

    fn is_asked_by(&self, message: &Message) -> bool {
        match message.queries.as_slice() {
            [query] => {
                query.name() == &self.name
                    && matches!(
                        (self.family, query.query_type()),
                        (Family::A, RecordType::A) | (Family::Aaaa, RecordType::AAAA)
                    )
            }
            // Servers that cannot read a question, or will not, may answer with their header alone.
            [] => message.metadata.response_code != ResponseCode::NoError,
            _ => false,
        }
    }
}

/// One that nobody can guess, from the generator that TLS has set up already.
fn id() -> Result<u16, Failure> {
    let mut bytes = [0; 2];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => Ok(u16::from_be_bytes(bytes)),
        Err(_) => Err(Failure::new(
            FailureKind::Other,
            "there is no randomness to be had",
        )),
    }
}

/// Asks over UDP; `patience` is the time the question is sent again in, `sent_again` hears of it.
///
/// Ends with the first answer to the question; until then it waits, for whoever called to bound it.
pub(super) async fn over_udp(
    server: SocketAddr,
    question: &Question,
    patience: Duration,
    sent_again: impl Fn(),
) -> Result<Reply, Failure> {
    let round = (Instant::now(), patience);
    match udp_round(server, question, true, round, &sent_again).await? {
        // A server of before EDNS (RFC 6891, section 7) is asked again as such servers expect it.
        Received::NoEdns => {
            sent_again();
            match udp_round(server, question, false, round, &sent_again).await? {
                Received::Reply(reply) => Ok(reply),
                Received::NoEdns => Err(malformed("the server cannot read the question")),
            }
        }
        Received::Reply(reply) => Ok(reply),
    }
}

/// Asks over TCP.
pub(super) async fn over_tcp(server: SocketAddr, question: &Question) -> Result<Reply, Failure> {
    let failed = |what: &str, error: &io::Error| {
        let failure = tcp::failure(error);
        Failure::new(failure.kind, format!("{what}: {}", failure.detail))
    };
    let mut stream = tcp::patiently(|| TcpStream::connect(server))
        .await
        .map_err(|error| failed("TCP connection", &error))?;
    let (id, bytes) = question.message(true)?;
    let length = u16::try_from(bytes.len()).map_err(|_| malformed("the question is too long"))?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(&bytes);
    stream
        .write_all(&framed)
        .await
        .map_err(|error| failed("question over TCP", &error))?;
    loop {
        let length = stream
            .read_u16()
            .await
            .map_err(|error| failed("answer over TCP", &error))?;
        let mut packet = vec![0; usize::from(length)];
        stream
            .read_exact(&mut packet)
            .await
            .map_err(|error| failed("answer over TCP", &error))?;
        match judge(&packet, id, question) {
            Judged::Answer(message) => {
                return Ok(answer::read(&message, &question.name, question.family));
            }
            Judged::Truncated => return Ok(answer::unreadable_but_truncated()),
            Judged::Garbage(what) => return Err(malformed(what)),
            Judged::Other => {}
        }
    }
}

/// A packet as the answer to the question with this id.
#[cfg(any(test, fuzzing))]
pub(super) fn read(packet: &[u8], id: u16, question: &Question) -> Option<Reply> {
    match judge(packet, id, question) {
        Judged::Answer(message) => Some(answer::read(&message, &question.name, question.family)),
        Judged::Truncated => Some(answer::unreadable_but_truncated()),
        Judged::Garbage(_) | Judged::Other => None,
    }
}

enum Received {
    Reply(Reply),
    /// The server does not know EDNS.
    NoEdns,
}

/// One question with one id on one socket: sent at the start and at each third of `patience`.
async fn udp_round(
    server: SocketAddr,
    question: &Question,
    edns: bool,
    (began, patience): (Instant, Duration),
    sent_again: impl Fn(),
) -> Result<Received, Failure> {
    let socket = tcp::patiently(|| connected(server))
        .await
        .map_err(|error| tcp::failure(&error))?;
    let (id, bytes) = question.message(edns)?;
    send(&socket, &bytes).await?;
    let mut sent = 1;
    let mut garbage: Option<(Instant, String)> = None;
    loop {
        let again = (sent < SENDS).then(|| began + patience * sent / SENDS);
        let given_up = garbage.as_ref().map(|(until, _)| *until);
        let wake = again.into_iter().chain(given_up).min();
        let received = tokio::select! {
            received = received(&socket) => Some(received),
            () = until(wake) => None,
        };
        let packet = match received {
            None => {
                // Something came that answers nothing, and nothing better followed.
                if let Some((until, what)) = &garbage
                    && Instant::now() >= *until
                {
                    return Err(malformed(what.as_str()));
                }
                sent = sent.saturating_add(1);
                sent_again();
                send(&socket, &bytes).await?;
                continue;
            }
            Some(Ok(packet)) => packet,
            Some(Err(error)) if error.kind() == ErrorKind::Interrupted => continue,
            Some(Err(error)) => return Err(tcp::failure(&error)),
        };
        match judge(&packet, id, question) {
            Judged::Answer(message) if edns && knows_no_edns(&message) => {
                return Ok(Received::NoEdns);
            }
            Judged::Answer(message) => {
                let reply = answer::read(&message, &question.name, question.family);
                return Ok(Received::Reply(reply));
            }
            Judged::Truncated => {
                return Ok(Received::Reply(answer::unreadable_but_truncated()));
            }
            Judged::Garbage(what) if garbage.is_none() => {
                garbage = Some((Instant::now() + patience / GRACE, what));
            }
            Judged::Garbage(_) => {}
            Judged::Other => {}
        }
    }
}

/// The next packet. There is room for any, from the moment it is there: many questions wait at a time.
async fn received(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    loop {
        socket.readable().await?;
        let mut packet = Vec::with_capacity(usize::from(u16::MAX));
        match socket.try_recv_buf(&mut packet) {
            Ok(_) => return Ok(packet),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

async fn connected(server: SocketAddr) -> io::Result<UdpSocket> {
    let family = match server.ip() {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::DGRAM, flags, None)?;
    // The kernel picks a random port, and a connected socket takes packets of this server alone and is told of
    // a closed port.
    net::connect(&socket, &server)?;
    UdpSocket::from_std(socket.into())
}

async fn send(socket: &UdpSocket, bytes: &[u8]) -> Result<(), Failure> {
    // A new socket has room for it as a rule: whether it has, the runtime would know a turn later.
    let sent = match net::send(socket, bytes, SendFlags::empty()) {
        Err(Errno::WOULDBLOCK) => socket.send(bytes).await,
        sent => sent.map_err(io::Error::from),
    };
    match sent {
        Ok(_) => Ok(()),
        // A packet filter of this host took the packet: it is lost, as if it had been lost on the way.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(tcp::failure(&error)),
    }
}

enum Judged {
    Answer(Box<Message>),
    /// The answer to the question, cut short within a record.
    Truncated,
    /// Nothing that answers the question, and no late or forged packet either.
    Garbage(String),
    /// Another conversation's packet.
    Other,
}

fn judge(packet: &[u8], id: u16, question: &Question) -> Judged {
    let &[id_high, id_low, flags, ..] = packet else {
        return Judged::Garbage(format!("an answer of {} bytes", packet.len()));
    };
    let has_our_id = u16::from_be_bytes([id_high, id_low]) == id;
    let message = match Message::from_vec(packet) {
        Ok(message) => message,
        Err(_) if has_our_id && flags & TRUNCATION != 0 && flags & RESPONSE != 0 => {
            return Judged::Truncated;
        }
        Err(error) => return Judged::Garbage(format!("an unreadable answer: {error}")),
    };
    if !has_our_id {
        return Judged::Other;
    }
    if message.metadata.message_type != MessageType::Response
        || message.metadata.op_code != OpCode::Query
        || !question.is_asked_by(&message)
    {
        return Judged::Garbage("an answer to another question".to_owned());
    }
    Judged::Answer(Box::new(message))
}

/// The QR bit, in the third byte of a message.
const RESPONSE: u8 = 0x80;
/// The TC bit, in the third byte of a message.
const TRUNCATION: u8 = 0x02;

fn knows_no_edns(message: &Message) -> bool {
    matches!(
        message.metadata.response_code,
        ResponseCode::FormErr | ResponseCode::NotImp | ResponseCode::BADVERS
    )
}
