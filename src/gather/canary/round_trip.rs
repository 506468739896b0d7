//! The way back: receive the canary, delete it, leave everything else as it was.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;

use super::message::Message;
use super::{Bounds, Call};
use crate::facts::{Failure, FailureKind, Observation, Outcome, ServiceError};

/// How many messages of others are looked at before giving up: each receipt counts towards the queue's
/// redrive policy, so a busy queue is not searched to its end.
const MOST_OTHERS: usize = 100;
/// How many messages one call may return.
const BATCH: i32 = 10;
/// The time kept back for giving others' messages back.
const GIVING_BACK: Duration = Duration::from_millis(500);
/// The pause after an empty answer.
const PAUSE: Duration = Duration::from_millis(100);

/// Receives and deletes this run's own message, and only that.
///
/// Others' messages that come along stay invisible while the search goes on, so that none is received twice,
/// and are made visible again at its end.
pub(super) async fn receive(
    bounds: &Bounds,
    call: &Call<'_>,
    answered: &mut Option<ServiceError>,
) -> Observation<()> {
    let left = bounds.left();
    let limit = bounds
        .timeout()
        .min(left.saturating_sub(GIVING_BACK).max(left / 2));
    let mut others = Vec::new();
    let result = bounds
        .observe_within(limit, search(call, limit, &mut others, answered))
        .await;
    let giving_back = GIVING_BACK.min(bounds.left());
    // What cannot be given back in time becomes visible by itself: it was taken for seconds.
    let _ = tokio::time::timeout(giving_back, give_back(call, &others)).await;
    result
}

async fn search(
    call: &Call<'_>,
    limit: Duration,
    others: &mut Vec<String>,
    answered: &mut Option<ServiceError>,
) -> Outcome<()> {
    let until = Instant::now() + limit;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let received = call
            .client
            .receive_message()
            .queue_url(&call.plan.queue_url)
            .max_number_of_messages(BATCH)
            // Whole seconds; the last part of the time is asked for without waiting.
            .wait_time_seconds(i32::from(left > Duration::from_millis(1500)))
            .visibility_timeout(seconds(limit))
            .send()
            .await;
        let received = match received {
            Ok(received) => received,
            Err(error) => return call.outcome(&error, answered),
        };
        let mut own = None;
        for message in received.messages() {
            let Some(receipt) = message.receipt_handle() else {
                continue;
            };
            if Message::is_of_run(message.body().unwrap_or_default(), &call.plan.run_id) {
                own = Some(receipt.to_owned());
            } else {
                others.push(receipt.to_owned());
            }
        }
        if let Some(receipt) = own {
            return delete(call, receipt, answered).await;
        }
        if others.len() >= MOST_OTHERS {
            return Outcome::Failed(Failure::new(
                FailureKind::Other,
                format!("not among the first {} messages of the queue", others.len()),
            ));
        }
        if received.messages().is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn delete(
    call: &Call<'_>,
    receipt: String,
    answered: &mut Option<ServiceError>,
) -> Outcome<()> {
    let deleted = call
        .client
        .delete_message()
        .queue_url(&call.plan.queue_url)
        .receipt_handle(receipt)
        .send()
        .await;
    match deleted {
        Ok(_) => Outcome::Seen(()),
        Err(error) => call.outcome(&error, answered),
    }
}

/// Makes others' messages visible again, ten at a time, as far as it works.
async fn give_back(call: &Call<'_>, others: &[String]) {
    for receipts in others.chunks(BATCH as usize) {
        let entries = receipts.iter().enumerate().filter_map(|(at, receipt)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(receipt)
                .visibility_timeout(0)
                .build()
                .ok()
        });
        let given = call
            .client
            .change_message_visibility_batch()
            .queue_url(&call.plan.queue_url)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        if let Err(error) = given {
            tracing::debug!(
                "messages of others could not be given back early: {}",
                super::failure::text_of(&error)
            );
            return;
        }
    }
}

/// How long messages are taken for: the search and a little more, in whole seconds.
fn seconds(limit: Duration) -> i32 {
    i32::try_from(limit.as_secs()).unwrap_or(60).clamp(1, 60) + 2
}
