//! `replay`: recorded facts are judged again, one run's or a fleet's.
//!
//! Of many files each is read, judged and printed by itself, so that memory is bounded by what one file may hold; one
//! that cannot be read is named and does not keep the others from their reports.

use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::output::{self, Stream};
use super::{AppError, COULD_NOT_RUN, FAIL, INCONCLUSIVE, PASS, complain, exit_code, redacting};
use crate::assume::{Assumption, assume};
use crate::cli::ReplayArgs;
use crate::config::{Settings, nearest};
use crate::facts::{FACTS_VERSION, Facts};
use crate::render::{Format, Style, escape, render};
use crate::verdict::report;

/// More than any run records: a thousand services with everything a large VPC holds are a tenth of it.
pub(super) const LARGEST: u64 = 64 << 20;

/// How many reports each thread may be ahead of what is written.
const AHEAD: usize = 4;

/// Replays what was named: files, or directories of them.
pub(super) fn replay(settings: &Settings, arguments: &ReplayArgs) -> Result<u8, AppError> {
    let assumptions = assumptions(&arguments.assume)?;
    match arguments.facts.as_slice() {
        [file] if !file.is_dir() => one(settings, &assumptions, file),
        named => many(settings, &assumptions, named),
    }
}

/// What is assumed; files that assumptions name are read here.
fn assumptions(words: &[String]) -> Result<Vec<Assumption>, AppError> {
    let read = |file: &str| {
        let content =
            bytes(Path::new(file)).map_err(|error| format!("cannot read {file}: {error}"))?;
        let content = content.ok_or_else(|| format!("{file} is too large"))?;
        String::from_utf8(content).map_err(|_| format!("{file}: expected text, found other bytes"))
    };
    let near = |asked: &str, words: &[&'static str]| nearest(asked, words.iter().copied());
    let parsed = words
        .iter()
        .map(|word| Assumption::parse(word, &read, &near));
    Ok(parsed.collect::<Result<_, _>>()?)
}

fn one(settings: &Settings, assumptions: &[Assumption], file: &Path) -> Result<u8, AppError> {
    let facts = recorded(settings, assumptions, file)?;
    let shown = redacting::shown(settings, &facts, report(&facts))?;
    let report = shown.report;
    if !settings.redact {
        output::waterfall(settings, &facts);
    }
    let printed = output::reports(settings, &report);
    output::fix(settings, shown.facts.as_ref().unwrap_or(&facts), &report)?;
    printed?;
    Ok(exit_code(&report, facts.interrupted))
}

/// What became of one file of many: a report for each output and an exit code.
type Judged = Result<(Vec<Vec<u8>>, u8), AppError>;

/// Where the reports of many files go.
struct Sink {
    streams: Vec<(Format, Style, Stream)>,
    /// The worst outcome so far.
    worst: u8,
}

impl Sink {
    /// Writes what became of the next file; false where nobody reads any more.
    fn take(&mut self, judged: Judged) -> Result<bool, AppError> {
        let code = match judged {
            Ok((reports, code)) => {
                for ((_, _, stream), bytes) in self.streams.iter_mut().zip(reports) {
                    stream.write(&bytes)?;
                }
                code
            }
            Err(error) => {
                complain(&error);
                COULD_NOT_RUN
            }
        };
        self.worst = worse(self.worst, code);
        Ok(!self.streams.iter().all(|(_, _, stream)| stream.is_closed()))
    }

    fn finish(self) -> Result<u8, AppError> {
        for (_, _, stream) in self.streams {
            stream.finish()?;
        }
        Ok(self.worst)
    }
}

/// Judges the files on all cores; reports are written in the files' order, and the worst outcome is the exit code.
fn many(
    settings: &Settings,
    assumptions: &[Assumption],
    named: &[PathBuf],
) -> Result<u8, AppError> {
    let several = |format: Format| {
        matches!(
            format,
            Format::Human | Format::Json | Format::Emf | Format::Brief
        )
    };
    if let Some(output) = settings.outputs.iter().find(|o| !several(o.format)) {
        return Err(AppError::Unknown(format!(
            "{} is a document about one run: expected human, json, emf or brief for several facts files",
            output.format
        )));
    }
    if settings.fix.is_some() {
        return Err(AppError::Unknown(
            "--fix: expected one facts file, found several: a fix is for one run".to_owned(),
        ));
    }
    let files = files(named)?;
    let mut streams = Vec::new();
    for output in &settings.outputs {
        let style = output::style(settings, output.path.is_none());
        streams.push((output.format, style, Stream::open(output.path.as_deref())?));
    }
    let styles: Vec<(Format, Style)> = streams.iter().map(|(f, s, _)| (*f, *s)).collect();
    let mut sink = Sink {
        streams,
        worst: PASS,
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(files.len());
    let (files, styles) = (&files, &styles);
    if threads == 1 {
        for file in files {
            if !sink.take(judge(settings, assumptions, styles, file))? {
                break;
            }
        }
        return sink.finish();
    }
    thread::scope(|scope| {
        // Each thread takes every nth file, so that asking them in turn gives the files' order.
        let judges: Vec<Receiver<Judged>> = (0..threads)
            .map(|first| {
                let (done, judged) = sync_channel(AHEAD);
                scope.spawn(move || {
                    for file in files.iter().skip(first).step_by(threads) {
                        // Nobody listens where nothing can be written any more.
                        if done
                            .send(judge(settings, assumptions, styles, file))
                            .is_err()
                        {
                            break;
                        }
                    }
                });
                judged
            })
            .collect();
        for judge in judges.iter().cycle().take(files.len()) {
            // A thread ends before its files only by a panic, which the scope passes on.
            let Ok(judged) = judge.recv() else { break };
            if !sink.take(judged)? {
                break;
            }
        }
        Ok::<(), AppError>(())
    })?;
    sink.finish()
}

fn judge(
    settings: &Settings,
    assumptions: &[Assumption],
    styles: &[(Format, Style)],
    file: &Path,
) -> Judged {
    let facts = recorded(settings, assumptions, file)?;
    let report = redacting::shown(settings, &facts, report(&facts))?.report;
    let reports = styles.iter().map(|(format, style)| {
        let mut bytes = Vec::new();
        match format {
            Format::Json => crate::render::json::write_line(&report, &mut bytes),
            Format::Human => {
                let name = file.display().to_string();
                writeln!(bytes, "==> {} <==", escape::terminal(&name))
                    .and_then(|()| render(*format, &report, style, &mut bytes))
                    .and_then(|()| writeln!(bytes))
            }
            _ => render(*format, &report, style, &mut bytes),
        }
        .map(|()| bytes)
        .map_err(AppError::Output)
    });
    Ok((
        reports.collect::<Result<_, _>>()?,
        exit_code(&report, facts.interrupted),
    ))
}

/// The worse of two exit codes: what could not be judged, then what failed, then what is open.
fn worse(one: u8, other: u8) -> u8 {
    let weight = |code| match code {
        PASS => 0,
        INCONCLUSIVE => 1,
        FAIL => 2,
        _ => 3,
    };
    std::cmp::max_by_key(one, other, |code| weight(*code))
}

/// The files that were named, and the `*.json` files of the directories, by name.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, AppError> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |source| AppError::File {
            operation: "list",
            path: path.display().to_string(),
            source,
        };
        let mut within = Vec::new();
        for entry in path.read_dir().map_err(failed)? {
            let entry = entry.map_err(failed)?.path();
            if entry.extension().is_some_and(|end| end == "json") && entry.is_file() {
                within.push(entry);
            }
        }
        if within.is_empty() {
            return Err(AppError::Facts {
                path: path.display().to_string(),
                found: "a directory without a .json file".to_owned(),
            });
        }
        within.sort();
        files.extend(within);
    }
    Ok(files)
}

/// The facts of a file, asked for what is expected now, after what is assumed.
fn recorded(
    settings: &Settings,
    assumptions: &[Assumption],
    path: &Path,
) -> Result<Facts, AppError> {
    let mut facts = read(path)?;
    facts.request = settings.over(facts.request);
    Ok(assume(facts, assumptions)?)
}

fn read(path: &Path) -> Result<Facts, AppError> {
    let label = || path.display().to_string();
    let none = |found: String| AppError::Facts {
        path: label(),
        found,
    };
    let bytes = bytes(path).map_err(|source| AppError::File {
        operation: "read",
        path: label(),
        source,
    })?;
    let Some(bytes) = bytes else {
        let most = LARGEST >> 20;
        return Err(none(format!("more than {most} MiB")));
    };
    // Text is checked as a whole in a fraction of the time that each of its words would take.
    let text = str::from_utf8(&bytes).map_err(|error| none(format!("no text: {error}")))?;
    let facts: Facts = serde_json::from_str(text).map_err(|error| none(format!("{error}")))?;
    match facts.facts_version {
        FACTS_VERSION => Ok(facts),
        other => Err(none(format!(
            "version {other} of the format, where {FACTS_VERSION} is known"
        ))),
    }
}

/// What a file or a pipe holds; none where that is more than facts can be.
pub(super) fn bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let told = file.metadata()?.len();
    if told > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(told).unwrap_or_default() + 1);
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST);
    Ok(fits.then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_outcome_is_told() {
        let order = [PASS, INCONCLUSIVE, FAIL, COULD_NOT_RUN];
        for (i, one) in order.iter().enumerate() {
            for (j, other) in order.iter().enumerate() {
                assert_eq!(worse(*one, *other), order[i.max(j)]);
            }
        }
    }

    #[test]
    fn a_file_without_an_end_is_not_read_to_it() {
        assert_eq!(bytes(Path::new("/dev/zero")).unwrap(), None);
    }
}
