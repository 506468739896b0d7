//! The report as asff.

use std::io::{self, Write};

use crate::verdict::Report;

/// Writes the report as asff.
pub fn write(_report: &Report, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
