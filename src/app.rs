//! The only file that sees every room: settings → gather or load → rules → verdict → render.

mod comparing;
mod delivering;
mod discovering;
mod documents;
mod evidence;
mod fleet;
mod gathering;
mod health;
mod logging;
mod output;
mod redacting;
mod replaying;
mod signals;
mod watching;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cli::{self, Cli, Command};
use crate::config::{self, Disk, Environment, SettingError, Settings};
use crate::gather::secrets;
use crate::rules;
use crate::verdict::report::RunVerdict;
use crate::verdict::{Report, report};
use crate::watch::Pace;

/// The version that reports and `--version` tell.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Exit codes of the contract.
const PASS: u8 = 0;
const FAIL: u8 = 1;
const COULD_NOT_RUN: u8 = 2;
const INCONCLUSIVE: u8 = 3;

/// Why a command could not run; one sentence for people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The roots cannot be read.
    #[error(transparent)]
    Trust(#[from] crate::gather::tls::TrustError),
    /// The inventory file cannot be read.
    #[error(transparent)]
    Inventory(#[from] crate::gather::inventory::InventoryFileError),
    /// The inventory is not where it was to be put.
    #[error(transparent)]
    Publish(#[from] crate::gather::inventory::PublishError),
    /// There is no policy to print.
    #[error(transparent)]
    Policy(#[from] crate::iam_policy::IamPolicyError),
    /// A file cannot be read or written.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A facts file is none.
    #[error("{path}: expected facts that `vpcheck check --save-facts` wrote, found {found}")]
    Facts {
        /// The file.
        path: String,
        /// What it is instead.
        found: String,
    },
    /// A change cannot be assumed.
    #[error(transparent)]
    Assume(#[from] crate::assume::AssumeError),
    /// A file that is to be compared is none that can be.
    #[error("{path}: {source}")]
    Record {
        /// The file.
        path: String,
        /// What it is instead.
        source: crate::drift::RecordError,
    },
    /// No evidence was written.
    #[error(transparent)]
    Archive(#[from] crate::archive::ArchiveError),
    /// There is no evidence to verify.
    #[error(transparent)]
    Audit(#[from] crate::archive::AuditError),
    /// A signing key cannot be made or read.
    #[error(transparent)]
    Key(#[from] crate::archive::KeyFileError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
    /// The runtime cannot be started.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
    /// Stand-ins cannot be written.
    #[error(transparent)]
    Redaction(#[from] crate::redact::RedactionError),
    /// Something asked for does not exist.
    #[error("{0}")]
    Unknown(String),
}

/// Runs vpcheck with these arguments, the program's name first, and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    run_with(arguments, None)
}

/// As [`run`], where `watch` keeps this pace instead of its settings': a day's rounds in a minute.
pub fn run_at_pace(arguments: impl IntoIterator<Item = OsString>, pace: Pace) -> ExitCode {
    run_with(arguments, Some(pace))
}

fn run_with(arguments: impl IntoIterator<Item = OsString>, pace: Option<Pace>) -> ExitCode {
    let cli = match cli::parse(arguments) {
        Ok(cli) => Arc::new(cli),
        Err(stop) => {
            // Help into a closed pipe is no error.
            let _ = stop.message.print();
            return ExitCode::from(stop.code);
        }
    };
    let is_health = matches!(cli.command, Command::Health(_));
    match dispatch(&cli, pace) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&error);
            ExitCode::from(if is_health { FAIL } else { COULD_NOT_RUN })
        }
    }
}

fn dispatch(cli: &Arc<Cli>, pace: Option<Pace>) -> Result<u8, AppError> {
    let environment: Environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect::<BTreeMap<String, String>>();
    match &cli.command {
        Command::Explain { code } => return documents::explain(cli, code.as_deref()),
        Command::Completions { shell } => return documents::completions(*shell),
        Command::Man => return documents::man(),
        Command::SigningKey { file } => return evidence::make_key(file),
        Command::Diff(arguments) => return comparing::diff(cli, arguments),
        _ => {}
    }
    secrets::note_environment(|name| environment.get(name).cloned());
    let codes: Vec<&str> = rules::all().map(|rule| rule.code).collect();
    let settings = Settings::resolve(cli, &environment, &Disk, &codes)?;
    logging::start(&settings);
    for (found, meant) in config::misspelt_variables(&environment) {
        tracing::warn!("{found} is no variable of vpcheck; did you mean {meant}?");
    }
    match &cli.command {
        Command::Check(arguments) if arguments.print_config => documents::settings(&settings),
        Command::Health(arguments) if arguments.print_config => documents::settings(&settings),
        Command::Watch(arguments) if arguments.print_config => documents::settings(&settings),
        Command::Check(_) => check(&settings),
        Command::Watch(_) => {
            let cli = Arc::clone(cli);
            let origin = watching::Origin {
                cli,
                environment,
                pace,
            };
            watching::watch(origin, settings)
        }
        Command::Health(_) => health::run(settings),
        Command::Inventory(arguments) => {
            gathering::snapshot(&settings, arguments.output.as_deref())
        }
        Command::Discover(arguments) => discovering::discover(&settings, arguments),
        Command::Replay(arguments) => replaying::replay(&settings, arguments),
        Command::Fleet { command } => fleet::fleet(&settings, command),
        Command::Services(_) => documents::services(&settings),
        Command::IamPolicy(_) => documents::iam_policy(&settings),
        Command::Verify(arguments) => evidence::verify(&settings, arguments),
        Command::SigningKey { .. }
        | Command::Diff(_)
        | Command::Explain { .. }
        | Command::Completions { .. }
        | Command::Man => Ok(PASS),
    }
}

fn check(settings: &Settings) -> Result<u8, AppError> {
    gathering::wait_among_many(settings);
    let began = Instant::now();
    let record = evidence::Record::begin(settings);
    let facts = gathering::facts(settings)?;
    let shown = redacting::shown(settings, &facts, report(&facts))?;
    let (facts, report) = (shown.facts.unwrap_or(facts), shown.report);
    output::waterfall(settings, &facts);
    // The facts are the support case: they are saved before anything else can go wrong.
    let saved = match &settings.save_facts {
        Some(path) => output::save_facts(path, &facts),
        None => Ok(()),
    };
    let printed = output::reports(settings, &report);
    let fixed = output::fix(settings, &facts, &report);
    // Evidence is kept whatever became of the report.
    let kept = record.map_or(Ok(None), |record| {
        record.keep(settings, &facts, &report).map(Some)
    });
    let deadline = Duration::from_millis(settings.request.deadline_ms);
    let left = deadline.saturating_sub(began.elapsed());
    let evidence = kept.as_ref().ok().and_then(Option::as_deref);
    let start = &|| gathering::Run::start(gathering::FEW_WORKERS);
    delivering::deliver(settings, &facts, &report, evidence, left, start);
    printed?;
    fixed?;
    saved?;
    kept?;
    Ok(exit_code(&report, facts.interrupted))
}

/// An interrupted run is inconclusive, whatever the part of it that was done says.
fn exit_code(report: &Report, interrupted: bool) -> u8 {
    match report.verdict {
        _ if interrupted => INCONCLUSIVE,
        RunVerdict::Pass => PASS,
        RunVerdict::Fail => FAIL,
        RunVerdict::Inconclusive => INCONCLUSIVE,
    }
}

/// Text of others, as a log may hold it.
fn shown(text: &str) -> String {
    crate::render::escape::terminal(text).into_owned()
}

/// Says on standard error, in one sentence, why nothing was done.
fn complain(error: &AppError) {
    let mut stderr = anstream::stderr().lock();
    // There is nobody left to tell where standard error is closed.
    let _ = writeln!(
        stderr,
        "vpcheck: {}",
        crate::render::escape::terminal(&secrets::without(&error.to_string()))
    );
}
