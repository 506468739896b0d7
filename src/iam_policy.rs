//! The least IAM policy that a run's options need.

mod inventory;

use serde_json::{Map, Value, json};
use url::Url;

use crate::catalog::{Catalog, Region};
use crate::config::{InventoryChoice, KmsKey, Settings, SigningKey};
use crate::deliver::Destination;
use crate::facts::{CanaryMode, Inventory};

/// Why there is no policy to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IamPolicyError {
    /// The queue's ARN cannot be told from its URL.
    #[error(
        "--queue-url: expected a queue's URL such as https://sqs.us-east-1.amazonaws.com/123456789012/canary, found {found:?}"
    )]
    NoQueue {
        /// The URL.
        found: String,
    },
    /// An empty policy is none: IAM refuses a document without a statement.
    #[error("these options need no permission: there is no canary, and the EC2 API is not asked")]
    NothingNeeded,
}

/// The policy for these settings, as a JSON document, sorted.
///
/// The EC2 actions know no resource-level permission ("Actions, resources, and condition keys for
/// Amazon EC2", Service Authorization Reference), so their resource is `*`.
pub fn policy(settings: &Settings) -> Result<Value, IamPolicyError> {
    let mut statements = Vec::new();
    if settings.inventory == InventoryChoice::Auto {
        statements.push(json!({
            "Sid": "ReadVpcConfiguration",
            "Effect": "Allow",
            "Action": inventory_actions(),
            "Resource": "*",
        }));
    }
    if let InventoryChoice::Place(place) = &settings.inventory {
        statements.push(inventory::fetching(place, settings.region.as_ref()));
    }
    let request = &settings.request;
    if let Some(url) = &request.queue_url
        && request.canary != CanaryMode::Off
    {
        let arn = queue_arn(url, settings.region.as_ref()).ok_or_else(|| {
            let found = url.clone();
            IamPolicyError::NoQueue { found }
        })?;
        statements.push(json!({
            "Sid": "SendCanary",
            "Effect": "Allow",
            "Action": canary_actions(request.canary),
            "Resource": arn,
        }));
    }
    statements.extend(
        settings
            .deliver
            .iter()
            .flat_map(|to| delivery(to, settings)),
    );
    if let Some(SigningKey::Kms(key)) = &settings.signing_key {
        statements.push(sign_evidence(key));
    }
    if statements.is_empty() {
        return Err(IamPolicyError::NothingNeeded);
    }
    let mut document = Map::new();
    document.insert("Version".to_owned(), json!("2012-10-17"));
    document.insert("Statement".to_owned(), Value::Array(statements));
    Ok(Value::Object(document))
}

/// What the inventory reads: the calls it records, and the entries of customer-managed prefix lists.
fn inventory_actions() -> Vec<&'static str> {
    let inventory = Inventory::none("");
    let mut actions: Vec<&str> = inventory
        .calls()
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    actions.push("ec2:DescribeManagedPrefixLists");
    actions.push("ec2:GetManagedPrefixListEntries");
    actions.sort_unstable();
    actions.dedup();
    actions
}

fn sign_evidence(key: &KmsKey) -> Value {
    let actions = ["kms:GetPublicKey", "kms:Sign"];
    use_key("SignEvidence", &actions, &key.arn, "aws", None)
}

/// The use of a KMS key, given as it may be given to KMS: as an ARN, an id, or an alias.
///
/// A policy's resource is the key itself ("Actions, resources, and condition keys for AWS Key Management Service",
/// Service Authorization Reference): an alias stands for whichever key it leads to. Of an id alone nobody knows the account.
fn use_key(sid: &str, actions: &[&str], key: &str, partition: &str, region: Option<&str>) -> Value {
    let anywhere = format!("arn:{partition}:kms:{}:*", region.unwrap_or("*"));
    let (before, name) = match key.strip_prefix("alias/") {
        Some(name) => (anywhere.as_str(), Some(name)),
        None => match key.split_once(":alias/") {
            Some((before, name)) => (before, Some(name)),
            None => (anywhere.as_str(), None),
        },
    };
    let resource = match name {
        Some(_) => format!("{before}:key/*"),
        None if key.starts_with("arn:") => key.to_owned(),
        None => format!("{before}:key/{key}"),
    };
    let mut statement =
        json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource});
    if let Some(name) = name {
        statement["Condition"] = json!({
            "ForAnyValue:StringEquals": { "kms:ResourceAliases": format!("alias/{name}") },
        });
    }
    statement
}

fn canary_actions(mode: CanaryMode) -> &'static [&'static str] {
    match mode {
        CanaryMode::Off => &[],
        CanaryMode::Send => &["sqs:GetQueueAttributes", "sqs:SendMessage"],
        CanaryMode::RoundTrip => &[
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ],
    }
}

/// What a destination takes to be delivered to.
///
/// The actions of Security Hub and Systems Manager are of the account and of any instance: neither id is known where
/// the policy is written ("Actions, resources, and condition keys", Service Authorization Reference).
fn delivery(to: &Destination, settings: &Settings) -> Vec<Value> {
    let allow = |sid: &str, action: &str, resource: String| json!({"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resource});
    match to {
        Destination::S3(target) => {
            let partition = settings
                .region
                .as_ref()
                .map_or("aws", |r| r.partition().name.as_str());
            let path = match target.prefix.as_str() {
                "" => "*".to_owned(),
                prefix => format!("{prefix}/*"),
            };
            let object = format!("arn:{partition}:s3:::{}/{path}", target.bucket);
            let mut statements = vec![allow("DeliverToS3", "s3:PutObject", object)];
            // S3 uses its own key for whoever may write: that one needs no permission ("Using server-side encryption with
            // AWS KMS keys", Amazon S3 User Guide).
            if let Some(key) = &target.kms_key {
                let here = settings.region.as_ref().map(Region::as_str);
                let region = target.region.as_deref().or(here);
                let actions = ["kms:GenerateDataKey"];
                statements.push(use_key("EncryptInS3", &actions, key, partition, region));
            }
            statements
        }
        Destination::SecurityHub => vec![allow(
            "DeliverToSecurityHub",
            "securityhub:BatchImportFindings",
            "*".to_owned(),
        )],
        Destination::SsmCompliance => vec![allow(
            "DeliverToSystemsManager",
            "ssm:PutComplianceItems",
            "*".to_owned(),
        )],
        Destination::Journald | Destination::Syslog => Vec::new(),
    }
}

/// The ARN of a queue: `https://HOST/ACCOUNT/NAME`, the region from any form of SQS's names, else
/// the region asked for.
fn queue_arn(url: &str, region: Option<&Region>) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let mut path = url.path().split('/').skip(1);
    let (account, name) = (path.next()?, path.next()?);
    if path.next().is_some_and(|rest| !rest.is_empty()) || !is_account(account) || !is_name(name) {
        return None;
    }
    let host = Catalog::get().identify(url.host_str()?);
    let region = match host {
        Some(host) if host.service.id() != "sqs" => return None,
        Some(host) => host.region.or_else(|| region.cloned())?,
        None => region?.clone(),
    };
    let partition = &region.partition().name;
    Some(format!("arn:{partition}:sqs:{region}:{account}:{name}"))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Up to 80 letters, digits, hyphens and underscores; `.fifo` may end it (`CreateQueue`, Amazon SQS API Reference).
fn is_name(text: &str) -> bool {
    let plain = text.strip_suffix(".fifo").unwrap_or(text);
    text.len() <= 80
        && !plain.is_empty()
        && plain
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests;
