//! What the rules about a certificate of the right chain share.

use crate::rules::Cause;
use crate::rules::cause::by_subject;
use crate::symptoms::{Kind, Scene, Stage, Symptoms};

/// What a rule says of a certificate.
pub(super) struct Words {
    /// What the certificate of the name is, as in `has expired`.
    pub(super) is: &'static str,
    /// The reasoning.
    pub(super) because: &'static str,
    /// What mends it.
    pub(super) fix: &'static str,
}

/// One cause for each name whose certificate shows this symptom.
pub(super) fn find(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    kind: Kind,
    words: &Words,
) -> Vec<Cause> {
    let causes = symptoms.where_kind(|shown| *shown == kind).map(|symptom| {
        let name = &symptom.name;
        let cause = Cause::shown_by(name, [symptom])
            .follows(symptoms.following(scene, name, Stage::Tls))
            .title(format!("The certificate of {name} {}", words.is))
            .because(words.because)
            .fix(
                words.fix,
                vec![format!(
                    "openssl s_client -connect {name}:443 -servername {name} </dev/null | openssl x509 -noout -subject -dates -ext subjectAltName"
                )],
            );
        let leaf = scene
            .facts
            .probes_of(name)
            .filter(|probe| Some(probe.address) == symptom.address)
            .find_map(|probe| probe.tls.seen()?.leaf());
        match leaf {
            Some(leaf) => cause.evidence(format!(
                "The certificate of {} for {} is valid from {} to {}.",
                leaf.subject,
                leaf.names.iter().take(8).cloned().collect::<Vec<_>>().join(", "),
                leaf.not_before,
                leaf.not_after
            )),
            None => cause,
        }
    });
    by_subject(causes)
}
