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
                "Associate the route table with the gateway endpoint.",
                vec![format!(
                    "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --add-route-table-ids {}{}",
                    endpoint.id,
                    table.id,
                    region_flag(scene)
                )],
            );
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
