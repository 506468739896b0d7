//! An inventory that another machine took, fetched from where it put it: one object or a few parameters instead of a dozen
//! calls to the EC2 API by each agent.
//!
//! What was fetched is kept with its age, stands for a while without asking again, and for as long as an inventory may
//! be old where asking fails.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::kept::{Kept, Shelf};
use super::{parts, read_file, schedule};
use crate::facts::inventory_place::{InventoryPlace, S3Object, SsmParameter};
use crate::facts::{
    Failure, FailureKind, Fetched, Inventory, InventoryFetch, Observation, Outcome,
};
use crate::gather::aws::s3_object::{self, Content};
use crate::gather::aws::{ApiAnswer, ApiCall, AwsAccess, ssm_parameter};
use crate::gather::{Bounds, tcp};

/// The longest inventory that is fetched, or written to be: as much as one answer of the EC2 API may have.
pub(super) const LONGEST: usize = 8 * 1024 * 1024;
/// So many probes' time limits asking may take, with its pauses.
const PATIENCE: u32 = 6;

/// What is to be fetched.
#[derive(Debug, Clone)]
pub struct FetchQuestion {
    /// Where it is.
    pub place: InventoryPlace,
    /// The directory that copies are kept in; none: nothing is kept.
    pub keep_in: Option<PathBuf>,
    /// How old an inventory may be.
    pub max_age: Duration,
}

/// Fetches an inventory, or takes the copy of a run before. Why it could not be fetched is told in its `fetch`.
pub async fn fetch(
    bounds: &Bounds,
    access: Option<&AwsAccess>,
    question: &FetchQuestion,
) -> Inventory {
    let place = &question.place;
    let Some(access) = access else {
        return without(place, Observation::skipped("no region is known"));
    };
    // A parameter has the same name in every region.
    let named = format!("{place} {}", region(place, access));
    let shelf = question.keep_in.as_deref();
    let shelf = shelf.map(|directory| Shelf::new(directory, &named, LONGEST));
    let now = Timestamp::now();
    let copy = shelf.as_ref().and_then(Shelf::take).and_then(|kept| {
        let inventory = read_file(&named, &kept.bytes).ok()?;
        Some((kept, inventory))
    });
    let will_do = copy
        .as_ref()
        .is_some_and(|(kept, inventory)| is_young(inventory, kept, now, question.max_age));
    if let Some((kept, inventory)) = &copy
        && will_do
        && !schedule::is_due(kept.head.ask_again_at, now)
    {
        let reason = format!("what was fetched at {} still stands", kept.head.fetched_at);
        return of_copy(inventory.clone(), kept, place, Observation::skipped(reason));
    }
    let tag = copy.as_ref().and_then(|(kept, _)| kept.head.tag.clone());
    let limit = bounds.timeout().saturating_mul(PATIENCE).min(bounds.left());
    let ask = ask(bounds, access, place, tag.as_deref(), will_do, limit);
    let asked = bounds.observe_within(limit, ask).await;
    let (at_ms, took_ms) = (asked.at_ms, asked.took_ms);
    let told = |outcome| Observation {
        at_ms,
        took_ms,
        outcome,
    };
    let again = schedule::ask_again_at(now, chance());
    match (asked.outcome, copy) {
        (Outcome::Seen(Answer::New(new)), _) => {
            let kept = Kept::new(&named, new.tag, now, again, new.bytes);
            keep(shelf.as_ref(), &kept);
            let mut inventory = *new.inventory;
            inventory.fetch = Some(InventoryFetch {
                place: place.clone(),
                asked: told(Outcome::Seen(Fetched::New)),
                kept_since: None,
            });
            inventory
        }
        (Outcome::Seen(Answer::Unchanged), Some((mut kept, inventory))) => {
            kept.head.ask_again_at = again;
            keep(shelf.as_ref(), &kept);
            let unchanged = told(Outcome::Seen(Fetched::Unchanged));
            of_copy(inventory, &kept, place, unchanged)
        }
        (Outcome::Seen(Answer::Unchanged), None) => {
            let detail = format!("{place}: told to be unchanged, and nothing is kept here");
            let failure = Failure::new(FailureKind::Malformed, detail);
            without(place, told(Outcome::Failed(failure)))
        }
        (Outcome::Failed(failure), Some((mut kept, inventory))) if will_do => {
            // Refused ones come back no sooner than others.
            kept.head.ask_again_at = again;
            keep(shelf.as_ref(), &kept);
            of_copy(inventory, &kept, place, told(Outcome::Failed(failure)))
        }
        (Outcome::Skipped(reason), Some((kept, inventory))) if will_do => {
            of_copy(inventory, &kept, place, told(Outcome::Skipped(reason)))
        }
        (Outcome::Failed(failure), _) => without(place, told(Outcome::Failed(failure))),
        (Outcome::Skipped(reason), _) => without(place, told(Outcome::Skipped(reason))),
    }
}

/// A number from 0 to below 1 that no other agent draws.
pub fn chance() -> f64 {
    let mut bytes = [0_u8; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}

/// The region a place is called in.
pub(super) fn region<'a>(place: &'a InventoryPlace, access: &'a AwsAccess) -> &'a str {
    let own = match place {
        InventoryPlace::S3(object) => &object.region,
        InventoryPlace::Ssm(parameter) => &parameter.region,
    };
    own.as_deref().unwrap_or(access.region())
}

/// What a place answered.
enum Answer {
    New(New),
    Unchanged,
}

struct New {
    inventory: Box<Inventory>,
    bytes: Vec<u8>,
    tag: Option<String>,
}

/// Asks, and once more after a pause where the service throttles and nothing else will do.
async fn ask(
    bounds: &Bounds,
    access: &AwsAccess,
    place: &InventoryPlace,
    tag: Option<&str>,
    has_copy: bool,
    limit: Duration,
) -> Outcome<Answer> {
    let until = Instant::now() + limit;
    let mut refusals = 0_u32;
    loop {
        let answer = match place {
            InventoryPlace::S3(object) => of_object(bounds, access, object, tag).await,
            InventoryPlace::Ssm(parameter) => of_parameter(bounds, access, parameter, tag).await,
        };
        let failure = match answer.and_then(|(bytes, tag)| understood(place, bytes, tag)) {
            Ok(answer) => return Outcome::Seen(answer),
            Err(failure) => failure,
        };
        refusals = refusals.saturating_add(1);
        let pause = schedule::pause(refusals, chance());
        let left = until.saturating_duration_since(Instant::now());
        if !schedule::asks_once_more(failure.kind, has_copy, pause, bounds.timeout(), left) {
            let named = failure.detail.starts_with(&place.to_string());
            let detail = match named {
                true => failure.detail,
                false => format!("{place}: {}", failure.detail),
            };
            return Outcome::Failed(Failure::new(failure.kind, detail));
        }
        tokio::time::sleep(pause).await;
    }
}

/// The bytes, none where they are those of the tag; and their tag.
type Got = (Option<Vec<u8>>, Option<String>);

fn understood(
    place: &InventoryPlace,
    bytes: Option<Vec<u8>>,
    tag: Option<String>,
) -> Result<Answer, Failure> {
    let Some(bytes) = bytes else {
        return Ok(Answer::Unchanged);
    };
    let inventory = read_file(&place.to_string(), &bytes).map_err(|error| {
        let detail = tcp::bounded(&error.to_string());
        Failure::new(FailureKind::Malformed, detail)
    })?;
    Ok(Answer::New(New {
        inventory: Box::new(inventory),
        bytes,
        tag,
    }))
}

async fn of_object(
    bounds: &Bounds,
    access: &AwsAccess,
    object: &S3Object,
    tag: Option<&str>,
) -> Result<Got, Failure> {
    let call = s3_object::get(access, object, tag);
    let answer = called(bounds, access, &call).await?;
    Ok(match s3_object::content(answer)? {
        Content::New(bytes, tag) => (Some(bytes), tag),
        Content::Unchanged => (None, None),
    })
}

/// Whoever has a copy asks for the first piece, which tells whether there is anything new; who has none, for all of them.
async fn of_parameter(
    bounds: &Bounds,
    access: &AwsAccess,
    place: &SsmParameter,
    tag: Option<&str>,
) -> Result<Got, Failure> {
    let at_first = if tag.is_some() {
        1
    } else {
        ssm_parameter::AT_ONCE
    };
    let names = parts::names(&place.name, at_first);
    let mut found = values(bounds, access, place, &names).await?;
    let Some(Some(first)) = found.first() else {
        let detail = "there is no such parameter";
        return Err(Failure::new(FailureKind::Service, detail));
    };
    let Some(head) = parts::head(first) else {
        // Somebody put a small inventory there as it is.
        let whole = first.clone();
        let digest = parts::hex(whole.as_bytes());
        let is_known = tag == Some(digest.as_str());
        return Ok(((!is_known).then(|| whole.into_bytes()), Some(digest)));
    };
    if tag == Some(head.digest.as_str()) {
        return Ok((None, None));
    }
    let names = parts::names(&place.name, head.of);
    for chunk in names
        .get(found.len()..)
        .unwrap_or_default()
        .chunks(ssm_parameter::AT_ONCE)
    {
        found.extend(values(bounds, access, place, chunk).await?);
    }
    found.truncate(head.of);
    let pieces: Option<Vec<String>> = found.into_iter().collect();
    let whole = pieces
        .and_then(|pieces| parts::join(&pieces))
        .ok_or_else(|| {
            let detail = "its parts are not of one inventory: one is perhaps being written";
            Failure::new(FailureKind::Malformed, detail)
        })?;
    Ok((Some(whole.into_bytes()), Some(head.digest)))
}

async fn values(
    bounds: &Bounds,
    access: &AwsAccess,
    place: &SsmParameter,
    names: &[String],
) -> Result<Vec<Option<String>>, Failure> {
    let call = ssm_parameter::get(access, place, names);
    let answer = called(bounds, access, &call).await?;
    ssm_parameter::values(&answer, names)
}

/// One call may take longer than a probe, as long lists do.
async fn called(bounds: &Bounds, access: &AwsAccess, call: &ApiCall) -> Result<ApiAnswer, Failure> {
    let limit = bounds.timeout().saturating_mul(5) / 2;
    access.call_for(bounds, limit, call, LONGEST).await
}

/// Whether a copy is young enough to be judged by.
fn is_young(inventory: &Inventory, kept: &Kept, now: Timestamp, max_age: Duration) -> bool {
    let taken_at = inventory.taken_at.unwrap_or(kept.head.fetched_at);
    let age = now.duration_since(taken_at).as_secs();
    u64::try_from(age).unwrap_or(0) <= max_age.as_secs()
}

/// What cannot be kept is fetched again; nothing else depends on it.
fn keep(shelf: Option<&Shelf>, kept: &Kept) {
    if let Some(Err(error)) = shelf.map(|shelf| shelf.put(kept)) {
        tracing::info!("the inventory is not kept for the next run: {error}");
    }
}

fn of_copy(
    mut inventory: Inventory,
    kept: &Kept,
    place: &InventoryPlace,
    asked: Observation<Fetched>,
) -> Inventory {
    inventory.fetch = Some(InventoryFetch {
        place: place.clone(),
        asked,
        kept_since: Some(kept.head.fetched_at),
    });
    inventory
}

fn without(place: &InventoryPlace, asked: Observation<Fetched>) -> Inventory {
    Inventory {
        fetch: Some(InventoryFetch {
            place: place.clone(),
            asked,
            kept_since: None,
        }),
        ..Inventory::none(&format!("it was to be fetched from {place}"))
    }
}

#[cfg(test)]
mod tests;
