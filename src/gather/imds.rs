//! The EC2 instance metadata service, version 2 only.
//!
//! Source: "Use the Instance Metadata Service to access instance metadata" in the EC2 user guide. A token
//! first, then everything else at once on a few connections: three round trips on most instances.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{HeaderName, Method, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use super::metadata_http::{Connection, status_failure};
use super::{Bounds, secrets};
use crate::environment::EnvSnapshot;
use crate::environment::ec2::{self, Instance, Items};
use crate::facts::{Failure, FailureKind, Observation, Outcome};

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
const LANES: usize = 4;
/// Instances with more interfaces are first asked which of them matters.
const FEW_INTERFACES: usize = 4;
/// No item is longer.
const LONGEST_BODY: usize = 64 * 1024;
/// No token is longer; those in use have 56 characters.
const LONGEST_TOKEN: usize = 1024;

const TOKEN_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

/// What asking the service came to.
#[derive(Debug)]
pub struct Asked {
    /// What it said, or why it said nothing.
    pub instance: Observation<Instance>,
    /// True where it took the connection and never answered the request for a token: the sign of a hop limit
    /// that is too low for a container ("Modify instance metadata options" in the EC2 user guide).
    pub token_stalled: bool,
}

/// Asks the service, unless a variable turns it off; `sources` are the addresses the host sends from.
pub async fn ask(bounds: &Bounds, env: &EnvSnapshot, sources: &[IpAddr]) -> Asked {
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
                client.instance(sources, ends).await
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
    let mut connection = timeout(phase, Connection::open(address, &endpoint.authority))
        .await
        .unwrap_or_else(|_| Err(late("connect")))
        .map_err(|failure| (false, failure))?;
    let path = format!("{}/latest/api/token", endpoint.base);
    let request = connection.request(Method::PUT, &path, Some((TOKEN_TTL, "300")), LONGEST_BODY);
    let reply = timeout(phase, request).await;
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
    Ok(Client {
        endpoint: endpoint.clone(),
        token: token.to_owned(),
        phase,
        first: std::sync::Mutex::new(Some(connection)),
    })
}

/// A metadata service that gave a token.
struct Client {
    endpoint: Endpoint,
    token: String,
    phase: Duration,
    /// The connection the token came on, for the first lane that wants it.
    first: std::sync::Mutex<Option<Connection>>,
}

impl Client {
    /// Everything that is worth knowing of the instance and of the interfaces that matter.
    async fn instance(&self, sources: &[IpAddr], ends: Instant) -> Result<Instance, Failure> {
        let mut items = Items::new();
        let mut failure = None;
        let general = ec2::INSTANCE_ITEMS.iter().chain([&ec2::MACS]);
        let paths = general.map(|path| (*path).to_owned()).collect();
        self.fetch(paths, ends, &mut items, &mut failure).await;
        let macs = ec2::macs(&items);
        let addresses = ec2::ADDRESS_ITEMS.as_slice();
        let rest: Vec<&str> = [&ec2::INTERFACE_ITEMS[..], &[ec2::PUBLIC_ITEM]].concat();
        let of = |macs: &[String], names: &[&str]| -> Vec<String> {
            let paths = macs
                .iter()
                .flat_map(|mac| names.iter().map(|name| ec2::item_path(mac, name)));
            paths.collect()
        };
        if macs.len() <= FEW_INTERFACES {
            let paths = of(&macs, &[addresses, &rest].concat());
            self.fetch(paths, ends, &mut items, &mut failure).await;
        } else {
            self.fetch(of(&macs, addresses), ends, &mut items, &mut failure)
                .await;
            let seen = Instance::read(&items);
            let matter = |one: &&ec2::Interface| {
                Some(&one.mac) == seen.primary_mac.as_ref()
                    || sources.iter().any(|source| one.holds(*source))
            };
            let macs: Vec<String> = seen
                .interfaces
                .iter()
                .filter(matter)
                .map(|one| one.mac.clone())
                .collect();
            self.fetch(of(&macs, &rest), ends, &mut items, &mut failure)
                .await;
        }
        let instance = Instance::read(&items);
        match instance.is_empty() {
            false => Ok(instance),
            true => Err(failure.unwrap_or_else(|| {
                let detail = "nothing that came is instance metadata";
                Failure::new(FailureKind::Malformed, detail)
            })),
        }
    }

    /// Gets these paths on a few connections, each within one phase and all until `ends`; what does not come is
    /// left out, and the first failure other than "no such item" is kept.
    async fn fetch(
        &self,
        paths: Vec<String>,
        ends: Instant,
        items: &mut Items,
        failure: &mut Option<Failure>,
    ) {
        let lanes = (0..LANES.min(paths.len())).map(|lane| {
            let paths = paths.iter().skip(lane).step_by(LANES);
            self.lane(paths, ends)
        });
        for (found, failed) in join_all(lanes).await {
            items.extend(found);
            *failure = failure.take().or(failed);
        }
    }

    async fn lane(
        &self,
        paths: impl Iterator<Item = &String>,
        ends: Instant,
    ) -> (Items, Option<Failure>) {
        let mut items = Items::new();
        let mut failure = None;
        let mut connection = self.first.lock().ok().and_then(|mut first| first.take());
        for path in paths {
            let until = ends.min(Instant::now() + self.phase);
            match timeout_at(until, self.get(&mut connection, path)).await {
                Ok(Ok(Some(text))) => {
                    items.insert(path.clone(), text);
                }
                Ok(Ok(None)) => {}
                Ok(Err(failed)) => failure = failure.or(Some(failed)),
                Err(_) => {
                    let detail = format!("no answer within {} ms", self.phase.as_millis());
                    failure = failure.or(Some(Failure::new(FailureKind::Timeout, detail)));
                    break;
                }
            }
        }
        (items, failure)
    }

    /// One item; `None` where the service has no such item.
    async fn get(
        &self,
        kept: &mut Option<Connection>,
        path: &str,
    ) -> Result<Option<String>, Failure> {
        let path = format!("{}/latest/{path}", self.endpoint.base);
        let mut open = kept.take().filter(|connection| !connection.is_closed());
        loop {
            let reused = open.is_some();
            let mut connection = match open.take() {
                Some(connection) => connection,
                None => Connection::open(self.endpoint.address, &self.endpoint.authority).await?,
            };
            let header = Some((TOKEN, self.token.as_str()));
            let asked = connection.request(Method::GET, &path, header, LONGEST_BODY);
            match asked.await {
                // A kept connection may have been closed from the other side meanwhile.
                Err(failure) if reused && failure.kind == FailureKind::Reset => {}
                Err(failure) => return Err(failure),
                Ok(reply) => {
                    *kept = Some(connection);
                    return match reply.status {
                        StatusCode::OK => Ok(String::from_utf8(reply.body).ok()),
                        StatusCode::NOT_FOUND => Ok(None),
                        status => Err(status_failure(status)),
                    };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
