use crate::configuration::route_table::internet_route;
use crate::facts::Expect;
use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms, gateway};
use crate::verdict::finding::Severity;

rule! {
    /// This subnet has a way to the internet.
    ///
    /// Its route table has a default route to an internet or NAT gateway, or the host has a public address. Where isolation is
    /// expected (`--expect isolated`) this fails, otherwise it is for information.
    ///
    /// ## Told apart by
    /// The subnet's route table, and the public addresses that metadata or EC2 tell.
    ///
    /// ## Fix
    /// Where isolation is meant, delete the default route, or move the workload to a subnet without one.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "Internet gateways" and "NAT gateways".
    pub INTERNET_ROUTE_PRESENT, "internet-route-present", Info, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let severity = match scene.facts.request.expect {
        Expect::Isolated => Severity::Fail,
        Expect::Private | Expect::Reachable => Severity::Info,
    };
    let table = gateway::table(scene);
    let route = table.and_then(|table| internet_route(table).map(|route| (table, route)));
    let public = &scene.facts.host.public_addresses;
    let (subject, title) = match (route, public.first()) {
        (Some((table, route)), _) => (
            table.id.clone(),
            format!("{} has a default route to {}", table.id, route.target),
        ),
        (None, Some(address)) => (
            scene
                .facts
                .host
                .interface_id
                .clone()
                .unwrap_or_else(|| address.to_string()),
            format!("This host has the public address {address}"),
        ),
        (None, None) => return Vec::new(),
    };
    let mut cause = Cause::alone(subject, severity, Vec::new())
        .title(title)
        .because("Traffic can leave this subnet to the internet.");
    let mut commands = Vec::new();
    if let Some((table, route)) = route {
        let destination = match &route.destination {
            crate::facts::inventory::Destination::Cidr(cidr) => cidr.to_string(),
            crate::facts::inventory::Destination::PrefixList(id) => id.clone(),
        };
        cause = cause.evidence(format!("{}: {destination} to {}.", table.id, route.target));
        let flag = match destination.contains(':') {
            true => "--destination-ipv6-cidr-block",
            false => "--destination-cidr-block",
        };
        commands.push(format!(
            "aws ec2 delete-route --route-table-id {} {flag} {destination}{}",
            table.id,
            region_flag(scene)
        ));
    }
    if let (false, Some(interface)) = (public.is_empty(), &scene.facts.host.interface_id) {
        commands.push(format!(
            "aws ec2 modify-network-interface-attribute --network-interface-id {interface} --no-associate-public-ip-address{}",
            region_flag(scene)
        ));
    }
    for address in public {
        cause = cause.evidence(format!("The host has the public address {address}."));
    }
    cause = cause.fix("Where isolation is meant, take the way out away.", commands);
    vec![cause.assume("no-internet")]
}
