//! This host's own connections to port 443: the kernel's tables of sockets, and whose each socket is.
//!
//! The tables are `/proc/net/tcp` and `tcp6` (proc(5)), of this network namespace and of those of other processes where
//! `/proc/PID/ns/net` may be read. Nothing is sent, nothing is captured, and no process is stopped for it.

pub mod processes;
pub mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Bounds, small_file};
use crate::facts::traffic::{Call, Process, SERVICE_PORT, Traffic};
use processes::Processes;
use table::Socket;

/// The time between two looks; several looks a second would see little more.
const BETWEEN: Duration = Duration::from_millis(500);
/// A look takes at most this part of the time, so that watching costs little on a host of many processes.
const PART: u32 = 5;
/// How much of a table is read: some hundred thousand sockets.
const LARGEST_TABLE: u64 = 32 << 20;
/// How many sockets are remembered in the whole time.
const MOST_SOCKETS: usize = 200_000;
/// How many network namespaces are read in a look.
const MOST_NAMESPACES: usize = 512;
/// How many process ids are kept of one kind of process.
const MOST_PIDS: usize = 16;

/// What watches the sockets.
#[derive(Debug)]
pub struct Watcher {
    proc: PathBuf,
    seen: HashMap<(Key, u64), Known>,
    /// The inode that a socket had last: its port may be used again, and what waits for its last packets has none.
    last: HashMap<Key, u64>,
    traffic: Traffic,
    began: Option<Instant>,
}

/// A socket: its namespace, its own address and the other's.
type Key = (u64, SocketAddr, SocketAddr);

/// What is known of a socket.
#[derive(Debug, Default)]
struct Known {
    answered: bool,
    process: Option<Process>,
    uid: Option<u32>,
    own: bool,
}

impl Default for Watcher {
    fn default() -> Self {
        Watcher::new("/proc")
    }
}

impl Watcher {
    /// One that reads this directory as `/proc`.
    pub fn new(proc: impl Into<PathBuf>) -> Self {
        Watcher {
            proc: proc.into(),
            seen: HashMap::new(),
            last: HashMap::new(),
            traffic: Traffic::default(),
            began: None,
        }
    }

    /// True where a look could read at least one table.
    pub fn sees(&self) -> bool {
        self.traffic.looks > 0
    }

    /// Looks once.
    pub fn look(&mut self) {
        let began = *self.began.get_or_insert_with(Instant::now);
        let mut processes = Processes::of(&self.proc);
        let own = processes.own_namespace();
        let mut open: Vec<(Key, Socket)> = Vec::new();
        let mut any = self.read_tables(&self.proc.join("net"), own, &mut open);
        for (namespace, directory) in processes.other_namespaces(MOST_NAMESPACES) {
            any |= self.read_tables(&directory.join("net"), namespace, &mut open);
        }
        if any {
            self.traffic.looks = self.traffic.looks.saturating_add(1);
        }
        let wanted: BTreeSet<u64> = open
            .iter()
            .filter(|(key, socket)| {
                let is_told = |known: &Known| known.process.is_some() || known.own;
                socket.inode != 0 && !self.seen.get(&(*key, socket.inode)).is_some_and(is_told)
            })
            .map(|(_, socket)| socket.inode)
            .collect();
        let holders = processes.holders(&wanted);
        for (key, socket) in open {
            self.note(key, &socket, &holders);
        }
        let blind = &mut self.traffic.blind;
        blind.processes = blind.processes.max(processes.unreadable());
        blind.namespaces = blind.namespaces.max(processes.unplaced());
        blind.overflowed |= processes.overflowed();
        self.traffic.watched_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    }

    /// Looks again and again for so long, or until the run is asked to stop.
    pub async fn watch(mut self, bounds: &Bounds, time: Option<Duration>) -> Self {
        let end = Instant::now() + time.unwrap_or_default();
        loop {
            let began = Instant::now();
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            self = match looked.await {
                Ok(watcher) => watcher,
                // A look does not panic; if it did, or the runtime ends, nothing was seen.
                Err(_) => return Watcher::default(),
            };
            let now = Instant::now();
            let next = began + BETWEEN.max((now - began) * PART);
            if next > end {
                return self;
            }
            // In small steps, since the wish to stop comes at any time.
            while Instant::now() < next {
                if bounds.stopped() {
                    return self;
                }
                let left = next.saturating_duration_since(Instant::now());
                tokio::time::sleep(left.min(Duration::from_millis(100))).await;
            }
        }
    }

    /// What was seen in all looks together.
    pub fn traffic(mut self) -> Traffic {
        let mut calls: BTreeMap<_, Call> = BTreeMap::new();
        for (((_, _, remote), _), known) in self.seen.into_iter().filter(|(_, known)| !known.own) {
            let mut process = known.process.unwrap_or_default();
            process.uid = process.uid.or(known.uid);
            let pids = std::mem::take(&mut process.pids);
            let key = (remote.ip(), process.clone());
            let call = calls.entry(key).or_insert_with(|| Call {
                address: remote.ip(),
                connections: 0,
                attempts: 0,
                process,
            });
            match known.answered {
                true => call.connections += 1,
                false => call.attempts += 1,
            }
            let room = MOST_PIDS.saturating_sub(call.process.pids.len());
            call.process.pids.extend(pids.into_iter().take(room));
        }
        self.traffic.calls = calls.into_values().collect();
        self.traffic
    }

    /// Reads both tables below this directory; true where there was one at least.
    fn read_tables(
        &mut self,
        net: &std::path::Path,
        namespace: u64,
        open: &mut Vec<(Key, Socket)>,
    ) -> bool {
        let mut any = false;
        for name in ["tcp", "tcp6"] {
            let path = net.join(name);
            match small_file::read(&path, LARGEST_TABLE) {
                Ok(bytes) => {
                    any = true;
                    self.traffic.blind.overflowed |= bytes.len() as u64 >= LARGEST_TABLE;
                    let calls = table::parse(&bytes).filter(Socket::is_call);
                    let calls = calls.filter(|socket| socket.remote.port() == SERVICE_PORT);
                    open.extend(
                        calls.map(|socket| ((namespace, socket.local, socket.remote), socket)),
                    );
                }
                // A process that has ended, and a kernel without IPv6, have no such table.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && any => {}
                Err(error) if net == self.proc.join("net") => {
                    let problem = format!("{}: {error}", path.display());
                    self.traffic.blind.tables.insert(problem);
                }
                Err(_) => {}
            }
        }
        any
    }

    fn note(&mut self, key: Key, socket: &Socket, holders: &HashMap<u64, processes::Holder>) {
        let inode = match socket.inode {
            0 => self.last.get(&key).copied().unwrap_or_default(),
            inode => inode,
        };
        if !self.seen.contains_key(&(key, inode)) && self.seen.len() >= MOST_SOCKETS {
            self.traffic.blind.overflowed = true;
            return;
        }
        self.last.insert(key, inode);
        let known = self.seen.entry((key, inode)).or_default();
        known.answered |= socket.is_answered();
        // The kernel keeps neither owner nor user of what waits for its last packets: proc(5) shows zeros.
        if socket.inode == 0 {
            return;
        }
        known.uid = Some(socket.uid);
        match holders.get(&socket.inode) {
            Some(processes::Holder::Own) => known.own = true,
            Some(processes::Holder::Other(process)) => known.process = Some(process.clone()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
