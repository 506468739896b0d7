//! As much of XML as S3's answers need: elements by name, their text.

use std::borrow::Cow;

/// The text of the first element of this name that holds no element of the same name.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    elements(xml, name).next()
}

/// The elements of this name, in order; none of those that S3 answers with has attributes or holds one of its own name.
pub(super) fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (within, further) = after.split_once(&close)?;
        rest = further;
        Some(within)
    })
}

/// Text without the references that XML knows by itself.
pub(super) fn text(escaped: &str) -> Cow<'_, str> {
    if !escaped.contains('&') {
        return Cow::Borrowed(escaped);
    }
    let mut plain = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, further) = after.split_once(';').unwrap_or((after, ""));
        let named = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => numbered(name),
        };
        plain.push(named.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = further;
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn numbered(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let number = match digits.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_order_and_broken_ones_do_not() {
        let xml = "<a><Key>x &amp; &#x79;</Key></a><a><Key>z</Key></a><a><Key>";
        let keys: Vec<_> = elements(xml, "Key").map(text).collect();
        assert_eq!(keys, ["x & y", "z"]);
        assert_eq!(element(xml, "None"), None);
        assert_eq!(text("&bogus; &"), "\u{fffd} \u{fffd}");
    }
}
