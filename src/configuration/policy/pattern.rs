//! Texts with wildcards and policy variables.

use super::request::{Held, Known, Request};
use super::truth::Truth;

/// No pattern is longer; an ARN has at most 2,048 characters.
pub(super) const LONGEST: usize = 2048;

/// A text of a policy: literal characters, wildcards, variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// As it stands in the document.
    pub(super) text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    One(Token),
    /// `${key}` or `${key, 'default'}`.
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// One step of a pattern without variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// This character.
    Literal(char),
    /// `?`: any one character.
    AnyOne,
    /// `*`: any characters, also none.
    AnyMany,
}

impl Pattern {
    /// Reads a pattern. Variables are of version 2012-10-17 on; in older documents `${` stands for itself (IAM User
    /// Guide, "IAM policy elements: Variables and tags").
    pub(super) fn read(text: &str, variables: bool) -> Pattern {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = rest.strip_prefix("${").filter(|_| variables);
            if let Some((inside, behind)) = after.and_then(|inner| inner.split_once('}')) {
                pieces.push(variable(inside));
                rest = behind;
                continue;
            }
            pieces.push(Piece::One(match c {
                '*' => Token::AnyMany,
                '?' => Token::AnyOne,
                c => Token::Literal(c),
            }));
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        Pattern {
            text: text.to_owned(),
            pieces,
        }
    }

    /// The pattern with its variables replaced by what the request holds; none where that is not known or not there.
    pub(super) fn tokens(&self, request: &Request) -> Option<Vec<Token>> {
        let mut tokens = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::One(token) => tokens.push(*token),
                Piece::Variable { key, default } => {
                    let value = match (request.held(key), default) {
                        (Held::Absent, Some(default)) => default,
                        (held, _) => held.only()?,
                    };
                    tokens.extend(value.chars().map(Token::Literal));
                }
            }
            // Variables can repeat a long value; nothing so long is meant to match anything.
            if tokens.len() > 2 * LONGEST {
                return None;
            }
        }
        Some(tokens)
    }

    /// The pattern as a plain text, where wildcards stand for themselves.
    pub(super) fn literal(&self, request: &Request) -> Option<String> {
        let tokens = self.tokens(request)?;
        let text = tokens.into_iter().map(|token| match token {
            Token::Literal(c) => c,
            Token::AnyOne => '?',
            Token::AnyMany => '*',
        });
        Some(text.collect())
    }
}

fn variable(inside: &str) -> Piece {
    // `${*}`, `${?}` and `${$}` are those characters themselves.
    if let "*" | "?" | "$" = inside {
        return Piece::One(Token::Literal(inside.chars().next().unwrap_or('$')));
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    Piece::Variable {
        key: key.trim().to_owned(),
        default,
    }
}

/// Whether a text fits, from end to end. The time is at most the product of both lengths.
pub(super) fn fits(tokens: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut t, mut c) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&have) = text.get(c) {
        match tokens.get(t) {
            Some(Token::AnyMany) => {
                t += 1;
                retry = Some((t, c));
            }
            Some(Token::AnyOne) => (t, c) = (t + 1, c + 1),
            Some(Token::Literal(want)) if *want == have => (t, c) = (t + 1, c + 1),
            _ => match retry {
                // The last `*` takes one character more.
                Some((after, from)) => {
                    (t, c) = (after, from + 1);
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    tokens
        .get(t..)
        .unwrap_or_default()
        .iter()
        .all(|token| *token == Token::AnyMany)
}

/// Whether a value fits these tokens by this test, where a role's path may be anything.
pub(super) fn known_fits(value: &Known, tokens: &[Token], test: &dyn Fn(&str) -> bool) -> Truth {
    match value {
        Known::Exactly(text) => test(text).into(),
        Known::Role { before, name } => {
            let literals = |text: &str| text.chars().map(Token::Literal).collect::<Vec<_>>();
            let mut role = literals(before);
            role.push(Token::AnyMany);
            role.extend(literals(name));
            if !meet(tokens, &role) {
                return Truth::False;
            }
            // A path that no pattern spells out is fitted only by a `*` across it, which fits every path.
            let strange = "\u{1}".repeat(tokens.len().saturating_add(1));
            let every =
                test(&format!("{before}{name}")) && test(&format!("{before}{strange}/{name}"));
            match every {
                true => Truth::True,
                false => Truth::Unknown,
            }
        }
    }
}

/// Whether there is a text that fits both patterns.
fn meet(a: &[Token], b: &[Token]) -> bool {
    let mut row = vec![false; b.len() + 1];
    let mut next = vec![false; b.len() + 1];
    if let Some(start) = row.first_mut() {
        *start = true;
    }
    for i in 0..=a.len() {
        let ours = a.get(i).copied();
        next.fill(false);
        for j in 0..=b.len() {
            if !row.get(j).copied().unwrap_or(false) {
                continue;
            }
            let theirs = b.get(j).copied();
            let many = |token| token == Some(Token::AnyMany);
            let single = |token: Option<Token>| token.is_some() && !many(token);
            // A `*` may end here, or take one more of the other side.
            let along = many(theirs) || many(ours) && single(theirs);
            let down = many(ours) || many(theirs) && single(ours);
            let both = match (ours, theirs) {
                (Some(Token::Literal(x)), Some(Token::Literal(y))) => x == y,
                _ => single(ours) && single(theirs),
            };
            let mark = |cells: &mut Vec<bool>, at: usize| {
                if let Some(cell) = cells.get_mut(at) {
                    *cell = true;
                }
            };
            if along {
                mark(&mut row, j + 1);
            }
            if down {
                mark(&mut next, j);
            }
            if both {
                mark(&mut next, j + 1);
            }
        }
        if i < a.len() {
            std::mem::swap(&mut row, &mut next);
        }
    }
    row.last().copied().unwrap_or(false)
}

/// Lower case in ASCII, as for action names.
pub(super) fn lowered(tokens: &[Token]) -> Vec<Token> {
    let lower = |token: &Token| match token {
        Token::Literal(c) => Token::Literal(c.to_ascii_lowercase()),
        other => *other,
    };
    tokens.iter().map(lower).collect()
}

/// Whether an ARN fits part by part: its first five colons divide it, and no wildcard crosses them (IAM User Guide,
/// "Condition operators: ARN"). None where the pattern has not as many parts.
pub(super) fn arn_fits(tokens: &[Token], arn: &str) -> Option<bool> {
    let parts: Vec<&[Token]> = tokens
        .splitn(6, |token| *token == Token::Literal(':'))
        .collect();
    let have: Vec<&str> = arn.splitn(6, ':').collect();
    if parts.len() != 6 {
        return None;
    }
    let both = parts.iter().zip(&have);
    Some(have.len() == 6 && both.into_iter().all(|(part, text)| fits(part, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        let tokens = Pattern::read(pattern, false).tokens(&Request::default());
        fits(&tokens.unwrap(), text)
    }

    #[test]
    fn wildcards_fit_from_end_to_end() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*c", "ac", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("*b*b*", "abab", true),
            ("*b*b*", "ab", false),
            ("vpce-?", "vpce-é", true),
            ("arn:aws:sqs:*:*:q", "arn:aws:sqs:us-east-1:1:q", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_wildcards_take_no_exponential_time() {
        let pattern = "a*".repeat(1000);
        assert!(!matches(&format!("{pattern}b"), &"a".repeat(2000)));
    }

    #[test]
    fn no_wildcard_of_an_arn_crosses_a_colon() {
        let arn = |pattern: &str, arn: &str| {
            let tokens = Pattern::read(pattern, false).tokens(&Request::default());
            arn_fits(&tokens.unwrap(), arn)
        };
        let queue = "arn:aws:sqs:us-east-1:1:q";
        assert_eq!(arn("arn:aws:sqs:*:*:q", queue), Some(true));
        assert_eq!(arn("arn:*:*:*:*:*", queue), Some(true));
        assert_eq!(arn("arn:aws:s*:1:q", queue), None);
        assert_eq!(arn("arn:aws:*:::q", queue), Some(false));
    }

    #[test]
    fn a_role_without_its_path_fits_only_what_fits_every_path() {
        let role = Known::Role {
            before: "arn:aws:iam::1:role/".to_owned(),
            name: "app".to_owned(),
        };
        for (pattern, expected) in [
            ("arn:aws:iam::1:role/*", Truth::True),
            ("*", Truth::True),
            ("arn:aws:iam::*:role/*app", Truth::True),
            ("arn:aws:iam::1:role/app", Truth::Unknown),
            ("arn:aws:iam::1:role/svc/app", Truth::Unknown),
            ("arn:aws:iam::1:role/svc/*", Truth::Unknown),
            ("arn:aws:iam::1:role/admin", Truth::False),
            ("arn:aws:iam::2:role/*", Truth::False),
        ] {
            let tokens = Pattern::read(pattern, false).tokens(&Request::default());
            let tokens = tokens.unwrap();
            let found = known_fits(&role, &tokens, &|text| fits(&tokens, text));
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn variables_are_filled_in_literally() {
        let request = Request::default()
            .with("aws:PrincipalAccount", Held::one("12*"))
            .with("aws:SourceVpce", Held::Absent);
        let text = |pattern: &str| Pattern::read(pattern, true).literal(&request);
        assert_eq!(text("a-${aws:principalaccount}").as_deref(), Some("a-12*"));
        assert_eq!(
            text("${aws:SourceVpce, 'none'}").as_deref(),
            Some("none"),
            "the default"
        );
        assert_eq!(text("${aws:SourceVpce}"), None);
        assert_eq!(text("${aws:userid}"), None);
        assert_eq!(text("${*}${$}${").as_deref(), Some("*$${"));
        let stars = Pattern::read("${aws:PrincipalAccount}", true);
        assert!(!fits(&stars.tokens(&request).unwrap(), "123"));
    }
}
