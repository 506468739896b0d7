//! Picks causes so that every symptom is explained once.

use crate::facts::Level;
use crate::rules::{self, Cause, Rule};
use crate::symptoms::{Scene, SymptomId, Symptoms};

use super::finding::{Finding, Severity};

/// How many consequences a finding lists before it only counts them.
const CONSEQUENCES: usize = 12;

/// How many sentences of evidence a finding lists before it only counts them.
const EVIDENCE: usize = 10;

/// A cause that was accepted, as a finding, with the symptoms it accounts for.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The finding.
    pub finding: Finding,
    /// The symptoms that show it.
    pub shown_by: Vec<SymptomId>,
    /// The symptoms that show it and those that follow from it.
    pub accounts_for: Vec<SymptomId>,
}

/// The causes that explain the symptoms, the most severe first.
///
/// Rules are asked in the order of their tiers. A cause is accepted where one of the symptoms that show it is not
/// accounted for yet, or only by causes of the same tier, which stand beside it.
pub fn cover(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Accepted> {
    let mut explained_by: Vec<Option<rules::Tier>> = vec![None; symptoms.iter().count()];
    let mut accepted = Vec::new();
    for rule in rules::all() {
        for mut cause in (rule.find)(scene, symptoms) {
            let is_open = |id: &SymptomId| match explained_by.get(*id) {
                Some(Some(tier)) => *tier == rule.tier && rule.tier < rules::Tier::Connection,
                Some(None) => true,
                None => false,
            };
            if cause.alone.is_none() && !cause.explains.iter().any(is_open) {
                continue;
            }
            // What another cause explains already is none of this one's business.
            cause.explains.retain(is_open);
            let accounts_for: Vec<SymptomId> = cause
                .explains
                .iter()
                .chain(&cause.follows)
                .copied()
                .collect();
            for id in &accounts_for {
                if let Some(slot @ None) = explained_by.get_mut(*id) {
                    *slot = Some(rule.tier);
                }
            }
            let shown_by = cause.explains.clone();
            if let Some(finding) = finding(scene, symptoms, rule, cause) {
                accepted.push(Accepted {
                    finding,
                    shown_by,
                    accounts_for,
                });
            }
        }
    }
    accepted.sort_by_key(|cause| std::cmp::Reverse(cause.finding.severity));
    accepted
}

fn finding(scene: &Scene<'_>, symptoms: &Symptoms, rule: &Rule, cause: Cause) -> Option<Finding> {
    let own =
        |ids: &[SymptomId]| -> Vec<_> { ids.iter().filter_map(|id| symptoms.get(*id)).collect() };
    let shown = own(&cause.explains);
    let follows = own(&cause.follows);
    let worst = shown
        .iter()
        .chain(&follows)
        .map(|symptom| symptom.severity)
        .chain(cause.alone)
        .max()
        .unwrap_or(rule.severity);
    let worst = worst.min(cause.at_most.unwrap_or(Severity::Fail));
    let severity = match scene.facts.request.severities.get(rule.code) {
        Some(Level::Off) => return None,
        Some(Level::Info) => Severity::Info,
        Some(Level::Warn) => Severity::Warn,
        Some(Level::Fail) => Severity::Fail,
        None => worst,
    };
    let mut services = cause.services;
    if services.is_empty() {
        for symptom in &shown {
            if !symptom.service.is_empty() && !services.contains(&symptom.service) {
                services.push(symptom.service.clone());
            }
        }
    }
    // A call of the agent's own belongs to no service under test, where others are concerned as well.
    if services
        .iter()
        .any(|service| scene.target(service).is_some())
    {
        services.retain(|service| scene.target(service).is_some());
    }
    let consequences = follows.iter().map(|symptom| symptom.text.clone()).collect();
    Some(Finding {
        code: rule.code.to_owned(),
        severity,
        services,
        subject: cause.subject,
        title: cause.title,
        because: cause.because,
        evidence: bounded(cause.evidence, EVIDENCE),
        fix: cause.fix,
        consequences: bounded(consequences, CONSEQUENCES),
    })
}

fn bounded(mut lines: Vec<String>, most: usize) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    let more = lines.len().saturating_sub(most);
    if more > 0 {
        lines.truncate(most);
        lines.push(format!("… and {more} more"));
    }
    lines
}
