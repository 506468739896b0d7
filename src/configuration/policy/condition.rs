//! One key of a statement's `Condition`.

use super::operator::{Operator, Test, boolean};
use super::pattern::Pattern;
use super::request::{Held, Known, Request};
use super::truth::Truth;

/// An operator, a key and the values it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator as it is written, as in `ForAnyValue:StringLike`.
    pub operator: String,
    /// The key as it is written.
    pub key: String,
    pub(super) set: Option<Set>,
    pub(super) if_exists: bool,
    /// None where the operator is not one known here.
    pub(super) test: Option<Operator>,
    pub(super) wanted: Vec<Pattern>,
    /// True where some of its values could not be read.
    pub(super) unreadable: bool,
}

/// How several values of one key in the request count (IAM User Guide, "Set operators for multivalued context keys").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// `ForAllValues`: each has to match; none at all do as well.
    All,
    /// `ForAnyValue`: one has to match.
    Any,
}

impl Condition {
    /// A condition before its values are read.
    pub(super) fn read(operator: &str, key: &str) -> Condition {
        let (set, rest) = match operator.split_once(':') {
            Some((word, rest)) if word.eq_ignore_ascii_case("ForAllValues") => {
                (Some(Set::All), rest)
            }
            Some((word, rest)) if word.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(Set::Any), rest)
            }
            _ => (None, operator),
        };
        let cut = rest.len().saturating_sub("IfExists".len());
        let (name, if_exists) = match (rest.get(..cut), rest.get(cut..)) {
            (Some(name), Some(end)) if end.eq_ignore_ascii_case("IfExists") => (name, true),
            _ => (rest, false),
        };
        let test = Operator::read(name).filter(|operator| {
            // Null asks for the key itself, so neither prefix nor suffix goes with it.
            operator.test != Test::Null || set.is_none() && !if_exists
        });
        Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            set,
            if_exists,
            test,
            wanted: Vec::new(),
            unreadable: false,
        }
    }

    /// The values it is compared with, as they are written.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|pattern| pattern.text.as_str())
    }

    /// Whether it holds where the key has one of these values, or does not have any: `…Not…`.
    pub fn is_negated(&self) -> bool {
        self.test.is_some_and(|operator| operator.negated)
    }

    /// Whether it holds for a call. An absent key fails a positive operator and satisfies a negated one; with `IfExists`
    /// it satisfies both (IAM User Guide, "Condition operators").
    pub fn holds(&self, request: &Request) -> Truth {
        let Some(operator) = self.test else {
            return Truth::Unknown;
        };
        let values: &[Known] = match request.held(&self.key) {
            Held::Unknown => return Truth::Unknown,
            Held::Absent => &[],
            Held::Known(values) => values,
        };
        if operator.test == Test::Null {
            return self.null(values.is_empty());
        }
        if values.is_empty() {
            return match (self.if_exists, self.set) {
                (true, _) | (_, Some(Set::All)) => Truth::True,
                (_, Some(Set::Any)) => Truth::False,
                (_, None) => operator.negated.into(),
            };
        }
        let each = values
            .iter()
            .map(|value| self.one(operator, value, request));
        match (self.set, values) {
            (Some(Set::All), _) => Truth::all(each),
            (Some(Set::Any), _) => Truth::any(each),
            (None, [_]) => Truth::any(each),
            // What several values do to an operator for one is not documented.
            (None, _) => Truth::Unknown,
        }
    }

    fn one(&self, operator: Operator, value: &Known, request: &Request) -> Truth {
        let wanted = self.wanted.iter();
        let found = Truth::any(wanted.map(|wanted| operator.test.matches(value, wanted, request)))
            .or(self.rest());
        match operator.negated {
            true => !found,
            false => found,
        }
    }

    fn null(&self, absent: bool) -> Truth {
        let fits = |wanted: &Pattern| match boolean(&wanted.text) {
            Some(wanted) => Truth::from(wanted == absent),
            None => Truth::Unknown,
        };
        Truth::any(self.wanted.iter().map(fits)).or(self.rest())
    }

    fn rest(&self) -> Truth {
        match self.unreadable {
            true => Truth::Unknown,
            false => Truth::False,
        }
    }
}
