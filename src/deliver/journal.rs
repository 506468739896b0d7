//! The systemd journal: one entry for the run and one for each finding, with fields to ask for.

use std::io;
use std::os::unix::net::UnixDatagram;

use crate::render::{escape, headline};
use crate::verdict::Report;
use crate::verdict::finding::{Finding, Severity};
use crate::verdict::report::RunVerdict;

/// Where the journal listens (systemd, "Native Journal Protocol").
const SOCKET: &str = "/run/systemd/journal/socket";
/// Of an entry for the run: `journalctl MESSAGE_ID=…` finds all of them.
const RUN: &str = "7c1f9b0d2f0c4a8e9a6a5d7f4b0e1c21";
/// Of an entry for a finding.
const FINDING: &str = "b3a0d5e6c8a94c0f8f2e6f0c9d7a4b52";
/// The longest value of a field: an entry has to fit a datagram.
const LONGEST: usize = 4096;
/// The most findings that are written.
const MOST: usize = 100;

pub(super) fn write(report: &Report) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.send_to(&of_run(report), SOCKET)?;
    for finding in report.findings.iter().take(MOST) {
        socket.send_to(&of_finding(report, finding), SOCKET)?;
    }
    Ok(())
}

fn of_run(report: &Report) -> Vec<u8> {
    let (priority, verdict) = match report.verdict {
        RunVerdict::Pass => ("6", "pass"),
        RunVerdict::Fail => ("3", "fail"),
        RunVerdict::Inconclusive => ("4", "inconclusive"),
    };
    entry(&[
        ("MESSAGE", &headline(report)),
        ("MESSAGE_ID", RUN),
        ("PRIORITY", priority),
        ("SYSLOG_IDENTIFIER", "vpcheck"),
        ("VPCHECK_RUN_ID", &report.run_id),
        ("VPCHECK_VERDICT", verdict),
    ])
}

fn of_finding(report: &Report, finding: &Finding) -> Vec<u8> {
    let (priority, severity) = match finding.severity {
        Severity::Fail => ("3", "fail"),
        Severity::Warn => ("4", "warn"),
        Severity::Info => ("6", "info"),
    };
    entry(&[
        ("MESSAGE", &format!("{}: {}", finding.code, finding.title)),
        ("MESSAGE_ID", FINDING),
        ("PRIORITY", priority),
        ("SYSLOG_IDENTIFIER", "vpcheck"),
        ("VPCHECK_RUN_ID", &report.run_id),
        ("VPCHECK_CODE", &finding.code),
        ("VPCHECK_SEVERITY", severity),
        ("VPCHECK_SUBJECT", &finding.subject),
        ("VPCHECK_SERVICES", &finding.services.join(",")),
        ("VPCHECK_BECAUSE", &finding.because),
        ("VPCHECK_FIX", &finding.fix.summary),
    ])
}

/// Fields of one line each: what a server said cannot add a field.
fn entry(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let line: String = escape::terminal(value).chars().take(LONGEST).collect();
        bytes.extend_from_slice(format!("{name}={line}\n").as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_lines_stays_one_field() {
        let bytes = entry(&[("MESSAGE", "a\nPRIORITY=0\r\u{1b}[2J"), ("EMPTY", "")]);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(!text.contains('\u{1b}') && !text.contains("EMPTY"));
    }
}
