//! Verifies a file of evidence or a directory of it; one file is in memory at a time.

use std::io;
use std::path::Path;

use super::directory::{self, Directory};
use crate::evidence::{
    Checked, Entry, Evidence, FileName, HEAD_FILE, HEAD_TYPE, Head, Inspected, Origin, Pointer,
    Problem, ProblemKind, PublicKey, START_FILE, START_TYPE, Start, Verification, broken_links,
    inspect, inspect_record, replayed, sha256,
};

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There is nothing to read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file or directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is a directory without evidence.
    #[error("{path}: expected a directory of evidence, found none in it")]
    NoEvidence {
        /// The directory.
        path: String,
    },
}

/// Verifies a file, or a directory and the chain in it.
///
/// Without keys all is looked at except who signed, and that is said to be unproven.
pub fn verify(path: &Path, keys: &[PublicKey]) -> Result<Verification, AuditError> {
    let unreadable = |source| AuditError::Unreadable {
        path: path.display().to_string(),
        source,
    };
    let mut audit = Audit::new(keys);
    match std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        true => {
            audit.verification.whole_chain = true;
            audit.directory(path).map_err(unreadable)?;
            let nothing = audit.verification.files.is_empty()
                && audit.verification.problems.is_empty()
                && !audit.has_head;
            if nothing {
                let path = path.display().to_string();
                return Err(AuditError::NoEvidence { path });
            }
        }
        false => {
            let bytes = directory::read(path).map_err(unreadable)?;
            let name = path.file_name().unwrap_or(path.as_os_str());
            audit.evidence(&name.to_string_lossy(), &bytes);
        }
    }
    Ok(audit.end())
}

struct Audit<'a> {
    keys: &'a [PublicKey],
    verification: Verification,
    has_head: bool,
}

impl<'a> Audit<'a> {
    fn new(keys: &'a [PublicKey]) -> Self {
        Audit {
            keys,
            verification: Verification::default(),
            has_head: false,
        }
    }

    fn directory(&mut self, path: &Path) -> io::Result<()> {
        let directory = Directory::new(path);
        let (names, head) = directory.snapshot()?;
        let mut entries = Vec::new();
        for name in names.evidence {
            let text = name.to_string();
            let entry = match directory.read(&text) {
                Ok(Some(bytes)) => self.entry(name, &text, &bytes),
                // Retention has just removed it.
                Ok(None) => continue,
                Err(error) => {
                    self.say(
                        &text,
                        ProblemKind::Unreadable,
                        format!("it cannot be read: {error}"),
                    );
                    self.looked_at(&text, None, None);
                    Entry {
                        name,
                        sha256: None,
                        link: None,
                        troubled: true,
                    }
                }
            };
            entries.push(entry);
        }
        for name in names.misnamed {
            let text = "its name is not one that evidence is written under: it was renamed";
            self.say(&name, ProblemKind::Renamed, text.to_owned());
        }
        match names.other.as_slice() {
            [] => {}
            [first] => self.note(format!("{first} is no evidence and was passed over")),
            [first, rest @ ..] => self.note(format!(
                "{first} and {} more are no evidence and were passed over",
                rest.len()
            )),
        }
        let head: Option<Head> = self.record(head, HEAD_FILE, HEAD_TYPE);
        // After the files: what retention removes meanwhile, it has recorded before.
        let start = directory.read(START_FILE);
        let start: Option<Start> = self.record(start, START_FILE, START_TYPE);
        if !self.has_head && !entries.is_empty() {
            let text = "it is missing: that the newest files are all there is not proven";
            self.say(HEAD_FILE, ProblemKind::Missing, text.to_owned());
        }
        let problems = broken_links(&entries, head.as_ref(), start.as_ref());
        self.verification.problems.extend(problems);
        if let (Some(head), Some(last)) = (&head, entries.last())
            && last.name.sequence == head.sequence.saturating_add(1)
        {
            self.note(format!(
                "{HEAD_FILE} is one behind, as after a run that was cut off; the next run mends it"
            ));
        }
        if let Some(start) = start {
            self.note(format!(
                "retention removed numbers 1 to {}, the last of them {}",
                start.removed_through, start.last.file
            ));
        }
        self.verification.newest = entries.last().and_then(|last| {
            Some(Pointer {
                file: last.name.to_string(),
                sha256: last.sha256.clone()?,
            })
        });
        Ok(())
    }

    fn entry(&mut self, name: FileName, text: &str, bytes: &[u8]) -> Entry {
        let before = self.verification.problems.len();
        let inspected = self.evidence(text, bytes);
        let link = inspected.believed().map(|evidence| evidence.chain.clone());
        let renamed =
            (inspected.predicate.as_ref()).is_some_and(|evidence| expected(evidence) != name);
        let new = self.verification.problems.get(before..).unwrap_or_default();
        Entry {
            name,
            sha256: Some(sha256(bytes)),
            link: link.filter(|_| !renamed),
            troubled: new.iter().any(|one| one.kind != ProblemKind::NoKey),
        }
    }

    /// Looks at one file by itself.
    fn evidence(&mut self, name: &str, bytes: &[u8]) -> Inspected<Evidence> {
        let inspected = inspect(name, bytes, self.keys);
        self.verification
            .problems
            .extend(inspected.problems.clone());
        self.origin(&inspected.origin);
        let mut verdict = None;
        if let Some(evidence) = &inspected.predicate {
            verdict = evidence.report["verdict"].as_str().map(str::to_owned);
            let written = expected(evidence);
            // A copy of one file may have any name that does not claim a place in a chain.
            let claims = self.verification.whole_chain || FileName::is_claimed_by(name);
            if claims && written.to_string() != name {
                let text =
                    format!("its name does not fit its content: it was written as {written}");
                self.say(name, ProblemKind::Renamed, text);
            }
            let replayed = replayed(evidence);
            if let Some(text) = replayed.problem {
                self.say(name, ProblemKind::NotReplayed, text);
            }
            if let Some(note) = replayed.note {
                self.note(format!("{name}: {note}"));
            }
        }
        self.looked_at(name, Some(sha256(bytes)), verdict);
        inspected
    }

    /// Reads `head.json` or `chain-start.json`; what is not to be believed is none.
    fn record<P: serde::de::DeserializeOwned + Clone>(
        &mut self,
        read: io::Result<Option<Vec<u8>>>,
        name: &str,
        predicate_type: &str,
    ) -> Option<P> {
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return None,
            Err(error) => {
                self.has_head |= name == HEAD_FILE;
                self.say(
                    name,
                    ProblemKind::Unreadable,
                    format!("it cannot be read: {error}"),
                );
                return None;
            }
        };
        self.has_head |= name == HEAD_FILE;
        let inspected = inspect_record::<P>(name, &bytes, self.keys, predicate_type);
        self.verification
            .problems
            .extend(inspected.problems.clone());
        self.origin(&inspected.origin);
        inspected.believed().cloned()
    }

    fn origin(&mut self, origin: &Origin) {
        let (Origin::Proven(key) | Origin::Unchecked(key)) = origin else {
            return;
        };
        if !self.verification.keys.contains(key) {
            self.verification.keys.push(key.clone());
        }
    }

    fn looked_at(&mut self, file: &str, sha256: Option<String>, verdict: Option<String>) {
        self.verification.files.push(Checked {
            file: file.to_owned(),
            sha256,
            verdict,
        });
    }

    fn say(&mut self, file: &str, kind: ProblemKind, text: String) {
        self.verification
            .problems
            .push(Problem::new(file, kind, text));
    }

    fn note(&mut self, text: String) {
        self.verification.notes.push(text);
    }

    fn end(mut self) -> Verification {
        if self.keys.is_empty() && !self.verification.keys.is_empty() {
            let text = format!(
                "who signed is not proven: no public key is at hand; give it with --public-key, it is {}",
                self.verification.keys.join(" or ")
            );
            self.say("signature", ProblemKind::NoKey, text);
            self.verification.keys.clear();
        }
        self.verification.proven = self.verification.problems.is_empty();
        self.verification
    }
}

/// The name that this evidence was written under.
fn expected(evidence: &Evidence) -> FileName {
    FileName::new(
        evidence.chain.sequence,
        evidence.started_at,
        &evidence.run_id,
    )
}
