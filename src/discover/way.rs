//! Which way traffic to an address takes.

use std::net::IpAddr;

use serde::Serialize;

use super::whose::Whose;
use crate::symptoms::placement::{Placement, is_private, place};
use crate::symptoms::scene::Scene;

/// Which way traffic takes, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// To a network interface of an endpoint in this VPC.
    InterfaceEndpoint,
    /// To a public address that this subnet's route table sends to a gateway endpoint.
    GatewayEndpoint,
    /// To a private address outside this VPC that is allowed, or a known endpoint's.
    CentralEndpoint,
    /// To an address in this VPC that a service's name has; whose interface it is was not read.
    PrivateUnconfirmed,
    /// To a private address outside this VPC that a service's name has and nobody vouched for.
    PrivateUnlisted,
    /// To an address in this VPC that is no service's, as far as is known.
    InVpc,
    /// To a private address outside this VPC that is no service's, as far as is known.
    PrivateElsewhere,
    /// To a public address of a service that may have a gateway endpoint; the route table was not read.
    GatewayUnconfirmed,
    /// To a public address: by an internet or NAT gateway, or whatever else leads there.
    Public,
    /// Which of these it is depends on what is not known.
    Unclear,
}

impl Way {
    /// True where it is certain that no endpoint is on the way.
    pub fn is_public(self) -> bool {
        self == Way::Public
    }

    /// True where the traffic leaves publicly, or may.
    pub fn leaves(self) -> bool {
        matches!(self, Way::Public | Way::GatewayUnconfirmed)
    }

    /// True for the ways through an endpoint.
    pub fn is_endpoint(self) -> bool {
        matches!(
            self,
            Way::InterfaceEndpoint | Way::GatewayEndpoint | Way::CentralEndpoint
        )
    }
}

/// The way to an address, and the endpoint on it where one is known.
pub(super) fn way(
    scene: &Scene<'_>,
    whose: &Whose,
    names: &[String],
    address: IpAddr,
) -> (Way, Option<String>) {
    let services: Vec<&str> = match whose {
        Whose::Service { service } => vec![service],
        Whose::OneOf { services } => services.iter().map(String::as_str).collect(),
        Whose::EndpointService { .. } | Whose::Ranges | Whose::Unknown => vec![],
    };
    let name = names.first().map_or("", String::as_str);
    let is_service = !services.is_empty();
    let mut found: Vec<(Way, Option<String>)> = match services.as_slice() {
        [] => vec![of(&place(scene, "", "", address), is_service)],
        services => services
            .iter()
            .map(|service| of(&place(scene, service, name, address), is_service))
            .collect(),
    };
    found.sort();
    found.dedup();
    let nothing_known = scene.vpc_cidrs.is_empty();
    match found.pop() {
        // Without the VPC's ranges a private address may lie inside it or not, and so may a public one where the host's own is.
        Some((Way::PrivateElsewhere, _)) if nothing_known => (Way::Unclear, None),
        Some((Way::PrivateUnlisted, _)) if nothing_known && !is_private(address) => {
            (Way::Unclear, None)
        }
        Some(way) if found.is_empty() => way,
        _ => (Way::Unclear, None),
    }
}

fn of(placement: &Placement<'_>, is_service: bool) -> (Way, Option<String>) {
    let way = match placement {
        Placement::Endpoint(..) | Placement::NotAvailable(..) | Placement::OtherService(..) => {
            Way::InterfaceEndpoint
        }
        Placement::KnownElsewhere(..) => Way::CentralEndpoint,
        Placement::Allowed if is_service => Way::CentralEndpoint,
        Placement::InVpc | Placement::InVpcForeign if is_service => Way::PrivateUnconfirmed,
        Placement::InVpc | Placement::InVpcForeign => Way::InVpc,
        Placement::PrivateElsewhere | Placement::PrivateForeign | Placement::Sinkhole
            if is_service =>
        {
            Way::PrivateUnlisted
        }
        Placement::PrivateElsewhere
        | Placement::PrivateForeign
        | Placement::Sinkhole
        | Placement::Allowed => Way::PrivateElsewhere,
        Placement::Gateway(_) => Way::GatewayEndpoint,
        Placement::GatewayUnconfirmed => Way::GatewayUnconfirmed,
        Placement::Public => Way::Public,
    };
    let endpoint = match placement {
        Placement::Endpoint(endpoint, _)
        | Placement::NotAvailable(endpoint, _)
        | Placement::KnownElsewhere(endpoint, _)
        | Placement::OtherService(endpoint, _)
        | Placement::Gateway(Some(endpoint)) => Some(endpoint.id.clone()),
        _ => None,
    };
    (way, endpoint)
}
