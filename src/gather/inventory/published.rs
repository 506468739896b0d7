//! An inventory put where other machines fetch it.

use std::time::Duration;

use super::fetched::{LONGEST, chance};
use super::{parts, schedule};
use crate::facts::inventory_place::{InventoryPlace, SsmParameter};
use crate::facts::{Failure, Inventory};
use crate::gather::Bounds;
use crate::gather::aws::{ApiCall, AwsAccess, s3_object, ssm_parameter};

/// An inventory that was not put where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// It is too large for parameters.
    #[error("{place}: {source}")]
    TooLarge {
        /// Where it was to go.
        place: String,
        /// How large it is.
        source: parts::TooLarge,
    },
    /// It is larger than what is fetched.
    #[error("{place}: the inventory has {found} bytes, and at most {LONGEST} are fetched")]
    Unfetchable {
        /// Where it was to go.
        place: String,
        /// How many bytes it has.
        found: usize,
    },
    /// The service did not take it.
    #[error("the inventory was not written to {place}: {reason}")]
    Refused {
        /// Where it was to go.
        place: String,
        /// What the service, or the way there, had against it.
        reason: String,
    },
}

/// Writes an inventory to a place, within the deadline.
///
/// # Errors
/// It does not fit, or the service does not take it.
pub async fn publish(
    bounds: &Bounds,
    access: &AwsAccess,
    place: &InventoryPlace,
    inventory: &Inventory,
) -> Result<(), PublishError> {
    // Invariant: as in `write`.
    #[allow(clippy::expect_used)]
    let text = serde_json::to_string(inventory).expect("an inventory serializes");
    let refused = |failure: Failure| PublishError::Refused {
        place: place.to_string(),
        reason: failure.detail,
    };
    if text.len() > LONGEST {
        return Err(PublishError::Unfetchable {
            place: place.to_string(),
            found: text.len(),
        });
    }
    match place {
        InventoryPlace::S3(object) => {
            let call = s3_object::put(access, object, text.as_bytes());
            put(bounds, access, &call, s3_object::refusal)
                .await
                .map_err(refused)
        }
        InventoryPlace::Ssm(parameter) => {
            let pieces = parts::split(&text, parameter.advanced).map_err(|source| {
                let place = place.to_string();
                PublishError::TooLarge { place, source }
            })?;
            parameters(bounds, access, parameter, &pieces)
                .await
                .map_err(refused)
        }
    }
}

/// The first piece comes last: until it is there, whoever has the inventory before sees nothing new.
async fn parameters(
    bounds: &Bounds,
    access: &AwsAccess,
    place: &SsmParameter,
    pieces: &[String],
) -> Result<(), Failure> {
    let names = parts::names(&place.name, pieces.len());
    for (name, piece) in names.iter().zip(pieces).rev() {
        let call = ssm_parameter::put(access, place, name, piece);
        put(bounds, access, &call, ssm_parameter::refusal).await?;
    }
    Ok(())
}

/// Makes a call, again after a pause where the service throttles, as long as there is time.
async fn put(
    bounds: &Bounds,
    access: &AwsAccess,
    call: &ApiCall,
    refusal: fn(&crate::gather::aws::ApiAnswer) -> Failure,
) -> Result<(), Failure> {
    let mut refusals = 0_u32;
    loop {
        let limit = bounds.left().min(bounds.timeout().saturating_mul(5) / 2);
        let failure = match access.call(bounds, limit, call).await {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) => refusal(&answer),
            Err(failure) => failure,
        };
        refusals = refusals.saturating_add(1);
        let pause = schedule::pause(refusals, chance());
        let (call_takes, left) = (Duration::ZERO, bounds.left());
        if !schedule::asks_once_more(failure.kind, false, pause, call_takes, left) {
            return Err(failure);
        }
        tokio::time::sleep(pause).await;
    }
}
