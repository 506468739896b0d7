//! "Did you mean": the nearest of a few known words.

/// The word that `asked` is most likely a slip of, if any is near enough.
pub fn nearest<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
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

/// How many letters must be added, dropped, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Option<(char, Vec<usize>)> = None;
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let changed = at(&row, j).saturating_add(usize::from(x != *y));
            let dropped = at(&row, j + 1).saturating_add(1);
            let added = at(&next, j).saturating_add(1);
            let swapped = match (&before, j.checked_sub(1)) {
                (Some((w, row)), Some(k)) if w == y && b.get(k) == Some(&x) => {
                    at(row, k).saturating_add(1)
                }
                _ => usize::MAX,
            };
            next.push(changed.min(dropped).min(added).min(swapped));
        }
        before = Some((x, std::mem::replace(&mut row, next)));
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
        for (a, b, steps) in [
            ("kitten", "sitting", 3),
            ("sned", "send", 1),
            ("", "ab", 2),
            ("ab", "", 2),
            ("a", "a", 0),
        ] {
            assert_eq!(distance(a, b), steps, "{a} {b}");
        }
    }
}
