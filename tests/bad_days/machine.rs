//! The machine's own faults: what it lacks, what is full, what it allows too little of, and what time it believes it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};

use super::Day;
use crate::lab::{Lab, driver};

const NONE: Option<&str> = None;

/// Files of /etc that programs need whether or not there is a resolver.
const OF_ETC: [&str; 6] = [
    "hosts",
    "nsswitch.conf",
    "passwd",
    "ld.so.cache",
    "ssl/certs/ca-certificates.crt",
    "pki/tls/certs/ca-bundle.crt",
];

/// A machine as a day has it.
pub(crate) struct Machine {
    disk: PathBuf,
    clock: Option<PathBuf>,
}

impl Machine {
    /// Makes the machine what the day says, for this namespace alone.
    pub(crate) fn set_up(day: &Day, lab: &Lab) -> Result<Machine, String> {
        let disk = lab.directory().join("disk");
        if let Some(kind) = &day.disk {
            make_disk(kind, &disk)?;
        }
        let clock = match day.clock_ahead {
            Some(_) => Some(driver::clock(lab.directory())?),
            None => None,
        };
        for thing in &day.without {
            take_away(thing, lab)?;
        }
        Ok(Machine { disk, clock })
    }

    /// A command that runs within the machine's limits.
    pub(crate) fn command(&self, day: &Day, lab: &Lab, program: &str) -> Command {
        let mut limits = Vec::new();
        if let Some(files) = day.open_files {
            limits.push(format!("ulimit -n {files}"));
        }
        if let Some(mib) = day.data_mib {
            limits.push(format!("ulimit -d {}", mib * 1024));
        }
        let redirected = match day.stdout.as_deref() {
            Some("full") => " >/dev/full",
            Some("closed") => " >&-",
            // The pipe is there before the run, and its reader is gone before anything is written.
            Some("unread") => " | :; exit ${PIPESTATUS[0]}",
            _ => "",
        };
        if limits.is_empty() && redirected.is_empty() {
            return lab.command(program);
        }
        // A pipeline needs its shell afterwards, to tell how its first part ended.
        let exec = match day.stdout.as_deref() {
            Some("unread") => "",
            _ => "exec ",
        };
        limits.push(format!("{exec}\"$@\"{redirected}"));
        let mut shell = lab.command("/bin/bash");
        shell.args(["-c", &limits.join("; "), "bash", program]);
        shell
    }

    /// The variables that the machine has besides.
    pub(crate) fn environment(&self, day: &Day, lab: &Lab, command: &mut Command) {
        if day.without.iter().any(|thing| thing == "/etc") {
            command.env("SSL_CERT_FILE", lab.directory().join("trust.pem"));
        }
        let (Some(library), Some(ahead)) = (&self.clock, day.clock_ahead) else {
            return;
        };
        command.env("LD_PRELOAD", library);
        command.env(driver::CLOCK_AHEAD, ahead.to_string());
        if let Some(reading) = day.clock_jumps_at {
            command.env(driver::CLOCK_JUMPS, reading.to_string());
        }
    }

    /// An argument with the disk's place in it.
    pub(crate) fn placed(&self, argument: &str) -> String {
        argument.replace("{disk}", &self.disk.display().to_string())
    }
}

fn make_disk(kind: &str, place: &Path) -> Result<(), String> {
    fs::create_dir_all(place).map_err(|e| e.to_string())?;
    let (flags, options) = match kind {
        "read-only" => (MsFlags::MS_RDONLY, "size=1m"),
        "small" => (MsFlags::empty(), "size=24k"),
        // A page is the least; one file takes it.
        _ => (MsFlags::empty(), "size=4k"),
    };
    mount(Some("tmpfs"), place, Some("tmpfs"), flags, Some(options))
        .map_err(|e| format!("cannot mount a {kind} disk: {e}"))?;
    match kind {
        "full" => fs::write(place.join("other"), [0; 4096]).map_err(|e| e.to_string()),
        _ => Ok(()),
    }
}

/// Covers what the machine is to be without.
fn take_away(thing: &str, lab: &Lab) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot take {thing} away: {error}");
    match thing {
        "ipv6" => {
            fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").map_err(|e| failed(&e))
        }
        "resolv.conf's content" => {
            let empty = lab.directory().join("empty");
            fs::write(&empty, "").map_err(|e| failed(&e))?;
            mount(
                Some(&empty),
                "/etc/resolv.conf",
                NONE,
                MsFlags::MS_BIND,
                NONE,
            )
            .map_err(|e| failed(&e))
        }
        "resolv.conf" => {
            let kept: Vec<(&str, Vec<u8>)> = OF_ETC
                .into_iter()
                .filter_map(|name| Some((name, fs::read(Path::new("/etc").join(name)).ok()?)))
                .collect();
            empty("/etc").map_err(|e| failed(&e))?;
            for (name, bytes) in kept {
                let path = Path::new("/etc").join(name);
                let made = fs::create_dir_all(path.parent().unwrap_or(Path::new("/etc")));
                made.and_then(|()| fs::write(path, bytes))
                    .map_err(|e| failed(&e))?;
            }
            Ok(())
        }
        // The memory of a process is read in /proc: it goes last, and the run's own is not known then.
        directory => empty(directory).map_err(|e| failed(&e)),
    }
}

fn empty(directory: &str) -> nix::Result<()> {
    mount(
        Some("tmpfs"),
        directory,
        Some("tmpfs"),
        MsFlags::empty(),
        NONE,
    )
}
