//! The places a setting may be said in, and which of them counts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::error::{Problem, SettingError};
use super::registry::{self, OptionSpec, Shape};
use super::{Environment, file};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// This `VPCHECK_*` variable.
    Variable(String),
    /// The configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable that other tools read as well, such as `AWS_CA_BUNDLE`.
    Environment(String),
    /// Nobody said anything.
    Default,
}

/// A value, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub from: Source,
}

/// What the command line says: for each option the command takes, its values if it has any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given(BTreeMap<&'static str, Option<Vec<String>>>);

/// What all places say.
#[derive(Debug)]
pub(super) struct Layers<'a> {
    pub(super) given: Given,
    pub(super) environment: &'a Environment,
    pub(super) file: file::Entries,
}

/// An option's values as text: those of the highest place that says any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) key: &'static str,
    pub(super) from: Source,
    pub(super) values: Vec<Sourced<String>>,
}

impl<T> Sourced<T> {
    /// What holds where nobody says anything.
    pub fn default_of(value: T) -> Self {
        Sourced {
            value,
            from: Source::Default,
        }
    }
}

impl Source {
    /// What to call an option's value from here: `--timeout`, `VPCHECK_TIMEOUT`, `file:3: timeout`.
    pub fn place(&self, key: &str) -> String {
        match self {
            Source::Flag if key == "target" => "TARGET".to_owned(),
            Source::Flag => format!("--{key}"),
            Source::Variable(name) | Source::Environment(name) => name.clone(),
            Source::File { path, line } => format!("{}:{line}: {key}", path.display()),
            Source::Default => format!("the default of {key}"),
        }
    }

    /// How much it counts; the highest wins.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Source::Flag => 4,
            Source::Variable(_) => 3,
            Source::File { .. } => 2,
            Source::Environment(_) => 1,
            Source::Default => 0,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag => f.write_str("command line"),
            Source::Variable(name) | Source::Environment(name) => f.write_str(name),
            Source::File { path, line } => write!(f, "{}:{line}", path.display()),
            Source::Default => f.write_str("default"),
        }
    }
}

impl Given {
    /// An option with one value, if it was given.
    pub fn one(&mut self, key: &'static str, value: Option<&str>) {
        self.0.insert(key, value.map(|text| vec![text.to_owned()]));
    }

    /// An option that may be repeated.
    pub fn many(&mut self, key: &'static str, values: &[String]) {
        let values = (!values.is_empty()).then(|| values.to_vec());
        self.0.insert(key, values);
    }

    /// Whether the command takes this option.
    pub fn takes(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The values given for an option.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.0.get(key)?.as_deref()
    }
}

impl Layers<'_> {
    /// What is said of an option; none where nobody says anything, or the command does not take it.
    pub(super) fn raw(&self, key: &'static str) -> Option<Raw> {
        if !self.given.takes(key) {
            return None;
        }
        let here = |from: Source, texts: Vec<String>| {
            let values = texts.into_iter().map(|value| Sourced {
                value,
                from: from.clone(),
            });
            Raw {
                key,
                values: values.collect(),
                from: from.clone(),
            }
        };
        if let Some(values) = self.given.values(key) {
            return Some(here(Source::Flag, values.to_vec()));
        }
        if let Some(spec) = registry::option(key)
            && let Some((name, texts)) = variable(spec, self.environment)
        {
            return Some(here(Source::Variable(name), texts));
        }
        self.file.get(key).cloned()
    }

    /// An option of one value, read by `parse`.
    pub(super) fn one<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<Option<Sourced<T>>, SettingError> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        // A list cannot come here: the file refuses one, clap allows no repetition.
        let Some(said) = raw.values.into_iter().next() else {
            return Ok(None);
        };
        said.parse(key, parse).map(Some)
    }

    /// An option of many values, read by `parse` one by one, doubles left out.
    pub(super) fn many<T: PartialEq>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, Problem>,
    ) -> Result<Sourced<Vec<T>>, SettingError> {
        let Some(raw) = self.raw(key) else {
            return Ok(Sourced::default_of(Vec::new()));
        };
        let mut list = Vec::new();
        for said in raw.values {
            let value = said.parse(key, &parse)?.value;
            if !list.contains(&value) {
                list.push(value);
            }
        }
        Ok(Sourced {
            value: list,
            from: raw.from,
        })
    }
}

impl Sourced<String> {
    fn parse<T>(
        self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<Sourced<T>, SettingError> {
        match parse(self.value.trim()) {
            Ok(value) => Ok(Sourced {
                value,
                from: self.from,
            }),
            Err(problem) => Err(SettingError {
                place: self.from.place(key),
                problem,
            }),
        }
    }
}

/// What the environment says of an option. An empty variable says nothing: that is how task
/// definitions and unit files leave one out.
fn variable(spec: &OptionSpec, environment: &Environment) -> Option<(String, Vec<String>)> {
    let (name, text) = spec
        .variables()
        .find_map(|name| Some((name.clone(), environment.get(&name)?)))
        .filter(|(_, text)| !text.trim().is_empty())?;
    let texts = match spec.shape {
        Shape::List | Shape::Pairs => text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect(),
        Shape::Text | Shape::Switch | Shape::Count => vec![text.clone()],
    };
    Some((name, texts))
}
