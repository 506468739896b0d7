//! The report's own JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::escape;
use crate::verdict::Report;

/// Writes the report as indented JSON with a newline at its end.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    pretty(report, out)
}

/// Writes the report on one line, for several after each other.
pub fn write_line(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    line(report, out)
}

/// Writes any value as indented JSON that is safe to show on a terminal.
pub(super) fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    writeln!(out, "{}", escape::json(&text))
}

/// Writes any value as JSON on one line.
pub(super) fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string(value).map_err(io::Error::other)?;
    writeln!(out, "{}", escape::json(&text))
}
