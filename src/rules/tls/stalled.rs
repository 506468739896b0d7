//! What the rules about handshakes that do not come about share.

use crate::facts::probe::Variation;
use crate::rules::Cause;
use crate::rules::cause::by_subject;
use crate::symptoms::{Kind, Scene, Stage, Symptom, Symptoms};

/// One cause for each name whose handshake ended this way; `tell` may decline.
pub(super) fn find(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    matches: impl Fn(&Kind) -> bool,
    tell: impl Fn(&Symptom) -> Option<Cause>,
) -> Vec<Cause> {
    let causes = symptoms.where_kind(matches).filter_map(|symptom| {
        let cause = tell(symptom)?;
        Some(cause.follows(symptoms.following(scene, &symptom.name, Stage::Tls)))
    });
    by_subject(causes)
}

/// Whether the same address did better under a variation that `wanted` picks.
pub(super) fn succeeded_with<'a>(
    scene: &Scene<'a>,
    symptom: &Symptom,
    wanted: impl Fn(&Variation) -> bool,
) -> Option<&'a Variation> {
    scene
        .facts
        .probes
        .iter()
        .filter(|probe| probe.name == symptom.name && Some(probe.address) == symptom.address)
        .flat_map(|probe| &probe.experiments)
        .find(|experiment| wanted(&experiment.variation) && experiment.result.is_seen())
        .map(|experiment| &experiment.variation)
}

/// What several names show of the path itself has one cause: the path of this VPC, not each name.
pub(super) fn of_one_path(scene: &Scene<'_>, causes: Vec<Cause>, title: &str) -> Vec<Cause> {
    let [first, _, ..] = causes.as_slice() else {
        return causes;
    };
    let subject = scene
        .vpc_id
        .clone()
        .unwrap_or_else(|| first.subject.clone());
    by_subject(causes.into_iter().map(|cause| Cause {
        subject: subject.clone(),
        ..cause.title(title)
    }))
}
