//! `discover`: which services this host calls, told from its own sockets.

use std::path::Path;
use std::time::Duration;

use super::{AppError, PASS, comparing, gathering, output};
use crate::cli::DiscoverArgs;
use crate::config::{Period, Settings};
use crate::discover::{Discovery, Ranges, Seen};
use crate::facts::{FACTS_VERSION, Facts};
use crate::gather::{discovery, host, small_file};
use crate::render::{Format, discovery as rendering};

/// The largest file of published ranges; AWS's own has some two MB.
const LARGEST_RANGES: u64 = 32 << 20;

/// Watches, asks, and prints what was found.
pub(super) fn discover(settings: &Settings, arguments: &DiscoverArgs) -> Result<u8, AppError> {
    let outputs = comparing::outputs(&arguments.output, &[Format::Human, Format::Json], "one run")?;
    let watch = match &arguments.watch {
        None => None,
        Some(text) => {
            let period: Period = text
                .parse()
                .map_err(|problem| AppError::Unknown(format!("--for: {problem}")))?;
            Some(Duration::from(period))
        }
    };
    let ranges = arguments.ranges.as_deref().map(ranges).transpose()?;
    let run = gathering::Run::start(gathering::FEW_WORKERS)?;
    let deadline = Duration::from_millis(settings.request.deadline_ms);
    let options = discovery::Options {
        region: settings.region.as_ref().map(ToString::to_string),
        watch,
        deadline,
        inventory: gathering::inventory(settings, &settings.inventory)?,
        trust: gathering::trust(settings)?,
        env: host::capture_env(),
    };
    let limit = deadline.saturating_add(watch.unwrap_or_default());
    let gathered = run.within_limit(settings, limit, async |bounds| {
        discovery::gather(options, bounds).await
    })?;
    if !gathered.sees {
        let why: Vec<String> = gathered.traffic.blind.tables.into_iter().collect();
        return Err(AppError::Unknown(format!(
            "no table of sockets could be read, so that no connection can be seen: {}",
            why.join("; ")
        )));
    }
    let facts = Facts {
        facts_version: FACTS_VERSION,
        tool_version: super::VERSION.to_owned(),
        run_id: String::new(),
        started_at: gathered.started_at,
        duration_ms: 0.0,
        interrupted: gathered.interrupted,
        assumed: Vec::new(),
        request: settings.request.clone(),
        host: gathered.host,
        targets: Vec::new(),
        names: Vec::new(),
        probes: Vec::new(),
        canary: crate::facts::Canary::default(),
        inventory: gathered.inventory,
    };
    let discovery = Discovery::of(Seen {
        facts: &facts,
        traffic: &gathered.traffic,
        answers: &gathered.answers,
        ranges: ranges.as_ref(),
    });
    for wanted in &outputs {
        let mut bytes = Vec::new();
        let style = output::style(settings, wanted.path.is_none());
        match wanted.format {
            Format::Json => rendering::write_json(&discovery, &mut bytes),
            _ => rendering::write_human(&discovery, &style, &mut bytes),
        }
        .map_err(AppError::Output)?;
        match &wanted.path {
            Some(path) => output::file(path, &bytes)?,
            None => output::standard(&bytes)?,
        }
    }
    Ok(PASS)
}

fn ranges(path: &Path) -> Result<Ranges, AppError> {
    let label = || path.display().to_string();
    let bytes = small_file::read(path, LARGEST_RANGES + 1).map_err(|source| AppError::File {
        operation: "read",
        path: label(),
        source,
    })?;
    if bytes.len() as u64 > LARGEST_RANGES {
        let most = LARGEST_RANGES >> 20;
        return Err(AppError::Unknown(format!(
            "{}: expected at most {most} MiB, found more",
            label()
        )));
    }
    Ranges::parse(&bytes).map_err(|error| AppError::Unknown(format!("{}: {error}", label())))
}
