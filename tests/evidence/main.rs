//! Evidence from end to end: runs in the lab write it, `vpcheck verify` proves it, and every tampering is named.
//!
//! `cargo test --test evidence [WORD]...` plays the parts whose name contains one of the words. Runs are played in a
//! process of its own, since a lab is entered for good; so are the writers that are killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod forger;
mod killed;
#[path = "../lab/mod.rs"]
mod lab;
mod tamperings;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab::{Lab, scenario};
use serde_json::Value;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
/// No run in the healthy world takes longer.
const LIMIT: Duration = Duration::from_secs(40);
/// The runs that tamperings are tried on.
const RUNS: usize = 10;
/// The runs of each of two writers at one time.
const EACH: usize = 25;

type Part = (&'static str, fn(&Played) -> Result<(), String>);

const PARTS: [Part; 6] = [
    ("ten_files_verify", ten_files_verify),
    ("every_tampering_is_named", tamperings::every_one_is_named),
    (
        "every_flipped_byte_is_named",
        tamperings::every_flipped_byte_is_named,
    ),
    ("people_read_the_same", tamperings::people_read_the_same),
    ("two_writers_lose_nothing", two_writers_lose_nothing),
    ("killed_writers_leave_a_chain", killed::leave_a_chain),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--inside", directory] => return finish(inside(Path::new(directory))),
        ["--append", directory, key] => {
            return finish(killed::append(Path::new(directory), Path::new(key)));
        }
        _ => {}
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

/// What the runs in the lab left.
pub(crate) struct Played {
    directory: tempfile::TempDir,
}

impl Played {
    /// Plays the runs in a process of its own.
    fn new() -> Result<Played, String> {
        let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        let status = Command::new(own)
            .arg("--inside")
            .arg(directory.path())
            .stdin(Stdio::null())
            .status()
            .map_err(|e| e.to_string())?;
        match status.success() {
            true => Ok(Played { directory }),
            false => Err("the runs were not played".to_owned()),
        }
    }

    /// The directory of this chain.
    pub(crate) fn chain(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The private half of this key.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The public half of the key that signed the runs.
    pub(crate) fn public_key(&self) -> PathBuf {
        self.directory.path().join("key.pub")
    }
}

fn inside(directory: &Path) -> Result<(), String> {
    let healthy = scenario::named("healthy")?;
    let lab = Lab::enter(healthy.world()?)?;
    for key in ["key", "other-key"] {
        let mut command = lab.command(VPCHECK);
        command.arg("signing-key").arg(directory.join(key));
        let ran = lab.run(command, LIMIT)?;
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        if !said.contains("BEGIN PUBLIC KEY") || !said.contains("key id: sha256:") {
            return Err(format!("signing-key printed {said:?}"));
        }
    }
    let run = |chain: &str, key: &str| -> Result<(), String> {
        let mut command = lab.command(VPCHECK);
        command.args(healthy.arguments(&lab, None));
        command.arg("--evidence").arg(directory.join(chain));
        command.arg("--signing-key").arg(directory.join(key));
        let report = lab.directory().join(format!("{chain}-{key}.json"));
        command.arg("-o").arg(format!("json={}", report.display()));
        let ran = lab.run(command, LIMIT)?;
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        match (ran.status.and_then(|status| status.code()), said.as_str()) {
            (Some(0), "") => Ok(()),
            (code, said) => Err(format!(
                "a healthy run with evidence: exit {code:?}, {said}"
            )),
        }
    };
    for _ in 0..RUNS {
        run("chain", "key")?;
    }
    run("neighbour", "key")?;
    run("stranger", "other-key")?;
    std::thread::scope(|scope| {
        let writers = ["key", "other-key"]
            .map(|_| scope.spawn(|| (0..EACH).try_for_each(|_| run("shared", "key"))));
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().map_err(|_| "a writer panicked".to_owned())?)
    })
}

fn ten_files_verify(played: &Played) -> Result<(), String> {
    let chain = played.chain("chain");
    let key = played.public_key();
    let (code, said) = verify(&chain, &["--public-key", key.to_str().unwrap()]);
    expect(
        code == Some(0) && said.starts_with("PROVEN: a chain of 10 files"),
        &said,
    )?;
    // The key beside the signing key serves as well.
    let private = played.key("key");
    let (code, said) = verify(&chain, &["--signing-key", private.to_str().unwrap()]);
    expect(code == Some(0), &said)?;
    // One file alone.
    let file = evidence_files(&chain).into_iter().next_back().unwrap();
    let (code, said) = verify(&chain.join(&file), &["--public-key", key.to_str().unwrap()]);
    expect(
        code == Some(0) && said.contains("the chain was not looked at"),
        &said,
    )?;
    // Without a key it is whole, and no pass.
    let nowhere = played.key("no-such-key");
    let (code, said) = verify(&chain, &["--signing-key", nowhere.to_str().unwrap()]);
    expect(
        code == Some(1) && said.contains("who signed is not proven: no public key is at hand"),
        &said,
    )?;
    // What is no evidence at all.
    let (code, said) = verify(&nowhere, &[]);
    expect(
        code == Some(2) && said.starts_with("vpcheck: cannot read"),
        &said,
    )?;
    keep_statements(&chain)?;
    // The file says what is asked of it.
    let statement = forger::statement(&std::fs::read(chain.join(&file)).unwrap());
    let predicate = &statement["predicate"];
    expect(
        statement["_type"] == "https://in-toto.io/Statement/v1",
        "no in-toto statement",
    )?;
    let own = vpcheck::evidence::sha256(&std::fs::read(VPCHECK).unwrap());
    expect(
        predicate["tool"]["sha256"] == own.as_str(),
        "the program's digest",
    )?;
    let identity = &predicate["instance_identity"];
    let document: Value =
        serde_json::from_str(identity["document"].as_str().unwrap_or_default()).unwrap_or_default();
    expect(
        document["instanceId"].is_string(),
        "no instance identity document",
    )?;
    expect(
        identity["rsa2048"].is_string(),
        "no signature of the instance identity document",
    )?;
    expect(predicate["chain"]["sequence"] == RUNS, "the sequence")?;
    for key in [
        "rules_version",
        "options",
        "facts",
        "report",
        "run_id",
        "started_at",
    ] {
        expect(!predicate[key].is_null(), key)?;
    }
    Ok(())
}

/// Keeps what the files state where `VPCHECK_STATEMENTS` names a directory, for checks that others make of it.
fn keep_statements(chain: &Path) -> Result<(), String> {
    let Some(directory) = std::env::var_os("VPCHECK_STATEMENTS") else {
        return Ok(());
    };
    for name in evidence_files(chain)
        .iter()
        .map(String::as_str)
        .chain(["head.json"])
    {
        let bytes = std::fs::read(chain.join(name)).map_err(|e| e.to_string())?;
        let path = Path::new(&directory).join(name);
        std::fs::write(path, forger::statement(&bytes).to_string()).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn two_writers_lose_nothing(played: &Played) -> Result<(), String> {
    let chain = played.chain("shared");
    let files = evidence_files(&chain);
    expect(files.len() == 2 * EACH, &format!("{} files", files.len()))?;
    let key = played.public_key();
    let (code, said) = verify(&chain, &["--public-key", key.to_str().unwrap()]);
    expect(code == Some(0), &said)
}

/// What `vpcheck verify` says of this and how it exits; standard error where it says nothing.
pub(crate) fn verify(path: &Path, options: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(VPCHECK)
        .arg("verify")
        .arg(path)
        .args(options)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = match output.stdout.is_empty() {
        true => output.stderr,
        false => output.stdout,
    };
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The names of evidence files in a directory, in order.
pub(crate) fn evidence_files(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("evidence-"))
        .collect();
    names.sort();
    names
}

pub(crate) fn expect(holds: bool, otherwise: &str) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(otherwise.to_owned()),
    }
}

fn finish(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
