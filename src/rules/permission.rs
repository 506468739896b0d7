//! Why a call is refused though the path to the service is right.

mod access_denied;
mod canary_answer;
mod canary_corrupted;
mod canary_failed;
mod canary_timeout;
mod clock_skewed;
mod credential_error;
mod credentials_expired;
mod credentials_invalid;
mod credentials_missing;
mod denied;
mod endpoint_policy_denies;
mod identity_policy_denies;
mod identity_statement;
mod imds_hop_limit;
mod kms_denies;
mod queue_names;
mod queue_not_found;
mod queue_policy_denies;
mod queue_url_invalid;
mod region_mismatch;
mod throttled;

use super::Rule;

/// The rules of this area.
pub const RULES: &[&Rule] = &[
    &clock_skewed::CLOCK_SKEWED,
    &imds_hop_limit::IMDS_HOP_LIMIT,
    &credentials_expired::CREDENTIALS_EXPIRED,
    &credentials_invalid::CREDENTIALS_INVALID,
    &credentials_missing::CREDENTIALS_MISSING,
    &queue_url_invalid::QUEUE_URL_INVALID,
    &region_mismatch::REGION_MISMATCH,
    &endpoint_policy_denies::ENDPOINT_POLICY_DENIES,
    &queue_policy_denies::QUEUE_POLICY_DENIES,
    &identity_policy_denies::IDENTITY_POLICY_DENIES,
    &kms_denies::KMS_DENIES,
    &queue_not_found::QUEUE_NOT_FOUND,
    &throttled::THROTTLED,
    &canary_corrupted::CANARY_CORRUPTED,
    &access_denied::ACCESS_DENIED,
    &canary_timeout::CANARY_TIMEOUT,
    &canary_failed::CANARY_FAILED,
];
