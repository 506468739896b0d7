use crate::catalog::NameForm;
use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::uncovered;

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
                "Create an endpoint for the FIPS service where the region offers one, or switch FIPS off.",
                vec![
                    format!(
                        "aws ec2 describe-vpc-endpoint-services --query \"ServiceNames[?contains(@,'-fips')]\"{}",
                        region_flag(scene)
                    ),
                    "export AWS_USE_FIPS_ENDPOINT=false".to_owned(),
                ],
            )
    })
}
