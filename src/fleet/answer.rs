//! What a machine answered through AWS Systems Manager: the output of the Command document, of which little is kept.

use std::borrow::Cow;

use super::entry::{Entry, EntryFinding};
use crate::verdict::Severity;
use crate::verdict::report::RunVerdict;

/// What the document's line of JSON begins with.
const BRIEF: &str = "{\"schema_version\":";
/// Causes that are read of a text for people.
const MOST_CAUSES: usize = 50;

/// An output, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The line of JSON that `-o brief` writes.
    Brief(&'a str),
    /// No such line, and text for people: what an older vpcheck gives, or what was cut too early.
    Text {
        /// The verdict.
        verdict: RunVerdict,
        /// The codes with their severities, of things that are not known.
        findings: Vec<EntryFinding<'a>>,
    },
    /// Nothing of a report.
    Nothing,
}

impl<'a> Answer<'a> {
    /// Reads an output. A text for people says little: a caller that can ask for more of it does so first.
    pub fn read(output: &'a str, exit_code: Option<i64>) -> Answer<'a> {
        // A line that is cut is no JSON, and a report that is told from its half would be another.
        let whole = |line: &&str| line.starts_with(BRIEF) && line.ends_with('}');
        if let Some(line) = output.lines().map(str::trim_end).find(whole) {
            return Answer::Brief(line);
        }
        let verdict = match exit_code {
            Some(0) => RunVerdict::Pass,
            Some(1) => RunVerdict::Fail,
            Some(3) => RunVerdict::Inconclusive,
            _ => return Answer::Nothing,
        };
        let speaks = ["PASS: ", "FAIL: ", "INCONCLUSIVE: "];
        if !speaks.iter().any(|word| output.starts_with(word)) {
            return Answer::Nothing;
        }
        Answer::Text {
            verdict,
            findings: output.lines().filter_map(cause).take(MOST_CAUSES).collect(),
        }
    }
}

impl<'a> Entry<'a> {
    /// What is known of a machine whose report could not be had, only its text.
    pub fn of_text(
        machine: &'a str,
        run_id: &'a str,
        started_ms: i64,
        verdict: RunVerdict,
        findings: Vec<EntryFinding<'a>>,
    ) -> Entry<'a> {
        Entry {
            machine: Cow::Borrowed(machine),
            run_id: Cow::Borrowed(run_id),
            started_ms,
            verdict,
            account_id: None,
            region: None,
            vpc_id: None,
            subnet_id: None,
            findings,
        }
    }
}

/// A line such as `FAIL endpoint-missing: …`.
fn cause(line: &str) -> Option<EntryFinding<'_>> {
    let (severity, rest) = match line.split_once(' ')? {
        ("FAIL", rest) => (Severity::Fail, rest),
        ("WARN", rest) => (Severity::Warn, rest),
        _ => return None,
    };
    let (code, _) = rest.split_once(": ")?;
    let is_code = !code.is_empty()
        && (code.bytes()).all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    is_code.then_some(EntryFinding {
        code: Cow::Borrowed(code),
        severity,
        subject: Cow::Borrowed(""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_json_is_found_and_a_cut_one_is_not() {
        let text = "FAIL: x.\n\nFAIL endpoint-missing: y\nExit code 1: fail\n";
        let brief = "{\"schema_version\":\"1\",\"findings\":[]}";
        let output = format!("{text}{brief}\n\nmore");
        assert_eq!(Answer::read(&output, Some(1)), Answer::Brief(brief));
        let cut = format!("{text}{}", &brief[..brief.len() - 3]);
        let Answer::Text { verdict, findings } = Answer::read(&cut, Some(1)) else {
            panic!()
        };
        assert_eq!(verdict, RunVerdict::Fail);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "endpoint-missing");
    }

    #[test]
    fn what_is_no_report_is_nothing() {
        let output = "vpcheck did not run: it is not installed.";
        assert_eq!(Answer::read(output, Some(2)), Answer::Nothing);
        assert_eq!(Answer::read(output, Some(1)), Answer::Nothing);
        assert_eq!(Answer::read("", None), Answer::Nothing);
        assert_eq!(Answer::read("PASS: x", None), Answer::Nothing);
    }
}
