//! Reports in files: a directory and what is below it, read on all cores.

use std::fs::{File, read_dir};
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::{LARGEST, lines, lock, take, too_large, unreadable};
use crate::fleet::Tally;

/// Directories below each other: objects are kept by account, Region and date.
const DEEPEST: usize = 16;
/// Files that are known and wait for a thread.
const AHEAD: usize = 256;
/// What a thread keeps for the next file; a larger one's memory is given back.
const KEPT: usize = 4 << 20;

/// Takes in every `.json`, `.jsonl` and `.ndjson` file of a directory and of those below it.
///
/// # Errors
/// The directory cannot be listed. What cannot be below it is named in the tally.
pub fn directory(path: &Path, tally: &Mutex<Tally>) -> io::Result<()> {
    // The first listing tells whether there is anything to read at all.
    drop(read_dir(path)?);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (found, wanted) = sync_channel::<PathBuf>(AHEAD);
    let wanted = Mutex::new(wanted);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| read_all(&wanted, tally));
        }
        walk(path, 0, &found, tally);
        // Those that wait end with it.
        drop(found);
    });
    Ok(())
}

/// Takes in a file: one report, or one on each line.
///
/// # Errors
/// The file cannot be opened.
pub fn file(path: &Path, tally: &Mutex<Tally>) -> io::Result<()> {
    let label = path.display().to_string();
    lines(
        &mut io::BufReader::new(File::open(path)?),
        Some(&label),
        tally,
    );
    Ok(())
}

fn walk(path: &Path, depth: usize, found: &SyncSender<PathBuf>, tally: &Mutex<Tally>) {
    let label = || path.display().to_string();
    let entries = match read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return unreadable(tally, &label(), &error.to_string()),
    };
    let mut below = Vec::new();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                unreadable(tally, &label(), &error.to_string());
                continue;
            }
        };
        let path = entry.path();
        // What a link leads to may lead back here; files it leads to are read.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => below.push(path),
            _ if !is_reports(&path) => {}
            // Nobody reads any more.
            _ if found.send(path).is_err() => return,
            _ => {}
        }
    }
    for path in below {
        match depth < DEEPEST {
            true => walk(&path, depth + 1, found, tally),
            false => unreadable(tally, &path.display().to_string(), "too deep a directory"),
        }
    }
}

fn is_reports(path: &Path) -> bool {
    (path.extension()).is_some_and(|end| {
        ["json", "jsonl", "ndjson"]
            .iter()
            .any(|known| end == *known)
    })
}

fn read_all(wanted: &Mutex<Receiver<PathBuf>>, tally: &Mutex<Tally>) {
    let mut bytes = Vec::new();
    loop {
        let next = match wanted.lock() {
            Ok(wanted) => wanted.recv(),
            Err(_) => return,
        };
        let Ok(path) = next else { return };
        let label = path.display().to_string();
        if path.extension().is_some_and(|end| end != "json") {
            if let Err(error) = file(&path, tally) {
                unreadable(tally, &label, &error.to_string());
            }
            continue;
        }
        match read(&path, &mut bytes) {
            Ok(true) => take(tally, &label, &bytes),
            Ok(false) => unreadable(tally, &label, &too_large()),
            Err(error) => lock(tally).unreadable(&label, &error.to_string()),
        }
        bytes.clear();
        bytes.shrink_to(KEPT);
    }
}

/// Reads a file; false where it is larger than a report can be.
fn read(path: &Path, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if meta.len() > LARGEST {
        return Ok(false);
    }
    bytes.reserve(usize::try_from(meta.len()).unwrap_or_default() + 1);
    file.take(LARGEST + 1).read_to_end(bytes)?;
    Ok(u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Fleet;

    fn report(machine: &str) -> String {
        format!(
            r#"{{"schema_version":"1","run_id":"r","started_at":"2026-11-21T05:00:00Z","verdict":"pass","environment":{{"instance_id":"{machine}"}},"findings":[]}}"#
        )
    }

    #[test]
    fn files_below_are_read_and_bad_ones_named() {
        let home = tempfile::tempdir().unwrap();
        let below = home.path().join("account=1/region=x");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(home.path().join("a.json"), report("i-1")).unwrap();
        std::fs::write(below.join("b.json"), report("i-2")).unwrap();
        let two = format!("{}\n\n{}\n", report("i-3"), report("i-4"));
        std::fs::write(below.join("c.jsonl"), two).unwrap();
        std::fs::write(below.join("notes.txt"), "nothing").unwrap();
        std::fs::write(below.join("bad.json"), "{").unwrap();
        std::fs::write(below.join("empty.json"), "").unwrap();
        std::os::unix::fs::symlink(home.path(), below.join("back")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", below.join("endless.json")).unwrap();
        let tally = Mutex::new(Tally::new(i64::MAX, None));
        directory(home.path(), &tally).unwrap();
        let fleet = Fleet::of(&tally.into_inner().unwrap(), "d");
        assert_eq!(fleet.machines.total, 4);
        let named: Vec<&str> = (fleet.not_read.iter())
            .map(|unread| unread.source.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(named, ["bad.json", "empty.json", "endless.json"]);
    }

    #[test]
    fn a_directory_that_is_none_is_said() {
        let tally = Mutex::new(Tally::new(0, None));
        assert!(directory(Path::new("/nowhere"), &tally).is_err());
    }
}
