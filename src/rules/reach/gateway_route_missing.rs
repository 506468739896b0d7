use crate::facts::inventory::{Destination, Endpoint, RouteTable};
use crate::rules::answers::why_public::{WhyPublic, public_names};
use crate::rules::cause::{Cause, by_subject_in_all_places, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms, gateway};

rule! {
    /// A gateway endpoint for S3 or DynamoDB is there, and this subnet's route table is not on it.
    ///
    /// The service's public addresses are normal behind a gateway endpoint. Here no route of the subnet's table sends them to
    /// it, so the traffic leaves through a NAT gateway, or hangs.
    ///
    /// ## Told apart by
    /// The endpoint is available, the subnet's route table was read, and it has no route to the endpoint for the address
    /// (or a more specific one beats it). An interface endpoint of S3 whose private DNS is only for inbound resolvers
    /// changes nothing inside the VPC; it is named in the evidence.
    ///
    /// ## Fix
    /// Associate the subnet's route table with the gateway endpoint.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Gateway endpoints", routing; "Private DNS" of Amazon S3 interface endpoints.
    pub GATEWAY_ROUTE_MISSING, "gateway-route-missing", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let causes = public_names(scene, symptoms).filter_map(|(symptom, why)| {
        let WhyPublic::GatewayRouteMissing(endpoint) = why else {
            return None;
        };
        let table = gateway::table(scene)?;
        let mut cause = Cause::shown_by(&table.id, [symptom])
            .follows(symptoms.after_name(scene, &symptom.name))
            .title(format!(
                "{} has no route to {}'s gateway endpoint {}",
                table.id, symptom.service, endpoint.id
            ))
            .because(format!(
                "{} answers with public addresses, and this subnet's route table {} does not send them to {}.",
                symptom.name, table.id, endpoint.id
            ))
            .evidence(match endpoint.route_table_ids.is_empty() {
                true => format!("{} is associated with no route table.", endpoint.id),
                false => format!(
                    "{} is associated with {}.",
                    endpoint.id,
                    endpoint.route_table_ids.join(", ")
                ),
            })
            .fix(
                match endpoint.route_table_ids.contains(&table.id) {
                    true => "Delete the routes that go before the gateway endpoint's.",
                    false => "Associate the route table with the gateway endpoint.",
                },
                commands(scene, table, endpoint),
            );
        if !endpoint.route_table_ids.contains(&table.id) {
            cause = cause.assume(format!("route-added={}", symptom.service));
        }
        let inbound_only = scene
            .endpoints_of(&symptom.service)
            .into_iter()
            .find(|other| other.is_interface() && other.inbound_resolver_only == Some(true));
        if let Some(other) = inbound_only {
            cause = cause.evidence(format!(
                "{} has private DNS for inbound resolvers only, so the name stays public inside the VPC.",
                other.id
            ));
        }
        Some(cause)
    });
    by_subject_in_all_places(causes)
}

/// What is lacking is the association; where that is there, more specific routes go before the endpoint's (Amazon VPC User
/// Guide, "Route priority").
fn commands(scene: &Scene<'_>, table: &RouteTable, endpoint: &Endpoint) -> Vec<String> {
    let region = region_flag(scene);
    let (id, endpoint_id) = (&table.id, &endpoint.id);
    if !endpoint.route_table_ids.contains(id) {
        return vec![format!(
            "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint_id} --add-route-table-ids {id}{region}"
        )];
    }
    let lists = scene.inventory().and_then(|i| i.prefix_lists.seen());
    let ranges: Vec<_> = lists
        .into_iter()
        .flatten()
        .filter(|list| list.name.as_ref() == Some(&endpoint.service_name))
        .flat_map(|list| &list.cidrs)
        .collect();
    let before = table
        .routes
        .iter()
        .filter_map(|route| match &route.destination {
            Destination::Cidr(cidr) if ranges.iter().any(|range| range.contains(cidr)) => {
                Some(cidr)
            }
            _ => None,
        });
    before
        .map(|cidr| {
            let flag = match cidr.addr().is_ipv4() {
                true => "--destination-cidr-block",
                false => "--destination-ipv6-cidr-block",
            };
            format!("aws ec2 delete-route --route-table-id {id} {flag} {cidr}{region}")
        })
        .collect()
}
