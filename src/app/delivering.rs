//! After the report: results on their way to where their owners collect them.

use std::time::Duration;

use crate::config::Settings;
use crate::deliver::{self, Destination, Document};
use crate::facts::Facts;
use crate::gather;
use crate::render::{Format, Style, render};
use crate::verdict::Report;

use super::gathering::{Run, trust};

/// However little of the deadline is left, one call may be tried: what AWS takes at once need not wait for a day.
const LEAST: Duration = Duration::from_secs(2);

/// Delivers the result as far as the destinations take it, within `left`. What goes wrong is logged and changes
/// nothing: the verdict is about the network, and what was not delivered waits.
///
/// S3 gets the evidence where it is kept, else the report.
pub(super) fn deliver(
    settings: &Settings,
    facts: &Facts,
    report: &Report,
    evidence: Option<Document>,
    left: Duration,
) {
    if settings.deliver.is_empty() {
        return;
    }
    for problem in deliver::log_locally(&settings.deliver, report) {
        tracing::warn!("{problem}");
    }
    let is_remote = |to: &&Destination| !matches!(to, Destination::Journald | Destination::Syslog);
    if !settings.deliver.iter().any(|to| is_remote(&to)) {
        return;
    }
    if let Err(error) = by_spool(settings, facts, report, evidence, left) {
        tracing::error!("results are not delivered: {error}");
    }
}

fn by_spool(
    settings: &Settings,
    facts: &Facts,
    report: &Report,
    evidence: Option<Document>,
    left: Duration,
) -> Result<(), String> {
    let document = match evidence {
        Some(document) => document,
        None => {
            let mut bytes = Vec::new();
            render(Format::Json, report, &Style::default(), &mut bytes)
                .map_err(|error| error.to_string())?;
            Document {
                name: format!("{}.json", report.run_id),
                bytes,
            }
        }
    };
    let problems = deliver::enqueue(&settings.spool, &settings.deliver, report, &document)
        .map_err(|error| error.to_string())?;
    for problem in problems {
        tracing::warn!("{problem}");
    }
    let Some(region) = facts.host.region.as_deref() else {
        return Err("no region is known".to_owned());
    };
    let trust = trust(settings).map_err(|error| error.to_string())?;
    let run = Run::start().map_err(|error| error.to_string())?;
    let access = gather::api_access(region, &trust, &facts.host);
    let limit = left.max(LEAST);
    let outcome = run
        .within_limit(settings, limit, async |bounds| {
            deliver::deliver(&settings.spool, &access, bounds, limit).await
        })
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    for problem in &outcome.problems {
        tracing::warn!("{problem}");
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
