//! Files that settings name, read in one place and never more than is reasonable.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The largest file accepted, in bytes.
pub const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// Where files come from.
pub trait Files {
    /// The whole content of a file of at most [`LARGEST_FILE`] bytes.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// The machine's own files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        // The limit holds for devices and pipes as well, whose size nobody knows before.
        File::open(path)?
            .take(LARGEST_FILE + 1)
            .read_to_end(&mut content)?;
        if content.len() as u64 > LARGEST_FILE {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than 16 MiB",
            ));
        }
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"text").unwrap();
        assert_eq!(Disk.read(&path).unwrap(), b"text");
        let error = Disk.read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(Disk.read(dir.path()).is_err());
        let none = Disk.read(&dir.path().join("none")).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
    }
}
