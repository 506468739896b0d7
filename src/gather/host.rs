//! The machine: where it runs and what it is told, gathered before anything else.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;

use tokio::sync::{oneshot, watch};

use super::imds::{self, Asked, Asker};
use super::routes::{self, Routes, Ways};
use super::{Bounds, ecs, hosts_file, profile, proxy, resolv_conf, small_file};
use crate::catalog::Region;
use crate::environment::ec2::{self, Instance, Interface, Standing, resource_id};
use crate::environment::ecs::{Network, Task};
use crate::environment::{self, EnvSnapshot, Signs};
use crate::facts::host::HostsLine;
use crate::facts::{EnvironmentKind, Failure, FailureKind, Host, Observation, Outcome};

/// What to gather the host's facts by.
#[derive(Debug, Clone, Default)]
pub struct HostQuestion {
    /// The region that was asked for, if one was.
    pub region: Option<String>,
    /// The process's variables.
    pub env: EnvSnapshot,
}

/// Takes the process's environment; what is no UTF-8 is left out.
pub fn capture_env() -> EnvSnapshot {
    EnvSnapshot::new(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )
}

/// The host's facts as far as they have come.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// What is known, once anything is; what metadata tells may still be lacking.
    pub host: Option<Arc<Host>>,
    /// True where nothing more will come.
    pub whole: bool,
}

/// Gathers the host's facts: metadata services, files and the kernel's routes, at the same time.
///
/// `progress` is told what is known before the end: what this machine knows by itself, then the beginning of what its
/// instance's metadata says, then everything.
pub async fn host(
    bounds: &Bounds,
    question: &HostQuestion,
    progress: &watch::Sender<Progress>,
) -> Arc<Host> {
    let env = &question.env;
    let ways = Ways::look();
    let routes = ways.routes(&[], &[]);
    let sources = routes.sources.clone();
    let (early, told) = oneshot::channel::<Instance>();
    let files = async {
        let (resolvers, local) = tokio::join!(
            bounds.observe(read_resolvers()),
            bounds.observe(read_local(env.clone())),
        );
        let known = Known {
            local: local.seen().cloned().unwrap_or_default(),
            resolvers,
            routes,
        };
        let nothing = || imds::skipped("not asked yet");
        let tell = |asked: Asked| {
            let task = Observation::skipped("not asked yet");
            let host = Arc::new(assemble(question, known.clone(), task, asked));
            progress.send_replace(Progress {
                host: Some(host),
                whole: false,
            });
        };
        tell(nothing());
        // A task on an instance knows its own place better.
        if environment::ecs::metadata_uri(env).is_none()
            && let Ok(instance) = told.await
            && instance.region.is_some()
        {
            let mut asked = nothing();
            asked.instance.outcome = Outcome::Seen(instance);
            tell(asked);
        }
        known
    };
    let ((task, asked), mut known) = tokio::join!(metadata(bounds, env, &sources, early), files);
    let networks = asked
        .instance
        .seen()
        .map_or(&[][..], |seen| &seen.interfaces);
    let vpc: Vec<IpNet> = networks
        .iter()
        .flat_map(|one| one.vpc_cidrs.clone())
        .collect();
    let asked_there: Vec<IpAddr> = task
        .seen()
        .map_or(&[][..], |task| &task.networks)
        .iter()
        .flat_map(|network| network.resolvers.clone())
        .collect();
    let mut routes = ways.routes(&vpc, &asked_there);
    if routes.sources.is_empty() {
        // No default route: the way to the configured resolver is the best there is.
        routes = ways.routes(&vpc, known.resolvers.seen().map_or(&[], Vec::as_slice));
    }
    if routes.sources.is_empty() {
        // No route out at all: the addresses the metadata tells, as far as they are this host's.
        let told = networks.iter().flat_map(|one| &one.addresses);
        let tasks = task.seen().map_or(&[][..], |task| &task.networks);
        let told = told.chain(tasks.iter().flat_map(|network| &network.addresses));
        routes.sources = told.copied().filter(|one| routes::is_local(*one)).collect();
    }
    known.routes = routes;
    let host = Arc::new(assemble(question, known, task, asked));
    progress.send_replace(Progress {
        host: Some(Arc::clone(&host)),
        whole: true,
    });
    host
}

/// What the machine knows by itself.
#[derive(Debug, Clone)]
struct Known {
    local: Local,
    resolvers: Observation<Vec<IpAddr>>,
    routes: Routes,
}

/// The hosts file's lines about these names.
pub fn hosts_lines(names: &[String]) -> Vec<HostsLine> {
    hosts_file::read(Path::new(hosts_file::PATH), names)
}

/// Why there is no instance metadata where the process has these variables, if they tell.
pub fn without_instance_metadata(env: &EnvSnapshot) -> Option<&'static str> {
    none_here(&Signs::of(env))
}

fn none_here(signs: &Signs<'_>) -> Option<&'static str> {
    let (kind, place) = environment::recognise(signs);
    (place.no_instance_metadata)(kind)
}

/// Asks the metadata services that this place may have.
async fn metadata(
    bounds: &Bounds,
    env: &EnvSnapshot,
    sources: &[IpAddr],
    early: oneshot::Sender<Instance>,
) -> (Observation<Task>, Asked) {
    let asker = Asker {
        sources: sources.to_vec(),
        macs: hardware_addresses(Path::new("/sys/class/net")),
    };
    let expected = without_instance_metadata(env);
    let instance = async {
        match expected {
            Some(reason) => imds::skipped(reason),
            None => imds::ask(bounds, env, &asker, Some(early)).await,
        }
    };
    let mut task = std::pin::pin!(ecs::ask(bounds, env));
    let mut instance = std::pin::pin!(instance);
    let mut early = None;
    let task = tokio::select! {
        biased;
        task = &mut task => task,
        asked = &mut instance => {
            early = Some(asked);
            task.await
        }
    };
    let signs = Signs {
        launch_type: task.seen().and_then(|task| task.launch_type.as_deref()),
        ..Signs::of(env)
    };
    let asked = match (none_here(&signs), expected) {
        // A Fargate task need not wait for what cannot answer there.
        (Some(reason), _) => imds::skipped(reason),
        // The variables promised Fargate and the task knows better.
        (None, Some(_)) => imds::ask(bounds, env, &asker, None).await,
        (None, None) => match early {
            Some(asked) => asked,
            None => instance.await,
        },
    };
    (task, asked)
}

/// The hardware addresses of this host's interfaces, those of network cards first: where the host is an instance itself
/// and no container, they are those that its metadata lists.
fn hardware_addresses(directory: &Path) -> Vec<String> {
    const SHORT: u64 = 64;
    const MOST: usize = 64;
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut found: Vec<(bool, String, String)> = entries
        .take(MOST)
        .flatten()
        .filter_map(|entry| {
            let address = small_file::text(&entry.path().join("address"), SHORT)?;
            let mac = ec2::mac(&address).filter(|mac| mac != "00:00:00:00:00:00")?;
            let is_card = entry.path().join("device").exists();
            Some((
                !is_card,
                entry.file_name().to_string_lossy().into_owned(),
                mac,
            ))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, _, mac)| mac).collect()
}

/// What files of this machine tell.
#[derive(Debug, Clone, Default)]
struct Local {
    vendor: Option<String>,
    asset_tag: Option<String>,
    container: bool,
    profile_region: Option<String>,
}

async fn read_resolvers() -> Outcome<Vec<IpAddr>> {
    let read = || resolv_conf::read(Path::new(resolv_conf::PATH));
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(resolvers)) => Outcome::Seen(resolvers),
        Ok(Err(failure)) => Outcome::Failed(failure),
        Err(error) => Outcome::Failed(Failure::new(FailureKind::Other, error.to_string())),
    }
}

async fn read_local(env: EnvSnapshot) -> Outcome<Local> {
    match tokio::task::spawn_blocking(move || local(&env)).await {
        Ok(local) => Outcome::Seen(local),
        Err(error) => Outcome::Failed(Failure::new(FailureKind::Other, error.to_string())),
    }
}

fn local(env: &EnvSnapshot) -> Local {
    const SHORT: u64 = 256;
    let dmi = |name: &str| small_file::text(&Path::new("/sys/class/dmi/id").join(name), SHORT);
    // Instances on Xen have the hypervisor for a vendor, and Amazon only in the version.
    let xen = dmi("bios_version").is_some_and(|version| version.contains("amazon"));
    let cgroup = small_file::text(Path::new("/proc/self/cgroup"), 64 * 1024).unwrap_or_default();
    let marked = ["/.dockerenv", "/run/.containerenv"]
        .iter()
        .any(|path| Path::new(path).exists());
    Local {
        vendor: match xen {
            true => Some("Amazon EC2".to_owned()),
            false => dmi("sys_vendor"),
        },
        asset_tag: dmi("board_asset_tag"),
        container: marked || env.get("container").is_some() || is_container_cgroup(&cgroup),
        profile_region: profile::region(env),
    }
}

/// True where `/proc/self/cgroup` puts this process below a container runtime.
fn is_container_cgroup(text: &str) -> bool {
    const PARENTS: [&str; 5] = ["docker", "ecs", "lxc", "containerd", "actions_job"];
    const PREFIXES: [&str; 6] = [
        "kubepods",
        "docker-",
        "libpod-",
        "crio-",
        "cri-containerd-",
        "lxc.payload",
    ];
    text.lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .any(|path| {
            let mut segments = path.split('/').peekable();
            let mut found = false;
            while let Some(segment) = segments.next() {
                let inner = segments.peek().is_some_and(|next| !next.is_empty());
                found |= inner && PARENTS.contains(&segment);
                found |= PREFIXES.iter().any(|prefix| segment.starts_with(prefix));
            }
            found
        })
}

/// Puts together what was gathered.
fn assemble(question: &HostQuestion, known: Known, task: Observation<Task>, asked: Asked) -> Host {
    let env = &question.env;
    let Known {
        local,
        resolvers,
        routes,
    } = known;
    let instance = asked.instance.seen();
    let seen_task = task.seen();
    let (kind, place) = environment::recognise(&Signs {
        env,
        launch_type: seen_task.and_then(|task| task.launch_type.as_deref()),
        instance_metadata: instance.is_some(),
        vendor: local.vendor.as_deref(),
    });
    let network = seen_task.and_then(|task| task.network_of(&routes.sources));
    let network_place = NetworkPlace::of(instance, seen_task, network, &routes.sources);
    let region = region(question, &local, seen_task, instance);
    let firmware_id = || {
        let tag = local
            .asset_tag
            .as_deref()
            .filter(|_| kind == EnvironmentKind::Ec2);
        resource_id("i-", tag?)
    };
    Host {
        kind,
        partition: seen_task
            .map(|task| task.arn.partition.clone())
            .or_else(|| instance?.partition.clone())
            .or_else(|| Some(region.as_ref()?.partition().name.clone())),
        region: region.map(String::from),
        availability_zone: seen_task
            .and_then(|task| task.availability_zone.clone())
            .or_else(|| instance?.availability_zone.clone()),
        availability_zone_id: instance.and_then(|one| one.availability_zone_id.clone()),
        account_id: seen_task
            .and_then(|task| task.arn.account_id.clone())
            .or_else(|| instance?.account_id.clone())
            .or_else(|| network_place.owner_id.clone())
            .or_else(|| (place.account_id)(env)),
        instance_id: instance
            .and_then(|one| one.instance_id.clone())
            .or_else(firmware_id),
        task_arn: seen_task.map(|task| task.arn_text.clone()),
        vpc_id: network_place.vpc_id,
        vpc_cidrs: network_place.vpc_cidrs,
        subnet_id: network_place.subnet_id,
        subnet_cidrs: network_place.subnet_cidrs,
        interface_id: network_place.interface_id,
        mac: network_place.mac,
        group_ids: network_place.group_ids,
        addresses: routes.sources,
        public_addresses: network_place.public_addresses,
        ipv4_route: routes.ipv4,
        ipv6_route: routes.ipv6,
        resolvers: resolvers.seen().cloned().unwrap_or_default(),
        resolv_conf: without_value(resolvers),
        hosts_file: Vec::new(),
        proxies: proxy::proxies(env),
        switches: proxy::switches(env),
        container: place.container || local.container,
        instance_identity: instance.and_then(|one| one.identity.clone()),
        imds: without_value(asked.instance),
        imds_token_stalled: asked.token_stalled,
        task_metadata: without_value(task),
        credentials: Observation::default(),
        web_identity: env.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some(),
        credentials_error: None,
        link_local_drops: Vec::new(),
    }
}

/// The region as the AWS SDKs find it, then as metadata has it; what is no region is passed over.
fn region(
    question: &HostQuestion,
    local: &Local,
    task: Option<&Task>,
    instance: Option<&Instance>,
) -> Option<Region> {
    let valid = |text: &str| Region::parse(text.trim()).ok();
    let env = &question.env;
    question
        .region
        .as_deref()
        .and_then(valid)
        .or_else(|| env.get("AWS_REGION").and_then(valid))
        .or_else(|| env.get("AWS_DEFAULT_REGION").and_then(valid))
        .or_else(|| local.profile_region.as_deref().and_then(valid))
        .or_else(|| task?.arn.region.clone())
        .or_else(|| instance?.region.clone())
}

/// Where in the VPC the host's traffic begins, as far as metadata tells.
#[derive(Debug, Default)]
struct NetworkPlace {
    owner_id: Option<String>,
    vpc_id: Option<String>,
    vpc_cidrs: Vec<IpNet>,
    subnet_id: Option<String>,
    subnet_cidrs: Vec<IpNet>,
    interface_id: Option<String>,
    mac: Option<String>,
    group_ids: Vec<String>,
    public_addresses: Vec<IpAddr>,
}

impl NetworkPlace {
    fn of(
        instance: Option<&Instance>,
        task: Option<&Task>,
        network: Option<&Network>,
        sources: &[IpAddr],
    ) -> NetworkPlace {
        let task_mac = network.and_then(|network| network.mac.clone());
        let standing = instance.and_then(|one| one.interface_of(task_mac.as_deref(), sources));
        let mut place = match standing {
            Some(Standing::Own(one) | Standing::Behind(one)) => NetworkPlace::on(one),
            Some(Standing::Unlisted(one)) => NetworkPlace::beside(one, sources),
            None => NetworkPlace::default(),
        };
        let task_vpc = task.and_then(|task| task.vpc_id.clone());
        if task_vpc.is_some() && place.vpc_id.is_some() && place.vpc_id != task_vpc {
            // The task's interface is in another VPC than the instance's.
            place = NetworkPlace::default();
        }
        place.vpc_id = task_vpc.or(place.vpc_id);
        place.mac = task_mac.or(place.mac);
        if let Some(network) = network.filter(|network| !network.subnet_cidrs.is_empty()) {
            place.subnet_cidrs = network.subnet_cidrs.clone();
        }
        place
    }

    /// On this interface, or behind it.
    fn on(interface: &Interface) -> NetworkPlace {
        let interface = interface.clone();
        NetworkPlace {
            owner_id: interface.owner_id,
            vpc_id: interface.vpc_id,
            vpc_cidrs: interface.vpc_cidrs,
            subnet_id: interface.subnet_id,
            subnet_cidrs: interface.subnet_cidrs,
            interface_id: interface.id,
            mac: Some(interface.mac),
            group_ids: interface.group_ids,
            public_addresses: interface.public_addresses,
        }
    }

    /// In the same VPC as this interface, and in its subnet if the address says so.
    fn beside(interface: &Interface, sources: &[IpAddr]) -> NetworkPlace {
        let inside = |cidr: &IpNet| sources.iter().any(|source| cidr.contains(source));
        let neighbour = interface.subnet_cidrs.iter().any(inside);
        let place = NetworkPlace::on(interface);
        NetworkPlace {
            subnet_id: place.subnet_id.filter(|_| neighbour),
            subnet_cidrs: place
                .subnet_cidrs
                .into_iter()
                .filter(|_| neighbour)
                .collect(),
            interface_id: None,
            mac: None,
            group_ids: Vec::new(),
            public_addresses: Vec::new(),
            ..place
        }
    }
}

/// The same observation, without what was seen.
fn without_value<T>(observation: Observation<T>) -> Observation<()> {
    Observation {
        at_ms: observation.at_ms,
        took_ms: observation.took_ms,
        outcome: match observation.outcome {
            Outcome::Seen(_) => Outcome::Seen(()),
            Outcome::Failed(failure) => Outcome::Failed(failure),
            Outcome::Skipped(reason) => Outcome::Skipped(reason),
        },
    }
}

#[cfg(test)]
mod tests;
