//! Which reports to write, and where each goes.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::Problem;
use super::nearest::nearest;
use crate::render::Format;

/// One report to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its format.
    pub format: Format,
    /// The file; standard output where there is none.
    pub path: Option<PathBuf>,
}

impl FromStr for Output {
    type Err = Problem;

    /// `FORMAT`, or `FORMAT=PATH`; `-` is standard output.
    fn from_str(text: &str) -> Result<Output, Problem> {
        let (format, path) = match text.split_once('=') {
            Some((format, path)) => (format, Some(path)),
            None => (text, None),
        };
        let format = self::format(format)?;
        let path = match path {
            Some("") => return Err(Problem::unexpected("a path after the =", text)),
            Some("-") | None => None,
            Some(path) => Some(PathBuf::from(path)),
        };
        Ok(Output { format, path })
    }
}

impl fmt::Display for Output {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}={}", self.format, path.display()),
            None => write!(f, "{}", self.format),
        }
    }
}

fn format(name: &str) -> Result<Format, Problem> {
    let names = Format::ALL.map(Format::as_str);
    Format::named(name).ok_or_else(|| {
        Problem::unexpected(format!("a format ({})", names.join(", ")), name)
            .hinting(nearest(name, names))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_places() {
        for format in Format::ALL {
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
        let formats = "human, json, junit, html, prometheus, ocsf, asff, emf, markdown, brief";
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
