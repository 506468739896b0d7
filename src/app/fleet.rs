//! `fleet`: many machines' reports as one.

mod ordering;
mod running;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::gathering::{FEW_WORKERS, Run, trust};
use super::{AppError, FAIL, INCONCLUSIVE, PASS, comparing, complain, output};
use crate::cli::{FleetCommand, FleetReportArgs};
use crate::collect;
use crate::config::{Output, Period, Settings};
use crate::deliver::Destination;
use crate::fleet::{Fleet, FleetVerdict, Tally};
use crate::gather::aws::AwsAccess;
use crate::gather::{Bounds, host, operator};
use crate::render::{Format, fleet as rendering};

/// The formats of a fleet's report.
const FORMATS: &[Format] = &[Format::Human, Format::Json, Format::Html];

/// As long as whoever started it waits; each call has a limit of its own.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 86_400);

/// Does what was asked with many machines.
pub(super) fn fleet(settings: &Settings, command: &FleetCommand) -> Result<u8, AppError> {
    match command {
        FleetCommand::Report(arguments) => report(settings, arguments),
        FleetCommand::Run(arguments) => running::run(settings, arguments),
    }
}

fn report(settings: &Settings, arguments: &FleetReportArgs) -> Result<u8, AppError> {
    let outputs = comparing::outputs(&arguments.output.output, FORMATS, "one run")?;
    let now = now_ms();
    let since = match &arguments.since {
        Some(text) => {
            let period: Period = text
                .parse()
                .map_err(|problem| AppError::Unknown(format!("--since: {problem}")))?;
            let millis = i64::try_from(period.millis()).unwrap_or(i64::MAX);
            Some(now.saturating_sub(millis))
        }
        None => None,
    };
    let tally = Mutex::new(Tally::new(now, since));
    for source in &arguments.sources {
        collected(settings, source, &tally)?;
    }
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    if tally.is_empty() {
        return Err(AppError::Unknown(format!(
            "{}: expected JSON reports or evidence files of vpcheck, found none",
            arguments.sources.join(", ")
        )));
    }
    let fleet = Fleet::of(&tally, &arguments.sources.join(", "));
    drop(tally);
    write(settings, &outputs, &fleet)?;
    Ok(exit_code(&fleet))
}

/// Takes in what a source holds.
fn collected(settings: &Settings, source: &str, tally: &Mutex<Tally>) -> Result<(), AppError> {
    if source == "-" {
        collect::lines(&mut std::io::stdin().lock(), None, tally);
        return Ok(());
    }
    if source.starts_with("s3://") {
        return from_bucket(settings, source, tally);
    }
    let path = Path::new(source);
    let (operation, read) = match path.is_dir() {
        true => ("list", collect::directory(path, tally)),
        false => ("read", collect::file(path, tally)),
    };
    read.map_err(|error| AppError::File {
        operation,
        path: source.to_owned(),
        source: error,
    })
}

/// Takes in what a bucket holds. One that cannot be listed is said at once and leaves the fleet open.
fn from_bucket(settings: &Settings, source: &str, tally: &Mutex<Tally>) -> Result<(), AppError> {
    let target = match source.parse() {
        Ok(Destination::S3(target)) => target,
        Ok(_) => return Ok(()),
        Err(problem) => return Err(AppError::Unknown(problem.to_string())),
    };
    let asked = target.region.clone();
    let read = with_access(settings, asked, async |access, bounds| {
        collect::bucket(access, bounds, &target, tally).await
    })?;
    if let Err(error) = read {
        let said = error.to_string();
        complain(&AppError::Unknown(said.clone()));
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.unreadable(source, &said);
    }
    Ok(())
}

/// Works with the AWS APIs until it is done or interrupted.
fn with_access<T>(
    settings: &Settings,
    region: Option<String>,
    work: impl AsyncFnOnce(&AwsAccess, &Bounds) -> T,
) -> Result<T, AppError> {
    let run = Run::start(FEW_WORKERS)?;
    let trust = trust(settings)?;
    let region = (settings.region.as_ref())
        .map(ToString::to_string)
        .or(region);
    run.within_limit(
        settings,
        LONGEST_RUN,
        async |bounds| match operator::access(bounds, region, &trust, host::capture_env()).await {
            Some((access, _)) => Ok(work(&access, bounds).await),
            None => Err(AppError::Unknown(
                "no region is known: say it with --region".to_owned(),
            )),
        },
    )?
}

/// Writes the fleet's report as it was asked for.
fn write(settings: &Settings, outputs: &[Output], fleet: &Fleet) -> Result<(), AppError> {
    for wanted in outputs {
        let mut bytes = Vec::new();
        match wanted.format {
            Format::Json => rendering::write_json(fleet, &mut bytes),
            Format::Html => rendering::write_html(fleet, &mut bytes),
            _ => {
                let style = output::style(settings, wanted.path.is_none());
                rendering::write_human(fleet, &style, &mut bytes)
            }
        }
        .map_err(AppError::Output)?;
        match &wanted.path {
            Some(path) => output::file(path, &bytes)?,
            None => output::standard(&bytes)?,
        }
    }
    Ok(())
}

fn exit_code(fleet: &Fleet) -> u8 {
    match fleet.verdict {
        FleetVerdict::Pass => PASS,
        FleetVerdict::Fail => FAIL,
        FleetVerdict::Inconclusive => INCONCLUSIVE,
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
