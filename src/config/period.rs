//! A length of time as people write it: `500ms`, `2s`, `1m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::error::Problem;

/// A length of time, in whole milliseconds, more than none and at most a year; a retention may be longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(u64);

/// Units, the longest first, and their length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl Period {
    const LONGEST: u64 = 366 * 86_400_000;

    /// How long records may have to be kept: a hundred years.
    const LONGEST_RETENTION: u64 = 36_525 * 86_400_000;

    /// One millisecond.
    pub const SHORTEST: Period = Period(1);

    /// A number of milliseconds; none for zero, and for more than a year.
    pub const fn from_millis(millis: u64) -> Option<Period> {
        if millis == 0 || millis > Period::LONGEST {
            None
        } else {
            Some(Period(millis))
        }
    }

    /// Reads how long something is to be kept, such as `400d`.
    pub fn retention(text: &str) -> Result<Period, Problem> {
        read(
            text,
            Period::LONGEST_RETENTION,
            "a duration such as 400d",
            "a duration of at most 36525d",
        )
    }

    /// Its length in milliseconds.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Its length in seconds, begun ones included.
    pub const fn seconds(self) -> u64 {
        self.0.div_ceil(1000)
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Duration {
        Duration::from_millis(period.0)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS
            .iter()
            .find(|(_, length)| self.0.is_multiple_of(*length));
        let (unit, length) = exact.copied().unwrap_or(("ms", 1));
        write!(f, "{}{unit}", self.0 / length)
    }
}

impl FromStr for Period {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Period, Problem> {
        read(
            text,
            Period::LONGEST,
            "a duration such as 500ms, 2s or 1m",
            "a duration of at most 366d",
        )
    }
}

fn read(
    text: &str,
    longest: u64,
    expected: &'static str,
    at_most: &'static str,
) -> Result<Period, Problem> {
    let wrong = || Problem::unexpected(expected, text);
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if unit.is_empty() {
        // A bare number: seconds are what people mean of a short time, and saying so beats guessing.
        let meant = format!(
            "{number}{}",
            if longest > Period::LONGEST { "d" } else { "s" }
        );
        let meant = read(&meant, longest, expected, at_most).ok().map(|_| meant);
        return Err(wrong().hinting(meant));
    }
    let unit = unit.trim_start().to_ascii_lowercase();
    let length = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, length) = length.ok_or_else(wrong)?;
    match scaled(number, *length).ok_or_else(wrong)? {
        0 => Err(Problem::unexpected(
            format!("{expected}, more than none"),
            text,
        )),
        millis if millis > longest => Err(Problem::unexpected(at_most, text)),
        millis => Ok(Period(millis)),
    }
}

/// A decimal number times a unit's length, digits below a millisecond dropped; too large a number is
/// the largest there is.
fn scaled(number: &str, length: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = whole.parse::<u64>().unwrap_or(u64::MAX);
    let mut millis = whole.saturating_mul(length);
    let mut place = length;
    for digit in fraction.bytes() {
        // Integer places: a tenth of a minute is 6000 ms, of a millisecond nothing.
        place /= 10;
        millis = millis.saturating_add(place.saturating_mul(u64::from(digit - b'0')));
    }
    Some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, millis, again) in [
            ("500ms", 500, "500ms"),
            ("2s", 2000, "2s"),
            ("0.5s", 500, "500ms"),
            ("1.25s", 1250, "1250ms"),
            ("1m", 60_000, "1m"),
            ("90s", 90_000, "90s"),
            ("120s", 120_000, "2m"),
            ("24h", 86_400_000, "1d"),
            ("2 s", 2000, "2s"),
            ("2S", 2000, "2s"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.millis(), millis, "{text}");
            assert_eq!(period.to_string(), again);
            assert_eq!(again.parse(), Ok(period));
        }
        assert_eq!("1500ms".parse::<Period>().unwrap().seconds(), 2);
        assert_eq!(Period::retention("2557d").unwrap().to_string(), "2557d");
        assert_eq!(
            Period::retention("400").unwrap_err().to_string(),
            "expected a duration such as 400d, found \"400\"; did you mean 400d?"
        );
        assert_eq!(
            Period::retention("40000d").unwrap_err().to_string(),
            "expected a duration of at most 36525d, found \"40000d\""
        );
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for (text, said) in [
            (
                "",
                "expected a duration such as 500ms, 2s or 1m, found nothing",
            ),
            (
                "2",
                "expected a duration such as 500ms, 2s or 1m, found \"2\"; did you mean 2s?",
            ),
            (
                "0",
                "expected a duration such as 500ms, 2s or 1m, found \"0\"",
            ),
            (
                "0s",
                "expected a duration such as 500ms, 2s or 1m, more than none, found \"0s\"",
            ),
            (
                "-2s",
                "expected a duration such as 500ms, 2s or 1m, found \"-2s\"",
            ),
            (
                "2 weeks",
                "expected a duration such as 500ms, 2s or 1m, found \"2 weeks\"",
            ),
            (
                "1.2.3s",
                "expected a duration such as 500ms, 2s or 1m, found \"1.2.3s\"",
            ),
            (
                ".5s",
                "expected a duration such as 500ms, 2s or 1m, found \".5s\"",
            ),
            (
                "99999999999999999999d",
                "expected a duration of at most 366d, found \"99999999999999999999d\"",
            ),
            (
                "2s\n",
                "expected a duration such as 500ms, 2s or 1m, found \"2s\\n\"",
            ),
        ] {
            assert_eq!(text.parse::<Period>().unwrap_err().to_string(), said);
        }
    }
}
