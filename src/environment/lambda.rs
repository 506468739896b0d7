//! A Lambda function.

use super::{Place, Signs};
use crate::facts::EnvironmentKind;

/// Recognised by the variables the Lambda runtime reserves.
///
/// Source: "Defined runtime environment variables" in the Lambda developer guide. A function has neither
/// instance nor task metadata; its region is in `AWS_REGION`.
pub const PLACE: Place = Place {
    recognise,
    no_instance_metadata: |_| Some("a Lambda function has no instance metadata"),
    account_id: |_| None,
    container: false,
};

fn recognise(signs: &Signs) -> Option<EnvironmentKind> {
    let named = signs.env.get("AWS_LAMBDA_FUNCTION_NAME").is_some();
    let executed = signs.env.get("AWS_EXECUTION_ENV");
    (named || executed.is_some_and(|by| by.starts_with("AWS_Lambda_")))
        .then_some(EnvironmentKind::Lambda)
}
