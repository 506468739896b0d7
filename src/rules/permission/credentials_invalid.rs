use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::credential_error;

rule! {
    /// The service does not know the credential.
    ///
    /// The key id is unknown, the secret does not fit it, or it belongs to another partition.
    ///
    /// ## Told apart by
    /// The error code. With a clock that is off by minutes the finding is `clock-skewed`.
    ///
    /// ## Fix
    /// Correct the credential; keys of one partition are unknown in another.
    ///
    /// ## Source
    /// IAM User Guide, "Troubleshoot AWS signature version 4"; AWS General Reference, "Common errors".
    pub CREDENTIALS_INVALID, "credentials-invalid", Fail, Connection, find
}

const CODES: &[&str] = &[
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "AuthFailure",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
];

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    credential_error::find(scene, symptoms, CODES)
        .map(|cause| {
            cause
                .title("The service does not know the credential")
                .because("The key id is unknown, the secret does not fit it, or it belongs to another partition.")
                .fix("Correct the credential; keys of one partition are unknown in another.", credential_error::commands(scene))
        })
        .into_iter()
        .collect()
}
