//! Runs `vpcheck` on bad days: every server may hang, reset, stall half-way, or answer garbage without end.
//!
//! `cargo test --test bad_days [NAME]...`. `days.toml` has the worlds. Whatever happens there, a run is held to this: it
//! ends within its deadline and a second, with 0, 1 or 3, writes a whole report and nothing else, keeps its memory small
//! and never panics. What is to be found is said only where it follows from the day itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "../lab/mod.rs"]
mod lab;
mod machine;
mod whole;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use lab::Lab;
use lab::world::World;
use machine::Machine;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::Value;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
/// How many labs run at a time.
const PARALLEL: usize = 3;
/// What a run may use of memory beyond any doubt: 40 MiB are this unoptimized program, and 12 are what answers may hold.
const MOST_MEMORY_KIB: u64 = 96 * 1024;
/// Whoever takes this much longer than its deadline is stopped.
const PATIENCE: Duration = Duration::from_secs(15);

/// One bad day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    /// What is wrong, in a word or two.
    name: String,
    /// Changes to the healthy world.
    #[serde(default)]
    world: toml::Table,
    /// Arguments besides the workload, the queue and the time limits.
    #[serde(default)]
    args: Vec<String>,
    /// Targets instead of the workload.
    #[serde(default)]
    targets: Vec<String>,
    /// Whether there is a report at all; else one sentence on standard error says why not.
    #[serde(default = "yes")]
    reports: bool,
    /// `--timeout` in milliseconds.
    #[serde(default = "timeout")]
    timeout_ms: u64,
    /// `--deadline` in milliseconds.
    #[serde(default = "deadline")]
    deadline_ms: u64,
    /// The exit codes allowed.
    #[serde(default = "exits")]
    exit: Vec<i32>,
    /// Codes that must be found.
    #[serde(default)]
    finds: Vec<String>,
    /// Codes that may be found besides; with `finds` or this, none else of severity `fail` may.
    #[serde(default)]
    may: Option<Vec<String>>,
    /// Fields of the report, as JSON pointers, with the values they must have.
    #[serde(default)]
    report: BTreeMap<String, toml::Value>,
    /// A signal, and after how many milliseconds it is sent.
    #[serde(default)]
    signal: Option<(String, u64)>,
    /// The most open files the run may have.
    #[serde(default)]
    open_files: Option<u32>,
    /// What the machine lacks: `resolv.conf`, `/proc`, `/sys`, `/etc`, `ipv6`.
    #[serde(default)]
    without: Vec<String>,
    /// A disk that is `read-only`, `full`, or has no more than a few pages (`small`); `{disk}` in the arguments is its
    /// place.
    #[serde(default)]
    disk: Option<String>,
    /// What standard output is: `full`, `closed`, or a pipe that nobody reads (`unread`).
    #[serde(default)]
    stdout: Option<String>,
    /// The most memory that may ever be resident, in MiB, as a container counts it.
    #[serde(default)]
    memory_mib: Option<u64>,
    /// The most memory that the run may ask for to write to, in MiB (RLIMIT_DATA). It holds for stacks that are never
    /// touched as well, so that it is stricter than a container; RLIMIT_AS would count the program itself.
    #[serde(default)]
    data_mib: Option<u64>,
    /// By how many seconds the clock is ahead.
    #[serde(default)]
    clock_ahead: Option<i64>,
    /// The reading of the clock at which it jumps there; by default it has been so all along.
    #[serde(default)]
    clock_jumps_at: Option<u32>,
    /// The command, instead of `check`.
    #[serde(default)]
    command: Option<String>,
    /// Texts that standard error has to hold.
    #[serde(default)]
    says: Vec<String>,
    /// Texts that must stand nowhere in the report.
    #[serde(default)]
    never: Vec<String>,
}

fn timeout() -> u64 {
    1000
}

fn deadline() -> u64 {
    3000
}

fn yes() -> bool {
    true
}

fn exits() -> Vec<i32> {
    vec![0, 1, 3]
}

#[derive(Deserialize)]
struct Days {
    day: Vec<Day>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = include_str!("days.toml");
    let days = match toml::from_str::<Days>(text) {
        Ok(days) => days.day,
        Err(error) => {
            eprintln!("days.toml: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let [first, name] = arguments.as_slice()
        && first == "--inside"
    {
        return inside(&days, name);
    }
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let exact = arguments.iter().any(|a| a == "--exact");
    let is_wanted = |day: &&Day| {
        words.is_empty()
            || (words.iter()).any(|w| {
                if exact {
                    day.name == **w
                } else {
                    day.name.contains(*w)
                }
            })
    };
    let wanted: Vec<&Day> = days.iter().filter(is_wanted).collect();
    if arguments.iter().any(|a| a == "--list") {
        if !arguments.iter().any(|a| a == "--ignored") {
            wanted.iter().for_each(|day| println!("{}: test", day.name));
        }
        return ExitCode::SUCCESS;
    }
    run(&wanted)
}

fn run(wanted: &[&Day]) -> ExitCode {
    let queue = Mutex::new(wanted.iter());
    let failed = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let Some(day) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let output = Command::new(std::env::current_exe().unwrap())
                        .args(["--inside", &day.name])
                        .stdin(Stdio::null())
                        .output();
                    let (ok, text) = match output {
                        Ok(output) => (
                            output.status.success(),
                            [output.stdout, output.stderr].concat(),
                        ),
                        Err(error) => (false, error.to_string().into_bytes()),
                    };
                    let word = if ok { "ok" } else { "FAILED" };
                    let text = String::from_utf8_lossy(&text)
                        .trim_end()
                        .replace('\n', "\n    ");
                    println!("test {} ... {word} {text}", day.name);
                    *failed.lock().unwrap() += usize::from(!ok);
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("\n{} passed, {failed} failed", wanted.len() - failed);
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn inside(days: &[Day], name: &str) -> ExitCode {
    let Some(day) = days.iter().find(|day| day.name == name) else {
        eprintln!("no such day");
        return ExitCode::FAILURE;
    };
    match World::overlay(&day.world)
        .and_then(Lab::enter)
        .and_then(|lab| play(day, &lab))
    {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            println!();
            problems.iter().for_each(|problem| println!("{problem}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("did not run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(day: &Day, lab: &Lab) -> Result<Vec<String>, String> {
    let machine = Machine::set_up(day, lab)?;
    let facts = lab.directory().join("facts.json");
    let is_check = day.command.is_none();
    let mut command = machine.command(day, lab, VPCHECK);
    command.arg(day.command.as_deref().unwrap_or("check"));
    if day.targets.is_empty() {
        command.args(["--workload", "ec2-ssm"]);
    }
    command.args(["--queue-url", &lab.queue_url("canary")]);
    command.arg("--service-roots").arg(lab.service_roots());
    command.args(["--timeout", &format!("{}ms", day.timeout_ms)]);
    command.args(["--deadline", &format!("{}ms", day.deadline_ms)]);
    let own = |word: &str| day.args.iter().any(|argument| argument == word);
    if is_check && day.reports {
        command.args(["-o", "json"]);
    }
    let saves = is_check && !own("--save-facts") && !own("--redact");
    if saves {
        command.arg("--save-facts").arg(&facts);
    }
    command.args(day.args.iter().map(|argument| machine.placed(argument)));
    command.args(&day.targets);
    let pipe = lab.directory().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).map_err(|e| e.to_string())?;
    for (name, value) in lab.environment() {
        // `{pipe}` is a pipe that nobody writes to.
        command.env(name, value.replace("{pipe}", &pipe.display().to_string()));
    }
    machine.environment(day, lab, &mut command);
    let signal = match &day.signal {
        None => None,
        Some((name, after)) => Some((
            name.parse::<Signal>().map_err(|e| e.to_string())?,
            Duration::from_millis(*after),
        )),
    };
    let mut sent = false;
    let mut memory = 0;
    let deadline = Duration::from_millis(day.deadline_ms);
    let ran = lab.run_watched(command, deadline + PATIENCE, |id, elapsed| {
        memory = memory.max(peak_memory(id));
        if let Some((signal, after)) = signal
            && elapsed >= after
            && !sent
        {
            sent = true;
            // It may have ended this instant, and the report tells.
            let _ = kill(Pid::from_raw(i32::try_from(id).unwrap_or(0)), signal);
        }
    })?;
    let allowed = match signal {
        Some((_, after)) => after,
        None => deadline,
    } + Duration::from_secs(1);
    let mut problems = Vec::new();
    let exit = ran.status.and_then(|status| status.code());
    match exit {
        Some(code) if day.exit.contains(&code) => {}
        _ => problems.push(format!(
            "ended with {:?}, allowed {:?}",
            ran.status, day.exit
        )),
    }
    if ran.wall > allowed {
        problems.push(format!("took {:?}, allowed {allowed:?}", ran.wall));
    }
    if memory > (day.memory_mib).map_or(MOST_MEMORY_KIB, |most| most * 1024) {
        problems.push(format!("used {memory} KiB of memory"));
    }
    let stderr = String::from_utf8_lossy(&ran.stderr);
    if stderr.contains("panicked") || stderr.contains("overflow") {
        problems.push(format!("panicked: {stderr}"));
    }
    for text in &day.says {
        if !stderr.contains(text) {
            problems.push(format!("standard error does not say {text:?}: {stderr}"));
        }
    }
    let stdout = String::from_utf8_lossy(&ran.stdout);
    for text in day.never.iter().filter(|text| stdout.contains(*text)) {
        problems.push(format!("the report says {text:?}"));
    }
    match serde_json::from_slice::<Value>(&ran.stdout) {
        _ if !day.reports && is_check => {
            if !ran.stdout.is_empty() || stderr.lines().count() > 1 {
                problems.push(format!("not one sentence on standard error: {stderr}"));
            }
            println!("{}", stderr.trim_end());
        }
        _ if !day.reports => println!("{}", String::from_utf8_lossy(&ran.stdout).trim_end()),
        Err(error) => problems.push(format!(
            "no report: {error}: {}",
            String::from_utf8_lossy(&ran.stdout)
        )),
        Ok(report) => {
            let services = match day.targets.is_empty() {
                true => whole::SERVICES.to_vec(),
                false => day.targets.iter().map(String::as_str).collect(),
            };
            problems.extend(whole::problems(&report, &services, exit, sent));
            problems.extend(judge(day, &report));
            println!(
                "{} {:.1} s {} MiB {}",
                text(&report["verdict"]),
                ran.wall.as_secs_f64(),
                memory / 1024,
                summary(&report)
            );
        }
    }
    if saves && day.reports && exit.is_some_and(|exit| exit != 2) {
        problems.extend(replay(lab, &facts, exit)?);
    }
    if !problems.is_empty() && !stderr.is_empty() {
        problems.push(format!("standard error: {stderr}"));
    }
    if std::env::var_os("BAD_DAYS_SHOW").is_some() {
        eprintln!("{}", String::from_utf8_lossy(&ran.stdout));
    }
    Ok(problems)
}

fn judge(day: &Day, report: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    for code in &day.finds {
        if !findings
            .iter()
            .any(|finding| finding["code"] == code.as_str())
        {
            problems.push(format!("{code} is not found"));
        }
    }
    if let Some(may) = &day.may {
        for finding in findings
            .iter()
            .filter(|finding| finding["severity"] == "fail")
        {
            let code = text(&finding["code"]);
            if !may.iter().chain(&day.finds).any(|allowed| allowed == code) {
                problems.push(format!(
                    "{code} is found: {} because {} {}",
                    finding["subject"], finding["because"], finding["evidence"]
                ));
            }
        }
    }
    for (pointer, expected) in &day.report {
        let expected = serde_json::to_value(expected).unwrap();
        let found = report.pointer(pointer).cloned().unwrap_or_default();
        if found != expected {
            problems.push(format!("{pointer} is {found}, expected {expected}"));
        }
    }
    problems
}

fn replay(lab: &Lab, facts: &Path, exit: Option<i32>) -> Result<Vec<String>, String> {
    let mut command = lab.command(VPCHECK);
    command.arg("replay").arg(facts).args(["-o", "json"]);
    let ran = lab.run(command, PATIENCE)?;
    let again = ran.status.and_then(|status| status.code());
    Ok(match again == exit {
        true => Vec::new(),
        false => vec![format!(
            "the replay ends with {again:?}: {}",
            String::from_utf8_lossy(&ran.stderr)
        )],
    })
}

/// The most memory a process has had so far, in KiB.
fn peak_memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn summary(report: &Value) -> String {
    let findings = report["findings"].as_array().into_iter().flatten();
    let codes: Vec<String> = findings
        .map(|finding| {
            let severity = text(&finding["severity"]);
            format!(
                "{}:{}",
                &severity[..1.min(severity.len())],
                text(&finding["code"])
            )
        })
        .collect();
    codes.join(" ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}
