//! Runs `vpcheck watch` in worlds that change on the way, and through a day in a minute.
//!
//! `cargo test --test watch [NAME]...`. Each test has a lab of its own. Those that need many rounds run the library at a
//! pace that no setting gives (`run_at_pace`); the others run the program, a round a second.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod agent;
mod day;
#[path = "../lab/mod.rs"]
mod lab;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use agent::{Agent, PLACE, get, metric, rounds, send};
use lab::Lab;
use lab::world::World;
use nix::sys::signal::Signal;
use serde_json::Value;
use vpcheck::watch::Pace;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");
const PARALLEL: usize = 3;

type Test = fn(&Lab) -> Result<(), String>;

const TESTS: &[(&str, Test)] = &[
    ("a-day", day::a_day),
    ("a-group-is-closed-and-opened", a_group_is_closed_and_opened),
    ("an-answer-changes-and-changes-back", an_answer_changes),
    ("an-address-dies-and-comes-back", an_address_dies),
    ("settings-are-read-again", settings_are_read_again),
    ("what-flaps-is-told-now-and-then", what_flaps),
    ("what-passes-is-not-told", what_passes),
    ("a-silent-resolver", a_silent_resolver),
    ("a-machine-that-slept", a_machine_that_slept),
    ("strangers-at-the-door", strangers),
    ("ended-at-once", ended_at_once),
    ("what-cannot-begin", what_cannot_begin),
    ("what-prometheus-reads", what_prometheus_reads),
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = arguments.iter().filter_map(|a| a.to_str()).collect();
    match words.as_slice() {
        ["--inside", name] => return inside(name),
        ["--agent", every, standing, ..] => {
            let millis = |text: &str| Duration::from_millis(text.parse().unwrap());
            let pace = Pace {
                every: millis(every),
                inventory_every: millis(standing),
                canary_every: millis(standing),
            };
            let rest = arguments.iter().skip(3).cloned();
            return vpcheck::run_at_pace(std::iter::once("vpcheck".into()).chain(rest), pace);
        }
        _ => {}
    }
    let exact = words.contains(&"--exact");
    let named: Vec<&&str> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| {
        named.is_empty()
            || named.iter().any(|word| match exact {
                true => name == **word,
                false => name.contains(**word),
            })
    };
    let wanted: Vec<&str> = (TESTS.iter())
        .map(|(name, _)| *name)
        .filter(|name| is_wanted(name))
        .collect();
    if words.contains(&"--list") {
        if !words.contains(&"--ignored") {
            wanted.iter().for_each(|name| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    run(&wanted)
}

fn run(wanted: &[&str]) -> ExitCode {
    let queue = Mutex::new(wanted.iter());
    let failed = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let Some(name) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let start = Instant::now();
                    let output = Command::new(std::env::current_exe().unwrap())
                        .args(["--inside", name])
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
                    let text = String::from_utf8_lossy(&text).trim_end().to_owned();
                    let seconds = start.elapsed().as_secs_f64();
                    println!("test {name} ... {word} ({seconds:.1} s) {text}");
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

fn inside(name: &str) -> ExitCode {
    let Some((_, test)) = TESTS.iter().find(|(known, _)| *known == name) else {
        eprintln!("no such test");
        return ExitCode::FAILURE;
    };
    match Lab::enter(World::default()).and_then(|lab| test(&lab)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\n    {}", error.replace('\n', "\n    "));
            ExitCode::FAILURE
        }
    }
}

/// The program, a round a second.
fn program(lab: &Lab, further: &[&str]) -> Result<Agent, String> {
    program_within(lab, "700ms", "4s", further)
}

fn program_within(
    lab: &Lab,
    timeout: &str,
    deadline: &str,
    further: &[&str],
) -> Result<Agent, String> {
    let mut all = vec![
        "--every",
        "1s",
        "--timeout",
        timeout,
        "--deadline",
        deadline,
    ];
    all.extend(further);
    Agent::start(lab, lab.command(VPCHECK), &all)
}

/// The library, a round after the other, with what stands as long as this.
pub(crate) fn at_pace(
    lab: &Lab,
    every_ms: u32,
    standing_ms: u32,
    further: &[&str],
) -> Result<Agent, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut command = lab.command(own);
    // Memory is to tell what is kept, and not how an allocator with many arenas spreads it.
    command.env("MALLOC_ARENA_MAX", "1");
    command.args(["--agent", &every_ms.to_string(), &standing_ms.to_string()]);
    let mut all = vec!["--timeout", "700ms", "--deadline", "4s"];
    all.extend(further);
    Agent::start(lab, command, &all)
}

pub(crate) fn check(holds: bool, what: impl Into<String>) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(what.into()),
    }
}

pub(crate) fn world(changes: &str) -> Result<World, String> {
    let changes = toml::from_str(changes).map_err(|e| e.to_string())?;
    World::overlay(&changes)
}

const CLOSED: &str = r#"
[security_groups.sg-0e0d0c0b0a0900003]
name = "locked"
vpc = "vpc-0a1b2c3d4e5f60718"
ingress = [{ from = 8443, to = 8443, cidrs = ["10.0.0.0/16"] }]
[endpoints.ssm]
groups = ["sg-0e0d0c0b0a0900003"]
"#;
const PRIVATE_DNS_OFF: &str = "[endpoints.ssm]\nprivate_dns = false\n";
const ADDRESS_DOWN: &str = "[addresses.\"10.0.11.60\"]\ntcp = \"swallow\"\n";
const SILENT: &str = "[dns.overrides.vpc.\"*\"]\nstatus = \"timeout\"\n";

/// What came of findings in a document that tells a change: `+code` and `-code`.
fn findings(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().into_iter().flatten();
    findings
        .map(|finding| {
            let sign = match finding["change"].as_str() {
                Some("added") => "+",
                Some("removed") => "-",
                _ => "*",
            };
            format!("{sign}{}", finding["code"].as_str().unwrap_or("?"))
        })
        .collect()
}

/// The world turns and turns back: each is told once, with this finding, and seen in every place.
fn there_and_back(lab: &Lab, turned: &str, code: &str) -> Result<(), String> {
    let agent = program(lab, &[])?;
    let told = agent.wait_told(1)?;
    check(
        told[0]["verdict"] == "pass",
        format!("at first: {}", told[0]),
    )?;
    check(
        told[0]["services"].as_array().is_some_and(|s| s.len() > 5),
        "not the whole report",
    )?;
    agent.rounds(3)?;
    check(
        agent.told().len() == 1,
        "something is told though nothing changed",
    )?;
    check(
        get("/healthz").is_some_and(|(status, _)| status == 200),
        "not healthy at first",
    )?;
    check(
        agent.evidence_files() == 1,
        "no evidence of the first round",
    )?;

    lab.turn(world(turned)?)?;
    let told = agent.wait_told(2)?;
    check(
        findings(&told[1]) == [format!("+{code}")],
        format!("told: {}", told[1]),
    )?;
    check(
        told[1]["verdict"]["new"] == "fail",
        "the verdict is not told",
    )?;
    agent.rounds(3)?;
    check(
        agent.told().len() == 2,
        format!("told again: {:?}", agent.told().get(2)),
    )?;
    let health = get("/healthz");
    check(
        health
            .as_ref()
            .is_some_and(|(status, text)| *status == 503 && text.starts_with("FAIL")),
        format!("{health:?}"),
    )?;
    check(
        metric("vpcheck_verdict{verdict=\"fail\"}") == Some(1.0),
        "the metrics do not say fail",
    )?;
    check(
        metric("vpcheck_changes_total") == Some(1.0),
        "the change is not counted",
    )?;
    let series = format!("vpcheck_findings{{code=\"{code}\",severity=\"fail\"}}");
    check(
        metric(&series) == Some(1.0),
        "the metrics do not tell the finding",
    )?;
    check(agent.evidence_files() == 2, "no evidence of the change")?;

    lab.turn(World::default())?;
    let told = agent.wait_told(3)?;
    check(
        findings(&told[2]) == [format!("-{code}")],
        format!("told: {}", told[2]),
    )?;
    agent.rounds(2)?;
    check(
        get("/healthz").is_some_and(|(status, _)| status == 200),
        "not healthy again",
    )?;
    check(agent.evidence_files() == 3, "no evidence of the way back")?;
    check(agent.told().len() == 3, "told again")?;
    let report: Value = get("/report.json")
        .and_then(|(_, text)| serde_json::from_str(&text).ok())
        .ok_or("no report")?;
    check(report["verdict"] == "pass", "the report is another")?;
    let (_, metrics) = get("/metrics").ok_or("no metrics")?;
    check(
        !metrics.contains("10.0."),
        format!("an address in the metrics: {metrics}"),
    )?;

    let (status, took, managed) = agent.end(Signal::SIGTERM)?;
    check(status.code() == Some(0), format!("ended with {status}"))?;
    check(
        took < Duration::from_secs(2),
        format!("took {took:?} to end"),
    )?;
    for word in [
        "READY=1",
        "WATCHDOG=1",
        "STATUS=FAIL",
        "STATUS=PASS",
        "STOPPING=1",
    ] {
        let heard = managed.iter().any(|state| state.starts_with(word));
        check(heard, format!("{word} was not told: {managed:?}"))?;
    }
    Ok(())
}

fn a_group_is_closed_and_opened(lab: &Lab) -> Result<(), String> {
    there_and_back(lab, CLOSED, "security-group-blocks-443")
}

fn an_answer_changes(lab: &Lab) -> Result<(), String> {
    there_and_back(lab, PRIVATE_DNS_OFF, "private-dns-disabled")
}

fn an_address_dies(lab: &Lab) -> Result<(), String> {
    there_and_back(lab, ADDRESS_DOWN, "endpoint-address-down")
}

fn settings_are_read_again(lab: &Lab) -> Result<(), String> {
    let file = lab.directory().join("vpcheck.toml");
    let write = |text: &str| std::fs::write(&file, text).map_err(|e| e.to_string());
    write("expect = 'private'\n")?;
    let agent = program(lab, &["--config", &file.display().to_string()])?;
    agent.wait_told(1)?;

    for wrong in [
        "expect = 'privat'\n",
        "expect = \n",
        "resolver = ['nobody']\n",
    ] {
        let said = agent.errors().lines().count();
        write(wrong)?;
        agent.signal(Signal::SIGHUP)?;
        agent.wait("a complaint", || agent.errors().lines().count() > said)?;
        let errors = agent.errors();
        check(
            errors.lines().count() == said + 1,
            format!("not one sentence: {errors}"),
        )?;
        check(errors.contains("the settings stay as they were"), errors)?;
        agent.rounds(2)?;
        let reloaded = metric("vpcheck_config_last_reload_successful");
        check(reloaded == Some(0.0), format!("{reloaded:?}"))?;
    }
    check(agent.told().len() == 1, "wrong settings changed something")?;

    write("expect = 'reachable'\nseverity = { legacy-name-public = 'off' }\n")?;
    agent.signal(Signal::SIGHUP)?;
    let told = agent.wait_told(2)?;
    check(
        findings(&told[1]) == ["-legacy-name-public"],
        told[1].to_string(),
    )?;
    let changes = told[1]["changes"].to_string();
    check(
        changes.contains("reachable"),
        format!("the option is not told: {changes}"),
    )?;
    check(
        metric("vpcheck_config_last_reload_successful") == Some(1.0),
        "not told as right",
    )?;
    let managed = agent.managed();
    let reloading = managed.iter().position(|state| state == "RELOADING=1");
    let ready = managed.iter().rposition(|state| state == "READY=1");
    check(
        reloading.is_some() && reloading < ready,
        format!("{managed:?}"),
    )?;
    agent.end(Signal::SIGINT).map(drop)
}

fn what_flaps(lab: &Lab) -> Result<(), String> {
    let agent = at_pace(lab, 50, 60_000, &["ssm", "sqs"])?;
    agent.wait_told(1)?;
    for at in 0..26 {
        let changes = if at % 2 == 0 { PRIVATE_DNS_OFF } else { "" };
        lab.turn(world(changes)?)?;
        agent.rounds(2)?;
    }
    let told = agent.told().len();
    check(
        (5..=12).contains(&told),
        format!("{told} documents about what flaps"),
    )?;
    check(
        agent.evidence_files() == told,
        "evidence is not of what was told",
    )?;
    let held_back = metric("vpcheck_changes_held_back_total");
    check(
        held_back > Some(5.0),
        format!("{held_back:?} changes held back"),
    )?;
    check(
        get("/healthz").is_some_and(|(status, _)| status == 200),
        "the metrics lag behind",
    )
}

fn what_passes(lab: &Lab) -> Result<(), String> {
    // The first look of a round is turned away by the world, and the second one is not: half a round's time each.
    let agent = program(lab, &["ssm", "sqs"])?;
    agent.wait_told(1)?;
    let start = Instant::now();
    while metric("vpcheck_changes_passing_total") == Some(0.0) {
        check(start.elapsed() < Duration::from_secs(40), "nothing passed")?;
        let before = rounds();
        agent.wait("the next round", || rounds() > before)?;
        // The next round begins within a second: its first look waits for one address until 700 ms are over.
        lab.turn(world(ADDRESS_DOWN)?)?;
        std::thread::sleep(Duration::from_millis(1200));
        lab.turn(World::default())?;
        agent.rounds(1)?;
    }
    let changed = metric("vpcheck_changes_total").unwrap_or_default();
    let told = agent.told().len();
    check(
        told == 1 + changed as usize,
        format!("{told} documents, {changed} changes"),
    )
}

fn a_silent_resolver(lab: &Lab) -> Result<(), String> {
    let agent = program_within(lab, "900ms", "900ms", &[])?;
    agent.wait_told(1)?;
    lab.turn(world(SILENT)?)?;
    agent.wait_told(2)?;
    agent.rounds(3)?;
    check(
        get("/healthz").is_some_and(|(status, _)| status == 503),
        "healthy without names",
    )?;
    lab.turn(World::default())?;
    agent.wait("health", || {
        get("/healthz").is_some_and(|(status, _)| status == 200)
    })?;
    agent.rounds(3)?;
    check(
        metric("vpcheck_rounds_at_deadline_total") > Some(1.0),
        "no deadline is counted",
    )?;
    let told = agent.told();
    let last = told.last().cloned().unwrap_or_default();
    check(
        last["verdict"]["new"] == "pass",
        format!("the last that was told: {last}"),
    )
}

fn a_machine_that_slept(lab: &Lab) -> Result<(), String> {
    let agent = program(lab, &["ssm", "sqs"])?;
    agent.wait_told(1)?;
    agent.rounds(2)?;
    let before = rounds();
    agent.signal(Signal::SIGSTOP)?;
    std::thread::sleep(Duration::from_secs(6));
    agent.signal(Signal::SIGCONT)?;
    std::thread::sleep(Duration::from_millis(2500));
    let more = rounds() - before;
    check(
        (1..=5).contains(&more),
        format!("{more} rounds in 2.5 s after 6 s of sleep"),
    )?;
    check(agent.told().len() == 1, "sleeping changed something")
}

fn strangers(lab: &Lab) -> Result<(), String> {
    let agent = program(lab, &["ssm", "sqs"])?;
    agent.wait_told(1)?;
    let first = |request: &[u8]| {
        let answer = send(PLACE, request).unwrap_or_default();
        answer.lines().next().unwrap_or("nothing").to_owned()
    };
    let with_host = |line: &str| format!("{line}\r\nHost: 127.0.0.1:9442\r\n\r\n").into_bytes();
    for (request, expected) in [
        (with_host("GET /healthz HTTP/1.1"), "HTTP/1.1 200 "),
        (with_host("HEAD /metrics HTTP/1.1"), "HTTP/1.1 200 "),
        (with_host("GET /etc/passwd HTTP/1.1"), "HTTP/1.1 404 "),
        (with_host("POST /metrics HTTP/1.1"), "HTTP/1.1 405 "),
        (with_host("BREW"), "HTTP/1.1 400 "),
        (
            b"GET / HTTP/1.1\r\nHost: rebound.example.com\r\n\r\n".to_vec(),
            "HTTP/1.1 421 ",
        ),
        (
            [b"GET /".to_vec(), vec![b'a'; 200_000]].concat(),
            "HTTP/1.1 431 ",
        ),
    ] {
        let line = first(&request);
        check(
            line.starts_with(expected),
            format!("{expected} expected, found {line}"),
        )?;
    }
    let head = send(PLACE, &with_host("HEAD /report.json HTTP/1.1")).unwrap_or_default();
    check(
        head.ends_with("\r\n\r\n"),
        "a body without being asked for one",
    )?;
    // They come in numbers, say half a word and wait.
    let mut idle: Vec<TcpStream> = (0..60)
        .filter_map(|_| TcpStream::connect(PLACE).ok())
        .collect();
    for stream in &mut idle {
        // Some are turned away already.
        let _ = stream.write_all(b"GET /met");
    }
    let used = agent.usage();
    check(used.sockets < 60, format!("all are let in: {used:?}"))?;
    agent.wait("an answer beside them", || {
        get("/healthz").is_some_and(|(status, _)| status == 200)
    })?;
    let mut text = String::new();
    let said = idle.iter_mut().filter_map(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(9))).ok()?;
        text.clear();
        stream.read_to_string(&mut text).ok()?;
        text.starts_with("HTTP/1.1 408").then_some(())
    });
    check(said.count() > 0, "nobody was told that it takes too long")?;
    check(agent.told().len() == 1, "strangers changed something")
}

fn ended_at_once(lab: &Lab) -> Result<(), String> {
    // Amid a round that waits for its timeouts, and before any round is done.
    lab.turn(world(SILENT)?)?;
    let agent = program(lab, &["--region", "us-east-1"])?;
    agent.wait("the door", || TcpStream::connect(PLACE).is_ok())?;
    let health = get("/healthz");
    check(
        health.as_ref().is_some_and(|(status, _)| *status == 503),
        format!("{health:?}"),
    )?;
    std::thread::sleep(Duration::from_millis(300));
    let (status, took, managed) = agent.end(Signal::SIGTERM)?;
    check(status.code() == Some(0), format!("ended with {status}"))?;
    check(
        took < Duration::from_secs(2),
        format!("took {took:?} to end"),
    )?;
    check(
        managed.last().is_some_and(|state| state == "STOPPING=1"),
        format!("{managed:?}"),
    )
}

fn what_cannot_begin(lab: &Lab) -> Result<(), String> {
    let taken = std::net::TcpListener::bind("127.0.0.1:9443").map_err(|e| e.to_string())?;
    for (arguments, says) in [
        (&["--every", "10ms"][..], "--every: expected from 1s to 1d"),
        (
            &["--inventory-every", "1s"],
            "--inventory-every: expected from 60s to 1d",
        ),
        (&["--listen", "9442"], "did you mean 127.0.0.1:9442?"),
        (
            &["--listen", "127.0.0.1:9443"],
            "cannot listen on 127.0.0.1:9443",
        ),
        (&["-o", "html"], "html is for one run"),
        (&["--service-roots", "/dev/null"], "/dev/null"),
    ] {
        let mut command = lab.command(VPCHECK);
        command.arg("watch").args(arguments);
        let ran = lab.run(command, Duration::from_secs(10))?;
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        let code = ran.status.and_then(|status| status.code());
        check(
            code == Some(2),
            format!("{arguments:?} ended with {code:?}: {said}"),
        )?;
        check(
            said.contains(says) && said.lines().count() == 1,
            format!("{arguments:?}: {said}"),
        )?;
    }
    drop(taken);
    Ok(())
}

/// The exposition is one: each family described once and before its series, no series twice, histograms that add up.
fn what_prometheus_reads(lab: &Lab) -> Result<(), String> {
    lab.turn(world(ADDRESS_DOWN)?)?;
    let agent = program(lab, &[])?;
    agent.wait_told(1)?;
    agent.rounds(2)?;
    let (_, text) = get("/metrics").ok_or("no metrics")?;
    let mut families: Vec<(&str, &str)> = Vec::new();
    let mut series: Vec<&str> = Vec::new();
    let mut in_bucket = 0;
    for line in text.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').ok_or(line)?;
            check(
                families.iter().all(|(known, _)| *known != name),
                format!("twice: {line}"),
            )?;
            check(
                kind != "counter" || name.ends_with("_total"),
                format!("no counter's name: {line}"),
            )?;
            families.push((name, kind));
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (labelled, number) = line.rsplit_once(' ').ok_or(line)?;
        let number: f64 = number.parse().map_err(|_| format!("no number: {line}"))?;
        check(!series.contains(&labelled), format!("twice: {line}"))?;
        series.push(labelled);
        let name = labelled.split('{').next().unwrap_or(labelled);
        let (family, kind) = families.last().copied().ok_or("a series of no family")?;
        let suffix = name
            .strip_prefix(family)
            .ok_or(format!("not of {family}: {line}"))?;
        match (kind, suffix) {
            ("histogram", "_bucket") => {
                let number = number as u64;
                check(number >= in_bucket, format!("fewer within more: {line}"))?;
                in_bucket = number;
            }
            ("histogram", "_sum") => {}
            ("histogram", "_count") => {
                check(number as u64 == in_bucket, format!("another count: {line}"))?;
                in_bucket = 0;
            }
            ("gauge" | "counter", "") => {}
            _ => return Err(format!("a {kind} of this name: {line}")),
        }
    }
    check(
        families.iter().any(|(_, kind)| *kind == "histogram"),
        "there is no histogram",
    )?;
    // Prometheus's own reader, where it is installed.
    let Ok(mut reader) = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        return Ok(());
    };
    if let Some(mut input) = reader.stdin.take() {
        input
            .write_all(text.as_bytes())
            .map_err(|e| e.to_string())?;
    }
    let read = reader.wait_with_output().map_err(|e| e.to_string())?;
    let said = [read.stdout, read.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    check(read.status.success() && said.trim().is_empty(), said)
}
