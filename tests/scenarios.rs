//! Runs `vpcheck` in every situation under `tests/scenarios` and compares what it finds with what is the matter.
//!
//! `cargo test --test scenarios [NAME]...` runs those whose name contains one of the words. Each runs in a process of its own,
//! since a lab is entered for good. Beside the findings, every run is held to what is true of all of them: nothing but the
//! report is written, the report is whole, a replay of its facts gives the same findings, fewer facts give no bolder ones
//! (`removal`), and stand-ins for accounts and addresses give the same (`redaction`). Where `VPCHECK_SCENARIO_REPORTS` names a directory, every report is kept there as NAME.json; the facts likewise
//! where `VPCHECK_SCENARIO_FACTS` does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "lab/mod.rs"]
mod lab;
#[path = "redaction/mod.rs"]
mod redaction;
#[path = "removal/mod.rs"]
mod removal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lab::Lab;
use lab::scenario::{self, Expect, ExpectedFinding, Scenario};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
/// How many labs run at a time.
const PARALLEL: usize = 4;
/// A run that takes longer than this has broken its deadline (20 s) by far.
const LIMIT: Duration = Duration::from_secs(40);

/// What a child tells its parent.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    exit: Option<i32>,
    wall_seconds: f64,
    stdout: String,
    stderr: String,
    report: Option<Value>,
    facts: Option<String>,
    replay_exit: Option<i32>,
    replay: Option<Value>,
    replay_stderr: String,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--inside") => return inside(&arguments[1..]),
        Some("--inventory") => return take_inventory(&arguments[1..]),
        _ => {}
    }
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let exact = arguments.iter().any(|a| a == "--exact");
    let mut words = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--format" | "--test-threads" | "--color" | "--logfile" | "--skip" => {
                rest.next();
            }
            word if !word.starts_with('-') => words.push(word),
            _ => {}
        }
    }
    let wanted: Vec<(&String, &Scenario)> = scenarios
        .iter()
        .filter(|(name, _)| {
            words.is_empty()
                || words
                    .iter()
                    .any(|w| if exact { name == w } else { name.contains(w) })
        })
        .collect();
    if arguments.iter().any(|a| a == "--list") {
        if !arguments.iter().any(|a| a == "--ignored") {
            wanted.iter().for_each(|(name, _)| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|a| a == "--ignored") {
        println!("0 passed, 0 failed");
        return ExitCode::SUCCESS;
    }
    run(&wanted)
}

fn run(wanted: &[(&String, &Scenario)]) -> ExitCode {
    let queue = Mutex::new(wanted.iter().enumerate());
    let rows: Mutex<Vec<(usize, String, bool)>> = Mutex::new(Vec::new());
    let kept: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let Some((index, (name, scenario))) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let start = Instant::now();
                    let (problems, row, facts) = match play(name, scenario) {
                        Ok(outcome) => {
                            let mut problems = judge(scenario, &outcome);
                            problems.extend(keep_report(name, &outcome).err());
                            let row = table_row(name, scenario, &outcome);
                            (problems, row, outcome.facts)
                        }
                        Err(error) => (vec![error], format!("{name:<44} did not run"), None),
                    };
                    if let Some(facts) = facts {
                        kept.lock().unwrap().insert(name.to_string(), facts);
                    }
                    let mut rows = rows.lock().unwrap();
                    let seconds = start.elapsed().as_secs_f64();
                    if problems.is_empty() {
                        println!("test {name} ... ok ({seconds:.1} s)");
                    } else {
                        println!(
                            "test {name} ... FAILED ({seconds:.1} s)\n    {}: {}",
                            scenario.title,
                            scenario
                                .why
                                .split_whitespace()
                                .collect::<Vec<_>>()
                                .join(" ")
                        );
                        problems
                            .iter()
                            .for_each(|p| println!("    {}", p.trim_end().replace('\n', "\n    ")));
                    }
                    rows.push((index, row, problems.is_empty()));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort();
    println!("\nfault and what was found (= as expected, + besides, - missing)");
    rows.iter().for_each(|(_, row, _)| println!("  {row}"));
    let failed = rows.iter().filter(|(_, _, ok)| !ok).count();
    // Only now: the labs' time limits are no match for a busy machine.
    let kept = kept.into_inner().unwrap();
    let bold = removal::judge_all(&kept);
    let shown = redaction::judge_all(&kept);
    let failed = failed + bold + shown;
    println!(
        "\n{} passed, {failed} failed",
        (rows.len() + 2).saturating_sub(failed)
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plays a scenario in a process of its own.
fn play(name: &str, scenario: &Scenario) -> Result<Outcome, String> {
    let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut arguments = vec!["--inside".to_owned(), name.to_owned()];
    if scenario.inventory.is_some() {
        let file = directory
            .path()
            .join("inventory.json")
            .display()
            .to_string();
        child(&["--inventory".to_owned(), name.to_owned(), file.clone()])?;
        arguments.push(file);
    }
    let text = child(&arguments)?;
    serde_json::from_str(&text)
        .map_err(|e| format!("the lab's answer is not understood: {e}\n{text}"))
}

fn child(arguments: &[String]) -> Result<String, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new(own)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| e.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "the lab did not start: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

fn take_inventory(arguments: &[String]) -> ExitCode {
    let taken = (|| {
        let [name, file] = arguments else {
            return Err("--inventory NAME FILE".to_owned());
        };
        let world = scenario::named(name)?
            .inventory_world()?
            .ok_or("the scenario takes no inventory")?;
        let lab = Lab::enter(world)?;
        let mut command = lab.command(VPCHECK);
        command.args(["inventory", "-o"]).arg(file);
        let ran = lab.run(command, LIMIT)?;
        match ran.status.is_some_and(|status| status.success()) && Path::new(file).exists() {
            true => Ok(()),
            false => Err(format!(
                "vpcheck inventory failed: {}",
                String::from_utf8_lossy(&ran.stderr)
            )),
        }
    })();
    finish(taken)
}

fn inside(arguments: &[String]) -> ExitCode {
    let played = (|| {
        let name = arguments.first().ok_or("--inside NAME [INVENTORY]")?;
        let scenario = scenario::named(name)?;
        let inventory = arguments.get(1).map(Path::new);
        let lab = Lab::enter(scenario.keeping(scenario.world()?, inventory))?;
        let outcome = observe(&lab, &scenario, inventory)?;
        keep_facts(name, &lab.directory().join("facts.json"))?;
        println!(
            "{}",
            serde_json::to_string(&outcome).map_err(|e| e.to_string())?
        );
        Ok(())
    })();
    finish(played)
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

fn observe(lab: &Lab, scenario: &Scenario, inventory: Option<&Path>) -> Result<Outcome, String> {
    let report = lab.directory().join("report.json");
    let facts = lab.directory().join("facts.json");
    let mut command = lab.command(VPCHECK);
    command.args(scenario.arguments(lab, inventory));
    command.arg("-o").arg(format!("json={}", report.display()));
    command.arg("--save-facts").arg(&facts);
    let ran = lab.run(command, LIMIT)?;
    let mut outcome = Outcome {
        exit: ran.status.and_then(|status| status.code()),
        wall_seconds: ran.wall.as_secs_f64(),
        stdout: String::from_utf8_lossy(&ran.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&ran.stderr).into_owned(),
        report: read_json(&report),
        facts: std::fs::read_to_string(&facts).ok(),
        replay_exit: None,
        replay: None,
        replay_stderr: String::new(),
    };
    if facts.exists() {
        let mut replay = lab.command(VPCHECK);
        replay.arg("replay").arg(&facts).args(["-o", "json"]);
        let ran = lab.run(replay, LIMIT)?;
        outcome.replay_exit = ran.status.and_then(|status| status.code());
        outcome.replay = serde_json::from_slice(&ran.stdout).ok();
        outcome.replay_stderr = String::from_utf8_lossy(&ran.stderr).into_owned();
    }
    Ok(outcome)
}

/// Keeps a report where `VPCHECK_SCENARIO_REPORTS` names a directory, for checks that others make of it.
fn keep_report(name: &str, outcome: &Outcome) -> Result<(), String> {
    let (Some(directory), Some(report)) = (
        std::env::var_os("VPCHECK_SCENARIO_REPORTS"),
        &outcome.report,
    ) else {
        return Ok(());
    };
    let path = Path::new(&directory).join(format!("{name}.json"));
    std::fs::write(&path, report.to_string())
        .map_err(|e| format!("cannot keep the report in {}: {e}", path.display()))
}

/// Keeps the facts where `VPCHECK_SCENARIO_FACTS` names a directory; a run that could not begin has none.
fn keep_facts(name: &str, facts: &Path) -> Result<(), String> {
    let Some(directory) = std::env::var_os("VPCHECK_SCENARIO_FACTS") else {
        return Ok(());
    };
    if !facts.exists() {
        return Ok(());
    }
    let path = Path::new(&directory).join(format!("{name}.json"));
    std::fs::copy(facts, &path)
        .map(drop)
        .map_err(|e| format!("cannot keep the facts in {}: {e}", path.display()))
}

fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Everything that differs from what is expected.
fn judge(scenario: &Scenario, outcome: &Outcome) -> Vec<String> {
    let expect = &scenario.expect;
    let mut problems = Vec::new();
    match outcome.exit {
        Some(code) if code == expect.exit => {}
        Some(code) => problems.push(format!("exit code {code}, expected {}", expect.exit)),
        None => problems.push(format!("stopped after {} s", LIMIT.as_secs())),
    }
    if !outcome.stdout.is_empty() {
        problems.push(format!(
            "standard output is not empty:\n{}",
            excerpt(&outcome.stdout)
        ));
    }
    let limit = expect.within_seconds.unwrap_or(21.0);
    if outcome.wall_seconds > limit {
        problems.push(format!(
            "took {:.1} s, allowed {limit} s",
            outcome.wall_seconds
        ));
    }
    let Some(report) = &outcome.report else {
        if expect.exit != 2 {
            problems.push(format!(
                "no report was written; standard error:\n{}",
                excerpt(&outcome.stderr)
            ));
        }
        return problems;
    };
    if report["verdict"] != expect.verdict.as_str() {
        problems.push(format!(
            "verdict {}, expected {:?}",
            report["verdict"], expect.verdict
        ));
    }
    if let Some(status) = &expect.canary
        && report["canary"]["status"] != status.as_str()
    {
        problems.push(format!("canary {}, expected {status:?}", report["canary"]));
    }
    for (pointer, wanted) in &expect.report {
        let found = report.pointer(pointer);
        let wanted = match wanted.as_str() {
            Some("null") => Some(Value::Null),
            _ => serde_json::to_value(wanted).ok(),
        };
        if found != wanted.as_ref() {
            problems.push(format!("{pointer}: {found:?}, expected {wanted:?}"));
        }
    }
    for (id, expected) in &expect.services {
        let found = report["services"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|s| s["service"] == id.as_str());
        let Some(found) = found else {
            problems.push(format!("service {id} is not in the report"));
            continue;
        };
        for (key, value) in [("verdict", &expected.verdict), ("route", &expected.route)] {
            if let Some(value) = value
                && found[key] != value.as_str()
            {
                problems.push(format!("{id}: {key} {}, expected {value:?}", found[key]));
            }
        }
    }
    problems.extend(judge_findings(expect, findings(report)));
    problems.extend(judge_replay(report, outcome));
    if !problems.is_empty() && !outcome.stderr.is_empty() {
        problems.push(format!("standard error:\n{}", excerpt(&outcome.stderr)));
    }
    problems
}

fn judge_findings(expect: &Expect, found: &[Value]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut left: Vec<&Value> = found.iter().collect();
    let mut unmet: Vec<&ExpectedFinding> = Vec::new();
    for expected in &expect.findings {
        match left
            .iter()
            .position(|finding| differences(expected, finding).is_empty())
        {
            Some(index) => {
                left.remove(index);
            }
            None => unmet.push(expected),
        }
    }
    for expected in unmet {
        match left
            .iter()
            .position(|finding| finding["code"] == expected.code.as_str())
        {
            Some(index) => {
                let finding = left.remove(index);
                problems.push(format!(
                    "~ {}: {}",
                    expected.code,
                    differences(expected, finding).join("; ")
                ));
            }
            None => {
                let subject = expected.subject.as_deref().unwrap_or("");
                problems.push(format!(
                    "- missing: {} {} {subject}",
                    expected.severity, expected.code
                ));
            }
        }
    }
    left.retain(|finding| {
        !expect
            .either_way
            .iter()
            .any(|code| finding["code"] == code.as_str())
    });
    for finding in left {
        problems.push(format!(
            "+ besides: {} {} {} {} because {} {}",
            text(&finding["severity"]),
            text(&finding["code"]),
            text(&finding["subject"]),
            finding["services"],
            text(&finding["because"]),
            finding["evidence"],
        ));
    }
    problems
}

fn differences(expected: &ExpectedFinding, found: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    if found["code"] != expected.code.as_str() {
        differences.push(format!("code {}", found["code"]));
    }
    if found["severity"] != expected.severity.as_str() {
        differences.push(format!(
            "severity {}, expected {}",
            found["severity"], expected.severity
        ));
    }
    if let Some(subject) = &expected.subject
        && found["subject"] != subject.as_str()
    {
        differences.push(format!(
            "subject {}, expected {subject:?}",
            found["subject"]
        ));
    }
    if let Some(services) = &expected.services {
        let have: BTreeSet<&str> = found["services"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let want: BTreeSet<&str> = services.iter().map(String::as_str).collect();
        if have != want {
            differences.push(format!("services {have:?}, expected {want:?}"));
        }
    }
    for (key, texts) in [
        ("consequences", &expected.consequences_mention),
        ("evidence", &expected.evidence_mentions),
    ] {
        let all = found[key].to_string().to_lowercase();
        for text in texts
            .iter()
            .filter(|text| !all.contains(&text.to_lowercase()))
        {
            differences.push(format!("{key} {} do not mention {text:?}", found[key]));
        }
    }
    differences
}

fn judge_replay(report: &Value, outcome: &Outcome) -> Vec<String> {
    let Some(replay) = &outcome.replay else {
        return vec![format!(
            "the facts cannot be replayed: {}",
            excerpt(&outcome.replay_stderr)
        )];
    };
    let mut problems = Vec::new();
    // As text: the order of keys counts as well.
    let (again, first) = (
        replay["findings"].to_string(),
        report["findings"].to_string(),
    );
    if again != first {
        problems.push(format!(
            "the replay finds otherwise:\n{again}\nthan:\n{first}"
        ));
    }
    if outcome.replay_exit != outcome.exit {
        problems.push(format!(
            "the replay exits with {:?}, the run with {:?}",
            outcome.replay_exit, outcome.exit
        ));
    }
    problems
}

fn table_row(name: &str, scenario: &Scenario, outcome: &Outcome) -> String {
    let mut missing: Vec<&str> = scenario
        .expect
        .findings
        .iter()
        .map(|f| f.code.as_str())
        .collect();
    let mut cells = Vec::new();
    for finding in outcome.report.as_ref().map(findings).unwrap_or_default() {
        let code = text(&finding["code"]);
        match missing.iter().position(|m| *m == code) {
            Some(index) => {
                missing.remove(index);
                cells.push(format!("={code}"));
            }
            None if scenario
                .expect
                .either_way
                .iter()
                .any(|either| either == code) =>
            {
                cells.push(format!("({code})"))
            }
            None => cells.push(format!("+{code}")),
        }
    }
    cells.extend(missing.iter().map(|code| format!("-{code}")));
    let verdict = outcome
        .report
        .as_ref()
        .map_or("no report", |report| text(&report["verdict"]));
    format!("{name:<44} {verdict:<12} {}", cells.join(" "))
}

fn findings(report: &Value) -> &[Value] {
    report["findings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn excerpt(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(30).collect();
    lines.join("\n")
}
