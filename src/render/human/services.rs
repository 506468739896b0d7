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
    for verdict in [
        ServiceVerdict::Fail,
        ServiceVerdict::Unknown,
        ServiceVerdict::Pass,
    ] {
        for service in &report.services {
            if service.verdict != verdict {
                continue;
            }
            row(service, &columns, page)?;
            if verdict != ServiceVerdict::Pass || verbose > 0 {
                for name in &service.hostnames {
                    hostname(name, verbose, page)?;
                }
            }
        }
    }
    Ok(())
}

/// What a row shows, decided once for all rows so that they line up.
struct Columns {
    name: usize,
    route: usize,
    endpoint: usize,
    every_address: bool,
    tls: bool,
}

impl Columns {
    /// The most that fits: TLS goes before the further addresses do.
    fn fitting(report: &Report, width: usize) -> Columns {
        let widest = |text: fn(&ServiceReport) -> String| {
            let lengths = report.services.iter().map(|s| text(s).chars().count());
            lengths.max().unwrap_or(0)
        };
        let mut columns = Columns {
            name: widest(|s| s.service.clone()),
            route: widest(|s| wording::literal(&s.route)),
            endpoint: widest(|s| endpoint_id(s).to_owned()),
            every_address: true,
            tls: true,
        };
        for (every_address, tls) in [(true, true), (false, true), (true, false), (false, false)] {
            columns.every_address = every_address;
            columns.tls = tls;
            let fits = |service: &ServiceReport| columns.width_of(service) <= width;
            let fine = |s: &&ServiceReport| s.verdict == ServiceVerdict::Pass;
            if report.services.iter().filter(fine).all(fits) {
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
            "{:<name$}  {:<7}",
            service.service,
            wording::service_word(service.verdict),
            name = self.name
        )
    }

    fn rest(&self, service: &ServiceReport) -> String {
        let mut cells = format!(
            "{:<width$}",
            wording::literal(&service.route),
            width = self.route
        );
        if self.endpoint > 0 {
            cells += &format!("  {:<width$}", endpoint_id(service), width = self.endpoint);
        }
        cells += &format!("  {}", self.addresses(service));
        if let (true, Some(ms)) = (self.tls, wording::slowest_handshake(service)) {
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
            [first, rest @ ..] if !self.every_address && !rest.is_empty() => {
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
        let name = http.code.map(|code| format!("HTTP {code}"));
        let name = name.as_deref().unwrap_or("HTTP");
        said.push(phase(name, &http.status, http.duration_ms, &http.reason));
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
