//! Where an answered address lies: judged by the VPC's own CIDRs and the endpoints' own interfaces, never by RFC 1918.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::facts::inventory::{Endpoint, NetworkInterface};

use super::gateway::{self, GatewayPath};
use super::scene::Scene;

/// Where an address lies, as seen for one service.
#[derive(Debug, Clone, PartialEq)]
pub enum Placement<'a> {
    /// An interface of an available endpoint of the service, in this VPC.
    Endpoint(&'a Endpoint, &'a NetworkInterface),
    /// An interface of an endpoint of the service in this VPC that is not available.
    NotAvailable(&'a Endpoint, &'a NetworkInterface),
    /// An interface of an endpoint of the service in another VPC.
    KnownElsewhere(&'a Endpoint, &'a NetworkInterface),
    /// An interface of an endpoint of another service.
    OtherService(&'a Endpoint, &'a NetworkInterface),
    /// Inside the VPC's CIDRs, and nobody can say whose interface it is.
    InVpc,
    /// Inside the VPC's CIDRs, and no interface of any endpoint of the service.
    InVpcForeign,
    /// Outside the VPC, in a range the operator allows.
    Allowed,
    /// In a private range outside the VPC that nobody vouched for.
    PrivateElsewhere,
    /// In a private range, while this VPC has an available endpoint of the service with private DNS on whose
    /// addresses it is none of.
    PrivateForeign,
    /// A public address inside the prefix list that this subnet's route table sends to a gateway endpoint.
    Gateway(Option<&'a Endpoint>),
    /// A public address of a service that can have a gateway endpoint, whose route cannot be read.
    GatewayUnconfirmed,
    /// A public address.
    Public,
    /// An address no service has: unspecified, loopback, link-local, documentation, benchmarking.
    Sinkhole,
}

/// Where this address lies for this service, reached under this name.
pub fn place<'a>(scene: &Scene<'a>, service: &str, name: &str, address: IpAddr) -> Placement<'a> {
    let address = without_dns64(address);
    if let Some((endpoint, interface)) = scene.endpoint_at(address) {
        return match (
            scene.serves_name(endpoint, service, name),
            scene.is_of_this_vpc(endpoint),
        ) {
            (true, true) if endpoint.is_available() => Placement::Endpoint(endpoint, interface),
            (true, true) => Placement::NotAvailable(endpoint, interface),
            (true, false) => Placement::KnownElsewhere(endpoint, interface),
            (false, _) => Placement::OtherService(endpoint, interface),
        };
    }
    if scene.in_vpc(address) == Some(true) {
        return match has_foreign_endpoints(scene, service, name) {
            true => Placement::InVpcForeign,
            false => Placement::InVpc,
        };
    }
    // The VPC's own endpoint answers under this name: any other address is wrong, vouched for or not.
    let own_endpoint = private_dns_endpoint_with_known_addresses(scene, service, name);
    let allowed = &scene.facts.request.allow_cidrs;
    if !own_endpoint && allowed.iter().any(|cidr| cidr.contains(&address)) {
        return Placement::Allowed;
    }
    if is_sinkhole(address) {
        return Placement::Sinkhole;
    }
    if is_private(address) || scene.vpc_cidrs.is_empty() && own_range_is_public(scene, address) {
        return match own_endpoint {
            true => Placement::PrivateForeign,
            false => Placement::PrivateElsewhere,
        };
    }
    public(scene, service, address)
}

/// The IPv4 address that a DNS64 resolver wrapped in `64:ff9b::/96` (RFC 6052), else the address itself.
pub fn without_dns64(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let bits = (u32::from(high) << 16) | u32::from(low);
                IpAddr::V4(Ipv4Addr::from(bits))
            }
            _ => address,
        },
        IpAddr::V4(_) => address,
    }
}

/// Whether an address is in a range that is never routed on the internet (RFC 1918, RFC 6598, RFC 4193).
/// This is only asked of addresses outside the VPC; inside it, the VPC's CIDRs decide.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || is_shared(v4),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

fn is_shared(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 100 && (64..128).contains(&b)
}

/// Whether an address is one that no service has: unspecified, loopback, link-local, documentation, benchmarking.
pub fn is_sinkhole(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_unspecified()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a == 198 && (b == 18 || b == 19)
        }
        IpAddr::V6(v6) => {
            v6.is_unspecified()
                || v6.is_loopback()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || is_documentation(v6)
        }
    }
}

fn is_documentation(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0x2001, 0xdb8, ..])
}

/// Without any CIDR of the VPC, a host that itself has an address of a public range may sit in a VPC of one, as every VPC
/// with Amazon's IPv6 addresses is; so may a host whose addresses are not known either.
fn own_range_is_public(scene: &Scene<'_>, address: IpAddr) -> bool {
    let own = &scene.facts.host.addresses;
    let is_public_too = |own: &IpAddr| {
        own.is_ipv4() == address.is_ipv4() && !is_private(*own) && !is_sinkhole(*own)
    };
    own.is_empty() || own.iter().any(is_public_too)
}

/// Whether it is certain that an address in this VPC that is no known interface belongs to no endpoint of the
/// service: the list is complete and the interfaces of all its endpoints were read.
fn has_foreign_endpoints(scene: &Scene<'_>, service: &str, name: &str) -> bool {
    if !scene.endpoint_list_is_complete() || scene.service(service).is_none() {
        return false;
    }
    let interfaces_read = scene
        .inventory()
        .is_some_and(|inventory| inventory.network_interfaces.is_seen());
    let of_service = scene.all_endpoints_of_name(service, name);
    interfaces_read
        && of_service
            .iter()
            .filter(|endpoint| endpoint.is_interface())
            .all(|endpoint| {
                // An endpoint in use here has interfaces: a list without them is one that does not tell.
                let in_use = endpoint.is_available() && scene.is_of_this_vpc(endpoint);
                scene.interfaces_are_known(endpoint) || endpoint.interface_ids.is_empty() && !in_use
            })
}

fn private_dns_endpoint_with_known_addresses(scene: &Scene<'_>, service: &str, name: &str) -> bool {
    let own = scene.all_endpoints_of_name(service, name);
    own.iter().any(|endpoint| {
        scene.is_of_this_vpc(endpoint)
            && endpoint.is_interface()
            && endpoint.is_available()
            && endpoint.private_dns_enabled
            && (endpoint.covers(name) || endpoint.private_names().next().is_none())
            && scene.interfaces_are_known(endpoint)
    })
}

fn public<'a>(scene: &Scene<'a>, service: &str, address: IpAddr) -> Placement<'a> {
    let has_gateway = scene
        .service(service)
        .is_some_and(|service| service.has_gateway());
    if !has_gateway {
        return Placement::Public;
    }
    match gateway::path(scene, service, address) {
        GatewayPath::Through(endpoint) => Placement::Gateway(endpoint),
        GatewayPath::NotThrough => Placement::Public,
        GatewayPath::Unknown => Placement::GatewayUnconfirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_synthesised_by_dns64_is_judged_by_the_address_inside() {
        let wrapped: IpAddr = "64:ff9b::a00:137".parse().unwrap();
        assert_eq!(
            without_dns64(wrapped),
            "10.0.1.55".parse::<IpAddr>().unwrap()
        );
    }

    #[test]
    fn sinkholes_are_known_and_shared_address_space_is_private() {
        for sinkhole in [
            "0.0.0.0",
            "127.0.0.1",
            "198.18.0.1",
            "::",
            "::1",
            "192.0.2.1",
        ] {
            assert!(is_sinkhole(sinkhole.parse().unwrap()), "{sinkhole}");
        }
        for private in ["10.1.2.3", "100.64.0.1", "172.31.0.1", "fd00::1"] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["52.94.1.1", "100.128.0.1", "2600:1f00::1", "172.32.0.1"] {
            let public = public.parse().unwrap();
            assert!(!is_private(public) && !is_sinkhole(public), "{public}");
        }
    }
}
