//! One name, from its lookups to the probes of its addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;

use super::tls::Trust;
use super::{Bounds, dns, experiments, open_files, probe, system, tasks};
use crate::facts::dns::Family;
use crate::facts::tls::TlsSeen;
use crate::facts::{AddressProbe, Lookup, NameFacts, Observation, ServerRole};

/// How many names are looked up, and how many addresses probed, at one time: sockets are few in small containers.
/// How fast the questions leave is [`super::pace`]'s.
const NAMES_AT_ONCE: usize = 96;
const PROBES_AT_ONCE: usize = 256;
const SYSTEM_AT_ONCE: usize = 96;
/// Each question to the system's resolver takes a thread. Where it answers at once, these few do for all names; the others'
/// turn comes after a moment in any case.
const SYSTEM_AT_FIRST: usize = 2;
const MOMENT: Duration = Duration::from_millis(5);
/// The connections that one address may have at a time, experiments included; the sockets of one `getaddrinfo`.
const SOCKETS_OF_PROBE: usize = 6;
const SOCKETS_OF_SYSTEM: usize = 2;
/// One question for each family.
const PACKETS_OF_SERVER: usize = 2;
const PACKETS_OF_SYSTEM: usize = 2;

/// What all names of a run share.
#[derive(Debug, Clone)]
pub struct Context {
    /// The run's limits.
    pub bounds: Bounds,
    /// The roots.
    pub trust: Trust,
    /// The host's resolvers, which everything else depends on.
    pub servers: Arc<Vec<(SocketAddr, ServerRole)>>,
    /// The other servers, once it is known which they are.
    pub others: watch::Receiver<Option<Arc<Others>>>,
    /// Whether the host has an IPv6 route.
    pub ipv6_route: bool,
    /// Other server names for experiments on addresses that fail.
    pub other_names: Vec<String>,
    lookups: Arc<Semaphore>,
    probes: Arc<Semaphore>,
    system: Arc<Semaphore>,
    system_at_first: Arc<Semaphore>,
}

/// The servers beside the host's own resolvers.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// The VPC's resolvers, and those the operator wants asked as well.
    pub servers: Vec<(SocketAddr, ServerRole)>,
    /// Servers of the host's whose answers count as the VPC resolver's as well.
    pub shared_servers: Vec<SocketAddr>,
}

impl Context {
    /// A context over these resolvers of the host's.
    pub fn new(
        bounds: Bounds,
        trust: Trust,
        servers: Vec<(SocketAddr, ServerRole)>,
        others: watch::Receiver<Option<Arc<Others>>>,
        ipv6_route: bool,
    ) -> Self {
        // Each server is asked for both families at once.
        let names = open_files::at_once(NAMES_AT_ONCE, 2 * servers.len().max(1));
        let probes = open_files::at_once(PROBES_AT_ONCE, SOCKETS_OF_PROBE);
        let system = open_files::at_once(SYSTEM_AT_ONCE, SOCKETS_OF_SYSTEM);
        Context {
            bounds,
            trust,
            servers: Arc::new(servers),
            others,
            ipv6_route,
            other_names: Vec::new(),
            lookups: Arc::new(Semaphore::new(names)),
            probes: Arc::new(Semaphore::new(probes)),
            system: Arc::new(Semaphore::new(system)),
            system_at_first: Arc::new(Semaphore::new(SYSTEM_AT_FIRST)),
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
    /// Who waits for its addresses, for the canary.
    pub told: Option<Told>,
}

/// Whom to tell of a name's addresses before all is known of them.
#[derive(Debug)]
pub struct Told {
    /// Told all of them, once.
    pub addresses: oneshot::Sender<Vec<IpAddr>>,
    /// Told the first whose certificate is verified.
    pub verified: oneshot::Sender<IpAddr>,
}

/// Looks names up everywhere and probes every address they have, on as many processors as there are: each handshake is
/// some work. They come in any order.
pub async fn observe_all(
    context: &Context,
    questions: impl IntoIterator<Item = Question>,
) -> Vec<(NameFacts, Vec<AddressProbe>)> {
    let questions = questions.into_iter();
    tasks::all(questions.map(|question| observe(context.clone(), question))).await
}

/// Looks a name up everywhere and probes every address it has, each alone.
///
/// Addresses are probed as soon as the host's own resolvers have answered; nobody waits for the other servers.
async fn observe(context: Context, mut question: Question) -> (NameFacts, Vec<AddressProbe>) {
    let told = question.told.take();
    let wire = async {
        let name = NameFacts {
            name: question.name.clone(),
            service: question.service.clone(),
            comparison: question.comparison,
            lookups: lookups(&context, &question.name, &context.servers).await,
            system: Observation::default(),
        };
        let addresses: Vec<IpAddr> = name.host_records().iter().map(|r| r.address).collect();
        let verified = told.map(|told| {
            // Nobody waits any more where the run has ended.
            let _ = told.addresses.send(addresses.clone());
            told.verified
        });
        let probes = match question.probe {
            true => probe_all(&context, &question.name, addresses, verified).await,
            false => Vec::new(),
        };
        (name, probes)
    };
    let others = async {
        let mut told = context.others.clone();
        // Nobody will tell any more where the run has ended.
        let others = match told.wait_for(Option::is_some).await {
            Ok(others) => others.clone().unwrap_or_default(),
            Err(_) => Arc::default(),
        };
        // What only tells look-alikes apart is asked of the host's resolvers alone.
        let found = match question.comparison {
            true => Vec::new(),
            false => lookups(&context, &question.name, &others.servers).await,
        };
        (others, found)
    };
    let system = async {
        match question.probe {
            true => {
                let _permit = context.system.acquire().await;
                let _turn = timeout(MOMENT, context.system_at_first.acquire()).await;
                context.bounds.pace(PACKETS_OF_SYSTEM).await;
                system::system_addresses(&context.bounds, &question.name).await
            }
            false => Observation::skipped("asked on the wire only"),
        }
    };
    let ((mut name, mut probes), (others, found), system) = tokio::join!(wire, others, system);
    let shared: Vec<Lookup> = name
        .lookups
        .iter()
        .filter(|lookup| others.shared_servers.contains(&lookup.server))
        .map(|lookup| Lookup {
            role: ServerRole::Vpc,
            ..lookup.clone()
        })
        .collect();
    name.lookups.extend(shared);
    name.lookups.extend(found);
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

async fn lookups(
    context: &Context,
    name: &str,
    servers: &[(SocketAddr, ServerRole)],
) -> Vec<Lookup> {
    let questions = servers.iter().flat_map(|(server, role)| {
        [Family::A, Family::Aaaa]
            .into_iter()
            .map(|family| dns::lookup(&context.bounds, *server, *role, name, family))
    });
    let _permit = context.lookups.acquire().await;
    context.bounds.pace(PACKETS_OF_SERVER * servers.len()).await;
    join_all(questions).await
}

/// Probes these addresses of a name, and experiments where a handshake failed.
async fn probe_all(
    context: &Context,
    name: &str,
    addresses: Vec<IpAddr>,
    verified: Option<oneshot::Sender<IpAddr>>,
) -> Vec<AddressProbe> {
    let shared = Shared::new(verified);
    let running = addresses
        .iter()
        .enumerate()
        .map(|(at, address)| one(context, name, *address, at == 0, &shared));
    join_all(running).await
}

/// What the probes of one name's addresses share.
struct Shared {
    /// Told the first address whose certificate is verified.
    verified: Mutex<Option<oneshot::Sender<IpAddr>>>,
    /// Whether the first address answered, once that is known. It makes the large request if it does.
    first_answered: watch::Sender<Option<bool>>,
    /// One large request for each name is enough: its addresses share the path's limits as a rule.
    large_taken: AtomicBool,
}

impl Shared {
    fn new(verified: Option<oneshot::Sender<IpAddr>>) -> Self {
        Shared {
            verified: Mutex::new(verified),
            first_answered: watch::Sender::new(None),
            large_taken: AtomicBool::new(false),
        }
    }

    /// Whether an address other than the first, which answered, is the one that the large request is made to.
    async fn takes_large(&self) -> bool {
        let mut told = self.first_answered.subscribe();
        let first = told.wait_for(Option::is_some).await;
        let is_left = first.is_ok_and(|first| *first == Some(false));
        is_left && !self.large_taken.swap(true, Ordering::Relaxed)
    }
}

async fn one(
    context: &Context,
    name: &str,
    address: IpAddr,
    is_first: bool,
    shared: &Shared,
) -> AddressProbe {
    let _permit = context.probes.acquire().await;
    // On the heap and only now: a name may have hundreds of addresses, most of which wait for their turn.
    Box::pin(probe_one(context, name, address, is_first, shared)).await
}

async fn probe_one(
    context: &Context,
    name: &str,
    address: IpAddr,
    is_first: bool,
    shared: &Shared,
) -> AddressProbe {
    let (bounds, trust) = (&context.bounds, &context.trust);
    let (http2, is_http2) = oneshot::channel();
    let shaken = |tls: &TlsSeen| {
        if is_first && tls.alpn.as_deref() == Some("h2") {
            // Nobody waits any more where the probe has ended.
            let _ = http2.send(());
        }
        if is_verified(tls)
            && let Ok(mut verified) = shared.verified.lock()
            && let Some(verified) = verified.take()
        {
            // Nobody waits any more where the run has ended.
            let _ = verified.send(address);
        }
    };
    let mut small = Box::pin(async {
        let (probe, answered) =
            probe::probe(bounds, trust, name, address, context.ipv6_route, shaken).await;
        let is_answered = probe.tls.seen().is_some_and(is_verified) && probe.http.is_seen();
        (probe, is_answered, answered)
    });
    // HTTP/1.1 takes one request after the other; where a large one needs a connection of its own, it is made at once.
    let mut beside = Box::pin(async {
        match is_http2.await {
            Ok(()) => Some(experiments::large_request_alone(bounds, name, address).await),
            Err(_) => None,
        }
    });
    let mut made = None;
    let (mut probe, is_answered, answered) = loop {
        tokio::select! {
            biased;
            probed = &mut small => break probed,
            experiment = &mut beside, if made.is_none() => made = Some(experiment),
        }
    };
    if is_first {
        shared.first_answered.send_replace(Some(is_answered));
    }
    let large = if is_answered && (is_first || shared.takes_large().await) {
        let beside = match made {
            Some(made) => made,
            None => beside.await,
        };
        Some(match beside {
            Some(beside) => beside,
            None => experiments::large_request_after(bounds, name, address, answered).await,
        })
    } else {
        None
    };
    probe.experiments = experiments::experiments(bounds, &probe, &context.other_names).await;
    probe.experiments.extend(large);
    probe
}

/// Good enough for a message: the chain reaches the service roots, for this name, now.
fn is_verified(tls: &TlsSeen) -> bool {
    let now = jiff::Timestamp::now();
    tls.service_roots.reaches()
        && tls.name_matches
        && tls
            .leaf()
            .is_some_and(|leaf| leaf.not_before <= now && now <= leaf.not_after)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_address_that_waits_for_its_turn_takes_little() {
        let (_stop, stopped) = watch::channel(false);
        let bounds = Bounds::new(Duration::from_secs(1), Duration::from_secs(1), stopped);
        let trust = Trust::with_store(Vec::new(), None, None).unwrap();
        let (_others, told) = watch::channel(None);
        let context = Context::new(bounds, trust, Vec::new(), told, false);
        let shared = Shared::new(None);
        let address = IpAddr::from([10, 0, 10, 55]);
        let waiting = one(
            &context,
            "sqs.us-east-1.amazonaws.com",
            address,
            true,
            &shared,
        );
        assert!(std::mem::size_of_val(&waiting) < 1024);
    }
}
