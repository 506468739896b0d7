//! The product in one command, on one machine, with no network: a VPC in a namespace and `vpcheck` inside it.
//!
//! `cargo run --example demo` checks the healthy VPC. `-- --list` names the faults, `-- --fault NAME` plays one,
//! `-- --json` prints the report as JSON, `-- --shell` opens a shell inside, `-- --exec COMMAND...` runs a command inside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "../tests/lab/mod.rs"]
mod lab;

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lab::Lab;
use lab::scenario::{self, Scenario};

/// First argument of the process that is `vpcheck` inside the lab.
const AS_VPCHECK: &str = "--as-vpcheck";

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == AS_VPCHECK) {
        arguments.remove(1);
        arguments[0] = "vpcheck".into();
        return vpcheck::run(arguments);
    }
    match demo(arguments.split_off(1)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Wishes {
    fault: Option<String>,
    json: bool,
    shell: bool,
    exec: Vec<OsString>,
    further: Vec<OsString>,
}

fn demo(arguments: Vec<OsString>) -> Result<ExitCode, String> {
    let mut wishes = Wishes::default();
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        match argument.to_str().unwrap_or_default() {
            "--list" => return list(),
            "--fault" => {
                let name = rest.next().ok_or("--fault NAME; --list names them")?;
                wishes.fault = Some(name.to_string_lossy().into_owned());
            }
            "--json" => wishes.json = true,
            "--shell" => wishes.shell = true,
            "--exec" => wishes.exec = rest.by_ref().collect(),
            "-h" | "--help" => {
                println!(
                    "demo [--fault NAME] [--json | --shell | --exec COMMAND...] [OPTION OF vpcheck check...]\ndemo --list"
                );
                return Ok(ExitCode::SUCCESS);
            }
            _ => wishes.further.push(argument),
        }
    }
    play(wishes)
}

/// Lists the single faults: the worlds in which exactly one finding fails, each with its code.
fn list() -> Result<ExitCode, String> {
    let scenarios = scenario::all()?;
    let faults: Vec<(String, String, String)> = scenarios
        .into_iter()
        .filter_map(|(name, scenario)| {
            Some((name, scenario.only_failure()?.to_owned(), scenario.title))
        })
        .collect();
    let widest = |of: fn(&(String, String, String)) -> &String| {
        faults
            .iter()
            .map(|fault| of(fault).len())
            .max()
            .unwrap_or(0)
    };
    let (names, codes) = (widest(|fault| &fault.0), widest(|fault| &fault.1));
    let mut out = std::io::stdout().lock();
    for (name, code, title) in &faults {
        // Whoever closes the pipe has seen enough.
        if writeln!(out, "{name:<names$}  {code:<codes$}  {title}").is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn play(wishes: Wishes) -> Result<ExitCode, String> {
    let name = wishes.fault.as_deref().unwrap_or("healthy");
    let known = scenario::directory().join(format!("{name}.toml")).exists();
    let scenario = match known {
        true => scenario::named(name)?,
        false => {
            return Err(format!(
                "there is no world {name:?}; --list names the faults, tests/scenarios holds all worlds"
            ));
        }
    };
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    if let Some(file) = std::env::var_os(INVENTORY) {
        return take_inventory(&own, &scenario, Path::new(&file));
    }
    let inventory = inventory_of(&own, name, &scenario)?;
    let file = inventory
        .as_ref()
        .map(|directory| directory.path().join("inventory.json"));
    let lab = Lab::enter(scenario.keeping(scenario.world()?, file.as_deref()))?;
    let mut arguments = scenario.arguments(&lab, file.as_deref());
    arguments.extend(wishes.further.iter().cloned());
    let mut command = if wishes.shell || !wishes.exec.is_empty() {
        let tools = install(&lab, &own)?;
        let mut path = OsString::from(tools);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
        let mut command = match wishes.exec.split_first() {
            Some((program, rest)) => {
                let mut command = lab.command(program);
                command.args(rest);
                command
            }
            None => {
                let line: Vec<_> = arguments
                    .iter()
                    .map(|a| a.to_string_lossy().into_owned())
                    .collect();
                println!(
                    "{} ({name}). Inside, try:\n\n  vpcheck {}\n",
                    scenario.title,
                    line.join(" ")
                );
                lab.command(shell)
            }
        };
        command.env("PATH", path);
        command
    } else {
        if !wishes.json {
            println!("{}\n", scenario.title);
        }
        let mut command = lab.command(&own);
        command.arg(AS_VPCHECK).args(arguments);
        if wishes.json {
            command.args(["-o", "json"]);
        }
        command
    };
    exit_code(&mut command)
}

/// Set for the process that takes a scenario's inventory: the file to write.
const INVENTORY: &str = "VPCHECK_DEMO_INVENTORY";

/// Has the inventory taken that a scenario hands to its check: by another process, since a lab is entered for good.
fn inventory_of(
    own: &Path,
    name: &str,
    scenario: &Scenario,
) -> Result<Option<tempfile::TempDir>, String> {
    if scenario.inventory.is_none() {
        return Ok(None);
    }
    let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut command = std::process::Command::new(own);
    let file = directory.path().join("inventory.json");
    command.args(["--fault", name]).env(INVENTORY, file);
    match command.status().map_err(|e| e.to_string())?.success() {
        true => Ok(Some(directory)),
        false => Err("the inventory could not be taken".into()),
    }
}

/// Takes it.
fn take_inventory(own: &Path, scenario: &Scenario, file: &Path) -> Result<ExitCode, String> {
    let world = scenario
        .inventory_world()?
        .ok_or("the scenario takes no inventory")?;
    let lab = Lab::enter(world)?;
    let mut command = lab.command(own);
    command
        .args([AS_VPCHECK, "inventory", "-o"])
        .arg(file)
        .stdout(std::process::Stdio::null());
    exit_code(&mut command)
}

fn exit_code(command: &mut std::process::Command) -> Result<ExitCode, String> {
    let status = command
        .status()
        .map_err(|e| format!("cannot run inside the lab: {e}"))?;
    Ok(ExitCode::from(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(2),
    ))
}

/// Puts a `vpcheck` on the path inside.
fn install(lab: &Lab, own: &Path) -> Result<PathBuf, String> {
    let directory = lab.directory().join("bin");
    std::fs::create_dir_all(&directory).map_err(|e| e.to_string())?;
    let script = directory.join("vpcheck");
    std::fs::write(
        &script,
        format!("#!/bin/sh\nexec '{}' {AS_VPCHECK} \"$@\"\n", own.display()),
    )
    .map_err(|e| e.to_string())?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))
        .map_err(|e| e.to_string())?;
    Ok(directory)
}
