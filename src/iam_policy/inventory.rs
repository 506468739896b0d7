//! What an inventory takes that is kept for many agents.

use serde_json::{Value, json};

use crate::catalog::Region;
use crate::facts::InventoryPlace;

/// What fetching it takes.
///
/// A key of the customer's own is used under the key's policy and this one: which key it is, the place does not say to
/// those who read ("Using server-side encryption with AWS KMS keys", Amazon S3 User Guide).
pub(super) fn fetching(place: &InventoryPlace, region: Option<&Region>) -> Value {
    json!({
        "Sid": "FetchInventory",
        "Effect": "Allow",
        "Action": [place.action()],
        "Resource": resources(place, region),
    })
}

/// The object; or the parameter and those below it, of whichever account the agent is in.
///
/// Source: "Actions, resources, and condition keys for Amazon S3" and "for AWS Systems Manager", Service Authorization
/// Reference.
fn resources(place: &InventoryPlace, region: Option<&Region>) -> Value {
    let partition = region.map_or("aws", |region| region.partition().name.as_str());
    match place {
        InventoryPlace::S3(object) => {
            json!(format!(
                "arn:{partition}:s3:::{}/{}",
                object.bucket, object.key
            ))
        }
        InventoryPlace::Ssm(parameter) => {
            let own = parameter.region.as_deref();
            let region = own.or(region.map(Region::as_str)).unwrap_or("*");
            let arn = format!("arn:{partition}:ssm:{region}:*:parameter{}", parameter.name);
            json!([arn, format!("{arn}/*")])
        }
    }
}
