//! Makes hostile text harmless in each format.
//!
//! Certificate subjects, aliases, error messages and log lines of others are written by whoever
//! answers on the network. Shown raw they could clear a screen, reverse a line, close a tag or
//! forge a heading. What is taken out stays visible as `\u{…}`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text for a terminal or a plain file: one line, no control character, no reordering.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_visible(&mut safe, c);
    }
    Cow::Owned(safe)
}

/// Text for HTML, in content and in quoted attributes.
pub fn html(text: &str) -> String {
    xml(text)
}

/// Text for XML 1.0, in content and in quoted attributes, without the characters XML forbids.
pub fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => push_visible(&mut safe, c),
        }
    }
    safe
}

/// Text for a paragraph, a list item or a table cell of Markdown.
///
/// Besides Markdown's own marks it disarms what GitHub makes of plain text: mentions, bare links
/// and mail addresses.
pub fn markdown(text: &str) -> String {
    let text = text.trim();
    let mut safe = String::with_capacity(text.len() + 16);
    // At the start of a line these would open a list, a heading or a rule.
    let number = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in text.char_indices() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            '#' | '+' | '-' | '=' | ':' if at == 0 => {
                safe.push('\\');
                safe.push(c);
            }
            '.' | ')' if at == number && number > 0 && ends_word(text, at) => {
                safe.push('\\');
                safe.push(c);
            }
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // GitHub makes mail addresses of what an entity stands for as well; of code it does not.
            '@' => safe.push_str("`@`"),
            '/' if safe.ends_with(':') => safe.push_str("&#47;"),
            '.' if safe.to_ascii_lowercase().ends_with("www") => safe.push_str("&#46;"),
            _ => push_visible(&mut safe, c),
        }
    }
    safe
}

/// A code span of Markdown around the text, whatever backticks are in it.
pub fn markdown_code(text: &str) -> String {
    let text = terminal(text);
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// The same in a table's cell, where a bar would end the cell even inside code.
///
/// Renderers differ in what a backslash before a bar means there, so that text with one is no code.
pub fn markdown_code_cell(text: &str) -> String {
    if text.contains('|') {
        return markdown(text);
    }
    markdown_code(text)
}

/// The fence of a Markdown code block that nothing in these lines can close.
pub fn markdown_fence<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let longest = lines.into_iter().map(|line| longest_run(line, '`')).max();
    "`".repeat((longest.unwrap_or(0) + 1).max(3))
}

/// A label's value in Prometheus's text format, without its quotes.
pub fn prometheus(text: &str) -> String {
    terminal(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// Text for a name or a value in CloudWatch, which takes printable ASCII of at most so many bytes, not blank, that
/// does not begin with a colon (Amazon CloudWatch API Reference, "Dimension" and "MetricDatum").
pub fn cloudwatch(text: &str, longest: usize) -> Option<String> {
    let mut safe = String::with_capacity(text.len());
    for c in terminal(text).chars().take(longest) {
        safe.push(if c.is_ascii() { c } else { '?' });
    }
    let fits = !safe.trim().is_empty() && !safe.starts_with(':');
    fits.then_some(safe)
}

/// Serialized JSON with characters that disturb terminals written as `\uXXXX`; it parses the same.
///
/// serde_json escapes the ASCII control characters; others, reordering marks among them, it does
/// not. They can only stand inside strings, so the whole text may be walked.
pub fn json(serialized: &str) -> Cow<'_, str> {
    // Nearly all of it is: this costs a tenth.
    let is_harmless = |b: u8| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    // To the end in any case, so that many are looked at at once.
    if serialized
        .bytes()
        .fold(true, |all, byte| all & is_harmless(byte))
    {
        return Cow::Borrowed(serialized);
    }
    let disturbing = |c: char| !matches!(c, '\n' | '\r' | '\t') && is_unsafe(c);
    if !serialized.chars().any(disturbing) {
        return Cow::Borrowed(serialized);
    }
    let mut safe = String::with_capacity(serialized.len() + 16);
    for c in serialized.chars() {
        if disturbing(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Whether a space or the end follows the ASCII character at this place.
fn ends_word(text: &str, at: usize) -> bool {
    let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
    next.is_none_or(char::is_whitespace)
}

fn push_visible(safe: &mut String, c: char) {
    match c {
        '\n' => safe.push_str("\\n"),
        '\r' => safe.push_str("\\r"),
        '\t' => safe.push(' '),
        c if is_unsafe(c) => {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        }
        c => safe.push(c),
    }
}

/// Whether a character controls a terminal, reorders or hides text, or is none at all.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            // soft hyphen, Arabic letter mark, Hangul fillers, Mongolian vowel separator
            0xad | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180e | 0x3164 | 0xffa0
            // zero-width characters, directional marks, line and paragraph separators, embeddings
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
            // variation selectors, byte order mark, interlinear annotation, noncharacters
            | 0xfe00..=0xfe0f | 0xfeff | 0xfff9..=0xfffb | 0xfffe | 0xffff
            // tags and further variation selectors; private use, which fonts draw as they like
            | 0xe0000..=0xe0fff | 0xe000..=0xf8ff | 0xf0000..=0x10ffff)
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str =
        "\u{1b}[2J\u{9b}31m a\u{202e}b\u{2066}\u{200b} \r\n<i>&\"'`|\u{7}\u{feff}\u{0}";

    #[test]
    fn nothing_controls_a_terminal() {
        for safe in [
            terminal(HOSTILE).into_owned(),
            xml(HOSTILE),
            markdown(HOSTILE),
            markdown_code(HOSTILE),
            prometheus(HOSTILE),
        ] {
            assert!(!safe.chars().any(is_unsafe), "{safe:?}");
        }
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        let plain = "10.0.10.55 answered in 2 ms: naïve café … „ok“ 東京";
        assert!(matches!(terminal(plain), Cow::Borrowed(_)));
        assert_eq!(xml(plain), plain);
        assert_eq!(terminal("a\tb\nc\u{1b}d"), "a b\\nc\\u{1b}d");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(
            xml("<b a='x' c=\"&\">"),
            "&lt;b a=&#39;x&#39; c=&quot;&amp;&quot;&gt;"
        );
        assert_eq!(
            markdown("# [x](http://e) @me"),
            "\\# \\[x\\](http:&#47;/e) `@`me"
        );
        assert_eq!(markdown("1. a"), "1\\. a");
        assert_eq!(markdown("- www.e"), "\\- www&#46;e");
        assert_eq!(markdown("10.0.0.2"), "10.0.0.2");
        assert_eq!(markdown_code_cell("a\\|b"), "a\\\\\\|b");
        assert_eq!(cloudwatch(":a", 9), None);
        assert_eq!(cloudwatch("a\u{e9}b\u{1b}", 3).as_deref(), Some("a?b"));
        assert_eq!(markdown_code("a`b``c"), "```a`b``c```");
        assert_eq!(markdown_fence(["x", "````"]), "`````");
        assert_eq!(prometheus("a\"b\\c\nd"), "a\\\"b\\\\c\\\\nd");
    }

    #[test]
    fn json_parses_the_same() {
        let value = serde_json::json!({"a": HOSTILE, "b": "\u{e0041}"});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let safe = json(&text);
        assert!(!safe.chars().any(|c| c != '\n' && is_unsafe(c)));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_out_harmless(text in ".*") {
            proptest::prop_assert!(!terminal(&text).chars().any(is_unsafe));
            proptest::prop_assert!(!markdown_code(&text).chars().any(is_unsafe));
            let xml = xml(&text);
            proptest::prop_assert!(!xml.contains(['<', '>', '"', '\'']) && !xml.chars().any(is_unsafe));
            let markdown = markdown(&text);
            let plain = markdown.replace("`@`", "");
            proptest::prop_assert!(!plain.contains(['<', '>', '@']) && !plain.contains("://"));
            let name = cloudwatch(&text, 40).unwrap_or_default();
            proptest::prop_assert!(name.len() <= 40 && name.chars().all(|c| c.is_ascii() && !c.is_control()));
            let quoted = serde_json::to_string(&text).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&json(&quoted)).unwrap(), text);
        }
    }
}
