//! The formats of the report, and where each goes.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::Problem;
use super::nearest::nearest;

/// One report to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its format.
    pub format: OutputFormat,
    /// The file; standard output where there is none.
    pub path: Option<PathBuf>,
}

/// A format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)] // the names are those of the formats
pub enum OutputFormat {
    #[default]
    Human,
    Json,
    Junit,
    Html,
    Prometheus,
    Ocsf,
    Asff,
    Emf,
    Markdown,
}

impl OutputFormat {
    /// Every format.
    pub const ALL: [OutputFormat; 9] = [
        OutputFormat::Human,
        OutputFormat::Json,
        OutputFormat::Junit,
        OutputFormat::Html,
        OutputFormat::Prometheus,
        OutputFormat::Ocsf,
        OutputFormat::Asff,
        OutputFormat::Emf,
        OutputFormat::Markdown,
    ];

    /// The name it is asked for by.
    pub const fn as_str(self) -> &'static str {
        match self {
            OutputFormat::Human => "human",
            OutputFormat::Json => "json",
            OutputFormat::Junit => "junit",
            OutputFormat::Html => "html",
            OutputFormat::Prometheus => "prometheus",
            OutputFormat::Ocsf => "ocsf",
            OutputFormat::Asff => "asff",
            OutputFormat::Emf => "emf",
            OutputFormat::Markdown => "markdown",
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for OutputFormat {
    type Err = Problem;

    fn from_str(text: &str) -> Result<OutputFormat, Problem> {
        let names = OutputFormat::ALL.map(OutputFormat::as_str);
        OutputFormat::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                Problem::unexpected(format!("a format ({})", names.join(", ")), text)
                    .hinting(nearest(text, names))
            })
    }
}

impl FromStr for Output {
    type Err = Problem;

    /// `FORMAT`, or `FORMAT=PATH`; `-` is standard output.
    fn from_str(text: &str) -> Result<Output, Problem> {
        let (format, path) = match text.split_once('=') {
            Some((format, path)) => (format, Some(path)),
            None => (text, None),
        };
        let format = format.parse()?;
        let path = match path {
            Some("") => return Err(Problem::unexpected("a path after the =", text)),
            Some("-") | None => None,
            Some(path) => Some(PathBuf::from(path)),
        };
        Ok(Output { format, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_places() {
        for format in OutputFormat::ALL {
            let here = Output { format, path: None };
            assert_eq!(format.to_string().parse(), Ok(here.clone()));
            assert_eq!(format!("{format}=-").parse(), Ok(here));
            let path = Some(PathBuf::from("/a=b"));
            assert_eq!(
                format!("{format}=/a=b").parse(),
                Ok(Output { format, path })
            );
        }
    }

    #[test]
    fn mistakes() {
        let formats = "human, json, junit, html, prometheus, ocsf, asff, emf, markdown";
        for (text, said) in [
            (
                "jsn=/a",
                format!("expected a format ({formats}), found \"jsn\"; did you mean json?"),
            ),
            (
                "/tmp/report",
                format!("expected a format ({formats}), found \"/tmp/report\""),
            ),
            (
                "json=",
                "expected a path after the =, found \"json=\"".to_owned(),
            ),
        ] {
            assert_eq!(text.parse::<Output>().unwrap_err().to_string(), said);
        }
    }
}
