//! A page of text for people: escaped, wrapped, and coloured where that is wanted.

use std::io::{self, Write};

use anstyle::{AnsiColor, Color, Style as Paint};

use super::{Style, escape};

/// Failure.
pub(super) const RED: Paint = bold(AnsiColor::Red);
/// Warning and doubt.
pub(super) const YELLOW: Paint = bold(AnsiColor::Yellow);
/// Success.
pub(super) const GREEN: Paint = bold(AnsiColor::Green);
/// What may be pasted.
pub(super) const CYAN: Paint = Paint::new().fg_color(Some(Color::Ansi(AnsiColor::Cyan)));
/// Headings.
pub(super) const BOLD: Paint = Paint::new().bold();
/// Neither.
pub(super) const PLAIN: Paint = Paint::new();

/// Where text goes; the only way to it, so that nothing goes out unescaped.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
    color: bool,
}

impl<'a> Page<'a> {
    /// A page in this style.
    pub(super) fn new(style: &Style, out: &'a mut dyn Write) -> Self {
        // Lines of more than 120 columns are hard to follow, less than 40 leave no room for an ARN.
        let width = usize::from(style.width).clamp(40, 120);
        Page {
            out,
            width,
            color: style.color,
        }
    }

    /// The columns there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// An empty line.
    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// One line as it is, never wrapped: a command, a table's row, a line of code.
    pub(super) fn verbatim(&mut self, indent: usize, paint: Paint, text: &str) -> io::Result<()> {
        let text = self.painted(paint, &escape::terminal(text));
        writeln!(self.out, "{:indent$}{text}", "")
    }

    /// A painted label, then text, wrapped; every line after the first starts at `indent`.
    ///
    /// The label begins at `at`. It is padded to `indent`; a longer one is followed by one space.
    pub(super) fn labelled(
        &mut self,
        at: usize,
        (label, paint): (&str, Paint),
        indent: usize,
        text: &str,
    ) -> io::Result<()> {
        let label = escape::terminal(label);
        let mut line = format!("{:at$}{}", "", self.painted(paint, &label));
        let mut column = at + label.chars().count();
        let gap = match label.is_empty() {
            true => indent.saturating_sub(column),
            false => indent.saturating_sub(column).max(1),
        };
        line.push_str(&" ".repeat(gap));
        column += gap;
        let mut fresh = true;
        for word in escape::terminal(text).split_whitespace() {
            let length = word.chars().count();
            if !fresh && column + 1 + length > self.width {
                writeln!(self.out, "{}", line.trim_end())?;
                line = " ".repeat(indent);
                column = indent;
                fresh = true;
            }
            if !fresh {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += length;
            fresh = false;
        }
        writeln!(self.out, "{}", line.trim_end())
    }

    /// A table's row: a painted label, then cells two spaces apart, wrapped between cells.
    pub(super) fn columns(
        &mut self,
        at: usize,
        (label, paint): (&str, Paint),
        cells: &str,
    ) -> io::Result<()> {
        let (label, cells) = (escape::terminal(label), escape::terminal(cells));
        let start = at + label.chars().count() + 2;
        let mut line = format!("{:at$}{}  ", "", self.painted(paint, &label));
        if start + cells.trim_end().chars().count() <= self.width {
            line.push_str(&cells);
            return writeln!(self.out, "{}", line.trim_end());
        }
        let mut column = start;
        for cell in cells.split("  ").map(str::trim).filter(|c| !c.is_empty()) {
            let length = cell.chars().count();
            if column > start && column + length > self.width {
                writeln!(self.out, "{}", line.trim_end())?;
                line = " ".repeat(start);
                column = start;
            }
            line.push_str(cell);
            line.push_str("  ");
            column += length + 2;
        }
        writeln!(self.out, "{}", line.trim_end())
    }

    /// Wrapped text at one indent.
    pub(super) fn text(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.labelled(indent, ("", PLAIN), indent, text)
    }

    fn painted(&self, paint: Paint, text: &str) -> String {
        if self.color && !text.is_empty() && paint != PLAIN {
            format!("{paint}{text}{paint:#}")
        } else {
            text.to_owned()
        }
    }
}

const fn bold(color: AnsiColor) -> Paint {
    Paint::new().fg_color(Some(Color::Ansi(color))).bold()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(color: bool, width: u16, write: impl Fn(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        let style = Style {
            color,
            width,
            verbose: 0,
        };
        write(&mut Page::new(&style, &mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_wraps_behind_its_label_and_long_words_stay_whole() {
        let text = "one two three four five six seven arn:aws:sqs:us-east-1:123456789012:a-queue";
        let shown = page(false, 40, |p| p.labelled(2, ("Why", BOLD), 8, text));
        assert_eq!(
            shown,
            "  Why   one two three four five six\n        seven\n        arn:aws:sqs:us-east-1:123456789012:a-queue\n"
        );
    }

    #[test]
    fn colour_is_only_where_it_is_wanted_and_never_from_the_text() {
        let write = |p: &mut Page<'_>| p.labelled(0, ("FAIL", RED), 6, "a\u{1b}[2J");
        assert_eq!(page(false, 80, write), "FAIL  a\\u{1b}[2J\n");
        let colored = page(true, 80, write);
        assert_eq!(colored.matches('\u{1b}').count(), 3, "{colored:?}");
        assert!(colored.ends_with("a\\u{1b}[2J\n"));
    }

    #[test]
    fn a_command_is_one_line_whatever_its_length() {
        let command = format!("aws sqs {}", "x ".repeat(100));
        let shown = page(false, 40, |p| p.verbatim(4, CYAN, &command));
        assert_eq!(shown.lines().count(), 1);
    }
}
