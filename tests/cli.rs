//! The binary at its edges: what it says and how it exits where nothing of a network is needed.
//!
//! Every run is in a network namespace of its own with nothing in it, so that no test can send a packet anywhere.
//! Reports are of recorded facts (`tests/cli/facts.json`), which every later version has to be able to read. They were
//! recorded with `cargo run --example demo -- --exec vpcheck check sqs --inventory off --save-facts FILE` and the lab's
//! `--service-roots`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

const VPCHECK: &str = env!("CARGO_BIN_EXE_vpcheck");

/// How to enter a network namespace here: root may not need, or not have, a user namespace.
static AWAY: LazyLock<&'static [&'static str]> = LazyLock::new(|| {
    let works = |words: &[&str]| {
        let status = Command::new("unshare").args(words).arg("true").status();
        status.is_ok_and(|status| status.success())
    };
    let ways: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];
    ways.into_iter().find(|way| works(way)).expect(
        "unshare enters a network namespace: util-linux, and user namespaces allowed or root",
    )
});

fn command(words: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(*AWAY)
        .arg(VPCHECK)
        .args(words)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

fn run(words: &[&str]) -> Output {
    command(words).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a successful command prints; nothing may be on standard error.
fn prints(words: &[&str]) -> String {
    let output = run(words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", err(&output));
    assert_eq!(err(&output), "", "{words:?}");
    let text = out(&output);
    assert!(text.ends_with('\n'), "{words:?}: {text:?}");
    text
}

/// What is said of a mistake: one sentence on standard error, nothing on standard output, exit code 2.
fn mistake(words: &[&str]) -> String {
    let output = run(words);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {}", err(&output));
    assert_eq!(out(&output), "", "{words:?}");
    let said = err(&output);
    assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
    assert!(said.starts_with("vpcheck: "), "{words:?}: {said}");
    said
}

fn facts() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/cli/facts.json").display().to_string()
}

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Scratch {
        Scratch(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

#[test]
fn a_value_that_is_none_is_one_sentence_that_names_it() {
    for (words, said) in [
        (&["sqs..amazonaws.com"][..], "TARGET"),
        (&["-sqs.amazonaws.com"], ""),
        (&["http://sqs.us-east-1.amazonaws.com"], "https://"),
        (&["ftp://sqs.us-east-1.amazonaws.com"], "https://"),
        (&["sqss"], "did you mean sqs?"),
        (&["--vpc-cidr", "10.0.0.0/33"], "--vpc-cidr"),
        (&["--vpc-cidr", "10.0.0.1/8"], "did you mean 10.0.0.0/8?"),
        (&["--allow-cidr", "everything"], "--allow-cidr"),
        (&["--queue-url", "canary"], "--queue-url"),
        (&["--resolver", "dns.example"], "--resolver"),
        (&["--timeout", "2"], "did you mean 2s?"),
        (&["--timeout", "30s"], "deadline"),
        (&["--deadline", "soon"], "--deadline"),
        (&["--region", "Mars"], "--region"),
        (&["--canary", "send"], "needs a queue"),
        (&["--canary", "maybe"], "--canary"),
        (&["--fix", "terraform"], "--fix: expected cloudformation"),
        (&["--fix", "cloudformation", "-o", "json"], "found both"),
        (&["--expect", "secret"], "--expect"),
        (&["--workload", "batch"], "--workload"),
        (&["--severity", "no-such-code=fail"], "no-such-code"),
        (&["--severity", "endpoint-missing=loud"], "loud"),
        (&["-o", "pdf"], "pdf"),
        (&["-o", "json", "-o", "human"], "standard output"),
        (&["--inventory-max-age", "old"], "--inventory-max-age"),
    ] {
        let words: Vec<&str> = ["check"].iter().chain(words).copied().collect();
        if said.is_empty() {
            // The command line's own parser refuses it, in its own words.
            assert_eq!(run(&words).status.code(), Some(2), "{words:?}");
            continue;
        }
        let sentence = mistake(&words);
        assert!(sentence.contains(said), "{words:?}: {sentence}");
    }
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_one_sentence_that_names_it() {
    let scratch = Scratch::new();
    let text = scratch.file("text", "hello\n");
    let object = scratch.file("object.json", "{}\n");
    let later = scratch.file("later.json", r#"{"facts_version": 99}"#);
    let no_toml = scratch.file("no.toml", "timeout 2s\n");
    let misspelt = scratch.file("misspelt.toml", "\ntimeuot = \"2s\"\n");
    let none = scratch.path("none").display().to_string();
    let directory = scratch.0.path().display().to_string();
    let empty = scratch.path("empty").display().to_string();
    std::fs::create_dir(&empty).unwrap();
    let endless =
        "/dev/zero: expected facts that `vpcheck check --save-facts` wrote, found more than 64 MiB"
            .to_owned();
    for (words, file) in [
        (["check", "--config", &no_toml], &no_toml),
        (["check", "--config", &misspelt], &misspelt),
        (["check", "--config", &none], &none),
        (["check", "--inventory", &text], &text),
        (["check", "--inventory", &object], &object),
        (["check", "--inventory", &none], &none),
        (["check", "--inventory", &directory], &directory),
        (["check", "--service-roots", &text], &text),
        (["check", "--service-roots", &none], &none),
        (["check", "--ca-file", &text], &text),
        (["check", "--ca-file", &none], &none),
        (["replay", "-q", &text], &text),
        (["replay", "-q", &object], &object),
        (["replay", "-q", &later], &later),
        (["replay", "-q", &none], &none),
        (["replay", "-q", &empty], &empty),
        (["replay", "-q", "/dev/zero"], &endless),
    ] {
        let sentence = mistake(&words);
        assert!(sentence.contains(file.as_str()), "{words:?}: {sentence}");
    }
    let sentence = mistake(&["check", "--config", &misspelt]);
    assert!(sentence.contains(":2: "), "{sentence}");
    assert!(sentence.contains("did you mean timeout?"), "{sentence}");
}

#[test]
fn what_the_command_line_does_not_have_is_said_and_exits_2() {
    for (words, said) in [
        (&["check", "--no-such-option"][..], "--no-such-option"),
        (&["chek"], "check"),
        (&["replay"], "FACTS"),
        (&["completions", "dash"], "dash"),
        (&["explain", "a", "b"], "'b'"),
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert_eq!(out(&output), "", "{words:?}");
        assert!(err(&output).contains(said), "{words:?}: {}", err(&output));
    }
    assert_eq!(run(&[]).status.code(), Some(2));
}

#[test]
fn health_knows_no_exit_code_but_0_and_1() {
    for words in [
        &["health", "--no-such-option"][..],
        &["health", "--vpc-cidr", "x"],
        &["health", "--config", "/no/such/file"],
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert_eq!(out(&output), "", "{words:?}");
        assert_ne!(err(&output), "", "{words:?}");
    }
}

#[test]
fn a_variable_says_what_an_option_says() {
    let output = command(&["check"])
        .env("VPCHECK_TIMEOUT", "never")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = err(&output);
    assert!(said.starts_with("vpcheck: VPCHECK_TIMEOUT: "), "{said}");
}

#[test]
fn help_and_version_are_on_standard_output() {
    assert_eq!(
        prints(&["--version"]),
        format!("vpcheck {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = prints(&["--help"]);
    for command in [
        "check",
        "health",
        "inventory",
        "replay",
        "diff",
        "explain",
        "services",
        "iam-policy",
        "completions",
        "man",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        assert!(prints(&[command, "--help"]).contains("Usage:"), "{command}");
    }
    assert!(help.contains("Exit codes: 0 pass, 1 fail, 2 could not run, 3 inconclusive."));
}

#[test]
fn every_finding_is_listed_and_has_its_page() {
    let list = prints(&["explain"]);
    for rule in vpcheck::rules::all() {
        assert!(list.contains(rule.code), "{}", rule.code);
        let page = prints(&["explain", rule.code]);
        assert!(page.starts_with(rule.code), "{page}");
        for heading in ["Told apart by", "Fix", "Source"] {
            let found = page.lines().any(|l| l.eq_ignore_ascii_case(heading));
            assert!(found, "{}: no {heading} in\n{page}", rule.code);
        }
        assert!(!page.contains('\u{1b}'), "colors where nobody sees them");
    }
    let sentence = mistake(&["explain", "private-dns"]);
    assert!(sentence.contains("private-dns-disabled"), "{sentence}");
}

#[test]
fn the_catalogue_is_shown_for_a_region_of_every_partition() {
    for partition in vpcheck::catalog::Catalog::get().partitions() {
        let region = partition.implicit_global_region.to_string();
        let text = prints(&["services", "--region", &region]);
        for service in ["sqs", "ecr.dkr", "s3"] {
            let found = text.lines().any(|l| l.starts_with(service));
            assert!(found, "{region}: {service}");
        }
        let name = format!("sqs.{region}.{}", partition.dns_suffix);
        assert!(text.contains(&name), "{name}");
    }
    assert!(mistake(&["services"]).contains("--region"));
    let told = command(&["services"])
        .env("AWS_REGION", "eu-west-1")
        .output();
    assert!(out(&told.unwrap()).contains("sqs.eu-west-1.amazonaws.com"));
}

#[test]
fn the_policy_is_json_and_grows_with_the_options() {
    let queue = "https://sqs.us-east-1.amazonaws.com/123456789012/canary";
    let read = |words: &[&str]| -> Value { serde_json::from_str(&prints(words)).unwrap() };
    let actions = |policy: &Value| policy["Statement"].to_string();
    let least = read(&["iam-policy"]);
    assert!(actions(&least).contains("ec2:DescribeVpcEndpoints"));
    assert!(!actions(&least).contains("sqs:"));
    let canary = read(&["iam-policy", "--queue-url", queue]);
    assert!(actions(&canary).contains("sqs:SendMessage"));
    assert!(!actions(&canary).contains("sqs:DeleteMessage"));
    let both = read(&["iam-policy", "--queue-url", queue, "--canary", "round-trip"]);
    assert!(actions(&both).contains("sqs:DeleteMessage"));
}

#[test]
fn completions_and_the_manual_name_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(
            prints(&["completions", shell]).contains("inventory"),
            "{shell}"
        );
    }
    let manual = prints(&["man"]);
    assert!(manual.contains(".TH vpcheck 1"), "{manual}");
    assert!(manual.contains("deadline"), "{manual}");
}

#[test]
fn reports_of_many_machines_are_one() {
    let scratch = Scratch::new();
    let machine = |id: &str, verdict: &str| {
        let lines = prints(&["replay", &facts(), "-o", "json"]);
        let mut report: Value = serde_json::from_str(&lines).unwrap();
        report["environment"]["instance_id"] = id.into();
        report["verdict"] = verdict.into();
        scratch.file(&format!("{id}.json"), &report.to_string());
    };
    machine("i-1", "pass");
    machine("i-2", "pass");
    let home = scratch.0.path().display().to_string();
    let said = prints(&["fleet", "report", &home]);
    assert!(said.starts_with("PASS: 2 machines, all pass."), "{said}");
    assert!(said.contains("vpc-0a1b2c3d4e5f60718: 2 machines"), "{said}");
    // Facts are none, and keep no report from being read.
    let output = run(&["fleet", "report", &home, &facts(), "-o", "json"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let fleet: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(fleet["machines"]["pass"], 2);
    let reason = fleet["not_read"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("vpcheck replay"), "{reason}");
    machine("i-3", "fail");
    assert_eq!(run(&["fleet", "report", &home]).status.code(), Some(1));
    // What cannot be read in the first place is one sentence.
    for (words, said) in [
        (&["fleet", "report", "/nowhere"][..], "/nowhere"),
        (&["fleet", "report", "s3://X"], "bucket"),
        (
            &["fleet", "report", &home, "-o", "junit"],
            "junit is for one run",
        ),
        (&["fleet", "report", &home, "--since", "long"], "--since"),
        (&["fleet", "run", "--targets", "role=x"], "tag:KEY=VALUE"),
        (&["fleet", "run", "--resume", "x"], "--resume"),
    ] {
        let told = mistake(words);
        assert!(told.contains(said), "{told}");
    }
    let empty = scratch.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let told = mistake(&["fleet", "report", &empty.display().to_string()]);
    assert!(told.contains("found none"), "{told}");
}

#[test]
fn a_replay_reports_in_every_format_and_nothing_else() {
    for format in vpcheck::render::Format::ALL {
        let text = prints(&["replay", &facts(), "-o", format.as_str()]);
        // The short line names no service.
        let named = match format {
            vpcheck::render::Format::Brief => "legacy-name-public",
            _ => "sqs",
        };
        assert!(text.contains(named), "{}: {text}", format.as_str());
    }
    let report: Value = serde_json::from_str(&prints(&["replay", &facts(), "-o", "json"])).unwrap();
    assert_eq!(report["schema_version"], "1");
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["services"][0]["service"], "sqs");
    assert_eq!(report["services"][0]["verdict"], "pass");
}

#[test]
fn redacted_reports_hold_no_account_and_no_address_and_judge_the_same() {
    let facts = facts();
    let original = std::fs::read_to_string(&facts).unwrap();
    let plain = prints(&["replay", &facts, "-o", "json"]);
    assert!(original.contains("10.0.1.10") && plain.contains("10.0."));
    for format in vpcheck::render::Format::ALL {
        let text = prints(&["replay", &facts, "--redact", "-o", format.as_str()]);
        for secret in ["123456789012", "10.0.1.10", "10.0.0.0/16"] {
            assert!(
                !text.contains(secret),
                "{secret} is in {}: {text}",
                format.as_str()
            );
        }
    }
    let gist = |text: &str| {
        let report: Value = serde_json::from_str(text).unwrap();
        let codes: Vec<Value> = (report["findings"].as_array().unwrap().iter())
            .map(|finding| finding["code"].clone())
            .collect();
        (report["verdict"].clone(), codes)
    };
    let redacted = prints(&["replay", &facts, "--redact", "-o", "json"]);
    assert_eq!(gist(&redacted), gist(&plain));
    let refused = mistake(&["check", "--redact", "--evidence", "/e"]);
    assert!(refused.contains("evidence needs the accounts"), "{refused}");
}

#[test]
fn a_replay_is_judged_by_what_is_expected_now() {
    // In no range of the VPC, and nobody vouched for it.
    let words = [
        "replay",
        &facts(),
        "--vpc-cidr",
        "192.168.0.0/16",
        "-o",
        "json",
    ];
    let output = run(&words);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(report["verdict"], "inconclusive");
    assert_eq!(report["services"][0]["route"], "private-unlisted");

    let severity = "private-address-unlisted=fail";
    let output = run(&[&words[..], &["--severity", severity]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
}

#[test]
fn many_facts_are_replayed_in_order_and_one_that_is_none_keeps_no_other_from_it() {
    let scratch = Scratch::new();
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(facts()).unwrap()).unwrap();
    let fleet = scratch.path("fleet");
    std::fs::create_dir(&fleet).unwrap();
    for at in 0..40 {
        let mut host = recorded.clone();
        host["run_id"] = format!("run-{at:02}").into();
        std::fs::write(fleet.join(format!("{at:02}.json")), host.to_string()).unwrap();
    }
    let directory = fleet.display().to_string();
    let ids = |text: &str| -> Vec<String> {
        let report = |line| serde_json::from_str::<Value>(line).unwrap();
        let id = |line| report(line)["run_id"].as_str().unwrap().to_owned();
        text.lines().map(id).collect()
    };
    let all: Vec<String> = (0..40).map(|at| format!("run-{at:02}")).collect();
    assert_eq!(ids(&prints(&["replay", &directory, "-o", "json"])), all);

    // To a file as well, and people see which report is whose.
    let lines = scratch.path("all.jsonl");
    let to_file = format!("json={}", lines.display());
    let text = prints(&["replay", &directory, "-o", &to_file, "-o", "human"]);
    assert_eq!(ids(&std::fs::read_to_string(&lines).unwrap()), all);
    assert!(text.contains(&format!("==> {directory}/07.json <==\n")));

    // What is no facts file has its sentence; the exit code is the worst.
    let broken = scratch.file("broken.json", "{");
    let output = run(&["replay", &facts(), &broken, &facts(), "-o", "json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(out(&output).lines().count(), 2);
    assert_eq!(err(&output).lines().count(), 1, "{}", err(&output));
    assert!(err(&output).contains(&broken), "{}", err(&output));

    // A page is about one run.
    let said = mistake(&["replay", &facts(), &facts(), "-o", "html"]);
    assert!(said.contains("html"), "{said}");
    // A list that nobody reads to its end is no error.
    let mut child = command(&["replay", &directory])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(err(&output), "");
}

#[test]
fn one_report_that_cannot_be_written_does_not_keep_the_others() {
    let scratch = Scratch::new();
    let nowhere = scratch.path("none/report.json").display().to_string();
    let page = scratch.path("report.html");
    let output = run(&[
        "replay",
        &facts(),
        "-o",
        &format!("json={nowhere}"),
        "-o",
        "junit",
        "-o",
        &format!("html={}", page.display()),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(out(&output).contains("<testsuites"), "{}", out(&output));
    assert!(page.exists());
    let said = err(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(&nowhere), "{said}");
    // Nothing half-written is left behind.
    let left: Vec<_> = std::fs::read_dir(scratch.0.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    for words in [
        &["explain"][..],
        &["services", "--region", "us-east-1"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
        &["replay", &facts()],
        &["replay", &facts(), "-o", "html"],
    ] {
        let mut child = command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert_eq!(err(&output), "", "{words:?}");
    }
}

#[test]
fn standard_output_that_is_full_is_an_error() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = command(&["replay", &facts()])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("standard output"), "{}", err(&output));
}

#[test]
fn colors_are_for_those_who_ask_for_them() {
    assert!(!prints(&["replay", &facts()]).contains('\u{1b}'));
    assert!(prints(&["replay", &facts(), "--color", "always"]).contains('\u{1b}'));
}

#[test]
fn where_there_is_no_network_the_run_ends_with_a_report() {
    let words = [
        "check",
        "sqs",
        "--region",
        "us-east-1",
        "--timeout",
        "200ms",
        "--deadline",
        "2s",
        "-o",
        "json",
    ];
    let output = run(&words);
    assert!(
        matches!(output.status.code(), Some(1 | 3)),
        "{}",
        err(&output)
    );
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_ne!(report["verdict"], "pass");

    let output = run(&["health", "sqs", "--region", "us-east-1", "--deadline", "2s"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&output).lines().count(), 1, "{}", out(&output));
    assert!(out(&output).starts_with("unhealthy: "), "{}", out(&output));
}

#[test]
fn health_is_unhealthy_at_the_nth_failure_in_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state.json").display().to_string();
    let probe = |state: &str| {
        let output = run(&[
            "health",
            "sqs",
            "--region",
            "us-east-1",
            "--deadline",
            "1s",
            "--grace",
            "2",
            "--state",
            state,
        ]);
        let line = out(&output);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert_eq!(err(&output), "", "{line}");
        (output.status.code(), line)
    };
    let (code, line) = probe(&state);
    assert_eq!(code, Some(0), "{line}");
    assert!(
        line.starts_with("healthy for now, failure 1 of 2 in a row: "),
        "{line}"
    );
    let (code, line) = probe(&state);
    assert_eq!(code, Some(1), "{line}");
    assert!(
        line.starts_with("unhealthy: ") && line.ends_with("; 2 failures in a row\n"),
        "{line}"
    );
    // Where nothing can be remembered, the first failure counts.
    let (code, line) = probe("/nowhere/state.json");
    assert_eq!(code, Some(1), "{line}");
    assert!(line.ends_with("so there is no grace\n"), "{line}");
}

#[test]
fn a_fix_takes_the_place_of_the_report() {
    let scratch = Scratch::new();
    let fix = "# vpcheck found no endpoint missing in vpc-0a1b2c3d4e5f60718, us-east-1: there is nothing to create.\n";
    let replay = |more: &[&str]| prints(&[&["replay", &facts()], more].concat());
    assert_eq!(replay(&["--fix", "cloudformation"]), fix);
    let file = scratch.path("fix.yaml").display().to_string();
    let report = replay(&["--fix", &format!("cloudformation={file}")]);
    assert_eq!(report, replay(&[]));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), fix);
    let beside = scratch.path("report.txt").display().to_string();
    let printed = replay(&["--fix", "cloudformation", "-o", &format!("human={beside}")]);
    assert_eq!(printed, fix);
    assert_eq!(std::fs::read_to_string(&beside).unwrap(), report);
    let said = mistake(&["replay", &facts(), &facts(), "--fix", "cloudformation"]);
    assert!(said.contains("expected one facts file"), "{said}");
}
