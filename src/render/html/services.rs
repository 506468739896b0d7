//! The services of the page: the path drawn where it breaks, a row where all is well.

use std::io::{self, Write};

use super::super::escape::html as h;
use super::super::wording;
use super::path;
use super::steps::carries_canary;
use crate::verdict::report::{HostnameReport, ProbeReport, Report, ServiceReport, ServiceVerdict};

/// Writes every service: the path drawn for each in trouble, one row for each that is fine.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (troubled, fine): (Vec<&ServiceReport>, Vec<&ServiceReport>) =
        wording::worst_first(&report.services)
            .into_iter()
            .partition(|service| is_troubled(service, report));
    if !troubled.is_empty() {
        let open = |service: &&ServiceReport| service.verdict == ServiceVerdict::Unknown;
        let heading = match troubled.iter().all(open) {
            true => "What could not be told",
            false => "Where it breaks",
        };
        writeln!(out, "<section>\n<h2>{heading}</h2>")?;
        for service in &troubled {
            self::troubled(service, report, out)?;
        }
        writeln!(out, "</section>")?;
    }
    if !fine.is_empty() {
        writeln!(
            out,
            "<section>\n<h2>Paths that hold</h2>\n<div class=\"rows\">"
        )?;
        for service in &fine {
            row(service, out)?;
        }
        writeln!(out, "</div>\n</section>")?;
    }
    Ok(())
}

/// Whether a path is worth drawing: it does not pass, or the message sent along it was not taken.
fn is_troubled(service: &ServiceReport, report: &Report) -> bool {
    service.verdict != ServiceVerdict::Pass
        || (report.canary.status == "failed" && carries_canary(service, &report.canary))
}

fn troubled(service: &ServiceReport, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (class, word) = match service.verdict {
        // Only the message sent along it puts a path that passes among these.
        ServiceVerdict::Pass => ("bad", "path ok, message failed"),
        ServiceVerdict::Fail => ("bad", "fail"),
        ServiceVerdict::Unknown => ("open", "unknown"),
    };
    let optional = if service.required { "" } else { ", optional" };
    writeln!(
        out,
        "<article class=\"{class}\">\n<h3>{} <span class=\"tag\">{}</span>{optional}</h3>",
        h(&service.service),
        word,
    )?;
    path::write(service, report, out)?;
    writeln!(
        out,
        "<details open>\n<summary>Names and addresses</summary>"
    )?;
    details(service, out)?;
    writeln!(out, "</details>\n</article>")
}

/// A service that is fine: one line, and what was seen of it folded away.
fn row(service: &ServiceReport, out: &mut dyn Write) -> io::Result<()> {
    let optional = match service.required {
        true => "",
        false => " <small>optional</small>",
    };
    let endpoint = service.endpoint.as_ref().map_or("", |e| e.id.as_str());
    let addresses = wording::list_or_none(&wording::addresses(service));
    let took = wording::slowest_handshake(service).map(wording::milliseconds);
    let version = wording::probes(service).find_map(|probe| probe.tls.version.as_deref());
    let tls = [version.map(wording::tls_version), took]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ");
    write!(
        out,
        "<details class=\"row ok\">\n<summary><b>{}{optional}</b>",
        h(&service.service)
    )?;
    path::small(out)?;
    writeln!(
        out,
        "<span>{}</span><span><code>{}</code></span><span><code>{}</code></span><span>{}</span></summary>",
        h(&wording::literal(&service.route).replace('-', " ")),
        h(endpoint),
        h(&addresses),
        h(&tls)
    )?;
    details(service, out)?;
    writeln!(out, "</details>")
}

fn details(service: &ServiceReport, out: &mut dyn Write) -> io::Result<()> {
    if let Some(endpoint) = &service.endpoint {
        let dns = match (endpoint.kind.as_str(), endpoint.private_dns_enabled) {
            ("Gateway", _) => "",
            (_, true) => ", private DNS on",
            (_, false) => ", private DNS off",
        };
        writeln!(
            out,
            "<p class=\"meta\">Endpoint <code>{}</code>: {}, {}{dns}</p>",
            h(&endpoint.id),
            h(&endpoint.kind),
            h(&endpoint.state)
        )?;
    }
    for name in &service.hostnames {
        hostname(name, out)?;
    }
    Ok(())
}

fn hostname(name: &HostnameReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<h4><code>{}</code></h4>\n<p class=\"meta\">{}</p>",
        h(&name.name),
        h(&wording::resolution(&name.dns))
    )?;
    if !name.dns.cname_chain.is_empty() {
        let chain = name.dns.cname_chain.join(" → ");
        writeln!(out, "<p class=\"meta\">Alias of {}</p>", h(&chain))?;
    }
    let wire: Vec<_> = name.dns.answers.iter().map(|a| a.address).collect();
    for (who, seen) in [
        ("Applications here get", &name.dns.system_answers),
        (
            "The VPC’s own resolver answers",
            &name.dns.vpc_resolver_answers,
        ),
    ] {
        if let Some(seen) = seen.as_ref().filter(|seen| !wording::same(seen, &wire)) {
            let said = wording::list_or_none(seen);
            writeln!(out, "<p class=\"meta\">{who} {}</p>", h(&said))?;
        }
    }
    if name.probes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<table>\n<thead><tr><th>address</th><th>place</th><th>TCP</th><th>TLS</th><th>HTTP</th></tr></thead>\n<tbody>"
    )?;
    for probe in &name.probes {
        address(name, probe, out)?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn address(name: &HostnameReport, probe: &ProbeReport, out: &mut dyn Write) -> io::Result<()> {
    let answer = name.dns.answers.iter().find(|a| a.address == probe.address);
    let place = answer.and_then(wording::whereabouts).unwrap_or_default();
    let (tcp, tls, http) = (&probe.tcp, &probe.tls, &probe.http);
    let version = tls.version.as_deref().map(wording::tls_version);
    let mut certificate = Vec::new();
    if let Some(issuer) = &tls.issuer {
        certificate.push(format!("from {issuer}"));
    }
    if let Some(end) = &tls.not_after {
        certificate.push(format!("until {end}"));
    }
    let code = http.code.map(|code| code.to_string());
    write!(
        out,
        "<tr><td><code>{}</code></td><td>{}</td>",
        probe.address,
        h(&place)
    )?;
    let certificate = certificate.join(", ");
    for (label, status, ms, extra, reason) in [
        (
            "TCP",
            &tcp.status,
            tcp.duration_ms,
            [None, None],
            &tcp.reason,
        ),
        (
            "TLS",
            &tls.status,
            tls.duration_ms,
            [version.as_deref(), Some(certificate.as_str())],
            &tls.reason,
        ),
        (
            "HTTP",
            &http.status,
            http.duration_ms,
            [code.as_deref(), None],
            &http.reason,
        ),
    ] {
        let class = match status.as_str() {
            "ok" => "ok",
            "skipped" => "unseen",
            _ => "bad",
        };
        let mut said = vec![status.clone()];
        said.extend(ms.map(wording::milliseconds));
        said.extend(extra.into_iter().flatten().map(str::to_owned));
        said.extend(reason.clone());
        said.retain(|part| !part.is_empty());
        let said = h(&said.join(", "));
        write!(
            out,
            "<td class=\"{class}\" data-label=\"{label}\">{said}</td>"
        )?;
    }
    writeln!(out, "</tr>")
}
