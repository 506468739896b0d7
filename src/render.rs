//! From a report to bytes: one file per format.
//!
//! Each renderer takes the data and a writer and does nothing else. Everything a server said is
//! hostile: it passes through [`escape`] on its way out. To add a format, add its file, its
//! variant of [`Format`] and its line in [`render`].

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use thiserror::Error;

use crate::verdict::Report;

pub mod asff;
pub mod emf;
pub mod escape;
pub mod explain;
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
mod wording;

pub use explain::{ExplainLine, ExplainPage};
pub use headline::headline;

/// A format a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people: the report that goes into a ticket.
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
    /// Markdown, for issues and build summaries.
    Markdown,
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

/// A format's name that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown format `{0}`: expected human, json, junit, html, prometheus, ocsf, asff, emf or markdown"
)]
pub struct UnknownFormat(pub String);

impl Format {
    /// Every format, in the order help and documentation list them.
    pub const ALL: [Format; 9] = [
        Format::Human,
        Format::Json,
        Format::Junit,
        Format::Html,
        Format::Prometheus,
        Format::Ocsf,
        Format::Asff,
        Format::Emf,
        Format::Markdown,
    ];

    /// The name used on the command line and in settings.
    pub fn as_str(self) -> &'static str {
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
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
    }

    #[test]
    fn an_unknown_name_lists_every_known_one() {
        let error = "xml".parse::<Format>().unwrap_err().to_string();
        for format in Format::ALL {
            assert!(error.contains(format.as_str()), "{error}");
        }
    }
}
