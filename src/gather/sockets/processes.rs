//! Whose sockets are: the processes whose open files may be read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::facts::traffic::Process;
use crate::gather::small_file;

/// How many processes, and how many open files of one, a look goes through.
const MOST_PROCESSES: usize = 65_536;
const MOST_FILES: usize = 262_144;
/// The longest name of a program's file that is kept.
const LONGEST: usize = 256;

/// The processes there are in one look.
#[derive(Debug)]
pub struct Processes {
    directory: PathBuf,
    /// The processes by id, each with its network namespace where that may be read.
    all: Vec<(u32, Option<u64>)>,
    own: u32,
    unreadable: u64,
    overflowed: bool,
}

/// Who has a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// This process.
    Own,
    /// Another.
    Other(Process),
}

impl Processes {
    /// The processes that this directory, `/proc` as a rule, shows.
    pub fn of(directory: &Path) -> Self {
        let mut ids: Vec<u32> = Vec::new();
        let mut overflowed = false;
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let Some(id) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            if ids.len() >= MOST_PROCESSES {
                overflowed = true;
                break;
            }
            ids.push(id);
        }
        // The oldest first: of processes that share a socket it is the one that the others came from, as a rule.
        ids.sort_unstable();
        let all = ids
            .into_iter()
            .map(|id| (id, namespace(&directory.join(id.to_string()))));
        Processes {
            all: all.collect(),
            directory: directory.to_owned(),
            own: std::process::id(),
            unreadable: 0,
            overflowed,
        }
    }

    /// The network namespace of this process.
    pub fn own_namespace(&self) -> u64 {
        namespace(&self.directory.join("self")).unwrap_or_default()
    }

    /// A process's directory for each network namespace beside this process's own.
    pub fn other_namespaces(&self, most: usize) -> Vec<(u64, PathBuf)> {
        let own = self.own_namespace();
        let mut found: BTreeMap<u64, u32> = BTreeMap::new();
        for (id, namespace) in &self.all {
            match namespace {
                Some(namespace) if *namespace != own && found.len() < most => {
                    found.entry(*namespace).or_insert(*id);
                }
                _ => {}
            }
        }
        let directory = |id: u32| self.directory.join(id.to_string());
        found
            .into_iter()
            .map(|(namespace, id)| (namespace, directory(id)))
            .collect()
    }

    /// Who has these sockets, by inode, as far as that may be read.
    pub fn holders(&mut self, wanted: &BTreeSet<u64>) -> HashMap<u64, Holder> {
        let mut found: HashMap<u64, Holder> = HashMap::new();
        let mut unreadable = 0;
        for (id, _) in &self.all {
            if found.len() == wanted.len() {
                break;
            }
            let directory = self.directory.join(id.to_string());
            let files = match fs::read_dir(directory.join("fd")) {
                Ok(files) => files,
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    unreadable += 1;
                    continue;
                }
                // It has ended since.
                Err(_) => continue,
            };
            let mut holder = None;
            for (at, file) in files.flatten().enumerate() {
                if at >= MOST_FILES {
                    self.overflowed = true;
                    break;
                }
                let link = match fs::read_link(file.path()) {
                    Ok(link) => link,
                    // The directory of a process of one's own user may be open to all while what it holds is not.
                    Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                        unreadable += 1;
                        break;
                    }
                    Err(_) => continue,
                };
                let inode = link.to_str().and_then(socket_inode);
                let Some(inode) = inode.filter(|inode| wanted.contains(inode)) else {
                    continue;
                };
                let holder = holder.get_or_insert_with(|| match *id == self.own {
                    true => Holder::Own,
                    false => Holder::Other(process(*id, &directory)),
                });
                found.entry(inode).or_insert_with(|| holder.clone());
            }
        }
        self.unreadable = unreadable;
        found
    }

    /// How many processes' open files may not be read, as far as it was tried.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many processes do not tell in which network namespace they are.
    pub fn unplaced(&self) -> u64 {
        let unplaced = self.all.iter().filter(|(_, namespace)| namespace.is_none());
        unplaced.count() as u64
    }

    /// True where there were more than are gone through.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }
}

/// The number in `net:[4026531840]` (namespaces(7)).
fn namespace(directory: &Path) -> Option<u64> {
    let link = fs::read_link(directory.join("ns/net")).ok()?;
    let number = link.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// The number in `socket:[48213]`.
fn socket_inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// What is told of a process: its name and its program's file, and nothing of its arguments or its environment.
fn process(id: u32, directory: &Path) -> Process {
    let name = small_file::text(&directory.join("comm"), 64);
    let name = name.map(|name| name.trim_end_matches('\n').to_owned());
    let program = fs::read_link(directory.join("exe")).ok().map(|path| {
        let path = path.to_string_lossy();
        let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
        path.chars().take(LONGEST).collect()
    });
    Process {
        name: name.filter(|name| !name.is_empty()),
        program,
        uid: None,
        pids: BTreeSet::from([id]),
    }
}
