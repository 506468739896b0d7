use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Stage, Symptoms};

rule! {
    /// The certificate is not valid for the name.
    ///
    /// The chain is the service's and the certificate names other hosts: the address belongs to another service or endpoint, or the name is an alias of the operator's own.
    ///
    /// ## Told apart by
    /// The chain reaches the required roots, and the name is not among the certificate's.
    ///
    /// ## Fix
    /// Use the service's own name or the endpoint's, or correct the record that leads to another service.
    ///
    /// ## Source
    /// RFC 6125; AWS PrivateLink Guide, endpoint DNS names.
    pub TLS_NAME_MISMATCH, "tls-name-mismatch", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown = symptoms.where_kind(|kind| *kind == Kind::NameMismatch);
    let causes = shown.map(|symptom| {
        let mut cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(symptoms.following(scene, &symptom.name, Stage::Tls))
            .title(format!("The certificate of {name} is not valid for that name", name = symptom.name))
            .because("The chain is the service's and the certificate names other hosts: the address belongs to another service or endpoint, or the name is an alias of the operator's own.")
            .fix(
                "Use the service's own name or the endpoint's, or correct the record that leads to another service.",
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
