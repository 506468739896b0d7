//! Reports of many machines, brought from where they are: files, standard input, a bucket, or the machines themselves.
//!
//! Each is read, taken in by the tally and forgotten. What cannot be read is named there and keeps nobody else out.

mod bucket;
mod directory;
mod lines;
mod pings;
mod run_command;
mod ssm;
mod xml;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fleet::{Entry, Tally};

pub use bucket::{BucketError, bucket};
pub use directory::{directory, file};
pub use lines::lines;
pub use run_command::{Order, Standing, answers, follow, is_id, send};
pub use ssm::SsmError;

/// The largest report or evidence file that is read.
const LARGEST: u64 = crate::evidence::LARGEST_FILE;

/// Takes one report in, or names why it is none.
fn take(tally: &Mutex<Tally>, source: &str, bytes: &[u8]) {
    let read = Entry::read(bytes, |entry| lock(tally).add(source, entry));
    if let Err(why) = read {
        lock(tally).skip(source, &why);
    }
}

fn unreadable(tally: &Mutex<Tally>, source: &str, why: &str) {
    lock(tally).unreadable(source, why);
}

fn too_large() -> String {
    format!("expected at most {} MiB, found more", LARGEST >> 20)
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}
