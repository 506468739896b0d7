//! Settings: options, variables and the configuration file.

use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use super::input::Input;
use crate::cli;
use crate::config::{
    DEFAULT_FILE, Environment, Files, OPTIONS, Settings, Source, misspelt_variables,
};

/// Files that exist in memory alone.
struct Memory<'a> {
    configuration: &'a [u8],
}

impl Files for Memory<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some(DEFAULT_FILE | "c.toml") => Ok(self.configuration.to_vec()),
            Some("roots.pem") => Ok(include_bytes!("../gather/tls/service-roots.pem").to_vec()),
            Some("inventory.json") => Ok(b"{}".to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Any options, variables and file: settings that are right, or one sentence that says what is wrong.
pub(super) fn configuration(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let command = *input.pick(&[
        "check",
        "health",
        "watch",
        "inventory",
        "services",
        "iam-policy",
        "replay",
    ]);
    let mut arguments: Vec<String> = vec!["vpcheck".to_owned(), command.to_owned()];
    if command == "replay" {
        arguments.push("facts.json".to_owned());
    }
    for _ in 0..input.below(4) {
        let option = input.pick(OPTIONS);
        let text = value(&mut input);
        arguments.push(match option.key {
            "target" => text,
            "quiet" | "verbose" => format!("--{}", option.key),
            key => format!("--{key}={text}"),
        });
    }
    let mut environment = Environment::new();
    for _ in 0..input.below(4) {
        let name = input.pick(OPTIONS).variable();
        environment.insert(name, value(&mut input));
    }
    if input.flag() {
        environment.insert("AWS_CA_BUNDLE".to_owned(), "roots.pem".to_owned());
    }
    resolve(arguments, &environment, input.rest());
}

/// Any text where a range, an address, a name, a URL or a period is wanted.
pub(super) fn option(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let keys = [
        "allow-cidr",
        "vpc-cidr",
        "resolver",
        "target",
        "queue-url",
        "timeout",
        "deadline",
        "region",
        "output",
        "severity",
        "vpc-id",
        "inventory-max-age",
        "workload",
        "expect",
    ];
    let key = *input.pick(&keys);
    let text = input.rest_text();
    if text.contains('\0') {
        return;
    }
    let arguments = match key {
        "target" => vec![
            "vpcheck".to_owned(),
            "check".to_owned(),
            "--".to_owned(),
            text,
        ],
        key => vec![
            "vpcheck".to_owned(),
            "check".to_owned(),
            format!("--{key}={text}"),
        ],
    };
    resolve(arguments, &Environment::new(), b"");
}

fn resolve(arguments: Vec<String>, environment: &Environment, configuration: &[u8]) {
    let said = format!("{arguments:?} {environment:?}");
    let Ok(cli) = cli::parse(arguments.into_iter().map(OsString::from)) else {
        return;
    };
    let _ = misspelt_variables(environment);
    let files = Memory { configuration };
    let codes = ["tcp-timeout", "endpoint-missing"];
    let settings = Settings::resolve(&cli, environment, &files, &codes);
    assert_eq!(
        settings,
        Settings::resolve(&cli, environment, &files, &codes),
        "{said}"
    );
    match settings {
        Ok(settings) => sound(&settings, &said),
        Err(error) => {
            let text = error.to_string();
            assert!(
                !text.is_empty() && text.len() < 4096 + 8 * (said.len() + configuration.len()),
                "{text}"
            );
        }
    }
}

fn sound(settings: &Settings, said: &str) {
    let request = &settings.request;
    assert!(
        request.timeout_ms > 0 && request.timeout_ms <= request.deadline_ms,
        "{said}"
    );
    for net in request.vpc_cidrs.iter().chain(&request.allow_cidrs) {
        assert_eq!(*net, net.trunc(), "{said}");
        assert_eq!(net.to_string().parse().ok(), Some(*net));
    }
    for server in &settings.extra_resolvers {
        assert!(server.port() != 0, "{said}");
        assert_eq!(server.to_string().parse().ok(), Some(*server));
    }
    let instead = settings.fix.as_ref().is_some_and(|fix| fix.path.is_none());
    assert!(instead || !settings.outputs.is_empty());
    for (at, output) in settings.outputs.iter().enumerate() {
        assert!(
            settings
                .outputs
                .iter()
                .skip(at + 1)
                .all(|other| other.path != output.path),
            "{said}"
        );
    }
    for target in &settings.targets {
        if let crate::config::TargetArg::Hostname(name) = target {
            assert!(
                name.len() <= 253 && name.contains('.') && name.parse::<IpAddr>().is_err(),
                "{said}"
            );
            assert!(
                name.split('.').all(|label| (1..=63).contains(&label.len())),
                "{said}"
            );
        }
    }
    for option in OPTIONS {
        if let Source::File { line, .. } = settings.origin(option.key) {
            assert!(*line > 0);
        }
    }
    assert_eq!(settings.over(request.clone()), *request, "{said}");
}

/// Something that an option may be given.
fn value(input: &mut Input<'_>) -> String {
    let known = [
        "10.0.0.0/16",
        "10.0.0.2:53",
        "fd00:ec2::253",
        "sqs",
        "sqs.us-east-1.amazonaws.com",
        "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        "2s",
        "500ms",
        "1d",
        "us-east-1",
        "json=a.json",
        "human",
        "c.toml",
        "roots.pem",
        "inventory.json",
        "auto",
        "off",
        "send",
        "round-trip",
        "private",
        "reachable",
        "isolated",
        "tcp-timeout=off",
        "endpoint-missing=warn",
        "true",
        "7",
        "ecs-fargate",
        "vpc-1",
    ];
    match input.byte() % 4 {
        0 => input.text().replace('\0', ""),
        _ => (*input.pick(&known)).to_owned(),
    }
}
