//! A writer for the XML of the EC2 query protocol.

use std::fmt::{self, Display, Write};

/// An XML document under construction; every text it is given is escaped.
#[derive(Debug, Default)]
pub struct Xml {
    out: String,
}

impl Xml {
    /// An element with text in it.
    pub fn text(&mut self, name: &str, value: impl Display) {
        self.open(name);
        // Writing to a text does not fail.
        let _ = write!(Escaped(&mut self.out), "{value}");
        self.close(name);
    }

    /// An element with text in it where there is a text, else nothing: AWS leaves absent members out.
    pub fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// An element that holds other elements.
    pub fn nested(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.open(name);
        write(self);
        self.close(name);
    }

    /// A list: `<name><item>…</item>…</name>`, and `<name></name>` for an empty one.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.open(name);
        for item in items {
            self.nested("item", |xml| write(xml, item));
        }
        self.close(name);
    }

    /// A list of plain texts.
    pub fn texts<T: Display>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        self.open(name);
        for item in items {
            self.text("item", item);
        }
        self.close(name);
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    fn open(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }
}

/// What is written to it is escaped.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(text, self.0);
        Ok(())
    }
}

/// Characters that XML 1.0 cannot carry at all become U+FFFD, as they cannot be escaped.
fn escape(value: &str, out: &mut String) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !b"&<>\"'".contains(&byte);
    if value.bytes().all(is_plain) {
        out.push_str(value);
        return;
    }
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            c if c < ' ' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
// A program without the test harness has this module but not its tests.
#[allow(unused_imports)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lists_keep_their_empty_element() {
        let mut xml = Xml::default();
        xml.text("policy", r#"{"a":"<&>'\u0001"}"#);
        xml.text("control", "a\u{1}b\rc");
        xml.optional("none", None::<&str>);
        xml.texts("names", ["a", "b"]);
        xml.list("empty", Vec::<u8>::new(), |xml, n| xml.text("n", n));
        assert_eq!(
            xml.finish(),
            "<policy>{&quot;a&quot;:&quot;&lt;&amp;&gt;&apos;\\u0001&quot;}</policy>\
             <control>a\u{FFFD}b&#xD;c</control>\
             <names><item>a</item><item>b</item></names><empty></empty>"
        );
    }
}
