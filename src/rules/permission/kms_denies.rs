use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

use super::denied::{queue, said};

rule! {
    /// The queue's key refuses the caller.
    ///
    /// The queue is encrypted with a KMS key that the caller may not use, or that cannot be used at all.
    ///
    /// ## Told apart by
    /// The error code begins with KMS. SQS calls KMS by itself, so this is no matter of a KMS endpoint in this VPC.
    ///
    /// ## Fix
    /// Allow kms:GenerateDataKey and kms:Decrypt for the caller in the key's policy, or enable the key.
    ///
    /// ## Source
    /// Amazon SQS Developer Guide, "Key management".
    pub KMS_DENIES, "kms-denies", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let subject = queue(scene);
    let shown: Vec<_> = symptoms.where_kind(|kind| matches!(kind, Kind::CanaryError(code) if code.to_ascii_uppercase().starts_with("KMS"))).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let mut cause = Cause::shown_by(&subject, shown)
        .title("The queue's key refuses the caller")
        .because("The queue is encrypted with a KMS key that the caller may not use, or that cannot be used at all.")
        .fix(
            "Allow kms:GenerateDataKey and kms:Decrypt for the caller in the key's policy, or enable the key.",
            vec![format!("aws sqs get-queue-attributes --queue-url {queue} --attribute-names KmsMasterKeyId{region}", queue = quoted(&subject), region = region_flag(scene))],
        );
    if let Some(error) = &scene.facts.canary.error {
        cause = cause.evidence(said(error));
    }
    vec![cause]
}
