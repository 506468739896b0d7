use crate::catalog::NameForm;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::{create_endpoint, uncovered};

rule! {
    /// The FIPS name is not covered by the endpoint that covers the plain one.
    ///
    /// FIPS endpoints of a service are an endpoint service of their own, such as `com.amazonaws.<region>.sqs-fips`.
    ///
    /// ## Told apart by
    /// The plain name is private from here; the FIPS name is public or does not exist.
    ///
    /// ## Fix
    /// Create an endpoint for the FIPS service where there is one, or switch FIPS off (`AWS_USE_FIPS_ENDPOINT=false`).
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "AWS services that integrate with AWS PrivateLink".
    pub FIPS_HOSTNAME_UNCOVERED, "fips-hostname-uncovered", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let forms = [NameForm::Fips, NameForm::FipsDualStack];
    uncovered::find(scene, symptoms, &forms, |found| {
        let name = &found.symptom.name;
        Cause::shown_by(uncovered::subject(scene, found), [found.symptom])
            .title(format!("The FIPS name {name} is not covered by the endpoint"))
            .because(format!(
                "{} is private from here and {name} is not: FIPS names need an endpoint of their own.",
                found.plain
            ))
            .evidence(format!("{} answers with private addresses.", found.plain))
            .fix(
                "Create an endpoint for the FIPS service where the region offers one, or use the plain names.",
                match offered(scene, &found.symptom.service) {
                    Some(service_name) => create_endpoint::commands(scene, &service_name, false, None),
                    None => vec![uncovered::without_switch(found, "AWS_USE_FIPS_ENDPOINT")],
                },
            )
    })
}

/// The FIPS endpoint service, where there is one and this VPC is known to have no endpoint of it.
fn offered(scene: &Scene<'_>, service: &str) -> Option<String> {
    let suffix = scene.service(service)?.fips_suffix()?;
    let plain = scene.endpoint_service_name(service)?;
    let service_name = format!("{}.{suffix}", plain.strip_suffix(&format!(".{service}"))?);
    let known = scene.inventory()?.endpoint_services.seen();
    let is_offered = known.is_none_or(|all| all.iter().any(|one| one.name == service_name));
    let exists = scene
        .endpoints()?
        .iter()
        .any(|endpoint| endpoint.service_name == service_name);
    (is_offered && !exists && scene.endpoint_list_is_complete()).then_some(service_name)
}
