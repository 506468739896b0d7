//! Why a statement does not apply, or why that cannot be told.

use std::fmt;

use super::condition::Condition;
use super::document::clipped;
use super::request::{Held, Known, Request};
use super::statement::Statement;
use super::truth::Truth;

/// The part of a statement that keeps it from applying to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// It is about other callers.
    Principal,
    /// It is about other actions; those it names.
    Action(String),
    /// It is about other resources; those it names.
    Resource(String),
    /// This condition does not hold.
    Condition(String),
}

impl Statement {
    /// What keeps the statement from applying to a call, each of which is enough.
    pub fn mismatches(&self, request: &Request) -> Vec<Mismatch> {
        let mut found = Vec::new();
        if self.action_fits(request) == Truth::False {
            found.push(Mismatch::Action(listed(
                self.actions.negated,
                self.actions.entries.iter().map(|p| p.text.as_str()),
            )));
        }
        if self.resource_fits(request) == Truth::False {
            found.push(Mismatch::Resource(listed(
                self.resources.negated,
                self.resources.entries.iter().map(|p| p.text.as_str()),
            )));
        }
        if self.principal_fits(request) == Truth::False {
            found.push(Mismatch::Principal);
        }
        let failing = self.conditions.iter();
        let failing = failing.filter(|condition| condition.holds(request) == Truth::False);
        found.extend(failing.map(|condition| Mismatch::Condition(condition.words(request))));
        found
    }

    /// What is not known about whether the statement applies.
    pub(super) fn doubt(&self, request: &Request) -> String {
        let mut unknown: Vec<String> = self
            .conditions
            .iter()
            .filter(|condition| condition.holds(request) == Truth::Unknown)
            .map(|condition| condition.words(request))
            .collect();
        let parts = [
            ("principal", self.principal_fits(request)),
            ("action", self.action_fits(request)),
            ("resource", self.resource_fits(request)),
        ];
        for (part, found) in parts {
            if found == Truth::Unknown {
                unknown.push(format!("whether its {part} fits cannot be told"));
            }
        }
        if self.obscure || self.effect.is_none() {
            unknown.push("it cannot be read as a statement".to_owned());
        }
        unknown.truncate(4);
        unknown.join("; ")
    }
}

impl Condition {
    /// The condition beside what the request holds, in words.
    pub fn words(&self, request: &Request) -> String {
        let held = match request.held(&self.key) {
            Held::Absent => "and the request has none".to_owned(),
            Held::Unknown => "and what the request has is not known".to_owned(),
            Held::Known(values) => {
                let values: Vec<String> = values.iter().map(Known::to_string).collect();
                format!("and the request has {}", values.join(", "))
            }
        };
        let wanted = listed(false, self.wanted());
        format!(
            "{} on {} names {wanted}, {held}",
            clipped(&self.operator),
            clipped(&self.key)
        )
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Principal => f.write_str("it is for other principals"),
            Mismatch::Action(actions) => write!(f, "its actions are {actions}"),
            Mismatch::Resource(resources) => write!(f, "its resources are {resources}"),
            Mismatch::Condition(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Known::Exactly(text) => f.write_str(&clipped(text)),
            Known::Role { before, name } => write!(f, "{}", clipped(&format!("{before}{name}"))),
        }
    }
}

/// Some of the texts a document lists.
fn listed<'a>(negated: bool, texts: impl Iterator<Item = &'a str>) -> String {
    let mut texts: Vec<String> = texts.map(clipped).collect();
    let more = texts.len().saturating_sub(4);
    texts.truncate(4);
    let mut words = texts.join(", ");
    if more > 0 {
        words.push_str(&format!(" and {more} more"));
    }
    match negated {
        true => format!("all but {words}"),
        false => words,
    }
}
