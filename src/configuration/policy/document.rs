//! Reads a policy document, and says where it is not one.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language". A document may be anything anybody wrote into a file,
//! so what does not fit the grammar is pointed at and then counts as unknown.

use std::fmt;

use serde_json::{Map, Value};

use super::condition::Condition;
use super::pattern::{LONGEST, Pattern};
use super::principal::{self, Entry};
use super::statement::{Effect, Listed, Statement};

/// No document is longer: an endpoint's policy has at most 20,480 characters.
const LARGEST: usize = 32 * 1024;

/// How many problems are listed.
const PROBLEMS: usize = 16;

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// A policy document, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// What in it does not fit the grammar.
    pub problems: Vec<Problem>,
    usable: bool,
}

/// A place in a document that does not fit the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: expected {expected}, found {found}")]
pub struct Problem {
    /// Where, as in `Statement 2 (Sid "Deny"), Principal.AWS`.
    pub place: String,
    /// What belongs there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Policy {
    /// Reads a document. It always gives a policy: what cannot be read is in its problems, and unknown when it is asked.
    pub fn read(document: &str) -> Policy {
        let mut policy = Policy {
            statements: Vec::new(),
            problems: Vec::new(),
            usable: false,
        };
        if document.len() > LARGEST {
            policy.note("The document", "at most 32 KiB", "more");
            return policy;
        }
        let whole = match serde_json::from_str::<Value>(document) {
            Ok(Value::Object(whole)) => whole,
            Ok(other) => {
                policy.note("The document", "a JSON object", short(&other));
                return policy;
            }
            Err(error) => {
                policy.note("The document", "JSON", format!("an error: {error}"));
                return policy;
            }
        };
        policy.usable = true;
        let variables = policy.version(&whole);
        for name in whole.keys() {
            if !["Version", "Id", "Statement"].contains(&name.as_str()) {
                policy.note("The document", "Version, Id and Statement", quoted(name));
                policy.usable = false;
            }
        }
        let statements = match whole.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            other => {
                policy.note("Statement", "a list of statements", found(other));
                policy.usable = false;
                return policy;
            }
        };
        for (index, value) in statements.iter().enumerate() {
            let statement = StatementReader {
                place: named(index, value.get("Sid").and_then(Value::as_str)),
                variables,
                problems: &mut policy.problems,
            }
            .read(value);
            policy.statements.push(statement);
        }
        policy.problems.truncate(PROBLEMS);
        policy
    }

    /// The name of a statement, for people: they count from one.
    pub fn name(&self, index: usize) -> String {
        let sid = self.statements.get(index).and_then(|s| s.sid.as_deref());
        named(index, sid)
    }

    /// Why the document as a whole cannot be judged, if it cannot.
    pub(super) fn unusable(&self) -> Option<&Problem> {
        self.problems.iter().find(|_| !self.usable)
    }

    /// The version, which decides whether there are variables. Without one it is the older.
    fn version(&mut self, whole: &Map<String, Value>) -> bool {
        match whole.get("Version") {
            None => false,
            Some(Value::String(version)) if version == "2012-10-17" => true,
            Some(Value::String(version)) if version == "2008-10-17" => false,
            other => {
                self.note("Version", "2012-10-17 or 2008-10-17", found(other));
                self.usable = false;
                false
            }
        }
    }

    fn note(&mut self, place: &str, expected: &str, found: impl Into<String>) {
        note(&mut self.problems, place.to_owned(), expected, found.into());
    }
}

/// Reads one statement, noting what is wrong with it.
struct StatementReader<'a> {
    place: String,
    variables: bool,
    problems: &'a mut Vec<Problem>,
}

impl StatementReader<'_> {
    fn read(mut self, value: &Value) -> Statement {
        let Value::Object(elements) = value else {
            self.note("", "an object", short(value));
            return Statement {
                sid: None,
                effect: None,
                conditions: Vec::new(),
                principals: Listed::unreadable(),
                actions: Listed::unreadable(),
                resources: Listed::unreadable(),
                obscure: true,
            };
        };
        let mut obscure = false;
        for name in elements.keys() {
            if !ELEMENTS.contains(&name.as_str()) {
                self.note("", "only the elements of a statement", quoted(name));
                obscure = true;
            }
        }
        let effect = match elements.get("Effect") {
            Some(Value::String(word)) if word == "Allow" => Some(Effect::Allow),
            Some(Value::String(word)) if word == "Deny" => Some(Effect::Deny),
            other => {
                self.note("Effect", "Allow or Deny", found(other));
                None
            }
        };
        let (conditions, read) = self.conditions(elements.get("Condition"));
        Statement {
            sid: elements.get("Sid").and_then(Value::as_str).map(clipped),
            effect,
            conditions,
            principals: self.principals(elements),
            actions: self.patterns(elements, "Action", "NotAction", is_action, ACTION),
            resources: self.patterns(elements, "Resource", "NotResource", is_resource, RESOURCE),
            obscure: obscure || !read,
        }
    }

    /// Which of an element and its negation is there.
    fn element<'v>(
        &mut self,
        elements: &'v Map<String, Value>,
        plain: &'static str,
        negated: &'static str,
    ) -> Option<(&'static str, bool, &'v Value)> {
        match (elements.get(plain), elements.get(negated)) {
            (Some(value), None) => Some((plain, false, value)),
            (None, Some(value)) => Some((negated, true, value)),
            (Some(_), Some(_)) => {
                self.note(plain, &format!("{plain} or {negated}"), "both".to_owned());
                None
            }
            (None, None) => {
                self.note("", &format!("{plain} or {negated}"), "neither".to_owned());
                None
            }
        }
    }

    fn patterns(
        &mut self,
        elements: &Map<String, Value>,
        plain: &'static str,
        negated: &'static str,
        fits: fn(&str) -> bool,
        expected: &str,
    ) -> Listed<Pattern> {
        let Some((name, negated, value)) = self.element(elements, plain, negated) else {
            return Listed::unreadable();
        };
        let mut listed = Listed {
            negated,
            entries: Vec::new(),
            unreadable: false,
        };
        for one in self.many(name, value, expected) {
            match one.as_str().filter(|text| text.len() <= LONGEST) {
                Some(text) if fits(text) => {
                    listed.entries.push(Pattern::read(text, self.variables));
                }
                _ => {
                    self.note(name, expected, short(one));
                    listed.unreadable = true;
                }
            }
        }
        listed.unreadable |= listed.entries.is_empty();
        listed
    }

    fn principals(&mut self, elements: &Map<String, Value>) -> Listed<Entry> {
        let Some((name, negated, value)) = self.element(elements, "Principal", "NotPrincipal")
        else {
            return Listed::unreadable();
        };
        let mut listed = Listed {
            negated,
            entries: Vec::new(),
            unreadable: false,
        };
        let kinds = match value {
            Value::String(everyone) if everyone == "*" => {
                listed.entries.push(Entry::Everyone);
                return listed;
            }
            Value::Object(kinds) => kinds,
            other => {
                self.note(name, "* or an object such as {\"AWS\": …}", short(other));
                return Listed::unreadable();
            }
        };
        for (kind, value) in kinds {
            let place = format!("{name}.{kind}");
            let other = match kind.as_str() {
                "AWS" => None,
                "Service" => Some(Entry::Service),
                "Federated" => Some(Entry::Federated),
                "CanonicalUser" => Some(Entry::Unclear),
                _ => {
                    self.note(
                        name,
                        "AWS, Service, Federated or CanonicalUser",
                        quoted(kind),
                    );
                    listed.unreadable = true;
                    continue;
                }
            };
            for one in self.many(&place, value, principal::EXPECTED) {
                let entry = match (one.as_str(), &other) {
                    // Everybody is `*` under AWS alone; which services `*` means elsewhere is not documented.
                    (Some("*"), Some(Entry::Service)) => Some(Entry::Unclear),
                    (Some(_), Some(other)) => Some(other.clone()),
                    (Some(text), None) => Entry::read(text),
                    (None, _) => None,
                };
                match entry {
                    Some(entry) => listed.entries.push(entry),
                    None => {
                        self.note(&place, principal::EXPECTED, short(one));
                        listed.unreadable = true;
                    }
                }
            }
        }
        listed.unreadable |= listed.entries.is_empty();
        listed
    }

    /// The conditions, and whether all of them could be read.
    fn conditions(&mut self, value: Option<&Value>) -> (Vec<Condition>, bool) {
        let operators = match value {
            None => return (Vec::new(), true),
            Some(Value::Object(operators)) => operators,
            Some(other) => {
                self.note("Condition", "an object of operators", short(other));
                return (Vec::new(), false);
            }
        };
        let mut conditions = Vec::new();
        let mut all = true;
        for (operator, keys) in operators {
            let place = format!("Condition.{}", clipped(operator));
            let Value::Object(keys) = keys else {
                self.note(&place, "an object of condition keys", short(keys));
                all = false;
                continue;
            };
            for (key, values) in keys {
                let condition = self.condition(&place, operator, key, values);
                conditions.push(condition);
            }
        }
        (conditions, all)
    }

    fn condition(&mut self, place: &str, operator: &str, key: &str, values: &Value) -> Condition {
        let mut condition = Condition::read(operator, key);
        let Some(test) = condition.test else {
            self.note(place, "an operator that is known here", quoted(operator));
            return condition;
        };
        let place = format!("{place}.{}", clipped(key));
        for one in self.many(&place, values, "a value or a list of values") {
            let text = match one {
                Value::String(text) => text.clone(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => number.to_string(),
                other => {
                    self.note(&place, "a text", short(other));
                    condition.unreadable = true;
                    continue;
                }
            };
            if let Some(expected) = test.test.misfit(&text).or(too_long(&text)) {
                self.note(&place, expected, short(one));
                condition.unreadable = true;
                continue;
            }
            condition.wanted.push(Pattern::read(&text, self.variables));
        }
        condition.unreadable |= condition.wanted.is_empty();
        condition
    }

    /// One value or a list of them.
    fn many<'v>(&mut self, name: &str, value: &'v Value, expected: &str) -> &'v [Value] {
        match value {
            Value::Array(values) => {
                if values.is_empty() {
                    self.note(name, expected, "an empty list".to_owned());
                }
                values
            }
            one => std::slice::from_ref(one),
        }
    }

    fn note(&mut self, element: &str, expected: &str, found: String) {
        let place = match element.is_empty() {
            true => self.place.clone(),
            false => format!("{}, {}", self.place, clipped(element)),
        };
        note(self.problems, place, expected, found);
    }
}

const ACTION: &str = "* or an action such as sqs:SendMessage";
const RESOURCE: &str = "* or an ARN such as arn:aws:sqs:us-east-1:123456789012:queue";

fn is_action(text: &str) -> bool {
    text == "*"
        || text.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty() && !name.is_empty() && !name.contains(':')
        })
}

fn is_resource(text: &str) -> bool {
    let parts = text.splitn(6, ':').count();
    text.starts_with('*') || text.starts_with("${") || text.starts_with("arn:") && parts == 6
        // A wildcard may stand for the parts that lack.
        || text.starts_with("arn:") && text.ends_with('*')
}

fn too_long(text: &str) -> Option<&'static str> {
    (text.len() > LONGEST).then_some("at most 2,048 characters")
}

fn note(problems: &mut Vec<Problem>, place: String, expected: &str, found: String) {
    if problems.len() < PROBLEMS {
        problems.push(Problem {
            place,
            expected: expected.to_owned(),
            found,
        });
    }
}

fn named(index: usize, sid: Option<&str>) -> String {
    let number = index.saturating_add(1);
    match sid.filter(|sid| !sid.is_empty()) {
        Some(sid) => format!("statement {number} ({})", clipped(sid)),
        None => format!("statement {number}"),
    }
}

fn found(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), short)
}

fn short(value: &Value) -> String {
    clipped(&value.to_string())
}

fn quoted(text: &str) -> String {
    format!("{:?}", clipped(text))
}

/// A text of a document that is shown: not longer than a line.
pub(super) fn clipped(text: &str) -> String {
    struct Clean<'a>(&'a str);
    impl fmt::Display for Clean<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let shown = self.0.chars().take(160);
            shown
                .filter(|c| !c.is_control())
                .try_for_each(|c| write!(f, "{c}"))?;
            match self.0.chars().nth(160) {
                Some(_) => f.write_str("…"),
                None => Ok(()),
            }
        }
    }
    Clean(text).to_string()
}
