//! Holds the sources to the picture in `src/lib.rs`: who may use whom, who may touch the world, and how large files get.

#![allow(clippy::unwrap_used)]

mod source;

use std::collections::BTreeSet;

use source::Source;

/// What each room may use, beside itself. A path means this part of the room and nothing else of it.
const ARROWS: &[(&str, &[&str])] = &[
    ("facts", &[]),
    ("catalog", &[]),
    ("environment", &["catalog", "facts"]),
    ("configuration", &["catalog", "facts"]),
    (
        "symptoms",
        &[
            "catalog",
            "facts",
            "configuration",
            "verdict::finding::Severity",
        ],
    ),
    (
        "rules",
        &[
            "symptoms",
            "catalog",
            "facts",
            "configuration",
            "environment",
            "verdict::finding",
        ],
    ),
    (
        "verdict",
        &[
            "rules",
            "symptoms",
            "catalog",
            "facts",
            "configuration",
            "environment::no_proxy",
        ],
    ),
    ("assume", &["symptoms", "configuration", "catalog", "facts"]),
    (
        "drift",
        &["evidence", "verdict", "symptoms", "catalog", "facts"],
    ),
    ("discover", &["symptoms", "catalog", "facts"]),
    ("redact", &["verdict", "facts"]),
    ("fleet", &["evidence", "verdict"]),
    (
        "collect",
        &[
            "fleet",
            "gather",
            "catalog",
            "facts",
            "evidence",
            "deliver::destination",
        ],
    ),
    (
        "render",
        &["discover", "drift", "fleet", "verdict", "facts", "catalog"],
    ),
    ("gather", &["environment", "catalog", "facts"]),
    ("cli", &["config", "catalog", "render::Format"]),
    (
        "config",
        &[
            "cli",
            "catalog",
            "facts",
            "render::Format",
            "deliver::Destination",
        ],
    ),
    ("iam_policy", &["config", "catalog", "facts", "deliver"]),
    ("deliver", &["gather", "render", "verdict", "facts"]),
    ("evidence", &["facts", "rules", "verdict"]),
    ("archive", &["evidence"]),
    ("watch", &["drift", "facts", "render", "verdict"]),
];

/// Rooms without clock, network, environment and files.
const PURE: &[&str] = &[
    "facts",
    "catalog",
    "environment",
    "configuration",
    "symptoms",
    "fleet",
    "rules",
    "verdict",
    "assume",
    "drift",
    "discover",
    "redact",
    "render",
    "iam_policy",
    "evidence",
];

/// What touches the world.
const WORLD: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "now_v7",
    "stdin",
    "stdout",
    "stderr",
];

/// Crates whose types stay in `gather`.
const NETWORK_CRATES: &[&str] = &[
    "tokio",
    "tokio_rustls",
    "hickory_net",
    "hickory_proto",
    "hyper",
    "hyper_util",
    "http_body_util",
    "resolv_conf",
    "rustix",
    "rustls",
    "rustls_native_certs",
    "webpki",
    "x509_parser",
];

/// Parts of `gather` that may know the AWS SDKs.
const AWS: &[&str] = &["aws", "canary", "inventory"];

/// Lines that a file may have outside its tests.
const LINES: usize = 500;

/// The files that are part of the program.
fn sources() -> Vec<Source> {
    let all = source::all();
    assert!(all.len() > 100, "src was not found");
    let (tests, program): (Vec<_>, Vec<_>) = (0..all.len()).partition(|at| all[*at].is_test(&all));
    assert!(!tests.is_empty(), "no file is for tests");
    let mut all: Vec<Option<Source>> = all.into_iter().map(Some).collect();
    program
        .into_iter()
        .filter_map(|at| all[at].take())
        .collect()
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn arrows_between_rooms_point_the_right_way() {
    let mut problems = Vec::new();
    for source in sources() {
        let room = source.room();
        // These three see every room.
        if ["main", "lib", "app"].contains(&room) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            problems.push(format!("{}: no arrows are drawn for its room", source.path));
            continue;
        };
        for path in source.uses() {
            let path = path.join("::");
            let fits = |allowed: &str| {
                path.strip_prefix(allowed)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            };
            if !fits(room) && !allowed.iter().any(|allowed| fits(allowed)) {
                problems.push(format!("src/{}: {room} may not use {path}", source.path));
            }
        }
    }
    none(&problems);
}

#[test]
fn pure_rooms_touch_nothing_of_the_world() {
    let mut problems = Vec::new();
    for source in sources() {
        if !PURE.contains(&source.room()) {
            continue;
        }
        for what in WORLD {
            for line in lines_with(&source.code, what) {
                problems.push(format!("src/{}:{line}: {what}", source.path));
            }
        }
    }
    none(&problems);
}

#[test]
fn clippy_watches_every_pure_room_as_well() {
    let root = sources().into_iter().find(|s| s.path == "lib.rs").unwrap();
    for room in PURE {
        let watched = format!(
            "#[deny(clippy::disallowed_methods, clippy::disallowed_types)]\npub mod {room};"
        );
        assert!(root.text.contains(&watched), "src/lib.rs: {room}");
    }
}

#[test]
fn network_crates_stay_where_the_network_is() {
    let mut problems = Vec::new();
    for source in sources() {
        for line in NETWORK_CRATES
            .iter()
            .flat_map(|name| lines_with(&source.code, &format!("{name}::")))
        {
            if !["gather", "app"].contains(&source.room()) {
                problems.push(format!("src/{}:{line}: a network crate", source.path));
            }
        }
        let knows_aws = source.room() == "gather"
            && (source.module.get(1)).is_some_and(|part| AWS.contains(&part.as_str()));
        for (at, word) in source::words(&source.code) {
            let is_sdk =
                word.starts_with("aws_sdk_") || word == "aws_config" || word == "aws_types";
            if is_sdk && !knows_aws {
                let line = line_at(&source.code, at);
                problems.push(format!("src/{}:{line}: {word}", source.path));
            }
        }
    }
    none(&problems);
}

#[test]
fn files_are_short() {
    let mut problems = Vec::new();
    for source in sources() {
        let tests = source.text.find("#[cfg(test)]\nmod tests");
        let lines = source.text[..tests.unwrap_or(source.text.len())]
            .lines()
            .count();
        if lines > LINES {
            problems.push(format!("src/{}: {lines} lines", source.path));
        }
    }
    none(&problems);
}

#[test]
fn whoever_may_panic_says_why_it_does_not() {
    let mut problems = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (index, code) in source.code.lines().enumerate() {
            let panics = [
                ".unwrap()",
                ".expect(",
                "panic!(",
                "unreachable!(",
                "todo!(",
                "unimplemented!(",
            ];
            if !panics.iter().any(|panic| code.contains(panic)) {
                continue;
            }
            let from = index.saturating_sub(6);
            let said = lines[from..=index].iter().any(|line| line.contains("//"));
            if !said {
                problems.push(format!(
                    "src/{}:{}: no comment says why this holds: {}",
                    source.path,
                    index + 1,
                    lines[index].trim()
                ));
            }
        }
    }
    none(&problems);
}

#[test]
fn every_file_is_a_module_of_its_parent() {
    let all = source::all();
    let mut problems = Vec::new();
    for source in &all {
        let Some((name, parent)) = source.module.split_last() else {
            continue;
        };
        let parent = match parent {
            [] => "lib.rs".to_owned(),
            parent => format!("{}.rs", parent.join("/")),
        };
        let declared = all.iter().find(|s| s.path == parent).is_some_and(|parent| {
            let line = format!("mod {name};");
            parent.text.lines().any(|l| {
                let l = l.trim();
                l == line || (l.starts_with("pub") && l.ends_with(&format!(" {line}")))
            })
        });
        if !declared {
            problems.push(format!("src/{}: {parent} does not name it", source.path));
        }
    }
    none(&problems);
}

#[test]
fn every_rule_is_one_file_and_in_its_areas_list() {
    let all = sources();
    let mut problems = Vec::new();
    let mut codes = BTreeSet::new();
    for source in &all {
        let declared = source.code.matches("rule! {").count();
        if declared == 0 || source.path == "rules.rs" {
            continue;
        }
        let [_, area, name] = source.module.as_slice() else {
            problems.push(format!("src/{}: a rule outside an area", source.path));
            continue;
        };
        if declared > 1 {
            problems.push(format!("src/{}: {declared} rules", source.path));
        }
        codes.insert(name.replace('_', "-"));
        let line = format!("&{name}::{},", name.to_uppercase());
        let list = all.iter().find(|s| s.path == format!("rules/{area}.rs"));
        if !list.is_some_and(|list| list.code.contains(&line)) {
            problems.push(format!("src/rules/{area}.rs: RULES lacks {line}"));
        }
    }
    let registered: BTreeSet<String> = vpcheck::rules::all()
        .map(|rule| rule.code.to_owned())
        .collect();
    for code in codes.symmetric_difference(&registered) {
        problems.push(format!(
            "{code}: the file's name and the rule's code differ"
        ));
    }
    none(&problems);
}

#[test]
fn every_format_has_a_file_of_its_own() {
    let all = sources();
    for format in vpcheck::render::Format::ALL {
        let path = format!("render/{}.rs", format.as_str());
        assert!(all.iter().any(|source| source.path == path), "{path}");
    }
}

/// The finding codes that operators are promised, with the severity under `--expect private`.
const PROMISED: &[(&str, &str)] = &[
    ("endpoint-missing", "fail"),
    ("private-dns-disabled", "fail"),
    ("vpc-dns-attributes-off", "fail"),
    ("endpoint-not-available", "fail"),
    ("custom-resolver-bypass", "fail"),
    ("resolver-rule-forwards", "fail"),
    ("hosts-file-override", "fail"),
    ("answer-not-endpoint", "fail"),
    ("private-address-unlisted", "warn"),
    ("gateway-unconfirmed", "warn"),
    ("mixed-answers", "fail"),
    ("private-zone-missing-record", "fail"),
    ("legacy-hostname", "fail"),
    ("legacy-name-public", "info"),
    ("global-hostname", "fail"),
    ("fips-hostname-uncovered", "fail"),
    ("dualstack-hostname-uncovered", "fail"),
    ("central-endpoint-unroutable", "fail"),
    ("dns-timeout", "fail"),
    ("dns-servfail", "fail"),
    ("dns-refused", "fail"),
    ("name-not-found", "fail"),
    ("dns-throttled", "warn"),
    ("dns-tcp-blocked", "warn"),
    ("security-group-blocks-443", "fail"),
    ("caller-egress-blocked", "fail"),
    ("network-acl-blocks-443", "fail"),
    ("endpoint-address-down", "fail"),
    ("gateway-route-missing", "fail"),
    ("tcp-refused", "fail"),
    ("tcp-unreachable", "fail"),
    ("tcp-timeout", "fail"),
    ("proxy-in-path", "fail"),
    ("tls-intercepted", "fail"),
    ("tls-name-mismatch", "fail"),
    ("tls-expired", "fail"),
    ("tls-not-yet-valid", "fail"),
    ("tls-too-old", "fail"),
    ("tls-large-hello-dropped", "fail"),
    ("tls-name-filtered", "fail"),
    ("tls-timeout", "fail"),
    ("tls-reset", "fail"),
    ("not-the-service", "fail"),
    ("large-request-stalls", "fail"),
    ("endpoint-policy-denies", "fail"),
    ("queue-policy-denies", "fail"),
    ("identity-policy-denies", "fail"),
    ("kms-denies", "fail"),
    ("queue-not-found", "fail"),
    ("queue-url-invalid", "fail"),
    ("region-mismatch", "fail"),
    ("credentials-missing", "fail"),
    ("credentials-expired", "fail"),
    ("credentials-invalid", "fail"),
    ("imds-hop-limit", "fail"),
    ("imds-unreachable", "info"),
    ("clock-skewed", "fail"),
    ("throttled", "warn"),
    ("canary-timeout", "fail"),
    ("canary-corrupted", "fail"),
    ("inventory-denied", "warn"),
    ("inventory-unreachable", "warn"),
    ("inventory-not-visible", "warn"),
    ("inventory-stale", "warn"),
    ("endpoint-policy-open", "warn"),
    ("endpoint-single-az", "warn"),
    ("endpoint-not-in-this-az", "info"),
    ("internet-route-present", "info"),
    ("public-answer", "fail"),
];

#[test]
fn every_code_that_is_promised_has_a_rule_of_its_severity() {
    let mut problems = Vec::new();
    for (code, severity) in PROMISED {
        match vpcheck::rules::by_code(code) {
            None => problems.push(format!("{code}: there is no rule")),
            Some(rule) if rule.severity.to_string() != *severity => {
                problems.push(format!("{code}: {}, promised {severity}", rule.severity));
            }
            Some(_) => {}
        }
    }
    none(&problems);
}

/// What a healthy world may be told of: SQS's legacy names are public wherever they exist, and instance metadata that
/// nothing needs may be off.
const SAID_IN_HEALTHY_WORLDS: &[(&str, &str)] =
    &[("legacy-name-public", "info"), ("imds-unreachable", "info")];

#[test]
fn every_rule_fires_in_a_scenario_and_is_silent_in_every_healthy_world() {
    #[derive(serde::Deserialize)]
    struct Scenario {
        expect: Expect,
    }
    #[derive(serde::Deserialize)]
    struct Expect {
        verdict: String,
        #[serde(default)]
        findings: Vec<Finding>,
        #[serde(default)]
        either_way: Vec<String>,
    }
    #[derive(serde::Deserialize)]
    struct Finding {
        code: String,
        severity: String,
    }

    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    // What may be there or not shows nothing: only what has to be there counts.
    let mut missing: BTreeSet<&str> = vpcheck::rules::all().map(|rule| rule.code).collect();
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let scenario: Scenario = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let Expect {
            verdict,
            findings,
            either_way,
        } = scenario.expect;
        let found = findings.iter().map(|finding| &finding.code);
        for code in found.clone().chain(&either_way) {
            if vpcheck::rules::by_code(code).is_none() {
                problems.push(format!("{name}: there is no finding {code}"));
            }
        }
        found.for_each(|code| {
            missing.remove(code.as_str());
        });
        if !name.starts_with("healthy") {
            continue;
        }
        if verdict != "pass" {
            problems.push(format!("{name}: {verdict}"));
        }
        let may_be = |code: &str, severity: Option<&str>| {
            SAID_IN_HEALTHY_WORLDS
                .iter()
                .any(|(known, as_what)| *known == code && severity.is_none_or(|s| s == *as_what))
        };
        for Finding { code, severity } in &findings {
            if !may_be(code, Some(severity)) {
                problems.push(format!("{name}: expects {severity} {code}"));
            }
        }
        for code in either_way.iter().filter(|code| !may_be(code, None)) {
            problems.push(format!("{name}: expects {code} perhaps"));
        }
    }
    problems.extend(missing.iter().map(|code| format!("{code}: no scenario")));
    none(&problems);
}

#[test]
fn the_reader_of_sources_reads_them_rightly() {
    let text = r##"
use crate::facts::{self, Dns, tls::{Tls, Version}};
use super::super::super::verdict::finding::*;
// crate::gather::comment
const A: &str = "crate::gather::text"; const B: &str = r#"crate::gather::raw""#; const C: char = '"';
fn f<'a>(a: &'a str) -> crate::catalog::Region<'a> { super::g::<u8>(a) }
#[cfg(test)]
mod tests { use crate::gather::Test; fn t() { if true {} } }
fn after() { self::h() }
"##;
    let source = source::new("rules/answers/x.rs".to_owned(), text.to_owned());
    let uses: Vec<String> = source.uses().iter().map(|path| path.join("::")).collect();
    assert_eq!(
        uses,
        [
            "facts",
            "facts::Dns",
            "facts::tls::Tls",
            "facts::tls::Version",
            "verdict::finding",
            "catalog::Region",
            "rules::answers::g",
            "rules::answers::x::h",
        ]
    );
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert_eq!(lines_with(&source.code, "fn"), [6, 9]);
}

/// The lines on which a word or path stands, from 1.
fn lines_with(code: &str, what: &str) -> Vec<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(what)
        .filter(|(at, _)| !code[..*at].ends_with(is_part))
        .filter(|(at, _)| what.ends_with(':') || !code[at + what.len()..].starts_with(is_part))
        .map(|(at, _)| line_at(code, at))
        .collect()
}

fn line_at(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}
