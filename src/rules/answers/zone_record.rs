//! The commands that make a private zone's record lead to the service's endpoint.

use crate::facts::inventory::Endpoint;
use crate::rules::cause::region_flag;
use crate::symptoms::Scene;

/// The available interface endpoint of this VPC whose addresses a name should have.
pub(super) fn endpoint<'a>(scene: &Scene<'a>, service: &str) -> Option<&'a Endpoint> {
    scene.endpoints_of(service).into_iter().find(|endpoint| {
        endpoint.is_interface() && endpoint.is_available() && own_name(endpoint).is_some()
    })
}

/// The commands that set a name's record, in this zone or in the zone of the account's own that is the closest.
///
/// An alias to the endpoint's own name follows the endpoint's addresses (Route 53 Developer Guide, "Routing traffic to an
/// Amazon Virtual Private Cloud interface endpoint by using your domain name").
pub(super) fn commands(
    scene: &Scene<'_>,
    zone: Option<&str>,
    name: &str,
    endpoint: &Endpoint,
    types: &[&str],
) -> Vec<String> {
    let region = region_flag(scene);
    let (Some(vpc), Some(place), Some(target)) = (
        scene.vpc_id.as_deref(),
        scene.region.as_ref(),
        own_name(endpoint),
    ) else {
        return list(scene);
    };
    let query = match zone {
        Some(zone) => format!("HostedZoneSummaries[?Name=='{zone}.'].HostedZoneId"),
        None => format!(
            "sort_by(HostedZoneSummaries[?Owner.OwningAccount && ends_with('.{name}.', join('', ['.', Name]))], &length(Name))[-1].HostedZoneId"
        ),
    };
    let zone_id = format!(
        "$(aws route53 list-hosted-zones-by-vpc --vpc-id {vpc} --vpc-region {} --query \"{query}\" --output text)",
        place.as_str()
    );
    let target_zone = format!(
        "$(aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {} --query 'VpcEndpoints[0].DnsEntries[0].HostedZoneId' --output text{region})",
        endpoint.id
    );
    types
        .iter()
        .map(|kind| {
            format!(
                "aws route53 change-resource-record-sets --hosted-zone-id \"{zone_id}\" --change-batch \"Changes=[{{Action=UPSERT,ResourceRecordSet={{Name={name},Type={kind},AliasTarget={{HostedZoneId={target_zone},DNSName={target},EvaluateTargetHealth=false}}}}}}]\""
            )
        })
        .collect()
}

/// The command that takes a zone from this VPC.
pub(super) fn disassociate(scene: &Scene<'_>, zone: &str) -> Vec<String> {
    let (Some(vpc), Some(region)) = (scene.vpc_id.as_deref(), scene.region.as_ref()) else {
        return list(scene);
    };
    let region = region.as_str();
    vec![format!(
        "aws route53 disassociate-vpc-from-hosted-zone --hosted-zone-id \"$(aws route53 list-hosted-zones-by-vpc --vpc-id {vpc} --vpc-region {region} --query \"HostedZoneSummaries[?Name=='{zone}.'].HostedZoneId\" --output text)\" --vpc VPCRegion={region},VPCId={vpc}"
    )]
}

/// The command that lists the private zones this VPC sees.
pub(super) fn list(scene: &Scene<'_>) -> Vec<String> {
    match (scene.vpc_id.as_deref(), scene.region.as_ref()) {
        (Some(vpc), Some(region)) => vec![format!(
            "aws route53 list-hosted-zones-by-vpc --vpc-id {vpc} --vpc-region {}",
            region.as_str()
        )],
        _ => vec!["aws route53 list-hosted-zones".to_owned()],
    }
}

/// The endpoint's own regional name, the first that the API lists.
fn own_name(endpoint: &Endpoint) -> Option<&str> {
    let mut names = endpoint.dns_names.iter().map(String::as_str);
    let first = names.find(|name| name.contains(".vpce."))?;
    // A name that is no plain one has no place in a shell's line.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.*".contains(c);
    first
        .chars()
        .all(plain)
        .then(|| first.trim_start_matches("*."))
}
