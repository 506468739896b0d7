//! How the program is linked, and the catalogue's table in the form that the program reads at every start: people read
//! and write TOML, machines read JSON in a fifth of the time.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const TABLE: &str = "src/catalog/services.toml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={TABLE}");
    let table: serde_json::Value =
        toml::from_str(&fs::read_to_string(TABLE)?).map_err(|error| format!("{TABLE}: {error}"))?;
    let written = Path::new(&env::var("OUT_DIR")?).join("services.json");
    fs::write(written, serde_json::to_string(&table)?)?;
    link();
    Ok(())
}

fn link() {
    println!("cargo::rerun-if-changed=packaging/section_order.ld");
    println!("cargo::rerun-if-env-changed=VPCHECK_LINK_OBJECT");
    println!("cargo::rerun-if-env-changed=VPCHECK_LINK_PACKED");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|v| v == value);
    let sources = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // What a short run executes lies together, so that it takes a few megabytes of memory and not all that the program has.
    // mold knows no such scripts.
    let is_mold = env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("mold"));
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && !is_mold
    {
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{sources}/packaging/section_order.ld");
    }
    // For `packaging/static`: an argument of cargo's would change what every symbol is called, by where the object lies.
    if let Ok(object) = env::var("VPCHECK_LINK_OBJECT") {
        println!("cargo::rustc-link-arg-bins={object}");
        println!("cargo::rustc-link-arg-bins=-Wl,--wrap=__libc_dlopen_mode");
    }
    if is("VPCHECK_LINK_PACKED", "yes") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
