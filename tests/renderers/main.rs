//! Every format on the same three reports: what it looks like, and what must hold for any format.

#![allow(clippy::unwrap_used)] // what does not hold is a failed test, in its helpers as well

use vpcheck::render::{Format, Style, render};
use vpcheck::verdict::Report;

mod machines;
mod people;
mod samples;
mod schema;
mod templates;

/// The report in one format, plain, in 80 columns.
fn text(format: Format, report: &Report) -> String {
    styled(format, report, &Style::default())
}

fn styled(format: Format, report: &Report, style: &Style) -> String {
    let mut out = Vec::new();
    render(format, report, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn all() -> [(&'static str, Report); 3] {
    [
        ("healthy", samples::healthy()),
        ("private-dns-off", samples::private_dns_off()),
        ("hostile", samples::inconclusive_and_hostile()),
    ]
}

#[test]
fn every_format_shows_what_it_always_showed() {
    for format in Format::ALL {
        for (name, report) in all() {
            insta::assert_snapshot!(format!("{format}-{name}"), text(format, &report));
        }
    }
}

#[test]
fn nothing_a_server_says_controls_a_terminal() {
    for format in Format::ALL {
        let shown = text(format, &samples::inconclusive_and_hostile());
        let loose: Vec<char> = shown
            .chars()
            .filter(|c| {
                (c.is_control() && *c != '\n')
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
            })
            .collect();
        assert!(loose.is_empty(), "{format}: {loose:?}");
    }
}

#[test]
fn a_writer_that_fails_is_an_error_and_no_panic() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => {
                    self.0 = left;
                    Ok(bytes.len())
                }
                None => Err(std::io::ErrorKind::BrokenPipe.into()),
            }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for format in Format::ALL {
        let report = samples::private_dns_off();
        for room in [0, 100, 600] {
            let error = render(format, &report, &Style::default(), &mut Full(room)).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{format}");
        }
    }
}

#[test]
fn a_report_of_nothing_is_shown_all_the_same() {
    let mut report = samples::healthy();
    report.services.clear();
    report.findings.clear();
    report.started_at = String::from("no time");
    report.duration_ms = f64::NAN;
    report.summary.services = Default::default();
    for format in Format::ALL {
        assert!(!text(format, &report).is_empty(), "{format}");
    }
}
