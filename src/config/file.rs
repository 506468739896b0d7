//! The configuration file: TOML, one key for each option.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Problem, SettingError};
use super::layers::{Raw, Source, Sourced};
use super::nearest::nearest;
use super::registry::{self, OPTIONS, OptionSpec, Shape};

/// What the file says, by option.
pub(super) type Entries = BTreeMap<&'static str, Raw>;

/// Reads the file's text. Only the form of values is judged here; what they mean is settled with
/// those of the other places.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Entries, SettingError> {
    let malformed = |line: Option<usize>, reason: &str| SettingError {
        place: match line {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        },
        problem: Problem::Syntax {
            reason: reason.replace('\n', ", "),
        },
    };
    let text = std::str::from_utf8(bytes).map_err(|_| malformed(None, "it is not UTF-8 text"))?;
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        malformed(line, error.message().trim())
    })?;
    let file = Reader { path, text };
    let mut entries = Entries::new();
    for (key, value) in table.get_ref().iter() {
        let name: &str = key.get_ref();
        let from = file.source(key.span().start);
        let refused = |problem| SettingError {
            place: from.place(name),
            problem,
        };
        let spec = registry::of_file(name).ok_or_else(|| {
            let known = OPTIONS.iter().map(|spec| spec.key);
            let hint = nearest(&name.replace('_', "-"), known).map(str::to_owned);
            refused(Problem::UnknownKey { hint })
        })?;
        let raw = Raw {
            key: spec.key,
            values: file.values(spec, value)?,
            from: from.clone(),
        };
        if entries.insert(spec.key, raw).is_some() {
            let twice = format!("{} is set twice, under two spellings", spec.key);
            return Err(refused(Problem::Conflict(twice)));
        }
    }
    Ok(entries)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn source(&self, offset: usize) -> Source {
        Source::File {
            path: self.path.to_owned(),
            line: line_of(self.text, offset),
        }
    }

    /// The texts of a value, in the shape its option has.
    fn values(
        &self,
        spec: &OptionSpec,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<Sourced<String>>, SettingError> {
        let said = |value: &Spanned<DeValue<'_>>, text: String| Sourced {
            value: text,
            from: self.source(value.span().start),
        };
        match (spec.shape, value.get_ref()) {
            (Shape::Text | Shape::List | Shape::Pairs, DeValue::String(text)) => {
                Ok(vec![said(value, text.to_string())])
            }
            (Shape::List | Shape::Pairs, DeValue::Array(items)) => items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => Ok(said(item, text.to_string())),
                    _ => Err(self.unexpected(spec, item)),
                })
                .collect(),
            (Shape::Pairs, DeValue::Table(table)) => table
                .iter()
                .map(|(name, item)| match item.get_ref() {
                    DeValue::String(text) => {
                        let name: &str = name.get_ref();
                        Ok(said(item, format!("{name}={text}")))
                    }
                    _ => Err(self.unexpected(spec, item)),
                })
                .collect(),
            (Shape::Switch, DeValue::Boolean(on)) => Ok(vec![said(value, on.to_string())]),
            (Shape::Count, DeValue::Integer(number)) => {
                Ok(vec![said(value, number.as_str().to_owned())])
            }
            _ => Err(self.unexpected(spec, value)),
        }
    }

    fn unexpected(&self, spec: &OptionSpec, value: &Spanned<DeValue<'_>>) -> SettingError {
        let expected = match spec.shape {
            Shape::Text => "text in quotes",
            Shape::List => "a list of texts in quotes",
            Shape::Pairs => "a table such as endpoint-single-az = \"off\"",
            Shape::Switch => "true or false",
            Shape::Count => "a number",
        };
        let found = self.text.get(value.span()).unwrap_or_default();
        SettingError {
            place: self.source(value.span().start).place(spec.key),
            problem: Problem::unexpected(expected, found),
        }
    }
}

/// The line, from 1, that a byte lies on.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}
