//! What is written that mends, beside the report that says what is wrong.

use std::path::PathBuf;
use std::str::FromStr;

use super::error::Problem;
use super::nearest::nearest;

/// A fix to write as a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixOutput {
    /// What it is written for.
    pub language: FixLanguage,
    /// The file; standard output, instead of the report for people, where there is none.
    pub path: Option<PathBuf>,
}

/// What a fix can be written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixLanguage {
    /// A CloudFormation template that creates the endpoints that are missing.
    CloudFormation,
}

impl FixLanguage {
    /// Every one.
    pub const ALL: [FixLanguage; 1] = [FixLanguage::CloudFormation];

    /// The name used on the command line and in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            FixLanguage::CloudFormation => "cloudformation",
        }
    }
}

impl FromStr for FixOutput {
    type Err = Problem;

    /// `LANGUAGE`, or `LANGUAGE=PATH`; `-` is standard output.
    fn from_str(text: &str) -> Result<FixOutput, Problem> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(path)),
            None => (text, None),
        };
        let names = FixLanguage::ALL.map(FixLanguage::as_str);
        let language = FixLanguage::ALL.into_iter().find(|l| l.as_str() == name);
        let language = language.ok_or_else(|| {
            Problem::unexpected(names.join(", "), name).hinting(nearest(name, names))
        })?;
        let path = match path {
            Some("") => return Err(Problem::unexpected("a path after the =", text)),
            Some("-") | None => None,
            Some(path) => Some(PathBuf::from(path)),
        };
        Ok(FixOutput { language, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_and_places() {
        let language = FixLanguage::CloudFormation;
        let here = FixOutput {
            language,
            path: None,
        };
        assert_eq!("cloudformation".parse(), Ok(here.clone()));
        assert_eq!("cloudformation=-".parse(), Ok(here));
        let path = Some(PathBuf::from("/a=b"));
        assert_eq!(
            "cloudformation=/a=b".parse(),
            Ok(FixOutput { language, path })
        );
        for (text, said) in [
            (
                "cloudfomation",
                "expected cloudformation, found \"cloudfomation\"; did you mean cloudformation?",
            ),
            (
                "cloudformation=",
                "expected a path after the =, found \"cloudformation=\"",
            ),
        ] {
            assert_eq!(text.parse::<FixOutput>().unwrap_err().to_string(), said);
        }
    }
}
