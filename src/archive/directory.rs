//! Files of the directory: listed, read and written, each as a whole and on the disk before anything builds on it.

use std::fs::{File, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::evidence::{FileName, LARGEST_FILE};

/// The file whose lock lets one run write at a time.
const LOCK: &str = ".lock";
/// What unfinished files are called.
const UNFINISHED: (&str, &str) = (".unfinished-", ".tmp");
/// Evidence is for its owner and the owner's group.
const MODE: u32 = 0o640;
/// How long a reader waits for a run that writes; writers wait longer for readers.
const GLANCE: Duration = Duration::from_secs(5);
/// No directory of evidence has more entries that are worth reading: one a minute for nearly two years.
const MOST_ENTRIES: usize = 1_000_000;

/// A directory of evidence.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

/// The right to write; gone with this value, or with the process.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// The names in a directory.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Evidence files, in order.
    pub(super) evidence: Vec<FileName>,
    /// What calls itself evidence and is named otherwise.
    pub(super) misnamed: Vec<String>,
    /// Everything else that is no file of ours.
    pub(super) other: Vec<String>,
}

impl Directory {
    pub(super) fn new(path: &Path) -> Directory {
        Directory {
            path: path.to_owned(),
        }
    }

    /// Makes the directory unless it is there.
    pub(super) fn create(&self) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(&self.path)
    }

    /// Waits for the right to write, as long as that.
    pub(super) fn lock(&self, patience: Duration) -> io::Result<Lock> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.path.join(LOCK))?;
        let until = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    let text = "another run has been writing there all the time";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                }
            }
        }
    }

    /// What is in the directory and what its head says, of one moment as far as that can be had: who may not lock the
    /// directory, as on a copy that is not to be written to, looks without.
    pub(super) fn snapshot(&self) -> io::Result<(Names, io::Result<Option<Vec<u8>>>)> {
        let lock = File::open(self.path.join(LOCK)).ok();
        let until = Instant::now() + GLANCE;
        if let Some(file) = &lock {
            while let Err(TryLockError::WouldBlock) = file.try_lock_shared() {
                if Instant::now() > until {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let names = self.names()?;
        Ok((names, self.read(crate::evidence::HEAD_FILE)))
    }

    /// What is in the directory.
    pub(super) fn names(&self) -> io::Result<Names> {
        let mut names = Names::default();
        for entry in std::fs::read_dir(&self.path)?.take(MOST_ENTRIES) {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let own = [crate::evidence::HEAD_FILE, crate::evidence::START_FILE];
            match FileName::parse(&name) {
                Some(name) => names.evidence.push(name),
                None if FileName::is_claimed_by(&name) => names.misnamed.push(name),
                None if own.contains(&name.as_str()) || name.starts_with('.') => {}
                None => names.other.push(name),
            }
        }
        names.evidence.sort();
        names.misnamed.sort();
        names.other.sort();
        Ok(names)
    }

    /// A file's whole content; none where it is not there.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match read(&self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// Writes a file that is not there yet, and never over one that is.
    pub(super) fn write_new(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.unfinished(bytes)?;
        let written = unfinished.persist_noclobber(self.path.join(name));
        written.map_err(|failed| failed.error)?;
        self.sync()
    }

    /// Writes a file, as a whole in place of the one that is there.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.unfinished(bytes)?;
        let written = unfinished.persist(self.path.join(name));
        written.map_err(|failed| failed.error)?;
        self.sync()
    }

    /// Removes a file; one that is gone already is as good.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Has all that was done to names reach the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Removes what runs left behind that were ended while they wrote; only to be called under the lock.
    pub(super) fn clean(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.path)?.take(MOST_ENTRIES) {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1) {
                // It only takes room: what cannot be removed is no reason not to write.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn unfinished(&self, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED.0)
            .suffix(UNFINISHED.1)
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(&self.path)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    }
}

/// A file's whole content, up to the largest evidence there can be.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe or a device could wait for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST_FILE {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is larger than 64 MiB",
        )),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_never_overwritten_by_new_ones() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::new(&temporary.path().join("a/b"));
        directory.create().unwrap();
        directory.create().unwrap();
        directory.write_new("x", b"1").unwrap();
        let error = directory.write_new("x", b"2").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(directory.read("x").unwrap().unwrap(), b"1");
        directory.replace("x", b"3").unwrap();
        assert_eq!(directory.read("x").unwrap().unwrap(), b"3");
        directory.remove("x").unwrap();
        directory.remove("x").unwrap();
        assert_eq!(directory.read("x").unwrap(), None);
        std::fs::write(directory.path.join(".unfinished-1.tmp"), "half").unwrap();
        directory.clean().unwrap();
        assert_eq!(std::fs::read_dir(&directory.path).unwrap().count(), 0);
    }

    #[test]
    fn one_run_writes_at_a_time() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::new(temporary.path());
        let held = directory.lock(Duration::ZERO).unwrap();
        let refused = directory.lock(Duration::from_millis(20)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(held);
        directory.lock(Duration::ZERO).unwrap();
    }

    #[test]
    fn only_plain_files_of_a_reasonable_size_are_read() {
        assert!(read(Path::new("/dev/zero")).is_err());
        assert!(read(Path::new("/")).is_err());
    }
}
