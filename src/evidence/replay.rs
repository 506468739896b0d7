//! Whether the report follows from the facts: the rules are run again.

use serde_json::Value;

use super::canonical::canonical;
use super::rules_version::rules_version;
use super::statement::Evidence;
use crate::facts::{FACTS_VERSION, Facts};
use crate::verdict;

/// What the replay of one file came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Why the report does not follow.
    pub problem: Option<String>,
    /// What else there is to know.
    pub note: Option<String>,
}

/// Runs the rules over the recorded facts and compares with the recorded report.
///
/// With the rules that judged then, the whole report must come out again; with others the verdict must.
pub fn replayed(evidence: &Evidence) -> Replayed {
    let refused = |problem: String| Replayed {
        problem: Some(problem),
        note: None,
    };
    // From text, as facts are read elsewhere: one reader of them is much code already.
    let facts: Facts = match serde_json::from_str(&evidence.facts.to_string()) {
        Ok(facts) => facts,
        Err(error) => return refused(format!("its facts cannot be read: {error}")),
    };
    if facts.facts_version != FACTS_VERSION {
        return refused(format!(
            "its facts are of version {} of the format, where {FACTS_VERSION} is known",
            facts.facts_version
        ));
    }
    let report = canonical(&verdict::report(&facts))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let Some(report) = report else {
        return refused("its facts give no report".to_owned());
    };
    let own_rules = rules_version();
    let here = env!("CARGO_PKG_VERSION");
    let same_rules = evidence.rules_version == own_rules && evidence.tool.version == here;
    let recorded = &evidence.report;
    // Both were read from canonical JSON, so that equal values are equal here.
    let differs = |key: &str| report[key] != recorded[key];
    let shown = |report: &Value| {
        report["verdict"]
            .as_str()
            .unwrap_or("no verdict")
            .to_owned()
    };
    if same_rules {
        let keys = keys_of(&[recorded, &report]);
        let different: Vec<&str> = keys.into_iter().filter(|key| differs(key)).collect();
        return match different.is_empty() {
            true => Replayed::default(),
            false if different.contains(&"verdict") => refused(format!(
                "the verdict does not follow from the facts: {} is recorded, the rules say {}",
                shown(recorded),
                shown(&report)
            )),
            false => refused(format!(
                "the report does not follow from the facts: {} would be different",
                different.join(", ")
            )),
        };
    }
    let then = format!(
        "judged by the rules of vpcheck {}, replayed by other ones, of vpcheck {here}",
        evidence.tool.version
    );
    match (differs("verdict"), differs("findings")) {
        (true, _) => refused(format!(
            "{then}: {} is recorded, these rules say {}, which proves nothing either way; verify it with that version",
            shown(recorded),
            shown(&report)
        )),
        (false, true) => Replayed {
            problem: None,
            note: Some(format!("{then}: the verdict is the same, findings differ")),
        },
        (false, false) => Replayed {
            problem: None,
            note: Some(format!("{then}: verdict and findings are the same")),
        },
    }
}

fn keys_of<'a>(reports: &[&'a Value]) -> Vec<&'a str> {
    let mut keys: Vec<&str> = (reports.iter())
        .filter_map(|report| report.as_object())
        .flat_map(|report| report.keys().map(String::as_str))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
