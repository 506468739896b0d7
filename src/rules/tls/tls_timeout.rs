use crate::facts::FailureKind;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::stalled::find as stalled;

rule! {
    /// The address takes the connection, and TLS or HTTP over it gets no answer.
    ///
    /// ## Told apart by
    /// The connection is made and nothing comes back in time, with a classical hello and another name no better.
    ///
    /// ## Fix
    /// Look for a firewall or load balancer between here and the endpoint that takes connections and forwards nothing, and for
    /// packets larger than the path carries.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Maximum transmission unit"; RFC 8446.
    pub TLS_TIMEOUT, "tls-timeout", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| {
        matches!(
            kind,
            Kind::Tls(FailureKind::Timeout) | Kind::Http(FailureKind::Timeout)
        )
    };
    stalled(scene, symptoms, matches, |symptom| {
        let what = match symptom.kind {
            Kind::Http(_) => "HTTP",
            _ => "the TLS handshake",
        };
        Some(
            Cause::shown_by(&symptom.name, [symptom])
                .title(format!(
                    "{} takes connections and does not answer {what}",
                    symptom.name
                ))
                .because("The connection is made, and then nothing comes back in time.")
                .fix(
                    "Look for a firewall between here and the endpoint.",
                    vec![format!(
                        "openssl s_client -connect {name}:443 -servername {name} </dev/null",
                        name = symptom.name
                    )],
                ),
        )
    })
}
