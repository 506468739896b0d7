//! Discovery from end to end: processes in the lab hold real connections, and `vpcheck discover` has to tell them.
//!
//! Each `tests/discovery/*.toml` has a world, the calls that are made in it, and what must be found, nothing besides.
//! `cargo test --test discovery [WORD]...` plays those whose name contains one of the words.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod calls;
#[path = "../lab/mod.rs"]
mod lab;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab::Lab;
use lab::world::World;
use serde::Deserialize;
use serde_json::Value;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
/// A discovery of one look takes a few seconds at most; more only where resolvers are silent.
const LIMIT: Duration = Duration::from_secs(40);

/// A situation and what is to be said of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What happens, in a few words.
    #[allow(dead_code)]
    title: String,
    /// Why the outcome is what it is.
    why: String,
    /// Changes to the healthy world.
    #[serde(default)]
    world: toml::Table,
    /// Further arguments; `RANGES` stands for the file of published ranges.
    #[serde(default)]
    args: Vec<String>,
    /// The published ranges that are handed over, as the file's text.
    #[serde(default)]
    ranges: Option<String>,
    /// Takes `/proc` away from vpcheck.
    #[serde(default)]
    without_proc: bool,
    /// Takes vpcheck's capabilities away: root without them is as any user.
    #[serde(default)]
    unprivileged: bool,
    /// The calls that are made meanwhile.
    #[serde(default)]
    calls: Vec<calls::Call>,
    expect: Expect,
}

/// What must come out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// The exit code.
    #[serde(default)]
    exit: i32,
    /// What standard error has to mention.
    #[serde(default)]
    stderr: Vec<String>,
    /// The addresses that must be found, in any order, and none besides: values by key of the JSON's `remotes`.
    #[serde(default)]
    remotes: Vec<BTreeMap<String, toml::Value>>,
    /// Values of the JSON by pointer.
    #[serde(default)]
    report: BTreeMap<String, toml::Value>,
    /// What the report for people has to mention, spaces and line ends aside.
    #[serde(default)]
    says: Vec<String>,
    /// What it must not mention.
    #[serde(default)]
    silent_about: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--call") => return calls::make(&arguments[1..]),
        Some("--inside") => {
            return match inside(&arguments[1]) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::FAILURE
                }
            };
        }
        _ => {}
    }
    let names = names();
    assert!(names.len() >= 8, "tests/discovery was not found");
    if arguments.iter().any(|a| a == "--ignored") {
        println!("0 passed, 0 failed");
        return ExitCode::SUCCESS;
    }
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let is_wanted = |name: &&String| words.is_empty() || words.iter().any(|w| name.contains(*w));
    let wanted: Vec<&String> = names.iter().filter(is_wanted).collect();
    if arguments.iter().any(|a| a == "--list") {
        wanted.iter().for_each(|name| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed) = (0, 0);
    for name in wanted {
        let began = Instant::now();
        let played = play(name);
        let seconds = began.elapsed().as_secs_f64();
        match played {
            Ok(()) => {
                passed += 1;
                println!("test {name} ... ok ({seconds:.1} s)");
            }
            Err(error) => {
                failed += 1;
                println!("test {name} ... FAILED ({seconds:.1} s)\n{error}");
            }
        }
    }
    println!("\n{passed} passed, {failed} failed");
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/discovery")
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(directory()).unwrap().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// Plays a scenario in a process of its own, since a lab is entered for good.
fn play(name: &str) -> Result<(), String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new(own)
        .args(["--inside", name])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| e.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn inside(name: &str) -> Result<(), String> {
    let path = directory().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let scenario: Scenario =
        toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let lab = Lab::enter(World::overlay(&scenario.world)?)?;
    let ranges = lab.directory().join("ip-ranges.json");
    std::fs::write(&ranges, scenario.ranges.as_deref().unwrap_or_default())
        .map_err(|e| e.to_string())?;
    let made = calls::begin(&lab, &scenario.calls)?;
    let json = lab.directory().join("discovery.json");
    let mut words = vec![VPCHECK.to_owned(), "discover".to_owned()];
    words.extend(["-o".to_owned(), format!("json={}", json.display())]);
    words.extend(["-o".to_owned(), "human".to_owned()]);
    let roots = lab.service_roots().display().to_string();
    words.extend(["--service-roots".to_owned(), roots]);
    words.extend(scenario.args.iter().map(|word| match word.as_str() {
        "RANGES" => ranges.display().to_string(),
        word => word.to_owned(),
    }));
    if scenario.unprivileged {
        words.splice(0..0, calls::BARE.map(str::to_owned));
    }
    if scenario.without_proc {
        let covered = "mount -t tmpfs none /proc && exec \"$@\"";
        let bare = ["unshare", "-m", "sh", "-c", covered, "sh"];
        words.splice(0..0, bare.map(str::to_owned));
    }
    let mut command = lab.command(&words[0]);
    command.args(&words[1..]);
    let ran = lab.run(command, LIMIT)?;
    drop(made);
    let report: Option<Value> = std::fs::read(&json)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut problems = Vec::new();
    let exit = ran.status.and_then(|status| status.code());
    if exit != Some(scenario.expect.exit) {
        problems.push(format!("exit {exit:?}, expected {}", scenario.expect.exit));
    }
    let (stdout, stderr) = (
        String::from_utf8_lossy(&ran.stdout).into_owned(),
        String::from_utf8_lossy(&ran.stderr).into_owned(),
    );
    for text in &scenario.expect.stderr {
        if !stderr.contains(text) {
            problems.push(format!("standard error does not mention {text:?}"));
        }
    }
    let words: Vec<&str> = stdout.split_whitespace().collect();
    let told = words.join(" ");
    for text in &scenario.expect.says {
        if !told.contains(text) {
            problems.push(format!("the report does not say {text:?}"));
        }
    }
    for text in &scenario.expect.silent_about {
        let json = report.as_ref().map(Value::to_string).unwrap_or_default();
        if told.contains(text) || json.contains(text) || stderr.contains(text) {
            problems.push(format!("{text:?} is told"));
        }
    }
    match &report {
        Some(report) => {
            problems.extend(differences(&scenario.expect, report));
            keep(name, report)?;
        }
        None if scenario.expect.exit == 0 => problems.push("there is no JSON".to_owned()),
        None => {}
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "    {}\n    {}\n{stdout}\n{stderr}\n{}",
            scenario.why.trim(),
            problems.join("\n    "),
            report.map(|r| r["remotes"].to_string()).unwrap_or_default()
        )),
    }
}

/// Keeps a report where `VPCHECK_DISCOVERIES` names a directory, for checks that others make of it.
fn keep(name: &str, report: &Value) -> Result<(), String> {
    let Some(directory) = std::env::var_os("VPCHECK_DISCOVERIES") else {
        return Ok(());
    };
    let path = Path::new(&directory).join(format!("{name}.json"));
    std::fs::write(&path, report.to_string()).map_err(|e| format!("{}: {e}", path.display()))
}

fn differences(expect: &Expect, report: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let remotes = report["remotes"].as_array().cloned().unwrap_or_default();
    let mut left = remotes.clone();
    for wanted in &expect.remotes {
        let fits = |remote: &Value| wanted.iter().all(|(key, value)| fits(remote, key, value));
        match left.iter().position(fits) {
            Some(at) => drop(left.remove(at)),
            None => problems.push(format!("not found: {wanted:?}")),
        }
    }
    problems.extend(left.iter().map(|remote| format!("found besides: {remote}")));
    for (pointer, wanted) in &expect.report {
        let wanted = serde_json::to_value(wanted).unwrap_or_default();
        let found = report.pointer(pointer);
        if found.unwrap_or(&Value::Null) != &wanted {
            problems.push(format!("{pointer} is {found:?}, expected {wanted}"));
        }
    }
    problems
}

/// Whether an address is as it was expected; `process` stands for the one process that called it, `none` for no name.
fn fits(remote: &Value, key: &str, wanted: &toml::Value) -> bool {
    let wanted = serde_json::to_value(wanted).unwrap_or_default();
    if key != "process" {
        return remote[key] == wanted;
    }
    let callers = remote["processes"].as_array();
    let [caller] = callers.map(Vec::as_slice).unwrap_or_default() else {
        return false;
    };
    match wanted.as_str() {
        Some("none") => caller["name"].is_null(),
        _ => caller["name"] == wanted,
    }
}
