//! A CloudFormation template that creates the endpoints a VPC lacks.
//!
//! The same facts give the same template, so that it can be kept under version control. Ids and ranges of the VPC are
//! the defaults of parameters, whatever text there is stands in double quotes or in a comment, one line of ASCII.

use std::io::{self, Write};

use crate::verdict::Remedy;

mod cost;
mod header;
mod parameters;
mod resources;
mod yaml;

/// Writes the template; where no endpoint is missing, comments that say so, which CloudFormation takes for no template.
pub fn write(remedy: &Remedy, out: &mut dyn Write) -> io::Result<()> {
    header::write(remedy, out)?;
    if remedy.creates_nothing() {
        return Ok(());
    }
    let names = resources::names(remedy);
    writeln!(out, "AWSTemplateFormatVersion: \"2010-09-09\"")?;
    writeln!(
        out,
        "Description: The VPC endpoints that vpcheck found missing."
    )?;
    parameters::write(remedy, &names, out)?;
    resources::write(remedy, &names, out)
}
