//! From what was said to what holds.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::error::{Problem, SettingError};
use super::files::{absent, read, unreadable};
use super::layers::{Layers, Source, Sourced};
use super::registry::OPTIONS;
use super::roots::{ca_file, pem_file};
use super::shown::Said;
use super::signing_key::signing_key;
use super::words::{CANARIES, COLORS, EXPECTS, SWITCHES, path, region, severity, vpc_id, word};
use super::{
    DEFAULT_FILE, DEFAULT_INVENTORY_CACHE, DEFAULT_STATE, Environment, Files, FixOutput,
    InventoryChoice, MemoryChoice, NamedFile, Output, Period, Settings, WatchChoice, file, network,
    queue, target,
};
use crate::catalog::Workload;
use crate::cli::{Cli, Command};
use crate::deliver::Destination;
use crate::facts::{CanaryMode, InventoryPlace, Request};
use crate::render::Format;

/// See [`Settings::resolve`].
pub(super) fn resolve(
    cli: &Cli,
    environment: &Environment,
    files: &dyn Files,
    known_codes: &[&str],
) -> Result<Settings, SettingError> {
    let mut layers = Layers {
        given: cli.given(),
        environment,
        file: file::Entries::new(),
    };
    // A replay judges what was recorded elsewhere: this machine's own file has no say unless named.
    let usual_file = !matches!(cli.command, Command::Replay(_));
    if layers.given.takes("config") {
        layers.file = config_file(&layers, files, usual_file)?;
    }

    let (targets, workloads) = what_is_checked(&layers)?;
    let (queue_url, canary) = canary(&layers, cli)?;
    let (timeout, deadline) = limits(&layers, cli)?;
    let max_age = layers.one("inventory-max-age", str::parse::<Period>)?;
    let expect = layers.one("expect", |text| word(text, EXPECTS))?;
    let severities = layers.many("severity", |text| severity(text, known_codes))?;
    let (quiet, verbosity) = console(&layers)?;
    let redact = redact(&layers)?;
    let ca_file = ca_file(&layers, files)?;
    let (outputs, fix) = outputs(&layers)?;

    let taken = OPTIONS
        .iter()
        .filter(|option| layers.given.takes(option.key));
    let mut said: Vec<Said> = taken
        .map(|option| {
            let raw = layers.raw(option.key);
            Said {
                key: option.key,
                from: raw.as_ref().map_or(Source::Default, |raw| raw.from.clone()),
                values: raw.map(|raw| raw.values.into_iter().map(|said| said.value).collect()),
            }
        })
        .collect();
    // Other tools' variables name it as well.
    if let Some(file) = &ca_file
        && let Some(said) = said.iter_mut().find(|said| said.key == "ca-file")
    {
        said.from = file.from.clone();
        said.values = Some(vec![file.value.label.clone()]);
    }

    Ok(Settings {
        request: Request {
            expect: expect.map(|e| e.value).unwrap_or_default(),
            vpc_cidrs: layers.many("vpc-cidr", network::cidr)?.value,
            allow_cidrs: layers.many("allow-cidr", network::cidr)?.value,
            workloads: workloads.iter().map(Workload::to_string).collect(),
            queue_url,
            canary,
            timeout_ms: timeout.millis(),
            deadline_ms: deadline.millis(),
            inventory_max_age_s: max_age.map_or(DAY_S, |age| age.value.seconds()),
            severities: severities.value.into_iter().collect(),
        },
        region: layers.one("region", region)?.map(|region| region.value),
        targets,
        workloads,
        extra_resolvers: layers.many("resolver", network::resolver)?.value,
        inventory: inventory(&layers, files, cli)?,
        inventory_cache: inventory_cache(&layers)?,
        spread: spread(&layers)?,
        service_roots: pem_file(&layers, files, "service-roots")?.map(|file| file.value),
        ca_file: ca_file.map(|file| file.value),
        vpc_id: layers.one("vpc-id", vpc_id)?.map(|id| id.value),
        outputs,
        fix,
        save_facts: layers.one("save-facts", path)?.map(|path| path.value),
        redact,
        deliver: layers
            .many("deliver", |text| {
                text.parse::<Destination>()
                    .map_err(|error| Problem::unexpected(error.expected, text))
            })?
            .value,
        spool: layers
            .one("spool", path)?
            .map_or_else(|| PathBuf::from(DEFAULT_SPOOL), |path| path.value),
        evidence: layers.one("evidence", path)?.map(|path| path.value),
        signing_key: layers.one("signing-key", signing_key)?.map(|key| key.value),
        retention: layers
            .one("retention", Period::retention)?
            .map(|period| period.value),
        memory: memory(&layers)?,
        watch: watch(&layers)?,
        color: layers
            .one("color", |text| word(text, COLORS))?
            .map(|color| color.value)
            .unwrap_or_default(),
        quiet,
        verbosity,
        said,
    })
}

const DAY_S: u64 = 86_400;
/// State of a system service that has to survive a reboot (file-hierarchy(7)).
const DEFAULT_SPOOL: &str = "/var/lib/vpcheck/spool";

/// The file that was named, else the usual one where it exists.
fn config_file(
    layers: &Layers<'_>,
    files: &dyn Files,
    usual: bool,
) -> Result<file::Entries, SettingError> {
    if let Some(named) = layers.one("config", path)? {
        let bytes = read(files, &named.value, &named.from, "config")?;
        return file::read(&named.value, &bytes);
    }
    let path = Path::new(DEFAULT_FILE);
    if !usual {
        return Ok(file::Entries::new());
    }
    match files.read(path) {
        Ok(bytes) => file::read(path, &bytes),
        Err(error) if absent(&error) => Ok(file::Entries::new()),
        Err(error) => Err(unreadable("configuration".to_owned(), path, &error)),
    }
}

/// Targets and workloads. Targets replace the workload's set, unless the workload was said in a
/// higher place: `--workload` counts for more than the file's targets.
fn what_is_checked(
    layers: &Layers<'_>,
) -> Result<(Vec<target::TargetArg>, Vec<Workload>), SettingError> {
    let named = Workload::ALL.map(|workload| (workload.as_str(), workload));
    let targets = layers.many("target", target::target)?;
    let workloads = layers.many("workload", |text| word(text, &named))?;
    if !workloads.value.is_empty() && workloads.from.rank() > targets.from.rank() {
        return Ok((Vec::new(), workloads.value));
    }
    Ok((targets.value, workloads.value))
}

/// The queue and what is done with it. `iam-policy` and the runs that send one need both or neither.
fn canary(layers: &Layers<'_>, cli: &Cli) -> Result<(Option<String>, CanaryMode), SettingError> {
    let queue = layers.one("queue-url", queue::queue_url)?;
    let mode = layers.one("canary", |text| word(text, CANARIES))?;
    match (&queue, mode) {
        (None, Some(mode)) if mode.value != CanaryMode::Off => Err(SettingError {
            place: mode.from.place("canary"),
            problem: Problem::Conflict(format!(
                "a canary needs a queue: give --queue-url to {}, or set canary to off",
                cli.command.name()
            )),
        }),
        (None, _) => Ok((None, CanaryMode::Off)),
        (Some(queue), mode) => {
            let mode = mode.map_or(CanaryMode::Send, |mode| mode.value);
            Ok((Some(queue.value.clone()), mode))
        }
    }
}

/// The limits in time. A deadline shorter than the default timeout shortens that; it contradicts
/// only a timeout that someone asked for.
///
/// A container's health command is given up after 5 seconds unless it is told otherwise ("HealthCheck", Amazon ECS
/// API Reference): `health` has said what it has to say before.
fn limits(layers: &Layers<'_>, cli: &Cli) -> Result<(Period, Period), SettingError> {
    let (usual_timeout, usual_deadline) = match cli.command {
        Command::Health(_) => (1500, 4000),
        _ => (2000, 20_000),
    };
    let timeout = layers.one("timeout", str::parse::<Period>)?;
    let deadline = layers.one("deadline", str::parse::<Period>)?;
    let default = |millis| Period::from_millis(millis).unwrap_or(Period::SHORTEST);
    let deadline = deadline.unwrap_or_else(|| Sourced::default_of(default(usual_deadline)));
    let Some(timeout) = timeout else {
        return Ok((default(usual_timeout).min(deadline.value), deadline.value));
    };
    if timeout.value > deadline.value {
        return Err(SettingError {
            place: timeout.from.place("timeout"),
            problem: Problem::Conflict(format!(
                "expected at most the whole run's deadline, {} ({}), found {}",
                deadline.value, deadline.from, timeout.value
            )),
        });
    }
    Ok((timeout.value, deadline.value))
}

/// The inventory. `health` makes no calls to the EC2 API, so that `auto` is `off` there.
fn inventory(
    layers: &Layers<'_>,
    files: &dyn Files,
    cli: &Cli,
) -> Result<InventoryChoice, SettingError> {
    let live = match cli.command {
        Command::Health(_) => InventoryChoice::Off,
        _ => InventoryChoice::Auto,
    };
    let said = layers.one("inventory", |text| match text {
        "" => Err(Problem::unexpected(
            "auto, off, a file, s3://BUCKET/KEY or ssm:/NAME",
            text,
        )),
        text => match InventoryPlace::of(text) {
            Some(Err(error)) => Err(Problem::unexpected(error.expected, text)),
            _ => Ok(text.to_owned()),
        },
    })?;
    let place = said
        .as_ref()
        .and_then(|said| InventoryPlace::of(&said.value));
    if let Some(Ok(place)) = place {
        return Ok(InventoryChoice::Place(place));
    }
    Ok(match said {
        None => live,
        Some(said) if said.value == "auto" => live,
        Some(said) if said.value == "off" => InventoryChoice::Off,
        // A policy is written for another machine, where the file is: here it need not be.
        Some(_) if matches!(cli.command, Command::IamPolicy(_)) => InventoryChoice::Off,
        Some(said) => {
            let bytes = read(files, Path::new(&said.value), &said.from, "inventory")?;
            InventoryChoice::File(NamedFile {
                label: said.value,
                bytes,
            })
        }
    })
}

/// Where fetched inventories are kept.
fn inventory_cache(layers: &Layers<'_>) -> Result<Option<PathBuf>, SettingError> {
    let said = layers.one("inventory-cache", path)?;
    Ok(match said {
        None => Some(PathBuf::from(DEFAULT_INVENTORY_CACHE)),
        Some(said) if said.value == Path::new("off") => None,
        Some(said) => Some(said.value),
    })
}

/// Over how long runs that begin together are spread; off is said where a schedule spreads them already.
fn spread(layers: &Layers<'_>) -> Result<Option<Period>, SettingError> {
    let said = layers.one("spread", |text| match text {
        "off" => Ok(None),
        text => text.parse::<Period>().map(Some),
    })?;
    Ok(said.and_then(|said| said.value))
}

/// What `health` remembers.
fn memory(layers: &Layers<'_>) -> Result<MemoryChoice, SettingError> {
    const MOST: u32 = 100;
    let grace = layers.one("grace", |text| match text.parse::<u32>() {
        Ok(number @ 1..=MOST) => Ok(number),
        _ => Err(Problem::unexpected(
            format!("a number from 1 to {MOST}"),
            text,
        )),
    })?;
    let every = layers.one("canary-every", str::parse::<Period>)?;
    let state = layers.one("state", path)?;
    Ok(MemoryChoice {
        canary_every: every.map(|every| every.value),
        grace: grace.map_or(1, |grace| grace.value),
        state: state.map_or_else(|| DEFAULT_STATE.into(), |state| state.value),
    })
}

/// When `watch` looks. The EC2 API throttles by account, so that its calls have a shortest interval of their own.
fn watch(layers: &Layers<'_>) -> Result<WatchChoice, SettingError> {
    const DAY: u64 = DAY_S * 1000;
    let period = |key, shortest: u64, usual: u64| {
        let said = layers.one(key, |text| {
            let period: Period = text.parse()?;
            match (shortest..=DAY).contains(&period.millis()) {
                true => Ok(period),
                false => Err(Problem::unexpected(
                    format!("from {}s to 1d", shortest / 1000),
                    text,
                )),
            }
        })?;
        let usual = Period::from_millis(usual).unwrap_or(Period::SHORTEST);
        Ok(said.map_or(usual, |said| said.value))
    };
    Ok(WatchChoice {
        every: period("every", 1000, 30_000)?,
        inventory_every: period("inventory-every", 60_000, 300_000)?,
        listen: layers
            .one("listen", network::listener)?
            .map(|listen| listen.value),
    })
}

/// The reports and the fix, each with a place of its own. Of a fix and a report that both go to standard output, the one
/// said in the higher place does.
fn outputs(layers: &Layers<'_>) -> Result<(Vec<Output>, Option<FixOutput>), SettingError> {
    let mut outputs = layers.many("output", str::parse::<Output>)?;
    let mut fix = layers.one("fix", str::parse::<FixOutput>)?;
    let taken = |fix: &Sourced<FixOutput>, outputs: &[Output]| {
        outputs.iter().any(|output| output.path == fix.value.path)
    };
    if let Some(said) = fix.take_if(|fix| taken(fix, &outputs.value)) {
        match outputs.from.rank().cmp(&said.from.rank()) {
            Ordering::Greater if said.value.path.is_none() => {}
            Ordering::Less if said.value.path.is_none() => {
                outputs.value.retain(|output| output.path.is_some());
                fix = Some(said);
            }
            _ => {
                let place = match &said.value.path {
                    Some(path) => path.display().to_string(),
                    None => "standard output".to_owned(),
                };
                return Err(SettingError {
                    place: said.from.place("fix"),
                    problem: Problem::Conflict(format!(
                        "expected a report or a fix for {place}, found both: give each its own, as in human=report.txt"
                    )),
                });
            }
        }
    }
    let fix = fix.map(|fix| fix.value);
    for (i, output) in outputs.value.iter().enumerate() {
        if outputs
            .value
            .iter()
            .skip(i + 1)
            .any(|o| o.path == output.path)
        {
            let place = match &output.path {
                Some(path) => path.display().to_string(),
                None => "standard output".to_owned(),
            };
            return Err(SettingError {
                place: outputs.from.place("output"),
                problem: Problem::Conflict(format!(
                    "expected one report for {place}, found several: give each its own, as in json=report.json"
                )),
            });
        }
    }
    let is_instead = fix.as_ref().is_some_and(|fix| fix.path.is_none());
    if outputs.value.is_empty() && !is_instead {
        outputs.value.push(Output {
            format: Format::Human,
            path: None,
        });
    }
    Ok((outputs.value, fix))
}

/// Whether stand-ins are written. Evidence has to replay and what is delivered has to be found again: both are of the
/// original.
fn redact(layers: &Layers<'_>) -> Result<bool, SettingError> {
    let Some(redact) = layers.one("redact", |text| word(text, SWITCHES))? else {
        return Ok(false);
    };
    let other = ["evidence", "deliver"]
        .into_iter()
        .find(|key| layers.raw(key).is_some());
    match other {
        Some(other) if redact.value => Err(SettingError {
            place: redact.from.place("redact"),
            problem: Problem::Conflict(format!(
                "{other} needs the accounts and addresses themselves: leave one of the two out, or redact saved facts \
                 with `vpcheck replay FACTS --redact`"
            )),
        }),
        _ => Ok(redact.value),
    }
}

/// Quiet and verbose; the one said in the higher place wins.
fn console(layers: &Layers<'_>) -> Result<(bool, u8), SettingError> {
    let quiet = layers.one("quiet", |text| word(text, SWITCHES))?;
    let verbose = layers.one("verbose", |text| {
        text.parse::<u8>()
            .map_err(|_| Problem::unexpected("a number from 0 to 255", text))
    })?;
    let (quiet, verbose) = match (quiet, verbose) {
        (Some(quiet), Some(verbose)) if quiet.value && verbose.value > 0 => {
            let (q, v) = (quiet.from.rank(), verbose.from.rank());
            if q == v {
                return Err(SettingError {
                    place: quiet.from.place("quiet"),
                    problem: Problem::Conflict(
                        "quiet and verbose contradict each other".to_owned(),
                    ),
                });
            }
            (q > v, if v > q { verbose.value } else { 0 })
        }
        (quiet, verbose) => (
            quiet.is_some_and(|quiet| quiet.value),
            verbose.map_or(0, |verbose| verbose.value),
        ),
    };
    Ok((quiet, verbose))
}
