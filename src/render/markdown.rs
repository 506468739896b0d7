//! The report as markdown.

use std::io::{self, Write};

use crate::verdict::Report;

/// Writes the report as markdown.
pub fn write(_report: &Report, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
