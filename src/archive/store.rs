//! Adds a run's evidence to the chain, so that a run that is ended at any point leaves one that verifies.
//!
//! The order of writing is what makes it so. The evidence first, whole or not at all; then the head, which may lag by
//! one. What retention removes is recorded before it is removed.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::directory::{Directory, Names};
use crate::evidence::{
    Break, Draft, Envelope, FileName, HEAD_FILE, HEAD_TYPE, Head, Inspected, Link, NotCanonical,
    Origin, Pointer, START_FILE, START_TYPE, Sign, Signature, Start, inspect, inspect_record, pae,
    sha256,
};

/// How long the directory's lock is waited for; a run writes in a fraction of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// A head further ahead than this is no head: the chain would run out of numbers by believing it.
const FARTHEST: u64 = 1_000_000;

/// What the operator wants of the directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// How long files are kept; none: for ever.
    pub retention: Option<Duration>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The new file and its digest.
    pub file: Pointer,
    /// Its place in the chain.
    pub sequence: u64,
    /// Why it is not signed, where it is not.
    pub unsigned: Option<String>,
    /// How many files retention removed.
    pub removed: usize,
    /// What else did not go as it should, in one sentence each.
    pub warnings: Vec<String>,
}

/// Why no evidence was written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The directory or a file in it cannot be used.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// What is to be written cannot be.
    #[error("cannot write evidence: {0}")]
    Content(#[from] NotCanonical),
    /// The chain has no place left.
    #[error("cannot write evidence to {path}: the chain is full; begin another directory")]
    Full {
        /// The directory.
        path: String,
    },
}

/// Writes a run's evidence as the next file of the chain in this directory.
///
/// `signer` is what signs, or why nothing does. Where nothing does, or the signing fails, the file is written without a
/// signature: what was found is kept in any case, and a verification names the file.
pub fn append(
    path: &Path,
    draft: &Draft,
    signer: Result<&dyn Sign, &str>,
    limits: Limits,
) -> Result<Appended, ArchiveError> {
    let directory = Directory::new(path);
    let failed = |operation, source| ArchiveError::File {
        operation,
        path: path.display().to_string(),
        source,
    };
    directory.create().map_err(|e| failed("make", e))?;
    let _lock = directory.lock(PATIENCE).map_err(|e| failed("lock", e))?;
    directory.clean().map_err(|e| failed("list", e))?;
    let names = directory.names().map_err(|e| failed("list", e))?;
    let (signer, refused) = match signer {
        Ok(signer) => (Some(signer), None),
        Err(reason) => (None, Some(reason.to_owned())),
    };
    let state = State::read(&directory, &names, signer).map_err(|e| failed("read", e))?;
    let link = state.next(&draft.run_id);
    if link.sequence > FileName::LAST {
        let path = path.display().to_string();
        return Err(ArchiveError::Full { path });
    }
    let mut writer = Writer {
        directory,
        path,
        signer,
        refused,
    };
    if state.is_new() {
        // Once there is a head at all, one that is missing later was taken away.
        writer.head(&link.id, 0, None)?;
    }
    let (chain, sequence) = (link.id.clone(), link.sequence);
    let name = FileName::new(sequence, draft.started_at, &draft.run_id).to_string();
    let sha256 = writer.evidence(&name, &draft.payload(link)?)?;
    let file = Pointer { file: name, sha256 };

    // The evidence is there. What fails from here on is told, and mended by the next run.
    let mut warnings = Vec::new();
    // An unsigned head would say less than the signed one that it replaces.
    if (writer.refused.is_none() || !state.head_is_signed)
        && let Err(error) = writer.head(&chain, sequence, Some(file.clone()))
    {
        warnings.push(error.to_string());
    }
    let mut removed = 0;
    if let Some(retention) = limits.retention {
        match writer.remove_old(&names, draft, &chain, retention) {
            Ok(count) => removed = count,
            Err(error) => warnings.push(error.to_string()),
        }
    }
    Ok(Appended {
        file,
        sequence,
        unsigned: writer.refused,
        removed,
        warnings,
    })
}

/// What the chain is like before a run writes.
struct State {
    head: Option<Head>,
    /// True where the run's own key signed the head.
    head_is_proven: bool,
    /// True where some key signed it, as far as can be told.
    head_is_signed: bool,
    /// The newest file that is there.
    last: Option<Pointer>,
    last_sequence: u64,
    /// The chain's id, as the newest file has it.
    last_chain: Option<String>,
    break_: Option<Break>,
}

impl State {
    fn read(directory: &Directory, names: &Names, signer: Option<&dyn Sign>) -> io::Result<State> {
        let keys: Vec<_> = signer
            .map(|signer| signer.public_key().clone())
            .into_iter()
            .collect();
        let bytes = directory.read(HEAD_FILE)?;
        let inspected: Option<Inspected<Head>> =
            bytes.map(|bytes| inspect_record(HEAD_FILE, &bytes, &keys, HEAD_TYPE));
        let origin = inspected.as_ref().map(|head| head.origin.clone());
        let head_is_proven = matches!(origin, Some(Origin::Proven(_)));
        let head_is_signed = head_is_proven || matches!(origin, Some(Origin::Unchecked(_)));
        let head = inspected.and_then(|head| head.predicate);
        let last_sequence = names.evidence.last().map_or(0, |last| last.sequence);
        let head = head.filter(|head| head.sequence <= last_sequence.saturating_add(FARTHEST));
        let mut last = None;
        let mut last_chain = None;
        if let Some(name) = names.evidence.last().map(ToString::to_string) {
            let bytes = directory.read(&name)?.unwrap_or_default();
            last = Some(Pointer {
                sha256: sha256(&bytes),
                file: name.clone(),
            });
            let evidence = inspect(&name, &bytes, &[]).predicate;
            last_chain = evidence.map(|evidence| evidence.chain.id);
        }
        let break_ = match (&head, signer) {
            (None, _) if last.is_some() => Some(Break::HeadMissing),
            (Some(_), Some(_)) if !head_is_proven => Some(Break::HeadNotProven),
            _ => None,
        };
        Ok(State {
            head,
            head_is_proven,
            head_is_signed,
            last,
            last_sequence,
            last_chain,
            break_,
        })
    }

    fn is_new(&self) -> bool {
        self.head.is_none() && self.last.is_none()
    }

    /// The place of the next file. What the head knows of and is not there any more keeps its place, so that the
    /// gap stays to be seen.
    fn next(&self, run_id: &str) -> Link {
        let (sequence, previous) = match &self.head {
            Some(head) if head.sequence > self.last_sequence => (head.sequence, &head.newest),
            // As it was when it was written, whatever became of it since.
            Some(head) if head.sequence == self.last_sequence && self.head_is_proven => {
                (head.sequence, &head.newest)
            }
            _ => (self.last_sequence, &self.last),
        };
        let id = (self.head.as_ref().map(|head| head.chain.clone()))
            .or_else(|| self.last_chain.clone())
            .unwrap_or_else(|| run_id.to_owned());
        Link {
            id,
            sequence: sequence.saturating_add(1),
            previous: previous.clone(),
            break_: self.break_,
        }
    }
}

/// Signs and writes.
struct Writer<'a> {
    directory: Directory,
    path: &'a Path,
    signer: Option<&'a dyn Sign>,
    /// Why nothing is signed any more: a key that is out of reach is not asked again.
    refused: Option<String>,
}

impl Writer<'_> {
    /// Writes the evidence, and says its SHA-256.
    fn evidence(&mut self, name: &str, payload: &[u8]) -> Result<String, ArchiveError> {
        let bytes = self.seal(payload)?;
        let written = self.directory.write_new(name, &bytes);
        written.map_err(|error| self.failed("write", name, error))?;
        Ok(sha256(&bytes))
    }

    fn head(
        &mut self,
        chain: &str,
        sequence: u64,
        newest: Option<Pointer>,
    ) -> Result<(), ArchiveError> {
        let head = Head {
            chain: chain.to_owned(),
            sequence,
            newest,
        };
        let bytes = self.seal(&head.payload()?)?;
        let written = self.directory.replace(HEAD_FILE, &bytes);
        written.map_err(|error| self.failed("write", HEAD_FILE, error))
    }

    /// Removes what is older than the retention, from the oldest on; the newest two stay in any case.
    fn remove_old(
        &mut self,
        names: &Names,
        draft: &Draft,
        chain: &str,
        retention: Duration,
    ) -> Result<usize, ArchiveError> {
        let Some((newest, older)) = names.evidence.split_last() else {
            return Ok(0);
        };
        // A clock that is wrong in this run alone removes nothing: the run before must agree.
        let now = (newest.started_at()).map_or(draft.started_at, |at| at.min(draft.started_at));
        let Ok(oldest) = now.checked_sub(retention) else {
            return Ok(0);
        };
        let is_old = |name: &&FileName| name.started_at().is_some_and(|at| at < oldest);
        let old: Vec<&FileName> = older.iter().take_while(is_old).collect();
        let Some(last) = old.last() else {
            return Ok(0);
        };
        let recorded = self.start()?;
        if recorded.is_none_or(|start| start.removed_through < last.sequence) {
            let name = last.to_string();
            let bytes = self.directory.read(&name);
            let bytes = bytes.map_err(|error| self.failed("read", &name, error))?;
            let start = Start {
                chain: chain.to_owned(),
                removed_through: last.sequence,
                last: Pointer {
                    sha256: sha256(&bytes.unwrap_or_default()),
                    file: name,
                },
                retention_s: retention.as_secs(),
                removed_at: draft.started_at,
            };
            let bytes = self.seal(&start.payload()?)?;
            if self.refused.is_some() && self.signer.is_some() {
                // Without its record, what is removed would be missing.
                return Ok(0);
            }
            let written = self.directory.replace(START_FILE, &bytes);
            written.map_err(|error| self.failed("write", START_FILE, error))?;
        }
        for name in &old {
            let name = name.to_string();
            let removed = self.directory.remove(&name);
            removed.map_err(|error| self.failed("remove", &name, error))?;
        }
        let synced = self.directory.sync();
        synced.map_err(|error| self.failed("write", "", error))?;
        Ok(old.len())
    }

    fn start(&self) -> Result<Option<Start>, ArchiveError> {
        let bytes = self.directory.read(START_FILE);
        let bytes = bytes.map_err(|error| self.failed("read", START_FILE, error))?;
        let keys: Vec<_> = (self.signer.map(|signer| signer.public_key().clone()))
            .into_iter()
            .collect();
        Ok(bytes.and_then(|bytes| {
            let start = inspect_record::<Start>(START_FILE, &bytes, &keys, START_TYPE);
            start.believed().cloned()
        }))
    }

    /// The file around a payload, signed if anything signs.
    fn seal(&mut self, payload: &[u8]) -> Result<Vec<u8>, ArchiveError> {
        let mut signature = None;
        if let (Some(signer), None) = (self.signer, &self.refused) {
            match signer.sign(&pae(payload)) {
                Ok(bytes) => signature = Some(Signature::new(signer.public_key().id(), &bytes)),
                Err(error) => self.refused = Some(error.to_string()),
            }
        }
        Ok(Envelope::new(payload, signature).to_bytes()?)
    }

    fn failed(&self, operation: &'static str, name: &str, source: io::Error) -> ArchiveError {
        ArchiveError::File {
            operation,
            path: self.path.join(name).display().to_string(),
            source,
        }
    }
}

#[cfg(test)]
mod tests;
