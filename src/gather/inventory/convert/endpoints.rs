//! VPC endpoints, their interfaces, prefix lists and the services on offer.

use aws_sdk_ec2::types;

use super::{address, cidr, id, owned};
use crate::facts::Failure;
use crate::facts::inventory::{Endpoint, EndpointService, NetworkInterface, PrefixList};

/// A VPC endpoint, its state and type in the API's own spelling.
pub(in crate::gather::inventory) fn endpoint(
    endpoint: &types::VpcEndpoint,
) -> Result<Endpoint, Failure> {
    let last_error = endpoint.last_error().map(|error| {
        let parts = [error.code(), error.message()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    });
    Ok(Endpoint {
        id: id(endpoint.vpc_endpoint_id()),
        kind: id(endpoint.vpc_endpoint_type().map(|kind| kind.as_str())),
        service_name: id(endpoint.service_name()),
        service_region: owned(endpoint.service_region()),
        vpc_id: owned(endpoint.vpc_id()),
        owner_id: owned(endpoint.owner_id()),
        state: id(endpoint.state().map(|state| state.as_str())),
        private_dns_enabled: endpoint.private_dns_enabled().unwrap_or_default(),
        inbound_resolver_only: endpoint
            .dns_options()
            .and_then(|options| options.private_dns_only_for_inbound_resolver_endpoint()),
        subnet_ids: endpoint.subnet_ids().to_vec(),
        interface_ids: endpoint.network_interface_ids().to_vec(),
        group_ids: endpoint
            .groups()
            .iter()
            .filter_map(|group| owned(group.group_id()))
            .collect(),
        route_table_ids: endpoint.route_table_ids().to_vec(),
        dns_names: endpoint
            .dns_entries()
            .iter()
            .filter_map(|entry| entry.dns_name())
            .map(hostname)
            .collect(),
        policy: owned(endpoint.policy_document()),
        last_error: last_error
            .filter(|text| !text.is_empty())
            .or_else(|| owned(endpoint.failure_reason())),
    })
}

/// A network interface with all its addresses.
pub(in crate::gather::inventory) fn network_interface(
    interface: &types::NetworkInterface,
) -> Result<NetworkInterface, Failure> {
    let held = interface.private_ip_addresses();
    let private = interface
        .private_ip_address()
        .into_iter()
        .chain(held.iter().filter_map(|held| held.private_ip_address()))
        .chain(
            interface
                .ipv6_addresses()
                .iter()
                .filter_map(|held| held.ipv6_address()),
        );
    let public = interface
        .association()
        .into_iter()
        .chain(held.iter().filter_map(|held| held.association()))
        .filter_map(|association| association.public_ip());
    Ok(NetworkInterface {
        id: id(interface.network_interface_id()),
        subnet_id: owned(interface.subnet_id()),
        vpc_id: owned(interface.vpc_id()),
        availability_zone: owned(interface.availability_zone()),
        addresses: addresses(private)?,
        public_addresses: addresses(public)?,
        mac: owned(interface.mac_address()).map(|mac| mac.to_ascii_lowercase()),
        group_ids: interface
            .groups()
            .iter()
            .filter_map(|group| owned(group.group_id()))
            .collect(),
        description: owned(interface.description()),
    })
}

/// A prefix list; its ranges may be missing in the answer.
pub(in crate::gather::inventory) fn prefix_list(
    list: &types::PrefixList,
) -> Result<PrefixList, Failure> {
    Ok(PrefixList {
        id: id(list.prefix_list_id()),
        name: owned(list.prefix_list_name()),
        cidrs: list
            .cidrs()
            .iter()
            .map(|text| cidr(text))
            .collect::<Result<_, _>>()?,
    })
}

/// An endpoint service on offer.
pub(in crate::gather::inventory) fn endpoint_service(
    service: &types::ServiceDetail,
) -> Result<EndpointService, Failure> {
    let mut names: Vec<String> = Vec::new();
    let listed = service
        .private_dns_names()
        .iter()
        .filter_map(|details| details.private_dns_name());
    for name in listed.chain(service.private_dns_name()).map(hostname) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(EndpointService {
        name: id(service.service_name()),
        kinds: service
            .service_type()
            .iter()
            .filter_map(|detail| detail.service_type())
            .map(|kind| kind.as_str().to_owned())
            .collect(),
        private_dns_names: names,
        availability_zones: service.availability_zones().to_vec(),
    })
}

/// Addresses, each once.
fn addresses<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<std::net::IpAddr>, Failure> {
    let mut addresses = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        let address = address(text)?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// A name as the facts have names: in lower case, without a trailing dot.
fn hostname(text: &str) -> String {
    text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()
}
