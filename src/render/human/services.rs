//! The services: one line each where all is well, what happened where it is not.

use std::io;

use super::super::layout::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::super::wording;
use crate::verdict::report::{
    EndpointReport, HostnameReport, ProbeReport, Report, ServiceReport, ServiceVerdict,
};

/// How many addresses of a name are shown without `-v`; those in trouble first.
const ADDRESSES_SHOWN: usize = 6;
/// Where the text of a service's details starts.
const DETAIL: usize = 6;

/// Writes every service, those in trouble first.
pub(super) fn write(report: &Report, verbose: u8, page: &mut Page<'_>) -> io::Result<()> {
    let counts = report.summary.services;
    let tally = format!(
        "{} ok, {} failing, {} unknown",
        counts.pass, counts.fail, counts.unknown
    );
    page.labelled(0, ("Services", BOLD), 0, &tally)?;
    let columns = Columns::fitting(report, page.width());
    for service in wording::worst_first(&report.services) {
        row(service, &columns, page)?;
        if service.verdict != ServiceVerdict::Pass || verbose > 0 {
            for name in &service.hostnames {
                hostname(name, verbose, page)?;
            }
        }
    }
    Ok(())
}

/// What a row shows, decided once for all rows so that they line up.
struct Columns {
    name: usize,
    word: usize,
    route: usize,
    endpoint: usize,
    detail: Detail,
}

/// What of a service that is fine is shown beside its endpoint.
#[derive(Clone, Copy)]
struct Detail {
    whole_route: bool,
    tls: bool,
    addresses: Addresses,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Addresses {
    All,
    First,
    None,
}

/// From the most to the least; the addresses, which people look for, go last.
const DETAILS: [Detail; 5] = [
    detail(true, true, Addresses::All),
    detail(true, false, Addresses::All),
    detail(false, false, Addresses::All),
    detail(false, false, Addresses::First),
    detail(false, false, Addresses::None),
];

const fn detail(whole_route: bool, tls: bool, addresses: Addresses) -> Detail {
    Detail {
        whole_route,
        tls,
        addresses,
    }
}

impl Columns {
    /// The most that fits in the width for every service that is fine.
    fn fitting(report: &Report, width: usize) -> Columns {
        let all = || report.services.iter();
        let fine = || all().filter(|service| service.verdict == ServiceVerdict::Pass);
        let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        let mut columns = Columns {
            name: longest(&mut all().map(|s| s.service.chars().count())),
            word: longest(&mut all().map(|s| wording::service_word(s.verdict).len())),
            route: 0,
            endpoint: longest(&mut fine().map(|s| endpoint_id(s).chars().count())),
            detail: DETAILS[0],
        };
        for detail in DETAILS {
            columns.detail = detail;
            columns.route = longest(&mut fine().map(|s| columns.route_of(s).len()));
            if fine().all(|service| columns.width_of(service) <= width) {
                break;
            }
        }
        columns
    }

    fn width_of(&self, service: &ServiceReport) -> usize {
        let (label, rest) = (self.label(service), self.rest(service));
        2 + label.chars().count() + 2 + rest.chars().count()
    }

    fn label(&self, service: &ServiceReport) -> String {
        format!(
            "{:<name$}  {:<word$}",
            service.service,
            wording::service_word(service.verdict),
            name = self.name,
            word = self.word
        )
    }

    fn route_of(&self, service: &ServiceReport) -> String {
        let route = wording::literal(&service.route);
        match route.strip_suffix("-endpoint") {
            Some(short) if !self.detail.whole_route => short.to_owned(),
            _ => route,
        }
    }

    fn rest(&self, service: &ServiceReport) -> String {
        let route = self.route_of(service);
        let mut cells = format!("{route:<width$}", width = self.route);
        if self.endpoint > 0 {
            cells += &format!("  {:<width$}", endpoint_id(service), width = self.endpoint);
        }
        if self.detail.addresses != Addresses::None {
            cells += &format!("  {}", self.addresses(service));
        }
        if let (true, Some(ms)) = (self.detail.tls, wording::slowest_handshake(service)) {
            let version = wording::probes(service).find_map(|probe| probe.tls.version.as_deref());
            let version = version.map(wording::tls_version).unwrap_or_default();
            cells += &format!("  {version}  {}", wording::milliseconds(ms));
        }
        if !service.required {
            cells += "  optional";
        }
        cells
    }

    fn addresses(&self, service: &ServiceReport) -> String {
        let all = wording::addresses(service);
        match all.as_slice() {
            [] => String::from("no address"),
            [first, rest @ ..] if self.detail.addresses == Addresses::First && !rest.is_empty() => {
                format!("{first} +{}", rest.len())
            }
            all => wording::list(all),
        }
    }
}

fn row(service: &ServiceReport, columns: &Columns, page: &mut Page<'_>) -> io::Result<()> {
    let paint = match service.verdict {
        ServiceVerdict::Pass => GREEN,
        ServiceVerdict::Fail => RED,
        ServiceVerdict::Unknown => YELLOW,
    };
    let label = columns.label(service);
    if service.verdict == ServiceVerdict::Pass {
        return page.columns(2, (&label, paint), &columns.rest(service));
    }
    let mut said = wording::literal(&service.route);
    if let Some(endpoint) = &service.endpoint {
        said += &format!("  {}", self::endpoint(endpoint));
    }
    if !service.required {
        said += "  optional";
    }
    page.columns(2, (&label, paint), &said)
}

fn endpoint_id(service: &ServiceReport) -> &str {
    service.endpoint.as_ref().map_or("", |e| e.id.as_str())
}

fn endpoint(endpoint: &EndpointReport) -> String {
    let dns = match (endpoint.kind.as_str(), endpoint.private_dns_enabled) {
        ("Gateway", _) => "",
        (_, true) => ", private DNS on",
        (_, false) => ", private DNS off",
    };
    format!("{} ({}{dns})", endpoint.id, endpoint.state)
}

fn hostname(name: &HostnameReport, verbose: u8, page: &mut Page<'_>) -> io::Result<()> {
    let said = wording::resolution(&name.dns);
    page.labelled(4, (&format!("{}:", name.name), PLAIN), DETAIL, &said)?;
    if !name.dns.cname_chain.is_empty() {
        page.text(
            DETAIL,
            &format!("alias of {}", name.dns.cname_chain.join(" -> ")),
        )?;
    }
    let wire: Vec<_> = name
        .dns
        .answers
        .iter()
        .map(|answer| answer.address)
        .collect();
    let differing = |seen: &Option<Vec<_>>| seen.clone().filter(|seen| !wording::same(seen, &wire));
    if let Some(seen) = differing(&name.dns.system_answers) {
        page.text(
            DETAIL,
            &format!("applications here get {}", wording::list_or_none(&seen)),
        )?;
    }
    if let Some(seen) = differing(&name.dns.vpc_resolver_answers) {
        page.text(
            DETAIL,
            &format!(
                "the VPC's own resolver answers {}",
                wording::list_or_none(&seen)
            ),
        )?;
    }
    let mut probes: Vec<&ProbeReport> = name.probes.iter().collect();
    probes.sort_by_key(|probe| wording::is_fine(probe));
    let shown = if verbose > 0 {
        probes.len()
    } else {
        ADDRESSES_SHOWN
    };
    for probe in probes.iter().take(shown) {
        let answer = name.dns.answers.iter().find(|a| a.address == probe.address);
        let label = match answer.and_then(wording::whereabouts) {
            Some(place) => format!("{} ({place}):", probe.address),
            None => format!("{}:", probe.address),
        };
        page.labelled(DETAIL, (&label, PLAIN), DETAIL + 2, &phases(probe, verbose))?;
    }
    if let Some(rest @ 1..) = probes.len().checked_sub(shown) {
        page.text(DETAIL, &format!("and {rest} more, shown with -v"))?;
    }
    Ok(())
}

/// The phases of one probe, up to the first that was not tried because one before it failed.
fn phases(probe: &ProbeReport, verbose: u8) -> String {
    let (tcp, tls, http) = (&probe.tcp, &probe.tls, &probe.http);
    let mut said = vec![phase("TCP", &tcp.status, tcp.duration_ms, &tcp.reason)];
    if tcp.status == "ok" {
        let version = tls.version.as_deref().map(wording::tls_version);
        let name = version.as_deref().unwrap_or("TLS");
        said.push(phase(name, &tls.status, tls.duration_ms, &tls.reason));
        if let Some(issuer) = tls
            .issuer
            .as_ref()
            .filter(|_| tls.status != "ok" || verbose > 0)
        {
            said.push(format!("certificate from {issuer}"));
        }
        if let Some(end) = tls
            .not_after
            .as_ref()
            .filter(|_| verbose > 0 || tls.status == "expired")
        {
            said.push(format!("valid until {end}"));
        }
    }
    if tls.status == "ok" {
        said.push(match http.code {
            // Whatever the code, an answer to an unsigned request is what is wanted here.
            Some(code) if http.status == "ok" => {
                let took = http
                    .duration_ms
                    .map(wording::milliseconds)
                    .unwrap_or_default();
                format!("answers (HTTP {code}) {took}")
            }
            _ => phase("HTTP", &http.status, http.duration_ms, &http.reason),
        });
    }
    said.join(", ")
}

fn phase(name: &str, status: &str, ms: Option<f64>, reason: &Option<String>) -> String {
    let mut said = format!("{name} {status}");
    if let Some(ms) = ms {
        let joint = if status == "timeout" { "after " } else { "" };
        said += &format!(" {joint}{}", wording::milliseconds(ms));
    }
    if let Some(reason) = reason {
        said += &format!(" ({reason})");
    }
    said
}
