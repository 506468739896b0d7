//! Queues, keys and identities.

use serde_json::{Value, json};

use super::Setting;
use super::aws::nothing;
use super::call::{Call, structure};
use crate::lab::queue_url;
use crate::lab::world::Queue;

/// The answer of a call.
pub fn call(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    match call.operation.as_str() {
        "create-queue" => {
            let name = call.must("--queue-name")?.to_owned();
            let url = queue_url(&setting.world, &name);
            setting.world.sqs.queues.insert(name, Queue::default());
            ends(
                setting,
                &[
                    "AWS.SimpleQueueService.NonExistentQueue",
                    "QueueDoesNotExist",
                ],
            );
            setting.changed();
            Ok(json!({ "QueueUrl": url }))
        }
        "get-queue-url" => {
            let name = call.must("--queue-name")?;
            match setting.world.sqs.queues.contains_key(name) {
                true => Ok(json!({"QueueUrl": queue_url(&setting.world, name)})),
                false => Err(format!("there is no queue {name}")),
            }
        }
        "set-queue-attributes" => {
            let attributes = call.structure("--attributes")?;
            let policy = attributes["Policy"].as_str().ok_or("no Policy")?.to_owned();
            structure(&policy)?;
            let name = queue(setting, call)?;
            if let Some(queue) = setting.world.sqs.queues.get_mut(&name) {
                queue.policy = Some(policy);
            }
            setting.changed();
            Ok(nothing())
        }
        "get-queue-attributes" => {
            if call.many("--attribute-names").is_empty() {
                return Err("no attribute is asked for".into());
            }
            queue_is_one(setting, call)?;
            Ok(nothing())
        }
        "send-message" => {
            queue(setting, call)?;
            Ok(nothing())
        }
        "put-role-policy" | "put-user-policy" => identity(setting, call),
        "enable-key" => {
            for queue in setting.world.sqs.queues.values_mut() {
                if queue.kms_error.as_deref() == Some("KMS.DisabledException") {
                    queue.kms_error = None;
                }
            }
            ends(setting, &["KMS.DisabledException"]);
            setting.changed();
            Ok(nothing())
        }
        _ => Ok(nothing()),
    }
}

/// An error said outright ends with its cause.
fn ends(setting: &mut Setting, codes: &[&str]) {
    let error = &mut setting.world.sqs.error;
    if error
        .as_ref()
        .is_some_and(|e| codes.contains(&e.code.as_str()))
    {
        *error = None;
    }
}

/// A queue's URL is well formed, whether or not there is such a queue.
fn queue_is_one(setting: &Setting, call: &Call) -> Result<String, String> {
    let url = call.must("--queue-url")?;
    let base = queue_url(&setting.world, "");
    let name = url.rsplit('/').next().unwrap_or("");
    // A foreign account's queue, or a legacy name's, has its own base.
    match url.starts_with("https://")
        && !name.is_empty()
        && (url.starts_with(&base) || url.matches('/').count() == 4)
    {
        true => Ok(name.to_owned()),
        false => Err(format!("{url} is no queue's URL")),
    }
}

fn queue(setting: &Setting, call: &Call) -> Result<String, String> {
    let name = queue_is_one(setting, call)?;
    match setting.world.sqs.queues.contains_key(&name) {
        true => Ok(name),
        false => Err(format!("there is no queue {name}")),
    }
}

fn identity(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    if let Some(role) = call.one("--role-name")
        && role != setting.world.credentials.role
    {
        return Err(format!("there is no role {role}"));
    }
    let document = call.structure("--policy-document")?;
    if document["Version"] != "2012-10-17" {
        return Err("the policy has no version".into());
    }
    let statements = document["Statement"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut actions = Vec::new();
    for statement in &statements {
        let resource = statement["Resource"].as_str().unwrap_or("");
        if statement["Effect"] != "Allow" || !(resource.starts_with("arn:") || resource == "*") {
            return Err(format!("{statement} allows nothing"));
        }
        if statement.get("Principal").is_some() {
            return Err("an identity's policy has no principal".into());
        }
        match &statement["Action"] {
            Value::String(action) => actions.push(action.clone()),
            Value::Array(all) => {
                actions.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => return Err("a statement without actions".into()),
        }
    }
    let allows = |action: &str| actions.iter().any(|a| a.eq_ignore_ascii_case(action));
    let sqs = &mut setting.world.sqs;
    let refusal = sqs.denied.as_ref();
    if refusal.is_some_and(|denied| denied.by == "identity-based policy" && !denied.explicit)
        && allows("sqs:SendMessage")
    {
        sqs.denied = None;
    }
    for queue in sqs.queues.values_mut() {
        if queue.kms_error.as_deref() == Some("KMS.AccessDeniedException")
            && allows("kms:GenerateDataKey")
            && allows("kms:Decrypt")
        {
            queue.kms_error = None;
        }
    }
    setting.changed();
    Ok(nothing())
}
