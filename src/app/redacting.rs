//! What is shown of a run: all of it, or stand-ins for its accounts and addresses.

use std::io;

use crate::config::Settings;
use crate::facts::Facts;
use crate::redact::{Key, Redaction};
use crate::verdict::Report;

use super::AppError;

/// A run as it is written.
pub(super) struct Shown {
    /// The report.
    pub(super) report: Report,
    /// The facts, where they are others than those gathered.
    pub(super) facts: Option<Facts>,
}

/// What the settings let be shown. The report is judged before: stand-ins change nothing of its verdict.
pub(super) fn shown(settings: &Settings, facts: &Facts, report: Report) -> Result<Shown, AppError> {
    let Some(redaction) = redaction(settings, facts)? else {
        return Ok(Shown {
            report,
            facts: None,
        });
    };
    Ok(Shown {
        report: redaction.report(&report)?,
        facts: Some(redaction.facts(facts)?),
    })
}

/// The stand-ins of a run, where the settings ask for them.
pub(super) fn redaction(settings: &Settings, facts: &Facts) -> Result<Option<Redaction>, AppError> {
    match settings.redact {
        true => Ok(Some(Redaction::of(facts, key()?)?)),
        false => Ok(None),
    }
}

/// A secret of this run's own, which is written nowhere.
fn key() -> Result<Key, AppError> {
    let mut key = Key::default();
    aws_lc_rs::rand::fill(&mut key)
        .map_err(|_| AppError::Runtime(io::Error::other("the system has no random numbers")))?;
    Ok(key)
}
