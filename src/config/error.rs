//! One sentence for whatever is wrong with a setting.

use std::borrow::Cow;
use std::path::PathBuf;

/// A setting that cannot be used, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct SettingError {
    /// The option, the variable, or the file with its line and key.
    pub place: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The value is not of the kind expected.
    #[error("expected {expected}, found {}{}", shown(found), suggestion(hint))]
    Unexpected {
        /// What would have been right.
        expected: Cow<'static, str>,
        /// What there was.
        found: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// A key of the file that is no option.
    #[error("there is no such setting{}", suggestion(hint))]
    UnknownKey {
        /// The key that was probably meant.
        hint: Option<String>,
    },
    /// A configuration file that is no TOML.
    #[error("this is not valid TOML: {reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file whose content is not what it should be.
    #[error("{} is not {expected}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// It is fine alone, and contradicts another setting.
    #[error("{0}")]
    Conflict(String),
}

impl Problem {
    /// The value is not of the kind expected.
    pub(super) fn unexpected(expected: impl Into<Cow<'static, str>>, found: &str) -> Problem {
        Problem::Unexpected {
            expected: expected.into(),
            found: found.to_owned(),
            hint: None,
        }
    }

    /// The same, with what was probably meant.
    pub(super) fn hinting(self, meant: Option<impl Into<String>>) -> Problem {
        match self {
            Problem::Unexpected {
                expected, found, ..
            } => Problem::Unexpected {
                expected,
                found,
                hint: meant.map(Into::into),
            },
            other => other,
        }
    }
}

/// A value as it may be shown: on one line, without control characters, not too long.
fn shown(found: &str) -> String {
    const LONGEST: usize = 80;
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let mut text: String = found.chars().take(LONGEST).collect();
    if text.len() < found.len() {
        text.push('…');
    }
    format!("{text:?}")
}

fn suggestion(hint: &Option<String>) -> String {
    hint.as_ref()
        .map(|hint| format!("; did you mean {hint}?"))
        .unwrap_or_default()
}
