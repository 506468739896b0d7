//! What a finding means, on a terminal.

use std::io::{self, Write};

use super::Style;

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
pub fn explain(_page: &ExplainPage<'_>, _style: &Style, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}

/// Writes the list of findings.
pub fn list(_lines: &[ExplainLine<'_>], _style: &Style, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
