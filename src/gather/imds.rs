//! The EC2 instance metadata service, version 2 only.
//!
//! Source: "Use the Instance Metadata Service to access instance metadata" in the EC2 user guide. A token
//! first, then everything else at once on a few connections. What others wait for comes first: after three round trips
//! the region and the VPC are known on most instances.

mod lanes;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{HeaderName, Method, StatusCode};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::metadata_http::{Connection, status_failure};
use super::{Bounds, secrets};
use crate::environment::EnvSnapshot;
use crate::environment::ec2::Instance;
use crate::facts::{Failure, FailureKind, Observation, Outcome};
use lanes::{Client, Spare};

/// Where the service answers on every instance.
pub const IPV4: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);
/// Where it answers on Nitro instances that have its IPv6 endpoint on.
pub const IPV6: SocketAddr = SocketAddr::new(
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    80,
);

/// The service is on the same machine: an answer that takes longer than this will not come.
/// A little more than a second, after which a lost first packet of a connection is sent again.
const PHASE: Duration = Duration::from_millis(1300);
/// All phases together may not take the time that everything else is to be done in.
const SHARE: u32 = 6;
/// Connections used at once: the service limits them, and the SDK asks it for credentials meanwhile.
const LANES: usize = 8;
/// As many where each answer is long under way: everything is asked in two turns.
const LANES_AFAR: usize = 16;
/// A connection to a service on the same machine is made in less.
const NEAR: Duration = Duration::from_millis(3);
/// No item is longer.
const LONGEST_BODY: usize = 64 * 1024;
/// No token is longer; those in use have 56 characters.
const LONGEST_TOKEN: usize = 1024;

const TOKEN_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// What asking the service came to.
#[derive(Debug)]
pub struct Asked {
    /// What it said, or why it said nothing.
    pub instance: Observation<Instance>,
    /// True where it took the connection and never answered the request for a token: the sign of a hop limit
    /// that is too low for a container ("Modify instance metadata options" in the EC2 user guide).
    pub token_stalled: bool,
}

/// Who asks: what is known of the host before.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    /// The addresses it sends from.
    pub sources: Vec<IpAddr>,
    /// The hardware addresses of its interfaces, those of network cards first.
    pub macs: Vec<String>,
}

/// Asks the service, unless a variable turns it off.
///
/// `early` is told what came in the first round, if that was anything: enough to begin with, and not all.
pub async fn ask(
    bounds: &Bounds,
    env: &EnvSnapshot,
    asker: &Asker,
    early: Option<oneshot::Sender<Instance>>,
) -> Asked {
    if env.is_true("AWS_EC2_METADATA_DISABLED") {
        return skipped("AWS_EC2_METADATA_DISABLED turns instance metadata off");
    }
    let phase = PHASE.min(bounds.timeout()).min(bounds.left() / SHARE);
    let stalled = AtomicBool::new(false);
    // A little before the limit, so that what came by then is kept.
    let ends = Instant::now() + phase * (SHARE - 1);
    let instance = bounds
        .observe_within(phase * SHARE, async {
            let found = async {
                let endpoints = endpoints(env, phase).await?;
                let client = first_token(&endpoints, phase, &stalled).await?;
                client.instance(asker, ends, early).await
            };
            match found.await {
                Ok(instance) => Outcome::Seen(instance),
                Err(failure) => Outcome::Failed(failure),
            }
        })
        .await;
    // The deadline may have cut the wait for the token short: too early to call it stalled.
    let token_stalled = stalled.load(Ordering::Relaxed) && instance.failure().is_some();
    Asked {
        instance,
        token_stalled,
    }
}

/// What not asking comes to.
pub fn skipped(reason: &str) -> Asked {
    Asked {
        instance: Observation::skipped(reason),
        token_stalled: false,
    }
}

/// Where a metadata service may be.
#[derive(Debug, Clone)]
struct Endpoint {
    address: SocketAddr,
    authority: String,
    /// What precedes `/latest`, without a slash at its end.
    base: String,
}

impl Endpoint {
    fn fixed(address: SocketAddr) -> Endpoint {
        let authority = match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        Endpoint {
            address,
            authority,
            base: String::new(),
        }
    }
}

/// The endpoints to try, as the AWS SDKs choose them: a URL, else a mode, else both families.
async fn endpoints(env: &EnvSnapshot, phase: Duration) -> Result<Vec<Endpoint>, Failure> {
    let Some(text) = env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") else {
        let mode = env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        let only = |family: &str| mode.is_some_and(|mode| mode.eq_ignore_ascii_case(family));
        return Ok(match () {
            () if only("IPv4") => vec![Endpoint::fixed(IPV4)],
            () if only("IPv6") => vec![Endpoint::fixed(IPV6)],
            () => vec![Endpoint::fixed(IPV4), Endpoint::fixed(IPV6)],
        });
    };
    let unusable = |why: &str| {
        let detail = format!("AWS_EC2_METADATA_SERVICE_ENDPOINT {why}");
        Failure::new(FailureKind::Other, detail)
    };
    let url = url::Url::parse(text).map_err(|_| unusable("is no URL"))?;
    if url.scheme() != "http" {
        return Err(unusable("is no http URL"));
    }
    let port = url.port().unwrap_or(80);
    let authority = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(unusable("names no host")),
    };
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(url::Host::Ipv4(ip)) => vec![(ip, port).into()],
        Some(url::Host::Ipv6(ip)) => vec![(ip, port).into()],
        Some(url::Host::Domain(name)) => timeout(phase, tokio::net::lookup_host((name, port)))
            .await
            .ok()
            .and_then(Result::ok)
            .map(|addresses| addresses.take(4).collect())
            .unwrap_or_default(),
        None => Vec::new(),
    };
    if addresses.is_empty() {
        return Err(unusable("names a host that does not resolve"));
    }
    let base = url.path().trim_end_matches('/');
    Ok(addresses
        .into_iter()
        .map(|address| Endpoint {
            address,
            authority: authority.clone(),
            base: base.to_owned(),
        })
        .collect())
}

/// Asks every endpoint for a token at once and takes the first that gives one.
async fn first_token(
    endpoints: &[Endpoint],
    phase: Duration,
    stalled: &AtomicBool,
) -> Result<Client, Failure> {
    let mut tries: FuturesUnordered<_> = endpoints
        .iter()
        .enumerate()
        .map(|(rank, endpoint)| async move { (rank, token(endpoint, phase).await) })
        .collect();
    let mut worst: Option<((bool, usize), Failure)> = None;
    while let Some((rank, tried)) = tries.next().await {
        match tried {
            Ok(client) => return Ok(client),
            // One switch turns the service off for both families (`HttpEndpoint`): no other will do better.
            Err((_, failure)) if failure.kind == FailureKind::Denied => return Err(failure),
            Err((stall, failure)) => {
                // What is told is the stall, which explains most, else what the first endpoint said.
                if worst.as_ref().is_none_or(|(key, _)| (!stall, rank) < *key) {
                    worst = Some(((!stall, rank), failure));
                }
            }
        }
    }
    let ((no_stall, _), failure) = worst.unwrap_or_else(|| {
        let failure = Failure::new(FailureKind::Other, "no endpoint to ask");
        ((true, 0), failure)
    });
    stalled.store(!no_stall, Ordering::Relaxed);
    Err(failure)
}

/// Asks one endpoint for a token; a failure tells whether the connection was made and the answer never came.
async fn token(endpoint: &Endpoint, phase: Duration) -> Result<Client, (bool, Failure)> {
    let address = endpoint.address;
    let late = |what: &str| {
        let detail = format!(
            "{what} {address}: no answer within {} ms",
            phase.as_millis()
        );
        Failure::new(FailureKind::Timeout, detail)
    };
    let began = Instant::now();
    let mut connection = timeout(phase, Connection::open(address, &endpoint.authority))
        .await
        .unwrap_or_else(|_| Err(late("connect")))
        .map_err(|failure| (false, failure))?;
    let lanes = match began.elapsed() < NEAR {
        true => LANES,
        false => LANES_AFAR,
    };
    let path = format!("{}/latest/api/token", endpoint.base);
    let mut spare: Vec<Spare> = (1..lanes).map(|_| Spare::to(endpoint)).collect();
    let reply = {
        let header = Some((TOKEN_TTL, "300"));
        let request = connection.request(Method::PUT, &path, header, LONGEST_BODY);
        let mut request = std::pin::pin!(timeout(phase, request));
        // The connections that the token will be used on are made meanwhile, and nobody waits for them.
        tokio::select! {
            biased;
            reply = &mut request => reply,
            _ = join_all(spare.iter_mut().map(Spare::made)) => request.await,
        }
    };
    // A part of an answer is a slow service's: a hop limit that is too low lets nothing through at all.
    let stalled = !connection.has_heard();
    let reply = reply
        .map_err(|_| (stalled, late("token request to")))?
        .map_err(|failure| (false, failure))?;
    if reply.status != StatusCode::OK {
        return Err((false, status_failure(reply.status)));
    }
    let token = String::from_utf8(reply.body).unwrap_or_default();
    let token = token.trim();
    let clean = token.bytes().all(|b| b.is_ascii_graphic());
    if token.is_empty() || token.len() > LONGEST_TOKEN || !clean {
        let failure = Failure::new(FailureKind::Malformed, "the token is none");
        return Err((false, failure));
    }
    secrets::note(token);
    spare.push(connection.into());
    Ok(Client {
        endpoint: endpoint.clone(),
        token: token.to_owned(),
        phase,
        lanes,
        spare: std::sync::Mutex::new(spare),
    })
}

#[cfg(test)]
mod tests;
