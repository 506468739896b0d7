//! After the report: results on their way to where their owners collect them.

use std::path::Path;
use std::time::Duration;

use crate::config::Settings;
use crate::deliver::{self, Destination, Document};
use crate::facts::Facts;
use crate::gather;
use crate::render::{escape, json};
use crate::verdict::Report;

use super::AppError;
use super::gathering::{Run, trust};

/// Delivers the result as far as the destinations take it, within `left`. What goes wrong is logged and changes
/// nothing: the verdict is about the network, and what was not delivered waits. `start` starts the run that delivers.
///
/// S3 gets the evidence's file where there is one, else the report.
pub(super) fn deliver(
    settings: &Settings,
    facts: &Facts,
    report: &Report,
    evidence: Option<&Path>,
    left: Duration,
    start: &dyn Fn() -> Result<Run, AppError>,
) {
    if settings.deliver.is_empty() {
        return;
    }
    for problem in deliver::log_locally(&settings.deliver, report) {
        warn(&problem);
    }
    if settings.deliver.iter().all(Destination::is_local) {
        return;
    }
    if let Err(error) = by_spool(settings, facts, report, evidence, left, start) {
        tracing::error!("results are not delivered: {}", escape::terminal(&error));
    }
}

fn by_spool(
    settings: &Settings,
    facts: &Facts,
    report: &Report,
    evidence: Option<&Path>,
    left: Duration,
    start: &dyn Fn() -> Result<Run, AppError>,
) -> Result<(), String> {
    let document = match evidence {
        Some(path) => Document {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            bytes: std::fs::read(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?,
        },
        None => {
            let mut bytes = Vec::new();
            // Amazon Athena reads a document a line ("JSON SerDe libraries", Amazon Athena User Guide).
            json::write_line(report, &mut bytes).map_err(|error| error.to_string())?;
            Document {
                name: format!("{}.json", report.run_id),
                bytes,
            }
        }
    };
    let problems = deliver::enqueue(&settings.spool, &settings.deliver, report, &document)
        .map_err(|error| error.to_string())?;
    for problem in &problems {
        warn(problem);
    }
    let Some(region) = facts.host.region.as_deref() else {
        return Err("no region is known".to_owned());
    };
    let trust = trust(settings).map_err(|error| error.to_string())?;
    let run = start().map_err(|error| error.to_string())?;
    let access = gather::api_access(region, &trust, &facts.host);
    let outcome = run
        .within_limit(settings, left, async |bounds| {
            deliver::deliver(&settings.spool, &access, bounds, left).await
        })
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    for problem in &outcome.problems {
        warn(problem);
    }
    if outcome.waiting > 0 {
        tracing::warn!(
            "{} results wait in {} for the next run",
            outcome.waiting,
            settings.spool.display()
        );
    }
    tracing::info!("{} results delivered", outcome.delivered);
    Ok(())
}

/// What a service answered may stand in it.
fn warn(problem: &str) {
    tracing::warn!("{}", escape::terminal(problem));
}
