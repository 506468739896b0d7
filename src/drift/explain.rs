//! Which change explains what: said only where a finding that came or went is about the changed thing, or names it.

use std::collections::BTreeSet;

use super::change::{Change, FindingDrift, Happened, Kind, VerdictDrift, Whose};
use crate::verdict::report::RunVerdict;
use crate::verdict::{Finding, Report, Severity};

/// The places of the changes that a finding is about; where it is about none, of those that it names.
pub(super) fn finding(happened: Happened, finding: &Finding, changes: &[Change]) -> Vec<usize> {
    let of = |matches: &dyn Fn(&Change) -> bool| -> Vec<usize> {
        let all = changes.iter().enumerate();
        all.filter(|(_, change)| change.kind.whose() != Whose::Judged && matches(change))
            .map(|(at, _)| at)
            .collect()
    };
    let about = of(&|change| is_about(happened, finding, change));
    match about.is_empty() {
        true => of(&|change| is_named(finding, change)),
        false => about,
    }
}

/// The verdict, and what explains its change.
pub(super) fn verdict((old, new): (&Report, &Report), findings: &[FindingDrift]) -> VerdictDrift {
    let (old, new) = (old.verdict, new.verdict);
    if old == new {
        return VerdictDrift {
            changed: false,
            old,
            new,
            explained_by: Vec::new(),
            explanation: None,
        };
    }
    // A failed run is made by findings that fail; between the other two, any finding may decide.
    let by_failure = [old, new].contains(&RunVerdict::Fail);
    let decides = |drift: &&FindingDrift| {
        let severities = [drift.old_severity, drift.new_severity];
        let is_severity = drift.old_severity != drift.new_severity;
        is_severity && (!by_failure || severities.contains(&Some(Severity::Fail)))
    };
    let deciding: Vec<&FindingDrift> = findings.iter().filter(decides).collect();
    let explained_by: BTreeSet<usize> = deciding
        .iter()
        .flat_map(|drift| drift.explained_by.iter().copied())
        .collect();
    let codes = |explained: bool| -> Vec<&str> {
        let drifts = deciding.iter();
        let mut codes: Vec<&str> = drifts
            .filter(|drift| drift.explained_by.is_empty() != explained)
            .map(|drift| drift.code.as_str())
            .collect();
        codes.dedup();
        codes
    };
    let (named, open) = (codes(true), codes(false));
    let explanation = match (named.is_empty(), open.is_empty()) {
        (false, true) => format!("What changed is what {} is about.", named.join(", ")),
        (false, false) => format!(
            "What changed is what {} is about; nothing recorded explains {}.",
            named.join(", "),
            open.join(", ")
        ),
        (true, false) => format!("Nothing recorded explains {}.", open.join(", ")),
        (true, true) => "Nothing recorded explains it.".to_owned(),
    };
    VerdictDrift {
        changed: true,
        old,
        new,
        explained_by: explained_by.into_iter().collect(),
        explanation: Some(explanation),
    }
}

/// Whether the changed thing is the finding's own subject, what it was called for, or what made its severity.
fn is_about(happened: Happened, finding: &Finding, change: &Change) -> bool {
    match change.kind {
        // A service that is checked for the first time brings what was so before.
        Kind::Target => {
            let same = change.attribute.is_none() && change.change == happened;
            same && finding.services == [change.subject.clone()]
        }
        Kind::Expectation => {
            let severity = change.also.contains(&finding.code);
            severity || happened == Happened::Changed && change.subject == "--expect"
        }
        // Interfaces have their endpoint's groups: the endpoint's change says it.
        Kind::NetworkInterface => change.subject == finding.subject,
        _ => {
            change.subject == finding.subject
                || [&change.also, &change.old, &change.new]
                    .into_iter()
                    .any(|words| words.contains(&finding.subject))
        }
    }
}

/// Whether the finding's text names the changed thing by its id, address or name.
fn is_named(finding: &Finding, change: &Change) -> bool {
    let by_subject = matches!(
        change.kind,
        Kind::Resolver
            | Kind::Variable
            | Kind::Vpc
            | Kind::Subnet
            | Kind::RouteTable
            | Kind::NetworkAcl
            | Kind::SecurityGroup
            | Kind::Endpoint
            | Kind::NetworkInterface
            | Kind::PrefixList
    );
    let by_others = matches!(change.kind, Kind::Place | Kind::Certificate) || by_subject;
    let subject = by_subject.then_some(&change.subject);
    let words = subject
        .into_iter()
        .chain(by_others.then_some(&change.also).into_iter().flatten());
    let mut words = words.filter(|word| !word.is_empty());
    words.any(|word| {
        let texts = [&finding.title, &finding.because];
        let mut texts = texts.into_iter().chain(&finding.evidence);
        texts.any(|text| names(text, word))
    })
}

/// Whether a text holds the word as a whole, not as a part of a longer id or address.
fn names(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let mut after = text.get(at + word.len()..).unwrap_or_default().chars();
        let next = after.next();
        // A full stop ends a sentence, or goes on with an address or a name.
        let goes_on = match next {
            Some('.' | ':') => after.next().is_some_and(char::is_alphanumeric),
            Some(c) => inside(c),
            None => false,
        };
        !before.is_some_and(|c| inside(c) || c == '.' || c == ':') && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_named_as_a_whole_only() {
        for (text, word, named) in [
            ("vpce-1 is available.", "vpce-1", true),
            ("The group is sg-1.", "sg-1", true),
            ("sg-12 refuses", "sg-1", false),
            ("10.0.0.21 answered", "10.0.0.2", false),
            ("10.0.0.2: no answer", "10.0.0.2", true),
            ("10.0.0.2.nip.io", "10.0.0.2", false),
            ("110.0.0.2", "10.0.0.2", false),
            ("vpce-1-ab.sqs", "vpce-1", false),
            ("", "vpce-1", false),
        ] {
            assert_eq!(names(text, word), named, "{text}: {word}");
        }
    }
}
