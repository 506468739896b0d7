//! One statement: whether it applies to a call.

use super::condition::Condition;
use super::pattern::{Pattern, Token, arn_fits, fits, lowered};
use super::principal::{Entry, spared};
use super::request::Request;
use super::truth::Truth;

/// What a statement does to the calls it applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows them.
    Allow,
    /// It denies them, whatever else allows them.
    Deny,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its `Sid`, where it has one.
    pub sid: Option<String>,
    /// Its effect; none where it cannot be read.
    pub effect: Option<Effect>,
    /// Its conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    pub(super) principals: Listed<Entry>,
    pub(super) actions: Listed<Pattern>,
    pub(super) resources: Listed<Pattern>,
    /// True where it has a part that was not understood, which may narrow it in any way.
    pub(super) obscure: bool,
}

/// An element that lists what it means, or with `Not` what it does not mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed<T> {
    pub(super) negated: bool,
    pub(super) entries: Vec<T>,
    /// True where an entry, or the whole element, could not be read.
    pub(super) unreadable: bool,
}

impl<T> Listed<T> {
    pub(super) fn unreadable() -> Self {
        Listed {
            negated: false,
            entries: Vec::new(),
            unreadable: true,
        }
    }

    fn holds(&self, test: impl Fn(&T) -> Truth) -> Truth {
        let rest = match self.unreadable {
            true => Truth::Unknown,
            false => Truth::False,
        };
        let found = Truth::any(self.entries.iter().map(test)).or(rest);
        match self.negated {
            true => !found,
            false => found,
        }
    }
}

impl Statement {
    /// Whether it is, or could be, of this effect.
    pub fn may_be(&self, effect: Effect) -> bool {
        self.effect.is_none_or(|own| own == effect)
    }

    /// Whether it applies to a call.
    pub fn applies(&self, request: &Request) -> Truth {
        let parts = [
            self.principal_fits(request),
            self.action_fits(request),
            self.resource_fits(request),
            Truth::all(self.conditions.iter().map(|c| c.holds(request))),
            match self.obscure || self.effect.is_none() {
                true => Truth::Unknown,
                false => Truth::True,
            },
        ];
        Truth::all(parts)
    }

    /// Whether it allows every action on everything to everybody.
    pub(super) fn allows_everything(&self) -> bool {
        let all = |listed: &Listed<Pattern>, words: &[&str]| {
            let mut texts = listed.entries.iter().map(|pattern| pattern.text.as_str());
            !listed.negated && texts.any(|text| words.contains(&text))
        };
        self.effect == Some(Effect::Allow)
            && !self.obscure
            && self.conditions.is_empty()
            && !self.principals.negated
            && self.principals.entries.contains(&Entry::Everyone)
            && all(&self.actions, &["*", "*:*"])
            && all(&self.resources, &["*"])
    }

    /// Whether it means the caller.
    pub(super) fn principal_fits(&self, request: &Request) -> Truth {
        let listed = &self.principals;
        if listed.negated {
            return match (spared(&listed.entries, &request.caller), self.effect) {
                // What NotPrincipal does with Allow is not documented for those it lists.
                (Truth::True, Some(Effect::Allow) | None) => Truth::Unknown,
                // An entry that cannot be read may be one that lacks for the caller to be spared.
                (Truth::False, _) if listed.unreadable => Truth::Unknown,
                (found, _) => !found,
            };
        }
        listed.holds(|entry| entry.means(&request.caller))
    }

    /// Whether it means the action; actions are the same in any case.
    pub(super) fn action_fits(&self, request: &Request) -> Truth {
        let action = request.action.to_ascii_lowercase();
        self.actions.holds(|pattern| match pattern.tokens(request) {
            Some(tokens) => fits(&lowered(&tokens), &action).into(),
            None => Truth::Unknown,
        })
    }

    /// Whether it means the resource, whose case counts.
    pub(super) fn resource_fits(&self, request: &Request) -> Truth {
        self.resources
            .holds(|pattern| match pattern.tokens(request) {
                Some(tokens) => resource_fits(&tokens, &request.resource),
                None => Truth::Unknown,
            })
    }
}

/// Whether a resource pattern means an ARN. The guide wants wildcards inside the parts of an ARN; where it makes a
/// difference that one crosses a colon, nothing is claimed.
fn resource_fits(tokens: &[Token], arn: &str) -> Truth {
    if matches!(tokens, [Token::AnyMany]) {
        return Truth::True;
    }
    match (fits(tokens, arn), arn_fits(tokens, arn)) {
        (true, Some(true)) => Truth::True,
        (true, _) => Truth::Unknown,
        (false, _) => Truth::False,
    }
}
