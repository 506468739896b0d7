//! The contract's order of finding codes, and the exceptions it makes.

use super::removals::Removal;

/// Codes that say what is not known; that is what less knowledge may add.
pub const TELL_OF_WHAT_IS_NOT_KNOWN: [&str; 4] = [
    "gateway-unconfirmed",
    "private-address-unlisted",
    "inventory-denied",
    "inventory-unreachable",
];

/// What a code may turn into: the last column of the contract's table, and what was its consequence.
const LESS: &[(&str, &[&str])] = &[
    // "else" of the contract's table
    (
        "endpoint-missing",
        &["public-answer", "gateway-unconfirmed"],
    ),
    ("private-dns-disabled", &["public-answer"]),
    ("vpc-dns-attributes-off", &["public-answer", "dns-timeout"]),
    (
        "gateway-route-missing",
        &["public-answer", "gateway-unconfirmed"],
    ),
    ("private-zone-missing-record", &["name-not-found"]),
    (
        "central-endpoint-unroutable",
        &["tcp-unreachable", "tcp-timeout"],
    ),
    ("security-group-blocks-443", &["tcp-timeout"]),
    ("caller-egress-blocked", &["tcp-timeout"]),
    ("network-acl-blocks-443", &["tcp-timeout"]),
    ("tls-large-hello-dropped", &["tls-timeout"]),
    ("tls-name-filtered", &["tls-timeout", "tls-reset"]),
    ("endpoint-policy-denies", &["access-denied"]),
    ("queue-policy-denies", &["access-denied"]),
    ("identity-policy-denies", &["access-denied"]),
    ("imds-hop-limit", &["imds-unreachable"]),
];

/// A finding that may vanish, or show as another, where something is not known.
struct Exception {
    /// The finding with everything known.
    code: &'static str,
    /// What it may show as; empty where it may vanish altogether.
    shows: &'static [&'static str],
    /// The removals, by the beginning of their words; one of them has to have been made.
    without: &'static [&'static str],
}

const EXCEPTIONS: &[Exception] = &[];

/// Whether the first code is one that the second turns into where less is known.
pub fn is_less(code: &str, than: &str) -> bool {
    LESS.iter()
        .any(|(known, less)| *known == than && less.contains(&code))
}

/// Whether the contract lets a finding vanish after these removals.
pub fn may_go(code: &str, made: &[&Removal]) -> bool {
    EXCEPTIONS.iter().any(|exception| {
        exception.code == code && exception.shows.is_empty() && exception.is_made(made)
    })
}

/// Whether the contract lets a finding show as another after these removals.
pub fn may_show(code: &str, shown: &str, made: &[&Removal]) -> bool {
    EXCEPTIONS.iter().any(|exception| {
        exception.code == code && exception.shows.contains(&shown) && exception.is_made(made)
    })
}

impl Exception {
    fn is_made(&self, made: &[&Removal]) -> bool {
        made.iter().any(|removal| {
            let mut without = self.without.iter();
            without.any(|words| removal.what.starts_with(words))
        })
    }
}
