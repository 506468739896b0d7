//! Whom this host calls on port 443, as its own sockets show it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The port that AWS's service endpoints answer on.
pub const SERVICE_PORT: u16 = 443;

/// All that was seen of this host's connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// How many times the sockets were looked at.
    pub looks: u64,
    /// How long that took, from the first look to the last, in milliseconds.
    pub watched_ms: u64,
    /// The calls, by address and process.
    pub calls: Vec<Call>,
    /// What could not be seen.
    pub blind: Blind,
}

/// Connections of one kind of process to port 443 of one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The address; an IPv4 address that a socket for IPv6 wraps is an IPv4 address here.
    pub address: IpAddr,
    /// How many connections were seen that got an answer to their SYN.
    pub connections: u64,
    /// How many were seen that never did while they were looked at.
    pub attempts: u64,
    /// Who made them.
    pub process: Process,
}

/// Whose a socket is, as far as it could be read. Never the arguments: they may hold secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Process {
    /// The name that the kernel has for it (`comm`, proc(5)); none where the process could not be told.
    pub name: Option<String>,
    /// The program's file.
    pub program: Option<String>,
    /// The user's id, which the kernel tells of every socket that is still open.
    pub uid: Option<u32>,
    /// Its process ids, or some of them.
    pub pids: BTreeSet<u32>,
}

/// What could not be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blind {
    /// Tables that could not be read, each with the reason.
    pub tables: BTreeSet<String>,
    /// Processes whose open files may not be read, in the look that saw most of them.
    pub processes: u64,
    /// Processes of whom it may not be read in which network namespace they are, likewise.
    pub namespaces: u64,
    /// True where there were more sockets or processes than are kept.
    pub overflowed: bool,
}

/// How many addresses are kept of one name.
const MOST_ADDRESSES: usize = 4096;

/// The addresses that the services' names were seen to have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// The names, each with the services that have it.
    pub services: BTreeMap<String, BTreeSet<String>>,
    /// The addresses that a name had at one time or another.
    pub addresses: BTreeMap<String, BTreeSet<IpAddr>>,
    /// Names that no resolver gave an answer for, not even a negative one.
    pub silent: BTreeSet<String>,
}

impl Answers {
    /// Adds addresses of a name.
    pub fn add(&mut self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        for address in addresses {
            let known = self.addresses.entry(name.to_owned()).or_default();
            if known.len() < MOST_ADDRESSES {
                known.insert(address);
            }
        }
    }
}
