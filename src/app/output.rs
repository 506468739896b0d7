//! Where reports go: standard output or files, whole or not at all.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::config::{ColorChoice, Settings};
use crate::facts::Facts;
use crate::render::{Style, render};
use crate::verdict::Report;

use super::AppError;

/// Writes every report that was asked for. One that cannot be written does not keep the others from it.
pub(super) fn reports(settings: &Settings, report: &Report) -> Result<(), AppError> {
    let mut failed = None;
    for output in &settings.outputs {
        let to_terminal = output.path.is_none();
        let mut bytes = Vec::new();
        render(
            output.format,
            report,
            &style(settings, to_terminal),
            &mut bytes,
        )
        .map_err(AppError::Output)?;
        let written = match &output.path {
            Some(path) => file(path, &bytes),
            None => standard(&bytes),
        };
        if let Err(error) = written {
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Saves what `vpcheck replay` reads.
pub(super) fn save_facts(path: &Path, facts: &Facts) -> Result<(), AppError> {
    let mut bytes =
        serde_json::to_vec(facts).map_err(|error| AppError::Output(io::Error::other(error)))?;
    bytes.push(b'\n');
    file(path, &bytes)
}

/// Writes a file so that a reader sees the old content or the new, never a part. What is no plain file, such as a
/// pipe or a device, is written to as it is.
pub(super) fn file(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let write = || -> io::Result<()> {
        let is_special = std::fs::metadata(path).is_ok_and(|meta| !meta.is_file());
        if is_special {
            return std::fs::write(path, bytes);
        }
        let mut name = path
            .file_name()
            .ok_or_else(|| io::Error::other("it names no file"))?
            .to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = path.with_file_name(name);
        let result = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
        if result.is_err() {
            // The first error is the one to tell.
            let _ = std::fs::remove_file(&beside);
        }
        result
    };
    write().map_err(|source| AppError::File {
        operation: "write",
        path: path.display().to_string(),
        source,
    })
}

/// Writes to standard output; a reader that closes the pipe is no error.
pub(super) fn standard(bytes: &[u8]) -> Result<(), AppError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(AppError::Output(error)),
        _ => Ok(()),
    }
}

/// Writes one line to standard output.
pub(super) fn line(text: &str) -> Result<(), AppError> {
    standard(format!("{}\n", crate::render::escape::terminal(text)).as_bytes())
}

/// How text for people looks on what it goes to.
pub(super) fn style(settings: &Settings, to_standard_output: bool) -> Style {
    style_for(settings.color, settings.verbosity, to_standard_output)
}

/// As [`style`], from the choices themselves.
pub(super) fn style_for(color: ColorChoice, verbosity: u8, to_standard_output: bool) -> Style {
    let is_terminal = to_standard_output && io::stdout().is_terminal();
    let allowed = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let color = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => is_terminal && allowed,
    };
    let width = match is_terminal {
        true => std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok())
            .filter(|columns| (40..=240).contains(columns))
            .unwrap_or(80),
        false => 80,
    };
    Style {
        color,
        width,
        verbose: verbosity,
    }
}
