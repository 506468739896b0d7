use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// The region is not known, so services' names cannot be told.
    ///
    /// Neither an option nor the environment nor metadata says which region this is; nothing was looked up for services named
    /// by id.
    ///
    /// ## Told apart by
    /// No region from `--region`, `AWS_REGION`, the shared configuration, task metadata or instance metadata.
    ///
    /// ## Fix
    /// Say it with `--region`.
    ///
    /// ## Source
    /// AWS SDKs and Tools Reference Guide, "AWS Region".
    pub REGION_UNKNOWN, "region-unknown", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let nameless: Vec<String> = scene
        .facts
        .targets
        .iter()
        .filter(|target| target.hostnames.is_empty())
        .map(|target| target.service.clone())
        .collect();
    if scene.region.is_some() || nameless.is_empty() {
        return Vec::new();
    }
    let mut cause = Cause::alone("region", Severity::Warn, nameless)
        .title("The region is not known")
        .because("Without it the services' names cannot be told, so they were not looked up.")
        .fix(
            "Say the region with --region or AWS_REGION, or let instance metadata tell it.",
            Vec::new(),
        );
    if let Some(failure) = scene.facts.host.imds.failure() {
        cause = cause.evidence(format!("Instance metadata: {}", failure.detail));
    }
    vec![cause]
}
