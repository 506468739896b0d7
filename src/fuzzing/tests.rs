//! The inputs that were kept, as ordinary tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::TARGETS;

fn fuzz(place: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(place)
}

fn names(place: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz(place)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Runs every input of a target that was kept; says which one it was that failed.
fn replay(name: &str, body: fn(&[u8])) -> Result<usize, PathBuf> {
    let kept = [fuzz("corpus").join(name), fuzz("regressions").join(name)];
    let mut run = 0;
    for path in kept.iter().flat_map(|directory| files(directory)) {
        let bytes = fs::read(&path).unwrap();
        if std::panic::catch_unwind(|| body(&bytes)).is_err() {
            return Err(path);
        }
        run += 1;
    }
    Ok(run)
}

#[test]
fn every_input_that_was_kept_holds() {
    for (name, body) in TARGETS {
        match replay(name, *body) {
            Ok(run) => assert!(run > 0, "fuzz/corpus/{name} has no inputs"),
            Err(path) => panic!("{}", path.display()),
        }
    }
}

#[test]
fn every_target_has_a_file_a_binary_and_a_corpus() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known.len(), TARGETS.len());
    assert_eq!(names("targets"), known);
    assert_eq!(names("corpus"), known);
    assert!(names("regressions").is_subset(&known));
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).unwrap();
    for name in &known {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
        let target = fs::read_to_string(fuzz("targets").join(format!("{name}.rs"))).unwrap();
        assert!(target.contains(&format!("run(\"{name}\", ")), "{name}");
    }
}

#[test]
fn kept_inputs_are_small() {
    for (name, _) in TARGETS {
        for path in files(&fuzz("corpus").join(name)) {
            let length = fs::metadata(&path).unwrap().len();
            assert!(length <= 8 * 1024, "{}: {length} bytes", path.display());
        }
    }
}

/// Bytes without a pattern, always the same.
fn noise(mut seed: u64, length: usize) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn noise_holds() {
    for (name, body) in TARGETS {
        for seed in 1..=64 {
            let bytes = noise(0x9e37_79b9_7f4a_7c15 ^ seed, 8 * seed as usize);
            let held = std::panic::catch_unwind(|| body(&bytes));
            assert!(held.is_ok(), "{name}: {bytes:?}");
        }
    }
}
