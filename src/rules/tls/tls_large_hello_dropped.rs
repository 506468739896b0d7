use crate::facts::FailureKind;
use crate::facts::probe::Variation;
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::stalled::{find as stalled, of_one_path, succeeded_with};

rule! {
    /// The handshake stalls when the ClientHello spans packets.
    ///
    /// With a post-quantum key share the first message of TLS no longer fits one packet, and a firewall on the way drops
    /// what it does not put together.
    ///
    /// ## Told apart by
    /// The handshake gets no answer, and a classical ClientHello to the same address succeeds.
    ///
    /// ## Fix
    /// Update the firewall, or let it pass fragmented ClientHellos; until then switch post-quantum key exchange off in the applications.
    ///
    /// ## Source
    /// tldr.fail; amazon-vpc-cni-k8s issue 3311.
    pub TLS_LARGE_HELLO_DROPPED, "tls-large-hello-dropped", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let matches = |kind: &Kind| {
        matches!(
            kind,
            Kind::Tls(FailureKind::Timeout | FailureKind::Reset | FailureKind::Alert)
        )
    };
    let causes = stalled(scene, symptoms, matches, |symptom| {
        succeeded_with(scene, symptom, |variation| {
            *variation == Variation::ClassicalHello
        })?;
        Some(
            Cause::shown_by(&symptom.name, [symptom])
                .title(format!("A firewall drops large TLS hellos to {}", symptom.name))
                .because("The handshake stalls with a ClientHello that spans packets, and succeeds with a small one on the same address.")
                .fix(
                    "Let the firewall pass ClientHellos that span packets. To compare:",
                    vec![
                        format!("openssl s_client -groups X25519MLKEM768 -connect {name}:443 -servername {name} </dev/null", name = symptom.name),
                        format!("openssl s_client -groups X25519 -connect {name}:443 -servername {name} </dev/null", name = symptom.name),
                    ],
                ),
        )
    });
    of_one_path(
        scene,
        causes,
        "A firewall drops large TLS hellos on the way to several services",
    )
}
