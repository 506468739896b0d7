//! Delivery: results on their way to where their owners collect them.
//!
//! What goes to an AWS API is put into a spool first and leaves it when the service has taken it, so that neither a
//! broken path nor a reboot loses a result: the next run delivers what this one could not. What goes to this
//! machine's own log is written at once.

pub mod destination;
mod journal;
mod load;
mod s3;
mod security_hub;
mod spool;
mod ssm_compliance;
mod syslog;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::gather::Bounds;
use crate::gather::aws::AwsAccess;
use crate::verdict::Report;

pub use destination::Destination;
use load::{Load, Taken};
use spool::{Spool, SpoolError};

/// A file that goes to S3: an evidence file, or the report where no evidence is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name, without a directory.
    pub name: String,
    /// Its bytes, which are JSON.
    pub bytes: Vec<u8>,
}

/// What became of the parcels in the spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many were taken.
    pub delivered: usize,
    /// How many wait for the next run.
    pub waiting: usize,
    /// What went wrong, one sentence each.
    pub problems: Vec<String>,
}

/// Writes to this machine's own logs. Gives what went wrong, one sentence each.
pub fn log_locally(destinations: &[Destination], report: &Report) -> Vec<String> {
    let written = destinations.iter().filter_map(|destination| {
        let (name, result) = match destination {
            Destination::Journald => ("the journal", journal::write(report)),
            Destination::Syslog => ("syslog", syslog::write(report)),
            _ => return None,
        };
        Some(result.map_err(|error| format!("cannot write to {name}: {error}")))
    });
    written.filter_map(Result::err).collect()
}

/// Puts what the AWS destinations are to get into the spool.
///
/// # Errors
/// The spool cannot be written; what was already put there stays.
pub fn enqueue(
    directory: &Path,
    destinations: &[Destination],
    report: &Report,
    document: &Document,
) -> Result<Vec<String>, SpoolError> {
    let spool = Spool::open(directory)?;
    let mut problems = Vec::new();
    for destination in destinations {
        let mut told = None;
        let loads = match destination {
            Destination::S3(target) => vec![s3::load(target, report, document)],
            Destination::SecurityHub => {
                let (loads, record) = security_hub::loads(&spool, report);
                told = Some(record);
                loads
            }
            Destination::SsmCompliance => match ssm_compliance::load(report) {
                Ok(load) => vec![load],
                Err(reason) => {
                    problems.push(reason);
                    Vec::new()
                }
            },
            Destination::Journald | Destination::Syslog => Vec::new(),
        };
        for load in loads {
            spool.put(&load)?;
        }
        if let Some(told) = told {
            security_hub::remember(&spool, &told);
        }
    }
    Ok(problems)
}

/// Delivers what waits in the spool, the oldest first, until `limit` is over.
///
/// # Errors
/// The spool cannot be read.
pub async fn deliver(
    directory: &Path,
    access: &AwsAccess,
    bounds: &Bounds,
    limit: Duration,
) -> Result<Outcome, SpoolError> {
    let spool = Spool::open(directory)?;
    let mut outcome = Outcome::default();
    // Another run is at it; what is ours is delivered by that one or the next.
    let Some(_held) = spool.hold()? else {
        outcome.waiting = spool.waiting()?.len();
        return Ok(outcome);
    };
    outcome.problems.extend(spool.drop_excess()?);
    let until = Instant::now() + limit;
    let mut closed: Vec<String> = Vec::new();
    for parcel in spool.waiting()? {
        let left = until.saturating_duration_since(Instant::now());
        let load = match spool.read(&parcel) {
            Ok(load) => load,
            Err(error) => {
                spool.remove(&parcel)?;
                outcome.problems.push(error.to_string());
                continue;
            }
        };
        let service = load.service().to_owned();
        // What a service did not take a moment ago it does not take now.
        if left.is_zero() || closed.contains(&service) {
            outcome.waiting += 1;
            continue;
        }
        match send(&load, access, bounds, left).await {
            Taken::Yes => {
                spool.remove(&parcel)?;
                outcome.delivered += 1;
            }
            Taken::Never(reason) => {
                spool.remove(&parcel)?;
                outcome.problems.push(reason);
            }
            Taken::Later(reason) => {
                closed.push(service);
                outcome.waiting += 1;
                outcome.problems.push(reason);
            }
        }
    }
    Ok(outcome)
}

async fn send(load: &Load, access: &AwsAccess, bounds: &Bounds, limit: Duration) -> Taken {
    let call = load.call(access);
    match access.call(bounds, limit, &call).await {
        Ok(answer) => load.judge(&call.host.name, &answer),
        Err(failure) => Taken::Later(format!(
            "{} did not take a result: {}",
            load.destination(),
            failure.detail
        )),
    }
}
