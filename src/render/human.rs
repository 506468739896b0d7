//! The report for people.

use std::io::{self, Write};

use super::Style;
use crate::verdict::Report;

/// Writes the report for people.
pub fn write(_report: &Report, _style: &Style, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
