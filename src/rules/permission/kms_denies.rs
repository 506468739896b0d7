use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::canary_answer::{self, Words};

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
    let matches = |kind: &Kind| matches!(kind, Kind::CanaryError(code) if code.to_ascii_uppercase().starts_with("KMS"));
    let words = Words {
        title: "The queue's key refuses the caller",
        because: "The queue is encrypted with a KMS key that the caller may not use, or that cannot be used at all.",
        fix: "Allow kms:GenerateDataKey and kms:Decrypt for the caller in the key's policy, or enable the key.",
        command: (
            "aws sqs get-queue-attributes --queue-url",
            " --attribute-names KmsMasterKeyId",
        ),
    };
    canary_answer::find(scene, symptoms, matches, &words)
}
