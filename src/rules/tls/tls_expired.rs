use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Stage, Symptoms};

rule! {
    /// The certificate has expired.
    ///
    /// The chain is right and its last day has passed, by this host's clock.
    ///
    /// ## Told apart by
    /// The chain reaches the required roots apart from its dates. Where an AWS answer's Date shows that this host's clock is off, the finding is clock-skewed.
    ///
    /// ## Fix
    /// Check this host's clock first; AWS renews its certificates long before they expire.
    ///
    /// ## Source
    /// RFC 5280, section 4.1.2.5.
    pub TLS_EXPIRED, "tls-expired", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown = symptoms.where_kind(|kind| *kind == Kind::Expired);
    let causes = shown.map(|symptom| {
        let mut cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(symptoms.following(scene, &symptom.name, Stage::Tls))
            .title(format!("The certificate of {name} has expired", name = symptom.name))
            .because("The chain is right and its last day has passed, by this host's clock.")
            .fix(
                "Check this host's clock first; AWS renews its certificates long before they expire.",
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
