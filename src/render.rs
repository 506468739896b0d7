//! From a report to bytes: one file per format.
//!
//! Each renderer takes the data and a writer and does nothing else. Everything a server said is
//! hostile: it passes through [`escape`] on its way out. To add a format, add its file, its
//! variant of [`Format`] and its line in [`render`].

use std::fmt;
use std::io::{self, Write};

use crate::verdict::Report;

pub mod asff;
pub mod brief;
pub mod cloudformation;
pub mod discovery;
pub mod drift;
pub mod emf;
pub mod escape;
pub mod explain;
pub mod fleet;
mod headline;
pub mod html;
pub mod human;
mod identity;
pub mod json;
pub mod junit;
mod layout;
pub mod markdown;
pub mod ocsf;
pub mod prometheus;
pub mod services;
pub mod waterfall;
mod wording;

pub use explain::{ExplainLine, ExplainPage};
pub use headline::headline;

/// A format a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// For people, on a terminal.
    #[default]
    Human,
    /// The report's own JSON, which scripts rely on.
    Json,
    /// JUnit XML: one test case for each service, and one for the canary.
    Junit,
    /// One self-contained page.
    Html,
    /// Prometheus's text exposition format.
    Prometheus,
    /// OCSF Compliance Findings.
    Ocsf,
    /// AWS Security Finding Format, as `BatchImportFindings` takes it.
    Asff,
    /// One CloudWatch embedded metric format event.
    Emf,
    /// Markdown, for tickets, issues and build summaries.
    Markdown,
    /// One short line of JSON, for lists of many machines.
    Brief,
}

/// How the report may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether terminal colours may be used.
    pub color: bool,
    /// The columns there are; text for people is wrapped to them.
    pub width: u16,
    /// How often `-v` was given.
    pub verbose: u8,
}

impl Format {
    /// Every format, in the order help and documentation list them.
    pub const ALL: [Format; 10] = [
        Format::Human,
        Format::Json,
        Format::Junit,
        Format::Html,
        Format::Prometheus,
        Format::Ocsf,
        Format::Asff,
        Format::Emf,
        Format::Markdown,
        Format::Brief,
    ];

    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        let has_it = |format: &Format| format.as_str() == name;
        Format::ALL.into_iter().find(has_it)
    }

    /// The name used on the command line and in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Json => "json",
            Format::Junit => "junit",
            Format::Html => "html",
            Format::Prometheus => "prometheus",
            Format::Ocsf => "ocsf",
            Format::Asff => "asff",
            Format::Emf => "emf",
            Format::Markdown => "markdown",
            Format::Brief => "brief",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Default for Style {
    /// Plain text in 80 columns, as for a pipe.
    fn default() -> Self {
        Style {
            color: false,
            width: 80,
            verbose: 0,
        }
    }
}

/// Writes the report in one format.
pub fn render(
    format: Format,
    report: &Report,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Html => html::write(report, out),
        Format::Prometheus => prometheus::write(report, out),
        Format::Ocsf => ocsf::write(report, out),
        Format::Asff => asff::write(report, out),
        Format::Emf => emf::write(report, out),
        Format::Markdown => markdown::write(report, out),
        Format::Brief => brief::write(report, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_one_format_s() {
        for format in Format::ALL {
            assert_eq!(Format::named(&format.to_string()), Some(format));
        }
        assert_eq!(Format::named("xml"), None);
    }
}
