use crate::catalog::Catalog;
use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::create_endpoint;
use super::why_public::{WhyPublic, public_names};

rule! {
    /// The service has no endpoint in this VPC.
    ///
    /// Its name answers with public addresses, as it does everywhere that no endpoint covers it. Requests leave
    /// through a NAT or internet gateway where there is one, and hang where there is none.
    ///
    /// ## Told apart by
    /// The list of the VPC's endpoints was read, belongs to this account's own VPC, and holds none for the service.
    /// Where the list cannot be read, or the VPC is shared by another account, the finding is `public-answer`.
    ///
    /// ## Fix
    /// Create an interface endpoint with private DNS in a subnet of every zone, with a security group that admits
    /// the callers on 443. For S3 and DynamoDB create a gateway endpoint, which is free, on the callers' route tables.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Access an AWS service using an interface VPC endpoint" and "Gateway endpoints".
    pub ENDPOINT_MISSING, "endpoint-missing", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (symptom, why) in public_names(scene, symptoms) {
        if why != WhyPublic::Missing {
            continue;
        }
        let subject = service_name(scene, &symptom.service, &symptom.name);
        let follows = symptoms.after_name(scene, &symptom.name);
        let vpc = scene.vpc_id.as_deref().unwrap_or("this VPC");
        let mut cause = Cause::shown_by(&subject, [symptom])
            .follows(follows)
            .may_be_missing(scene, &symptom.service)
            .title(format!("{} has no endpoint in {vpc}", symptom.service))
            .because(format!(
                "{} answers with public addresses, and the endpoints of {vpc} hold none for {subject}.",
                symptom.name
            ))
            .fix(
                "Create the endpoint.",
                create_endpoint::commands(
                    scene,
                    &subject,
                    scene
                        .service(&symptom.service)
                        .is_some_and(|service| service.has_gateway()),
                    None,
                ),
            );
        // An endpoint of another region's service has other names than the assumption makes.
        if scene.region_of(&symptom.name) == scene.region {
            cause = cause.assume(format!("endpoint-created={}", symptom.service));
        }
        for other in scene.all_endpoints_of(&symptom.service) {
            cause = cause.evidence(match scene.is_of_this_vpc(other) {
                true => format!(
                    "{} is an interface endpoint of the service, which has no private DNS: its regional name stays public.",
                    other.id
                ),
                false => format!(
                    "{} in {} is an endpoint of the service; its private names do not resolve here.",
                    other.id,
                    other.vpc_id.as_deref().unwrap_or("another VPC")
                ),
            });
        }
        causes.push(cause);
    }
    by_subject(causes)
}

fn service_name(scene: &Scene<'_>, service: &str, name: &str) -> String {
    let region = scene.region_of(name);
    if region == scene.region
        && let Some(name) = scene.endpoint_service_name(service)
    {
        return name;
    }
    let entry = Catalog::get().service(service);
    match (entry, region) {
        (Some(entry), Some(region)) => entry.endpoint_service_name(&region),
        _ => service.to_owned(),
    }
}
