use crate::catalog::{Catalog, NameForm};
use crate::facts::NameFacts;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::route::{Route, route_of};
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// SQS's legacy names are public from here, as they always are.
    ///
    /// Nothing here is wrong. But the AWS CLI version 1 and older SDKs call `queue.amazonaws.com` or
    /// `<region>.queue.amazonaws.com` whatever the queue URL says, and those calls leave through the internet or hang.
    ///
    /// ## Told apart by
    /// The legacy names, asked beside the modern one in regions that have them, answer publicly, and the modern one is private.
    ///
    /// ## Fix
    /// Use the AWS CLI version 2 and current SDKs. Older SDKs take the modern name from `AWS_ENDPOINT_URL_SQS`; the AWS CLI
    /// version 1 does not heed it, and takes it with each call: `--endpoint-url https://sqs.<region>.amazonaws.com`.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Amazon VPC endpoints for Amazon SQS"; boto3 issue 1900.
    pub LEGACY_NAME_PUBLIC, "legacy-name-public", Info, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let is_legacy = |name: &&NameFacts| {
        name.comparison
            && name.service == "sqs"
            && scene.form_of(&name.name) == Some(NameForm::Legacy)
    };
    let modern_is_private = scene.facts.names.iter().any(|name| {
        let is_modern =
            name.service == "sqs" && scene.form_of(&name.name) == Some(NameForm::Standard);
        is_modern && route_of(scene, name) > Route::Mixed
    });
    let legacy: Vec<&NameFacts> = scene
        .facts
        .names
        .iter()
        .filter(is_legacy)
        .filter(|name| route_of(scene, name) == Route::Public)
        .collect();
    // A legacy name that is itself under test is a finding of its own.
    let under_test = scene
        .facts
        .targets
        .iter()
        .flat_map(|target| &target.hostnames)
        .any(|hostname| scene.form_of(&hostname.name) == Some(NameForm::Legacy));
    let Some(first) = legacy.first().filter(|_| modern_is_private && !under_test) else {
        return Vec::new();
    };
    let names: Vec<&str> = legacy.iter().map(|name| name.name.as_str()).collect();
    let modern = scene
        .region
        .as_ref()
        .zip(Catalog::get().service("sqs"))
        .and_then(|(region, sqs)| {
            sqs.hostnames(region, None, NameForm::Standard)
                .into_iter()
                .next()
        })
        .unwrap_or_else(|| "the modern name".to_owned());
    let mut cause = Cause::alone(&first.name, Severity::Info, vec!["sqs".to_owned()])
        .title("SQS's legacy names are public, as they always are")
        .because("Private DNS does not cover the legacy names; older SDKs and the AWS CLI version 1 call them whatever the queue URL says.")
        .fix(
            "Use current SDKs and the AWS CLI version 2. Older SDKs take the endpoint from a variable, the AWS CLI version 1 only from --endpoint-url.",
            vec![format!("export AWS_ENDPOINT_URL_SQS=https://{modern}")],
        );
    for name in &names {
        cause = cause.evidence(format!("{name} answers with public addresses."));
    }
    vec![cause]
}
