//! Where rounds are told: what is new to standard output, to the evidence and to those it is delivered to; every round to
//! the files that were asked for.

use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

use super::super::gathering::{FEW_WORKERS, Run};
use super::super::{AppError, delivering, evidence, output};
use super::rounds::LOOKUPS;
use crate::config::Settings;
use crate::drift::Drift;
use crate::facts::Facts;
use crate::render::{self, Format, drift as rendering, human, json};
use crate::verdict::Report;

/// How long delivering may take where a round used up its own time.
const SHORTEST: Duration = Duration::from_secs(5);

/// What is told of a round.
pub(super) enum Tidings<'a> {
    /// All of it.
    Whole,
    /// What changed.
    Change(&'a Drift),
}

/// Whether everything can be told that the settings ask for.
pub(super) fn check(settings: &Settings) -> Result<(), AppError> {
    let wrong = settings.outputs.iter().find(|output| {
        output.path.is_none() && !matches!(output.format, Format::Human | Format::Json)
    });
    match wrong {
        Some(output) => Err(AppError::Unknown(format!(
            "--output: {0} is for one run: expected human or json, or a file for each round, as in {0}=FILE",
            output.format
        ))),
        None => Ok(()),
    }
}

/// Writes a round to the files that were asked for.
pub(super) fn each(settings: &Settings, report: &Report) -> Vec<AppError> {
    let files = settings
        .outputs
        .iter()
        .filter_map(|output| Some((output.format, output.path.as_ref()?)));
    files
        .filter_map(|(format, path)| file(settings, report, format, path).err())
        .collect()
}

fn file(settings: &Settings, report: &Report, format: Format, path: &Path) -> Result<(), AppError> {
    let mut bytes = Vec::new();
    let style = output::style(settings, false);
    render::render(format, report, &style, &mut bytes).map_err(AppError::Output)?;
    output::file(path, &bytes)
}

/// Tells what is new: evidence first, which is kept whatever becomes of the rest.
pub(super) fn news(
    settings: &Settings,
    facts: &Facts,
    report: &Report,
    tidings: &Tidings<'_>,
    stopped: &watch::Receiver<bool>,
) -> Vec<AppError> {
    let mut failed = Vec::new();
    let kept = evidence::Record::begin(settings)
        .map(|record| record.keep(settings, facts, report))
        .transpose()
        .unwrap_or_else(|error| {
            failed.push(error);
            None
        });
    for wanted in settings
        .outputs
        .iter()
        .filter(|output| output.path.is_none())
    {
        failed.extend(print(settings, wanted.format, report, tidings).err());
    }
    let deadline = Duration::from_millis(settings.request.deadline_ms);
    let took = Duration::try_from_secs_f64(facts.duration_ms / 1000.0).unwrap_or(deadline);
    let left = deadline.saturating_sub(took).max(SHORTEST);
    let start = || Run::of_many(stopped.clone(), FEW_WORKERS, LOOKUPS);
    delivering::deliver(settings, facts, report, kept.as_deref(), left, &start);
    failed
}

fn print(
    settings: &Settings,
    format: Format,
    report: &Report,
    tidings: &Tidings<'_>,
) -> Result<(), AppError> {
    let mut bytes = Vec::new();
    let style = output::style(settings, true);
    match (format, tidings) {
        (Format::Json, Tidings::Whole) => json::write_line(report, &mut bytes),
        (Format::Json, Tidings::Change(drift)) => rendering::write_json_line(drift, &mut bytes),
        (_, Tidings::Whole) => human::write(report, &style, &mut bytes),
        (_, Tidings::Change(drift)) => {
            // One text follows the other.
            bytes.push(b'\n');
            rendering::write_human(drift, &style, &mut bytes)
        }
    }
    .map_err(AppError::Output)?;
    output::standard(&bytes)
}
