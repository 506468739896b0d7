//! What IAM does with a call of which everything is known, written down as plainly as it goes.
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference". Where the guide says
//! nothing, or a document would not have been accepted, an oracle is asked: any answer is possible.

mod condition;
mod principal;
mod text;

use std::cell::Cell;

use serde_json::{Value, json};

use self::condition::Condition;
use self::principal::Principals;
use self::text::{Text, arn_matches, matches};
use super::Kind;
use super::world::World;
use crate::fuzzing::input::Input;

/// Answers what nobody can know.
#[derive(Debug)]
pub(super) struct Oracle {
    answers: u32,
    asked: Cell<u32>,
}

impl Oracle {
    pub(super) fn new(answers: u32) -> Self {
        Oracle {
            answers,
            asked: Cell::new(0),
        }
    }

    pub(super) fn ask(&self) -> bool {
        let at = self.asked.get();
        self.asked.set(at.wrapping_add(1));
        self.answers >> (at % 32) & 1 == 1
    }

    pub(super) fn was_asked(&self) -> bool {
        self.asked.get() > 0
    }
}

/// A statement, and how it is written.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) json: Value,
    /// Whether it allows; none where that cannot be read.
    allows: Option<bool>,
    principals: Principals,
    actions: Listed,
    resources: Listed,
    conditions: Vec<Condition>,
    /// It has an element nobody knows.
    obscure: bool,
}

/// `Action` or `Resource`, or their negation.
#[derive(Debug)]
struct Listed {
    negated: bool,
    texts: Vec<Text>,
    /// Some of it is no action or no resource.
    malformed: bool,
}

const ACTIONS: [(&str, bool); 11] = [
    ("*", true),
    ("sqs:*", true),
    ("sqs:SendMessage", true),
    ("SQS:sendmessage", true),
    ("sqs:Send*", true),
    ("sqs:?endMessage", true),
    ("s3:*", true),
    ("*:*", true),
    ("s?s:*Message", true),
    ("SendMessage", false),
    ("", false),
];

const RESOURCES: [(&str, bool); 12] = [
    ("*", true),
    ("arn:aws:sqs:us-east-1:123456789012:canary", true),
    ("arn:aws:sqs:us-east-1:123456789012:Canary", true),
    ("arn:aws:sqs:*:*:can*", true),
    ("arn:aws:sqs:*", true),
    ("arn:aws:s3:::bucket/*", true),
    ("arn:aws:s3:::bucket/a?b/c", true),
    ("arn:*:*:*:*:*", true),
    ("*canary", true),
    ("arn:aws:sqs:*:${aws:PrincipalAccount}:canary", true),
    ("queue", false),
    ("arn:aws:sqs:us-east-1:123456789012canary", false),
];

impl Statement {
    pub(super) fn new(input: &mut Input<'_>, variables: bool) -> Statement {
        let effect = *input.pick(&["Allow", "Allow", "Deny", "Deny", "Maybe"]);
        let (principals, principal_json) = Principals::new(input);
        let letters = ['S', 'e', 'n', 'd', 'M', '*', '?', 's'];
        let (actions, action_json) = Listed::new(input, variables, &ACTIONS, "sqs:x", &letters);
        let letters = ['c', 'a', 'n', '*', '?', 'r', 'y', ':'];
        let (resources, resource_json) =
            Listed::new(input, variables, &RESOURCES, "arn:aws:sqs:*:*:", &letters);
        let obscure = input.byte() % 16 == 15;
        let mut json = json!({"Effect": effect});
        let named = |negated: bool, name: &str| match negated {
            true => format!("Not{name}"),
            false => name.to_owned(),
        };
        json[named(principals.negated, "Principal")] = principal_json;
        json[named(actions.negated, "Action")] = action_json;
        json[named(resources.negated, "Resource")] = resource_json;
        let mut conditions: Vec<Condition> = Vec::new();
        for _ in 0..input.below(3) {
            let (condition, values) = Condition::new(input, variables);
            let place = &mut json["Condition"][&condition.operator];
            if place.get(&condition.key).is_none() {
                place[&condition.key] = values;
                conditions.push(condition);
            }
        }
        if obscure {
            json["Resources"] = json!("*");
        }
        Statement {
            json,
            allows: match effect {
                "Allow" => Some(true),
                "Deny" => Some(false),
                _ => None,
            },
            principals,
            actions,
            resources,
            conditions,
            obscure,
        }
    }

    fn applies(&self, allows: bool, world: &World, oracle: &Oracle) -> bool {
        self.principals.mean(allows, world.who, oracle)
            && self.actions.mean(oracle, |text| {
                let pattern = text.lowered(world);
                pattern.map_or_else(
                    || oracle.ask(),
                    |pattern| matches(&pattern, &world.action.to_ascii_lowercase()),
                )
            })
            && self
                .resources
                .mean(oracle, |text| match text.pattern(world) {
                    Some(pattern) if pattern.is_any() => true,
                    // Whether a wildcard may cross the colons of an ARN the guide leaves open.
                    Some(pattern) if matches(&pattern, world.resource) => {
                        arn_matches(&pattern, world.resource) == Some(true) || oracle.ask()
                    }
                    Some(_) => false,
                    None => oracle.ask(),
                })
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(world, oracle))
            && (!self.obscure || oracle.ask())
            && (self.allows.is_some() || oracle.ask())
    }
}

impl Listed {
    fn new(
        input: &mut Input<'_>,
        variables: bool,
        known: &[(&str, bool)],
        prefix: &str,
        letters: &[char],
    ) -> (Listed, Value) {
        let negated = input.byte() % 4 == 3;
        let mut listed = Listed {
            negated,
            texts: Vec::new(),
            malformed: false,
        };
        let mut values = Vec::new();
        let count = [1, 1, 2, 3, 0][input.below(5)];
        for _ in 0..count {
            let (text, good) = match input.byte() % 3 {
                0 => (format!("{prefix}{}", input.word(letters, 6)), true),
                _ => {
                    let (text, good) = *input.pick(known);
                    (text.to_owned(), good)
                }
            };
            values.push(json!(text));
            match good {
                true => listed.texts.push(Text::new(&text, variables)),
                false => listed.malformed = true,
            }
        }
        listed.malformed |= listed.texts.is_empty();
        (listed, one_or_many(input, values))
    }

    fn mean(&self, oracle: &Oracle, test: impl Fn(&Text) -> bool) -> bool {
        let found = self.texts.iter().any(test) || self.malformed && oracle.ask();
        found != self.negated
    }
}

/// What the statements come to: an explicit deny, else an allow, else nothing.
pub(super) fn decides(statements: &[Statement], world: &World, oracle: &Oracle) -> Kind {
    let mut allowed = false;
    let mut denied = false;
    for statement in statements {
        let allows = statement.allows.unwrap_or_else(|| oracle.ask());
        if statement.applies(allows, world, oracle) {
            allowed |= allows;
            denied |= !allows;
        }
    }
    match (denied, allowed) {
        (true, _) => Kind::Denied,
        (false, true) => Kind::Allowed,
        (false, false) => Kind::NotAllowed,
    }
}

/// A list, or where it has one entry perhaps that alone.
fn one_or_many(input: &mut Input<'_>, mut values: Vec<Value>) -> Value {
    match values.len() == 1 && input.flag() {
        true => values.swap_remove(0),
        false => Value::Array(values),
    }
}
