use std::net::IpAddr;

use crate::configuration::route_table::{Way, way};
use crate::facts::FailureKind;
use crate::facts::inventory::{PrefixList, RouteTable};
use crate::rules::cause::{Cause, by_subject_in_all_places, host_range, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms, gateway};

rule! {
    /// A central endpoint answers in DNS, and there is no route to it.
    ///
    /// The private hosted zone of a hub is associated with this VPC, but no transit gateway or peering route leads
    /// to the hub.
    ///
    /// ## Told apart by
    /// A private answer outside the VPC that cannot be connected to, and either this subnet's route table, which has
    /// no working route to it, or an error that says so (network or host unreachable). Otherwise `tcp-timeout`.
    ///
    /// ## Fix
    /// Add the route to the hub, both ways, or take the zone's association away.
    ///
    /// ## Source
    /// AWS PrivateLink Guide and "Building a Scalable and Secure Multi-VPC AWS Network Infrastructure", centralized endpoints.
    pub CENTRAL_ENDPOINT_UNROUTABLE, "central-endpoint-unroutable", Fail, Path, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let broken = symptoms.where_kind(|kind| {
        matches!(
            kind,
            Kind::Tcp(FailureKind::Timeout | FailureKind::Unreachable)
        )
    });
    let causes = broken.filter_map(|symptom| {
        let address = symptom.address?;
        let outside = scene.in_vpc(address) == Some(false)
            && (crate::symptoms::placement::is_private(address)
                || scene.facts.request.allow_cidrs.iter().any(|c| c.contains(&address)));
        if !outside {
            return None;
        }
        let table = gateway::table(scene);
        let lists = scene.inventory().and_then(|i| i.prefix_lists.seen());
        let shown = match table.map(|table| (table, way(table, lists.map(Vec::as_slice), address))) {
            Some((table, Way::Nowhere)) => format!("{} has no route to {address}.", table.id),
            Some((table, Way::Along(route))) if route.blackhole => format!(
                "{} sends {address} to {}, which is gone (blackhole).",
                table.id, route.target
            ),
            _ if symptom.kind == Kind::Tcp(FailureKind::Unreachable) => {
                format!("Connecting to {address} says that there is no route to it.")
            }
            _ => return None,
        };
        let subject = table.map_or(symptom.name.clone(), |table| table.id.clone());
        let command = match table {
            Some(table) => attach_or_route(scene, table, lists.map(Vec::as_slice), address),
            None => format!("ip route get {address}"),
        };
        Some(
            Cause::shown_by(subject, [symptom])
                .follows(symptoms.following_at(scene, &symptom.name, crate::symptoms::Stage::Tcp, symptom.address))
                .title(format!("There is no route to the central endpoint of {}", symptom.service))
                .because(format!(
                    "{} answers with {address}, outside this VPC, and nothing leads there.",
                    symptom.name
                ))
                .evidence(shown)
                .fix("Add the route to the hub's range, or take the private zone's association away.", vec![command]),
        )
    });
    by_subject_in_all_places(causes)
}

/// What is lacking is the attachment where a route leads to a gateway that is gone, else the route.
fn attach_or_route(
    scene: &Scene<'_>,
    table: &RouteTable,
    lists: Option<&[PrefixList]>,
    address: IpAddr,
) -> String {
    let region = region_flag(scene);
    let route = match way(table, lists, address) {
        Way::Along(route) if route.blackhole && route.target.starts_with("tgw-") => Some(route),
        _ => None,
    };
    let vpc = scene.vpc_id.as_deref().unwrap_or_default();
    if let (Some(route), Some(subnet)) = (route, scene.subnet_id.as_deref()) {
        return format!(
            "aws ec2 create-transit-gateway-vpc-attachment --transit-gateway-id {} --vpc-id {vpc} --subnet-ids {subnet}{region}",
            route.target
        );
    }
    let flag = match address.is_ipv4() {
        true => "--destination-cidr-block",
        false => "--destination-ipv6-cidr-block",
    };
    format!(
        "aws ec2 create-route --route-table-id {} {flag} {} --transit-gateway-id \"$(aws ec2 describe-transit-gateway-vpc-attachments --filters Name=vpc-id,Values={vpc} Name=state,Values=available --query 'TransitGatewayVpcAttachments[0].TransitGatewayId' --output text{region})\"{region}",
        table.id,
        host_range(address)
    )
}
