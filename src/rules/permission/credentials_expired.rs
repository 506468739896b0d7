use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};

use super::credential_error;

rule! {
    /// The credential has expired.
    ///
    /// The service knows the credential and says that its time is over.
    ///
    /// ## Told apart by
    /// The error code. With a clock that is off by minutes the finding is `clock-skewed`.
    ///
    /// ## Fix
    /// Renew it: sign in again, or find out why the role's credentials are not refreshed.
    ///
    /// ## Source
    /// IAM User Guide, "Troubleshoot AWS signature version 4"; AWS General Reference, "Common errors".
    pub CREDENTIALS_EXPIRED, "credentials-expired", Fail, Connection, find
}

const CODES: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    credential_error::find(scene, symptoms, CODES)
        .map(|cause| {
            cause
                .title("The credential has expired")
                .because("The service knows the credential and says that its time is over.")
                .fix("Renew it: sign in again, or find out why the role's credentials are not refreshed.", credential_error::commands(scene))
        })
        .into_iter()
        .collect()
}
