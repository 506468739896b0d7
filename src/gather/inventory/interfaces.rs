//! The network interfaces that matter: this host's own, and those of the VPC's endpoints.

use std::net::IpAddr;

use super::InventoryQuestion;
use super::reader::{Reader, filter};
use crate::facts::Failure;
use crate::facts::inventory::{Endpoint, NetworkInterface};

/// The most values one filter takes ("List and filter your resources", Amazon EC2 User Guide).
pub(super) const FILTER_VALUES: usize = 200;
/// How AWS describes the interfaces of endpoints, with a colon behind it or without; then comes the endpoint's id.
const DESCRIPTION: &str = "VPC Endpoint Interface*";

/// The interfaces that have one of this host's addresses, in any VPC or in this one.
pub(super) async fn own(
    reader: &Reader,
    addresses: &[IpAddr],
    vpc: Option<&str>,
) -> Result<Vec<NetworkInterface>, Failure> {
    let of_family = |wanted: fn(&IpAddr) -> bool| -> Vec<String> {
        let wanted = addresses.iter().filter(|address| wanted(address));
        wanted.take(FILTER_VALUES).map(IpAddr::to_string).collect()
    };
    let (ipv4, ipv6) = tokio::try_join!(
        with(
            reader,
            "addresses.private-ip-address",
            of_family(IpAddr::is_ipv4),
            vpc
        ),
        with(
            reader,
            "ipv6-addresses.ipv6-address",
            of_family(IpAddr::is_ipv6),
            vpc
        ),
    )?;
    let mut found = merged([ipv4, ipv6]);
    // Not every implementation of the API filters by all that AWS's does.
    found.retain(|interface| {
        let mut held = interface.addresses.iter();
        held.any(|address| addresses.contains(address))
    });
    Ok(found)
}

/// The interfaces of this VPC that are described as endpoints'.
///
/// That tells them as a rule, and can be asked before the endpoints are known; their type is less sure. What it misses
/// is asked for by name.
pub(super) async fn described_as_of_endpoints(
    reader: &Reader,
    vpc: &str,
) -> Result<Vec<NetworkInterface>, Failure> {
    with(
        reader,
        "description",
        vec![DESCRIPTION.to_owned()],
        Some(vpc),
    )
    .await
}

/// The interfaces of these endpoints; those that are known already are not asked for.
///
/// They are named by the endpoints: neither an interface's type nor its description tells them reliably.
pub(super) async fn of_endpoints(
    reader: &Reader,
    endpoints: &[Endpoint],
    mut known: Vec<NetworkInterface>,
) -> Result<Vec<NetworkInterface>, Failure> {
    let mut ids: Vec<String> = endpoints
        .iter()
        .flat_map(|endpoint| &endpoint.interface_ids)
        .cloned()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    known.retain(|interface| ids.binary_search(&interface.id).is_ok());
    ids.retain(|id| !known.iter().any(|interface| interface.id == *id));
    let chunks: Vec<Vec<String>> = ids.chunks(FILTER_VALUES).map(<[String]>::to_vec).collect();
    let asked = chunks
        .into_iter()
        .map(|ids| with(reader, "network-interface-id", ids, None));
    let found = futures_util::future::try_join_all(asked).await?;
    Ok(merged(found.into_iter().chain([known])))
}

/// Lists as one, each interface once.
pub(super) fn merged(
    lists: impl IntoIterator<Item = Vec<NetworkInterface>>,
) -> Vec<NetworkInterface> {
    let mut all: Vec<NetworkInterface> = Vec::new();
    for interface in lists.into_iter().flatten() {
        if !all.iter().any(|known| known.id == interface.id) {
            all.push(interface);
        }
    }
    all
}

/// The VPC this host is in by its own interfaces, or why that cannot be said.
///
/// VPCs may overlap, so an address alone may be another host's: the hardware address decides where it is known.
pub(super) fn vpc_of(
    found: &[NetworkInterface],
    question: &InventoryQuestion,
) -> Result<String, &'static str> {
    // Where no interface tells its hardware address there is nothing to compare with.
    let any_told = found.iter().any(|interface| interface.mac.is_some());
    let is_own = |interface: &&NetworkInterface| match (&question.mac, &interface.mac) {
        (Some(own), Some(mac)) => own.eq_ignore_ascii_case(mac),
        (Some(_), None) => !any_told,
        (None, _) => true,
    };
    let mut vpcs: Vec<&str> = found
        .iter()
        .filter(is_own)
        .filter_map(|interface| interface.vpc_id.as_deref())
        .collect();
    vpcs.sort_unstable();
    vpcs.dedup();
    match vpcs[..] {
        [vpc] => Ok(vpc.to_owned()),
        [] if found.is_empty() => Err(
            "this VPC is not known: no network interface of this account has this host's address",
        ),
        [] => Err(
            "this VPC is not known: network interfaces with this host's address are other hosts'",
        ),
        _ => Err(
            "this VPC is not known: network interfaces in several VPCs have this host's address",
        ),
    }
}

/// The interfaces with one of these values, in any VPC or in this one; none for no values.
async fn with(
    reader: &Reader,
    name: &str,
    values: Vec<String>,
    vpc: Option<&str>,
) -> Result<Vec<NetworkInterface>, Failure> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let mut filters = vec![filter(name, values)];
    filters.extend(vpc.map(|vpc| filter("vpc-id", [vpc])));
    reader.interfaces(filters).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(id: &str, vpc: &str, mac: &str) -> NetworkInterface {
        NetworkInterface {
            id: id.to_owned(),
            subnet_id: None,
            vpc_id: Some(vpc.to_owned()),
            availability_zone: None,
            addresses: Vec::new(),
            public_addresses: Vec::new(),
            mac: Some(mac.to_owned()),
            group_ids: Vec::new(),
            description: None,
        }
    }

    #[test]
    fn the_hardware_address_decides_between_overlapping_vpcs() {
        let found = [
            interface("eni-1", "vpc-a", "02:00:00:00:00:01"),
            interface("eni-2", "vpc-b", "02:00:00:00:00:0a"),
        ];
        let asked = |mac: Option<&str>| InventoryQuestion {
            mac: mac.map(str::to_owned),
            ..InventoryQuestion::default()
        };
        assert_eq!(
            vpc_of(&found, &asked(Some("02:00:00:00:00:0A"))).unwrap(),
            "vpc-b"
        );
        assert!(vpc_of(&found, &asked(None)).is_err());
        assert!(vpc_of(&found, &asked(Some("02:00:00:00:00:ff"))).is_err());
        assert_eq!(vpc_of(&found[..1], &asked(None)).unwrap(), "vpc-a");
        assert!(vpc_of(&[], &asked(None)).is_err());
        let untold = [NetworkInterface {
            mac: None,
            ..found[0].clone()
        }];
        let here = asked(Some("02:00:00:00:00:01"));
        assert_eq!(vpc_of(&untold, &here).unwrap(), "vpc-a");
        let mixed = [untold[0].clone(), found[1].clone()];
        assert!(vpc_of(&mixed, &here).is_err());
    }
}
