//! What the kernel says in the lab and would not say by itself: libraries that are loaded in front of the C library.
//!
//! No device of a namespace keeps the count of a Nitro interface, and no namespace has a clock of its own. The agent asks
//! as it would on an instance (`SIOCETHTOOL`, `clock_gettime`). This reaches dynamically linked programs only.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/driver");

/// The variable that tells the library the counts to give, one after the other.
pub const COUNTS: &str = "LAB_LINKLOCAL_ALLOWANCE_EXCEEDED";
/// The variable that tells by how many seconds the clock is ahead.
pub const CLOCK_AHEAD: &str = "LAB_CLOCK_AHEAD_SECONDS";
/// The variable that tells which reading of the clock is the first that is wrong.
pub const CLOCK_JUMPS: &str = "LAB_CLOCK_JUMPS_AT_READING";

/// Where the driver's library is, for `LD_PRELOAD`.
pub fn library(directory: &Path) -> PathBuf {
    directory.join("statistics.so")
}

/// Builds the driver's library into `directory`.
pub fn build(directory: &Path) -> Result<(), String> {
    built(directory, "statistics").map(|_| ())
}

/// Builds the clock's library into `directory`, and says where it is.
pub fn clock(directory: &Path) -> Result<PathBuf, String> {
    built(directory, "clock")
}

fn built(directory: &Path, name: &str) -> Result<PathBuf, String> {
    let library = directory.join(format!("{name}.so"));
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(format!("{SOURCES}/{name}.c"))
        .output()
        .map_err(|e| format!("cannot run cc for {name}.c: {e}"))?;
    match built.status.success() {
        true => Ok(library),
        false => Err(format!(
            "cannot build {name}.c: {}",
            String::from_utf8_lossy(&built.stderr)
        )),
    }
}
