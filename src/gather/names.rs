//! One name, from its lookups to the probes of its addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Semaphore, oneshot};

use super::tls::Trust;
use super::{Bounds, dns, experiments, open_files, probe, system};
use crate::facts::dns::Family;
use crate::facts::{AddressProbe, Lookup, NameFacts, Observation, ServerRole};

/// How many names are looked up, and how many addresses probed, at one time: the VPC's resolver takes 1024
/// packets a second of an interface, and sockets are few in small containers.
const NAMES_AT_ONCE: usize = 96;
const PROBES_AT_ONCE: usize = 256;
const SYSTEM_AT_ONCE: usize = 96;
/// The connections that one address may have at a time, experiments included; the sockets of one `getaddrinfo`.
const SOCKETS_OF_PROBE: usize = 6;
const SOCKETS_OF_SYSTEM: usize = 2;

/// What all names of a run share.
#[derive(Debug, Clone)]
pub struct Context {
    /// The run's limits.
    pub bounds: Bounds,
    /// The roots.
    pub trust: Trust,
    /// Whom to ask.
    pub servers: Arc<Vec<(SocketAddr, ServerRole)>>,
    /// Servers of the host's whose answers count as the VPC resolver's as well.
    pub shared_servers: Arc<Vec<SocketAddr>>,
    /// Whether the host has an IPv6 route.
    pub ipv6_route: bool,
    /// Other server names for experiments on addresses that fail.
    pub other_names: Vec<String>,
    lookups: Arc<Semaphore>,
    probes: Arc<Semaphore>,
    system: Arc<Semaphore>,
}

impl Context {
    /// A context over these servers.
    pub fn new(
        bounds: Bounds,
        trust: Trust,
        servers: Vec<(SocketAddr, ServerRole)>,
        shared_servers: Vec<SocketAddr>,
        ipv6_route: bool,
    ) -> Self {
        // Each server is asked for both families at once.
        let names = open_files::at_once(NAMES_AT_ONCE, 2 * servers.len());
        let probes = open_files::at_once(PROBES_AT_ONCE, SOCKETS_OF_PROBE);
        let system = open_files::at_once(SYSTEM_AT_ONCE, SOCKETS_OF_SYSTEM);
        Context {
            bounds,
            trust,
            servers: Arc::new(servers),
            shared_servers: Arc::new(shared_servers),
            ipv6_route,
            other_names: Vec::new(),
            lookups: Arc::new(Semaphore::new(names)),
            probes: Arc::new(Semaphore::new(probes)),
            system: Arc::new(Semaphore::new(system)),
        }
    }
}

/// One name that is to be looked up.
#[derive(Debug)]
pub struct Question {
    /// The name.
    pub name: String,
    /// Its service.
    pub service: String,
    /// True where it is only compared with.
    pub comparison: bool,
    /// True where its addresses are probed.
    pub probe: bool,
    /// Told the first address whose certificate is verified, for the canary.
    pub verified: Option<oneshot::Sender<IpAddr>>,
}

/// Looks a name up everywhere and probes every address it has, each alone.
///
/// Addresses are probed as soon as the host's own resolvers have answered; nobody waits for the other servers.
pub async fn observe(context: Context, mut question: Question) -> (NameFacts, Vec<AddressProbe>) {
    let verified = question.verified.take();
    let of_role = |wanted: fn(ServerRole) -> bool| lookups(&context, &question.name, wanted);
    let wire = async {
        let name = NameFacts {
            name: question.name.clone(),
            service: question.service.clone(),
            comparison: question.comparison,
            lookups: of_role(|role| role == ServerRole::Host).await,
            system: Observation::default(),
        };
        let addresses = name.host_records().iter().map(|r| r.address).collect();
        let probes = match question.probe {
            true => probe_all(&context, &question.name, addresses, verified).await,
            false => Vec::new(),
        };
        (name, probes)
    };
    let others = async {
        // What only tells look-alikes apart is asked of the host's resolvers alone.
        match question.comparison {
            true => Vec::new(),
            false => of_role(|role| role != ServerRole::Host).await,
        }
    };
    let system = async {
        match question.probe {
            true => {
                let _permit = context.system.acquire().await;
                system::system_addresses(&context.bounds, &question.name).await
            }
            false => Observation::skipped("asked on the wire only"),
        }
    };
    let ((mut name, mut probes), others, system) = tokio::join!(wire, others, system);
    let shared: Vec<Lookup> = name
        .lookups
        .iter()
        .filter(|lookup| context.shared_servers.contains(&lookup.server))
        .map(|lookup| Lookup {
            role: ServerRole::Vpc,
            ..lookup.clone()
        })
        .collect();
    name.lookups.extend(shared);
    name.lookups.extend(others);
    // Where applications go that the wire does not tell of: the hosts file, as a rule.
    let beside: Vec<IpAddr> = system
        .seen()
        .into_iter()
        .flatten()
        .filter(|address| !probes.iter().any(|probe| probe.address == **address))
        .copied()
        .collect();
    name.system = system;
    probes.extend(probe_all(&context, &question.name, beside, None).await);
    (name, probes)
}

async fn lookups(context: &Context, name: &str, wanted: fn(ServerRole) -> bool) -> Vec<Lookup> {
    let asked = context.servers.iter().filter(|(_, role)| wanted(*role));
    let questions = asked.flat_map(|(server, role)| {
        [Family::A, Family::Aaaa]
            .into_iter()
            .map(|family| dns::lookup(&context.bounds, *server, *role, name, family))
    });
    let _permit = context.lookups.acquire().await;
    join_all(questions).await
}

/// Probes these addresses of a name, and experiments where a handshake failed.
async fn probe_all(
    context: &Context,
    name: &str,
    addresses: Vec<IpAddr>,
    mut verified: Option<oneshot::Sender<IpAddr>>,
) -> Vec<AddressProbe> {
    // One large request for each name is enough: its addresses share the path's limits as a rule.
    let large_taken = AtomicBool::new(false);
    let mut running: FuturesUnordered<_> = addresses
        .iter()
        .map(|address| one(context, name, *address, &large_taken))
        .collect();
    let mut done: Vec<AddressProbe> = Vec::new();
    while let Some(probe) = running.next().await {
        if is_verified(&probe)
            && let Some(verified) = verified.take()
        {
            // Nobody waits any more where the run has ended.
            let _ = verified.send(probe.address);
        }
        done.push(probe);
    }
    done.sort_by_key(|probe| {
        addresses
            .iter()
            .position(|address| *address == probe.address)
    });
    done
}

async fn one(
    context: &Context,
    name: &str,
    address: IpAddr,
    large_taken: &AtomicBool,
) -> AddressProbe {
    let _permit = context.probes.acquire().await;
    let (bounds, trust) = (&context.bounds, &context.trust);
    let mut probe = probe::probe(bounds, trust, name, address, context.ipv6_route).await;
    probe.experiments = experiments::experiments(bounds, trust, &probe, &context.other_names).await;
    if is_verified(&probe) && probe.http.is_seen() && !large_taken.swap(true, Ordering::Relaxed) {
        let large = experiments::large_after_small(bounds, trust, name, address).await;
        probe.experiments.push(large);
    }
    probe
}

/// Good enough for a message: the chain reaches the service roots, for this name, now.
fn is_verified(probe: &AddressProbe) -> bool {
    let now = jiff::Timestamp::now();
    probe.tls.seen().is_some_and(|tls| {
        tls.service_roots.reaches()
            && tls.name_matches
            && tls
                .leaf()
                .is_some_and(|leaf| leaf.not_before <= now && now <= leaf.not_after)
    })
}
