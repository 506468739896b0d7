//! VPCs, DHCP options, subnets and route tables.

use aws_sdk_ec2::types;

use super::{cidr, id, owned};
use crate::facts::Failure;
use crate::facts::inventory::{Destination, DhcpOptions, Route, RouteTable, Subnet, Vpc};

/// A VPC with the ranges that are associated with it, the primary first.
pub(in crate::gather::inventory) fn vpc(vpc: &types::Vpc) -> Result<Vpc, Failure> {
    let ipv4 = vpc.cidr_block_association_set().iter().filter_map(|held| {
        let state = held.cidr_block_state().and_then(|state| state.state());
        held.cidr_block().filter(|_| is_associated(state))
    });
    let ipv6 = vpc
        .ipv6_cidr_block_association_set()
        .iter()
        .filter_map(|held| {
            let state = held.ipv6_cidr_block_state().and_then(|state| state.state());
            held.ipv6_cidr_block().filter(|_| is_associated(state))
        });
    let mut cidrs = Vec::new();
    for text in vpc.cidr_block().into_iter().chain(ipv4).chain(ipv6) {
        let range = cidr(text)?;
        if !cidrs.contains(&range) {
            cidrs.push(range);
        }
    }
    Ok(Vpc {
        id: id(vpc.vpc_id()),
        owner_id: owned(vpc.owner_id()),
        cidrs,
        dhcp_options_id: owned(vpc.dhcp_options_id()),
    })
}

/// A DHCP option set's name servers.
pub(in crate::gather::inventory) fn dhcp_options(
    options: &types::DhcpOptions,
) -> Result<DhcpOptions, Failure> {
    let servers = options
        .dhcp_configurations()
        .iter()
        .filter(|configuration| configuration.key() == Some("domain-name-servers"))
        .flat_map(|configuration| configuration.values())
        .filter_map(|value| owned(value.value()));
    Ok(DhcpOptions {
        id: id(options.dhcp_options_id()),
        domain_name_servers: servers.collect(),
    })
}

/// A subnet.
pub(in crate::gather::inventory) fn subnet(subnet: &types::Subnet) -> Result<Subnet, Failure> {
    let ipv6 = subnet
        .ipv6_cidr_block_association_set()
        .iter()
        .filter(|held| {
            let state = held.ipv6_cidr_block_state().and_then(|state| state.state());
            state.is_none_or(|state| state.as_str().eq_ignore_ascii_case("associated"))
        })
        .filter_map(|held| held.ipv6_cidr_block());
    Ok(Subnet {
        id: id(subnet.subnet_id()),
        vpc_id: owned(subnet.vpc_id()),
        owner_id: owned(subnet.owner_id()),
        cidrs: subnet
            .cidr_block()
            .into_iter()
            .filter(|text| !text.is_empty())
            .chain(ipv6)
            .map(cidr)
            .collect::<Result<_, _>>()?,
        availability_zone: owned(subnet.availability_zone()),
        availability_zone_id: owned(subnet.availability_zone_id()),
    })
}

/// A route table with the subnets that are associated with it.
pub(in crate::gather::inventory) fn route_table(
    table: &types::RouteTable,
) -> Result<RouteTable, Failure> {
    let held = || {
        table.associations().iter().filter(|held| {
            let state = held.association_state().and_then(|state| state.state());
            state.is_none_or(|state| {
                ["associated", "associating"]
                    .iter()
                    .any(|known| state.as_str().eq_ignore_ascii_case(known))
            })
        })
    };
    Ok(RouteTable {
        id: id(table.route_table_id()),
        vpc_id: owned(table.vpc_id()),
        main: held().any(|held| held.main() == Some(true)),
        subnet_ids: held().filter_map(|held| owned(held.subnet_id())).collect(),
        routes: table
            .routes()
            .iter()
            .filter_map(|route| self::route(route).transpose())
            .collect::<Result<_, _>>()?,
    })
}

/// A route; none where it has no destination of a kind that is known.
fn route(route: &types::Route) -> Result<Option<Route>, Failure> {
    let range = route
        .destination_cidr_block()
        .or(route.destination_ipv6_cidr_block())
        .filter(|text| !text.is_empty());
    let destination = match (range, route.destination_prefix_list_id()) {
        (Some(range), _) => Destination::Cidr(cidr(range)?),
        (None, Some(list)) => Destination::PrefixList(list.to_owned()),
        (None, None) => return Ok(None),
    };
    // A route to an instance names its interface as well.
    let target = [
        route.gateway_id(),
        route.nat_gateway_id(),
        route.transit_gateway_id(),
        route.vpc_peering_connection_id(),
        route.egress_only_internet_gateway_id(),
        route.network_interface_id(),
        route.local_gateway_id(),
        route.carrier_gateway_id(),
        route.core_network_arn(),
        route.odb_network_arn(),
        route.instance_id(),
    ]
    .into_iter()
    .flatten()
    .find(|target| !target.is_empty());
    Ok(Some(Route {
        destination,
        target: id(target),
        blackhole: route
            .state()
            .is_some_and(|state| state.as_str().eq_ignore_ascii_case("blackhole")),
    }))
}

/// Associated, or without a state, as emulators have it.
fn is_associated(state: Option<&types::VpcCidrBlockStateCode>) -> bool {
    state.is_none_or(|state| state.as_str().eq_ignore_ascii_case("associated"))
}
