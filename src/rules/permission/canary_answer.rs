//! What the rules about how the canary's call ended share.

use crate::rules::Cause;
use crate::rules::cause::{quoted, region_flag};
use crate::symptoms::{Kind, Scene, Symptoms};

use super::denied::{queue, said};

/// What a rule says of the call.
pub(super) struct Words {
    /// The fact.
    pub(super) title: &'static str,
    /// The reasoning.
    pub(super) because: &'static str,
    /// What mends it.
    pub(super) fix: &'static str,
    /// The command: what stands before and after the queue's URL.
    pub(super) command: (&'static str, &'static str),
}

/// The cause, on the queue, where the call ended this way.
pub(super) fn find(
    scene: &Scene<'_>,
    symptoms: &Symptoms,
    matches: impl Fn(&Kind) -> bool,
    words: &Words,
) -> Vec<Cause> {
    let shown: Vec<_> = symptoms.where_kind(matches).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let subject = queue(scene);
    let (before, after) = words.command;
    let command = format!("{before} {}{after}{}", quoted(&subject), region_flag(scene));
    let cause = Cause::shown_by(&subject, shown)
        .title(words.title)
        .because(words.because)
        .fix(words.fix, vec![command]);
    vec![match &scene.facts.canary.error {
        Some(error) => cause.evidence(said(error)),
        None => cause,
    }]
}
