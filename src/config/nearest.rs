//! "Did you mean": the nearest of a few known words.

/// The word that `asked` is most likely a slip of, if any is near enough.
pub(super) fn nearest<'a>(
    asked: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const LONGEST: usize = 64;
    let asked = asked.trim().to_ascii_lowercase();
    let length = asked.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    // One slip in a short word, three in a long one.
    let most = (length / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|word| (distance(&asked, word), word))
        .filter(|(steps, word)| *steps <= most && *steps < word.len())
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, word)| word)
}

/// How many letters must be added, dropped or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for ((diagonal, above), y) in row.iter().zip(row.iter().skip(1)).zip(&b) {
            let left = next.last().copied().unwrap_or_default();
            let best = (diagonal + usize::from(x != *y)).min(above + 1);
            next.push(best.min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["human", "json", "junit", "timeout"];
        for (asked, meant) in [
            ("jsn", Some("json")),
            ("JSON", Some("json")),
            ("timout", Some("timeout")),
            ("timeoutt", Some("timeout")),
            ("xml", None),
            ("", None),
            ("j", None),
        ] {
            assert_eq!(nearest(asked, known), meant, "{asked}");
        }
        assert_eq!(nearest(&"j".repeat(10_000), known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
