//! The services of the page: the path drawn, the details folded away where all is well.

use std::io::{self, Write};

use super::super::escape::html as h;
use super::super::wording;
use super::path;
use crate::verdict::report::{HostnameReport, ProbeReport, Report, ServiceReport, ServiceVerdict};

/// Writes every service, those in trouble first and open.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.services.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>Services</h2>")?;
    for service in wording::worst_first(&report.services) {
        self::service(service, out)?;
    }
    writeln!(out, "</section>")
}

fn service(service: &ServiceReport, out: &mut dyn Write) -> io::Result<()> {
    let (class, open) = match service.verdict {
        ServiceVerdict::Pass => ("ok", ""),
        ServiceVerdict::Fail => ("bad", " open"),
        ServiceVerdict::Unknown => ("open", " open"),
    };
    let optional = if service.required { "" } else { ", optional" };
    writeln!(
        out,
        "<article class=\"{class}\">\n<h3>{} <span class=\"tag\">{}</span>{optional}</h3>",
        h(&service.service),
        wording::service_word(service.verdict),
    )?;
    path::write(service, out)?;
    writeln!(
        out,
        "<details{open}>\n<summary>Names and addresses</summary>"
    )?;
    if let Some(endpoint) = &service.endpoint {
        let dns = if endpoint.private_dns_enabled {
            "on"
        } else {
            "off"
        };
        writeln!(
            out,
            "<p class=\"meta\">Endpoint <code>{}</code>: {}, {}, private DNS {dns}</p>",
            h(&endpoint.id),
            h(&endpoint.kind),
            h(&endpoint.state)
        )?;
    }
    for name in &service.hostnames {
        hostname(name, out)?;
    }
    writeln!(out, "</details>\n</article>")
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
        row(name, probe, out)?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn row(name: &HostnameReport, probe: &ProbeReport, out: &mut dyn Write) -> io::Result<()> {
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
