//! What `vpcheck discover` gathers: this host's calls, the addresses that the services' names have meanwhile, and the
//! VPC's configuration.
//!
//! The sockets come first, and the EC2 API last: its own connections are none of the workload's. Names are asked again
//! while the sockets are watched, since a service's addresses change within seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::watch;

use super::host::{self, HostQuestion, Progress};
use super::sockets::Watcher;
use super::{Bounds, InventoryChoice, api_access, dns, host_resolvers, read_inventory, tls::Trust};
use crate::catalog::{Catalog, NameForm, Region};
use crate::environment::EnvSnapshot;
use crate::facts::dns::Family;
use crate::facts::traffic::{Answers, Traffic};
use crate::facts::{DnsStatus, Host, Inventory, ServerRole};

/// The time from one round of questions to the next while sockets are watched.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(30);
/// A round that ended at most so long ago is not followed by a last one.
const FRESH: Duration = Duration::from_secs(3);
/// How many names are asked for at a time.
const NAMES_AT_ONCE: usize = 48;
/// One question for each family.
const PACKETS: usize = 2;

/// What to gather by.
#[derive(Debug)]
pub struct Options {
    /// The region that was asked for, if one was.
    pub region: Option<String>,
    /// How long the sockets are watched; none: one look.
    pub watch: Option<Duration>,
    /// How long everything else may take.
    pub deadline: Duration,
    /// Where the VPC's configuration comes from.
    pub inventory: InventoryChoice,
    /// The roots to connect by.
    pub trust: Trust,
    /// The process's variables.
    pub env: EnvSnapshot,
}

/// What was gathered.
#[derive(Debug)]
pub struct Gathered {
    /// When the first look was.
    pub started_at: jiff::Timestamp,
    /// The calls.
    pub traffic: Traffic,
    /// True where at least one table of sockets could be read.
    pub sees: bool,
    /// The host.
    pub host: Host,
    /// The services' names, each with its service and the addresses it had at one time or another.
    pub answers: Answers,
    /// The VPC's configuration.
    pub inventory: Inventory,
    /// True where someone asked to end before the time was up.
    pub interrupted: bool,
}

/// Gathers it all. SIGINT ends the watching, and the rest is gathered all the same.
pub async fn gather(options: Options, bounds: &Bounds) -> Gathered {
    let started_at = jiff::Timestamp::now();
    // The wish to stop is about the watching: nobody can utter it here.
    let (_nobody, never) = watch::channel(false);
    let fresh = || Bounds::new(bounds.timeout(), options.deadline, never.clone());
    let (told, watching) = watch::channel(true);
    let watched = async {
        let watcher = Watcher::default().watch(bounds, options.watch).await;
        told.send_replace(false);
        watcher
    };
    let asked = async {
        // The first look comes before anything of this program's own.
        let question = HostQuestion {
            region: options.region.clone(),
            env: options.env.clone(),
        };
        let (progress, _) = watch::channel(Progress::default());
        let host = host::host(&fresh(), &question, &progress).await;
        let host = Arc::unwrap_or_clone(host);
        let answers = answers(&host, watching, fresh).await;
        (host, answers)
    };
    let (watcher, (host, answers)) = tokio::join!(watched, asked);
    let access = host
        .region
        .as_deref()
        .map(|region| api_access(region, &options.trust, &host));
    let inventory = read_inventory(&fresh(), access.as_ref(), &options.inventory, &host).await;
    let sees = watcher.sees();
    super::secrets::note_environment(|name| options.env.get(name).map(str::to_owned));
    Gathered {
        started_at,
        traffic: watcher.traffic(),
        sees,
        host: super::secrets::facts_without(host),
        answers,
        inventory: super::secrets::facts_without(inventory),
        interrupted: bounds.stopped(),
    }
}

/// Asks for every name of every service, again and again as long as the sockets are watched.
async fn answers(
    host: &Host,
    mut watching: watch::Receiver<bool>,
    fresh: impl Fn() -> Bounds,
) -> Answers {
    let mut answers = Answers {
        services: names(host),
        ..Answers::default()
    };
    let all: Vec<String> = answers.services.keys().cloned().collect();
    let servers = host_resolvers(host);
    for line in host::hosts_lines(&all) {
        answers.add(&line.name, [line.address]);
    }
    answers.silent = all.iter().cloned().collect();
    loop {
        round(&all, &servers, &fresh(), &mut answers).await;
        let ended = Instant::now();
        if *watching.borrow() {
            let pause = tokio::time::sleep(BETWEEN_ROUNDS);
            tokio::select! {
                () = pause => continue,
                // It ends as well where nobody watches any more.
                _ = watching.wait_for(|goes_on| !goes_on) => {}
            }
            if ended.elapsed() > FRESH {
                round(&all, &servers, &fresh(), &mut answers).await;
            }
        }
        return answers;
    }
}

/// The names that the services have in this region, in every form there is.
fn names(host: &Host) -> BTreeMap<String, BTreeSet<String>> {
    const FORMS: [NameForm; 6] = [
        NameForm::Standard,
        NameForm::DualStack,
        NameForm::Fips,
        NameForm::FipsDualStack,
        NameForm::Legacy,
        NameForm::Global,
    ];
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(Ok(region)) = host.region.as_deref().map(Region::parse) else {
        return names;
    };
    for service in Catalog::get().services() {
        for form in FORMS {
            for name in service.hostnames(&region, host.account_id.as_deref(), form) {
                let services = names.entry(name).or_default();
                services.insert(service.id().to_owned());
            }
        }
    }
    names
}

async fn round(names: &[String], servers: &[SocketAddr], bounds: &Bounds, answers: &mut Answers) {
    let asked = names.iter().map(|name| async move {
        bounds.pace(PACKETS).await;
        let found = futures_util::future::join(
            ask(bounds, servers, name, Family::A),
            ask(bounds, servers, name, Family::Aaaa),
        );
        let (v4, v6) = found.await;
        (name, v4, v6)
    });
    let mut asked = stream::iter(asked).buffer_unordered(NAMES_AT_ONCE);
    while let Some((name, v4, v6)) = asked.next().await {
        if v4.is_some() || v6.is_some() {
            answers.silent.remove(name);
        }
        answers.add(name, v4.into_iter().chain(v6).flatten());
    }
}

/// Asks the host's resolvers one after the other, as its library does; none where none of them answered.
async fn ask(
    bounds: &Bounds,
    servers: &[SocketAddr],
    name: &str,
    family: Family,
) -> Option<Vec<IpAddr>> {
    for server in servers {
        let found = dns::lookup(bounds, *server, ServerRole::Host, name, family).await;
        let Some(answer) = found.answer.seen() else {
            continue;
        };
        let is_answer = matches!(
            answer.status,
            DnsStatus::Ok | DnsStatus::NoData | DnsStatus::NxDomain
        );
        if is_answer || !answer.records.is_empty() {
            return Some(answer.records.iter().map(|record| record.address).collect());
        }
    }
    None
}
