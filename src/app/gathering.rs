//! Runs the gathering: the runtime, the signals, the time limits, the progress on a terminal.

use std::io::IsTerminal;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::config::{InventoryChoice, NamedFile, Settings, TargetArg};
use crate::facts::{Facts, InventoryPlace};
use crate::gather::inventory::FetchQuestion;
use crate::gather::plan::TargetSpec;
use crate::gather::snapshot::{self, SnapshotQuestion};
use crate::gather::tls::Trust;
use crate::gather::{self, Bounds, Options, host, inventory, open_files, tasks};

use super::signals::Signals;
use super::{AppError, INCONCLUSIVE, PASS, output};

/// Threads are for the cryptography of many handshakes: one for each processor; more than these do not make a run faster.
/// Even on one processor there are several, so that a peer that floods one connection does not hold up the others and
/// the clock.
const WORKERS: RangeInclusive<usize> = 2..=4;
/// For what is mostly waiting.
pub(super) const FEW_WORKERS: usize = 2;
/// For a run of one or two names, whose handshakes are few: what it does on its own thread need not be handed over.
const OWN_THREAD: usize = 1;

/// How many names the system's resolver is asked for at a time, at the most.
const MOST_LOOKUPS: usize = 512;

/// Gathers the facts that the settings ask for.
pub(super) fn facts(settings: &Settings) -> Result<Facts, AppError> {
    let run = Run::start(workers(settings))?;
    let inventory = inventory(settings, &settings.inventory)?;
    let trust = run.beside(|| trust(settings))?;
    let options = options(settings, inventory, trust);
    let progress = progress(settings);
    let facts = run.within(settings, async |bounds| {
        let bounds = bounds.clone();
        // One of the workers' tasks: this thread would be one more, woken by the kernel for each answer.
        tasks::one(async move { gather::gather(options, &bounds).await }).await
    })?;
    progress.finish_and_clear();
    Ok(facts)
}

/// The threads that a run by these settings has use for.
pub(super) fn workers(settings: &Settings) -> usize {
    let is_small = settings.workloads.is_empty() && (1..=2).contains(&settings.targets.len());
    match is_small {
        true => OWN_THREAD,
        false => many_workers(),
    }
}

fn many_workers() -> usize {
    let processors = std::thread::available_parallelism().map_or(*WORKERS.end(), usize::from);
    processors.clamp(*WORKERS.start(), *WORKERS.end())
}

/// What the settings say is to be gathered, with this for an inventory.
pub(super) fn options(
    settings: &Settings,
    inventory: gather::InventoryChoice,
    trust: Trust,
) -> Options {
    Options {
        request: settings.request.clone(),
        region: settings.region.as_ref().map(ToString::to_string),
        targets: settings
            .targets
            .iter()
            .map(|target| match target {
                TargetArg::CatalogId(id) => TargetSpec::Service(id.clone()),
                TargetArg::Hostname(name) => TargetSpec::Hostname(name.clone()),
            })
            .collect(),
        workloads: settings.workloads.clone(),
        extra_resolvers: settings.extra_resolvers.clone(),
        inventory,
        trust,
        env: host::capture_env(),
        version: super::VERSION.to_owned(),
        standing: gather::Standing::default(),
    }
}

/// The inventory that this choice names, by the settings' limits.
pub(super) fn inventory(
    settings: &Settings,
    choice: &InventoryChoice,
) -> Result<gather::InventoryChoice, AppError> {
    Ok(match choice {
        InventoryChoice::Auto => gather::InventoryChoice::Api,
        InventoryChoice::Off => gather::InventoryChoice::Off,
        InventoryChoice::File(file) => {
            let inventory = inventory::read_file(&file.label, &file.bytes)?;
            gather::InventoryChoice::Given(Box::new(inventory))
        }
        InventoryChoice::Place(place) => gather::InventoryChoice::Fetch(Box::new(FetchQuestion {
            place: place.clone(),
            keep_in: settings.inventory_cache.clone(),
            max_age: Duration::from_secs(settings.request.inventory_max_age_s),
        })),
    })
}

/// Waits for this run's moment, where runs are spread over a time. Signals end the process as ever: nothing has begun.
pub(super) fn wait_among_many(settings: &Settings) {
    let Some(spread) = settings.spread else {
        return;
    };
    let over = Duration::from_millis(spread.millis());
    let delay = inventory::schedule::delay(over, inventory::chance());
    tracing::info!("the run begins in {} s", delay.as_secs());
    std::thread::sleep(delay);
}

/// Writes a snapshot of the VPC's configuration: to standard output, a file, or where other machines fetch it.
pub(super) fn snapshot(settings: &Settings, path: Option<&Path>) -> Result<u8, AppError> {
    let place = path.and_then(Path::to_str).and_then(InventoryPlace::of);
    let to = place.transpose().map_err(|error| {
        let said = format!("--output: {error}");
        AppError::Unknown(said)
    })?;
    let run = Run::start(many_workers())?;
    let trust = trust(settings)?;
    let question = SnapshotQuestion {
        region: settings.region.as_ref().map(ToString::to_string),
        vpc_id: settings.vpc_id.clone(),
        to: to.clone(),
    };
    let inventory = run.within(settings, async |bounds| {
        snapshot::snapshot(bounds, question, &trust, host::capture_env()).await
    })??;
    let failures: Vec<String> = inventory
        .calls()
        .into_iter()
        .filter_map(|(call, failure)| Some(format!("{call}: {}", failure?.detail)))
        .collect();
    let nothing = !inventory.tells_of_vpc();
    if let Some(reason) = inventory.endpoints.skip_reason().filter(|_| nothing) {
        return Err(AppError::Unknown(format!(
            "there is no inventory to save: {reason}"
        )));
    }
    let bytes = inventory::write(&inventory);
    match (&to, path) {
        (Some(place), _) if !inventory.is_fit_to_share() => {
            return Err(AppError::Unknown(format!(
                "nothing was written to {place}: {}",
                failures
                    .first()
                    .map_or("nothing could be read", String::as_str)
            )));
        }
        (Some(_), _) => {}
        (None, Some(path)) => output::file(path, &bytes)?,
        (None, None) => output::standard(&bytes)?,
    }
    for failure in &failures {
        tracing::warn!("{}", crate::render::escape::terminal(failure));
    }
    Ok(match failures.is_empty() {
        true => PASS,
        false => INCONCLUSIVE,
    })
}

pub(super) fn trust(settings: &Settings) -> Result<Trust, AppError> {
    fn named(file: &NamedFile) -> (&Path, &[u8]) {
        (Path::new(&file.label), &file.bytes)
    }
    Ok(Trust::load(
        settings.service_roots.as_ref().map(named),
        settings.ca_file.as_ref().map(named),
    )?)
}

/// The runtime, with the signals taken from the first moment on.
pub(super) struct Run {
    runtime: Runtime,
    stopped: watch::Receiver<bool>,
    /// None where the process takes them itself.
    signals: Option<Signals>,
}

impl Run {
    pub(super) fn start(workers: usize) -> Result<Run, AppError> {
        let (stop, stopped) = watch::channel(false);
        let signals = Signals::take(stop).map_err(AppError::Runtime)?;
        Ok(Run {
            signals: Some(signals),
            ..Run::of_many(stopped, workers, MOST_LOOKUPS)?
        })
    }

    /// One of many runs of a process that takes the signals itself, with so many threads for what blocks: the system's
    /// resolver, above all. Every task of the run ends with it; what hangs in the system's resolver ends in its time.
    pub(super) fn of_many(
        stopped: watch::Receiver<bool>,
        workers: usize,
        lookups: usize,
    ) -> Result<Run, AppError> {
        open_files::ensure().map_err(|error| AppError::Runtime(std::io::Error::other(error)))?;
        let mut runtime = match workers {
            OWN_THREAD => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        let runtime = runtime
            .worker_threads(workers)
            .max_blocking_threads(lookups)
            .enable_all()
            .build()
            .map_err(AppError::Runtime)?;
        Ok(Run {
            runtime,
            stopped,
            signals: None,
        })
    }

    /// Does this at once; what it leaves to do meanwhile is done by the run's threads.
    fn beside<T>(&self, work: impl FnOnce() -> T) -> T {
        let _runtime = self.runtime.enter();
        work()
    }

    /// Runs a future under the settings' limits; SIGINT and SIGTERM ask it to end with what it has.
    fn within<T>(
        self,
        settings: &Settings,
        work: impl AsyncFnOnce(&Bounds) -> T,
    ) -> Result<T, AppError> {
        let deadline = Duration::from_millis(settings.request.deadline_ms);
        self.within_limit(settings, deadline, work)
    }

    /// As [`Run::within`], with another limit for the whole.
    pub(super) fn within_limit<T>(
        self,
        settings: &Settings,
        deadline: Duration,
        work: impl AsyncFnOnce(&Bounds) -> T,
    ) -> Result<T, AppError> {
        let timeout = Duration::from_millis(settings.request.timeout_ms);
        let is_only_one = self.signals.is_some();
        let value = self.runtime.block_on(async {
            if let Some(signals) = self.signals {
                tokio::spawn(signals.obey());
            }
            let bounds = Bounds::new(timeout, deadline, self.stopped);
            work(&bounds).await
        });
        // A thread that hangs in the system's resolver must not hold the report back, nor a peer that floods a connection.
        // The threads of a process that has no other run end with it, sooner than by being woken for it.
        match is_only_one {
            true => std::mem::forget(self.runtime),
            false => self.runtime.shutdown_background(),
        }
        Ok(value)
    }
}

/// A spinner on standard error, on a terminal only.
fn progress(settings: &Settings) -> ProgressBar {
    if settings.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(
        "{spinner} looking at names, addresses and the VPC … {elapsed}",
    ) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
