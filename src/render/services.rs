//! The catalogue, as `vpcheck services` shows it.

use std::io::{self, Write};

use super::Style;
use crate::catalog::Region;

/// Writes the catalogue's table for one region.
pub fn human(
    _region: &Region,
    _account: Option<&str>,
    _style: &Style,
    _out: &mut dyn Write,
) -> io::Result<()> {
    Ok(())
}

/// Writes the catalogue for one region as a JSON array.
pub fn json(_region: &Region, _account: Option<&str>, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
