//! What must never be written down: credentials and tokens that passed through this process.
//!
//! Nothing here writes a secret on purpose, and services are another matter: an error message may quote the request that
//! it refuses, with its headers. So every secret is noted where it comes in, and what goes into the facts, a log or an
//! error message has it taken out.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::small_file;

/// What stands in the place of a secret.
const INSTEAD: &str = "[secret]";
/// What is shorter is no secret that these services give, and would be found by chance.
const SHORTEST: usize = 12;
/// So much of a secret's beginning is enough to know it by: texts are cut at some length.
const BEGINNING: usize = 16;
/// How many are kept at the most; a run has a handful. Of a process that looks again and again those noted last are kept:
/// roles get new credentials every few hours, and the old ones stop working.
const MOST: usize = 64;
/// The largest token file.
const LARGEST_FILE: u64 = 64 * 1024;

/// Variables that hold a secret, and those that name a file that does.
const VARIABLES: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];
const FILES: [&str; 2] = [
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// What stands before a signature.
const MARKS: [&str; 2] = ["Signature=", "X-Amz-Signature="];

static KNOWN: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Takes note of a secret, in the forms that it may be quoted in.
pub fn note(secret: &str) {
    remember(&mut known(), secret.trim());
}

/// Takes note of what the environment and the files that it names hold.
pub fn note_environment(variable: impl Fn(&str) -> Option<String>) {
    for name in VARIABLES {
        if let Some(secret) = variable(name) {
            let secret = secret.trim();
            note(secret.strip_prefix("Bearer ").unwrap_or(secret));
        }
    }
    for name in FILES {
        let file = variable(name).and_then(|path| small_file::text(Path::new(&path), LARGEST_FILE));
        if let Some(secret) = file {
            note(&secret);
        }
    }
}

/// Takes note of credentials, the key's own id as well: no secret, and nobody's business.
pub fn note_credentials(credentials: &Credentials) {
    note(credentials.access_key_id());
    note(credentials.secret_access_key());
    if let Some(token) = credentials.session_token() {
        note(token);
    }
}

/// The text without secrets.
pub fn without(text: &str) -> String {
    let mut out = text.to_owned();
    for secret in known().iter() {
        out = without_one(&out, secret);
    }
    without_signatures(&out)
}

/// Facts, or a part of them, without secrets.
pub fn facts_without<T: Serialize + DeserializeOwned>(facts: T) -> T {
    if serde_json::to_vec(&facts).is_ok_and(|text| !may_hold_one(&text)) {
        return facts;
    }
    let Ok(mut value) = serde_json::to_value(&facts) else {
        return facts;
    };
    clean(&mut value);
    // Texts are texts before and after; facts that could not be read back would be no facts before either. From text, as
    // facts are read elsewhere: one reader of them is much code already.
    let text = serde_json::to_string(&value).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(facts)
}

/// Whether a secret's beginning, or a signature's, is anywhere in this JSON. Hardly ever one is, and to look at the whole
/// at once is quick.
fn may_hold_one(json: &[u8]) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(json, mark).is_some();
    MARKS.iter().any(|mark| has(mark.as_bytes()))
        || known().iter().any(|secret| {
            // As the text has it, in which some characters are escaped.
            let quoted = serde_json::to_string(beginning(secret)).unwrap_or_default();
            has(quoted.trim_matches('"').as_bytes())
        })
}

/// Takes secrets out of every text.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = without(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(fields) => fields.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without_one(text: &str, secret: &str) -> String {
    let beginning = beginning(secret);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find(beginning).map(|at| rest.split_at(at)) {
        let same = from
            .char_indices()
            .zip(secret.chars())
            .find(|((_, a), b)| a != b)
            .map_or(secret.len().min(from.len()), |((at, _), _)| at);
        out.push_str(before);
        out.push_str(INSTEAD);
        rest = &from[same..];
    }
    out.push_str(rest);
    out
}

fn beginning(secret: &str) -> &str {
    &secret[..secret.floor_char_boundary(BEGINNING)]
}

/// A signature lets its request be sent again for minutes: it goes where an `Authorization` header is quoted.
fn without_signatures(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = MARKS
        .iter()
        .filter_map(|mark| Some(rest.find(mark)? + mark.len()))
        .min()
    {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(from.len());
        out.push_str(before);
        if end > 0 {
            out.push_str(INSTEAD);
        }
        rest = &from[end..];
    }
    out.push_str(rest);
    out
}

fn remember(known: &mut VecDeque<String>, secret: &str) {
    for form in [
        secret.to_owned(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        secret.replace('/', "\\/"),
    ] {
        if form.len() >= SHORTEST {
            known.retain(|other| *other != form);
            known.push_back(form);
        }
        if known.len() > MOST {
            known.pop_front();
        }
    }
}

/// A thread that died while noting leaves the list as good as it was.
fn known() -> MutexGuard<'static, VecDeque<String>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_out_whole_cut_short_and_encoded() {
        let secret = "FwoGZXIvYXdzEJr//SessionTokenOfThisTest==";
        note(secret);
        note("short");
        assert_eq!(without(&format!("a {secret} b")), "a [secret] b");
        assert_eq!(without(&format!("a {}", &secret[..25])), "a [secret]");
        assert_eq!(
            without("x=FwoGZXIvYXdzEJr%2F%2FSessionTokenOfThisTest%3D%3D&y"),
            "x=[secret]&y"
        );
        assert_eq!(without(&format!("{secret}{secret}")), "[secret][secret]");
        assert_eq!(without("a short one"), "a short one");
    }

    #[test]
    fn a_quoted_signature_goes() {
        let header = "SignedHeaders=host, Signature=0123456789abcdef, and";
        assert_eq!(
            without(header),
            "SignedHeaders=host, Signature=[secret], and"
        );
        assert_eq!(without("Signature= and"), "Signature= and");
    }

    #[test]
    fn of_many_the_last_ones_are_known() {
        let mut known = VecDeque::new();
        for rotation in 0..200 {
            remember(&mut known, "the/same/every/time");
            remember(&mut known, &format!("SecretOfRotation{rotation:03}"));
        }
        assert_eq!(known.len(), MOST);
        assert!(known.iter().any(|known| known == "SecretOfRotation199"));
        assert!(known.iter().any(|known| known == "the/same/every/time"));
    }

    #[test]
    fn facts_lose_a_secret_that_json_escapes_and_a_signature() {
        let secret = "a\"quoted\\secret of this test";
        note(secret);
        let clean = |text: String| facts_without(vec![text]).remove(0);
        assert_eq!(clean(format!("a {secret} b")), "a [secret] b");
        assert_eq!(
            clean("a Signature=0123456789abcdef b".to_owned()),
            "a Signature=[secret] b"
        );
        assert_eq!(clean("nothing of it".to_owned()), "nothing of it");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,80}", secret in "[!-~]{0,40}") {
            let _ = without_one(&text, "\u{e9}abcdefghijklmnopqrst");
            if secret.len() >= SHORTEST {
                let left = without_one(&format!("{text} {secret} {text}"), &secret);
                proptest::prop_assert!(!left.contains(&secret), "{}", left);
            }
        }
    }
}
