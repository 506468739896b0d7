//! The command that gives the caller's own identity a permission more.

use serde_json::json;

use crate::rules::cause::{quoted, region_flag};
use crate::symptoms::Scene;

/// The principal that a refusal names: the thing whose permissions are to be changed.
pub(super) fn principal(message: &str) -> Option<String> {
    let rest = message.split("User: ").nth(1)?;
    let arn = rest.split_whitespace().next()?;
    (arn.starts_with("arn:") && arn.len() <= 2048).then(|| arn.to_owned())
}

/// The command that allows these actions on a resource to a role or user. None for any other principal.
pub(super) fn command(
    scene: &Scene<'_>,
    principal: &str,
    actions: &[&str],
    resource: &str,
) -> Option<String> {
    let named = principal.splitn(6, ':').nth(5)?;
    let mut parts = named.split('/');
    let (put, name) = match parts.next()? {
        "assumed-role" => ("put-role-policy --role-name", parts.next()?),
        // A path may stand before the name.
        "role" => ("put-role-policy --role-name", parts.next_back()?),
        "user" => ("put-user-policy --user-name", parts.next_back()?),
        _ => return None,
    };
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}],
    });
    Some(format!(
        "aws iam {put} {} --policy-name vpcheck-canary --policy-document {}{}",
        quoted(name),
        quoted(&document.to_string()),
        region_flag(scene)
    ))
}
