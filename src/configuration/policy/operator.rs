//! Condition operators: how one value of the request is compared with one of the policy.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators".

use std::net::IpAddr;

use ipnet::IpNet;

use super::pattern::{Pattern, Token, arn_fits, fits, known_fits, lowered};
use super::request::{Known, Request};
use super::truth::Truth;

/// A condition operator without its prefix and suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    /// What is compared, and how.
    pub(super) test: Test,
    /// True for `…Not…`: it holds where no value of the policy matches.
    pub(super) negated: bool,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// `StringEquals`, `BinaryEquals`.
    Exact,
    /// `StringEqualsIgnoreCase`.
    IgnoringCase,
    /// `StringLike`.
    Like,
    /// `ArnEquals`, `ArnLike`.
    Arn,
    /// `IpAddress`.
    Address,
    /// `Bool`.
    Bool,
    /// `Null`: whether the key is there at all.
    Null,
    /// `Numeric…`.
    Number(Order),
    /// `Date…`.
    Date(Order),
}

/// How two numbers or times are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The request's is the policy's.
    Equal,
    /// The request's is smaller or earlier.
    Less,
    /// Smaller or the same.
    LessOrEqual,
    /// Greater or later.
    Greater,
    /// Greater or the same.
    GreaterOrEqual,
}

const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::Exact, false),
    ("StringNotEquals", Test::Exact, true),
    ("StringEqualsIgnoreCase", Test::IgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Test::IgnoringCase, true),
    ("StringLike", Test::Like, false),
    ("StringNotLike", Test::Like, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("IpAddress", Test::Address, false),
    ("NotIpAddress", Test::Address, true),
    ("Bool", Test::Bool, false),
    ("Null", Test::Null, false),
    ("BinaryEquals", Test::Exact, false),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    (
        "NumericLessThanEquals",
        Test::Number(Order::LessOrEqual),
        false,
    ),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    (
        "NumericGreaterThanEquals",
        Test::Number(Order::GreaterOrEqual),
        false,
    ),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    (
        "DateGreaterThanEquals",
        Test::Date(Order::GreaterOrEqual),
        false,
    ),
];

impl Operator {
    /// Reads an operator's name, which is the same in any case.
    pub(super) fn read(name: &str) -> Option<Operator> {
        OPERATORS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name))
            .map(|&(_, test, negated)| Operator { test, negated })
    }
}

impl Test {
    /// What a value of the policy has to be, where this one is none such.
    pub(super) fn misfit(self, value: &str) -> Option<&'static str> {
        let (is_one, expected) = match self {
            Test::Exact | Test::IgnoringCase | Test::Like => return None,
            Test::Arn => (
                value == "*" || value.splitn(6, ':').count() == 6,
                "an ARN with six parts, such as arn:aws:iam::123456789012:role/name",
            ),
            Test::Address => (
                range(value).is_some(),
                "an address or a range, such as 10.0.0.0/16",
            ),
            Test::Bool | Test::Null => (boolean(value).is_some(), "true or false"),
            Test::Number(_) => (number(value).is_some(), "a number"),
            Test::Date(_) => (
                instant(value).is_some(),
                "a time such as 2026-01-01T00:00:00Z, or seconds since 1970",
            ),
        };
        // What a variable stands for is not known yet.
        (!is_one && !value.contains("${")).then_some(expected)
    }

    /// Whether a value of the request matches one of the policy.
    pub(super) fn matches(self, held: &Known, wanted: &Pattern, request: &Request) -> Truth {
        let (Some(tokens), Some(text)) = (wanted.tokens(request), wanted.literal(request)) else {
            return Truth::Unknown;
        };
        let literal: Vec<Token> = text.chars().map(Token::Literal).collect();
        let compare = |compare: &dyn Fn(&str) -> Option<bool>| match held {
            Known::Exactly(held) => compare(held).map_or(Truth::Unknown, Truth::from),
            Known::Role { .. } => Truth::Unknown,
        };
        match self {
            Test::Exact => known_fits(held, &literal, &|held| held == text),
            Test::IgnoringCase => {
                let small = lowered(&literal);
                let held = match held {
                    Known::Exactly(held) => Known::Exactly(held.to_ascii_lowercase()),
                    Known::Role { before, name } => Known::Role {
                        before: before.to_ascii_lowercase(),
                        name: name.to_ascii_lowercase(),
                    },
                };
                known_fits(&held, &small, &|held| fits(&small, held))
            }
            Test::Like => known_fits(held, &tokens, &|held| fits(&tokens, held)),
            Test::Arn if matches!(tokens[..], [Token::AnyMany]) => Truth::True,
            Test::Arn if arn_fits(&tokens, "").is_none() => Truth::Unknown,
            Test::Arn => known_fits(held, &tokens, &|held| {
                arn_fits(&tokens, held).unwrap_or(false)
            }),
            Test::Address => compare(&|held| {
                let address: IpAddr = held.parse().ok()?;
                Some(range(&text)?.contains(&address))
            }),
            Test::Bool => compare(&|held| Some(boolean(held)? == boolean(&text)?)),
            Test::Null => Truth::Unknown,
            Test::Number(order) => compare(&|held| order.of(&number(held)?, &number(&text)?)),
            Test::Date(order) => compare(&|held| order.of(&instant(held)?, &instant(&text)?)),
        }
    }
}

impl Order {
    fn of<T: PartialOrd>(self, held: &T, wanted: &T) -> Option<bool> {
        let order = held.partial_cmp(wanted)?;
        Some(match self {
            Order::Equal => order.is_eq(),
            Order::Less => order.is_lt(),
            Order::LessOrEqual => order.is_le(),
            Order::Greater => order.is_gt(),
            Order::GreaterOrEqual => order.is_ge(),
        })
    }
}

/// `true` or `false`, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match (is("true"), is("false")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn range(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}

fn number(text: &str) -> Option<f64> {
    let digits = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let number: f64 = text.parse().ok().filter(|_| text.chars().all(digits))?;
    number.is_finite().then_some(number)
}

/// A time as ISO 8601 or in seconds since 1970. Four digits may be a year or seconds, so they are neither.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    if text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return jiff::Timestamp::from_second(text.parse().ok()?).ok();
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time);
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp())
}
