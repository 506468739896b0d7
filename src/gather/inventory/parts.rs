//! An inventory in pieces that parameters can hold, and put together again.
//!
//! Each piece begins with a line that says which it is, of how many, and the digest of the whole, so that nobody takes
//! pieces of two inventories for one while the second is being written.

use aws_lc_rs::digest::{SHA256, digest};

/// What a standard parameter holds, and an advanced one ("Managing parameter tiers", AWS Systems Manager User Guide).
const STANDARD: usize = 4096;
const ADVANCED: usize = 8192;
/// More pieces are not written, and not read: `PutParameter` is taken three times a second.
const MOST_PARTS: usize = 20;
/// How the line begins, the version of the format in it.
const MARK: &str = "vpcheck-inventory 1 ";
/// Room for the longest line.
const HEAD: usize = MARK.len() + "20 20 \n".len() + 64;

/// What a piece says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which it is, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// The SHA-256 digest of the whole, in hexadecimal digits.
    pub digest: String,
}

/// An inventory that no parameters can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the inventory has {found} bytes, and Parameter Store takes at most {most} of them{hint}: write it to s3://BUCKET/KEY"
)]
pub struct TooLarge {
    /// How many bytes it has.
    pub found: usize,
    /// How many would fit.
    pub most: usize,
    hint: &'static str,
}

/// Cuts a text into pieces, each with its line. It must be compact JSON.
///
/// # Errors
/// It takes more pieces than are written.
pub fn split(text: &str, advanced: bool) -> Result<Vec<String>, TooLarge> {
    let room = if advanced { ADVANCED } else { STANDARD } - HEAD;
    // A reference to another parameter begins so; in JSON two braces stand side by side within a text alone.
    let text = text.replace("{{", "{\\u007b");
    let digest = hex(text.as_bytes());
    let mut chunks: Vec<&str> = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let at = rest.floor_char_boundary(room);
        let (chunk, _) = rest.split_at(at);
        // Nobody vouches for white space at the end of a value.
        let end = match chunk.trim_end().len() {
            0 => at,
            end => end,
        };
        let (chunk, after) = rest.split_at(end);
        chunks.push(chunk);
        rest = after;
    }
    let of = chunks.len();
    if of > MOST_PARTS {
        return Err(TooLarge {
            found: text.len(),
            most: MOST_PARTS * room,
            hint: match advanced {
                true => "",
                false => " (twice as many with ?tier=advanced)",
            },
        });
    }
    let piece = |(at, chunk): (usize, &str)| format!("{MARK}{} {of} {digest}\n{chunk}", at + 1);
    Ok(chunks.into_iter().enumerate().map(piece).collect())
}

/// What a piece says of itself; none where it is no piece, but perhaps an inventory as a whole.
pub fn head(piece: &str) -> Option<Head> {
    let (line, _) = piece.split_once('\n')?;
    let mut words = line.strip_prefix(MARK)?.split(' ');
    let mut number = || words.next()?.parse::<usize>().ok();
    let (number, of) = (number()?, number()?);
    let digest = words.next()?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    let fits = (1..=of).contains(&number) && of <= MOST_PARTS;
    (is_digest && fits && words.next().is_none()).then(|| Head {
        number,
        of,
        digest: digest.to_owned(),
    })
}

/// Puts all pieces of one inventory together, in their order; none where one is missing or of another inventory.
pub fn join(pieces: &[String]) -> Option<String> {
    let first = head(pieces.first()?)?;
    let mut whole = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        let head = head(piece)?;
        if head.number != at + 1 || head.of != pieces.len() || head.digest != first.digest {
            return None;
        }
        let (_, chunk) = piece.split_once('\n')?;
        whole.push_str(chunk);
    }
    (hex(whole.as_bytes()) == first.digest).then_some(whole)
}

/// The names of the parameters that hold so many pieces: the first has the name itself, the others are below it.
pub fn names(name: &str, of: usize) -> Vec<String> {
    let below = (2..=of.min(MOST_PARTS)).map(|number| format!("{name}/{number}"));
    std::iter::once(name.to_owned()).chain(below).collect()
}

/// The SHA-256 digest in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_put_together_again() {
        for length in [0, 1, 3000, 4096, 5000, 40_000] {
            let text: String = "é {\"a\": 1} ".chars().cycle().take(length).collect();
            let text = format!("{{{text}}}");
            for advanced in [false, true] {
                let pieces = split(&text, advanced).unwrap();
                let most = if advanced { ADVANCED } else { STANDARD };
                assert!(pieces.iter().all(|piece| piece.len() <= most));
                let ends = |piece: &String| piece.ends_with(char::is_whitespace);
                assert!(!pieces.iter().any(ends));
                assert_eq!(join(&pieces).unwrap(), text);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let text = "x".repeat(100_000);
        let said = split(&text, false).unwrap_err().to_string();
        assert!(
            said.contains("100000 bytes") && said.contains("tier=advanced"),
            "{said}"
        );
        assert!(said.ends_with("write it to s3://BUCKET/KEY"), "{said}");
        assert_eq!(split(&text, true).unwrap().len(), 13);
        assert!(
            !split(&text.repeat(2), true)
                .unwrap_err()
                .to_string()
                .contains("tier")
        );
    }

    #[test]
    fn no_value_refers_to_another_parameter() {
        let text = r#"{"policy":"{{resolve}}"}"#;
        let pieces = split(text, false).unwrap();
        assert!(!pieces[0].contains("{{"), "{pieces:?}");
        let whole: serde_json::Value = serde_json::from_str(&join(&pieces).unwrap()).unwrap();
        assert_eq!(whole["policy"], "{{resolve}}");
    }

    #[test]
    fn pieces_of_two_inventories_are_none() {
        let (one, two) = (
            split(&"a".repeat(9000), false).unwrap(),
            split(&"b".repeat(9000), false).unwrap(),
        );
        assert_eq!(one.len(), 3);
        let mixed = [one[0].clone(), two[1].clone(), one[2].clone()];
        assert_eq!(join(&mixed), None);
        assert_eq!(join(&one[..2]), None);
        assert_eq!(
            join(&[one[1].clone(), one[0].clone(), one[2].clone()]),
            None
        );
        assert_eq!(join(&[]), None);
        assert_eq!(head("{}\n"), None);
        assert_eq!(head(&format!("{MARK}3 2 {}\n", "a".repeat(64))), None);
        assert_eq!(head(&format!("{MARK}1 9999 {}\n", "a".repeat(64))), None);
        assert_eq!(names("/a", 3), ["/a", "/a/2", "/a/3"]);
    }
}
