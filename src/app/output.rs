//! Where reports go: standard output or files, whole or not at all.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::config::{ColorChoice, FixLanguage, Settings};
use crate::facts::Facts;
use crate::render::{Style, cloudformation, render};
use crate::verdict::{Remedy, Report};

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

/// Writes the fix that was asked for. Facts and report are those that are shown: stand-ins, where the settings ask for them.
pub(super) fn fix(settings: &Settings, facts: &Facts, report: &Report) -> Result<(), AppError> {
    let Some(fix) = &settings.fix else {
        return Ok(());
    };
    let mut bytes = Vec::new();
    match fix.language {
        FixLanguage::CloudFormation => {
            cloudformation::write(&Remedy::of(facts, report), &mut bytes)
                .map_err(AppError::Output)?;
        }
    }
    match &fix.path {
        Some(path) => file(path, &bytes),
        None => standard(&bytes),
    }
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
    let mut stream = Stream::open(Some(path))?;
    stream.write(bytes)?;
    stream.finish()
}

/// What several reports are written to, one after the other. A file is seen whole, once it is finished, or not at all.
pub(super) enum Stream {
    /// Standard output.
    Standard,
    /// Standard output whose reader is gone.
    Closed,
    /// A file.
    File(BufWriter<std::fs::File>, Place),
}

/// Where a file stands until it is whole, and where it belongs.
pub(super) struct Place {
    /// Nowhere else where it is no plain file. It is removed unless it was finished.
    beside: Option<PathBuf>,
    path: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // The first error is the one to tell.
            let _ = std::fs::remove_file(beside);
        }
    }
}

impl Stream {
    /// Standard output, or this file.
    pub(super) fn open(path: Option<&Path>) -> Result<Stream, AppError> {
        let Some(path) = path else {
            return Ok(Stream::Standard);
        };
        let open = || -> io::Result<Stream> {
            let is_special = std::fs::metadata(path).is_ok_and(|meta| !meta.is_file());
            let mut place = Place {
                beside: None,
                path: path.to_owned(),
            };
            if is_special {
                let file = std::fs::OpenOptions::new().write(true).open(path)?;
                return Ok(Stream::File(BufWriter::new(file), place));
            }
            let mut name = path
                .file_name()
                .ok_or_else(|| io::Error::other("it names no file"))?
                .to_owned();
            name.push(format!(".{}.tmp", std::process::id()));
            let beside = path.with_file_name(name);
            let file = std::fs::File::create(&beside)?;
            place.beside = Some(beside);
            Ok(Stream::File(BufWriter::new(file), place))
        };
        open().map_err(|error| unwritten(path, error))
    }

    /// Writes one more report.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        match self {
            Stream::Closed => Ok(()),
            Stream::Standard => {
                if !standard_is_read(bytes)? {
                    *self = Stream::Closed;
                }
                Ok(())
            }
            Stream::File(file, place) => file
                .write_all(bytes)
                .map_err(|error| unwritten(&place.path, error)),
        }
    }

    /// True where nobody reads what is written here.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Stream::Closed)
    }

    /// Puts a file in its place.
    pub(super) fn finish(self) -> Result<(), AppError> {
        let Stream::File(mut file, mut place) = self else {
            return Ok(());
        };
        let mut finish = || -> io::Result<()> {
            file.flush()?;
            if let Some(beside) = &place.beside {
                std::fs::rename(beside, &place.path)?;
                place.beside = None;
            }
            Ok(())
        };
        finish().map_err(|error| unwritten(&place.path, error))
    }
}

fn unwritten(path: &Path, source: io::Error) -> AppError {
    AppError::File {
        operation: "write",
        path: path.display().to_string(),
        source,
    }
}

/// Writes to standard output; a reader that closes the pipe is no error.
pub(super) fn standard(bytes: &[u8]) -> Result<(), AppError> {
    standard_is_read(bytes).map(|_| ())
}

/// As [`standard`]; false where the reader has closed the pipe.
fn standard_is_read(bytes: &[u8]) -> Result<bool, AppError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(AppError::Output(error)),
    }
}

/// Writes one line to standard output.
pub(super) fn line(text: &str) -> Result<(), AppError> {
    standard(format!("{}\n", crate::render::escape::terminal(text)).as_bytes())
}

/// Shows on standard error, with the logs, what the run's time was spent on: at `-vv`.
pub(super) fn waterfall(settings: &Settings, facts: &Facts) {
    if settings.quiet || settings.verbosity < 2 {
        return;
    }
    let mut text = Vec::new();
    // Memory takes whatever is written, and there is nobody left to tell where standard error is closed.
    let _ = crate::render::waterfall::write(facts, &mut text);
    let _ = io::stderr().lock().write_all(&text);
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
