use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Stage, Symptoms};

rule! {
    /// The certificate is not valid yet.
    ///
    /// The chain is right and its first day is still to come, by this host's clock.
    ///
    /// ## Told apart by
    /// The chain reaches the required roots apart from its dates. Where an AWS answer's Date shows that this host's clock is off, the finding is clock-skewed.
    ///
    /// ## Fix
    /// Check this host's clock: it is probably slow.
    ///
    /// ## Source
    /// RFC 5280, section 4.1.2.5.
    pub TLS_NOT_YET_VALID, "tls-not-yet-valid", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown = symptoms.where_kind(|kind| *kind == Kind::NotYetValid);
    let causes = shown.map(|symptom| {
        let mut cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(symptoms.following(scene, &symptom.name, Stage::Tls))
            .title(format!("The certificate of {name} is not valid yet", name = symptom.name))
            .because("The chain is right and its first day is still to come, by this host's clock.")
            .fix(
                "Check this host's clock: it is probably slow.",
                vec![format!(
                    "openssl s_client -connect {name}:443 -servername {name} </dev/null | openssl x509 -noout -subject -dates -ext subjectAltName",
                    name = symptom.name
                )],
            );
        let leaf = scene
            .facts
            .probes_of(&symptom.name)
            .filter(|probe| Some(probe.address) == symptom.address)
            .find_map(|probe| probe.tls.seen()?.leaf());
        if let Some(leaf) = leaf {
            cause = cause.evidence(format!(
                "The certificate of {} for {} is valid from {} to {}.",
                leaf.subject,
                leaf.names.iter().take(8).cloned().collect::<Vec<_>>().join(", "),
                leaf.not_before,
                leaf.not_after
            ));
        }
        cause
    });
    by_subject(causes)
}
