use crate::rules::cause::{Cause, by_subject, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::why_public::{WhyPublic, public_names};

rule! {
    /// The service's endpoint is there, and its private DNS is off.
    ///
    /// The endpoint's own `vpce-…` names reach it; the service's usual name, which applications call, stays public.
    ///
    /// ## Told apart by
    /// The name answers publicly, an endpoint of the service is available in this VPC, and its `PrivateDnsEnabled`
    /// is false. Where the endpoints cannot be read, the finding is `public-answer`.
    ///
    /// ## Fix
    /// Switch private DNS on, or let the applications call the endpoint's `vpce-…` name (`endpoint_url`).
    /// In a hub whose spokes use a private hosted zone instead, associate that zone with this VPC.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Private DNS for interface endpoints"; EC2 API, `ModifyVpcEndpoint`.
    pub PRIVATE_DNS_DISABLED, "private-dns-disabled", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (symptom, why) in public_names(scene, symptoms) {
        let WhyPublic::PrivateDnsOff(endpoint) = why else {
            continue;
        };
        let follows = symptoms.after_name(scene, &symptom.name);
        let regional = endpoint
            .dns_names
            .iter()
            .find(|name| name.contains(".vpce."));
        let mut cause = Cause::shown_by(&endpoint.id, [symptom])
            .follows(follows)
            .title(format!("Private DNS is off for {}'s endpoint {}", symptom.service, endpoint.id))
            .because(format!(
                "{} answers with public addresses, while {} is available and has private DNS disabled.",
                symptom.name, endpoint.id
            ))
            .evidence(format!(
                "{} ({}) is {}, PrivateDnsEnabled is false.",
                endpoint.id, endpoint.service_name, endpoint.state
            ))
            .fix(
                "Enable private DNS for the endpoint.",
                vec![format!(
                    "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --private-dns-enabled{}",
                    endpoint.id,
                    region_flag(scene)
                )],
            )
            .assume(format!("private-dns=on:{}", endpoint.id));
        if let Some(name) = regional {
            cause = cause.evidence(format!("The endpoint's own name is {name}."));
        }
        causes.push(cause);
    }
    by_subject(causes)
}
