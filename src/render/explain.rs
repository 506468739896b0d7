//! What a finding means, on a terminal.
//!
//! A rule's documentation is Markdown; of it this shows headings, paragraphs, lists, tables as they
//! are, and blocks of code unwrapped, so that commands paste.

use std::io::{self, Write};

use super::Style;
use super::layout::{BOLD, CYAN, PLAIN, Page, RED, YELLOW};

/// One finding's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainPage<'a> {
    /// The code, as in `private-dns-disabled`.
    pub code: &'a str,
    /// The severity in words, as in `fail` or `fail under isolated, else info`.
    pub severity: &'a str,
    /// The areas it belongs to, as in `names and answers`.
    pub areas: &'a [&'a str],
    /// The documentation, Markdown.
    pub doc: &'a str,
}

/// One line of the list of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainLine<'a> {
    /// The code, as in `private-dns-disabled`.
    pub code: &'a str,
    /// The severity in words.
    pub severity: &'a str,
    /// The cause, in one sentence.
    pub summary: &'a str,
}

/// Writes one finding's page.
pub fn explain(page: &ExplainPage<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let out = &mut Page::new(style, out);
    let about = match page.areas {
        [] => page.severity.to_owned(),
        areas => format!("{} ({})", page.severity, areas.join(", ")),
    };
    out.labelled(0, (page.code, BOLD), page.code.len() + 2, &about)?;
    out.blank()?;
    document(page.doc, out)
}

/// Writes the list of findings.
pub fn list(lines: &[ExplainLine<'_>], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let out = &mut Page::new(style, out);
    let width = |text: fn(&ExplainLine<'_>) -> usize| lines.iter().map(text).max().unwrap_or(0);
    let code = width(|line| line.code.chars().count());
    let severity = width(|line| word(line.severity).len());
    for line in lines {
        let word = word(line.severity);
        let paint = match word {
            "fail" => RED,
            "warn" => YELLOW,
            _ => PLAIN,
        };
        let label = format!("{word:<severity$}  {:<code$}", line.code);
        let text = severity + 2 + code + 2;
        if text + 30 <= out.width() {
            out.labelled(0, (&label, paint), text, line.summary)?;
        } else {
            out.labelled(0, (label.trim_end(), paint), 0, "")?;
            out.text(severity + 2, line.summary)?;
        }
    }
    Ok(())
}

/// A severity that depends on the run is told on the finding's own page.
fn word(severity: &str) -> &str {
    if severity.contains(' ') {
        "varies"
    } else {
        severity
    }
}

/// What is being collected until a line ends it.
enum Block {
    Nothing,
    Paragraph(String),
    Item { mark: String, text: String },
}

fn document(doc: &str, out: &mut Page<'_>) -> io::Result<()> {
    let mut block = Block::Nothing;
    let mut fence: Option<&str> = None;
    // Blank lines are shown between blocks, never at the start, at the end, or twice.
    let mut gap = false;
    let mut shown = false;
    for line in doc.lines() {
        let trimmed = line.trim();
        if let Some(mark) = fence {
            if trimmed.starts_with(mark) {
                fence = None;
            } else {
                out.verbatim(4, CYAN, line.trim_end())?;
            }
            continue;
        }
        let heading = trimmed.trim_start_matches('#');
        let is_heading = heading.len() < trimmed.len() && heading.starts_with(' ');
        let opens = ["```", "~~~"].into_iter().find(|m| trimmed.starts_with(m));
        let item = list_item(trimmed);
        let starts = is_heading || opens.is_some() || item.is_some() || trimmed.starts_with('|');
        if trimmed.is_empty() || starts {
            flush(&mut block, out)?;
        }
        if trimmed.is_empty() {
            gap = shown;
            continue;
        }
        if std::mem::take(&mut gap) {
            out.blank()?;
        }
        shown = true;
        if is_heading {
            out.verbatim(0, BOLD, &inline(heading.trim()))?;
        } else if opens.is_some() {
            fence = opens;
        } else if let Some((mark, text)) = item {
            block = Block::Item {
                mark,
                text: text.to_owned(),
            };
        } else if trimmed.starts_with('|') {
            out.verbatim(2, PLAIN, &inline(trimmed))?;
        } else {
            match &mut block {
                Block::Paragraph(text) | Block::Item { text, .. } => {
                    text.push(' ');
                    text.push_str(trimmed);
                }
                Block::Nothing => block = Block::Paragraph(trimmed.to_owned()),
            }
        }
    }
    flush(&mut block, out)
}

fn flush(block: &mut Block, out: &mut Page<'_>) -> io::Result<()> {
    match std::mem::replace(block, Block::Nothing) {
        Block::Nothing => Ok(()),
        Block::Paragraph(text) => out.text(2, &inline(&text)),
        Block::Item { mark, text } => {
            out.labelled(2, (&mark, PLAIN), 3 + mark.chars().count(), &inline(&text))
        }
    }
}

/// The mark and the text of a list's item.
fn list_item(line: &str) -> Option<(String, &str)> {
    for bullet in ["- ", "* ", "+ "] {
        if let Some(text) = line.strip_prefix(bullet) {
            return Some((String::from("-"), text.trim()));
        }
    }
    let (number, text) = line.split_once(". ")?;
    let numbered = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    numbered.then(|| (format!("{number}."), text.trim()))
}

/// Text without the marks that a terminal does not draw; code keeps its backticks.
fn inline(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            shown.push('`');
        }
        if at % 2 == 0 {
            shown.push_str(&links(&part.replace("**", "")));
        } else {
            shown.push_str(part);
        }
    }
    shown
}

/// `[text](address)` as `text (address)`; rustdoc's `[text]` stays as it is.
fn links(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after
            .split_once("](")
            .filter(|(label, _)| !label.contains(['[', ']']))
            .and_then(|(label, tail)| Some((label, tail.split_once(')')?)));
        shown.push_str(before);
        rest = match link {
            Some((label, (address, tail))) => {
                shown.push_str(&format!("{label} ({address})"));
                tail
            }
            None => {
                shown.push('[');
                after
            }
        };
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = "\
The endpoint is **there**, and its private DNS is off, so that the service's
plain name still answers with public addresses.

## How it is told
- the answers are public
- the endpoint is `available`, see
  [the guide](https://docs.aws.amazon.com/x)
1. then

```sh
aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-0123456789abcdef0 --private-dns-enabled --region us-east-1
```
";

    fn shown(width: u16) -> String {
        let page = ExplainPage {
            code: "private-dns-disabled",
            severity: "fail",
            areas: &["names and answers"],
            doc: DOC,
        };
        let style = Style {
            width,
            ..Style::default()
        };
        let mut out = Vec::new();
        explain(&page, &style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_page_is_readable_and_its_commands_paste() {
        insta::assert_snapshot!(shown(60), @"
        private-dns-disabled  fail (names and answers)

          The endpoint is there, and its private DNS is off, so that
          the service's plain name still answers with public
          addresses.

        How it is told
          - the answers are public
          - the endpoint is `available`, see the guide
            (https://docs.aws.amazon.com/x)
          1. then

            aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-0123456789abcdef0 --private-dns-enabled --region us-east-1
        ");
    }

    #[test]
    fn the_list_lines_up() {
        let lines = [
            ExplainLine {
                code: "tcp-refused",
                severity: "fail",
                summary: "An address refuses the connection.",
            },
            ExplainLine {
                code: "internet-route-present",
                severity: "fail under isolated, else info",
                summary: "This subnet has a way to the internet.",
            },
        ];
        let mut out = Vec::new();
        list(&lines, &Style::default(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
        fail    tcp-refused             An address refuses the connection.
        varies  internet-route-present  This subnet has a way to the internet.
        ");
    }

    #[test]
    fn odd_markdown_does_no_harm() {
        for doc in [
            "",
            "```",
            "[a](",
            "[[x](y)",
            "`",
            "#",
            "1.",
            "- ",
            "\u{1b}[2J",
            "||",
        ] {
            let page = ExplainPage {
                code: "x",
                severity: "",
                areas: &[],
                doc,
            };
            let mut out = Vec::new();
            explain(&page, &Style::default(), &mut out).unwrap();
            assert!(!out.contains(&0x1b));
        }
    }
}
