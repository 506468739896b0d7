//! Recorded runs, compared and asked what-if: the runs are played in the lab, the rest needs none.
//!
//! `cargo test --test recorded [WORD]...` plays the parts whose name contains one of the words. Each run is played in a
//! process of its own, since a lab is entered for good. Where `VPCHECK_RECORDED` names a directory, the runs that were
//! kept there are not played again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod drift;
#[path = "../lab/mod.rs"]
mod lab;
mod what_if;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab::{Lab, scenario};
use serde_json::Value;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
/// How many labs run at a time: they wait more than they work.
const PARALLEL: usize = 4;
const LIMIT: Duration = Duration::from_secs(40);
/// The suffix of the second run of a world.
const AGAIN: &str = "+again";

type Part = (&'static str, fn(&Played) -> Result<(), String>);

const PARTS: &[Part] = &[
    ("the_same_world_is_the_same", drift::the_same_world),
    ("each_fault_is_told_and_explained", drift::faults),
    ("a_mended_fault_is_explained_too", drift::mended),
    ("what_a_record_lacks_is_said", drift::mixed),
    ("what_does_not_matter_is_no_change", drift::noise),
    ("what_is_no_record_is_refused", drift::mistakes),
    ("each_fix_assumed_ends_its_finding", what_if::fixes),
    ("each_fault_assumed_is_found", what_if::faults),
    ("what_nobody_knows_is_never_a_pass", what_if::unknown),
    ("no_assumption_is_made_by_mistake", what_if::mistakes),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--inside", name, directory] = words.as_slice() {
        return match inside(name, Path::new(directory)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    if words.contains(&"--ignored") {
        println!("0 passed, 0 failed");
        return ExitCode::SUCCESS;
    }
    if words.contains(&"--list") {
        PARTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&str> = words.into_iter().filter(|w| !w.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w));
    let played = match Played::new() {
        Ok(played) => played,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut passed, mut failed) = (0, 0);
    for (name, part) in PARTS.iter().filter(|(name, _)| is_wanted(name)) {
        let start = Instant::now();
        let result = part(&played);
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(()) => {
                passed += 1;
                println!("test {name} ... ok ({seconds:.1} s)");
            }
            Err(error) => {
                failed += 1;
                println!("test {name} ... FAILED ({seconds:.1} s)\n    {error}");
            }
        }
    }
    println!("\n{passed} passed, {failed} failed");
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Where the played runs are kept.
pub(crate) struct Played {
    directory: PathBuf,
    /// Removed with the last who needs it.
    _scratch: tempfile::TempDir,
}

impl Played {
    fn new() -> Result<Played, String> {
        let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
        let directory = match std::env::var_os("VPCHECK_RECORDED") {
            Some(kept) => PathBuf::from(kept),
            None => scratch.path().to_owned(),
        };
        Ok(Played {
            directory,
            _scratch: scratch,
        })
    }

    /// Plays these scenarios, as far as they were not.
    pub(crate) fn play(&self, names: &[&str]) -> Result<(), String> {
        let queue = std::sync::Mutex::new(names.iter());
        std::thread::scope(|scope| {
            let players: Vec<_> = (0..PARALLEL)
                .map(|_| {
                    scope.spawn(|| {
                        loop {
                            let next = queue.lock().unwrap().next();
                            let Some(name) = next else { return Ok(()) };
                            self.one(name)?;
                        }
                    })
                })
                .collect();
            players
                .into_iter()
                .try_for_each(|player| player.join().map_err(|_| "a player panicked")?)
        })
    }

    fn one(&self, name: &str) -> Result<(), String> {
        if self.facts(name).exists() {
            return Ok(());
        }
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        let output = Command::new(own)
            .arg("--inside")
            .arg(name)
            .arg(&self.directory)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| e.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "{name} was not played: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )),
        }
    }

    /// A played scenario's facts.
    pub(crate) fn facts(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.json"))
    }

    /// Its report.
    pub(crate) fn report(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.report.json"))
    }

    /// Its evidence.
    pub(crate) fn evidence(&self, name: &str) -> PathBuf {
        let directory = self.directory.join(format!("{name}.evidence"));
        let files = std::fs::read_dir(directory).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.retain(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".json") && name != "head.json"
        });
        files.sort();
        files.pop().expect("one file of evidence")
    }
}

/// Runs vpcheck where there is no network; its exit code and both its outputs.
pub(crate) fn vpcheck(words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(VPCHECK)
        .args(words)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// As [`vpcheck`], for a command that prints JSON.
pub(crate) fn json(words: &[&str]) -> Result<(Option<i32>, Value), String> {
    let (code, out, err) = vpcheck(words);
    let value = serde_json::from_str(&out)
        .map_err(|error| format!("{words:?}: exit {code:?}, {error}: {out}{err}"))?;
    Ok((code, value))
}

pub(crate) fn expect(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(otherwise.to_string()),
    }
}

fn inside(name: &str, directory: &Path) -> Result<(), String> {
    let scenario = scenario::named(name.strip_suffix(AGAIN).unwrap_or(name))?;
    let lab = Lab::enter(scenario.world()?)?;
    let mut command = lab.command(VPCHECK);
    command.args(scenario.arguments(&lab, None));
    command
        .arg("--save-facts")
        .arg(directory.join(format!("{name}.json")));
    let report = directory.join(format!("{name}.report.json"));
    command.arg("-o").arg(format!("json={}", report.display()));
    let evidence = directory.join(format!("{name}.evidence"));
    command.arg("--evidence").arg(evidence);
    let ran = lab.run(command, LIMIT)?;
    match ran.status.and_then(|status| status.code()) {
        Some(0 | 1 | 3) => Ok(()),
        code => Err(format!(
            "exit {code:?}: {}",
            String::from_utf8_lossy(&ran.stderr)
        )),
    }
}
