use crate::facts::inventory::Endpoint;
use crate::rules::cause::{Cause, by_subject, region_flag};
use crate::rules::rule;
use crate::symptoms::placement::{Placement, place};
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

use super::create_endpoint;
use super::why_public::{WhyPublic, public_names};

rule! {
    /// The service's endpoint is there, and it is not available.
    ///
    /// It is pending, waiting for acceptance, rejected, failed, expired or being deleted. Until it is available its
    /// private names do not resolve, so the service's name stays public.
    ///
    /// ## Told apart by
    /// The name answers publicly, and every endpoint of the service in this VPC is in another state than `available`.
    ///
    /// ## Fix
    /// `pending`: wait some minutes. `pendingAcceptance`: the service's owner accepts the connection. `rejected`,
    /// `failed`, `expired`, `deleting`: delete it where it still stands, and create it anew.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Interface endpoint states".
    pub ENDPOINT_NOT_AVAILABLE, "endpoint-not-available", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let public = public_names(scene, symptoms).filter_map(|(symptom, why)| match why {
        WhyPublic::NotAvailable(endpoint) => Some((symptom, endpoint)),
        _ => None,
    });
    // While it is modified or deleted its addresses may still be answered, and fail.
    let failing = symptoms
        .where_kind(|kind| matches!(kind, Kind::Tcp(_) | Kind::Tls(_) | Kind::Http(_)))
        .filter_map(|symptom| {
            let (service, name) = (&symptom.service, &symptom.name);
            match place(scene, service, name, symptom.address?) {
                Placement::NotAvailable(endpoint, _) => Some((symptom, endpoint)),
                _ => None,
            }
        });
    let causes = public
        .chain(failing)
        .map(|(symptom, endpoint)| cause(scene, symptoms, symptom, endpoint));
    by_subject(causes)
}

fn cause(scene: &Scene<'_>, symptoms: &Symptoms, symptom: &Symptom, endpoint: &Endpoint) -> Cause {
    let mut cause = Cause::shown_by(&endpoint.id, [symptom])
        .follows(symptoms.after_name(scene, &symptom.name))
        .title(format!(
            "{}'s endpoint {} is not available: its state is {}",
            symptom.service, endpoint.id, endpoint.state
        ))
        .because(format!(
            "{} works only once it is available; its state is {}.",
            endpoint.id, endpoint.state
        ))
        .evidence(format!(
            "{} ({}) is in state {}.",
            endpoint.id, endpoint.service_name, endpoint.state
        ));
    if let Some(error) = &endpoint.last_error {
        cause = cause.evidence(format!("Its last error: {error}"));
    }
    let (summary, commands) = fix(scene, endpoint);
    cause
        .fix(summary, commands)
        .assume(format!("endpoint-available={}", endpoint.id))
}

fn fix(scene: &Scene<'_>, endpoint: &Endpoint) -> (&'static str, Vec<String>) {
    let region = region_flag(scene);
    let (id, service) = (&endpoint.id, &endpoint.service_name);
    let available = format!(
        "until [ \"$(aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {id} --query 'VpcEndpoints[0].State' --output text{region})\" = available ]; do sleep 15; done"
    );
    let gone = format!(
        "until [ -z \"$(aws ec2 describe-vpc-endpoints --filters Name=vpc-endpoint-id,Values={id} --query 'VpcEndpoints[].VpcEndpointId' --output text{region})\" ]; do sleep 15; done"
    );
    let create = create_endpoint::commands(scene, service, endpoint.is_gateway(), Some(endpoint));
    match endpoint.state.to_ascii_lowercase().as_str() {
        "pending" => ("Wait until it is available.", vec![available]),
        "pendingacceptance" => (
            "The owner of the endpoint service accepts the connection, then it takes some minutes.",
            vec![
                format!(
                    "aws ec2 accept-vpc-endpoint-connections --service-id \"$(aws ec2 describe-vpc-endpoint-services --service-names {service} --query 'ServiceDetails[0].ServiceId' --output text{region})\" --vpc-endpoint-ids {id}{region}"
                ),
                available,
            ],
        ),
        "deleting" => (
            "It is being deleted: once it is gone, create it anew.",
            [vec![gone], create].concat(),
        ),
        _ => (
            "Delete it, and once it is gone create it anew.",
            [
                vec![
                    format!("aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {id}{region}"),
                    gone,
                ],
                create,
            ]
            .concat(),
        ),
    }
}
