//! What became of the canary message.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::observation::Observation;

/// The canary: a small marked message sent to the operator's queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The host the message was sent to; the SDK calls the service's endpoint, not the queue URL's host.
    pub host: Option<String>,
    /// The address the connection was pinned to.
    pub remote_address: Option<IpAddr>,
    /// What the service answered.
    pub result: Observation<CanarySeen>,
    /// The service's error, where it answered with one.
    #[serde(default)]
    pub error: Option<ServiceError>,
    /// The queue's resource policy, where the caller may read it and a denial made it interesting.
    #[serde(default)]
    pub queue_policy: Option<String>,
    /// The queue's ARN as the URL implies it.
    #[serde(default)]
    pub queue_arn: Option<String>,
    /// When the run began that sent it, where that was an earlier one whose canary stands; its times are that run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_run_at: Option<jiff::Timestamp>,
}

/// A message the service took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanarySeen {
    /// The id the service gave the message.
    pub message_id: String,
    /// The service's request id.
    pub request_id: Option<String>,
    /// Whether the returned MD5 digest is that of the body sent. The SDK does not check it.
    pub digest_matches: bool,
    /// For `round-trip`: whether the message came back and was deleted, or why not.
    #[serde(default)]
    pub round_trip: Option<Observation<()>>,
}

/// An error an AWS service answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The error code, as in `AccessDenied`.
    pub code: String,
    /// The service's text, bounded.
    pub message: String,
    /// The service's request id.
    pub request_id: Option<String>,
    /// The service's `Date`, to compare with the local clock.
    #[serde(default)]
    pub date: Option<jiff::Timestamp>,
}

impl Default for Canary {
    fn default() -> Self {
        Canary {
            host: None,
            remote_address: None,
            result: Observation::skipped("no queue was given"),
            error: None,
            queue_policy: None,
            queue_arn: None,
            of_run_at: None,
        }
    }
}
