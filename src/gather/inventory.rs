//! The VPC's configuration from the EC2 API, from files, and from where another machine put it.

mod convert;
mod fetched;
mod file;
mod interfaces;
pub mod kept;
mod pages;
pub mod parts;
mod prefix_lists;
mod published;
mod reader;
pub mod schedule;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::pin::Pin;

use futures_util::future::{FutureExt, try_join_all};
use tokio::sync::Semaphore;

use super::aws::AwsAccess;
use super::{Bounds, open_files, tcp};
use crate::catalog::{Catalog, Region};
use crate::facts::inventory::{
    DhcpOptions, EndpointService, InventorySource, NetworkInterface, SecurityGroup, Vpc,
};
use crate::facts::{Failure, FailureKind, Inventory, Observation, Outcome};
use interfaces::FILTER_VALUES;
use reader::{Reader, filter};

pub use fetched::{FetchQuestion, chance, fetch};
pub use file::{InventoryFileError, read_file, write};
pub use published::{PublishError, publish};

/// How many calls are made at a time, and the sockets that each may have: its connection, and looking its name up.
const CALLS_AT_ONCE: usize = 32;
const SOCKETS_OF_CALL: usize = 2;

/// Which VPC is asked about, and who asks.
#[derive(Debug, Clone, Default)]
pub struct InventoryQuestion {
    /// The region.
    pub region: String,
    /// The VPC, where it is known; else it is found by the addresses.
    pub vpc_id: Option<String>,
    /// This host's own addresses.
    pub own_addresses: Vec<IpAddr>,
    /// The hardware address of this host's interface, which tells hosts with the same address apart.
    pub mac: Option<String>,
    /// The account that asks, as far as it is known.
    pub account_id: Option<String>,
}

/// Reads the VPC's configuration, each part with its own success or failure.
///
/// One call may take as long as one probe; a part that comes in many pages may take until the deadline.
pub async fn take(bounds: &Bounds, access: &AwsAccess, question: &InventoryQuestion) -> Inventory {
    let mut inventory = Inventory {
        source: InventorySource::Ec2Api,
        taken_at: Some(jiff::Timestamp::now()),
        region: Some(question.region.clone()),
        vpc_id: question.vpc_id.clone(),
        account_id: question.account_id.clone(),
        ..Inventory::none("not looked at")
    };
    let reader = match access.ec2(bounds).await {
        Ok(client) => Reader {
            client,
            host: access.inventory_host().to_string(),
            gate: Semaphore::new(open_files::at_once(CALLS_AT_ONCE, SOCKETS_OF_CALL)),
        },
        Err(outcome) => {
            of_vpc_without(&mut inventory, bounds, &outcome);
            inventory.network_interfaces = unmade(bounds, &outcome);
            inventory.prefix_lists = unmade(bounds, &outcome);
            inventory.endpoint_services = unmade(bounds, &outcome);
            return inventory;
        }
    };
    let region = Region::parse(&question.region).ok();
    let (prefix_lists, services, ()) = tokio::join!(
        section(bounds, prefix_lists::of_services(&reader)),
        section(bounds, async {
            let services = offered(&reader, region.as_ref()).await?;
            Ok(of_interest(services, region.as_ref()))
        }),
        of_vpc(bounds, &reader, question, &mut inventory),
    );
    inventory.prefix_lists = prefix_lists;
    inventory.endpoint_services = services;
    complete(bounds, &reader, &mut inventory).await;
    inventory
}

/// The parts that are about the VPC, once it is known which that is.
async fn of_vpc(
    bounds: &Bounds,
    reader: &Reader,
    question: &InventoryQuestion,
    inventory: &mut Inventory,
) {
    let mut found = None;
    if question.vpc_id.is_none() {
        if question.own_addresses.is_empty() {
            let reason = "this VPC is not known: neither its id nor an address of this host is";
            let outcome = Outcome::Skipped(reason.to_owned());
            of_vpc_without(inventory, bounds, &outcome);
            inventory.network_interfaces = unmade(bounds, &outcome);
            return;
        }
        let own = section(
            bounds,
            interfaces::own(reader, &question.own_addresses, None),
        )
        .await;
        let vpc = match own.seen() {
            Some(own) => interfaces::vpc_of(own, question),
            None => Err("this VPC is not known: network interfaces could not be read"),
        };
        match vpc {
            Ok(vpc) => inventory.vpc_id = Some(vpc),
            Err(reason) => {
                of_vpc_without(inventory, bounds, &Outcome::Skipped(reason.to_owned()));
                inventory.network_interfaces = own;
                return;
            }
        }
        found = own.seen().cloned();
    }
    let Some(vpc) = inventory.vpc_id.clone() else {
        return;
    };
    let here = || vec![filter("vpc-id", [vpc.as_str()])];
    let (
        vpcs,
        attributes,
        dhcp_options,
        subnets,
        route_tables,
        acls,
        groups,
        (endpoints, interfaces),
    ) = tokio::join!(
        section(bounds, reader.vpcs(here())),
        section(bounds, async {
            Ok(vec![reader.vpc_attributes(&vpc).await?])
        }),
        // All of the account's, which are few: the VPC's own is known only after another answer.
        section(bounds, reader.dhcp_options(Vec::new())),
        section(bounds, reader.subnets(here())),
        section(bounds, reader.route_tables(here())),
        section(bounds, reader.network_acls(here())),
        section(bounds, reader.security_groups(here())),
        async {
            let own = async {
                match found {
                    Some(found) => Ok(in_vpc(found, &vpc)),
                    None => interfaces::own(reader, &question.own_addresses, Some(&vpc)).await,
                }
            };
            let (endpoints, own, ahead) = tokio::join!(
                // Of every VPC: a hub of the same account may serve this one.
                section(bounds, reader.endpoints(Vec::new())),
                section(bounds, own),
                // Those that the endpoints will most likely name, so that nobody waits for the names.
                section(bounds, interfaces::described_as_of_endpoints(reader, &vpc))
            );
            let ahead = ahead.seen().cloned().unwrap_or_default();
            let listed = endpoints.seen().map(Vec::as_slice).unwrap_or_default();
            // What fails for this host's own interface would fail for the endpoints' as well, and take as long again.
            let interfaces = match own.seen().cloned() {
                Some(own) if !listed.is_empty() => {
                    section(bounds, async {
                        let theirs = interfaces::of_endpoints(reader, listed, ahead).await?;
                        Ok(interfaces::merged([own, theirs]))
                    })
                    .await
                }
                _ => own,
            };
            (endpoints, interfaces)
        },
    );
    inventory.dhcp_options = of_these(dhcp_options, vpcs.seen());
    inventory.vpcs = vpcs;
    inventory.vpc_attributes = attributes;
    inventory.subnets = subnets;
    inventory.route_tables = route_tables;
    inventory.network_acls = acls;
    inventory.security_groups = groups;
    inventory.endpoints = endpoints;
    inventory.network_interfaces = interfaces;
}

/// Adds what the parts refer to and do not hold: groups of endpoints, prefix lists of groups and routes.
async fn complete(bounds: &Bounds, reader: &Reader, inventory: &mut Inventory) {
    let groups = inventory.security_groups.seen().map(Vec::as_slice);
    let known = groups.unwrap_or_default();
    let lacking = lacking_groups(inventory, known);
    let more_groups = async {
        if groups.is_none() || lacking.is_empty() {
            return Vec::new();
        }
        let asked = reader.security_groups(vec![filter("group-id", lacking)]);
        section(bounds, asked)
            .await
            .seen()
            .cloned()
            .unwrap_or_default()
    };
    let tables = inventory.route_tables.seen().map(Vec::as_slice);
    let lists = inventory.prefix_lists.seen().map(Vec::as_slice);
    let more_lists = async {
        let Some(lists) = lists else {
            return Vec::new();
        };
        let asked = prefix_lists::referred_to(reader, lists, known, tables.unwrap_or_default());
        section(bounds, async { Ok(asked.await) })
            .await
            .seen()
            .cloned()
            .unwrap_or_default()
    };
    let (more_groups, more_lists) = tokio::join!(more_groups, more_lists);
    if let Outcome::Seen(groups) = &mut inventory.security_groups.outcome {
        groups.extend(more_groups);
    }
    if let Outcome::Seen(lists) = &mut inventory.prefix_lists.outcome {
        lists.extend(more_lists);
    }
}

/// The groups of endpoints and interfaces that are not among those read.
fn lacking_groups(inventory: &Inventory, known: &[SecurityGroup]) -> Vec<String> {
    let of_endpoints = inventory.endpoints.seen().into_iter().flatten();
    let of_interfaces = inventory.network_interfaces.seen().into_iter().flatten();
    let mut ids: Vec<String> = of_endpoints
        .flat_map(|endpoint| &endpoint.group_ids)
        .chain(of_interfaces.flat_map(|interface| &interface.group_ids))
        .filter(|id| !known.iter().any(|group| group.id == **id))
        .cloned()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    // The most values one filter takes.
    ids.truncate(200);
    ids
}

/// One part of the inventory; on the heap, since all of them run at once and none is small.
fn section<'a, T: Send + 'a>(
    bounds: &'a Bounds,
    read: impl Future<Output = Result<T, Failure>> + Send + 'a,
) -> Pin<Box<dyn Future<Output = Observation<T>> + Send + 'a>> {
    let outcome = read.map(|read| match read {
        Ok(value) => Outcome::Seen(value),
        Err(failure) => tcp::outcome(failure),
    });
    Box::pin(bounds.observe_within(bounds.left(), outcome))
}

/// A part that was not asked for, for this reason.
fn unmade<T>(bounds: &Bounds, outcome: &Outcome<()>) -> Observation<T> {
    Observation {
        at_ms: bounds.elapsed_ms(),
        took_ms: 0.0,
        outcome: match outcome {
            Outcome::Failed(failure) => Outcome::Failed(failure.clone()),
            Outcome::Skipped(reason) => Outcome::Skipped(reason.clone()),
            Outcome::Seen(()) => Outcome::Skipped("not looked at".to_owned()),
        },
    }
}

/// Gives every part that is about the VPC this one reason, interfaces aside.
fn of_vpc_without(inventory: &mut Inventory, bounds: &Bounds, outcome: &Outcome<()>) {
    inventory.vpcs = unmade(bounds, outcome);
    inventory.vpc_attributes = unmade(bounds, outcome);
    inventory.dhcp_options = unmade(bounds, outcome);
    inventory.subnets = unmade(bounds, outcome);
    inventory.route_tables = unmade(bounds, outcome);
    inventory.network_acls = unmade(bounds, outcome);
    inventory.security_groups = unmade(bounds, outcome);
    inventory.endpoints = unmade(bounds, outcome);
}

/// The option sets of these VPCs; all of them where the VPCs are not known.
fn of_these(
    mut options: Observation<Vec<DhcpOptions>>,
    vpcs: Option<&Vec<Vpc>>,
) -> Observation<Vec<DhcpOptions>> {
    if let (Outcome::Seen(options), Some(vpcs)) = (&mut options.outcome, vpcs) {
        let used = |set: &DhcpOptions| {
            vpcs.iter()
                .any(|vpc| vpc.dhcp_options_id.as_ref() == Some(&set.id))
        };
        options.retain(used);
    }
    options
}

fn in_vpc(found: Vec<NetworkInterface>, vpc: &str) -> Vec<NetworkInterface> {
    let is_here = |interface: &NetworkInterface| interface.vpc_id.as_deref() == Some(vpc);
    found.into_iter().filter(is_here).collect()
}

/// The endpoint services that are offered, as far as the catalogue knows their names.
async fn offered(
    reader: &Reader,
    region: Option<&Region>,
) -> Result<Vec<EndpointService>, Failure> {
    let Some(region) = region else {
        return reader.endpoint_services(Vec::new()).await;
    };
    let services = Catalog::get().services().iter();
    let names: BTreeSet<String> = services
        .flat_map(|one| one.endpoint_service_names(region))
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    let asked = names
        .chunks(FILTER_VALUES)
        .map(|names| reader.endpoint_services(vec![filter("service-name", names.iter().cloned())]));
    match try_join_all(asked).await {
        Ok(found) => Ok(found.into_iter().flatten().collect()),
        // Not every implementation of the API filters by all that AWS's does.
        Err(failure) if failure.kind == FailureKind::Service => {
            reader.endpoint_services(Vec::new()).await
        }
        Err(failure) => Err(failure),
    }
}

/// The services the catalogue knows: AWS's offer is some hundreds, and partners' come on top.
fn of_interest(services: Vec<EndpointService>, region: Option<&Region>) -> Vec<EndpointService> {
    let Some(region) = region else {
        return services;
    };
    let is_known = |offer: &EndpointService| {
        Catalog::get().services().iter().any(|service| {
            service.matches_service_name(&offer.name, region)
                || service.matches_fips_service_name(&offer.name, region)
        })
    };
    services.into_iter().filter(is_known).collect()
}

#[cfg(test)]
mod tests;
