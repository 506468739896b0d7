//! The contract's order of finding codes, and the exceptions it makes.

use super::removals::Removal;

/// Codes that say what is not known; that is what less knowledge may add.
pub(super) const TELL_OF_WHAT_IS_NOT_KNOWN: [&str; 4] = [
    "gateway-unconfirmed",
    "private-address-unlisted",
    "inventory-denied",
    "inventory-unreachable",
];

/// What a code may turn into where less is known.
///
/// The first part is the last column of the contract's table ("the finding is the undistinguished code in the last
/// column"). The second part are causes whose cell there is empty: what they explained is then told by its own symptom.
const LESS: &[(&str, &[&str])] = &[
    (
        "endpoint-missing",
        &["public-answer", "gateway-unconfirmed", "tcp-timeout"],
    ),
    ("private-dns-disabled", &["public-answer"]),
    // Settled case 7: with the attribute readable vpc-dns-attributes-off, else dns-timeout.
    ("vpc-dns-attributes-off", &["public-answer", "dns-timeout"]),
    (
        "gateway-route-missing",
        &["public-answer", "gateway-unconfirmed", "tcp-timeout"],
    ),
    ("private-zone-missing-record", &["name-not-found"]),
    (
        "central-endpoint-unroutable",
        &["tcp-unreachable", "tcp-timeout"],
    ),
    // Settled case 5: a readable explanation first, else endpoint-address-down; an only address: tcp-timeout.
    (
        "security-group-blocks-443",
        &["tcp-timeout", "endpoint-address-down"],
    ),
    (
        "caller-egress-blocked",
        &["tcp-timeout", "endpoint-address-down"],
    ),
    (
        "network-acl-blocks-443",
        &["tcp-timeout", "endpoint-address-down"],
    ),
    ("tls-large-hello-dropped", &["tls-timeout"]),
    // Settled case 9: the stalled hello is its consequence, and is all that is seen where no large request was made.
    ("large-request-stalls", &["tls-timeout"]),
    ("tls-name-filtered", &["tls-timeout", "tls-reset"]),
    ("endpoint-policy-denies", &["access-denied"]),
    ("queue-policy-denies", &["access-denied"]),
    ("identity-policy-denies", &["access-denied"]),
    (
        "imds-hop-limit",
        &["imds-unreachable", "credentials-missing"],
    ),
    // Empty cells.
    ("endpoint-not-available", &["public-answer", "tcp-timeout"]),
    (
        "custom-resolver-bypass",
        &[
            "public-answer",
            "mixed-answers",
            "name-not-found",
            "gateway-unconfirmed",
            // A wrong private answer, where the VPC's resolver is not there to compare with, and what that address does.
            "answer-not-endpoint",
            "tcp-timeout",
        ],
    ),
    ("resolver-rule-forwards", &["public-answer"]),
    ("legacy-hostname", &["public-answer"]),
    ("global-hostname", &["public-answer"]),
    (
        "fips-hostname-uncovered",
        &["public-answer", "name-not-found"],
    ),
    (
        "dualstack-hostname-uncovered",
        &["public-answer", "name-not-found"],
    ),
    // Settled cases 13 and 24: the signature's error and the certificate's dates are the skew's consequences.
    (
        "clock-skewed",
        &[
            "credentials-invalid",
            "credentials-expired",
            "tls-expired",
            "tls-not-yet-valid",
        ],
    ),
    ("dns-throttled", &["dns-timeout"]),
    // Nobody vouches for the address then, and what it does is told by how it does it (settled case 11 for certificates).
    (
        "answer-not-endpoint",
        &[
            "tcp-timeout",
            "tcp-refused",
            "tcp-unreachable",
            "tls-intercepted",
            "tls-name-mismatch",
            "tls-timeout",
            "tls-reset",
            "endpoint-address-down",
        ],
    ),
    (
        "endpoint-address-down",
        &[
            "tcp-timeout",
            "tcp-refused",
            "tcp-unreachable",
            "tls-timeout",
            "tls-reset",
        ],
    ),
    // What the pinned address does is told by how it does it where the pin is not known.
    (
        "hosts-file-override",
        &[
            "tcp-timeout",
            "tcp-refused",
            "tcp-unreachable",
            "tls-intercepted",
            "tls-name-mismatch",
            "tls-timeout",
            "tls-reset",
            "endpoint-address-down",
        ],
    ),
];

/// Codes that weigh more than what they may stand for: a dead resolver fails, throttled lookups are warned of.
const HEAVIER: &[(&str, &str)] = &[("dns-timeout", "dns-throttled")];

/// A finding that may vanish, or show as another, where something is not known.
struct Exception {
    /// The finding with everything known.
    code: &'static str,
    /// What it may show as; empty where it may vanish altogether.
    shows: &'static [&'static str],
    /// The removals, by the beginning of their words; one of them has to have been made.
    without: &'static [&'static str],
}

const EXCEPTIONS: &[Exception] = &[
    // "Required is: the route and a verified TLS answer of every target": what only HTTP shows goes unseen without it.
    Exception {
        code: "not-the-service",
        shows: &[],
        without: &[
            "every request",
            "the request of",
            "the handshake of",
            "every handshake",
        ],
    },
    Exception {
        code: "large-request-stalls",
        shows: &[],
        without: &[
            "every request",
            "the request of",
            "every experiments",
            "the experiments of",
        ],
    },
    // HTTP that stalls or breaks off is told as TLS that does.
    Exception {
        code: "tls-timeout",
        shows: &[],
        without: &["every request", "the request of"],
    },
    Exception {
        code: "tls-reset",
        shows: &[],
        without: &["every request", "the request of"],
    },
    // Under isolated a way to the internet fails, and "the inventory is evidence, not a requirement": who cannot read the
    // route table, and is not told of public addresses, does not see the way.
    Exception {
        code: "internet-route-present",
        shows: &[],
        without: &[
            "instance metadata",
            "public addresses",
            "route_tables",
            "every call denied",
            "no call answered",
            "no inventory",
            "the subnet",
            "the VPC's id",
        ],
    },
    // "NSS answer differs from the wire's": without the NSS answer nothing shows the pin, and the wire's answers are judged.
    Exception {
        code: "hosts-file-override",
        shows: &[],
        without: &["what applications see"],
    },
    // The refusal's text names the layer; without it, that it follows from the way around the endpoint cannot be told.
    Exception {
        code: "endpoint-missing",
        shows: &["access-denied"],
        without: &["the service's text", "the service's error"],
    },
];

/// Whether the first code is one that the second turns into where less is known.
pub(super) fn is_less(code: &str, than: &str) -> bool {
    LESS.iter()
        .any(|(known, less)| *known == than && less.contains(&code))
}

/// Whether the first code weighs more than the second by itself.
pub(super) fn is_heavier(code: &str, than: &str) -> bool {
    HEAVIER.contains(&(code, than))
}

/// Whether the contract lets a finding vanish after these removals.
pub(super) fn may_go(code: &str, made: &[&Removal]) -> bool {
    EXCEPTIONS.iter().any(|exception| {
        exception.code == code && exception.shows.is_empty() && exception.is_made(made)
    })
}

/// Whether the contract lets a finding show as another after these removals.
pub(super) fn may_show(code: &str, shown: &str, made: &[&Removal]) -> bool {
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
