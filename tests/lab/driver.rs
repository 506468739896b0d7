//! The interface's driver: no device of a namespace keeps the count of a Nitro interface, so that one answer of the kernel's
//! is given by a library that is loaded in front of the C library.
//!
//! The agent asks as it would on an instance, by `SIOCETHTOOL`. This reaches dynamically linked programs only.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/driver/statistics.c");

/// The variable that tells the library the counts to give, one after the other.
pub const COUNTS: &str = "LAB_LINKLOCAL_ALLOWANCE_EXCEEDED";

/// Where the library is, for `LD_PRELOAD`.
pub fn library(directory: &Path) -> PathBuf {
    directory.join("driver-statistics.so")
}

/// Builds the library into `directory`.
pub fn build(directory: &Path) -> Result<(), String> {
    let library = library(directory);
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(SOURCE)
        .output()
        .map_err(|e| format!("cannot run cc for the driver's statistics: {e}"))?;
    match built.status.success() {
        true => Ok(()),
        false => Err(format!(
            "cannot build the driver's statistics: {}",
            String::from_utf8_lossy(&built.stderr)
        )),
    }
}
