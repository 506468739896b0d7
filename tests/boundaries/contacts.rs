//! A run contacts resolvers, metadata, the addresses under test and the two APIs. It starts no other program, and it
//! needs no capability.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use serde_json::Value;

use super::lab::{Lab, hostile, physics};
use super::witness::{Contact, Witness};
use super::{LIMIT, VPCHECK};

/// A proxy that nobody plays.
const PROXY: &str = "10.0.1.200";

/// Worlds in which everybody who is contacted is looked at.
pub(crate) const WORLDS: &[(&str, &str)] = &[
    ("healthy", ""),
    (
        "group",
        "security_groups = { sg-0e0d0c0b0a0900002 = { ingress = [] } }",
    ),
    ("public", "endpoints = { ssm = false, sqs = false }"),
    (
        "proxied",
        "environment = { variables = { HTTPS_PROXY = \"http://10.0.1.200:3128\", HTTP_PROXY = \"http://10.0.1.200:3128\", ALL_PROXY = \"http://10.0.1.200:3128\", http_proxy = \"http://10.0.1.200:3128\", https_proxy = \"http://10.0.1.200:3128\" } }",
    ),
    (
        "proxied-task",
        "environment = { kind = \"fargate\", variables = { HTTPS_PROXY = \"http://10.0.1.200:3128\", HTTP_PROXY = \"http://10.0.1.200:3128\", http_proxy = \"http://10.0.1.200:3128\" } }",
    ),
    (
        "proxied-pod",
        "environment = { kind = \"eks\", variables = { HTTPS_PROXY = \"http://10.0.1.200:3128\", HTTP_PROXY = \"http://10.0.1.200:3128\", http_proxy = \"http://10.0.1.200:3128\" } }",
    ),
    (
        "redirected",
        "addresses = { \"0.0.0.0/0\" = { http = \"redirect-away\" } }",
    ),
    (
        "metadata-redirects",
        "metadata = { imds = \"redirect-away\" }\nenvironment = { variables = { AWS_REGION = \"us-east-1\" } }",
    ),
    (
        "process",
        "credentials = { source = \"none\" }\nenvironment = { variables = { AWS_PROFILE = \"process\", AWS_CONFIG_FILE = \"{config}\" } }",
    ),
];

/// Plays a check of a few services with a canary, without any capability.
pub(crate) fn play(lab: &Lab, name: &str) -> Result<Vec<String>, String> {
    let own = lab.world().host.addresses.clone();
    // A child that outlives its parent is this process's then.
    nix::sys::prctl::set_child_subreaper(true).map_err(|e| e.to_string())?;
    let directory = lab.directory();
    let facts = directory.join("facts.json");
    let config = directory.join("config");
    let started = directory.join("started");
    let process = format!(
        "[profile process]\nregion = us-east-1\ncredential_process = /bin/touch {}\n",
        started.display()
    );
    fs::write(&config, process).map_err(|e| e.to_string())?;
    let witness = Witness::new(own)?;
    // A user namespace without a mapping: its user is nobody, and may do nothing outside it.
    let mut command = lab.command("unshare");
    command.args(["--user", "--", VPCHECK, "check", "-o", "json"]);
    command.args(["sqs", "ssm", "s3", "sts"]);
    command.args(["--queue-url", &lab.queue_url("canary")]);
    command.args(["--timeout", "700ms", "--deadline", "5s"]);
    command.arg("--service-roots").arg(lab.service_roots());
    command.arg("--save-facts").arg(&facts);
    for (name, value) in lab.environment() {
        command.env(
            name,
            value.replace("{config}", &config.display().to_string()),
        );
    }
    let out = fs::File::create(directory.join("stdout")).map_err(|e| e.to_string())?;
    let errors = fs::File::create(directory.join("stderr")).map_err(|e| e.to_string())?;
    command.stdin(Stdio::null()).stdout(out).stderr(errors);
    let mut problems = Vec::new();
    let child = command
        .spawn()
        .map_err(|e| format!("cannot run unshare: {e}"))?;
    let id = Pid::from_raw(i32::try_from(child.id()).map_err(|e| e.to_string())?);
    let begun = Instant::now();
    let mut looked = 0;
    loop {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
        match waitid(Id::Pid(id), flags).map_err(|e| e.to_string())? {
            WaitStatus::StillAlive if begun.elapsed() < LIMIT => {
                looked += usize::from(is_ours(id));
                problems.extend(capabilities(id));
                std::thread::sleep(Duration::from_millis(5));
            }
            WaitStatus::StillAlive => return Err("it does not end".to_owned()),
            _ => break,
        }
    }
    if looked == 0 {
        problems.push("it was never seen running".to_owned());
    }
    // It has ended, and nobody has buried it yet: what its children took stands there.
    problems.extend(children(id));
    waitpid(id, None).map_err(|e| e.to_string())?;
    if let Ok(orphan) = waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
        problems.push(format!("it left a child: {orphan:?}"));
    }
    if started.exists() {
        problems.push("it started a credential process".to_owned());
    }
    let seen = witness.seen()?;
    let said = fs::read_to_string(directory.join("stderr")).unwrap_or_default();
    let text = fs::read_to_string(&facts).map_err(|e| format!("no facts: {e}: {said}"))?;
    let facts: Value = serde_json::from_str(&text).map_err(|e| format!("no facts: {e}"))?;
    let allowed = allowed(lab, &facts);
    for contact in &seen.contacts {
        if !allowed.contains(contact) {
            problems.push(format!("it contacted {contact:?}"));
        }
        let away: [IpAddr; 2] = [PROXY, hostile::AWAY].map(|address| address.parse().unwrap());
        if away.contains(&contact.address) {
            problems.push(format!(
                "it went to {} though nobody asked",
                contact.address
            ));
        }
    }
    let asked = names(&facts);
    for name in seen.names.iter().filter(|name| !asked.contains(*name)) {
        problems.push(format!("it asked for {name}"));
    }
    if seen.contacts.len() < 5 || seen.names.len() < 4 {
        problems.push(format!("hardly anything was seen: {seen:?}"));
    }
    let metadata = |contact: &&Contact| contact.port == 80;
    if !name.contains("redirected") && seen.contacts.iter().filter(metadata).count() == 0 {
        problems.push("metadata was not seen to be asked".to_owned());
    }
    problems.sort();
    problems.dedup();
    println!(
        "{} contacts, {} names, looked at {looked} times",
        seen.contacts.len(),
        seen.names.len()
    );
    Ok(problems)
}

/// Resolvers, metadata, every address that was answered for a name asked for, and the endpoints of the two APIs.
fn allowed(lab: &Lab, facts: &Value) -> BTreeSet<Contact> {
    let mut allowed = BTreeSet::new();
    let mut allow = |protocol, address: IpAddr, port| {
        allowed.insert(Contact {
            protocol,
            address,
            port,
        });
    };
    let mut resolvers = lab.world().host.resolvers.clone();
    for vpc in ["169.254.169.253", "fd00:ec2::253", "10.0.0.2"] {
        resolvers.push(vpc.parse().unwrap());
    }
    for resolver in resolvers {
        allow("udp", resolver, 53);
        allow("tcp", resolver, 53);
    }
    for metadata in [
        "169.254.169.254",
        "fd00:ec2::254",
        "169.254.170.2",
        "169.254.170.23",
    ] {
        allow("tcp", metadata.parse().unwrap(), 80);
    }
    let texts = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let names = facts["names"].as_array().into_iter().flatten();
    // What names are only compared with is looked up and left alone.
    for name in names.filter(|name| name["comparison"] == false) {
        for lookup in name["lookups"].as_array().into_iter().flatten() {
            let records = lookup["answer"]["seen"]["records"]
                .as_array()
                .into_iter()
                .flatten();
            for address in records.filter_map(|record| texts(&record["address"])) {
                allow("tcp", address, 443);
            }
        }
    }
    for peer in physics::peers(lab.world()) {
        if matches!(peer.label.as_deref(), Some("sqs" | "ec2")) {
            allow("tcp", peer.address, 443);
        }
    }
    allowed
}

/// The names under test, those compared with them, and the two APIs'.
fn names(facts: &Value) -> BTreeSet<String> {
    let all = facts["names"].as_array().into_iter().flatten();
    let mut names: BTreeSet<String> = all
        .filter_map(|name| name["name"].as_str())
        .map(str::to_owned)
        .collect();
    names.insert("ec2.us-east-1.amazonaws.com".to_owned());
    names.insert("sqs.us-east-1.amazonaws.com".to_owned());
    names
}

/// Whether the process is vpcheck by now, and no longer what runs it.
fn is_ours(id: Pid) -> bool {
    fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "vpcheck")
}

/// Capabilities that the process has and need not.
fn capabilities(id: Pid) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("CapEff:"))?;
    (is_ours(id) && !line.trim_end().ends_with("0000000000000000"))
        .then(|| format!("it has capabilities: {line}"))
}

/// Children that the process had and waited for: whoever runs has page faults, and they are counted.
fn children(id: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // proc(5): cminflt is the 11th field of all, and two stand before these.
    let faults = fields.get(8)?;
    (*faults != "0").then(|| format!("it ran children, with {faults} page faults"))
}
