//! All input and output: the host, names, addresses, the canary and the EC2 API, in parallel, bounded in time.
//!
//! A broken target is a fact, never an error. The host comes first, cheap and local; then the plan; then all
//! else at once.

pub mod aws;
mod begin;
pub mod canary;
pub mod discovery;
pub mod dns;
pub mod ecs;
pub mod experiments;
pub mod host;
pub mod hosts_file;
pub mod http;
pub mod imds;
pub mod inventory;
pub mod link_local;
pub mod metadata_http;
pub mod names;
pub mod observe;
pub mod open_files;
pub mod operator;
pub mod pace;
pub mod plan;
pub mod probe;
pub mod profile;
pub mod proxy;
pub mod resolv_conf;
pub mod routes;
pub mod secrets;
pub mod small_file;
pub mod snapshot;
pub mod sockets;
pub mod system;
pub(crate) mod tasks;
pub mod tcp;
pub mod tls;

#[cfg(test)]
mod fake_metadata;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use crate::catalog::Workload;
use crate::environment::EnvSnapshot;
use crate::facts::host::{CredentialSource, Variable};
use crate::facts::{
    Canary, CanaryMode, EnvironmentKind, FACTS_VERSION, Facts, Host, Inventory, Observation,
    Request, ServiceError,
};
use aws::{AwsAccess, InstanceSource};
use canary::{CanaryPlan, Lines, canary_host};
use host::{HostQuestion, Progress};
use inventory::{FetchQuestion, InventoryQuestion};
use names::{Context, Others, Question, Told};
use plan::{Plan, TargetSpec, Wishes};
use tls::{Roots, Trust};

pub use observe::Bounds;

/// What to gather.
#[derive(Debug)]
pub struct Options {
    /// What the rules will read.
    pub request: Request,
    /// The region that was asked for, if one was.
    pub region: Option<String>,
    /// The targets named, if any were.
    pub targets: Vec<TargetSpec>,
    /// The workloads named, if any were.
    pub workloads: Vec<Workload>,
    /// Servers to ask besides.
    pub extra_resolvers: Vec<SocketAddr>,
    /// Where the VPC's configuration comes from.
    pub inventory: InventoryChoice,
    /// The roots to connect by and to judge by.
    pub trust: Trust,
    /// The process's variables.
    pub env: EnvSnapshot,
    /// The version of vpcheck.
    pub version: String,
    /// What an earlier run found and this one does not ask again.
    pub standing: Standing,
}

/// What an earlier run found that stands in a later one: each call has its cost.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// The canary; none is sent where it is there.
    pub canary: Option<Canary>,
    /// The credentials and the error of AWS STS; they are looked for where a call needs them.
    pub credentials: Option<(Observation<CredentialSource>, Option<ServiceError>)>,
}

/// Where the VPC's configuration comes from.
#[derive(Debug)]
pub enum InventoryChoice {
    /// The EC2 API.
    Api,
    /// Nowhere.
    Off,
    /// It was handed over.
    Given(Box<Inventory>),
    /// Where another machine put it.
    Fetch(Box<FetchQuestion>),
}

impl InventoryChoice {
    /// Whether it takes signed calls.
    pub fn calls(&self) -> bool {
        matches!(self, InventoryChoice::Api | InventoryChoice::Fetch(_))
    }
}

/// Gathers the facts. Ends within the deadline, or soon after the run is asked to stop, with what was learned.
///
/// Nothing waits that need not: names are looked up as soon as the region is known, the VPC's configuration is read as
/// soon as its id is, and the rest of the instance's metadata comes meanwhile.
pub async fn gather(options: Options, bounds: &Bounds) -> Facts {
    let started_at = jiff::Timestamp::now();
    let run_id = uuid::Uuid::now_v7().to_string();
    let question = HostQuestion {
        region: options.region.clone(),
        env: options.env.clone(),
    };
    // Before the first question is asked, or so nearly that what is dropped by then is none of this run's.
    let dropped_before = link_local::reading();
    let (progress, watching) = watch::channel(Progress::default());
    let (others, told_others) = watch::channel(None);
    let sends = options.request.queue_url.is_some()
        && options.request.canary != CanaryMode::Off
        && options.standing.canary.is_none();
    let calls = sends || options.inventory.calls();
    let (imds, is_there) = watch::channel((!calls).then_some(false));
    let at_once = calls && host::without_instance_metadata(&options.env).is_none();
    let instance = InstanceSource::soon(bounds, &options.env, is_there, at_once);
    let instance_told = async {
        let (host, _) = begin::known(&watching, |host| host.imds.is_seen()).await;
        if calls {
            imds.send_replace(Some(host.imds.is_seen()));
        }
    };
    let whole = async {
        let host = host::host(bounds, &question, &progress).await;
        let plan = planned(&options, &host);
        others.send_replace(Some(Arc::new(Others {
            servers: plan.other_servers(),
            shared_servers: plan.shared_servers.clone(),
        })));
        (host, plan)
    };
    let is_told = !options.targets.is_empty() || !options.workloads.is_empty();
    let early = begin::known(&watching, |host| {
        host.region.is_some() && (is_told || host.kind != EnvironmentKind::Other)
    });
    let work = async {
        let (early, is_whole) = early.await;
        let plan = planned(&options, &early);
        let access = early.region.as_deref().map(|region| {
            let roots = api_roots(&options.trust, &early.switches);
            AwsAccess::new(region, roots, instance, host_resolvers(&early))
        });
        let mission = mission(&options, &plan, &early, &run_id);
        let (addresses, told_addresses) = oneshot::channel();
        let (verified, told_verified) = oneshot::channel();
        let called = mission
            .as_ref()
            .ok()
            .map(|mission| mission.host.name.clone());
        let mut context = Context::new(
            bounds.clone(),
            options.trust.clone(),
            plan.host_servers(),
            told_others,
            early.ipv6_route,
        );
        context.other_names = other_names(&plan);
        let mut asked = questions(&plan, called.as_deref());
        if !is_whole {
            let settled = begin::settled(&options, &early, &plan, called.as_deref());
            asked.retain(|question| settled.contains(&question.name));
        }
        let of_canary = asked.iter_mut().find(|q| Some(&q.name) == called.as_ref());
        if let Some(question) = of_canary {
            question.told = Some(Told {
                addresses,
                verified,
            });
        }
        let begun: Vec<String> = asked.iter().map(|question| question.name.clone()).collect();
        let names = names::observe_all(&context, asked);
        // The names that only everything tells: those that hold the account's id, for one.
        let late = async {
            let (host, _) = begin::known(&watching, |_| false).await;
            let plan = planned(&options, &host);
            let mut asked = questions(&plan, called.as_deref());
            asked.retain(|question| !begun.contains(&question.name));
            names::observe_all(&context, asked).await
        };
        let standing = options.standing.clone();
        let needs_credentials =
            (mission.is_ok() && standing.canary.is_none()) || options.inventory.calls();
        let credentials = async {
            match (&access, needs_credentials) {
                (Some(access), true) => access.credentials(bounds).await,
                (None, _) => (Observation::skipped("no region is known"), None),
                (_, false) => standing
                    .credentials
                    .unwrap_or((Observation::skipped("no call needs one"), None)),
            }
        };
        let inventory = async {
            let prepare = async {
                if let (Some(access), InventoryChoice::Api) = (&access, &options.inventory) {
                    access.prepare_inventory(bounds, early.ipv6_route).await;
                }
            };
            let read = async {
                let fetches = matches!(options.inventory, InventoryChoice::Fetch(_));
                let enough = |host: &Host| fetches || begin::knows_vpc(host);
                let (host, _) = begin::known(&watching, enough).await;
                read_inventory(bounds, access.as_ref(), &options.inventory, &host).await
            };
            tokio::join!(prepare, read).1
        };
        let canary = async {
            match standing.canary {
                Some(canary) => canary,
                None => {
                    let access = access.as_ref();
                    send_canary(bounds, access, mission, told_addresses, told_verified).await
                }
            }
        };
        tokio::join!(
            names,
            late,
            Box::pin(credentials),
            Box::pin(canary),
            Box::pin(inventory),
            async { called.clone() },
        )
    };
    // Each of these is large, and some threads' stacks are small.
    let (whole, work) = (Box::pin(whole), Box::pin(work));
    let ((host, plan), (), work) = tokio::join!(whole, instance_told, work);
    let (names, late, (credentials, credentials_error), canary, inventory, called) = work;
    let mut host = Arc::unwrap_or_clone(host);
    let wanted: Vec<String> = questions(&plan, None).into_iter().map(|q| q.name).collect();
    host.hosts_file = host::hosts_lines(&wanted);
    let dropped_before = link_local::counts(bounds, dropped_before).await;
    if !dropped_before.is_empty() {
        let after = link_local::counts(bounds, link_local::reading()).await;
        host.link_local_drops = link_local::between(&dropped_before, &after);
    }
    host.credentials = credentials;
    host.credentials_error = credentials_error;
    let is_wanted =
        |name: &str| wanted.iter().any(|wanted| wanted == name) || called.as_deref() == Some(name);
    let mut found: Vec<_> = names
        .into_iter()
        .chain(late)
        .filter(|(name, _)| is_wanted(&name.name))
        .collect();
    found.sort_by_key(|(name, _)| {
        let at = wanted.iter().position(|wanted| *wanted == name.name);
        at.unwrap_or(wanted.len())
    });
    let (names, probes): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let mut request = options.request;
    request.workloads = plan.workloads;
    secrets::facts_without(Facts {
        facts_version: FACTS_VERSION,
        tool_version: options.version,
        run_id,
        started_at,
        duration_ms: bounds.elapsed_ms(),
        assumed: Vec::new(),
        interrupted: bounds.stopped(),
        request,
        host,
        targets: plan.targets,
        names,
        probes: probes.into_iter().flatten().collect(),
        canary,
        inventory,
    })
}

/// What this host, as far as it is known, makes of the options.
fn planned(options: &Options, host: &Host) -> Plan {
    let wishes = Wishes {
        targets: &options.targets,
        workloads: &options.workloads,
        queue_url: options.request.queue_url.as_deref(),
        extra_resolvers: &options.extra_resolvers,
        vpc_cidrs: &options.request.vpc_cidrs,
    };
    plan::plan(wishes, host)
}

/// Access to the AWS APIs from this host, for signed calls.
pub fn api_access(region: &str, trust: &Trust, host: &Host) -> AwsAccess {
    let roots = api_roots(trust, &host.switches);
    let imds = InstanceSource::known(host.imds.is_seen());
    AwsAccess::new(region, roots, imds, host_resolvers(host))
}

/// The roots that signed calls trust: the service roots alone, so that no credential crosses an interceptor
/// whose root the system trusts. An endpoint that a variable names is the operator's own choice.
pub fn api_roots(trust: &Trust, switches: &[Variable]) -> Roots {
    let overridden = switches
        .iter()
        .any(|switch| switch.name.starts_with("AWS_ENDPOINT_URL"));
    match overridden {
        true => trust.connect_roots().clone(),
        false => trust.service_roots().clone(),
    }
}

/// The resolvers that applications here ask.
fn host_resolvers(host: &Host) -> Vec<SocketAddr> {
    let addresses = host.resolvers.iter();
    addresses
        .map(|address| SocketAddr::new(*address, 53))
        .collect()
}

/// What the canary is to do, or why it does nothing.
struct Mission {
    host: aws::ApiHost,
    service_roots: Roots,
    plan: Box<dyn FnOnce(IpAddr) -> CanaryPlan + Send>,
}

fn mission(options: &Options, plan: &Plan, host: &Host, run_id: &str) -> Result<Mission, String> {
    let request = &options.request;
    let Some(url) = request.queue_url.clone() else {
        return Err("no queue was given".to_owned());
    };
    if request.canary == CanaryMode::Off {
        return Err("the canary is off".to_owned());
    }
    let Some(queue) = &plan.queue else {
        return Err("the queue URL is not a queue's".to_owned());
    };
    let Some(region) = host.region.clone() else {
        return Err("no region is known".to_owned());
    };
    if queue.region != region {
        return Err(format!("the queue is in {}, not in {region}", queue.region));
    }
    let api = canary_host(queue, &region, &host.switches);
    let (mode, run_id, version) = (request.canary, run_id.to_owned(), options.version.clone());
    let service_roots = options.trust.service_roots().clone();
    let called = api.clone();
    Ok(Mission {
        host: api,
        service_roots: service_roots.clone(),
        plan: Box::new(move |address| CanaryPlan {
            queue_url: url,
            mode,
            region,
            host: called,
            address,
            run_id,
            version,
            service_roots,
        }),
    })
}

async fn send_canary(
    bounds: &Bounds,
    access: Option<&AwsAccess>,
    mission: Result<Mission, String>,
    addresses: oneshot::Receiver<Vec<IpAddr>>,
    verified: oneshot::Receiver<IpAddr>,
) -> Canary {
    let skipped = |host: Option<String>, reason: String| Canary {
        host,
        result: Observation::skipped(reason),
        ..Canary::default()
    };
    let mission = match mission {
        Ok(mission) => mission,
        Err(reason) => return skipped(None, reason),
    };
    let name = mission.host.name.clone();
    let Some(access) = access else {
        return skipped(Some(name), "no region is known".to_owned());
    };
    let addresses = addresses.await.unwrap_or_default();
    let lines = Lines::open(bounds, &mission.host, &addresses, &mission.service_roots);
    match verified.await {
        Ok(address) => canary::send(bounds, access, &(mission.plan)(address), lines).await,
        Err(_) => {
            let reason = format!("no address of {name} has a verified TLS answer");
            skipped(Some(name), reason)
        }
    }
}

async fn read_inventory(
    bounds: &Bounds,
    access: Option<&AwsAccess>,
    choice: &InventoryChoice,
    host: &Host,
) -> Inventory {
    match (choice, access) {
        (InventoryChoice::Given(inventory), _) => (**inventory).clone(),
        (InventoryChoice::Off, _) => Inventory::none("the inventory is off"),
        (InventoryChoice::Fetch(question), access) => {
            inventory::fetch(bounds, access, question).await
        }
        (InventoryChoice::Api, None) => Inventory::none("no region is known"),
        (InventoryChoice::Api, Some(access)) => {
            let question = InventoryQuestion {
                region: access.region().to_owned(),
                vpc_id: host.vpc_id.clone(),
                own_addresses: host.addresses.clone(),
                mac: host.mac.clone(),
                account_id: host.account_id.clone(),
            };
            inventory::take(bounds, access, &question).await
        }
    }
}

/// Every name that is looked up. The canary's host is probed even where it is not under test.
fn questions(plan: &Plan, canary: Option<&str>) -> Vec<Question> {
    let mut asked: Vec<Question> = Vec::new();
    for target in &plan.targets {
        for hostname in &target.hostnames {
            asked.push(Question {
                name: hostname.name.clone(),
                service: target.service.clone(),
                comparison: false,
                probe: true,
                told: None,
            });
        }
    }
    for (name, service) in &plan.comparisons {
        asked.push(Question {
            name: name.clone(),
            service: service.clone(),
            comparison: true,
            probe: canary == Some(name),
            told: None,
        });
    }
    if let Some(name) = canary
        && !asked.iter().any(|question| question.name == name)
    {
        asked.push(Question {
            name: name.to_owned(),
            service: "sqs".to_owned(),
            comparison: true,
            probe: true,
            told: None,
        });
    }
    asked
}

/// Server names for experiments on addresses that fail: two of AWS's own, of different services, which a list of
/// allowed names may hold, and one of nobody's, which a list of blocked names does not.
fn other_names(plan: &Plan) -> Vec<String> {
    let mut names: Vec<String> = plan
        .targets
        .iter()
        .filter(|target| target.in_catalog)
        .filter_map(|target| Some(target.hostnames.first()?.name.clone()))
        .take(2)
        .collect();
    names.push("www.example.com".to_owned());
    names
}
