//! Reading a small file whose content, size and kind nobody vouches for.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Reads at most `limit` bytes of a regular file; the rest is left.
///
/// A pipe, a device or a directory is an error and never blocks.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file must not be handed to a library that reads whatever a path leads to, to its end: a pipe blocks it, a
/// device or a huge file fills the memory. What is missing or a directory it reports by itself.
pub fn unfit(path: &Path, limit: u64) -> Option<String> {
    let meta = std::fs::metadata(path).ok()?;
    match () {
        () if meta.is_dir() => None,
        () if !meta.is_file() => Some(format!("{} is not a regular file", path.display())),
        () if meta.len() > limit => {
            Some(format!("{} is larger than {limit} bytes", path.display()))
        }
        () => None,
    }
}

/// Reads a small file as text, if it can be read; bytes that are no UTF-8 are replaced.
pub fn text(path: &Path, limit: u64) -> Option<String> {
    let bytes = read(path, limit).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_regular_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, vec![b'x'; 5000]).unwrap();
        assert_eq!(read(&path, 100).unwrap().len(), 100);
        assert_eq!(text(&path, 3).as_deref(), Some("xxx"));
        assert!(read(dir.path(), 100).is_err());
        assert!(read(Path::new("/dev/zero"), 100).is_err());
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        assert!(read(&pipe, 100).is_err());
        assert!(unfit(&pipe, 100).is_some());
        assert!(unfit(Path::new("/dev/zero"), 100).is_some());
        assert!(unfit(&path, 100).is_some());
        assert!(unfit(&path, 5000).is_none());
        assert!(unfit(dir.path(), 100).is_none());
        assert!(unfit(Path::new("/nowhere"), 100).is_none());
    }
}
