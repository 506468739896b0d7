//! The path from the workload to a service, drawn: where it holds and where it breaks.

use std::io::{self, Write};

use super::super::escape::html as h;
use super::super::wording;
use crate::facts::DnsStatus;
use crate::verdict::report::{ProbeReport, Route, ServiceReport, ServiceVerdict};

/// How one stretch of the path is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    /// As it should be.
    Holds,
    /// Here it breaks.
    Breaks,
    /// It could not be told.
    Open,
    /// Not come to, since it breaks before.
    Unseen,
}

/// Draws workload, resolver, endpoint and service with what lies between them.
pub(super) fn write(service: &ServiceReport, out: &mut dyn Write) -> io::Result<()> {
    let [dns, route, answer] = hops(service);
    write!(out, "<div class=\"path\"><b>workload</b>")?;
    draw(dns, &dns_word(service), out)?;
    write!(out, "<b>resolver</b>")?;
    draw(route, &wording::literal(&service.route), out)?;
    let endpoint = match (&service.endpoint, service.route) {
        (_, Route::Public | Route::Mixed) => String::from("public address"),
        (Some(endpoint), _) => endpoint.id.clone(),
        (None, Route::Unresolved) => String::from("no address"),
        (None, _) => String::from("private address"),
    };
    write!(out, "<b>{}</b>", h(&endpoint))?;
    draw(answer, &answer_word(service), out)?;
    writeln!(out, "<b>{}</b></div>", h(&service.service))
}

/// The three stretches: asking, being sent to the right place, being answered there.
fn hops(service: &ServiceReport) -> [Hop; 3] {
    let resolved = service
        .hostnames
        .iter()
        .all(|name| name.dns.status == DnsStatus::Ok);
    if !resolved || service.route == Route::Unresolved {
        return [Hop::Breaks, Hop::Unseen, Hop::Unseen];
    }
    let failing = service.verdict == ServiceVerdict::Fail;
    let route = match (wording::is_private(service.route), service.verdict) {
        // A public route that the operator accepts, or a fault further on.
        (true, _) | (false, ServiceVerdict::Pass) => Hop::Holds,
        (false, ServiceVerdict::Fail) => Hop::Breaks,
        (false, ServiceVerdict::Unknown) => Hop::Open,
    };
    let tried: Vec<&ProbeReport> = wording::probes(service)
        .filter(|probe| probe.tcp.status != "skipped")
        .collect();
    let answer = if tried.is_empty() {
        Hop::Open
    } else if tried.iter().any(|probe| !wording::is_fine(probe)) {
        Hop::Breaks
    } else {
        Hop::Holds
    };
    // A failing service whose every stretch looks right is answered by something that is not it.
    if failing && route == Hop::Holds && answer == Hop::Holds {
        return [Hop::Holds, Hop::Open, Hop::Open];
    }
    [Hop::Holds, route, answer]
}

impl Hop {
    /// The class that colours it, and what it is called for those who do not see colours.
    fn class(self) -> (&'static str, &'static str) {
        match self {
            Hop::Holds => ("ok", "holds"),
            Hop::Breaks => ("bad", "breaks here"),
            Hop::Open => ("open", "not established"),
            Hop::Unseen => ("unseen", "not reached"),
        }
    }
}

fn draw(hop: Hop, word: &str, out: &mut dyn Write) -> io::Result<()> {
    let (class, label) = hop.class();
    let mark = match hop {
        Hop::Holds => r#"<path d="M52 3 L60 8 L52 13"/>"#,
        Hop::Breaks => r#"<path d="M25 2 L37 14 M37 2 L25 14"/>"#,
        Hop::Open | Hop::Unseen => "",
    };
    write!(
        out,
        r#"<span class="{class}"><svg viewBox="0 0 62 16" preserveAspectRatio="xMidYMid meet" role="img" aria-label="{label}"><line x1="2" y1="8" x2="60" y2="8"/>{mark}</svg>{}</span>"#,
        h(word)
    )
}

fn dns_word(service: &ServiceReport) -> String {
    let statuses = service.hostnames.iter().map(|name| name.dns.status);
    match statuses.into_iter().find(|status| *status != DnsStatus::Ok) {
        Some(status) => format!("DNS {}", wording::literal(&status)),
        None => String::from("DNS ok"),
    }
}

fn answer_word(service: &ServiceReport) -> String {
    let worst = wording::probes(service)
        .find(|probe| !wording::is_fine(probe) && probe.tcp.status != "skipped")
        .or_else(|| wording::probes(service).find(|probe| wording::is_fine(probe)))
        .or_else(|| wording::probes(service).next());
    let Some(probe) = worst else {
        return String::from("not tried");
    };
    if probe.tcp.status != "ok" {
        return format!("TCP {}", probe.tcp.status);
    }
    if probe.tls.status != "ok" {
        return format!("TLS {}", probe.tls.status);
    }
    if !matches!(probe.http.status.as_str(), "ok" | "skipped") {
        return format!("HTTP {}", probe.http.status);
    }
    probe
        .tls
        .version
        .as_deref()
        .map_or_else(|| String::from("TLS ok"), wording::tls_version)
}
