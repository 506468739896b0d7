use std::collections::BTreeMap;

use serde_json::json;

use crate::configuration::policy::Policy;
use crate::facts::inventory::Endpoint;
use crate::rules::cause::{Cause, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

use super::used_endpoints;

rule! {
    /// The endpoint's policy is the default, which allows everything.
    ///
    /// Anybody in the VPC can reach any account's resources through it with credentials of that account, which is a way
    /// to carry data out.
    ///
    /// ## Told apart by
    /// The policy document allows every action on every resource for every principal, without a condition, and denies
    /// nothing. A policy that was not read is not judged.
    ///
    /// ## Fix
    /// Allow only the organization's principals and resources, and the actions that are used.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Default endpoint policy"; "Building a data perimeter on AWS".
    pub ENDPOINT_POLICY_OPEN, "endpoint-policy-open", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let used = used_endpoints::of(scene);
    // Most have the same one, the default.
    let mut read: BTreeMap<&str, bool> = BTreeMap::new();
    used.into_iter()
        .filter(|(endpoint, _)| {
            let document = endpoint.policy.as_deref();
            document.is_some_and(|text| *read.entry(text).or_insert_with(|| is_open(text)))
        })
        .map(|(endpoint, services)| {
            Cause::alone(&endpoint.id, Severity::Warn, services)
                .title(format!("The policy of {} allows everything", endpoint.id))
                .because("It is the default policy: every principal, every action, every resource.")
                .fix(
                    "Narrow the endpoint's policy, as to the principals of this account.",
                    vec![narrowed(scene, endpoint)],
                )
        })
        .collect()
}

/// The command that lets the account's own principals alone use the endpoint. ECR has image layers fetched from a bucket of AWS's
/// own (Amazon ECR User Guide, "Minimum Amazon S3 bucket permissions for Amazon ECR").
fn narrowed(scene: &Scene<'_>, endpoint: &Endpoint) -> String {
    let region = region_flag(scene);
    let (Some(account), Some(place)) = (scene.account_id(), scene.region.as_ref()) else {
        return format!(
            "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {} --query 'VpcEndpoints[0].PolicyDocument' --output text{region}",
            endpoint.id
        );
    };
    let mut statements = vec![json!({
        "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account}},
    })];
    if endpoint.service_name.ends_with(".s3") {
        let partition = scene
            .partition()
            .map_or("aws", |partition| partition.name.as_str());
        statements.push(json!({
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": format!("arn:{partition}:s3:::prod-{}-starport-layer-bucket/*", place.as_str()),
        }));
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    format!(
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --policy-document {}{region}",
        endpoint.id,
        quoted(&document)
    )
}

/// Whether a policy document allows everything to everybody and denies nothing.
fn is_open(document: &str) -> bool {
    Policy::read(document).is_open()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_policy_without_any_limit_is_open() {
        let open =
            r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;
        assert!(is_open(open));
        assert!(is_open(
            r#"{"Statement":{"Action":["*"],"Effect":"Allow","Principal":{"AWS":"*"},"Resource":["*"]}}"#
        ));
        for closed in [
            r#"{"Statement":[{"Action":"sqs:*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}"#,
            r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"},{"Action":"*","Effect":"Deny","Principal":"*","Resource":"arn:x"}]}"#,
            "not json",
            "{}",
        ] {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
