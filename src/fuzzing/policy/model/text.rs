//! Texts with wildcards and variables, matched by trying everything.

use super::super::world::World;

/// A text of a policy.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    variables: bool,
}

/// A text whose variables have been filled in: characters, and whether each may be a wildcard.
#[derive(Debug)]
pub(super) struct Pattern(Vec<(char, bool)>);

impl Text {
    pub(super) fn new(text: &str, variables: bool) -> Text {
        Text {
            text: text.to_owned(),
            variables,
        }
    }

    /// None where a variable's value is not there, or is more than one.
    pub(super) fn pattern(&self, world: &World) -> Option<Pattern> {
        let mut characters = Vec::new();
        let mut rest = self.text.as_str();
        while let Some(c) = rest.chars().next() {
            if self.variables
                && let Some((inside, behind)) =
                    rest.strip_prefix("${").and_then(|r| r.split_once('}'))
            {
                let value = match inside {
                    "*" | "?" | "$" => inside.to_owned(),
                    _ => {
                        let (key, default) = match inside.split_once(", '") {
                            Some((key, default)) => (key, Some(default.trim_end_matches('\''))),
                            None => (inside, None),
                        };
                        match (world.held(key), default) {
                            (Some([value]), _) => value.clone(),
                            (None, Some(default)) => default.to_owned(),
                            _ => return None,
                        }
                    }
                };
                characters.extend(value.chars().map(|c| (c, false)));
                rest = behind;
                continue;
            }
            characters.push((c, true));
            rest = &rest[c.len_utf8()..];
        }
        Some(Pattern(characters))
    }

    pub(super) fn lowered(&self, world: &World) -> Option<Pattern> {
        let Pattern(mut characters) = self.pattern(world)?;
        for (c, _) in &mut characters {
            c.make_ascii_lowercase();
        }
        Some(Pattern(characters))
    }
}

impl Pattern {
    pub(super) fn is_any(&self) -> bool {
        matches!(self.0[..], [('*', true)])
    }

    /// As a plain text.
    pub(super) fn plain(&self) -> String {
        self.0.iter().map(|(c, _)| c).collect()
    }
}

/// Whether a pattern matches a text from end to end.
pub(super) fn matches(pattern: &Pattern, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    matches_from(&pattern.0, &text)
}

/// Row by row: which beginnings of the text the pattern's beginnings match.
fn matches_from(pattern: &[(char, bool)], text: &[char]) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for &(c, wild) in pattern {
        let mut next = vec![false; text.len() + 1];
        for end in 0..=text.len() {
            next[end] = match (c, wild) {
                ('*', true) => reached[..=end].contains(&true),
                ('?', true) => end > 0 && reached[end - 1],
                (c, _) => end > 0 && reached[end - 1] && text[end - 1] == c,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

/// Whether a pattern of an ARN matches part by part; none where it has not six parts.
pub(super) fn arn_matches(pattern: &Pattern, text: &str) -> Option<bool> {
    let parts: Vec<&[(char, bool)]> = pattern.0.splitn(6, |(c, _)| *c == ':').collect();
    let texts: Vec<&str> = text.splitn(6, ':').collect();
    if parts.len() != 6 {
        return None;
    }
    let each = parts.iter().zip(&texts).all(|(part, text)| {
        let text: Vec<char> = text.chars().collect();
        matches_from(part, &text)
    });
    Some(texts.len() == 6 && each)
}
