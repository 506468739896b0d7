//! Resource policies: what an endpoint's or a queue's policy document says of one call.
//!
//! The logic is that of the IAM User Guide, "Policy evaluation logic", with three values: what depends on something that
//! is not known is unknown. A statement that cannot be read may or may not apply, and never counts as one that does not.
//!
//! ```text
//! document ── Policy::read ──▶ Policy (with the problems in it) ── decide(&Request) ──▶ Decision
//! ```

mod amend;
mod condition;
mod document;
mod explain;
mod operator;
mod pattern;
mod principal;
mod request;
mod statement;
mod truth;

pub use amend::{with_statement, with_value, without_statement};
pub use condition::Condition;
pub use document::{Policy, Problem};
pub use explain::Mismatch;
pub use principal::Caller;
pub use request::{Held, Known, Request};
pub use statement::{Effect, Statement};
pub use truth::Truth;

/// What a policy says of a call. Statements are named by their place in the document, counted from zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This statement allows it and none denies it.
    Allowed(usize),
    /// This statement denies it.
    ExplicitlyDenied(usize),
    /// No statement allows it and none denies it.
    NotAllowed,
    /// It depends on what is not known.
    Unknown(Doubt),
}

/// What a decision depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The statement that may or may not apply; none where the document as a whole cannot be judged.
    pub statement: Option<usize>,
    /// What is not known of it, in words.
    pub reason: String,
    /// True where no statement can allow the call, so that it is refused whichever way the doubt turns.
    pub refused: bool,
}

impl Decision {
    /// Whether the policy refuses the call for certain, where the call needs this policy to allow it.
    pub fn refuses(&self) -> bool {
        match self {
            Decision::Allowed(_) => false,
            Decision::ExplicitlyDenied(_) | Decision::NotAllowed => true,
            Decision::Unknown(doubt) => doubt.refused,
        }
    }
}

impl Policy {
    /// What the policy says of a call: an explicit deny wins, else something has to allow it (IAM User Guide,
    /// "Policy evaluation for requests within a single account").
    pub fn decide(&self, request: &Request) -> Decision {
        let verdicts: Vec<Truth> = self
            .statements
            .iter()
            .map(|statement| statement.applies(request))
            .collect();
        let first = |effect: Effect, truth: Truth| {
            let at = self.statements.iter().zip(&verdicts);
            at.enumerate()
                .find(|(_, (statement, found))| statement.may_be(effect) && **found == truth)
                .map(|(index, _)| index)
        };
        let doubt = |index: usize, refused: bool| {
            let reason = match self.statements.get(index) {
                Some(statement) => statement.doubt(request),
                None => String::new(),
            };
            Decision::Unknown(Doubt {
                statement: Some(index),
                reason,
                refused,
            })
        };
        if let Some(problem) = self.unusable() {
            return Decision::Unknown(Doubt {
                statement: None,
                reason: problem.to_string(),
                refused: false,
            });
        }
        if let Some(index) = first(Effect::Deny, Truth::True) {
            return Decision::ExplicitlyDenied(index);
        }
        let allows = first(Effect::Allow, Truth::True);
        let may_allow = first(Effect::Allow, Truth::Unknown);
        let may_deny = first(Effect::Deny, Truth::Unknown);
        match (may_deny, allows, may_allow) {
            (Some(index), None, None) => doubt(index, true),
            (Some(index), _, _) => doubt(index, false),
            (None, Some(index), _) => Decision::Allowed(index),
            (None, None, Some(index)) => doubt(index, false),
            (None, None, None) => Decision::NotAllowed,
        }
    }

    /// Whether it allows everything to everybody, without a condition, and denies nothing.
    pub fn is_open(&self) -> bool {
        let denies = self.statements.iter().any(|s| s.may_be(Effect::Deny));
        self.unusable().is_none()
            && !denies
            && self.statements.iter().any(Statement::allows_everything)
    }
}

#[cfg(test)]
mod tests;
