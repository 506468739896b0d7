//! Text made harmless in YAML.

use std::fmt::Write as _;

/// A double-quoted scalar of printable ASCII: everything else is escaped (YAML 1.2.2, "Double-Quoted Style").
///
/// CloudFormation resolves `{{resolve:…}}` wherever it stands in a value ("Using dynamic references", CloudFormation User
/// Guide); a brace after a brace is taken out.
pub(super) fn quoted(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 2);
    safe.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                safe.push('\\');
                safe.push(c);
            }
            '{' if safe.ends_with('{') => {}
            ' '..='~' => safe.push(c),
            // Writing to a string cannot fail.
            _ => _ = write!(safe, "\\U{:08X}", u32::from(c)),
        }
    }
    safe.push('"');
    safe
}

/// Text for a comment: one line of printable ASCII.
pub(super) fn comment(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => safe.push(c),
            // Writing to a string cannot fail.
            _ => _ = write!(safe, "\\u{{{:x}}}", u32::from(c)),
        }
    }
    safe
}
