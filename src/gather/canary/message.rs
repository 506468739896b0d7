//! The canary's message: a mark, and nothing of the host.

use serde::{Deserialize, Serialize};

use super::CanaryPlan;

/// A message as it is in the queue.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    vpcheck: Mark,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    run_id: String,
    sent_at: String,
    version: String,
}

impl Message {
    /// The message of this run, as of now.
    pub(super) fn new(plan: &CanaryPlan) -> Self {
        Message {
            vpcheck: Mark {
                run_id: plan.run_id.clone(),
                sent_at: jiff::Timestamp::now().to_string(),
                version: plan.version.clone(),
            },
        }
    }

    /// The message's text.
    pub(super) fn body(&self) -> String {
        // Invariant: three texts always serialize.
        #[allow(clippy::expect_used)]
        serde_json::to_string(self).expect("texts serialize")
    }

    /// Whether a body is the message of this run.
    pub(super) fn is_of_run(body: &str, run_id: &str) -> bool {
        serde_json::from_str::<Message>(body).is_ok_and(|message| message.vpcheck.run_id == run_id)
    }
}
