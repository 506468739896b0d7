//! Symptoms of addresses: what each does on port 443.

use std::net::IpAddr;

use crate::facts::http::HttpSeen;
use crate::facts::probe::Variation;
use crate::facts::tls::TlsSeen;
use crate::facts::{AddressProbe, FailureKind, Target};
use crate::verdict::finding::Severity;

use super::{Kind, Scene, Symptom, Symptoms};

/// What a completed handshake is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVerdict {
    /// The chain reaches the roots required, for this name, at this time.
    Verified,
    /// The chain does not reach the roots required.
    Untrusted,
    /// The chain is right, the name is not among the certificate's.
    NameMismatch,
    /// The chain is right, the certificate has expired.
    Expired,
    /// The chain is right, the certificate is not valid yet.
    NotYetValid,
}

/// Judges a handshake: an AWS service must chain to the service roots, any other host to the system's.
pub fn judge_tls(tls: &TlsSeen, in_catalog: bool, now: jiff::Timestamp) -> TlsVerdict {
    let chain = match in_catalog {
        true => &tls.service_roots,
        false => &tls.system_roots,
    };
    if !chain.reaches() {
        return TlsVerdict::Untrusted;
    }
    if !tls.name_matches {
        return TlsVerdict::NameMismatch;
    }
    match tls.leaf() {
        Some(leaf) if now > leaf.not_after => TlsVerdict::Expired,
        Some(leaf) if now < leaf.not_before => TlsVerdict::NotYetValid,
        _ => TlsVerdict::Verified,
    }
}

/// True where an address completed a verified handshake; without the certificate's dates nothing is verified.
pub fn is_verified(scene: &Scene<'_>, target: &Target, probe: &AddressProbe) -> bool {
    probe.tls.seen().is_some_and(|tls| {
        tls.leaf().is_some()
            && judge_tls(tls, target.in_catalog, scene.facts.started_at) == TlsVerdict::Verified
    })
}

/// Whether an HTTP answer shows an AWS service. Services answer unsigned requests in many ways: an error with a
/// request id, S3's and STS's redirects, DynamoDB's health line, the registry's challenge.
pub fn is_aws_answer(http: &HttpSeen) -> bool {
    let from_header = http.headers.iter().any(|(name, value)| {
        let known = name.starts_with("x-amz")
            || name == "docker-distribution-api-version"
            || name == "server" && (value.starts_with("Amazon") || value == "AWSELB");
        let leads_to_aws = name == "location"
            && ["https://aws.amazon.com", "https://docs.aws.amazon.com"]
                .iter()
                .any(|site| value.starts_with(site));
        known || leads_to_aws
    });
    let marks = [
        "UnknownOperationException",
        "MissingAuthenticationToken",
        "healthy: ",
        "<RequestId>",
        "<RequestID>",
        "amazonaws.com/doc/",
        "\"__type\"",
        "com.amazon",
    ];
    from_header || marks.iter().any(|mark| http.body.contains(mark))
}

pub(super) fn collect(scene: &Scene<'_>, target: &Target, name: &str, symptoms: &mut Symptoms) {
    for probe in scene.facts.probes_of(name) {
        let Some((kind, severity, text)) = judge(scene, target, probe) else {
            continue;
        };
        symptoms.push(Symptom {
            id: 0,
            unknown: kind == Kind::Unprobed,
            kind,
            service: target.service.clone(),
            name: name.to_owned(),
            address: Some(probe.address),
            severity,
            text,
        });
    }
}

fn judge(
    scene: &Scene<'_>,
    target: &Target,
    probe: &AddressProbe,
) -> Option<(Kind, Severity, String)> {
    let at = At(probe.address, &probe.name);
    if let Some(failure) = probe.tcp.failure() {
        if failure.kind == FailureKind::Unreachable && is_of_unused_family(scene, probe) {
            return None;
        }
        let text = format!("{at}: {}", tcp_words(failure.kind));
        return Some((Kind::Tcp(failure.kind), Severity::Fail, text));
    }
    if let Some(reason) = probe.tcp.skip_reason() {
        return unprobed(scene, probe, reason);
    }
    // A large hello that stalls where large requests do as well has the same cause.
    if probe.tls.failure().is_some() && large_stalls(probe) {
        let text = format!("{at}: a small hello and request are answered, large ones hang");
        return Some((Kind::LargeRequest, Severity::Fail, text));
    }
    if let Some(failure) = probe.tls.failure() {
        let text = format!("{at}: the TLS handshake failed ({})", failure.detail);
        return Some((Kind::Tls(failure.kind), Severity::Fail, text));
    }
    let Some(tls) = probe.tls.seen() else {
        return unprobed(scene, probe, "the handshake was not made");
    };
    let certificate = match judge_tls(tls, target.in_catalog, scene.facts.started_at) {
        TlsVerdict::Verified => None,
        TlsVerdict::Untrusted => Some((Kind::Untrusted, "does not chain to the required roots")),
        TlsVerdict::NameMismatch => Some((Kind::NameMismatch, "is not valid for this name")),
        TlsVerdict::Expired => Some((Kind::Expired, "has expired")),
        TlsVerdict::NotYetValid => Some((Kind::NotYetValid, "is not valid yet")),
    };
    if let Some((kind, words)) = certificate {
        return Some((
            kind,
            Severity::Fail,
            format!("{at}: the certificate {words}"),
        ));
    }
    if let Some(failure) = probe.http.failure() {
        let text = format!("{at}: TLS works, HTTP does not ({})", failure.detail);
        return Some((Kind::Http(failure.kind), Severity::Fail, text));
    }
    if large_stalls(probe) {
        let text = format!("{at}: a small request is answered, a large one hangs");
        return Some((Kind::LargeRequest, Severity::Fail, text));
    }
    let http = probe.http.seen()?;
    (target.in_catalog && !is_aws_answer(http)).then(|| {
        let text = format!(
            "{at}: what answers HTTP ({}) is not an AWS service",
            http.code
        );
        (Kind::NotTheService, Severity::Fail, text)
    })
}

/// A small request was answered and a large one on the same address was not.
fn large_stalls(probe: &AddressProbe) -> bool {
    let result = |wanted: Variation| {
        let mut all = probe.experiments.iter();
        all.find(|experiment| experiment.variation == wanted)
            .map(|experiment| &experiment.result)
    };
    let small = probe.http.is_seen()
        || result(Variation::SmallRequest).is_some_and(|result| result.is_seen());
    let large = result(Variation::LargeRequest).and_then(|result| result.failure_kind());
    small && large == Some(FailureKind::Timeout)
}

/// An address that was not probed leaves the path open, unless the host has no way to that family at all.
fn unprobed(
    scene: &Scene<'_>,
    probe: &AddressProbe,
    reason: &str,
) -> Option<(Kind, Severity, String)> {
    let no_family = probe.address.is_ipv6() && !scene.facts.host.ipv6_route;
    (!no_family).then(|| {
        let text = format!("{}: not probed, {reason}", At(probe.address, &probe.name));
        (Kind::Unprobed, Severity::Info, text)
    })
}

fn tcp_words(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Timeout => "no answer to the connection attempt on 443",
        FailureKind::Refused => "the connection on 443 was refused",
        FailureKind::Reset => "the connection on 443 was reset",
        FailureKind::Unreachable => "there is no route to it",
        _ => "the connection on 443 failed",
    }
}

/// An IPv4 address on a host that has IPv6 only is of no consequence where an IPv6 address of the name works.
fn is_of_unused_family(scene: &Scene<'_>, probe: &AddressProbe) -> bool {
    let host = &scene.facts.host;
    let mut others = scene.facts.probes_of(&probe.name);
    probe.address.is_ipv4()
        && !host.ipv4_route
        && host.ipv6_route
        && others.any(|other| other.address.is_ipv6() && other.tls.is_seen())
}

struct At<'a>(IpAddr, &'a str);

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.0, self.1)
    }
}
