use crate::facts::FailureKind;
use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Stage, Symptoms};

rule! {
    /// TLS is right, and what answers HTTP is not the AWS service.
    ///
    /// ## Told apart by
    /// The certificate is verified, and the answer to an unsigned request carries nothing of AWS: no request id, no service
    /// error, none of the redirects and health lines that services answer with.
    ///
    /// ## Fix
    /// Find what ends TLS with a service's certificate at this address.
    ///
    /// ## Source
    /// AWS General Reference, "Common errors"; each service's answer to unsigned requests.
    pub NOT_THE_SERVICE, "not-the-service", Fail, Connection, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown = symptoms
        .where_kind(|kind| {
            matches!(
                kind,
                Kind::NotTheService | Kind::Http(FailureKind::Malformed)
            )
        })
        .filter(|symptom| scene.service(&symptom.service).is_some());
    let causes = shown.map(|symptom| {
        let mut cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(symptoms.following(scene, &symptom.name, Stage::Http))
            .title(format!(
                "What answers for {} is not the AWS service",
                symptom.name
            ))
            .because("The certificate is right, and the answer shows no AWS service.")
            .fix(
                "Find what answers at this address.",
                vec![format!("curl -si -m 5 https://{}/", symptom.name)],
            );
        let http = scene
            .facts
            .probes_of(&symptom.name)
            .filter(|probe| Some(probe.address) == symptom.address)
            .find_map(|probe| probe.http.seen());
        if let Some(http) = http {
            cause = cause.evidence(format!(
                "HTTP {} from {:?}.",
                http.code,
                http.header("server").unwrap_or("an unnamed server")
            ));
        }
        cause
    });
    by_subject(causes)
}
