//! What became of the canary; its ids and the address it happened to take are no change.

use super::change::Kind;
use super::ledger::Ledger;
use crate::verdict::Report;
use crate::verdict::report::CanaryReport;

/// Compares the canaries.
pub(super) fn compare((old, new): (&Report, &Report), ledger: &mut Ledger) {
    let (old, new) = (&old.canary, &new.canary);
    let queue = new.queue_url.as_deref().or(old.queue_url.as_deref());
    let subject = queue.unwrap_or("canary");
    let statuses = (Some(old.status.clone()), Some(new.status.clone()));
    ledger.value(Kind::Canary, subject, "status", statuses);
    if old.status == "failed" && new.status == "failed" {
        ledger.value(Kind::Canary, subject, "error", (code(old), code(new)));
    }
}

/// The error's code: its text holds request ids.
fn code(canary: &CanaryReport) -> Option<String> {
    let error = canary.error.as_deref()?;
    let code = error.split(':').next().unwrap_or(error);
    Some(code.trim().to_owned())
}
