//! The file in which probes are remembered: small, versioned, replaced as a whole, one writer at a time.
//!
//! Whatever it holds is the work of strangers: it is read up to a limit, must belong to this user, and what is no
//! memory of this version counts as none.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::gather::small_file;

use super::history::Record;

/// The version of the format.
const VERSION: u32 = 1;

/// No more of a file is read.
const LARGEST: u64 = 64 * 1024;

/// Different probes that one file remembers; the one silent for longest makes room.
const MOST_PROBES: usize = 16;

/// How long another probe's lock is waited for. It is held for one read and one write.
const PATIENCE: Duration = Duration::from_millis(250);

/// Where one probe is remembered.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    probe: String,
}

/// Why nothing can be remembered.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
pub(super) struct MemoryError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Content {
    version: u32,
    probes: BTreeMap<String, Entry>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    changed_at: Timestamp,
    #[serde(flatten)]
    record: Record,
}

impl Memory {
    /// In this file, under this name.
    pub(super) fn of(path: &Path, probe: String) -> Memory {
        Memory {
            path: path.to_owned(),
            probe,
        }
    }

    /// Changes what is remembered, while no other probe does. What does not change is not written.
    pub(super) fn update<T>(
        &self,
        now: Timestamp,
        change: impl FnOnce(&mut Record) -> T,
    ) -> Result<T, MemoryError> {
        // Closing the file gives the lock up.
        let _lock = self.lock()?;
        let mut content = self.read()?;
        let before = content.probes.remove(&self.probe).map(|entry| entry.record);
        let before = before.unwrap_or_default();
        let mut record = before.clone();
        let value = change(&mut record);
        if record == before {
            return Ok(value);
        }
        if !record.is_empty() {
            make_room(&mut content.probes);
            let changed_at = now;
            let entry = Entry { changed_at, record };
            content.probes.insert(self.probe.clone(), entry);
        }
        self.write(&content)?;
        Ok(value)
    }

    /// Holds the lock beside the file: the file itself is another one after each change.
    fn lock(&self) -> Result<File, MemoryError> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |source| MemoryError {
            operation: "lock",
            path: path.clone(),
            source,
        };
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(&path)
            .map_err(failed)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    let busy = io::Error::new(io::ErrorKind::WouldBlock, "another probe holds it");
                    return Err(failed(busy));
                }
            }
        }
    }

    fn read(&self) -> Result<Content, MemoryError> {
        let failed = |source| MemoryError {
            operation: "read",
            path: self.path.clone(),
            source,
        };
        let nothing = || Content {
            version: VERSION,
            ..Content::default()
        };
        match std::fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(nothing()),
            Err(error) => return Err(failed(error)),
            // In a directory that all may write to, a stranger's file could say that all is well.
            Ok(meta) if meta.uid() != rustix::process::geteuid().as_raw() => {
                return Err(failed(io::Error::other("it belongs to another user")));
            }
            Ok(meta) if !meta.is_file() => {
                return Err(failed(io::Error::other("it is no regular file")));
            }
            Ok(_) => {}
        }
        let bytes = small_file::read(&self.path, LARGEST).map_err(failed)?;
        match serde_json::from_slice::<Content>(&bytes) {
            Ok(content) if content.version == VERSION => Ok(content),
            _ => {
                tracing::info!(
                    "{} is no memory of probes: it is begun anew",
                    self.path.display()
                );
                Ok(nothing())
            }
        }
    }

    fn write(&self, content: &Content) -> Result<(), MemoryError> {
        let write = || -> io::Result<()> {
            let directory = match self.path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            let mut beside = tempfile::NamedTempFile::new_in(directory)?;
            serde_json::to_writer(&mut beside, content)?;
            beside.write_all(b"\n")?;
            beside.as_file().sync_all()?;
            beside.persist(&self.path)?;
            Ok(())
        };
        write().map_err(|source| MemoryError {
            operation: "write",
            path: self.path.clone(),
            source,
        })
    }
}

/// Forgets the probes that were silent for longest, until there is room for one more.
fn make_room(probes: &mut BTreeMap<String, Entry>) {
    while probes.len() >= MOST_PROBES {
        let oldest = probes
            .iter()
            .min_by_key(|(_, entry)| entry.changed_at)
            .map(|(name, _)| name.clone());
        let Some(oldest) = oldest else { return };
        probes.remove(&oldest);
    }
}

#[cfg(test)]
mod tests;
