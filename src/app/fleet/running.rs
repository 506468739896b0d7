//! `fleet run`: vpcheck is run on many machines, and what they answer is one report.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::{AppError, INCONCLUSIVE, comparing, complain};
use super::ordering::{order, period};
use super::{FORMATS, exit_code, now_ms, with_access, write};
use crate::cli::FleetRunArgs;
use crate::collect::{self, SsmError, Standing};
use crate::config::Settings;
use crate::fleet::{Fleet, Tally};
use crate::gather::Bounds;
use crate::gather::aws::AwsAccess;

/// How it ended.
enum End {
    /// The command's id, and how far it was.
    Told(String, Standing),
    /// Nothing was sent, or no command is known by that id.
    NotSent(SsmError),
    /// It was sent, and what became of it is not known here.
    Lost(String, SsmError),
}

/// Runs it and prints the report.
pub(super) fn run(settings: &Settings, arguments: &FleetRunArgs) -> Result<u8, AppError> {
    let outputs = comparing::outputs(&arguments.output.output, FORMATS, "one run")?;
    let order = order(arguments)?;
    let patience = period("--wait", arguments.wait.as_deref(), 3600)?;
    if let Some(id) = arguments.resume.as_deref().filter(|id| !collect::is_id(id)) {
        return Err(AppError::Unknown(format!(
            "--resume: expected a command's id such as 01234567-89ab-cdef-0123-456789abcdef, found {id:?}"
        )));
    }
    let tally = Mutex::new(Tally::new(now_ms(), None));
    let progress = progress(settings);
    let end = with_access(settings, None, async |access, bounds| {
        let id = match &arguments.resume {
            Some(id) => id.clone(),
            None => match collect::send(access, bounds, &order).await {
                Ok(id) => id,
                Err(error) => return End::NotSent(error),
            },
        };
        tracing::info!("the command's id is {id}");
        let named = &order.instance_ids;
        match followed(access, bounds, &id, patience, named, &progress, &tally).await {
            Ok(standing) => End::Told(id, standing),
            Err(error) if arguments.resume.is_some() && error.code() == "InvalidCommandId" => {
                End::NotSent(error)
            }
            Err(error) => End::Lost(id, error),
        }
    })?;
    progress.finish_and_clear();
    let (id, standing) = match end {
        End::Told(id, standing) => (id, standing),
        End::NotSent(error) => return Err(AppError::Unknown(said(&error))),
        End::Lost(id, error) => {
            let why = match error {
                SsmError::Interrupted { .. } => "interrupted".to_owned(),
                error => said(&error),
            };
            complain(&AppError::Unknown(format!(
                "{why}; {}",
                goes_on(settings, &id)
            )));
            return Ok(INCONCLUSIVE);
        }
    };
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    if tally.is_empty() {
        return Err(AppError::Unknown(format!(
            "the command {id} was sent to no machine: no managed instance is selected ({})",
            standing.status
        )));
    }
    let fleet = Fleet::of(&tally, &format!("command {id}"));
    drop(tally);
    write(settings, &outputs, &fleet)?;
    if !standing.is_over {
        complain(&AppError::Unknown(format!(
            "not all have answered; {}",
            goes_on(settings, &id)
        )));
    }
    Ok(exit_code(&fleet))
}

async fn followed(
    access: &AwsAccess,
    bounds: &Bounds,
    id: &str,
    patience: Duration,
    named: &[String],
    progress: &ProgressBar,
    tally: &Mutex<Tally>,
) -> Result<Standing, SsmError> {
    let standing = collect::follow(access, bounds, id, patience, |standing| {
        progress.set_message(format!(
            "{} of {} machines have ended",
            standing.ended, standing.targets
        ));
    });
    let standing = standing.await?;
    progress.set_message("reading what they answered");
    collect::answers(access, bounds, id, &standing, named, tally).await?;
    Ok(standing)
}

fn goes_on(settings: &Settings, id: &str) -> String {
    let region = match &settings.region {
        Some(region) => format!(" --region {region}"),
        None => String::new(),
    };
    format!(
        "the command goes on, and its outcome is shown by: vpcheck fleet run --resume {id}{region}"
    )
}

/// What the service says, and what it means where its own words leave that open.
fn said(error: &SsmError) -> String {
    match error.code() {
        "InvalidDocument" => format!(
            "{error}: the document is made by packaging/cloudformation/ssm.yaml; --document says another name"
        ),
        "InvalidInstanceId" => format!(
            "{error}: an instance is not running, not managed by Systems Manager, or of another account or Region"
        ),
        "" if matches!(
            error,
            SsmError::Refused {
                operation: "SendCommand",
                ..
            }
        ) =>
        {
            format!("{error}: whether it was sent all the same is told by: aws ssm list-commands")
        }
        _ => error.to_string(),
    }
}

/// A line on standard error, on a terminal only.
fn progress(settings: &Settings) -> ProgressBar {
    if settings.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} … {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
