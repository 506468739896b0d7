use crate::rules::cause::{quoted, region_flag};
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::canary_answer::{self, Words};
use super::identity_statement;

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
    let mut causes = canary_answer::find(scene, symptoms, matches, &words);
    for cause in &mut causes {
        cause.fix.commands.extend(remedy(scene));
    }
    causes
}

/// What the refusal itself says is lacking: the caller's permission on the key, or the key's being enabled.
fn remedy(scene: &Scene<'_>) -> Option<String> {
    let error = scene.facts.canary.error.as_ref()?;
    let key = error.message.split_whitespace().find_map(|word| {
        let word = word.trim_matches(['\'', '"', ',', '.']);
        (word.starts_with("arn:") && word.contains(":kms:") && word.contains(":key/"))
            .then_some(word)
    })?;
    match error.code.as_str() {
        "KMS.DisabledException" => Some(format!(
            "aws kms enable-key --key-id {}{}",
            quoted(key),
            region_flag(scene)
        )),
        _ if error.message.contains("because no identity-based policy") => {
            let caller = identity_statement::principal(&error.message)?;
            let actions = ["kms:GenerateDataKey", "kms:Decrypt"];
            identity_statement::command(scene, &caller, &actions, key)
        }
        _ => None,
    }
}
