//! Secrets come in by every door there is, and go out by none.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::lab::{Lab, metadata};
use super::{LIMIT, VPCHECK, scan};

/// Worlds, healthy and broken, with secrets at every door.
pub(crate) const WORLDS: &[(&str, &str)] = &[
    ("instance-role", ""),
    (
        "instance-role-unknown-key",
        "credentials = { known = false }",
    ),
    ("instance-role-expired", "credentials = { expired = true }"),
    ("instance-role-denied", "ec2_api = { denied = [\"*\"] }"),
    ("variables", "credentials = { source = \"env\" }"),
    (
        "profile",
        "credentials = { source = \"none\" }\nenvironment = { variables = { AWS_PROFILE = \"planted\" } }",
    ),
    (
        "profile-process",
        "credentials = { source = \"none\" }\nenvironment = { variables = { AWS_PROFILE = \"process\" } }",
    ),
    (
        "profile-broken",
        "credentials = { source = \"none\" }\nenvironment = { variables = { AWS_PROFILE = \"planted\", AWS_CONFIG_FILE = \"{broken}\" } }",
    ),
    (
        "web-identity",
        "credentials = { source = \"none\" }\nenvironment = { variables = { AWS_ROLE_ARN = \"arn:aws:iam::123456789012:role/app\", AWS_WEB_IDENTITY_TOKEN_FILE = \"{token}\" } }",
    ),
    (
        "web-identity-quoted",
        "credentials = { source = \"none\" }\nenvironment = { variables = { AWS_ROLE_ARN = \"arn:aws:iam::123456789012:role/app\", AWS_WEB_IDENTITY_TOKEN_FILE = \"{token}\" } }\naddresses = { \"0.0.0.0/0\" = { http = \"echo\" } }",
    ),
    ("task", "environment = { kind = \"fargate\" }"),
    (
        "task-token",
        "environment = { kind = \"eks\", variables = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = \"\", AWS_CONTAINER_AUTHORIZATION_TOKEN = \"lab.pod.identity.token\" } }",
    ),
    ("pod", "environment = { kind = \"eks\" }"),
    (
        "pod-quotes",
        "environment = { kind = \"eks\" }\nmetadata = { pod = \"echo\" }",
    ),
    (
        "metadata-quotes",
        "metadata = { imds = \"echo\" }\nenvironment = { variables = { AWS_REGION = \"us-east-1\" } }",
    ),
    (
        "services-quote",
        "addresses = { \"0.0.0.0/0\" = { http = \"echo\" } }",
    ),
    (
        "services-quote-variables",
        "credentials = { source = \"env\" }\naddresses = { \"0.0.0.0/0\" = { http = \"echo\" } }",
    ),
    (
        "anothers-message",
        "sqs = { temper = \"anothers-message\" }",
    ),
    (
        "intercepted",
        "addresses = { \"0.0.0.0/0\" = { tls = \"intercepted\" } }",
    ),
    (
        "silent",
        "addresses = { \"0.0.0.0/0\" = { http = \"stall\" } }",
    ),
];

/// Planted at doors that every world has.
const PROXY_PASSWORD: &str = "plantedProxyPassword4711aaaa";
const OTHER_PASSWORD: &str = "plantedDatabasePassword4711bbbb";
const QUEUE_PASSWORD: &str = "plantedQueueUrlPassword4711cccc";
const PROFILE_KEY_ID: &str = "ASIAPLANTEDPROFILE00";
const PROFILE_SECRET: &str = "plantedProfileSecretKey4711dddddddddddd";
const PROFILE_TOKEN: &str = "plantedProfileSessionToken4711eeee";
const PROCESS_SECRET: &str = "plantedProcessSecret4711ffffffff";
const WEB_TOKEN: &str = "plantedHeader.plantedWebIdentityToken4711.gggg";
const CONFIG_PASSWORD: &str = "plantedConfigPassword4711hhhh";
const KEY_TEXT: &str = "plantedSigningKeyText4711iiii";
const OTHERS_BODY: &str = "somebody else's order";

const FORMATS: [&str; 10] = [
    "human",
    "json",
    "junit",
    "html",
    "prometheus",
    "ocsf",
    "asff",
    "emf",
    "markdown",
    "brief",
];

/// Runs everything that writes, as loud as it gets, and searches all that was written.
pub(crate) fn play(lab: &Lab, name: &str) -> Result<Vec<String>, String> {
    let home = lab.directory();
    let out = home.join("out");
    let doors = home.join("doors");
    for directory in [&out, &doors, &home.join(".aws")] {
        fs::create_dir_all(directory).map_err(|e| e.to_string())?;
    }
    plant(home, &doors)?;
    let before = scan::files(home);
    let runner = Runner {
        lab,
        out: &out,
        doors: &doors,
    };
    let private = runner.signing_key()?;

    let mut check: Vec<String> = [
        "check",
        "-vvv",
        "--canary",
        "round-trip",
        "--workload",
        "ec2-ssm",
    ]
    .map(str::to_owned)
    .into();
    for format in FORMATS {
        check.push(format!("-o={format}={}", out.join(format).display()));
    }
    check.push(format!("--save-facts={}", out.join("facts.json").display()));
    check.push(format!("--evidence={}", out.join("evidence").display()));
    check.push(format!("--signing-key={}", doors.join("key").display()));
    check.push("--deliver=s3://evidence/vpc,security-hub,ssm-compliance,syslog".to_owned());
    check.push(format!("--spool={}", out.join("spool").display()));
    check.push(format!("--queue-url={}", lab.queue_url("canary")));
    runner.run("check", &check)?;
    runner.run("inventory", &inventory(&out))?;
    // What knows of no world is run in one.
    if name.ends_with("instance-role") {
        elsewhere(&runner)?;
    }

    let mut secrets = vec![
        metadata::ACCESS_KEY_ID,
        metadata::SECRET_ACCESS_KEY,
        PROFILE_KEY_ID,
        metadata::SESSION_TOKEN,
        metadata::IMDS_TOKEN,
        metadata::POD_TOKEN,
        PROXY_PASSWORD,
        OTHER_PASSWORD,
        QUEUE_PASSWORD,
        PROFILE_SECRET,
        PROFILE_TOKEN,
        PROCESS_SECRET,
        WEB_TOKEN,
        CONFIG_PASSWORD,
        KEY_TEXT,
        OTHERS_BODY,
    ];
    secrets.extend(private.iter().map(String::as_str));
    let mut problems = Vec::new();
    let mut searched = 0;
    for file in scan::files(&out) {
        let bytes = fs::read(&file).map_err(|e| e.to_string())?;
        searched += bytes.len();
        for secret in scan::found(&bytes, &secrets) {
            problems.push(format!(
                "{secret} is in {}",
                file.strip_prefix(home).unwrap_or(&file).display()
            ));
        }
    }
    let stray = scan::files(home).into_iter().filter(|file| {
        !file.starts_with(&out) && !file.starts_with(&doors) && !before.contains(file)
    });
    problems.extend(stray.map(|file| format!("{} was written", file.display())));
    let report = fs::read(out.join("json")).map_err(|e| format!("no report: {e}"))?;
    if serde_json::from_slice::<serde_json::Value>(&report).is_err() {
        problems.push("the report is none".to_owned());
    }
    // What is searched is worth it: services that quote have been quoted.
    let quotes = name.contains("services-quote");
    if quotes && !String::from_utf8_lossy(&report).contains("[secret]") {
        problems.push("nothing was quoted, so nothing was taken out".to_owned());
    }
    println!("{} files, {} KiB", scan::files(&out).len(), searched / 1024);
    Ok(problems)
}

/// The other commands, and settings with secrets in them.
fn elsewhere(runner: &Runner<'_>) -> Result<(), String> {
    let out = |file: &str| runner.out.join(file).display().to_string();
    let door = |file: &str| runner.doors.join(file).display().to_string();
    let queue = runner.lab.queue_url("canary");
    let userinfo = queue.replace("https://", &format!("https://user:{QUEUE_PASSWORD}@"));
    let nonsense = userinfo.replace("https:", "nonsense:");
    let state = format!("--state={}", out("state.json"));
    let broken = format!("--signing-key={}", door("broken-key"));
    let evidence = format!("--evidence={}", out("unsigned"));
    let (facts, chain) = (out("facts.json"), out("evidence"));
    let commands: [(&str, &[&str]); 8] = [
        (
            "queue",
            &["check", "-o=json", "--queue-url", &userinfo, "sqs"],
        ),
        (
            "queue-nonsense",
            &["check", "--queue-url", &nonsense, "sqs"],
        ),
        (
            "health",
            &[
                "health",
                "--grace=3",
                "--canary-every=1h",
                &state,
                "--queue-url",
                &queue,
                "sqs",
            ],
        ),
        ("replay", &["replay", "-o=json", &facts]),
        ("verify", &["verify", &chain]),
        (
            "broken.toml",
            &["check", "--config", &door("broken.toml"), "sqs"],
        ),
        (
            "password.toml",
            &["check", "--config", &door("password.toml"), "sqs"],
        ),
        ("broken-key", &["check", &broken, &evidence, "sqs"]),
    ];
    for (name, words) in commands {
        let loud = words.iter().chain(&["-vvv"]).map(|word| (*word).to_owned());
        runner.run(name, &loud.collect::<Vec<_>>())?;
    }
    runner.crash()
}

fn inventory(out: &Path) -> Vec<String> {
    let file = out.join("inventory.json").display().to_string();
    ["inventory", "-vvv", "-o", &file].map(str::to_owned).into()
}

struct Runner<'a> {
    lab: &'a Lab,
    out: &'a Path,
    doors: &'a Path,
}

impl Runner<'_> {
    /// Runs a command and keeps what it says.
    fn run(&self, name: &str, words: &[String]) -> Result<(), String> {
        let ran = self.lab.run(self.command(words), LIMIT)?;
        if ran.status.and_then(|status| status.code()).is_none() {
            return Err(format!("{name} did not end by itself: {:?}", ran.status));
        }
        for (stream, bytes) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            fs::write(self.out.join(format!("{name}.{stream}")), bytes)
                .map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    /// Ends a run amid its work as a crash would.
    fn crash(&self) -> Result<(), String> {
        let words = ["check", "-vvv", "-o=json", "--workload=ec2-ssm"].map(str::to_owned);
        let mut sent = false;
        let ran = self
            .lab
            .run_watched(self.command(&words), LIMIT, |id, elapsed| {
                if !sent && elapsed.as_millis() > 60 {
                    sent = true;
                    let id = nix::unistd::Pid::from_raw(i32::try_from(id).unwrap_or(0));
                    // It may have ended this instant.
                    let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGABRT);
                }
            })?;
        fs::write(self.out.join("crash"), [ran.stdout, ran.stderr].concat())
            .map_err(|e| e.to_string())
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = self.lab.command(VPCHECK);
        let place = |file: &str| self.doors.join(file).display().to_string();
        for (name, value) in self.lab.environment() {
            command.env(
                name,
                value
                    .replace("{token}", &place("web-token"))
                    .replace("{broken}", &place("broken-config")),
            );
        }
        let proxy = format!("http://user:{PROXY_PASSWORD}@10.0.1.200:3128");
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy"] {
            command.env(name, &proxy);
        }
        command.env("DB_PASSWORD", OTHER_PASSWORD);
        command.env("VPCHECK_PASSWORD", OTHER_PASSWORD);
        command
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full");
        command.current_dir(self.out).args(words);
        if words
            .first()
            .is_some_and(|word| word == "check" || word == "health")
        {
            command.args(["--timeout=700ms", "--deadline=3s"]);
            command.arg("--service-roots").arg(self.lab.service_roots());
        }
        if words.first().is_some_and(|word| word == "inventory") {
            command.args(["--timeout=700ms", "--deadline=3s"]);
        }
        command
    }

    /// Makes the key that signs, and gives the lines of its private half.
    fn signing_key(&self) -> Result<Vec<String>, String> {
        let key = self.doors.join("key");
        let words = ["signing-key".to_owned(), key.display().to_string()];
        self.run("signing-key", &words)?;
        let text = fs::read_to_string(&key).map_err(|e| format!("no key: {e}"))?;
        let public = fs::read_to_string(self.doors.join("key.pub")).unwrap_or_default();
        // What is not the public half as well, nor the frame around it.
        let lines = text
            .lines()
            .filter(|line| line.len() >= 30 && !line.starts_with('-'));
        Ok(lines
            .filter(|line| !public.contains(*line))
            .map(|line| {
                // The head of the encoding is the same for all keys of the kind.
                line.chars().skip(24).collect()
            })
            .collect())
    }
}

/// Puts secrets where a workload would have them.
fn plant(home: &Path, doors: &Path) -> Result<(), String> {
    let profile = format!(
        "[planted]\naws_access_key_id = {PROFILE_KEY_ID}\naws_secret_access_key = {PROFILE_SECRET}\naws_session_token = {PROFILE_TOKEN}\n"
    );
    let process = format!(
        "[profile process]\ncredential_process = /bin/echo {PROCESS_SECRET}\nregion = us-east-1\n[profile planted]\nregion = us-east-1\n"
    );
    for (path, text) in [
        (home.join(".aws/credentials"), profile.clone()),
        (home.join(".aws/config"), process),
        (
            doors.join("broken-config"),
            format!("[profile planted\n{PROFILE_SECRET}\n= {PROFILE_TOKEN} =\n{profile}"),
        ),
        (doors.join("web-token"), WEB_TOKEN.to_owned()),
        (
            doors.join("broken.toml"),
            format!(
                "queue-url = \"https://user:{CONFIG_PASSWORD}@sqs.us-east-1.amazonaws.com/123456789012/q\nexpect =\n"
            ),
        ),
        (
            doors.join("password.toml"),
            format!(
                "queue-url = \"https://user:{CONFIG_PASSWORD}@sqs.us-east-1.amazonaws.com/123456789012/q\"\npassword = \"{CONFIG_PASSWORD}\"\n"
            ),
        ),
        (
            doors.join("broken-key"),
            format!("-----BEGIN PRIVATE KEY-----\n{KEY_TEXT}\n-----END PRIVATE KEY-----\n"),
        ),
    ] {
        fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&path, mode).map_err(|e| e.to_string())?;
    }
    Ok(())
}
