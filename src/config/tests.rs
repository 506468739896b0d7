use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::facts::{CanaryMode, Expect, Level};
use crate::render::Format;

const CODES: &[&str] = &["endpoint-missing", "endpoint-single-az", "public-answer"];
const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/canary";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
const CONF: &str = "/c.toml";

/// Files in memory.
#[derive(Default)]
struct Memory(HashMap<String, Vec<u8>>);

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = path.to_str().unwrap();
        if path.starts_with("/forbidden") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.0
            .get(path)
            .cloned()
            .ok_or(io::ErrorKind::NotFound.into())
    }
}

/// One situation: words, variables and files.
#[derive(Default)]
struct Run {
    words: Vec<String>,
    environment: Environment,
    files: Memory,
}

impl Run {
    fn new(words: &str) -> Run {
        let run = Run {
            words: words.split_whitespace().map(str::to_owned).collect(),
            ..Run::default()
        };
        run.file("/roots.pem", PEM)
            .file("/ca.pem", PEM)
            .file("/inventory.json", "{}")
    }

    fn word(mut self, word: impl Into<String>) -> Run {
        self.words.push(word.into());
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Run {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(mut self, path: &str, content: &str) -> Run {
        self.files
            .0
            .insert(path.to_owned(), content.as_bytes().to_vec());
        self
    }

    fn conf(self, content: &str) -> Run {
        self.file(CONF, content).variable("VPCHECK_CONFIG", CONF)
    }

    fn settle(&self) -> Result<Settings, SettingError> {
        let words = ["vpcheck".to_owned()].into_iter().chain(self.words.clone());
        let cli = crate::cli::parse(words.map(OsString::from)).unwrap();
        Settings::resolve(&cli, &self.environment, &self.files, CODES)
    }

    fn settings(&self) -> Settings {
        self.settle().unwrap()
    }

    fn error(&self) -> String {
        self.settle().unwrap_err().to_string()
    }
}

/// A value of each option that is not its default, as text and as TOML.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("target", "sqs", "['sqs']"),
    ("workload", "lambda", "['lambda']"),
    ("region", "eu-west-1", "'eu-west-1'"),
    (
        "queue-url",
        QUEUE,
        "'https://sqs.us-east-1.amazonaws.com/123456789012/canary'",
    ),
    ("canary", "round-trip", "'round-trip'"),
    ("expect", "isolated", "'isolated'"),
    ("vpc-cidr", "10.0.0.0/16", "['10.0.0.0/16']"),
    ("allow-cidr", "10.1.0.0/16", "['10.1.0.0/16']"),
    (
        "severity",
        "endpoint-missing=warn",
        "{ endpoint-missing = 'warn' }",
    ),
    ("inventory", "off", "'off'"),
    ("inventory-max-age", "1h", "'1h'"),
    ("inventory-cache", "/cache", "'/cache'"),
    ("resolver", "10.0.0.2:5353", "['10.0.0.2:5353']"),
    ("service-roots", "/roots.pem", "'/roots.pem'"),
    ("ca-file", "/ca.pem", "'/ca.pem'"),
    ("timeout", "500ms", "'500ms'"),
    ("deadline", "10s", "'10s'"),
    ("spread", "10m", "'10m'"),
    ("output", "json", "['json']"),
    (
        "fix",
        "cloudformation=/fix.yaml",
        "'cloudformation=/fix.yaml'",
    ),
    ("save-facts", "/facts.json", "'/facts.json'"),
    ("redact", "true", "true"),
    ("deliver", "s3://evidence/vpc", "['s3://evidence/vpc']"),
    ("spool", "/spool", "'/spool'"),
    ("evidence", "/evidence", "'/evidence'"),
    ("signing-key", "/key", "'/key'"),
    ("retention", "400d", "'400d'"),
    ("every", "10s", "'10s'"),
    ("listen", "127.0.0.1:9442", "'127.0.0.1:9442'"),
    ("inventory-every", "3m", "'3m'"),
    ("canary-every", "5m", "'5m'"),
    ("grace", "3", "3"),
    ("state", "/state.json", "'/state.json'"),
    ("vpc-id", "vpc-0abc", "'vpc-0abc'"),
    ("color", "never", "'never'"),
    ("quiet", "true", "true"),
    ("verbose", "1", "1"),
];

#[test]
fn settings_that_are_printed_and_read_again_mean_the_same() {
    for (key, _, toml) in EXAMPLES {
        let said = command_for(key).conf(&format!("{key} = {toml}\n"));
        let mut settings = said.settings();
        let shown = settings.shown();
        assert!(shown.contains(&format!("# {CONF}:1")), "{shown}");
        let mut again = command_for(key).conf(&shown).settings();
        settings.said.clear();
        again.said.clear();
        assert_eq!(settings, again, "{shown}");
        // What nobody said is told as well, and read again it changes nothing.
        let default = command_for(key).settings();
        let shown = default.shown();
        assert!(shown.contains("# default"), "{shown}");
        let again = command_for(key).conf(&shown).settings();
        assert_eq!(default.request, again.request, "{shown}");
    }
}

#[test]
fn each_printed_setting_says_where_it_was_said() {
    let run = Run::new("check --timeout 3s --queue-url")
        .word(QUEUE)
        .variable("VPCHECK_DEADLINE", "9s")
        .variable("AWS_CA_BUNDLE", "/ca.pem")
        .conf("expect = 'isolated'\n");
    let shown = run.settings().shown();
    let line = |key: &str| -> String {
        let mut lines = shown.lines();
        lines
            .find(|line| line.trim_start_matches('#').starts_with(key))
            .unwrap()
            .to_owned()
    };
    assert!(line("timeout").contains("\"3s\"") && line("timeout").ends_with("# command line"));
    assert!(line("deadline").ends_with("# VPCHECK_DEADLINE"));
    assert!(line("ca-file").ends_with("# AWS_CA_BUNDLE"));
    assert!(line("expect").ends_with("# /c.toml:1"));
    assert!(line("region").starts_with("#region"));
    assert!(line("canary").contains("\"send\""));
}

fn command_for(key: &str) -> Run {
    match key {
        "vpc-id" => Run::new("inventory"),
        "every" | "listen" | "inventory-every" => Run::new("watch"),
        "canary-every" | "grace" | "state" => Run::new("health"),
        // A mode needs its queue, which is no difference between the layers.
        "canary" => Run::new("check").word("--queue-url").word(QUEUE),
        _ => Run::new("check"),
    }
}

#[test]
fn every_option_can_be_set_in_every_place() {
    let keys: Vec<&str> = EXAMPLES.iter().map(|(key, _, _)| *key).collect();
    assert_eq!(
        keys,
        OPTIONS.iter().map(|option| option.key).collect::<Vec<_>>()
    );
    for (key, text, toml) in EXAMPLES {
        let option = OPTIONS.iter().find(|option| option.key == *key).unwrap();
        let default = command_for(key).settings();
        let flag = match *key {
            "target" => command_for(key).word(*text),
            "quiet" | "verbose" | "redact" => command_for(key).word(format!("--{key}")),
            _ => command_for(key).word(format!("--{key}")).word(*text),
        };
        let variable = command_for(key).variable(&option.variable(), text);
        let file = command_for(key).conf(&format!("\n{key} = {toml}\n"));
        let places = [
            (flag, Source::Flag),
            (variable, Source::Variable(option.variable())),
            (
                file,
                Source::File {
                    path: CONF.into(),
                    line: 2,
                },
            ),
        ];
        assert_eq!(default.origin(key), &Source::Default, "{key}");
        let mut settled = Vec::new();
        for (run, from) in places {
            let mut settings = run.settings();
            assert_eq!(settings.origin(key), &from, "{key}");
            settings.said.clear();
            settled.push(settings);
        }
        let mut default = default;
        default.said.clear();
        assert_ne!(settled[0], default, "{key}");
        assert_eq!(settled[0], settled[1], "{key}");
        assert_eq!(settled[0], settled[2], "{key}");
    }
}

#[test]
fn what_holds_by_default() {
    let settings = Run::new("check").settings();
    let request = &settings.request;
    assert_eq!((request.timeout_ms, request.deadline_ms), (2000, 20_000));
    assert_eq!(request.inventory_max_age_s, 86_400);
    assert_eq!(request.expect, Expect::Private);
    assert_eq!(
        (&request.queue_url, request.canary),
        (&None, CanaryMode::Off)
    );
    assert_eq!(settings.inventory, InventoryChoice::Auto);
    assert_eq!(
        settings.outputs,
        [Output {
            format: Format::Human,
            path: None
        }]
    );
    assert!(settings.targets.is_empty() && settings.workloads.is_empty());
    for command in [
        "explain",
        "man",
        "services",
        "iam-policy",
        "inventory",
        "replay f",
    ] {
        assert!(Run::new(command).settle().is_ok(), "{command}");
    }
}

#[test]
fn the_higher_place_wins_and_lists_are_replaced() {
    let conf = "timeout = '3s'\nvpc-cidr = ['10.3.0.0/16', '10.4.0.0/16']";
    let file = Run::new("check").conf(conf);
    assert_eq!(file.settings().request.timeout_ms, 3000);
    assert_eq!(file.settings().request.vpc_cidrs.len(), 2);
    let variable = Run::new("check")
        .conf(conf)
        .variable("VPCHECK_TIMEOUT", "4s")
        .variable("VPCHECK_VPC_CIDR", "10.5.0.0/16, 10.6.0.0/16,");
    assert_eq!(variable.settings().request.timeout_ms, 4000);
    let cidrs = variable.settings().request.vpc_cidrs;
    assert_eq!(
        cidrs,
        [
            "10.5.0.0/16".parse().unwrap(),
            "10.6.0.0/16".parse().unwrap()
        ]
    );
    let flag = Run::new("check --timeout 5s --vpc-cidr 10.7.0.0/16 --vpc-cidr 10.7.0.0/16")
        .conf(conf)
        .variable("VPCHECK_TIMEOUT", "4s")
        .variable("VPCHECK_VPC_CIDR", "10.5.0.0/16");
    assert_eq!(flag.settings().request.timeout_ms, 5000);
    assert_eq!(
        flag.settings().request.vpc_cidrs,
        ["10.7.0.0/16".parse().unwrap()]
    );
    // What a higher place replaces is not even judged.
    assert!(
        Run::new("check --timeout 5s")
            .variable("VPCHECK_TIMEOUT", "x")
            .settle()
            .is_ok()
    );
    // An empty variable says nothing, an empty list says "none".
    let empty = Run::new("check").conf(conf).variable("VPCHECK_TIMEOUT", "");
    assert_eq!(empty.settings().request.timeout_ms, 3000);
    assert!(
        Run::new("check")
            .conf("vpc-cidr = []")
            .settings()
            .request
            .vpc_cidrs
            .is_empty()
    );
}

#[test]
fn where_the_file_is_looked_for() {
    let usual = || Run::new("check").file(DEFAULT_FILE, "timeout = '3s'");
    assert_eq!(usual().settings().request.timeout_ms, 3000);
    let variable = || usual().conf("timeout = '4s'");
    assert_eq!(variable().settings().request.timeout_ms, 4000);
    let flag = variable()
        .file("/d.toml", "timeout = '5s'")
        .word("--config")
        .word("/d.toml");
    assert_eq!(flag.settings().request.timeout_ms, 5000);
    let replay = Run::new("replay f").file(DEFAULT_FILE, "expect = 'isolated'");
    assert_eq!(replay.settings().request.expect, Expect::Private);
    let replay = Run::new("replay f --config /d.toml").file("/d.toml", "expect = 'isolated'");
    assert_eq!(replay.settings().request.expect, Expect::Isolated);
    let broken = Run::new("explain").file(DEFAULT_FILE, "nonsense");
    assert!(
        broken.settle().is_ok(),
        "commands without settings do not read it"
    );
}

#[test]
fn a_key_has_several_spellings() {
    for (conf, cidrs) in [
        ("vpc_cidr = '10.0.0.0/16'", 1),
        ("vpc-cidrs = ['10.0.0.0/16', '10.1.0.0/16']", 2),
        ("vpc_cidrs = []", 0),
    ] {
        let settings = Run::new("check").conf(conf).settings();
        assert_eq!(settings.request.vpc_cidrs.len(), cidrs, "{conf}");
    }
    let run = Run::new("check").variable("VPCHECK_TARGETS", "sqs,ecr.dkr");
    assert_eq!(run.settings().targets.len(), 2);
}

#[test]
fn targets_and_workloads() {
    let both = Run::new("check sqs sqs SQS --workload lambda").settings();
    assert_eq!(both.targets, [TargetArg::CatalogId("sqs".to_owned())]);
    assert_eq!(both.request.workloads, ["lambda"]);
    // A workload on the command line counts for more than targets in the file.
    let run = Run::new("check --workload lambda").conf("target = ['s3']");
    assert!(run.settings().targets.is_empty());
    let run = Run::new("check s3").conf("workload = ['lambda']");
    assert_eq!(run.settings().targets.len(), 1);
}

#[test]
fn the_canary_follows_the_queue() {
    let mode = |words: &str| {
        let request = Run::new(words).settings().request;
        (request.queue_url.is_some(), request.canary)
    };
    let with = |more: &str| format!("check --queue-url {QUEUE} {more}");
    assert_eq!(mode(&with("")), (true, CanaryMode::Send));
    assert_eq!(mode(&with("--canary off")), (true, CanaryMode::Off));
    assert_eq!(
        mode(&with("--canary round-trip")),
        (true, CanaryMode::RoundTrip)
    );
    assert_eq!(mode("check --canary off"), (false, CanaryMode::Off));
}

#[test]
fn health_ends_before_a_probe_is_given_up() {
    let limits = |run: Run| {
        let request = run.settings().request;
        (request.timeout_ms, request.deadline_ms)
    };
    assert_eq!(limits(Run::new("health")), (1500, 4000));
    assert_eq!(limits(Run::new("health --deadline 1s")), (1000, 1000));
    let told = Run::new("health").conf("deadline = '30s'");
    assert_eq!(limits(told), (1500, 30_000));
    assert_eq!(
        Run::new("health --timeout 5s").error(),
        "--timeout: expected at most the whole run's deadline, 4s (default), found 5s"
    );
}

#[test]
fn what_health_remembers() {
    let memory = Run::new("health").settings().memory;
    assert_eq!((memory.canary_every, memory.grace), (None, 1));
    assert_eq!(memory.state, Path::new(DEFAULT_STATE));
    let memory = Run::new("health --grace 3 --canary-every 5m --state /run/x")
        .settings()
        .memory;
    assert_eq!(
        memory,
        MemoryChoice {
            canary_every: Period::from_millis(300_000),
            grace: 3,
            state: "/run/x".into()
        }
    );
    // What is none of its business does not keep another command from running.
    assert!(Run::new("check").conf("grace = 0").settle().is_ok());
}

#[test]
fn limits_follow_each_other() {
    let limits = |words: &str| {
        let request = Run::new(words).settings().request;
        (request.timeout_ms, request.deadline_ms)
    };
    assert_eq!(limits("check --deadline 1s"), (1000, 1000));
    assert_eq!(
        limits("check --deadline 1m --timeout 30s"),
        (30_000, 60_000)
    );
    assert_eq!(limits("check --deadline 1s --timeout 1s"), (1000, 1000));
}

#[test]
fn inventories() {
    let file = Run::new("check --inventory /inventory.json")
        .settings()
        .inventory;
    let named = NamedFile {
        label: "/inventory.json".to_owned(),
        bytes: b"{}".to_vec(),
    };
    assert_eq!(file, InventoryChoice::File(named.clone()));
    assert_eq!(
        Run::new("check --inventory off").settings().inventory,
        InventoryChoice::Off
    );
    // Health makes no EC2 calls, whatever is said; a file needs none.
    assert_eq!(
        Run::new("health").settings().inventory,
        InventoryChoice::Off
    );
    assert_eq!(
        Run::new("health --inventory auto").settings().inventory,
        InventoryChoice::Off
    );
    let file = Run::new("health --inventory /inventory.json")
        .settings()
        .inventory;
    assert_eq!(file, InventoryChoice::File(named));
    let place = Run::new("health --inventory s3://config/vpc.json").settings();
    assert!(matches!(place.inventory, InventoryChoice::Place(_)));
    assert_eq!(
        place.inventory_cache.as_deref(),
        Some(Path::new("/var/cache/vpcheck"))
    );
    let place =
        Run::new("check --inventory ssm:/vpc --inventory-cache off --spread off").settings();
    assert!(matches!(place.inventory, InventoryChoice::Place(_)));
    assert_eq!((place.inventory_cache, place.spread), (None, None));
    assert_eq!(
        Run::new("check --inventory s3://Config").error(),
        "--inventory: expected a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens after s3://, found \"s3://Config\""
    );
    let policy = Run::new("iam-policy --inventory /elsewhere.json").settings();
    assert_eq!(policy.inventory, InventoryChoice::Off);
}

#[test]
fn roots_to_trust() {
    let bundle = |words: &str| Run::new(words).variable("AWS_CA_BUNDLE", "/ca.pem");
    let settings = bundle("inventory").settings();
    assert_eq!(settings.ca_file.as_ref().unwrap().label, "/ca.pem");
    assert_eq!(
        settings.origin("ca-file"),
        &Source::Environment("AWS_CA_BUNDLE".to_owned())
    );
    let settings = bundle("check --ca-file /roots.pem").settings();
    assert_eq!(settings.ca_file.unwrap().label, "/roots.pem");
    assert!(
        Run::new("replay f")
            .variable("AWS_CA_BUNDLE", "/none")
            .settle()
            .is_ok()
    );
}

#[test]
fn quiet_and_verbose() {
    let console = |run: Run| {
        let settings = run.settings();
        (settings.quiet, settings.verbosity)
    };
    assert_eq!(console(Run::new("check -vvv")), (false, 3));
    assert_eq!(
        console(Run::new("check -v").conf("quiet = true")),
        (false, 1)
    );
    assert_eq!(console(Run::new("check -q").conf("verbose = 2")), (true, 0));
    assert_eq!(console(Run::new("-q man")), (true, 0));
    let off = Run::new("check")
        .conf("quiet = true")
        .variable("VPCHECK_QUIET", "0");
    assert_eq!(console(off), (false, 0));
}

#[test]
fn a_replay_changes_only_what_is_said() {
    let recorded = Run::new("check --expect isolated --timeout 1s --severity public-answer=info")
        .settings()
        .request;
    let now = Run::new("replay f").settings().over(recorded.clone());
    assert_eq!(now, recorded);
    let now = Run::new(
        "replay f --expect reachable --allow-cidr 10.9.0.0/16 --severity endpoint-missing=off",
    )
    .settings()
    .over(recorded.clone());
    assert_eq!(now.expect, Expect::Reachable);
    assert_eq!(now.timeout_ms, 1000);
    assert_eq!(now.allow_cidrs.len(), 1);
    assert_eq!(
        now.severities,
        BTreeMap::from([("endpoint-missing".to_owned(), Level::Off)])
    );
}

#[test]
fn mistakes_name_the_place_and_what_was_expected() {
    let duration = "expected a duration such as 500ms, 2s or 1m";
    for (run, said) in [
        (Run::new("check --timeout 2"), format!("--timeout: {duration}, found \"2\"; did you mean 2s?")),
        (Run::new("check").variable("VPCHECK_TIMEOUT", "soon"), format!("VPCHECK_TIMEOUT: {duration}, found \"soon\"")),
        (Run::new("check").conf("# c\ntimeout = 'x'"), format!("/c.toml:2: timeout: {duration}, found \"x\"")),
        (Run::new("check").conf("timeout = 2"), "/c.toml:1: timeout: expected text in quotes, found \"2\"".into()),
        (Run::new("check").conf("timeout = ['2s']"), "/c.toml:1: timeout: expected text in quotes, found \"['2s']\"".into()),
        (Run::new("check").conf("vpc-cidr = [\n  '10.0.0.0/16',\n  7,\n]"), "/c.toml:3: vpc-cidr: expected a list of texts in quotes, found \"7\"".into()),
        (Run::new("check").conf("vpc-cidr = [\n  '10.0.0.0/16',\n  '10.0.0.1/8',\n]"), "/c.toml:3: vpc-cidr: expected an address range that starts at its /8 boundary, found \"10.0.0.1/8\"; did you mean 10.0.0.0/8?".into()),
        (Run::new("check").conf("quiet = 'yes'"), "/c.toml:1: quiet: expected true or false, found \"'yes'\"".into()),
        (Run::new("check").conf("verbose = 999"), "/c.toml:1: verbose: expected a number from 0 to 255, found \"999\"".into()),
        (Run::new("check").conf("severity = 1"), "/c.toml:1: severity: expected a table such as endpoint-single-az = \"off\", found \"1\"".into()),
        (Run::new("check").conf("[severity]\nendpoint-mising = 'off'"), "/c.toml:2: severity: expected a finding's code (`vpcheck explain` lists them), found \"endpoint-mising\"; did you mean endpoint-missing?".into()),
        (Run::new("check").conf("timout = '2s'"), "/c.toml:1: timout: there is no such setting; did you mean timeout?".into()),
        (Run::new("check").conf("[check]\ntimeout = '2s'"), "/c.toml:1: check: there is no such setting".into()),
        (Run::new("check").conf("config = '/d'"), "/c.toml:1: config: there is no such setting".into()),
        (Run::new("check").conf("vpc-cidr = []\nvpc_cidrs = []"), "/c.toml:2: vpc_cidrs: vpc-cidr is set twice, under two spellings".into()),
        (Run::new("check --config /none"), "--config: cannot read /none: no such file".into()),
        (Run::new("check --config /forbidden"), "--config: cannot read /forbidden: permission denied".into()),
        (Run::new("check --ca-file /none"), "--ca-file: cannot read /none: no such file".into()),
        (Run::new("check").variable("AWS_CA_BUNDLE", "/none"), "AWS_CA_BUNDLE: cannot read /none: no such file".into()),
        (Run::new("check --service-roots /inventory.json"), "--service-roots: /inventory.json is not a file of PEM certificates: it holds no certificate".into()),
        (Run::new("check --inventory /none"), "--inventory: cannot read /none: no such file".into()),
        (Run::new("check --inventory ").word(""), "--inventory: expected auto, off, a file, s3://BUCKET/KEY or ssm:/NAME, found nothing".into()),
        (Run::new("check --canary send"), "--canary: a canary needs a queue: give --queue-url to check, or set canary to off".into()),
        (Run::new("health").conf("canary = 'send'"), "/c.toml:1: canary: a canary needs a queue: give --queue-url to health, or set canary to off".into()),
        (Run::new("check --canary sned"), "--canary: expected off, send or round-trip, found \"sned\"; did you mean send?".into()),
        (Run::new("check --expect privat"), "--expect: expected private, reachable or isolated, found \"privat\"; did you mean private?".into()),
        (Run::new("check --workload lamda"), "--workload: expected essential, ecs-fargate, lambda, ec2-ssm or eks-private, found \"lamda\"; did you mean lambda?".into()),
        (Run::new("check --color blue"), "--color: expected auto, always or never, found \"blue\"".into()),
        (Run::new("check sqss"), "TARGET: expected a service such as sqs, a hostname or an https:// URL, found \"sqss\"; did you mean sqs?".into()),
        (Run::new("check --region US-EAST-1"), "--region: expected a Region's code such as eu-west-1, found \"US-EAST-1\"; did you mean us-east-1?".into()),
        (Run::new("inventory --vpc-id subnet-1"), "--vpc-id: expected a VPC's id such as vpc-0abc1234, found \"subnet-1\"".into()),
        (Run::new("check --severity endpoint-missing"), "--severity: expected CODE=LEVEL, such as endpoint-single-az=off, found \"endpoint-missing\"".into()),
        (Run::new("check --severity endpoint-missing=warning"), "--severity: expected fail, warn, info or off, found \"warning\"".into()),
        (Run::new("check --timeout 30s"), "--timeout: expected at most the whole run's deadline, 20s (default), found 30s".into()),
        (Run::new("check --timeout 3s").conf("deadline = '2s'"), "--timeout: expected at most the whole run's deadline, 2s (/c.toml:1), found 3s".into()),
        (Run::new("check -o human -o json"), "--output: expected one report for standard output, found several: give each its own, as in json=report.json".into()),
        (Run::new("check -o html=/a -o json=/a"), "--output: expected one report for /a, found several: give each its own, as in json=report.json".into()),
        (Run::new("health --grace 0"), "--grace: expected a number from 1 to 100, found \"0\"".into()),
        (Run::new("health").conf("grace = 101"), "/c.toml:1: grace: expected a number from 1 to 100, found \"101\"".into()),
        (Run::new("health").variable("VPCHECK_GRACE", "-1"), "VPCHECK_GRACE: expected a number from 1 to 100, found \"-1\"".into()),
        (Run::new("health --canary-every 5"), "--canary-every: expected a duration such as 500ms, 2s or 1m, found \"5\"; did you mean 5s?".into()),
        (Run::new("health --state").word(""), "--state: expected a path, found nothing".into()),
        (Run::new("check --save-facts").word(""), "--save-facts: expected a path, found nothing".into()),
        (Run::new("check").conf("quiet = true\nverbose = 1"), "/c.toml:1: quiet: quiet and verbose contradict each other".into()),
        (Run::new("check --queue-url canary"), format!("--queue-url: expected a queue's URL such as {QUEUE}, found \"canary\"")),
        (Run::new("check --resolver dns.local"), "--resolver: expected the address of a DNS server, such as 10.0.0.2, 10.0.0.2:53 or [fd00:ec2::253]:53, found \"dns.local\"".into()),
        (Run::new("check --redact --evidence /e"), "--redact: evidence needs the accounts and addresses themselves: leave one of the two out, or redact saved facts with `vpcheck replay FACTS --redact`".into()),
        (Run::new("check --deliver syslog").variable("VPCHECK_REDACT", "1"), "VPCHECK_REDACT: deliver needs the accounts and addresses themselves: leave one of the two out, or redact saved facts with `vpcheck replay FACTS --redact`".into()),
    ] {
        assert_eq!(run.error(), said);
        assert!(!said.contains('\n'));
    }
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    let said = Run::new("check")
        .conf("timeout = '2s'\nexpect = private\n")
        .error();
    assert!(
        said.starts_with("/c.toml:2: this is not valid TOML: "),
        "{said}"
    );
    let said = Run::new("check").conf("a = 1\na = 2\n").error();
    assert!(said.starts_with("/c.toml:"), "{said}");
    let mut run = Run::new("check --config /bin.toml");
    run.files.0.insert("/bin.toml".to_owned(), vec![0xff, 0xfe]);
    assert_eq!(
        run.error(),
        "/bin.toml: this is not valid TOML: it is not UTF-8 text"
    );
    let deep = format!("target = {}", "[".repeat(100_000));
    assert!(Run::new("check").conf(&deep).settle().is_err());
}

#[test]
fn secrets_and_control_characters_are_not_repeated() {
    let said = Run::new("check https://me:hunter2@example.com").error();
    assert!(!said.contains("hunter2"), "{said}");
    let said = Run::new("check")
        .variable("VPCHECK_EXPECT", "a\u{1b}[31m")
        .error();
    assert!(!said.contains('\u{1b}'), "{said}");
    let said = Run::new("check --expect").word("x".repeat(100_000)).error();
    assert!(said.len() < 300, "{}", said.len());
}

#[test]
fn a_fix_has_a_place_of_its_own() {
    let outputs = |words: &str| {
        let settings = Run::new(words).settings();
        let formats = settings.outputs.iter().map(|output| output.format);
        formats.collect::<Vec<_>>()
    };
    assert_eq!(outputs("check --fix cloudformation"), []);
    assert_eq!(outputs("replay f --fix cloudformation"), []);
    assert_eq!(
        outputs("check --fix cloudformation -o human=/r"),
        [Format::Human]
    );
    assert_eq!(outputs("check --fix cloudformation=/f"), [Format::Human]);
    assert_eq!(
        outputs("check --fix cloudformation=/f -o json"),
        [Format::Json]
    );
    // What a lower place sends to standard output gives way; what it sends elsewhere stays.
    let lower = Run::new("check --fix cloudformation").conf("output = ['human', 'json=/r']");
    let outputs = lower.settings().outputs;
    assert_eq!(outputs.len(), 1);
    assert_eq!(outputs[0].format, Format::Json);
    let higher = Run::new("check -o json").conf("fix = 'cloudformation'");
    let higher = higher.settings();
    assert_eq!(higher.outputs[0].format, Format::Json);
    assert_eq!(higher.fix, None);
    // Printed and read again, what gave way contradicts nothing.
    for run in [
        Run::new("check --fix cloudformation"),
        Run::new("check --fix cloudformation").conf("output = ['human', 'json=/r']"),
        Run::new("check -o json").conf("fix = 'cloudformation'"),
    ] {
        let settings = run.settings();
        let again = Run::new("check").conf(&settings.shown()).settings();
        assert_eq!((settings.outputs, settings.fix), (again.outputs, again.fix));
    }
    for words in [
        "check --fix cloudformation -o json",
        "check --fix cloudformation=/f -o json=/f",
    ] {
        let said = Run::new(words).error();
        assert!(
            said.contains("--fix") && said.contains("found both"),
            "{said}"
        );
    }
    let said = Run::new("check --fix terrafrom").error();
    assert_eq!(said, "--fix: expected cloudformation, found \"terrafrom\"");
}

#[test]
fn misspelt_variables_are_told_from_strangers() {
    let run = Run::new("check")
        .variable("VPCHECK_TIMOUT", "2s")
        .variable("VPCHECK_TIMEOUT", "2s")
        .variable("VPCHECK_TARGETS", "sqs")
        .variable("VPCHECK_SERVICE_HOST", "10.0.0.1")
        .variable("VPCHECK_SERVICE_PORT", "443")
        .variable("VPCHECK_PORT", "tcp://10.0.0.1:443")
        .variable("VPCHECK_PORT_443_TCP_ADDR", "10.0.0.1");
    let found = misspelt_variables(&run.environment);
    assert_eq!(
        found,
        [("VPCHECK_TIMOUT".to_owned(), "VPCHECK_TIMEOUT".to_owned())]
    );
}

#[test]
fn the_sample_file_has_every_key_and_works() {
    let sample = include_str!("../../packaging/vpcheck.toml");
    let untouched = Run::new("check").conf(sample).settings();
    assert!(
        untouched
            .said
            .iter()
            .all(|said| said.from == Source::Default)
    );
    let mut keys = Vec::new();
    let mut active = String::new();
    for line in sample.lines() {
        // A setting has no space after the #, an explanation has.
        let Some(setting) = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')) else {
            continue;
        };
        active.push_str(setting);
        active.push('\n');
        if setting == "[severity]" {
            keys.push("severity");
            break;
        }
        keys.extend(setting.split_once(" = ").map(|(key, _)| key));
    }
    active.push_str("endpoint-single-az = 'off'\n");
    let mut known: Vec<&str> = OPTIONS.iter().map(|option| option.key).collect();
    known.sort_unstable();
    keys.sort_unstable();
    assert_eq!(keys, known);
    let sample = |command: &str| {
        Run::new(command)
            .conf(&active)
            .file("/etc/vpcheck/service-roots.pem", PEM)
            .file("/etc/vpcheck/ca.pem", PEM)
            .settings()
    };
    let (set, default) = (sample("check"), Run::new("check").settings());
    let memory = sample("health").memory;
    assert_eq!(memory.grace, default.memory.grace);
    assert_eq!(memory.state, default.memory.state);
    assert_eq!(
        sample("inventory").vpc_id.as_deref(),
        Some("vpc-0123456789abcdef0")
    );
    assert_eq!(set.request.timeout_ms, default.request.timeout_ms);
    assert_eq!(set.request.deadline_ms, default.request.deadline_ms);
    assert_eq!(
        set.request.inventory_max_age_s,
        default.request.inventory_max_age_s
    );
    assert_eq!(set.request.expect, default.request.expect);
    assert_eq!(set.outputs, default.outputs);
    assert_eq!(set.inventory, default.inventory);
    assert_eq!(
        (set.color, set.quiet, set.verbosity),
        (default.color, false, 0)
    );
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut run = Run::new("check --config /x");
        run.files.0.insert("/x".to_owned(), bytes);
        let _ = run.settle();
    }

    #[test]
    fn no_text_makes_it_panic(option in 0..OPTIONS.len(), text in "\\PC{0,40}|.{0,20}") {
        let key = OPTIONS[option].key;
        let run = command_for(key).variable(&OPTIONS[option].variable(), &text);
        if let Err(error) = run.settle() {
            prop_assert!(!error.to_string().contains('\n'));
        }
        let file = command_for(key).conf(&format!("{key} = '''{text}'''"));
        let _ = file.settle();
    }

    #[test]
    fn periods_round_trip(millis in 1..31_622_400_000_u64) {
        let period = Period::from_millis(millis).unwrap();
        prop_assert_eq!(period.to_string().parse(), Ok(period));
    }

    #[test]
    fn numbers_with_units_never_overflow(text in "[0-9.]{0,25}(ms|s|m|h|d|)") {
        let _ = text.parse::<Period>();
    }

    #[test]
    fn ranges_and_names_survive_anything(text in "[a-zA-Z0-9:./@\\[\\]_-]{0,60}|.{0,40}") {
        let _ = network::cidr(&text);
        let _ = network::resolver(&text);
        let _ = queue::queue_url(&text);
        let _ = text.parse::<Output>();
        if let Ok(TargetArg::Hostname(name)) = target::target(&text) {
            prop_assert_eq!(network::hostname(&name), Some(name));
        }
    }
}
