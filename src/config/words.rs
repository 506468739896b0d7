//! Settings that are one of a few words, or a name of a known form.

use std::path::PathBuf;

use super::ColorChoice;
use super::error::Problem;
use super::nearest::nearest;
use crate::catalog::Region;
use crate::facts::{CanaryMode, Expect, Level};

pub(super) const EXPECTS: &[(&str, Expect)] = &[
    ("private", Expect::Private),
    ("reachable", Expect::Reachable),
    ("isolated", Expect::Isolated),
];

pub(super) const CANARIES: &[(&str, CanaryMode)] = &[
    ("off", CanaryMode::Off),
    ("send", CanaryMode::Send),
    ("round-trip", CanaryMode::RoundTrip),
];

pub(super) const LEVELS: &[(&str, Level)] = &[
    ("fail", Level::Fail),
    ("warn", Level::Warn),
    ("info", Level::Info),
    ("off", Level::Off),
];

pub(super) const COLORS: &[(&str, ColorChoice)] = &[
    ("auto", ColorChoice::Auto),
    ("always", ColorChoice::Always),
    ("never", ColorChoice::Never),
];

pub(super) const SWITCHES: &[(&str, bool)] =
    &[("true", true), ("false", false), ("1", true), ("0", false)];

/// `CODE=LEVEL`.
pub(super) fn severity(text: &str, known: &[&str]) -> Result<(String, Level), Problem> {
    let Some((code, level)) = text.split_once('=') else {
        let expected = "CODE=LEVEL, such as endpoint-single-az=off";
        return Err(Problem::unexpected(expected, text));
    };
    let (code, level) = (code.trim(), level.trim());
    if !known.contains(&code) {
        let expected = "a finding's code (`vpcheck explain` lists them)";
        let near = nearest(code, known.iter().copied());
        return Err(Problem::unexpected(expected, code).hinting(near));
    }
    Ok((code.to_owned(), word(level, LEVELS)?))
}

/// The word for a value.
pub(super) fn said<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    // Every value of these kinds has a word.
    words
        .iter()
        .find(|(_, meant)| meant == value)
        .map_or("", |(word, _)| word)
}

/// One of a few words.
pub(super) fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, Problem> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let expected = match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.join(""),
    };
    Err(Problem::unexpected(expected, text).hinting(nearest(text, names)))
}

/// A Region's code.
pub(super) fn region(text: &str) -> Result<Region, Problem> {
    Region::parse(text).map_err(|_| {
        let lower = Region::parse(&text.to_ascii_lowercase()).ok();
        Problem::unexpected("a Region's code such as eu-west-1", text)
            .hinting(lower.map(|region| region.to_string()))
    })
}

/// A VPC's id.
pub(super) fn vpc_id(text: &str) -> Result<String, Problem> {
    let valid = text.strip_prefix("vpc-").is_some_and(|rest| {
        (1..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    match valid {
        true => Ok(text.to_owned()),
        false => Err(Problem::unexpected("a VPC's id such as vpc-0abc1234", text)),
    }
}

/// A path that is not empty.
pub(super) fn path(text: &str) -> Result<PathBuf, Problem> {
    match text {
        "" => Err(Problem::unexpected("a path", text)),
        text => Ok(PathBuf::from(text)),
    }
}
