//! One key under one operator.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::super::world::{KEYS, Who, World};
use super::text::{Text, arn_matches, matches};
use super::{Oracle, one_or_many};
use crate::fuzzing::input::{Input, holds};

#[derive(Debug)]
pub(super) struct Condition {
    pub(super) operator: String,
    pub(super) key: String,
    set: &'static str,
    if_exists: bool,
    test: &'static str,
    texts: Vec<Text>,
    malformed: bool,
}

/// Operators, and whether each is negated; without that and without prefix and suffix, what each compares.
const OPERATORS: [(&str, &str); 22] = [
    ("StringEquals", "is"),
    ("StringNotEquals", "is"),
    ("StringEqualsIgnoreCase", "same"),
    ("StringNotEqualsIgnoreCase", "same"),
    ("StringLike", "like"),
    ("StringNotLike", "like"),
    ("ArnEquals", "arn"),
    ("ArnLike", "arn"),
    ("ArnNotEquals", "arn"),
    ("ArnNotLike", "arn"),
    ("IpAddress", "address"),
    ("NotIpAddress", "address"),
    ("Bool", "bool"),
    ("Null", "null"),
    ("NumericEquals", "=="),
    ("NumericNotEquals", "=="),
    ("NumericLessThan", "<"),
    ("NumericGreaterThanEquals", ">="),
    ("DateLessThan", "before"),
    ("DateGreaterThanEquals", "since"),
    ("DateNotEquals", "at"),
    ("StringSmells", ""),
];

/// Values, and what they are: a range or address, a truth, a number, a time, an ARN.
const VALUES: [(&str, &str); 26] = [
    ("vpce-a", ""),
    ("vpce-*", ""),
    ("VPCE-A", ""),
    ("", ""),
    ("a", ""),
    ("b", ""),
    ("o-1", ""),
    ("*", "arn"),
    ("?", ""),
    ("10.0.0.0/8", "address"),
    ("10.0.0.7", "address"),
    ("fd00::/16", "address"),
    ("10.0.0/8", ""),
    ("true", "bool"),
    ("FALSE", "bool"),
    ("7", "number"),
    ("1000", "number"),
    ("-1.0", "number"),
    ("2026-01-01", "time"),
    ("2026-11-21T09:00:00Z", "time"),
    ("1795251600", "time number"),
    ("arn:aws:sns:*:123456789012:topic", "arn"),
    ("arn:aws:iam::*:role/*", "arn"),
    ("arn:aws:iam::123456789012:role/svc/app", "arn"),
    ("arn:aws:iam::123456789012:*", "arn"),
    ("arn:aws:*", ""),
];

const VARIABLES: [&str; 6] = [
    "${aws:SourceVpce}",
    "${aws:PrincipalOrgID, 'o-1'}",
    "${*}",
    "vpce-${aws:TagKeys}",
    "arn:aws:iam::${aws:PrincipalAccount}:role/*",
    "${aws:CurrentTime}",
];

impl Condition {
    pub(super) fn new(input: &mut Input<'_>, variables: bool) -> (Condition, Value) {
        let (name, test) = *input.pick(&OPERATORS);
        let set = *input.pick(&["", "", "ForAllValues:", "ForAnyValue:"]);
        let if_exists = input.byte() % 4 == 3;
        let suffix = if if_exists { "IfExists" } else { "" };
        let mut operator = format!("{set}{name}{suffix}");
        if input.byte() % 8 == 7 {
            operator.make_ascii_lowercase();
        }
        let key = match input.byte() % 10 {
            8 => "aws:PrincipalArn",
            9 => *input.pick(&["aws:PrincipalAccount", "aws:username", "aws:principaltype"]),
            at => KEYS[usize::from(at)].0,
        };
        let mut condition = Condition {
            operator,
            key: key.to_owned(),
            set,
            if_exists,
            test,
            texts: Vec::new(),
            malformed: false,
        };
        let mut values = Vec::new();
        for _ in 0..[1, 1, 2, 3, 0][input.below(5)] {
            let (text, of) = match input.byte() % 4 {
                0 => (*input.pick(&VARIABLES), "any"),
                _ => *input.pick(&VALUES),
            };
            let fits = match test {
                "is" | "same" | "like" => true,
                "arn" => of.contains("arn"),
                "address" => of.contains("address"),
                "bool" | "null" => of.contains("bool"),
                "==" | "<" | ">=" => of.contains("number"),
                _ => of.contains("time"),
            };
            // Whether a variable will stand for the right thing shows only when it is filled in; without variables
            // it is a text like any other.
            let fits = fits || of == "any";
            match fits {
                true => condition.texts.push(Text::new(text, variables)),
                false => condition.malformed = true,
            }
            let typed = match text {
                "true" => json!(true),
                "7" => json!(7),
                text => json!(text),
            };
            values.push(if input.flag() { typed } else { json!(text) });
        }
        condition.malformed |= condition.texts.is_empty();
        (condition, one_or_many(input, values))
    }

    /// Source: IAM User Guide, "Condition operators" and "Set operators for multivalued context keys".
    pub(super) fn holds(&self, world: &World, oracle: &Oracle) -> bool {
        if self.test.is_empty() {
            return oracle.ask();
        }
        let held = world.held(&self.key);
        if self.test == "null" {
            // The operator goes with no prefix and no suffix.
            if !self.set.is_empty() || self.if_exists {
                return oracle.ask();
            }
            return self.any(world, oracle, |text| {
                truth(text).map(|wanted| wanted == held.is_none())
            });
        }
        let negated = self.operator.to_ascii_lowercase().contains("not");
        let Some(held) = held else {
            return match (self.if_exists, self.set) {
                (true, _) | (_, "ForAllValues:") => true,
                (_, "ForAnyValue:") => false,
                _ => negated,
            };
        };
        let one = |value: &String| self.one(value, world, oracle) != negated;
        match (self.set, held) {
            ("ForAllValues:", _) => held.iter().all(one),
            ("ForAnyValue:", _) => held.iter().any(one),
            (_, [value]) => one(value),
            // A key of many values under an operator for one.
            _ => oracle.ask(),
        }
    }

    fn one(&self, held: &str, world: &World, oracle: &Oracle) -> bool {
        if self.key == "aws:PrincipalArn" && matches!(world.who, Who::Session { .. }) {
            // Of a session nobody tells the path of its role, which is part of this: that is no oversight.
            let _ = oracle.ask();
        }
        let order = |text: &str| number(held).zip(number(text));
        let times = |text: &str| time(held).zip(time(text));
        match self.test {
            "like" | "arn" => {
                let found = self.texts.iter().any(|text| match text.pattern(world) {
                    None => oracle.ask(),
                    Some(pattern) if self.test == "like" => matches(&pattern, held),
                    Some(pattern) if pattern.is_any() => true,
                    Some(pattern) => arn_matches(&pattern, held).unwrap_or_else(|| oracle.ask()),
                });
                found || self.malformed && oracle.ask()
            }
            test => self.any(world, oracle, |text| match test {
                "is" => Some(held == text),
                "same" => Some(held.eq_ignore_ascii_case(text)),
                "address" => {
                    let address: IpAddr = held.parse().ok()?;
                    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
                    let net: IpNet = text.parse().ok().or_else(one)?;
                    Some(holds(&net, address))
                }
                "bool" => Some(truth(held)? == truth(text)?),
                "==" => order(text).map(|(a, b)| a == b),
                "<" => order(text).map(|(a, b)| a < b),
                ">=" => order(text).map(|(a, b)| a >= b),
                "before" => times(text).map(|(a, b)| a < b),
                "since" => times(text).map(|(a, b)| a >= b),
                "at" => times(text).map(|(a, b)| a == b),
                _ => None,
            }),
        }
    }

    /// Whether any of the values, as a plain text, passes the test.
    fn any(&self, world: &World, oracle: &Oracle, test: impl Fn(&str) -> Option<bool>) -> bool {
        let found = self.texts.iter().any(|text| {
            let plain = text.pattern(world).map(|pattern| pattern.plain());
            plain
                .and_then(|text| test(&text))
                .unwrap_or_else(|| oracle.ask())
        });
        found || self.malformed && oracle.ask()
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The times that occur, in seconds since 1970.
fn time(text: &str) -> Option<i64> {
    match text {
        "2025-01-01T00:00:00Z" => Some(1_735_689_600),
        "2026-01-01" => Some(1_767_225_600),
        "2026-11-21T09:00:00Z" | "1795251600" => Some(1_795_251_600),
        _ => None,
    }
}
