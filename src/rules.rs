//! Hypotheses about why: each rule reads the facts and the symptoms and returns causes.
//!
//! A rule that lacks a fact it needs returns nothing, and the symptom keeps the code of its kind: it never
//! guesses. The order of [`all`] is the order in which causes are believed: a cause nearer to the root
//! explains what a later one would explain again.

pub mod answers;
pub mod cause;
pub mod design;
pub mod permission;
pub mod reach;
pub mod tls;

use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

pub use cause::Cause;

/// A rule: its code, its page and how it is found.
#[derive(Debug)]
pub struct Rule {
    /// The finding code, as in `private-dns-disabled`.
    pub code: &'static str,
    /// The severity under `--expect private`, where no optional service softens it.
    pub severity: Severity,
    /// Causes of one tier stand beside each other; a cause of a later tier only explains what none of an
    /// earlier one does.
    pub tier: Tier,
    /// The page that `vpcheck explain` prints, in Markdown.
    pub page: &'static str,
    /// Finds the causes of this code.
    pub find: fn(&Scene<'_>, &Symptoms) -> Vec<Cause>,
}

/// How near to the root a rule's causes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// What the whole host or VPC shares: the resolver, the VPC's attributes, the clock, the proxy, credentials.
    Shared,
    /// What one service's names and endpoints are like.
    Service,
    /// A name that leads out of the VPC for a reason that cannot be read: what its addresses do follows from that all
    /// the same, as it would from the reason.
    Unread,
    /// What stands between the caller and an address, shown by the configuration.
    Path,
    /// What an address or a connection itself shows.
    Connection,
    /// A symptom that nobody explains better, under its own name.
    Undistinguished,
}

/// Declares a rule. Its doc comment is the page that `vpcheck explain` prints.
macro_rules! rule {
    ($(#[doc = $line:literal])+ pub $name:ident, $code:literal, $severity:ident, $tier:ident, $find:path) => {
        $(#[doc = $line])+
        pub(crate) static $name: $crate::rules::Rule = $crate::rules::Rule {
            code: $code,
            severity: $crate::verdict::finding::Severity::$severity,
            tier: $crate::rules::Tier::$tier,
            page: concat!($($line, "\n"),+),
            find: $find,
        };
    };
}
pub(crate) use rule;

/// Every rule, in the order in which causes are believed.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let mut rules: Vec<&'static Rule> = [
        answers::RULES,
        reach::RULES,
        tls::RULES,
        permission::RULES,
        design::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect();
    rules.sort_by_key(|rule| rule.tier);
    rules.into_iter()
}

/// The rule of this code.
pub fn by_code(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_page_has_its_headings() {
        let mut codes: Vec<&str> = all().map(|rule| rule.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count, "a code stands twice");
        for rule in all() {
            assert!(
                rule.page.starts_with(' '),
                "{}: no first sentence",
                rule.code
            );
            for heading in ["## Told apart by", "## Fix", "## Source"] {
                assert!(rule.page.contains(heading), "{}: no {heading}", rule.code);
            }
        }
    }
}
