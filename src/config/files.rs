//! Files that settings name, read in one place and never more than is reasonable.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::error::{Problem, SettingError};
use super::layers::Source;

/// The largest file accepted, in bytes.
pub const LARGEST_FILE: u64 = 16 * 1024 * 1024;
/// How long a pipe may take.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

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
        let content = match std::fs::metadata(path)?.file_type().is_fifo() {
            true => of_pipe(path)?,
            false => content(path)?,
        };
        if content.len() as u64 > LARGEST_FILE {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than 16 MiB",
            ));
        }
        Ok(content)
    }
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // The limit holds for devices and pipes as well, whose size nobody knows before.
    File::open(path)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut content)?;
    Ok(content)
}

/// A pipe is read for as long as somebody may reasonably take to write to it: opening one waits for a writer.
fn of_pipe(path: &Path) -> io::Result<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    // The thread may wait for ever; it ends with the process.
    thread::Builder::new()
        .name("pipe".to_owned())
        .spawn(move || sender.send(content(&path)))?;
    receiver.recv_timeout(LONGEST_WAIT).unwrap_or_else(|_| {
        let words = format!(
            "nothing came through this pipe in {} s",
            LONGEST_WAIT.as_secs()
        );
        Err(io::Error::new(io::ErrorKind::TimedOut, words))
    })
}

/// The content of a file that an option names.
pub(super) fn read(
    files: &dyn Files,
    path: &Path,
    from: &Source,
    key: &str,
) -> Result<Vec<u8>, SettingError> {
    files
        .read(path)
        .map_err(|error| unreadable(from.place(key), path, &error))
}

/// The complaint about a file that cannot be read.
pub(super) fn unreadable(place: String, path: &Path, error: &io::Error) -> SettingError {
    SettingError {
        place,
        problem: Problem::Unreadable {
            path: path.to_owned(),
            // Without the number that the operating system's text ends with.
            reason: match error.kind() {
                io::ErrorKind::NotFound => "no such file".to_owned(),
                io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
                _ => error.to_string(),
            },
        },
    }
}

/// Whether there simply is no such file.
pub(super) fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
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
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let writer = pipe.clone();
        let writing = thread::spawn(move || std::fs::write(writer, b"through a pipe"));
        assert_eq!(Disk.read(&pipe).unwrap(), b"through a pipe");
        writing.join().unwrap().unwrap();
    }
}
