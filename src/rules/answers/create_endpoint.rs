//! The commands that create an endpoint: complete, with this VPC's own subnets, groups and route tables.

use crate::facts::inventory::Endpoint;
use crate::rules::cause::{quoted, region_flag};
use crate::symptoms::{Scene, gateway};

/// The commands that create the endpoint of a service, gateway or interface.
///
/// Subnets and groups are those of `model`, an endpoint to be replaced, else those of the neighbour that serves best.
pub(super) fn commands(
    scene: &Scene<'_>,
    service_name: &str,
    is_gateway: bool,
    model: Option<&Endpoint>,
) -> Vec<String> {
    let region = region_flag(scene);
    let Some(vpc) = scene.vpc_id.as_deref() else {
        return vec![format!("aws ec2 describe-vpcs{region}")];
    };
    let create = |kind: &str, rest: &str| {
        format!(
            "aws ec2 create-vpc-endpoint --vpc-id {vpc} --vpc-endpoint-type {kind} --service-name {service_name} {rest}{region}"
        )
    };
    if is_gateway {
        let known = model.map(|model| model.route_table_ids.join(" "));
        let tables = known
            .filter(|tables| !tables.is_empty())
            .or_else(|| gateway::table(scene).map(|table| table.id.clone()))
            .unwrap_or_else(|| {
                format!("$(aws ec2 describe-route-tables --filters Name=vpc-id,Values={vpc} --query 'RouteTables[].RouteTableId' --output text{region})")
            });
        return vec![create("Gateway", &format!("--route-table-ids {tables}"))];
    }
    let neighbour = neighbour(scene);
    let listed = |ids: fn(&Endpoint) -> &[String]| {
        let of = |endpoint: &Endpoint| ids(endpoint).join(" ");
        let known = model.map(of).filter(|ids| !ids.is_empty());
        known.or_else(|| neighbour.map(of).filter(|ids| !ids.is_empty()))
    };
    let subnets = listed(|endpoint| &endpoint.subnet_ids).or_else(|| scene.subnet_id.clone());
    let Some(subnets) = subnets else {
        return vec![format!(
            "aws ec2 describe-subnets --filters Name=vpc-id,Values={vpc}{region}"
        )];
    };
    let mut commands = Vec::new();
    let groups = listed(|endpoint| &endpoint.group_ids).unwrap_or_else(|| {
        commands = new_group(scene, vpc);
        "\"$GROUP\"".to_owned()
    });
    // A host without IPv4 reaches the IPv6 addresses alone.
    let family = match scene.facts.host.ipv4_route || !scene.facts.host.ipv6_route {
        true => "",
        false => " --ip-address-type dualstack --dns-options DnsRecordIpType=dualstack",
    };
    commands.push(create(
        "Interface",
        &format!(
            "--subnet-ids {subnets} --security-group-ids {groups} --private-dns-enabled{family}"
        ),
    ));
    commands
}

/// The interface endpoint of this VPC that is the best model: one that answers this caller, then the one in most subnets.
fn neighbour<'a>(scene: &Scene<'a>) -> Option<&'a Endpoint> {
    let answers = |endpoint: &Endpoint| {
        scene.facts.probes.iter().any(|probe| {
            let at = scene.endpoint_at(probe.address);
            probe.tcp.is_seen() && at.is_some_and(|(other, _)| other.id == endpoint.id)
        })
    };
    scene
        .endpoints()
        .unwrap_or_default()
        .iter()
        .filter(|endpoint| endpoint.is_interface() && scene.is_of_this_vpc(endpoint))
        .max_by_key(|endpoint| (answers(endpoint), endpoint.subnet_ids.len()))
}

/// The first endpoint of a VPC: there is no group yet that lets callers in.
fn new_group(scene: &Scene<'_>, vpc: &str) -> Vec<String> {
    let region = region_flag(scene);
    let mut commands = vec![format!(
        "GROUP=$(aws ec2 create-security-group --group-name vpc-endpoints --description {} --vpc-id {vpc} --query GroupId --output text{region})",
        quoted("HTTPS to VPC endpoints")
    )];
    for cidr in scene.vpc_cidrs.iter().filter(|cidr| cidr.addr().is_ipv4()) {
        commands.push(format!(
            "aws ec2 authorize-security-group-ingress --group-id \"$GROUP\" --protocol tcp --port 443 --cidr {cidr}{region}"
        ));
    }
    commands
}
