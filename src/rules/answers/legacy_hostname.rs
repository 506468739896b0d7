use crate::catalog::NameForm;
use crate::rules::cause::{Cause, quoted};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::uncovered;

rule! {
    /// The queue URL or target uses a legacy name, which private DNS does not cover.
    ///
    /// SQS's old names, `queue.amazonaws.com` and `<region>.queue.amazonaws.com`, resolve to public addresses even
    /// where the endpoint and its private DNS are perfect. Older SDKs and the AWS CLI version 1 call them.
    ///
    /// ## Told apart by
    /// The host's form, and the modern name `sqs.<region>.amazonaws.com`, which is private from here.
    ///
    /// ## Fix
    /// Use the modern queue URL, a current SDK, or set the endpoint URL to the modern name.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Amazon VPC endpoints for Amazon SQS": private DNS does not support legacy endpoints.
    pub LEGACY_HOSTNAME, "legacy-hostname", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    uncovered::find(scene, symptoms, &[NameForm::Legacy], |found| {
        let name = &found.symptom.name;
        let subject = uncovered::subject(scene, found);
        let modern = subject.replacen(name.as_str(), &found.plain, 1);
        Cause::shown_by(&subject, [found.symptom])
            .title(format!("{name} is a legacy name, which private DNS does not cover"))
            .because(format!(
                "{} is private from here and {name} is not: the endpoint covers the modern name only.",
                found.plain
            ))
            .evidence(format!("{} answers with private addresses.", found.plain))
            .fix(
                "Use the modern name in the queue URL, or set the endpoint for the applications here.",
                vec![
                    format!("export AWS_ENDPOINT_URL_SQS=https://{}", found.plain),
                    format!("vpcheck check --queue-url {}", quoted(&modern)),
                ],
            )
    })
}
