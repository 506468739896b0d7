use crate::facts::inventory::Endpoint;
use crate::rules::cause::{Cause, by_subject, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

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
    let mut causes = Vec::new();
    for (symptom, why) in public_names(scene, symptoms) {
        let WhyPublic::NotAvailable(endpoint) = why else {
            continue;
        };
        let follows = symptoms.after_name(scene, &symptom.name);
        let mut cause = Cause::shown_by(&endpoint.id, [symptom])
            .follows(follows)
            .title(format!(
                "{}'s endpoint {} is not available: its state is {}",
                symptom.service, endpoint.id, endpoint.state
            ))
            .because(format!(
                "{} answers with public addresses: the private names of {} work only once it is available.",
                symptom.name, endpoint.id
            ))
            .evidence(format!(
                "{} ({}) is in state {}.",
                endpoint.id, endpoint.service_name, endpoint.state
            ));
        if let Some(error) = &endpoint.last_error {
            cause = cause.evidence(format!("Its last error: {error}"));
        }
        let (summary, commands) = fix(scene, endpoint);
        causes.push(cause.fix(summary, commands));
    }
    by_subject(causes)
}

fn fix(scene: &Scene<'_>, endpoint: &Endpoint) -> (&'static str, Vec<String>) {
    let region = region_flag(scene);
    let describe = format!(
        "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {}{region}",
        endpoint.id
    );
    let delete = format!(
        "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}{region}",
        endpoint.id
    );
    match endpoint.state.to_ascii_lowercase().as_str() {
        "pending" => ("Wait until it is available.", vec![describe]),
        "pendingacceptance" => (
            "Have the owner of the endpoint service accept the connection.",
            vec![describe],
        ),
        "deleting" => ("It is being deleted: create it anew.", vec![describe]),
        _ => ("Delete it and create it anew.", vec![describe, delete]),
    }
}
