use crate::facts::FailureKind;
use crate::facts::tls::Certificate;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Stage, Symptom, Symptoms};

rule! {
    /// A middlebox answers TLS in the service's place.
    ///
    /// The certificate does not chain to the roots AWS services are signed by: something between this host and the
    /// service ends the connection and makes a certificate of its own. No credential is sent over it.
    ///
    /// ## Told apart by
    /// The chain, checked against the service roots (Amazon Trust Services, or `--service-roots`), whatever the system trusts. A
    /// right chain that has expired or names another host keeps its own code. On a private address of no endpoint, the cause is
    /// `answer-not-endpoint`.
    ///
    /// ## Fix
    /// Exempt AWS's names from inspection on the proxy or firewall that the issuer names, or route endpoint traffic past it.
    ///
    /// ## Source
    /// Amazon Trust Services repository; AWS Network Firewall Developer Guide, "TLS inspection".
    pub TLS_INTERCEPTED, "tls-intercepted", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let mut by_issuer: Vec<(String, Vec<&Symptom>)> = Vec::new();
    for symptom in symptoms.where_kind(|kind| *kind == Kind::Untrusted) {
        let issuer = leaf(scene, symptom).map_or("an unknown issuer".to_owned(), interceptor);
        match by_issuer.iter_mut().find(|(known, _)| *known == issuer) {
            Some((_, shown)) => shown.push(symptom),
            None => by_issuer.push((issuer, vec![symptom])),
        }
    }
    by_issuer
        .into_iter()
        .map(|(issuer, shown)| cause(scene, symptoms, &issuer, &shown))
        .collect()
}

fn cause(scene: &Scene<'_>, symptoms: &Symptoms, issuer: &str, shown: &[&Symptom]) -> Cause {
    let mut names: Vec<&str> = shown.iter().map(|symptom| symptom.name.as_str()).collect();
    names.dedup();
    let subject = match names.as_slice() {
        [one] => *one,
        _ => issuer,
    };
    let in_catalog = shown
        .iter()
        .any(|symptom| scene.service(&symptom.service).is_some());
    let roots = match in_catalog {
        true => "the service roots",
        false => "the system's roots",
    };
    let mut cause = Cause::shown_by(subject, shown.iter().copied())
        .title(format!(
            "TLS is intercepted: the certificate is issued by {issuer}"
        ))
        .because(format!(
            "The chain does not reach {roots}, so it is not the service that answers."
        ));
    for symptom in shown {
        cause = cause.follows(symptoms.following(scene, &symptom.name, Stage::Tls));
        if let Some(leaf) = leaf(scene, symptom) {
            cause = cause.evidence(format!("{} is issued by {}.", leaf.subject, leaf.issuer));
        }
        let trusted_here = probe(scene, symptom)
            .and_then(|probe| probe.tls.seen())
            .is_some_and(|tls| tls.system_roots.reaches());
        if trusted_here && in_catalog {
            cause = cause.evidence(
                "The system's own trust store accepts it, so applications here do not notice.",
            );
        }
    }
    // Signed calls trust the service roots alone, so what meets the same interceptor is refused by its certificate.
    let calls = scene.facts.inventory.calls();
    let refused = calls
        .iter()
        .any(|(_, failure)| failure.is_some_and(|f| f.kind == FailureKind::Untrusted));
    if refused {
        let unread = symptoms.where_kind(|kind| *kind == Kind::InventoryUnreachable);
        cause = cause.follows(unread.map(|symptom| symptom.id));
    }
    let name = names.first().copied().unwrap_or_default();
    cause.fix(
        "Exempt AWS's names from TLS inspection on the device that the issuer names. To see the chain:",
        vec![format!("openssl s_client -connect {name}:443 -servername {name} -showcerts </dev/null")],
    )
}

fn probe<'a>(scene: &'a Scene<'_>, symptom: &Symptom) -> Option<&'a crate::facts::AddressProbe> {
    let address = symptom.address?;
    scene
        .facts
        .probes
        .iter()
        .find(|probe| probe.name == symptom.name && probe.address == address)
}

fn leaf<'a>(scene: &'a Scene<'_>, symptom: &Symptom) -> Option<&'a Certificate> {
    probe(scene, symptom)?.tls.seen()?.leaf()
}

/// The issuer stands for the interceptor; a certificate that signed itself stands for itself.
fn interceptor(leaf: &Certificate) -> String {
    leaf.issuer.clone()
}
