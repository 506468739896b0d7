use crate::catalog::NameForm;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::uncovered;

rule! {
    /// The dual-stack name is not covered by the endpoint that covers the plain one.
    ///
    /// Endpoints created some time ago cover the `amazonaws.com` name only; S3's dual-stack name is not covered by an
    /// IPv4 endpoint.
    ///
    /// ## Told apart by
    /// The plain name is private from here; the dual-stack name (`api.aws`, `on.aws`, `s3.dualstack`) is public or
    /// does not exist.
    ///
    /// ## Fix
    /// Switch dual-stack off for the applications here, or recreate the endpoint as dual-stack where it then lists the name.
    ///
    /// ## Source
    /// AWS SDKs and Tools Reference Guide, "Dual-stack and FIPS endpoints"; the endpoint's `DnsEntries`.
    pub DUALSTACK_HOSTNAME_UNCOVERED, "dualstack-hostname-uncovered", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    uncovered::find(scene, symptoms, &[NameForm::DualStack], |found| {
        let name = &found.symptom.name;
        Cause::shown_by(uncovered::subject(scene, found), [found.symptom])
            .title(format!(
                "The dual-stack name {name} is not covered by the endpoint"
            ))
            .because(format!(
                "{} is private from here and {name} is not.",
                found.plain
            ))
            .evidence(format!("{} answers with private addresses.", found.plain))
            .fix(
                match uncovered::is_target(found) {
                    true => "Call the plain name, or make the endpoint a dual-stack one.",
                    false => "Switch dual-stack names off for the applications here.",
                },
                vec![uncovered::without_switch(
                    found,
                    "AWS_USE_DUALSTACK_ENDPOINT",
                )],
            )
    })
}
