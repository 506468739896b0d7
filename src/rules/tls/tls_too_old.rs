use crate::facts::FailureKind;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::stalled::find as stalled;

rule! {
    /// What answers offers no TLS version that is safe.
    ///
    /// AWS services accept TLS 1.2 and later only, so this is hardly the service: a middlebox or another server answers.
    ///
    /// ## Told apart by
    /// The handshake fails over the protocol version.
    ///
    /// ## Fix
    /// Find what answers at this address in the service's place.
    ///
    /// ## Source
    /// AWS Security Blog, "TLS 1.2 to become the minimum TLS protocol level for all AWS API endpoints".
    pub TLS_TOO_OLD, "tls-too-old", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| *kind == Kind::Tls(FailureKind::TooOld);
    stalled(scene, symptoms, matches, |symptom| {
        Some(
            Cause::shown_by(&symptom.name, [symptom])
                .title(format!("{} offers no TLS version that is safe", symptom.name))
                .because("The handshake failed over the protocol version; AWS services speak TLS 1.2 and later.")
                .fix(
                    "Find what answers at this address.",
                    vec![format!(
                        "openssl s_client -tls1_2 -connect {name}:443 -servername {name} </dev/null",
                        name = symptom.name
                    )],
                ),
        )
    })
}
