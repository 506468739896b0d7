//! An observation as it is read from a file: its times and its outcome are fields of one object.
//!
//! Serde's own way of reading such a thing copies the whole of it first, and a facts file is made of observations.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Observation, Outcome};

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    AtMs,
    TookMs,
    Seen,
    Failed,
    Skipped,
    /// Of a later version.
    #[serde(other)]
    Other,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Observation<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Observation<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an observation: at_ms, took_ms and one of seen, failed and skipped")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut at_ms, mut took_ms, mut outcome) = (None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::AtMs => once(&mut at_ms, map.next_value()?, "at_ms")?,
                Field::TookMs => once(&mut took_ms, map.next_value()?, "took_ms")?,
                // The first outcome counts, should there be several.
                _ if outcome.is_some() => drop(map.next_value::<IgnoredAny>()?),
                Field::Seen => outcome = Some(Outcome::Seen(map.next_value()?)),
                Field::Failed => outcome = Some(Outcome::Failed(map.next_value()?)),
                Field::Skipped => outcome = Some(Outcome::Skipped(map.next_value()?)),
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Observation {
            at_ms: at_ms.ok_or_else(|| A::Error::missing_field("at_ms"))?,
            took_ms: took_ms.ok_or_else(|| A::Error::missing_field("took_ms"))?,
            outcome: outcome.ok_or_else(|| A::Error::missing_field("seen, failed or skipped"))?,
        })
    }
}

fn once<V, E: Error>(slot: &mut Option<V>, value: V, name: &'static str) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Failure, FailureKind};

    fn read(text: &str) -> Result<Observation<Vec<u8>>, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for outcome in [
            Outcome::Seen(vec![1, 2]),
            Outcome::Failed(Failure::new(FailureKind::Timeout, "no answer")),
            Outcome::Skipped("not looked at".to_owned()),
        ] {
            let observation = Observation {
                at_ms: 1.5,
                took_ms: 0.25,
                outcome,
            };
            let text = serde_json::to_string(&observation).unwrap();
            assert_eq!(read(&text).unwrap(), observation, "{text}");
        }
    }

    #[test]
    fn fields_may_come_in_any_order_and_others_beside_them() {
        let text =
            r#"{"later": {"seen": [9]}, "seen": [1], "took_ms": 2, "skipped": 7, "at_ms": 1}"#;
        let seen = read(text);
        assert_eq!(seen.unwrap().seen(), Some(&vec![1]));
    }

    #[test]
    fn what_is_missing_or_said_twice_is_an_error() {
        for (text, expected) in [
            (
                r#"{"at_ms": 1, "took_ms": 2}"#,
                "missing field `seen, failed or skipped`",
            ),
            (r#"{"seen": [1], "took_ms": 2}"#, "missing field `at_ms`"),
            (
                r#"{"at_ms": 1, "seen": [1], "at_ms": 2}"#,
                "duplicate field `at_ms`",
            ),
            ("[1, 2, 3]", "expected an observation"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
