//! Gateway endpoints: whether this subnet's traffic to S3 or DynamoDB goes through one.

use std::net::IpAddr;

use crate::configuration::route_table::{self, Way};
use crate::facts::inventory::{Destination, Endpoint, Route, RouteTable};

use super::scene::Scene;

/// Whether traffic to an address goes through a gateway endpoint of the service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GatewayPath<'a> {
    /// It does, through this one; none where the table shows the route and the list of endpoints was not read.
    Through(Option<&'a Endpoint>),
    /// It does not.
    NotThrough,
    /// What decides it was not read.
    Unknown,
}

/// Whether traffic from this subnet to an address goes through a gateway endpoint of the service: the subnet's
/// table sends the address to an available gateway endpoint of it (AWS PrivateLink Guide, "Gateway endpoints").
pub fn path<'a>(scene: &Scene<'a>, service: &str, address: IpAddr) -> GatewayPath<'a> {
    let Some(inventory) = scene.inventory() else {
        return GatewayPath::Unknown;
    };
    let gateways = gateways(scene, service);
    if gateways.is_empty() && scene.endpoint_list_is_complete() {
        return GatewayPath::NotThrough;
    }
    let Some(table) = table(scene) else {
        return GatewayPath::Unknown;
    };
    let lists = inventory.prefix_lists.seen().map(Vec::as_slice);
    let leads_to_gateway = |route: &Route| {
        matches!(route.destination, Destination::PrefixList(_))
            && route.target.starts_with("vpce-")
            && !route.blackhole
    };
    let through = |route: &Route| match gateways.iter().find(|e| e.id == route.target) {
        Some(endpoint) if endpoint.is_available() && !route.blackhole => {
            GatewayPath::Through(Some(endpoint))
        }
        // Only a gateway endpoint is the target of a route with a prefix list; in a shared VPC, or where the
        // list was not read, the table alone shows it.
        None if leads_to_gateway(route) && !scene.endpoint_list_is_complete() => {
            GatewayPath::Through(None)
        }
        _ if scene.endpoints().is_none() => GatewayPath::Unknown,
        _ => GatewayPath::NotThrough,
    };
    // A prefix list that was not read may hold the address only where it is the gateway's own: lists that lead
    // elsewhere are the operator's, and hold no AWS service as a rule.
    let own_list_unread = table.routes.iter().find(|route| {
        leads_to_gateway(route)
            && gateways
                .iter()
                .any(|endpoint| endpoint.id == route.target && endpoint.is_available())
            && match &route.destination {
                Destination::PrefixList(id) => route_table::entries(lists, id).is_none(),
                Destination::Cidr(_) => false,
            }
    });
    // Which of two is the longer prefix, that list's or this route's, is not known then.
    let is_narrow = |route: &Route| match &route.destination {
        Destination::Cidr(cidr) => cidr.prefix_len() > 0,
        Destination::PrefixList(_) => false,
    };
    match (route_table::way(table, lists, address), own_list_unread) {
        (Way::Along(other) | Way::Unsure(Some(other)), Some(_)) if is_narrow(other) => {
            GatewayPath::Unknown
        }
        (_, Some(route)) => through(route),
        (Way::Along(route), None) | (Way::Unsure(Some(route)), None) => through(route),
        (Way::Nowhere | Way::Unsure(None), None) if scene.endpoints().is_none() => {
            GatewayPath::Unknown
        }
        (Way::Nowhere | Way::Unsure(None), None) => GatewayPath::NotThrough,
    }
}

/// This VPC's gateway endpoints of a service.
pub fn gateways<'a>(scene: &Scene<'a>, service: &str) -> Vec<&'a Endpoint> {
    scene
        .endpoints_of(service)
        .into_iter()
        .filter(|endpoint| endpoint.is_gateway())
        .collect()
}

/// The route table that serves the caller's subnet, where it was read.
pub fn table<'a>(scene: &Scene<'a>) -> Option<&'a RouteTable> {
    let tables = scene.inventory()?.route_tables.seen()?;
    route_table::effective(tables, scene.vpc_id.as_deref(), scene.subnet_id.as_deref()?)
}
