//! The host: its files, its variables, its clock, and vpcheck's own arguments.

use std::fs;
use std::process::Command;

use super::call::check_placeholder;
use super::{Inventory, Setting};
use crate::lab::queue_url;
use crate::lab::world::World;

/// `sed -i` on a file of the host's: by the real sed, on a copy of what the lab would write there.
pub fn sed(setting: &mut Setting, arguments: &[String]) -> Result<String, String> {
    let (file, options) = arguments.split_last().ok_or("sed of no file")?;
    if !options.iter().any(|o| o == "-i") {
        return Err("sed without -i changes nothing".into());
    }
    let host = &mut setting.world.host;
    let lines = match file.as_str() {
        "/etc/hosts" => {
            let mut lines = vec!["127.0.0.1 localhost".to_owned()];
            lines.extend(host.hosts_lines.iter().cloned());
            lines
        }
        "/etc/resolv.conf" => {
            let servers = host
                .resolvers
                .iter()
                .map(|server| format!("nameserver {server}"));
            servers
                .chain(host.resolv_conf_lines.iter().cloned())
                .collect()
        }
        other => return Err(format!("sed of {other}")),
    };
    let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
    let copy = directory.path().join("copy");
    fs::write(&copy, lines.join("\n") + "\n").map_err(|e| e.to_string())?;
    let ran = Command::new("sed")
        .args(options)
        .arg(&copy)
        .output()
        .map_err(|e| format!("cannot run sed: {e}"))?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
    }
    let after = fs::read_to_string(&copy).map_err(|e| e.to_string())?;
    let after: Vec<String> = after.lines().map(str::to_owned).collect();
    if after == lines {
        return Err(format!("{file} stays as it is"));
    }
    match file.as_str() {
        "/etc/hosts" => {
            if after.first().map(String::as_str) != Some("127.0.0.1 localhost") {
                return Err("a line was touched that is nothing to it".into());
            }
            host.hosts_lines = after[1..].to_vec();
        }
        _ => {
            let (servers, rest): (Vec<_>, Vec<_>) = after
                .into_iter()
                .partition(|line| line.starts_with("nameserver "));
            host.resolvers = servers
                .iter()
                .filter_map(|line| line["nameserver ".len()..].trim().parse().ok())
                .collect();
            host.resolv_conf_lines = rest;
            if host.resolvers.is_empty() {
                return Err("no resolver is left".into());
            }
        }
    }
    setting.changed();
    Ok(String::new())
}

/// `export NAME=value…`
pub fn export(setting: &mut Setting, arguments: &[String]) -> Result<String, String> {
    if arguments.is_empty() {
        return Err("nothing is exported".into());
    }
    for argument in arguments {
        let (name, value) = argument.split_once('=').ok_or("a name without a value")?;
        check_placeholder(value)?;
        if name.eq_ignore_ascii_case("NO_PROXY") {
            let mut parts: Vec<&str> = value.split(',').collect();
            let count = parts.len();
            parts.sort_unstable();
            parts.dedup();
            if parts.len() != count || parts.contains(&"") {
                return Err(format!("{value} says something twice, or nothing"));
            }
        }
        let variables = &mut setting.world.environment.variables;
        variables.insert(name.to_owned(), value.to_owned());
    }
    setting.changed();
    Ok(String::new())
}

/// `unset NAME…`
pub fn unset(setting: &mut Setting, names: &[String]) -> Result<String, String> {
    for name in names {
        let variables = &mut setting.world.environment.variables;
        // An empty value is how a world unsets one.
        variables.insert(name.clone(), String::new());
    }
    let credentials = &mut setting.world.credentials;
    if names.iter().any(|name| name == "AWS_ACCESS_KEY_ID") && credentials.source == "env" {
        // Those of the variables were bad; the role's are the role's.
        credentials.source = "default".into();
        credentials.expired = false;
        credentials.known = true;
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ] {
            if !names.iter().any(|unset| unset == name) {
                return Err(format!("{name} is left"));
            }
        }
    }
    setting.changed();
    Ok(String::new())
}

/// `chronyc makestep` puts the clock right.
pub fn chronyc(setting: &mut Setting, arguments: &[String]) -> Result<String, String> {
    match arguments {
        [word] if word == "makestep" => {
            setting.world.clock.services_ahead_seconds = 0;
            setting.changed();
        }
        [word] if word == "sources" || word == "tracking" => {}
        _ => return Err(format!("chronyc {arguments:?}")),
    }
    Ok(String::new())
}

/// A command that only shows something.
pub fn looks(program: &str, arguments: &[String]) -> Result<String, String> {
    let known: &[&str] = match program {
        "dig" => &["+short", "+tcp", "+tries=1", "A", "AAAA"],
        "ethtool" => &["-S", "eth0", "lo"],
        "grep" => &["linklocal_allowance_exceeded"],
        "curl" => &["-si", "-sv", "-m", "5", "-o", "/dev/null"],
        "openssl" => &[
            "s_client",
            "x509",
            "-connect",
            "-servername",
            "-showcerts",
            "-groups",
            "X25519",
            "X25519MLKEM768",
            "-tls1_2",
            "-noout",
            "-subject",
            "-dates",
            "-ext",
            "subjectAltName",
        ],
        _ => &["route", "get", "-brief", "link"],
    };
    for argument in arguments {
        if !known.contains(&argument.as_str()) {
            check_placeholder(argument)?;
            let plausible = argument.contains(['.', ':']) && !argument.starts_with('-');
            if !plausible && program != "ethtool" {
                return Err(format!("{program} {argument}"));
            }
        }
    }
    Ok(String::new())
}

/// vpcheck's own arguments: those of `check` become the scenario's.
pub fn vpcheck(setting: &mut Setting, arguments: &[String]) -> Result<String, String> {
    let (command, rest) = arguments.split_first().ok_or("vpcheck of nothing")?;
    for argument in rest {
        check_placeholder(argument)?;
    }
    match command.as_str() {
        "iam-policy" => Ok(String::new()),
        "inventory" => {
            let own = setting.world.own_vpc();
            let vpc = rest.iter().position(|a| a == "--vpc-id");
            if vpc.is_some_and(|index| rest.get(index + 1).map(String::as_str) != Some(own)) {
                return Err("that is another VPC".into());
            }
            if setting.inventory != Inventory::Anywhere {
                setting.changed();
            }
            setting.inventory = Inventory::Anywhere;
            setting.scenario.inventory_taken_at = None;
            Ok(String::new())
        }
        "check" => check(setting, rest),
        other => Err(format!("vpcheck {other}")),
    }
}

/// Where an inventory can be taken: by an identity that may read everything, in the account that owns the VPC, by a way
/// that is open.
pub fn where_all_is_readable(world: &World) -> Result<World, String> {
    let changes: toml::Table = toml::from_str(
        r#"
        environment = { kind = "ec2" }
        internet = { reachable = true }
        ec2_api = { denied = [], temper = "" }
        credentials = { source = "default", expired = false, known = true }
        metadata = { imds = "on" }
        clock = { services_ahead_seconds = 0 }
        "#,
    )
    .map_err(|e| e.to_string())?;
    let mut world = world.changed(&changes)?;
    world.environment.variables.clear();
    let own = world.own_vpc().to_owned();
    if let Some(vpc) = world.vpcs.get(&own)
        && !vpc.owner.is_empty()
    {
        let owner = vpc.owner.clone();
        for policy in world
            .endpoints
            .values_mut()
            .filter_map(|e| e.policy.as_mut())
        {
            *policy = policy.replace(&world.account_id, &owner);
        }
        world.account_id = owner;
    }
    Ok(world)
}

fn check(setting: &mut Setting, arguments: &[String]) -> Result<String, String> {
    let mut options: Vec<(String, String)> = Vec::new();
    let mut targets = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.strip_prefix("--") {
            Some(_) => {
                let value = rest
                    .next()
                    .ok_or_else(|| format!("{argument} has no value"))?;
                options.push((argument.clone(), value.clone()));
            }
            None => targets.push(argument.clone()),
        }
    }
    let before = serde_json::to_value(&setting.scenario).map_err(|e| e.to_string())?;
    let inventory = setting.inventory;
    let scenario = &mut setting.scenario;
    for (option, _) in &options {
        scenario.args = without(&scenario.args, option);
    }
    for (option, value) in options {
        match option.as_str() {
            "--queue-url" => {
                let same = queue_url(&setting.world, "canary") == value;
                if !(same && scenario.queue_url.is_none()) {
                    scenario.queue_url = Some(value);
                }
            }
            "--canary" if value == "off" => replace(&mut scenario.args, &option, &value),
            "--inventory" if value == "off" => {
                setting.inventory = Inventory::None;
                replace(&mut scenario.args, &option, &value);
            }
            "--inventory" => {
                if setting.inventory == Inventory::None {
                    return Err(format!("{value} was not written"));
                }
                // The file, in place of what is fetched.
                scenario.inventory_at = None;
            }
            // The region is what it is already, unless it says another.
            "--region" if value == setting.world.region => {}
            "--region" | "--allow-cidr" | "--vpc-cidr" => {
                replace(&mut scenario.args, &option, &value);
            }
            other => return Err(format!("vpcheck check {other}")),
        }
    }
    if !targets.is_empty() {
        let options = scenario.args.iter().position(|a| a.starts_with("--"));
        let kept = scenario
            .args
            .split_off(options.unwrap_or(scenario.args.len()));
        scenario.workloads.clear();
        scenario.args = targets.into_iter().chain(kept).collect();
    }
    let after = serde_json::to_value(&setting.scenario).map_err(|e| e.to_string())?;
    if before != after || inventory != setting.inventory {
        setting.changed();
    }
    Ok(String::new())
}

fn without(args: &[String], option: &str) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = args.iter();
    while let Some(argument) = rest.next() {
        match argument == option {
            true => {
                rest.next();
            }
            false => kept.push(argument.clone()),
        }
    }
    kept
}

fn replace(args: &mut Vec<String>, option: &str, value: &str) {
    args.extend([option.to_owned(), value.to_owned()]);
}
