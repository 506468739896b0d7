//! The network interfaces that matter: this host's own, and those of the VPC's endpoints.

use std::net::IpAddr;

use super::InventoryQuestion;
use super::reader::{Reader, filter};
use crate::facts::Failure;
use crate::facts::inventory::{Endpoint, NetworkInterface};

/// The most values one filter takes ("List and filter your resources", Amazon EC2 User Guide).
const FILTER_VALUES: usize = 200;

/// The interfaces that have one of this host's addresses, in any VPC or in this one.
pub(super) async fn own(
    reader: &Reader,
    addresses: &[IpAddr],
    vpc: Option<&str>,
) -> Result<Vec<NetworkInterface>, Failure> {
    let of_family = async |name, wanted: fn(&IpAddr) -> bool| {
        let wanted: Vec<String> = addresses
            .iter()
            .filter(|address| wanted(address))
            .take(FILTER_VALUES)
            .map(IpAddr::to_string)
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut filters = vec![filter(name, wanted)];
        filters.extend(vpc.map(|vpc| filter("vpc-id", [vpc])));
        reader.interfaces(filters).await
    };
    let (ipv4, ipv6) = tokio::try_join!(
        of_family("addresses.private-ip-address", IpAddr::is_ipv4),
        of_family("ipv6-addresses.ipv6-address", IpAddr::is_ipv6),
    )?;
    Ok(merged([ipv4, ipv6]))
}

/// The interfaces of these endpoints.
///
/// They are named by the endpoints: neither an interface's type nor its description tells them reliably.
pub(super) async fn of_endpoints(
    reader: &Reader,
    endpoints: &[Endpoint],
) -> Result<Vec<NetworkInterface>, Failure> {
    let mut ids: Vec<&str> = endpoints
        .iter()
        .flat_map(|endpoint| &endpoint.interface_ids)
        .map(String::as_str)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let chunks = ids
        .chunks(FILTER_VALUES)
        .map(|ids| reader.interfaces(vec![filter("network-interface-id", ids.iter().copied())]));
    let found = futures_util::future::try_join_all(chunks).await?;
    Ok(merged(found))
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
    let is_own = |interface: &&NetworkInterface| match (&question.mac, &interface.mac) {
        (Some(own), Some(mac)) => own.eq_ignore_ascii_case(mac),
        (Some(_), None) => false,
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
    }
}
