//! Which AWS services this host really calls, found from its own connections: what is known of each address, and no more.

mod cost;
mod needed;
mod ranges;
mod unseen;
mod way;
mod whose;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;

use crate::catalog::EndpointKind;
use crate::facts::Facts;
use crate::facts::traffic::{Answers, Process, Traffic};
use crate::symptoms::placement::is_sinkhole;
use crate::symptoms::scene::{CidrSource, Scene};

pub use cost::Cost;
pub use needed::{Needed, State};
pub use ranges::{Owner, Ranges, RangesError};
pub use way::Way;
pub use whose::{ToldBy, Whose};

/// The version of the JSON.
const SCHEMA_VERSION: &str = "1";

/// What a discovery is made of.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The host, the VPC's configuration, and what was asked for.
    pub facts: &'a Facts,
    /// The host's calls.
    pub traffic: &'a Traffic,
    /// The addresses of the services' names.
    pub answers: &'a Answers,
    /// AWS's published ranges, where they were handed over.
    pub ranges: Option<&'a Ranges>,
}

/// Which services this host calls, and which way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discovery {
    /// The version of this JSON.
    pub schema_version: &'static str,
    /// The program.
    pub tool: Tool,
    /// When the first look was.
    pub started_at: jiff::Timestamp,
    /// How many looks there were.
    pub looks: u64,
    /// The time from the first to the last, in milliseconds.
    pub watched_ms: u64,
    /// True where someone ended it before its time.
    pub interrupted: bool,
    /// The region.
    pub region: Option<String>,
    /// The VPC.
    pub vpc_id: Option<String>,
    /// The VPC's ranges.
    pub vpc_cidrs: Vec<IpNet>,
    /// Who said so.
    pub vpc_cidrs_source: CidrSource,
    /// Of when AWS's published ranges are, where they were handed over.
    pub ranges_of: Option<String>,
    /// The services that were met, each once.
    pub services: Vec<ServiceCalls>,
    /// The addresses that were met, each once.
    pub remotes: Vec<Remote>,
    /// The targets for a configuration file.
    pub targets: Vec<String>,
    /// The endpoints that traffic would need which leaves publicly.
    pub needed: Vec<Needed>,
    /// What those that do not exist would cost; none where none is needed.
    pub cost: Option<Cost>,
    /// What could not be seen, in sentences.
    pub unseen: Vec<String>,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: String,
}

/// A service that was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceCalls {
    /// Its catalogue id.
    pub service: String,
    /// The ways that its connections take.
    pub ways: BTreeSet<Way>,
    /// The endpoints on them.
    pub endpoints: BTreeSet<String>,
    /// Its connections.
    pub connections: u64,
    /// Attempts that had no answer.
    pub attempts: u64,
    /// The names of the processes that made them.
    pub processes: BTreeSet<String>,
}

/// An address that was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remote {
    /// The address.
    pub address: IpAddr,
    /// Whose it is.
    #[serde(flatten)]
    pub whose: Whose,
    /// Who says so.
    pub told_by: Vec<ToldBy>,
    /// The services' names that had this address.
    pub names: Vec<String>,
    /// The published ranges that it lies in.
    pub ranges: Vec<Owner>,
    /// The way to it.
    pub way: Way,
    /// The endpoint on the way.
    pub endpoint: Option<String>,
    /// Connections to it.
    pub connections: u64,
    /// Attempts that had no answer.
    pub attempts: u64,
    /// Who made them.
    pub processes: Vec<Caller>,
}

/// Who made connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caller {
    /// Connections and attempts.
    pub connections: u64,
    /// The process, as far as it could be read.
    #[serde(flatten)]
    pub process: Process,
}

impl ServiceCalls {
    /// True where some of its traffic leaves publicly, or may.
    pub fn leaves(&self) -> bool {
        self.ways.iter().any(|way| way.leaves())
    }
}

impl Discovery {
    /// What the calls come to.
    pub fn of(seen: Seen<'_>) -> Discovery {
        let Seen {
            facts,
            traffic,
            answers,
            ranges,
        } = seen;
        let scene = Scene::of(facts);
        let directory = whose::Directory::new(&scene, answers, ranges);
        let mut remotes: BTreeMap<IpAddr, Remote> = BTreeMap::new();
        for call in &traffic.calls {
            if is_here(facts, call.address) {
                continue;
            }
            let remote = remotes.entry(call.address).or_insert_with(|| {
                let known = directory.look_up(call.address);
                let (way, endpoint) = way::way(&scene, &known.whose, &known.names, call.address);
                Remote {
                    address: call.address,
                    whose: known.whose,
                    told_by: known.told_by,
                    names: known.names,
                    ranges: known.ranges,
                    way,
                    endpoint,
                    connections: 0,
                    attempts: 0,
                    processes: Vec::new(),
                }
            });
            remote.connections = remote.connections.saturating_add(call.connections);
            remote.attempts = remote.attempts.saturating_add(call.attempts);
            remote.processes.push(Caller {
                connections: call.connections.saturating_add(call.attempts),
                process: call.process.clone(),
            });
        }
        let remotes: Vec<Remote> = remotes.into_values().collect();
        let services = services(&remotes);
        let needed = needed::endpoints(&scene, &services, &remotes);
        let kinds: Vec<EndpointKind> = needed
            .iter()
            .filter(|needed| matches!(needed.state, State::Missing | State::NotRead))
            .map(|needed| match needed.kind {
                "gateway" => EndpointKind::Gateway,
                _ => EndpointKind::Interface,
            })
            .collect();
        Discovery {
            schema_version: SCHEMA_VERSION,
            tool: Tool {
                name: "vpcheck",
                version: facts.tool_version.clone(),
            },
            started_at: facts.started_at,
            looks: traffic.looks,
            watched_ms: traffic.watched_ms,
            interrupted: facts.interrupted,
            region: scene.region.as_ref().map(ToString::to_string),
            vpc_id: scene.vpc_id.clone(),
            vpc_cidrs: scene.vpc_cidrs.clone(),
            vpc_cidrs_source: scene.cidr_source,
            ranges_of: ranges.map(|ranges| ranges.created.clone()),
            targets: needed::targets(&services, &remotes),
            cost: (!kinds.is_empty()).then(|| Cost::of(&kinds, zones(&scene))),
            unseen: unseen::sentences(&seen, &scene, &remotes),
            services,
            remotes,
            needed,
        }
    }
}

/// Whether an address is this host itself, or none that leads off it.
fn is_here(facts: &Facts, address: IpAddr) -> bool {
    facts.host.addresses.contains(&address) || is_sinkhole(address)
}

/// The services that are certain, in the order of their ids.
fn services(remotes: &[Remote]) -> Vec<ServiceCalls> {
    let mut found: BTreeMap<&str, ServiceCalls> = BTreeMap::new();
    for remote in remotes {
        let Whose::Service { service } = &remote.whose else {
            continue;
        };
        let calls = found.entry(service).or_insert_with(|| ServiceCalls {
            service: service.clone(),
            ways: BTreeSet::new(),
            endpoints: BTreeSet::new(),
            connections: 0,
            attempts: 0,
            processes: BTreeSet::new(),
        });
        calls.ways.insert(remote.way);
        calls.endpoints.extend(remote.endpoint.clone());
        calls.connections = calls.connections.saturating_add(remote.connections);
        calls.attempts = calls.attempts.saturating_add(remote.attempts);
        let names = remote
            .processes
            .iter()
            .filter_map(|c| c.process.name.clone());
        calls.processes.extend(names);
    }
    found.into_values().collect()
}

/// In how many zones this VPC has subnets.
fn zones(scene: &Scene<'_>) -> Option<usize> {
    let subnets = scene.inventory()?.subnets.seen()?;
    let of_vpc = subnets
        .iter()
        .filter(|subnet| subnet.vpc_id.is_none() || subnet.vpc_id == scene.vpc_id);
    let zones: BTreeSet<&str> = of_vpc
        .filter_map(|subnet| subnet.availability_zone.as_deref())
        .collect();
    (!zones.is_empty()).then_some(zones.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::traffic::Call;
    use crate::facts::{Inventory, inventory::InventorySource};

    /// A host in a VPC whose ranges nobody knows, and these calls of it.
    fn discovery(calls: &[&str], names: &[(&str, &str, &str)]) -> Discovery {
        let mut facts: Facts = serde_json::from_str(include_str!("fuzzing/facts.json")).unwrap();
        facts.inventory = Inventory::none("the inventory is off");
        assert_eq!(facts.inventory.source, InventorySource::None);
        facts.host.vpc_cidrs.clear();
        facts.request.vpc_cidrs.clear();
        facts.request.allow_cidrs.clear();
        facts.host.addresses = vec!["2600:1f18:1::9".parse().unwrap()];
        let calls = calls.iter().map(|address| Call {
            address: address.parse().unwrap(),
            connections: 1,
            attempts: 0,
            process: Process::default(),
        });
        let traffic = Traffic {
            looks: 1,
            calls: calls.collect(),
            ..Traffic::default()
        };
        let mut answers = Answers::default();
        for (name, service, address) in names {
            let services = answers.services.entry((*name).to_owned()).or_default();
            services.insert((*service).to_owned());
            answers.add(name, [address.parse::<IpAddr>().unwrap()]);
        }
        Discovery::of(Seen {
            facts: &facts,
            traffic: &traffic,
            answers: &answers,
            ranges: None,
        })
    }

    fn ways(discovery: &Discovery) -> Vec<Way> {
        discovery.remotes.iter().map(|remote| remote.way).collect()
    }

    #[test]
    fn without_the_vpcs_ranges_a_way_is_not_guessed() {
        let sqs = "sqs.us-east-1.api.aws";
        let found = discovery(
            &["2600:1f18:7::1", "10.0.0.5", "127.0.0.1"],
            &[(sqs, "sqs", "2600:1f18:7::1")],
        );
        // The loopback address leads nowhere else.
        assert_eq!(ways(&found), [Way::Unclear, Way::Unclear]);
        assert!(found.needed.is_empty() && found.cost.is_none());
        assert!(
            found
                .unseen
                .iter()
                .any(|s| s.contains("1 connection to this host"))
        );
        // Only the dual-stack name was met.
        assert_eq!(found.targets, [sqs]);
    }

    #[test]
    fn what_several_names_share_is_told_as_that() {
        let address = "64:ff9b::345e:101";
        let names = [
            ("sns.us-east-1.amazonaws.com", "sns", "52.94.1.1"),
            ("events.us-east-1.amazonaws.com", "events", address),
        ];
        let found = discovery(&[address], &names);
        let services = vec!["events".to_owned(), "sns".to_owned()];
        assert_eq!(found.remotes[0].whose, Whose::OneOf { services });
        assert_eq!(ways(&found), [Way::Public]);
        assert!(found.targets.is_empty() && found.services.is_empty());
    }
}
