//! How many sockets this process may have: small containers and old service managers allow few.

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the runtime, the metadata services and the AWS clients need besides lookups and probes.
const RESERVED: u64 = 24;

/// What a run takes at the least, with everything done one at a time.
const NEEDED: usize = 24;

/// More than the files of a run of a hundred services, and 8 KiB of the kernel's memory.
const USUAL: i32 = 1024;

/// The process may open too few files for a run; it would blame the network for what it could not try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process may open {found} more files and needs {NEEDED}: raise its limit (`ulimit -n`, LimitNOFILE= of a \
     unit, `nofile` of a container)"
)]
pub struct TooFew {
    found: usize,
}

/// Makes sure that there are files enough to be opened, after raising the limit as far as it may be.
///
/// # Errors
/// How many there are, where those are too few.
pub fn ensure() -> Result<(), TooFew> {
    raise();
    // One pipe and copies of it: another pipe each would cost ten times as much.
    let mut held = Vec::with_capacity(NEEDED);
    if let Ok((one, other)) = std::io::pipe() {
        held.extend([OwnedFd::from(one), OwnedFd::from(other)]);
    }
    while let Some(one) = held.first()
        && held.len() < NEEDED
    {
        match fcntl_dupfd_cloexec(one, 0) {
            Ok(copy) => held.push(copy),
            Err(_) => break,
        }
    }
    match held.first() {
        Some(one) if held.len() >= NEEDED => make_room(one),
        _ => return Err(TooFew { found: held.len() }),
    }
    Ok(())
}

/// Lets the kernel's table of this process's files grow now, to what most runs need. It begins with 64, and each time that
/// it grows for a process with threads, all of them wait until every processor has taken notice (`synchronize_rcu` in
/// `expand_fdtable`, fs/file.c of Linux): some ten milliseconds in the midst of the probes.
fn make_room(one: &impl AsFd) {
    // Its number makes the table grow; closed at once, it leaves the room. Where so many may not be, it stays small.
    if let Err(error) = fcntl_dupfd_cloexec(one, USUAL - 1) {
        tracing::debug!("there is no room for {USUAL} open files: {error}");
    }
}

/// Lets the process open as many files as its hard limit allows; the soft one is for programs that use `select`.
fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!("the limit of open files stays as it is: {error}");
    }
}

/// How many of `most` things may be done at a time if each needs this many sockets, and all of them may have a
/// third of what there is.
pub fn at_once(most: usize, sockets_each: usize) -> usize {
    share(getrlimit(Resource::Nofile).current, most, sockets_each)
}

fn share(limit: Option<u64>, most: usize, sockets_each: usize) -> usize {
    let Some(limit) = limit else { return most };
    let free = usize::try_from(limit.saturating_sub(RESERVED)).unwrap_or(usize::MAX);
    (free / 3 / sockets_each.max(1)).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_mean_few_things_at_a_time_and_never_none() {
        assert_eq!(share(None, 96, 4), 96);
        assert_eq!(share(Some(1024), 96, 4), 83);
        assert_eq!(share(Some(64), 96, 4), 3);
        assert_eq!(share(Some(8), 96, 4), 1);
        assert_eq!(share(Some(u64::MAX), 96, 0), 96);
    }
}
