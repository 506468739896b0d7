//! What waits to be delivered: one file each, written whole and synced, named so that the oldest comes first.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::load::Load;

/// What is understood of a parcel.
const VERSION: u32 = 1;
/// More than these are a destination that nobody looks after: the oldest go.
const MOST_PARCELS: usize = 1000;
/// The largest parcel that is read back.
const LARGEST: u64 = 64 * 1024 * 1024;
/// How parcels' names end.
const SUFFIX: &str = ".parcel.json";

/// The directory.
#[derive(Debug)]
pub(super) struct Spool {
    directory: PathBuf,
}

/// The name of a waiting parcel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ParcelName(String);

/// The spool is one run's as long as this is held.
#[derive(Debug)]
pub(super) struct Held(#[allow(dead_code)] File);

/// The spool cannot be used.
#[derive(Debug, Error)]
#[error("cannot {operation} {path}: {source}")]
pub struct SpoolError {
    /// What was tried.
    operation: &'static str,
    /// The file or directory.
    path: String,
    /// What the system said.
    source: io::Error,
}

#[derive(Debug, Serialize, Deserialize)]
struct Parcel<T> {
    version: u32,
    load: T,
}

impl Spool {
    /// Opens the spool, and makes the directory where there is none.
    pub(super) fn open(directory: &Path) -> Result<Self, SpoolError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| failed("make the directory", directory, source))?;
        Ok(Spool {
            directory: directory.to_owned(),
        })
    }

    /// Adds a parcel; it survives whatever happens afterwards.
    pub(super) fn put(&self, load: &Load) -> Result<(), SpoolError> {
        let name = format!("{}{SUFFIX}", uuid::Uuid::now_v7());
        let parcel = Parcel {
            version: VERSION,
            load,
        };
        let bytes = serde_json::to_vec(&parcel)
            .map_err(|error| failed("write", &self.directory, io::Error::other(error)))?;
        self.write(&name, &bytes)
    }

    /// Takes the spool for this run; none where another has it.
    pub(super) fn hold(&self) -> Result<Option<Held>, SpoolError> {
        let path = self.directory.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| failed("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Held(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(failed("lock", &path, source)),
        }
    }

    /// The parcels that wait, the oldest first.
    pub(super) fn waiting(&self) -> Result<Vec<ParcelName>, SpoolError> {
        let entries = fs::read_dir(&self.directory)
            .map_err(|source| failed("list", &self.directory, source))?;
        let mut names: Vec<ParcelName> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(SUFFIX))
            .map(ParcelName)
            .collect();
        names.sort();
        Ok(names)
    }

    /// Removes the oldest parcels where there are too many, and says so.
    pub(super) fn drop_excess(&self) -> Result<Option<String>, SpoolError> {
        let waiting = self.waiting()?;
        let excess = waiting.len().saturating_sub(MOST_PARCELS);
        for parcel in waiting.iter().take(excess) {
            self.remove(parcel)?;
        }
        Ok((excess > 0).then(|| {
            format!("more than {MOST_PARCELS} results wait for delivery; the {excess} oldest are dropped")
        }))
    }

    /// What a parcel carries.
    pub(super) fn read(&self, parcel: &ParcelName) -> Result<Load, SpoolError> {
        let path = self.directory.join(&parcel.0);
        let read = || -> io::Result<Load> {
            let mut bytes = Vec::new();
            File::open(&path)?.take(LARGEST).read_to_end(&mut bytes)?;
            let parcel: Parcel<Load> = serde_json::from_slice(&bytes)?;
            match parcel.version {
                VERSION => Ok(parcel.load),
                other => Err(io::Error::other(format!(
                    "expected version {VERSION} of the format, found {other}"
                ))),
            }
        };
        read().map_err(|source| failed("read the waiting result", &path, source))
    }

    /// Takes a parcel out.
    pub(super) fn remove(&self, parcel: &ParcelName) -> Result<(), SpoolError> {
        let path = self.directory.join(&parcel.0);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// What was noted under this name, empty where nothing was.
    pub(super) fn record(&self, name: &str) -> Vec<Value> {
        let mut bytes = Vec::new();
        let path = self.directory.join(format!("{name}.record.json"));
        let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
        match read {
            Ok(_) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    /// Notes something under this name.
    pub(super) fn keep_record(&self, name: &str, values: &[Value]) {
        let written = serde_json::to_vec(values)
            .map_err(io::Error::other)
            .map_err(|source| failed("write", &self.directory, source))
            .and_then(|bytes| self.write(&format!("{name}.record.json"), &bytes));
        if let Err(error) = written {
            tracing::warn!("{error}");
        }
    }

    /// Writes a file whole or not at all, synced with its directory.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), SpoolError> {
        let path = self.directory.join(name);
        let write = || -> io::Result<()> {
            let mut file = tempfile::Builder::new()
                .prefix(".writing-")
                .tempfile_in(&self.directory)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            File::open(&self.directory)?.sync_all()
        };
        write().map_err(|source| failed("write", &path, source))
    }
}

fn failed(operation: &'static str, path: &Path, source: io::Error) -> SpoolError {
    SpoolError {
        operation,
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn load(number: usize) -> Load {
        Load::SecurityHub {
            findings: vec![json!({ "Id": number })],
        }
    }

    #[test]
    fn parcels_come_out_in_the_order_they_came_in_also_of_another_process() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        for number in 0..20 {
            spool.put(&load(number)).unwrap();
        }
        let again = Spool::open(directory.path()).unwrap();
        let waiting = again.waiting().unwrap();
        let loads: Vec<Load> = waiting.iter().map(|p| again.read(p).unwrap()).collect();
        assert_eq!(loads, (0..20).map(load).collect::<Vec<_>>());
        again.remove(&waiting[0]).unwrap();
        again.remove(&waiting[0]).unwrap();
        assert_eq!(again.waiting().unwrap().len(), 19);
    }

    #[test]
    fn one_run_delivers_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        let held = spool.hold().unwrap();
        assert!(held.is_some());
        assert!(spool.hold().unwrap().is_none());
        drop(held);
        assert!(spool.hold().unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_no_parcel_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        fs::write(directory.path().join("x.parcel.json"), "{}").unwrap();
        let waiting = spool.waiting().unwrap();
        let error = spool.read(&waiting[0]).unwrap_err().to_string();
        assert!(error.contains("x.parcel.json"), "{error}");
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path()).unwrap();
        for number in 0..MOST_PARCELS + 3 {
            let name = format!("{number:06}{SUFFIX}");
            fs::write(directory.path().join(name), "{}").unwrap();
        }
        assert!(
            spool
                .drop_excess()
                .unwrap()
                .unwrap()
                .contains("the 3 oldest")
        );
        let waiting = spool.waiting().unwrap();
        assert_eq!(waiting.len(), MOST_PARCELS);
        assert_eq!(waiting[0].0, format!("000003{SUFFIX}"));
    }
}
