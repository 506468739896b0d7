use crate::facts::FailureKind;
use crate::facts::probe::Variation;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::stalled::{find as stalled, succeeded_with};

rule! {
    /// A firewall resets or drops this server name.
    ///
    /// It reads the name in the ClientHello and lets only listed ones through.
    ///
    /// ## Told apart by
    /// The handshake is reset or gets no answer, and the same address completes one under another name.
    ///
    /// ## Fix
    /// Add the name to the firewall's list (in AWS Network Firewall, the domain list of the rule group).
    ///
    /// ## Source
    /// AWS Network Firewall Developer Guide, "Stateful domain list rule groups".
    pub TLS_NAME_FILTERED, "tls-name-filtered", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| {
        matches!(
            kind,
            Kind::Tls(FailureKind::Timeout | FailureKind::Reset | FailureKind::Alert)
        )
    };
    stalled(scene, symptoms, matches, |symptom| {
        let other = succeeded_with(scene, symptom, |variation| {
            matches!(variation, Variation::OtherName(_))
        })?;
        let Variation::OtherName(other) = other else {
            return None;
        };
        Some(
            Cause::shown_by(&symptom.name, [symptom])
                .title(format!("A firewall filters the server name {}", symptom.name))
                .because(format!(
                    "The handshake fails under this name and completes under {other} on the same address."
                ))
                .fix(
                    "Add the name to the firewall's list of allowed names.",
                    vec![format!(
                        "openssl s_client -connect {name}:443 -servername {name} </dev/null",
                        name = symptom.name
                    )],
                ),
        )
    })
}
