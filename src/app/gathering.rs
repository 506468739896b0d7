//! Runs the gathering: the runtime, the signals, the time limits, the progress on a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::{InventoryChoice, NamedFile, Settings, TargetArg};
use crate::facts::Facts;
use crate::gather::plan::TargetSpec;
use crate::gather::tls::Trust;
use crate::gather::{self, Bounds, Options, host, inventory, open_files};

use super::{AppError, INCONCLUSIVE, PASS, output};

/// Threads are for the cryptography of many handshakes; more than these do not make a run faster. Even on one
/// processor there are several, so that a peer that floods one connection does not hold up the others and the clock.
const WORKERS: usize = 4;

/// Gathers the facts that the settings ask for.
pub(super) fn facts(settings: &Settings) -> Result<Facts, AppError> {
    let run = Run::start()?;
    let trust = trust(settings)?;
    let choice = match &settings.inventory {
        InventoryChoice::Auto => gather::InventoryChoice::Api,
        InventoryChoice::Off => gather::InventoryChoice::Off,
        InventoryChoice::File(file) => {
            let inventory = inventory::read_file(&file.label, &file.bytes)?;
            gather::InventoryChoice::Given(Box::new(inventory))
        }
    };
    let options = Options {
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
        inventory: choice,
        trust,
        env: host::capture_env(),
        version: super::VERSION.to_owned(),
    };
    let progress = progress(settings);
    let facts = run.within(settings, async |bounds| {
        gather::gather(options, bounds).await
    })?;
    progress.finish_and_clear();
    Ok(facts)
}

/// Writes a snapshot of the VPC's configuration.
pub(super) fn snapshot(settings: &Settings, path: Option<&Path>) -> Result<u8, AppError> {
    let run = Run::start()?;
    let trust = trust(settings)?;
    let region = settings.region.as_ref().map(ToString::to_string);
    let vpc_id = settings.vpc_id.clone();
    let inventory = run.within(settings, async |bounds| {
        gather::snapshot(bounds, region, vpc_id, &trust, host::capture_env()).await
    })?;
    let failures: Vec<String> = inventory
        .calls()
        .into_iter()
        .filter_map(|(call, failure)| Some(format!("{call}: {}", failure?.detail)))
        .collect();
    let nothing = inventory.vpcs.seen().is_none() && inventory.endpoints.seen().is_none();
    if let Some(reason) = inventory.endpoints.skip_reason().filter(|_| nothing) {
        return Err(AppError::Unknown(format!(
            "there is no inventory to save: {reason}"
        )));
    }
    let bytes = inventory::write(&inventory);
    match path {
        Some(path) => output::file(path, &bytes)?,
        None => output::standard(&bytes)?,
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
}

impl Run {
    pub(super) fn start() -> Result<Run, AppError> {
        open_files::ensure().map_err(|error| AppError::Runtime(std::io::Error::other(error)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build()
            .map_err(AppError::Runtime)?;
        let (stop, stopped) = watch::channel(false);
        watch_signals(stop).map_err(AppError::Runtime)?;
        Ok(Run { runtime, stopped })
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
        let value = self.runtime.block_on(async {
            let bounds = Bounds::new(timeout, deadline, self.stopped);
            work(&bounds).await
        });
        // A thread that hangs in the system's resolver must not hold the report back, nor a peer that floods a connection.
        self.runtime.shutdown_background();
        Ok(value)
    }
}

/// Takes the signals on a thread of its own, which outlives the gathering: a second one must end a run whose report
/// nobody reads.
fn watch_signals(stop: watch::Sender<bool>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let guard = runtime.enter();
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    drop(guard);
    // Without handlers the signals end the process as they do by default.
    if let [Ok(interrupt), Ok(terminate)] = signals {
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(obey(interrupt, terminate, stop)))?;
    }
    Ok(())
}

/// The first signal asks the run to end with what it has; the second ends the process.
async fn obey(mut interrupt: Signal, mut terminate: Signal, stop: watch::Sender<bool>) {
    for _ in 0..2 {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.send_replace(true) {
            std::process::exit(INCONCLUSIVE.into());
        }
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
