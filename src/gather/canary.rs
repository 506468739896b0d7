//! The canary: one small marked message, sent as an application would and over a verified connection alone.

mod host;
mod message;
mod round_trip;

use std::collections::BTreeMap;
use std::net::IpAddr;

use aws_sdk_sqs::types::QueueAttributeName;
use md5::{Digest, Md5};

use super::aws::warm::{Answers, To, Warm};
use super::aws::{ApiHost, AwsAccess, failure};
use super::tls::{Hello, Roots};
use super::{Bounds, tcp};
use crate::catalog::Region;
use crate::facts::queue_url::{Queue, QueueUrl, parse_queue_url};
use crate::facts::{
    Canary, CanaryMode, CanarySeen, Failure, FailureKind, Observation, Outcome, ServiceError,
};

pub use host::canary_host;
use message::Message;

/// What the canary is to do, and where.
#[derive(Debug, Clone)]
pub struct CanaryPlan {
    /// The operator's queue.
    pub queue_url: String,
    /// Whether to send, and to receive as well.
    pub mode: CanaryMode,
    /// The region whose SQS is called.
    pub region: String,
    /// The host an SDK would call, see [`canary_host`].
    pub host: ApiHost,
    /// The address to connect to.
    pub address: IpAddr,
    /// The run's id, which marks the message.
    pub run_id: String,
    /// The version of vpcheck, which the message tells.
    pub version: String,
    /// The certificates that the service's must chain to; nothing else is trusted.
    pub service_roots: Roots,
}

/// Sends the canary, and for a round trip receives and deletes it.
///
/// The connection goes to the planned address and trusts the service roots alone: where its certificate does
/// not chain to them nothing is sent, and the canary is skipped.
pub async fn send(bounds: &Bounds, access: &AwsAccess, plan: &CanaryPlan, lines: Lines) -> Canary {
    let mut canary = Canary {
        host: Some(plan.host.name.clone()),
        remote_address: Some(plan.address),
        ..Canary::default()
    };
    let queue = match check(plan) {
        Ok(queue) => queue,
        Err(reason) => {
            canary.result = Observation::skipped(reason);
            return canary;
        }
    };
    canary.queue_arn = Region::parse(&queue.region)
        .ok()
        .map(|region| queue.arn(&region.partition().name));
    if plan.service_roots.is_empty() {
        canary.result =
            Observation::skipped("there are no service roots to hold its certificate against");
        return canary;
    }
    let line = lines.to(bounds, plan);
    let client = match access
        .sqs(
            bounds,
            &plan.region,
            &plan.host,
            line.client(Answers::Plain),
        )
        .await
    {
        Ok(client) => client,
        Err(outcome) => {
            canary.error = access.credentials(bounds).await.1;
            canary.result = without_client(bounds, outcome);
            return canary;
        }
    };
    let call = Call {
        client,
        plan,
        queue: &queue,
    };
    let mut error = None;
    canary.result = bounds.observe(call.send(&mut error)).await;
    if plan.mode == CanaryMode::RoundTrip
        && let Outcome::Seen(seen) = &mut canary.result.outcome
    {
        seen.round_trip = Some(round_trip::receive(bounds, &call, &mut error).await);
    }
    if error.as_ref().is_some_and(hints_at_queue_policy) {
        canary.queue_policy = call.queue_policy(bounds).await;
    }
    canary.error = error;
    canary
}

/// Connections to the addresses that the canary may be sent to, begun before it is known which of them is verified.
#[derive(Debug, Default)]
pub struct Lines(BTreeMap<IpAddr, Warm>);

impl Lines {
    /// Begins a connection to each address, or to the first few. Each trusts the service roots alone, as the canary
    /// itself does, and nothing is sent on one before its address is verified.
    pub fn open(bounds: &Bounds, host: &ApiHost, addresses: &[IpAddr], roots: &Roots) -> Lines {
        if !host.https || roots.is_empty() {
            return Lines::default();
        }
        let begin = |address: &IpAddr| {
            let line = Warm::new(host, To::Address(*address), roots, HELLO, bounds.timeout());
            line.open(1);
            (*address, line)
        };
        Lines(addresses.iter().take(MOST_LINES).map(begin).collect())
    }

    /// The line to the planned address; the others are dropped.
    fn to(mut self, bounds: &Bounds, plan: &CanaryPlan) -> Warm {
        let begun = self.0.remove(&plan.address);
        begun.unwrap_or_else(|| {
            let to = To::Address(plan.address);
            Warm::new(&plan.host, to, &plan.service_roots, HELLO, bounds.timeout())
        })
    }
}

/// The canary comes as the AWS SDKs' messages do.
const HELLO: Hello = Hello::PostQuantum;

/// An endpoint has an address in each zone, and no VPC has many.
const MOST_LINES: usize = 4;

/// A client and what it is used for.
struct Call<'a> {
    client: aws_sdk_sqs::Client,
    plan: &'a CanaryPlan,
    queue: &'a Queue,
}

impl Call<'_> {
    async fn send(&self, answered: &mut Option<ServiceError>) -> Outcome<CanarySeen> {
        let body = Message::new(self.plan).body();
        let request = self
            .client
            .send_message()
            .queue_url(&self.plan.queue_url)
            .message_body(&body);
        let request = if self.queue.is_fifo {
            request
                .message_group_id("vpcheck")
                .message_deduplication_id(&self.plan.run_id)
        } else {
            request
        };
        match Box::pin(request.send()).await {
            Ok(sent) => {
                use aws_types::request_id::RequestId;
                Outcome::Seen(CanarySeen {
                    message_id: sent.message_id().unwrap_or_default().to_owned(),
                    request_id: sent.request_id().map(str::to_owned),
                    digest_matches: sent
                        .md5_of_message_body()
                        .is_some_and(|digest| digest.eq_ignore_ascii_case(&digest_of(&body))),
                    round_trip: None,
                })
            }
            Err(error) => self.outcome(&error, answered),
        }
    }

    /// The queue's policy, where the caller may read it.
    async fn queue_policy(&self, bounds: &Bounds) -> Option<String> {
        let asked = async {
            let request = self
                .client
                .get_queue_attributes()
                .queue_url(&self.plan.queue_url)
                .attribute_names(QueueAttributeName::Policy);
            match Box::pin(request.send()).await {
                Ok(answer) => Outcome::Seen(
                    answer
                        .attributes()
                        .and_then(|attributes| attributes.get(&QueueAttributeName::Policy))
                        .cloned(),
                ),
                Err(error) => self.outcome(&error, &mut None),
            }
        };
        bounds.observe(asked).await.seen().cloned().flatten()
    }

    /// What a call's error comes to; a certificate that was not accepted is no failure of the canary's.
    fn outcome<T, E>(
        &self,
        error: &aws_sdk_sqs::error::SdkError<E>,
        answered: &mut Option<ServiceError>,
    ) -> Outcome<T>
    where
        E: aws_sdk_sqs::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (failure, service_error) = failure::of_call(&self.plan.host.to_string(), error);
        *answered = service_error;
        if failure.kind == FailureKind::Untrusted {
            return Outcome::Skipped(unaccepted(self.plan, error));
        }
        tcp::outcome(failure)
    }
}

/// What makes sending pointless or unsafe, before anything is asked.
fn check(plan: &CanaryPlan) -> Result<Queue, String> {
    if plan.mode == CanaryMode::Off {
        return Err("the canary is off".to_owned());
    }
    if !plan.host.https {
        return Err(format!(
            "{} is called without TLS: nothing signed is sent there",
            plan.host
        ));
    }
    match parse_queue_url(&plan.queue_url) {
        Ok(QueueUrl::Queue(queue)) => Ok(queue),
        Ok(QueueUrl::NotAQueue(reason)) => Err(format!("the queue URL is no queue's: {reason}")),
        Err(error) => Err(error.to_string()),
    }
}

fn unaccepted(plan: &CanaryPlan, error: &(dyn std::error::Error + 'static)) -> String {
    use rustls::CertificateError;
    let (host, address) = (&plan.host.name, plan.address);
    let detail = match failure::cause::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(reason)) => match reason {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "does not chain to the service roots".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "is not valid yet".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "is for another name".to_owned()
            }
            reason => format!("was not accepted: {reason}"),
        },
        _ => "was not accepted".to_owned(),
    };
    format!("the certificate of {host} at {address} {detail}")
}

/// Why there is no client, as the canary's result.
fn without_client(bounds: &Bounds, outcome: Outcome<()>) -> Observation<CanarySeen> {
    let outcome = match outcome {
        Outcome::Failed(failure) => Outcome::Failed(failure),
        Outcome::Skipped(reason) => Outcome::Skipped(reason),
        Outcome::Seen(()) => Outcome::Failed(Failure::new(
            FailureKind::Other,
            "there is no client of Amazon SQS",
        )),
    };
    Observation {
        at_ms: bounds.elapsed_ms(),
        took_ms: 0.0,
        outcome,
    }
}

/// Whether a denial may come from the queue's own policy: it says so, or it does not say where it comes from.
///
/// The phrases are those of "Troubleshoot access denied error messages" in the IAM User Guide.
fn hints_at_queue_policy(error: &ServiceError) -> bool {
    if failure::kind_of_code(&error.code) != FailureKind::Denied {
        return false;
    }
    let text = error.message.to_ascii_lowercase();
    let says_where = text.contains(" policy") || text.contains("permissions boundary");
    text.contains("resource-based policy") || !says_where
}

/// The MD5 of a body as the service reports it: in lower-case hexadecimal.
fn digest_of(body: &str) -> String {
    Md5::digest(body.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
