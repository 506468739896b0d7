//! From the EC2 API's records to facts. Fields that are missing are accepted; what is there and cannot be
//! read makes the whole list unreadable, since a rule must not judge by half of it.

mod endpoints;
mod guards;
mod network;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::facts::{Failure, FailureKind};

pub(super) use endpoints::{endpoint, endpoint_service, network_interface, prefix_list};
pub(super) use guards::{network_acl, security_group};
pub(super) use network::{dhcp_options, route_table, subnet, vpc};

/// A range of addresses in its text form.
pub(super) fn cidr(text: &str) -> Result<IpNet, Failure> {
    text.trim()
        .parse()
        .map_err(|_| unreadable("a range of addresses", text))
}

fn address(text: &str) -> Result<IpAddr, Failure> {
    text.trim()
        .parse()
        .map_err(|_| unreadable("an address", text))
}

/// An id, or nothing where it is missing.
fn id(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn unreadable(expected: &str, found: &str) -> Failure {
    let found: String = found.chars().take(64).collect();
    Failure::new(
        FailureKind::Malformed,
        format!("expected {expected}, found {found:?}"),
    )
}
