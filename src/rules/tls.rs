//! Why TLS does not come about, or is not to be trusted.

mod certificate;
mod large_request_stalls;
mod not_the_service;
mod stalled;
mod tls_expired;
mod tls_intercepted;
mod tls_large_hello_dropped;
mod tls_name_filtered;
mod tls_name_mismatch;
mod tls_not_yet_valid;
mod tls_reset;
mod tls_timeout;
mod tls_too_old;

use super::Rule;

/// The rules of this area.
pub const RULES: &[&Rule] = &[
    &large_request_stalls::LARGE_REQUEST_STALLS,
    &tls_intercepted::TLS_INTERCEPTED,
    &tls_name_mismatch::TLS_NAME_MISMATCH,
    &tls_expired::TLS_EXPIRED,
    &tls_not_yet_valid::TLS_NOT_YET_VALID,
    &tls_too_old::TLS_TOO_OLD,
    &tls_large_hello_dropped::TLS_LARGE_HELLO_DROPPED,
    &tls_name_filtered::TLS_NAME_FILTERED,
    &not_the_service::NOT_THE_SERVICE,
    &tls_timeout::TLS_TIMEOUT,
    &tls_reset::TLS_RESET,
];
