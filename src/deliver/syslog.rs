//! The system log: one message for the run and one for each finding, with structured data.

use std::io;
use std::os::unix::net::UnixDatagram;

use crate::render::{escape, headline};
use crate::verdict::Report;
use crate::verdict::finding::Severity;
use crate::verdict::report::RunVerdict;

/// Where the system log listens (syslog(3)).
const SOCKET: &str = "/dev/log";
/// System daemons (RFC 5424, 6.2.1).
const FACILITY: u8 = 3;
/// The id of the structured data. Its number is that of documentation (RFC 5612): the project has none of its own.
const DATA: &str = "vpcheck@32473";
/// The longest value of a parameter.
const LONGEST: usize = 512;
/// The longest message; a receiver has to take 2048 bytes (RFC 5424, 6.1).
const LONGEST_MESSAGE: usize = 1024;
/// The most findings that are written.
const MOST: usize = 100;

pub(super) fn write(report: &Report) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(SOCKET)?;
    for message in messages(report) {
        socket.send(message.as_bytes())?;
    }
    Ok(())
}

fn messages(report: &Report) -> Vec<String> {
    let (level, verdict) = match report.verdict {
        RunVerdict::Pass => (6, "pass"),
        RunVerdict::Fail => (3, "fail"),
        RunVerdict::Inconclusive => (4, "inconclusive"),
    };
    let run = [("runId", report.run_id.as_str()), ("verdict", verdict)];
    let mut messages = vec![message(report, level, "run", &run, &headline(report))];
    for finding in report.findings.iter().take(MOST) {
        let (level, severity) = match finding.severity {
            Severity::Fail => (3, "fail"),
            Severity::Warn => (4, "warn"),
            Severity::Info => (6, "info"),
        };
        let services = finding.services.join(",");
        let data = [
            ("runId", report.run_id.as_str()),
            ("code", finding.code.as_str()),
            ("severity", severity),
            ("subject", finding.subject.as_str()),
            ("services", services.as_str()),
        ];
        let text = format!("{}: {}", finding.code, finding.title);
        messages.push(message(report, level, "finding", &data, &text));
    }
    messages
}

fn message(report: &Report, level: u8, id: &str, data: &[(&str, &str)], text: &str) -> String {
    let priority = FACILITY * 8 + level;
    let data: String = data
        .iter()
        .map(|(name, value)| format!(" {name}=\"{}\"", parameter(value)))
        .collect();
    let text: String = escape::terminal(text)
        .chars()
        .take(LONGEST_MESSAGE)
        .collect();
    format!(
        "<{priority}>1 {} - vpcheck - {id} [{DATA}{data}] {text}",
        report.started_at
    )
}

/// RFC 5424, 6.3.3: the quote, the backslash and the bracket are escaped.
fn parameter(value: &str) -> String {
    let value: String = escape::terminal(value).chars().take(LONGEST).collect();
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_stays_inside_its_quotes() {
        let said = "a\"] <0>1 \\ b\n]";
        assert_eq!(parameter(said), "a\\\"\\] <0>1 \\\\ b\\\\n\\]");
    }
}
