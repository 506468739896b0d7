//! `diff`: two recorded runs are compared.

use std::path::Path;

use super::{AppError, FAIL, PASS, output, replaying};
use crate::cli::{Cli, DiffArgs};
use crate::config::{ColorChoice, Output};
use crate::drift::{Record, drift};
use crate::render::{Format, drift as rendering};

/// Compares two files and prints what changed.
pub(super) fn diff(cli: &Cli, arguments: &DiffArgs) -> Result<u8, AppError> {
    let outputs = outputs(&arguments.output, &[Format::Human, Format::Json], "one run")?;
    let (old, new) = (record(&arguments.old)?, record(&arguments.new)?);
    let drift = drift(&old, &new);
    let color = match cli.console.color.as_deref() {
        None | Some("auto") => ColorChoice::Auto,
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        Some(other) => {
            return Err(AppError::Unknown(format!(
                "--color: expected auto, always or never, found {other:?}"
            )));
        }
    };
    for wanted in &outputs {
        let mut bytes = Vec::new();
        let style = output::style_for(color, cli.console.verbose, wanted.path.is_none());
        match wanted.format {
            Format::Json => rendering::write_json(&drift, &mut bytes),
            _ => rendering::write_human(&drift, &style, &mut bytes),
        }
        .map_err(AppError::Output)?;
        match &wanted.path {
            Some(path) => output::file(path, &bytes)?,
            None => output::standard(&bytes)?,
        }
    }
    Ok(if drift.changed { FAIL } else { PASS })
}

/// Where a document of another kind than a run's report goes, and how it is written: in one of these formats. The others
/// are `about` one run.
pub(super) fn outputs(
    words: &[String],
    formats: &[Format],
    about: &str,
) -> Result<Vec<Output>, AppError> {
    if words.is_empty() {
        return Ok(vec![Output {
            format: Format::Human,
            path: None,
        }]);
    }
    let wrong = |found: &dyn std::fmt::Display| AppError::Unknown(format!("--output: {found}"));
    let mut outputs: Vec<Output> = Vec::new();
    for word in words {
        let output: Output = word.parse().map_err(|problem| wrong(&problem))?;
        if !formats.contains(&output.format) {
            let format = output.format;
            let known: Vec<&str> = formats.iter().map(|format| format.as_str()).collect();
            return Err(wrong(&format!(
                "{format} is for {about}: expected {}",
                known.join(" or ")
            )));
        }
        if outputs.iter().any(|other| other.path == output.path) {
            return Err(wrong(&format!("{word} goes where another already goes")));
        }
        outputs.push(output);
    }
    Ok(outputs)
}

fn record(path: &Path) -> Result<Record, AppError> {
    let label = || path.display().to_string();
    let bytes = replaying::bytes(path).map_err(|source| AppError::File {
        operation: "read",
        path: label(),
        source,
    })?;
    let Some(bytes) = bytes else {
        let most = replaying::LARGEST >> 20;
        return Err(AppError::Unknown(format!(
            "{}: expected at most {most} MiB, found more",
            label()
        )));
    };
    Record::read(&bytes).map_err(|source| AppError::Record {
        path: label(),
        source,
    })
}
