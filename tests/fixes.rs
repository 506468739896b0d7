//! Runs the commands of every failing finding's fix in the lab, and checks again: the finding has to be gone.
//!
//! `cargo test --test fixes` takes the scenarios with one failing finding, and of those whose finding is on the list the first
//! few; `--test fixes -- --all` takes every one, `--test fixes -- NAME...` those whose name contains one of the words. A fix may show what it hid: then that one's
//! commands are run as well, until the check passes. What commands cannot mend is listed in [`NOT_EXPRESSIBLE`] with the
//! reason, and an entry that is not needed fails. The commands of every finding, of whatever severity, are held to the
//! syntax of their tools. Where `VPCHECK_FIX_COMMANDS` names a file, all commands are written there, one a line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "lab/mod.rs"]
mod lab;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lab::Lab;
use lab::fix::Setting;
use lab::scenario::{self, Scenario};
use serde_json::Value;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
/// How many labs run at a time: they wait more than they work.
const PARALLEL: usize = 4;
const LIMIT: Duration = Duration::from_secs(40);
/// Of how many scenarios the same listed code is taken.
const FEW: usize = 2;
/// How often a fix may show the next fault.
const ROUNDS: usize = 5;

/// What no command mends: the code, the scenarios (none: all that have it), and why.
const NOT_EXPRESSIBLE: &[(&str, &[&str], &str)] = &[
    (
        "access-denied",
        &[],
        "the service names no policy, and those that could be read do not refuse the call",
    ),
    (
        "canary-corrupted",
        &[],
        "something between here and SQS changes requests, and no configuration says what",
    ),
    (
        "canary-failed",
        &[],
        "the service's message is all there is to go by",
    ),
    (
        "canary-timeout",
        &[],
        "SQS takes the request and never answers",
    ),
    (
        "custom-resolver-bypass",
        &["custom-resolver-bypass-cluster"],
        "a cluster's resolver is configured in the cluster, and knows names that no other does",
    ),
    (
        "credentials-invalid",
        &["credentials-invalid-signature"],
        "the credential is the role's own, and a signature is spoilt by what is between",
    ),
    (
        "endpoint-address-down",
        &["hub-address-down"],
        "the endpoint is another account's, and not to be seen from here",
    ),
    (
        "dns-refused",
        &[],
        "the VPC's own resolver refuses; what makes it do so is not to be seen from here",
    ),
    (
        "dns-servfail",
        &["dns-servfail", "double-servfail-and-missing"],
        "the VPC's own resolver fails; what makes it do so is not to be seen from here",
    ),
    (
        "identity-policy-denies",
        &[
            "identity-policy-denies-boundary",
            "identity-policy-denies-scp",
            "identity-policy-denies-session",
        ],
        "the document that refuses is not read, and one that is not known cannot be amended",
    ),
    (
        "large-request-stalls",
        &[],
        "a device on the way loses large packets; what it is is not to be seen from here",
    ),
    (
        "name-not-found",
        &[],
        "the name exists nowhere, or a DNS firewall hides it without a word",
    ),
    (
        "not-the-service",
        &[],
        "what answers in the service's place is no part of the configuration",
    ),
    (
        "queue-policy-denies",
        &[
            "double-private-dns-and-queue-policy",
            "queue-policy-denies",
            "queue-policy-denies-public-path",
            "queue-policy-denies-vpc",
        ],
        "the policy denies reading it too, and one that is not known cannot be amended",
    ),
    (
        "tcp-refused",
        &[],
        "something refuses in the service's place, and all the configuration was read",
    ),
    (
        "tcp-timeout",
        &["tcp-timeout"],
        "the configuration was all read and lets the packets through",
    ),
    (
        "tcp-unreachable",
        &[],
        "the network says that there is no way, and all the configuration was read",
    ),
    (
        "tls-expired",
        &[],
        "what answers with such a certificate is no part of the configuration",
    ),
    (
        "tls-intercepted",
        &[],
        "the device that intercepts is no part of the configuration",
    ),
    (
        "tls-large-hello-dropped",
        &[],
        "the firewall that drops the packets is no part of the configuration",
    ),
    (
        "tls-name-filtered",
        &[],
        "the firewall that filters names is no part of the configuration",
    ),
    (
        "tls-name-mismatch",
        &[],
        "what answers under the name is no part of the configuration",
    ),
    (
        "tls-not-yet-valid",
        &[],
        "what answers with such a certificate is no part of the configuration",
    ),
    (
        "tls-reset",
        &[],
        "the firewall that breaks connections off is no part of the configuration",
    ),
    (
        "tls-timeout",
        &[],
        "the firewall that stalls connections is no part of the configuration",
    ),
    (
        "tls-too-old",
        &[],
        "what answers with an old TLS is no part of the configuration",
    ),
];

/// Scenarios in which something is left that is no failure and that no command ends.
const INCONCLUSIVE: &[(&str, &str)] = &[(
    "double-missing-and-throttled-canary",
    "the canary is throttled",
)];

/// What one finding's fix came to.
#[derive(Clone, Debug)]
struct Row {
    scenario: String,
    code: String,
    subject: String,
    commands: Vec<String>,
    outcome: Result<String, String>,
}

#[derive(Default)]
struct Ledger {
    rows: Vec<(usize, Vec<Row>)>,
    commands: BTreeSet<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--inside") => return finish(inside(&arguments[1..])),
        Some("--inventory") => return finish(take_inventory(&arguments[1..])),
        _ => {}
    }
    let every = arguments.iter().any(|a| a == "--all");
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => return finish(Err(error)),
    };
    let mut listed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut enough = |scenario: &Scenario| {
        let mut codes = scenario
            .expect
            .findings
            .iter()
            .filter(|f| f.severity == "fail");
        let (Some(first), None) = (codes.next(), codes.next()) else {
            return true;
        };
        let known = NOT_EXPRESSIBLE
            .iter()
            .find(|(code, scenarios, _)| *code == first.code && scenarios.is_empty());
        known.is_some_and(|(code, ..)| {
            let count = listed.entry(code).or_default();
            *count += 1;
            *count > FEW
        })
    };
    let wanted: Vec<(&String, &Scenario)> = scenarios
        .iter()
        .filter(|(name, _)| words.is_empty() || words.iter().any(|w| name.contains(*w)))
        .filter(|(_, scenario)| scenario.command == "check")
        .filter(|(_, scenario)| {
            scenario
                .expect
                .findings
                .iter()
                .any(|f| f.severity == "fail")
        })
        .filter(|(_, scenario)| every || !words.is_empty() || !enough(scenario))
        .collect();
    if arguments.iter().any(|a| a == "--list") {
        if !arguments.iter().any(|a| a == "--ignored") {
            println!("fixes: test");
        }
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|a| a == "--ignored") {
        return ExitCode::SUCCESS;
    }
    run(&wanted, words.is_empty())
}

fn run(wanted: &[(&String, &Scenario)], all: bool) -> ExitCode {
    let start = Instant::now();
    let queue = Mutex::new(wanted.iter().enumerate());
    let ledger = Mutex::new(Ledger::default());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let Some((index, (name, scenario))) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let mut commands = BTreeSet::new();
                    let rows = mend(name, scenario, &mut commands).unwrap_or_else(|error| {
                        vec![Row {
                            scenario: (*name).clone(),
                            code: String::new(),
                            subject: String::new(),
                            commands: Vec::new(),
                            outcome: Err(error),
                        }]
                    });
                    let mut ledger = ledger.lock().unwrap();
                    ledger.rows.push((index, rows));
                    ledger.commands.append(&mut commands);
                }
            });
        }
    });
    let mut ledger = ledger.into_inner().unwrap();
    ledger.rows.sort_by_key(|(index, _)| *index);
    let rows: Vec<Row> = ledger.rows.into_iter().flat_map(|(_, rows)| rows).collect();
    let mut failed = 0;
    for row in &rows {
        let outcome = match &row.outcome {
            Ok(outcome) => outcome.clone(),
            Err(problem) => {
                failed += 1;
                format!("FAILED: {problem}")
            }
        };
        println!("{:<44} {:<28} {outcome}", row.scenario, row.code);
        row.commands.iter().for_each(|c| println!("    $ {c}"));
    }
    if all {
        for unused in unused(&rows, wanted) {
            failed += 1;
            println!(
                "FAILED: the list says that {unused} is not expressible; no scenario needs that"
            );
        }
    }
    if let Some(path) = std::env::var_os("VPCHECK_FIX_COMMANDS") {
        let lines: Vec<String> = ledger.commands.into_iter().collect();
        std::fs::write(path, lines.join("\n") + "\n").expect("the file can be written");
    }
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in &rows {
        let (applied, not) = counts.entry(&row.code).or_default();
        match &row.outcome {
            Ok(outcome) if outcome.starts_with("not ") => *not += 1,
            Ok(_) => *applied += 1,
            Err(_) => {}
        }
    }
    println!("\ncode, fixes applied and the check passed, fixes not expressible");
    for (code, (applied, not)) in counts {
        println!("  {code:<32} {applied:>3} {not:>3}");
    }
    println!(
        "\n{} fixes, {failed} failed ({:.0} s)",
        rows.len(),
        start.elapsed().as_secs_f64()
    );
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Applies the fixes of a scenario's failing findings until the check passes or nothing is left to apply.
fn mend(
    name: &str,
    scenario: &Scenario,
    commands: &mut BTreeSet<String>,
) -> Result<Vec<Row>, String> {
    let mut setting = Setting::of(scenario)?;
    let mut rows: Vec<Row> = Vec::new();
    let (_, mut report) = play(&setting)?;
    for round in 0..ROUNDS {
        check_syntax(&setting, &report, commands)?;
        let mut applied: Vec<usize> = Vec::new();
        // Where nothing fails any more and something is still unknown, what warns of that has a fix as well.
        let severity = match failing(&report).next() {
            Some(_) => "fail",
            None => "warn",
        };
        for finding in of_severity(&report, severity) {
            let code = text(&finding["code"]).to_owned();
            let lines = strings(&finding["fix"]["commands"]);
            let mut row = Row {
                scenario: name.to_owned(),
                code: code.clone(),
                subject: text(&finding["subject"]).to_owned(),
                commands: lines.clone(),
                outcome: Ok(String::new()),
            };
            let excuse = excuse(name, &code);
            match (setting.apply(&lines), excuse) {
                (Err(error), _) => row.outcome = Err(error),
                (Ok(0), Some(reason)) => row.outcome = Ok(format!("not expressible: {reason}")),
                (Ok(0), None) if severity == "warn" => continue,
                (Ok(0), None) => row.outcome = Err("the commands change nothing".into()),
                // Beside a fault that nothing mends, such a finding may stay.
                (Ok(_), Some(_)) => {
                    row.outcome = Err("it is expressible, and listed as not".into())
                }
                (Ok(_), None) => applied.push(rows.len()),
            }
            rows.push(row);
        }
        if applied.is_empty() {
            break;
        }
        let exit;
        (exit, report) = play(&setting)?;
        let left: Vec<(&str, &str)> = failing(&report)
            .map(|f| (text(&f["code"]), text(&f["subject"])))
            .collect();
        let mut unknown = false;
        for index in applied {
            let row = &mut rows[index];
            let unfixed = left.contains(&(row.code.as_str(), row.subject.as_str()));
            row.outcome = match (unfixed, left.is_empty(), exit) {
                (true, ..) => Err(format!(
                    "it is still found: {}",
                    findings_of(&report, &row.code)
                )),
                (false, true, Some(0)) => Ok("applied → pass".into()),
                (false, true, Some(3)) if INCONCLUSIVE.iter().any(|(known, _)| *known == name) => {
                    Ok("applied → gone; the rest is inconclusive, as it was".into())
                }
                (false, true, Some(3)) if of_severity(&report, "warn").next().is_some() => {
                    unknown = true;
                    Ok("applied → gone; then something is unknown".into())
                }
                (false, true, other) => Err(format!(
                    "nothing is found, and the exit code is {other:?}: {}",
                    report["verdict"]
                )),
                (false, false, _) => Ok(format!("applied → gone; then {}", codes(&left))),
            };
        }
        if (left.is_empty() && !unknown) || rows.iter().any(|row| row.outcome.is_err()) {
            break;
        }
        if round + 1 == ROUNDS {
            return Err(format!(
                "after {ROUNDS} rounds there is still {}",
                codes(&left)
            ));
        }
    }
    // What was found again, round after round, and cannot be mended, is said once.
    let mut said = BTreeSet::new();
    rows.retain(|row| {
        !row.outcome.as_ref().is_ok_and(|o| o.starts_with("not ")) || said.insert(row.code.clone())
    });
    Ok(rows)
}

/// Every command has to be one that its tool takes, whatever the finding's severity.
fn check_syntax(
    setting: &Setting,
    report: &Value,
    commands: &mut BTreeSet<String>,
) -> Result<(), String> {
    for finding in report["findings"].as_array().into_iter().flatten() {
        let lines = strings(&finding["fix"]["commands"]);
        commands.extend(lines.iter().cloned());
        if finding["severity"] != "fail" {
            setting
                .clone()
                .apply(&lines)
                .map_err(|e| format!("{}: {e}", text(&finding["code"])))?;
        }
    }
    Ok(())
}

fn excuse(scenario: &str, code: &str) -> Option<&'static str> {
    let listed = NOT_EXPRESSIBLE.iter().find(|(known, scenarios, _)| {
        *known == code && (scenarios.is_empty() || scenarios.contains(&scenario))
    });
    listed.map(|(_, _, reason)| *reason)
}

/// What the list excuses and no scenario needs.
fn unused(rows: &[Row], wanted: &[(&String, &Scenario)]) -> Vec<String> {
    let needed = |code: &str, scenario: Option<&str>| {
        rows.iter().any(|row| {
            row.code == code
                && scenario.is_none_or(|name| row.scenario == name)
                && row.outcome.as_ref().is_ok_and(|o| o.starts_with("not "))
        })
    };
    let mut unused = Vec::new();
    for (code, scenarios, _) in NOT_EXPRESSIBLE {
        if scenarios.is_empty() && !needed(code, None) {
            unused.push((*code).to_owned());
        }
        for scenario in *scenarios {
            let ran = wanted.iter().any(|(name, _)| name == scenario);
            if ran && !needed(code, Some(scenario)) {
                unused.push(format!("{code} of {scenario}"));
            }
        }
    }
    unused
}

fn failing(report: &Value) -> impl Iterator<Item = &Value> {
    of_severity(report, "fail")
}

fn of_severity<'a>(report: &'a Value, severity: &'a str) -> impl Iterator<Item = &'a Value> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings.filter(move |finding| finding["severity"] == severity)
}

fn findings_of(report: &Value, code: &str) -> String {
    let of_code = failing(report).filter(|finding| finding["code"] == code);
    let told: Vec<String> = of_code
        .map(|f| {
            format!(
                "{} {} {}",
                text(&f["title"]),
                f["evidence"],
                f["fix"]["commands"]
            )
        })
        .collect();
    told.join("; ")
}

fn codes(left: &[(&str, &str)]) -> String {
    let codes: BTreeSet<&str> = left.iter().map(|(code, _)| *code).collect();
    codes.into_iter().collect::<Vec<_>>().join(", ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn strings(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.map(|item| text(item).to_owned()).collect()
}

/// Plays a setting in a process of its own: its exit code and report.
fn play(setting: &Setting) -> Result<(Option<i32>, Value), String> {
    let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
    let file = |name: &str| directory.path().join(name).display().to_string();
    let write = |name: &str, text: String| {
        std::fs::write(file(name), text).map_err(|e| format!("cannot write {name}: {e}"))
    };
    write("setting.json", json(setting)?)?;
    let mut arguments = vec!["--inside".to_owned(), file("setting.json")];
    if let Some(world) = setting.inventory_world()? {
        write("world.json", json(&world)?)?;
        child(&[
            "--inventory".to_owned(),
            file("world.json"),
            file("inventory.json"),
        ])?;
        arguments.push(file("inventory.json"));
    }
    let told = child(&arguments)?;
    serde_json::from_str(&told)
        .map_err(|e| format!("the lab's answer is not understood: {e}\n{told}"))
}

fn json(value: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|e| e.to_string())
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
            "the lab did not run: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

fn inside(arguments: &[String]) -> Result<(), String> {
    let file = arguments.first().ok_or("--inside SETTING [INVENTORY]")?;
    let setting: Setting = read(file)?;
    let inventory = arguments.get(1).map(Path::new);
    let lab = Lab::enter(setting.scenario.keeping(setting.world, inventory))?;
    let mut command = lab.command(VPCHECK);
    command.args(setting.scenario.arguments(&lab, inventory));
    command.args(["-o", "json"]);
    let ran = lab.run(command, LIMIT)?;
    let report: Value = serde_json::from_slice(&ran.stdout).map_err(|e| {
        format!(
            "no report was written ({e}): {}",
            String::from_utf8_lossy(&ran.stderr)
        )
    })?;
    println!("{}", json(&(ran.status.and_then(|s| s.code()), report))?);
    Ok(())
}

fn take_inventory(arguments: &[String]) -> Result<(), String> {
    let [world, file] = arguments else {
        return Err("--inventory WORLD FILE".into());
    };
    let lab = Lab::enter(read(world)?)?;
    let mut command = lab.command(VPCHECK);
    command.args(["inventory", "-o"]).arg(file);
    let ran = lab.run(command, LIMIT)?;
    match ran.status.is_some_and(|status| status.success()) {
        true => Ok(()),
        false => Err(format!(
            "vpcheck inventory failed: {}",
            String::from_utf8_lossy(&ran.stderr)
        )),
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &str) -> Result<T, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("cannot read {file}: {e}"))?;
    serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))
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
