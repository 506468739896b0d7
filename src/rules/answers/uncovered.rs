//! What the rules about names that private DNS does not cover share.

use crate::catalog::{Catalog, NameForm};
use crate::facts::request::NameOrigin;
use crate::rules::Cause;
use crate::rules::cause::{by_subject, quoted};
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

use super::why_public::uncovered_form;

/// One name of an uncovered form that is under test, the plain name that is private, and why it is under test.
pub(super) struct Uncovered<'a> {
    pub(super) symptom: &'a Symptom,
    pub(super) plain: String,
    pub(super) origin: Option<&'a NameOrigin>,
}

/// The causes that `tell` makes of the names of these forms that are public, missing or mixed while the plain
/// name of the same service is private.
pub(super) fn find(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    forms: &[NameForm],
    tell: impl Fn(&Uncovered<'_>) -> Cause,
) -> Vec<Cause> {
    let shown =
        symptoms.where_kind(|kind| matches!(kind, Kind::Public | Kind::Mixed | Kind::NotFound(_)));
    let causes = shown.filter_map(|symptom| {
        let name = scene.facts.name(&symptom.name)?;
        let form = uncovered_form(scene, name)?;
        if !forms.contains(&form) {
            return None;
        }
        let uncovered = Uncovered {
            symptom,
            plain: plain_name(scene, symptom)?,
            origin: origin(scene, symptom),
        };
        Some(tell(&uncovered).follows(symptoms.after_name(scene, &symptom.name)))
    });
    by_subject(causes)
}

/// What switched the name on: the variable, the queue URL, else the name itself.
pub(super) fn subject(scene: &Scene<'_>, uncovered: &Uncovered<'_>) -> String {
    match uncovered.origin {
        Some(NameOrigin::Variable(variable)) => variable.clone(),
        Some(NameOrigin::QueueUrl) => scene
            .facts
            .request
            .queue_url
            .clone()
            .unwrap_or_else(|| uncovered.symptom.name.clone()),
        _ => uncovered.symptom.name.clone(),
    }
}

/// Whether the name is under test because it was asked for.
pub(super) fn is_target(uncovered: &Uncovered<'_>) -> bool {
    matches!(uncovered.origin, Some(NameOrigin::Argument) | None)
}

/// The command that checks the plain name instead.
pub(super) fn check_plain(uncovered: &Uncovered<'_>) -> String {
    format!("vpcheck check {}", quoted(&uncovered.plain))
}

/// The command that has the plain name called: without the variable, or the name, that asks for another.
pub(super) fn without_switch(uncovered: &Uncovered<'_>, switch: &str) -> String {
    match uncovered.origin {
        Some(NameOrigin::Variable(variable)) if variable == switch => {
            format!("export {switch}=false")
        }
        Some(NameOrigin::Variable(variable)) => {
            format!("export {variable}=https://{}", uncovered.plain)
        }
        Some(NameOrigin::QueueUrl) => {
            format!("export AWS_ENDPOINT_URL_SQS=https://{}", uncovered.plain)
        }
        _ => check_plain(uncovered),
    }
}

fn plain_name(scene: &Scene<'_>, symptom: &Symptom) -> Option<String> {
    let service = Catalog::get().service(&symptom.service)?;
    let region = scene.region_of(&symptom.name)?;
    service
        .hostnames(&region, scene.account_id(), NameForm::Standard)
        .into_iter()
        .next()
}

fn origin<'a>(scene: &'a Scene<'_>, symptom: &Symptom) -> Option<&'a NameOrigin> {
    scene
        .facts
        .targets
        .iter()
        .flat_map(|target| &target.hostnames)
        .find(|hostname| hostname.name == symptom.name)
        .map(|hostname| &hostname.origin)
}
