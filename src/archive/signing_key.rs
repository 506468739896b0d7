//! The key that signs evidence: made once, never overwritten, readable by its owner alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::Ed25519KeyPair;

use crate::evidence::{LocalKey, LocalKeyError, PublicKey, PublicKeyError, Sign, private_pem};

/// No key file is longer.
const LONGEST: u64 = 64 * 1024;

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no key.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: LocalKeyError,
    },
    /// The file is no public key.
    #[error("{path}: {source}")]
    PublicKey {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: PublicKeyError,
    },
    /// There is no randomness.
    #[error("cannot make a key: the system gives no random numbers")]
    Random,
}

/// A key that is in its place now.
#[derive(Debug)]
pub struct Made {
    /// Its public half.
    pub public: PublicKey,
    /// Where that is written.
    pub public_path: PathBuf,
    /// False where the key was there before.
    pub is_new: bool,
}

/// Makes an Ed25519 key (PKCS #8 in PEM, mode 0600) unless there is one, and writes its public half beside it.
pub fn make_key(path: &Path) -> Result<Made, KeyFileError> {
    let mut is_new = false;
    if let Err(error) = std::fs::symlink_metadata(path) {
        if error.kind() != io::ErrorKind::NotFound {
            return Err(failed("look at", path, error));
        }
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyFileError::Random)?;
        let der = pair.to_pkcs8v1().map_err(|_| KeyFileError::Random)?;
        match write_new(path, private_pem(der.as_ref()).as_bytes(), 0o600) {
            Ok(()) => is_new = true,
            // Another install script was faster: its key counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("write", path, error)),
        }
    }
    let public = read_key(path)?.public_key().clone();
    let public_path = public_beside(path);
    let pem = public.to_pem();
    if read(&public_path).ok().as_deref() != Some(pem.as_bytes()) {
        replace(&public_path, pem.as_bytes(), 0o644)
            .map_err(|error| failed("write", &public_path, error))?;
    }
    Ok(Made {
        public,
        public_path,
        is_new,
    })
}

/// Where the public half of a key is: beside it, with `.pub` after its name.
pub fn public_beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Reads a key to sign with.
pub fn read_key(path: &Path) -> Result<LocalKey, KeyFileError> {
    let pem = read(path).map_err(|error| failed("read", path, error))?;
    LocalKey::from_pem(&pem).map_err(|source| KeyFileError::Key {
        path: path.display().to_string(),
        source,
    })
}

/// Reads a public key.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let pem = read(path).map_err(|error| failed("read", path, error))?;
    PublicKey::from_pem(&pem).map_err(|source| KeyFileError::PublicKey {
        path: path.display().to_string(),
        source,
    })
}

/// Writes a file that is there whole or not at all, and was not there before.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = beside(path, bytes, mode)?;
    // A link fails where the name is taken, even by a link that leads nowhere.
    let linked = std::fs::hard_link(&temporary, path);
    let removed = std::fs::remove_file(&temporary);
    linked.and(removed)?;
    sync_parent(path)
}

/// Writes a file that replaces another as a whole.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = beside(path, bytes, mode)?;
    std::fs::rename(&temporary, path).inspect_err(|_| {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
    })?;
    sync_parent(path)
}

fn beside(path: &Path, bytes: &[u8], mode: u32) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary)?;
    file.write_all(bytes).and_then(|()| file.sync_all())?;
    Ok(temporary)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn failed(operation: &'static str, path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::File {
        operation,
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signing-key");
        let made = make_key(&path).unwrap();
        assert!(made.is_new);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&made.public_path)), (0o600, 0o644));
        let first = std::fs::read(&path).unwrap();
        assert_eq!(read_public(&public_beside(&path)).unwrap(), made.public);

        std::fs::remove_file(&made.public_path).unwrap();
        let again = make_key(&path).unwrap();
        assert!(!again.is_new);
        assert_eq!(again.public, made.public);
        assert_eq!(std::fs::read(&path).unwrap(), first);
        assert_eq!(read_public(&again.public_path).unwrap(), made.public);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_there_and_no_key_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signing-key");
        std::fs::write(&path, "precious").unwrap();
        let error = make_key(&path).unwrap_err().to_string();
        assert!(error.contains("expected an Ed25519 key in PEM"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        assert!(make_key(&directory.path().join("no/such")).is_err());
    }
}
