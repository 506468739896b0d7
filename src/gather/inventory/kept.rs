//! The copy of a fetched inventory that a run keeps for the next.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::parts::hex;
use crate::gather::small_file;

/// What is understood of a copy.
const VERSION: u32 = 1;
/// The longest line before the inventory.
const LONGEST_HEAD: usize = 4096;

/// A copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What is known of it.
    pub head: Head,
    /// The inventory as it was fetched.
    pub bytes: Vec<u8>,
}

/// What is known of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of this format.
    kept_version: u32,
    /// Where it was fetched, with the region.
    place: String,
    /// What the place calls it: an entity tag or a digest.
    pub tag: Option<String>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// From when on it is to be asked for again.
    pub ask_again_at: Timestamp,
}

/// The file that holds the copy of one place.
#[derive(Debug, Clone)]
pub struct Shelf {
    path: PathBuf,
    place: String,
    longest: usize,
}

impl Kept {
    /// A copy of what is fetched now.
    pub fn new(
        place: &str,
        tag: Option<String>,
        now: Timestamp,
        ask_again_at: Timestamp,
        bytes: Vec<u8>,
    ) -> Self {
        let head = Head {
            kept_version: VERSION,
            place: place.to_owned(),
            tag,
            fetched_at: now,
            ask_again_at,
        };
        Kept { head, bytes }
    }

    /// The copy that a file's bytes are, if it is of this place.
    pub fn read(bytes: &[u8], place: &str) -> Option<Self> {
        let end = bytes.iter().take(LONGEST_HEAD).position(|b| *b == b'\n')?;
        let (head, rest) = bytes.split_at_checked(end)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let fits = head.kept_version == VERSION && head.place == place;
        fits.then(|| Kept {
            head,
            bytes: rest.get(1..).unwrap_or_default().to_vec(),
        })
    }

    /// The copy as a file's bytes.
    pub fn written(&self) -> Vec<u8> {
        // Invariant: texts and numbers always serialize.
        #[allow(clippy::expect_used)]
        let mut bytes = serde_json::to_vec(&self.head).expect("a head serializes");
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.bytes);
        bytes
    }
}

impl Shelf {
    /// The file of this place in this directory; a copy of more than `longest` bytes is none.
    pub fn new(directory: &Path, place: &str, longest: usize) -> Self {
        let name: String = hex(place.as_bytes()).chars().take(16).collect();
        Shelf {
            path: directory.join(format!("inventory-{name}.kept")),
            place: place.to_owned(),
            longest,
        }
    }

    /// The copy, where there is one that can be read.
    pub fn take(&self) -> Option<Kept> {
        let longest = (self.longest + LONGEST_HEAD) as u64;
        let bytes = small_file::read(&self.path, longest + 1).ok()?;
        (bytes.len() as u64 <= longest)
            .then(|| Kept::read(&bytes, &self.place))
            .flatten()
    }

    /// Keeps a copy, whole or not at all.
    ///
    /// # Errors
    /// What the system said.
    pub fn put(&self, kept: &Kept) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let mut file = tempfile::Builder::new()
            .prefix(".writing-")
            .tempfile_in(directory)?;
        file.write_all(&kept.written())?;
        file.persist(&self.path).map_err(|error| error.error)?;
        // Lost with the machine, it is fetched anew: the directory is not synced.
        File::open(directory).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(place: &str) -> Kept {
        let now = Timestamp::UNIX_EPOCH;
        Kept::new(
            place,
            Some("\"e\"".to_owned()),
            now,
            now,
            b"{}\n{}".to_vec(),
        )
    }

    #[test]
    fn a_copy_comes_back_as_it_was_and_for_its_place_alone() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("made");
        let shelf = Shelf::new(&inner, "s3://b/k", 100);
        assert_eq!(shelf.take(), None);
        shelf.put(&kept("s3://b/k")).unwrap();
        assert_eq!(shelf.take(), Some(kept("s3://b/k")));
        assert_eq!(Shelf::new(&inner, "s3://b/other", 100).take(), None);
        assert_eq!(
            Kept::read(&kept("s3://b/other").written(), "s3://b/k"),
            None
        );
    }

    #[test]
    fn what_is_no_copy_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(directory.path(), "p", 100);
        for bytes in [&b""[..], b"\n", b"{}\n", b"no line", &[b'x'; 9000]] {
            fs::write(&shelf.path, bytes).unwrap();
            assert_eq!(shelf.take(), None);
        }
        let mut long = kept("p");
        long.bytes = vec![b' '; 9000];
        shelf.put(&long).unwrap();
        assert_eq!(shelf.take(), None);
    }
}
