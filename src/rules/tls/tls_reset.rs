use crate::facts::FailureKind;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::stalled::find as stalled;

rule! {
    /// The address takes the connection and breaks it off before TLS or HTTP is done.
    ///
    /// A reset, an early close, an alert, or something that is not TLS at all.
    ///
    /// ## Told apart by
    /// How the handshake or the request ends, with a classical hello and another name no better.
    ///
    /// ## Fix
    /// Look for a firewall that breaks connections off, or for another server at this address.
    ///
    /// ## Source
    /// RFC 8446, section 6.
    pub TLS_RESET, "tls-reset", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| matches!(kind, Kind::Tls(_) | Kind::Http(_));
    stalled(scene, symptoms, matches, |symptom| {
        let (title, because, fix) = match symptom.kind {
            Kind::Tls(FailureKind::Malformed) => (
                "does not speak TLS as it has to be",
                "The connection is made, and what comes back is no TLS, or none with a certificate that can be read.",
                "Look for another server at this address, or for a firewall that answers in its place.",
            ),
            _ => (
                "breaks connections off",
                "The connection is made, and broken off before an answer came.",
                "Look for a firewall that breaks connections off.",
            ),
        };
        Some(
            Cause::shown_by(&symptom.name, [symptom])
                .title(format!("{} {title}", symptom.name))
                .because(because)
                .fix(
                    fix,
                    vec![format!(
                        "openssl s_client -connect {name}:443 -servername {name} </dev/null",
                        name = symptom.name
                    )],
                ),
        )
    })
}
