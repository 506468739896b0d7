//! Names of evidence files: their order by name is the order in which they were written.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A name such as `evidence-000000000001-20261121T050000Z-0192….json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName {
    /// The place in the chain, from 1.
    pub sequence: u64,
    started_at: String,
    run_id: String,
}

/// Digits of the sequence.
const DIGITS: usize = 12;
const PREFIX: &str = "evidence-";

impl FileName {
    /// The highest sequence that a name can hold.
    pub const LAST: u64 = 999_999_999_999;

    /// The name of this run's file.
    pub fn new(sequence: u64, started_at: Timestamp, run_id: &str) -> FileName {
        FileName {
            sequence,
            started_at: started_at
                .to_zoned(TimeZone::UTC)
                .strftime("%Y%m%dT%H%M%SZ")
                .to_string(),
            // The id is a UUID; whatever else it may be, a path it is not.
            run_id: (run_id.chars())
                .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
                .take(64)
                .collect(),
        }
    }

    /// Reads a name; none if it is not that of an evidence file.
    pub fn parse(name: &str) -> Option<FileName> {
        let rest = name.strip_prefix(PREFIX)?.strip_suffix(".json")?;
        let (sequence, rest) = rest.split_once('-')?;
        let (started_at, run_id) = rest.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (date, time) = started_at.strip_suffix('Z')?.split_once('T')?;
        let fits = sequence.len() == DIGITS
            && digits(sequence)
            && (date.len(), time.len()) == (8, 6)
            && digits(date)
            && digits(time)
            && !run_id.is_empty()
            && run_id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let sequence = sequence.parse().ok().filter(|sequence| *sequence > 0)?;
        fits.then(|| FileName {
            sequence,
            started_at: started_at.to_owned(),
            run_id: run_id.to_owned(),
        })
    }

    /// True of a name that claims to be an evidence file's, whether or not it is well formed.
    pub fn is_claimed_by(name: &str) -> bool {
        name.starts_with(PREFIX)
    }

    /// When the run began, to the second, by the name.
    pub fn started_at(&self) -> Option<Timestamp> {
        let civil =
            jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", self.started_at.as_str()).ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FileName {
            sequence,
            started_at,
            run_id,
        } = self;
        write!(f, "{PREFIX}{sequence:012}-{started_at}-{run_id}.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let at: Timestamp = "2026-11-21T05:00:00.25Z".parse().unwrap();
        let name = FileName::new(7, at, "0192-ab/../x");
        let text = name.to_string();
        assert_eq!(text, "evidence-000000000007-20261121T050000Z-0192-abx.json");
        assert_eq!(FileName::parse(&text), Some(name.clone()));
        assert_eq!(
            name.started_at(),
            Some("2026-11-21T05:00:00Z".parse().unwrap())
        );
        for wrong in [
            "evidence-7-20261121T050000Z-a.json",
            "evidence-000000000000-20261121T050000Z-a.json",
            "evidence-000000000007-20261121T050000Z-.json",
            "evidence-000000000007-2026-11-21-a.json",
            "evidence-000000000007-20261121T050000Z-a.json~",
            "head.json",
        ] {
            assert_eq!(FileName::parse(wrong), None, "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "evidence-[0-9]{12}-[0-9TZ]{0,20}-.{0,8}|\\PC*") {
            if let Some(name) = FileName::parse(&text) {
                let _ = name.started_at();
                assert_eq!(name.to_string(), text);
            }
        }
    }
}
