//! Everything that a run may not have learned, as removals from what another run did learn.
//!
//! A removal puts the facts into the form in which the gatherer itself says that it did not learn something: a list that
//! was denied, a question that was not asked, a document that could not be read. It never puts one answer in place of
//! another.

use std::net::IpAddr;

use vpcheck::facts::dns::TcpRetry;
use vpcheck::facts::inventory::{Inventory, InventorySource};
use vpcheck::facts::{Facts, Failure, FailureKind, Observation, Outcome, ServerRole};

/// One thing that was not learned.
pub(super) struct Removal {
    /// What, in a few words.
    pub(super) what: String,
    /// Codes that tell of the removal itself.
    pub(super) tells: &'static [&'static str],
    /// Takes it away.
    pub(super) take: Box<dyn Fn(&mut Facts)>,
}

/// What most rules depend on.
pub(super) const KEY: [&str; 12] = [
    "endpoints denied",
    "network_interfaces denied",
    "vpcs denied",
    "every call denied",
    "no inventory",
    "the VPC's resolver, not asked",
    "instance metadata",
    "the VPC's CIDRs",
    "the account",
    "every handshake",
    "every request",
    "the service's text",
];

/// Every single removal that makes sense for these facts.
pub(super) fn all(facts: &Facts) -> Vec<Removal> {
    let mut list = Vec::new();
    inventory(facts, &mut list);
    names(facts, &mut list);
    probes(facts, &mut list);
    host(&mut list);
    canary(&mut list);
    list
}

fn add(
    list: &mut Vec<Removal>,
    what: impl Into<String>,
    tells: &'static [&'static str],
    take: impl Fn(&mut Facts) + 'static,
) {
    list.push(Removal {
        what: what.into(),
        tells,
        take: Box::new(take),
    });
}

const DENIED: &[&str] = &["inventory-denied"];
const UNREACHABLE: &[&str] = &["inventory-unreachable"];

/// Does the same to every section, or to one of them, whatever it holds.
macro_rules! sections {
    ($inventory:expr, $only:expr, $with:ident) => {{
        let (inventory, only): (&mut Inventory, Option<&str>) = ($inventory, $only);
        let wanted = |section: &str| only.is_none_or(|only| only == section);
        sections!(@each inventory wanted $with vpcs vpc_attributes dhcp_options subnets route_tables network_acls
            security_groups endpoints network_interfaces prefix_lists endpoint_services);
    }};
    (@each $inventory:ident $wanted:ident $with:ident $($section:ident)+) => {
        $(if $wanted(stringify!($section)) { $with(&mut $inventory.$section) })+
    };
}

const SECTIONS: [&str; 11] = [
    "vpcs",
    "vpc_attributes",
    "dhcp_options",
    "subnets",
    "route_tables",
    "network_acls",
    "security_groups",
    "endpoints",
    "network_interfaces",
    "prefix_lists",
    "endpoint_services",
];

fn deny<T>(section: &mut Observation<T>) {
    fail(section, FailureKind::Denied, "UnauthorizedOperation");
}

fn hang<T>(section: &mut Observation<T>) {
    fail(section, FailureKind::Timeout, "no answer in time");
}

fn leave_out<T>(section: &mut Observation<T>) {
    *section = Observation::default();
}

/// What was not read stays so: only what was seen is taken away.
fn fail<T>(observation: &mut Observation<T>, kind: FailureKind, detail: &str) {
    if observation.is_seen() {
        observation.outcome = Outcome::Failed(Failure::new(kind, detail));
    }
}

fn skip<T>(observation: &mut Observation<T>, reason: &str) {
    observation.outcome = Outcome::Skipped(reason.to_owned());
}

/// What a list of the inventory holds, to be changed.
fn held<T>(list: &mut Observation<Vec<T>>) -> impl Iterator<Item = &mut T> {
    match &mut list.outcome {
        Outcome::Seen(list) => list.iter_mut(),
        _ => [].iter_mut(),
    }
}

fn keep<T>(list: &mut Observation<Vec<T>>, wanted: impl Fn(&T) -> bool) {
    if let Outcome::Seen(list) = &mut list.outcome {
        list.retain(|one| wanted(one));
    }
}

fn inventory(facts: &Facts, list: &mut Vec<Removal>) {
    if facts.inventory.source == InventorySource::None {
        return;
    }
    for section in SECTIONS {
        add(list, format!("{section} denied"), DENIED, move |facts| {
            sections!(&mut facts.inventory, Some(section), deny);
        });
    }
    // Whatever the reason, what is missing is missing alike: where most depends on it, the other forms are tried as well.
    for section in ["endpoints", "vpcs", "network_interfaces"] {
        add(list, format!("{section} not answered"), &[], move |facts| {
            sections!(&mut facts.inventory, Some(section), hang);
        });
        add(
            list,
            format!("{section} not asked for"),
            &[],
            move |facts| {
                sections!(&mut facts.inventory, Some(section), leave_out);
            },
        );
    }
    add(list, "every call denied", DENIED, |facts| {
        sections!(&mut facts.inventory, None, deny);
    });
    add(list, "no call answered", UNREACHABLE, |facts| {
        sections!(&mut facts.inventory, None, hang);
    });
    add(list, "no inventory", &[], |facts| {
        facts.inventory = Inventory::none("the inventory is off");
    });
    add(list, "the inventory's own VPC and account", &[], |facts| {
        facts.inventory.vpc_id = None;
        facts.inventory.account_id = None;
    });
    add(list, "enableDnsSupport", &[], |facts| {
        held(&mut facts.inventory.vpc_attributes).for_each(|one| one.dns_support = None);
    });
    add(list, "enableDnsHostnames", &[], |facts| {
        held(&mut facts.inventory.vpc_attributes).for_each(|one| one.dns_hostnames = None);
    });
    add(list, "who owns the VPC", &[], |facts| {
        held(&mut facts.inventory.vpcs).for_each(|one| one.owner_id = None);
    });
    add(list, "who owns the subnets", &[], |facts| {
        held(&mut facts.inventory.subnets).for_each(|one| one.owner_id = None);
    });
    add(list, "the endpoints' policies", &[], |facts| {
        held(&mut facts.inventory.endpoints).for_each(|one| one.policy = None);
    });
    add(list, "sense in the endpoints' policies", &[], |facts| {
        held(&mut facts.inventory.endpoints).for_each(|one| one.policy = Some("{".to_owned()));
    });
    add(list, "the endpoints' regions", &[], |facts| {
        held(&mut facts.inventory.endpoints).for_each(|one| one.service_region = None);
    });
    add(list, "the endpoints' private names", &[], |facts| {
        held(&mut facts.inventory.endpoints).for_each(|one| one.dns_names.clear());
    });
    add(list, "the endpoints' own interfaces", &[], |facts| {
        let theirs = interfaces_of_endpoints(facts);
        keep(&mut facts.inventory.network_interfaces, |one| {
            !theirs.contains(&one.id)
        });
    });
    add(list, "one interface of each endpoint", &[], |facts| {
        let endpoints = facts.inventory.endpoints.seen().into_iter().flatten();
        let lost: Vec<String> = endpoints
            .filter_map(|one| one.interface_ids.first().cloned())
            .collect();
        keep(&mut facts.inventory.network_interfaces, |one| {
            !lost.contains(&one.id)
        });
    });
    add(list, "every interface but the endpoints'", &[], |facts| {
        let theirs = interfaces_of_endpoints(facts);
        keep(&mut facts.inventory.network_interfaces, |one| {
            theirs.contains(&one.id)
        });
    });
    add(list, "the interfaces' zones and subnets", &[], |facts| {
        for one in held(&mut facts.inventory.network_interfaces) {
            one.availability_zone = None;
            one.subnet_id = None;
        }
    });
    add(list, "the interfaces' groups", &[], |facts| {
        held(&mut facts.inventory.network_interfaces).for_each(|one| one.group_ids.clear());
    });
    add(list, "the endpoints' groups", &[], |facts| {
        let endpoints = facts.inventory.endpoints.seen().into_iter().flatten();
        let theirs: Vec<String> = endpoints.flat_map(|one| one.group_ids.clone()).collect();
        keep(&mut facts.inventory.security_groups, |one| {
            !theirs.contains(&one.id)
        });
    });
    add(list, "the caller's groups", &[], |facts| {
        let own = facts.host.group_ids.clone();
        keep(&mut facts.inventory.security_groups, |one| {
            !own.contains(&one.id)
        });
    });
    let lists = facts.inventory.prefix_lists.seen().into_iter().flatten();
    for id in lists.map(|list| list.id.clone()) {
        add(list, format!("prefix list {id}"), &[], move |facts| {
            keep(&mut facts.inventory.prefix_lists, |one| one.id != id);
        });
    }
}

fn interfaces_of_endpoints(facts: &Facts) -> Vec<String> {
    let endpoints = facts.inventory.endpoints.seen().into_iter().flatten();
    endpoints
        .flat_map(|one| one.interface_ids.clone())
        .collect()
}

fn names(facts: &Facts, list: &mut Vec<Removal>) {
    for (role, what) in [
        (ServerRole::Vpc, "the VPC's resolver"),
        (ServerRole::Extra, "the further resolvers"),
    ] {
        add(list, format!("{what}, not asked"), &[], move |facts| {
            for name in &mut facts.names {
                name.lookups.retain(|lookup| lookup.role != role);
            }
        });
        add(list, format!("{what}, silent"), &[], move |facts| {
            let lookups = facts.names.iter_mut().flat_map(|name| &mut name.lookups);
            for lookup in lookups.filter(|lookup| lookup.role == role) {
                fail(
                    &mut lookup.answer,
                    FailureKind::Timeout,
                    "no answer in time",
                );
            }
        });
    }
    add(list, "comparison names", &[], |facts| {
        let canary = facts.canary.host.clone();
        facts
            .names
            .retain(|name| !name.comparison || Some(&name.name) == canary.as_ref());
    });
    add(list, "the zones of negative answers", &[], |facts| {
        answers(facts).for_each(|answer| answer.soa = None);
    });
    add(list, "why TCP failed after truncation", &[], |facts| {
        for answer in answers(facts) {
            if let Some(TcpRetry::Failed(why)) = &mut answer.truncated {
                why.clear();
            }
        }
    });
    add(list, "what applications see", &[], |facts| {
        for name in &mut facts.names {
            skip(&mut name.system, "asked on the wire only");
        }
        only_wire_addresses(facts);
    });
    add(list, "what applications see, in time", &[], |facts| {
        for name in &mut facts.names {
            fail(&mut name.system, FailureKind::Timeout, "no answer in time");
        }
        only_wire_addresses(facts);
    });
    add(list, "the hosts file", &[], |facts| {
        facts.host.hosts_file.clear()
    });
    for name in names_under_test(facts).into_iter().take(4) {
        add(list, format!("{name}, not looked up"), &[], move |facts| {
            for facts in facts.names.iter_mut().filter(|facts| facts.name == name) {
                for lookup in &mut facts.lookups {
                    skip(&mut lookup.answer, "the run had ended");
                }
                skip(&mut facts.system, "the run had ended");
            }
            // What was never answered was never probed, and nothing was sent there.
            facts.probes.retain(|probe| probe.name != name);
            if facts.canary.host.as_ref() == Some(&name) {
                unsent(facts);
            }
        });
    }
}

/// An address that nothing but the C library gave was never probed either.
fn only_wire_addresses(facts: &mut Facts) {
    let names = &facts.names;
    facts.probes.retain(|probe| {
        let name = names.iter().find(|name| name.name == probe.name);
        name.is_none_or(|name| {
            let records = name.host_records();
            records.iter().any(|record| record.address == probe.address)
        })
    });
}

fn answers(facts: &mut Facts) -> impl Iterator<Item = &mut vpcheck::facts::Answer> {
    facts
        .names
        .iter_mut()
        .flat_map(|name| &mut name.lookups)
        .filter_map(|lookup| match &mut lookup.answer.outcome {
            Outcome::Seen(answer) => Some(answer),
            _ => None,
        })
}

fn names_under_test(facts: &Facts) -> Vec<String> {
    let targets = facts.targets.iter();
    targets
        .flat_map(|target| target.hostnames.iter().map(|name| name.name.clone()))
        .collect()
}

/// The phases of a probe that a run may not get to.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Phase {
    Tcp,
    Tls,
    Http,
    Experiments,
}

const PHASES: [(Phase, &str); 4] = [
    (Phase::Tcp, "connection"),
    (Phase::Tls, "handshake"),
    (Phase::Http, "request"),
    (Phase::Experiments, "experiments"),
];

fn cut(probe: &mut vpcheck::facts::AddressProbe, from: Phase) {
    const ENDED: &str = "the run had ended";
    if from <= Phase::Tcp {
        skip(&mut probe.tcp, ENDED);
    }
    if from <= Phase::Tls {
        skip(&mut probe.tls, ENDED);
    }
    if from <= Phase::Http {
        skip(&mut probe.http, ENDED);
    }
    probe.experiments.clear();
}

fn probes(facts: &Facts, list: &mut Vec<Removal>) {
    for (from, what) in PHASES {
        add(list, format!("every {what}"), &[], move |facts| {
            facts.probes.iter_mut().for_each(|probe| cut(probe, from));
            if from <= Phase::Tls {
                unsent(facts);
            }
        });
    }
    // One address that does well is like another; each that does not is a case of its own.
    let (well, other): (Vec<_>, Vec<_>) =
        facts.probes.iter().partition(|probe| probe.http.is_seen());
    let probed: Vec<(String, IpAddr)> = other
        .iter()
        .take(4)
        .chain(well.iter().take(2))
        .map(|probe| (probe.name.clone(), probe.address))
        .collect();
    for (name, address) in probed {
        for (from, what) in PHASES {
            let name = name.clone();
            add(
                list,
                format!("the {what} of {address} ({name})"),
                &[],
                move |facts| {
                    let probes = facts.probes.iter_mut();
                    probes
                        .filter(|probe| probe.name == name && probe.address == address)
                        .for_each(|probe| cut(probe, from));
                },
            );
        }
    }
    add(list, "the certificates' details", &[], |facts| {
        for probe in &mut facts.probes {
            if let Outcome::Seen(tls) = &mut probe.tls.outcome {
                tls.chain.clear();
            }
        }
    });
    add(list, "the answers' dates", &[], |facts| {
        for probe in &mut facts.probes {
            if let Outcome::Seen(http) = &mut probe.http.outcome {
                http.headers.retain(|(name, _)| name != "date");
            }
        }
        if let Some(error) = &mut facts.canary.error {
            error.date = None;
        }
    });
}

fn host(list: &mut Vec<Removal>) {
    add(list, "instance metadata", &["imds-unreachable"], |facts| {
        let host = &mut facts.host;
        fail(&mut host.imds, FailureKind::Timeout, "no answer in time");
        host.vpc_id = None;
        host.vpc_cidrs.clear();
        host.subnet_id = None;
        host.subnet_cidrs.clear();
        host.interface_id = None;
        host.mac = None;
        host.group_ids.clear();
        host.public_addresses.clear();
        host.availability_zone = None;
        host.availability_zone_id = None;
        host.account_id = None;
        host.instance_id = None;
    });
    add(list, "the VPC's id", &[], |facts| facts.host.vpc_id = None);
    add(list, "the VPC's CIDRs", &[], |facts| {
        facts.host.vpc_cidrs.clear();
    });
    add(list, "the subnet", &[], |facts| {
        facts.host.subnet_id = None;
        facts.host.subnet_cidrs.clear();
    });
    add(
        list,
        "the interface's id and hardware address",
        &[],
        |facts| {
            facts.host.interface_id = None;
            facts.host.mac = None;
        },
    );
    add(list, "the caller's groups' ids", &[], |facts| {
        facts.host.group_ids.clear();
    });
    add(list, "the zone", &[], |facts| {
        facts.host.availability_zone = None;
        facts.host.availability_zone_id = None;
    });
    add(list, "the account", &[], |facts| {
        facts.host.account_id = None
    });
    add(list, "the instance and the task", &[], |facts| {
        facts.host.instance_id = None;
        facts.host.task_arn = None;
    });
    add(list, "the kernel's routes", &[], |facts| {
        facts.host.addresses.clear();
    });
    add(list, "public addresses", &[], |facts| {
        facts.host.public_addresses.clear();
    });
    add(list, "where credentials come from", &[], |facts| {
        skip(&mut facts.host.credentials, "not looked at");
    });
    add(list, "why STS gave no credentials", &[], |facts| {
        facts.host.credentials_error = None;
    });
    add(list, "how the metadata token stalled", &[], |facts| {
        facts.host.imds_token_stalled = false;
    });
    add(list, "that this is a container", &[], |facts| {
        facts.host.container = false;
    });
    add(list, "the interface's counters", &[], |facts| {
        facts.host.link_local_drops.clear();
    });
}

fn canary(list: &mut Vec<Removal>) {
    add(list, "the canary's sending", &[], unsent);
    add(list, "the service's error", &["canary-failed"], |facts| {
        let canary = &mut facts.canary;
        if canary.error.take().is_some() && !canary.result.is_seen() {
            let unread = Failure::new(FailureKind::Malformed, "the answer cannot be read");
            canary.result.outcome = Outcome::Failed(unread);
        }
    });
    add(list, "the service's text", &[], |facts| {
        if let Some(error) = &mut facts.canary.error {
            error.message.clear();
        }
    });
    add(list, "the service's date", &[], |facts| {
        if let Some(error) = &mut facts.canary.error {
            error.date = None;
        }
    });
    add(list, "the queue's policy", &[], |facts| {
        facts.canary.queue_policy = None;
    });
    add(list, "sense in the queue's policy", &[], |facts| {
        if let Some(policy) = &mut facts.canary.queue_policy {
            *policy = "{".to_owned();
        }
    });
    add(list, "the queue's ARN", &[], |facts| {
        facts.canary.queue_arn = None;
    });
    add(list, "the address of the canary", &[], |facts| {
        facts.canary.remote_address = None;
    });
}

fn unsent(facts: &mut Facts) {
    let canary = &mut facts.canary;
    skip(&mut canary.result, "no address has a verified TLS answer");
    canary.error = None;
    canary.remote_address = None;
    canary.queue_policy = None;
}
