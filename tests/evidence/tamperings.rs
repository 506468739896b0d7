//! Tamperings, each with the files that must be named and what must be said of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;
use vpcheck::archive;

use super::forger::{replaced, rewritten, signed, statement};
use super::{Played, evidence_files, expect, verify};

/// A chain to tamper with: a copy of the one that was played.
struct Copy<'a> {
    played: &'a Played,
    directory: tempfile::TempDir,
    files: Vec<String>,
}

impl Copy<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The name of this number of the chain.
    fn name(&self, number: usize) -> String {
        self.files[number - 1].clone()
    }

    fn bytes(&self, number: usize) -> Vec<u8> {
        fs::read(self.path(&self.name(number))).unwrap()
    }

    fn write(&self, number: usize, bytes: &[u8]) {
        fs::write(self.path(&self.name(number)), bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// The first file of another chain.
    fn foreign(&self, chain: &str) -> (String, Vec<u8>) {
        let directory = self.played.chain(chain);
        let name = evidence_files(&directory).remove(0);
        let bytes = fs::read(directory.join(&name)).unwrap();
        (name, bytes)
    }
}

/// A file, as the chain's number or by its name, the kind of the problem, and what is said.
type Expected = (String, &'static str, &'static str);

struct Tampering {
    name: &'static str,
    tamper: fn(&Copy<'_>) -> Vec<Expected>,
}

const fn tampering(name: &'static str, tamper: fn(&Copy<'_>) -> Vec<Expected>) -> Tampering {
    Tampering { name, tamper }
}

const FORGED: &str = "the signature does not fit: the content or the signature was changed";

const ALL: &[Tampering] = &[
    tampering("a byte of the payload is flipped", |copy| {
        let mut bytes = copy.bytes(5);
        let at = bytes.windows(8).position(|w| w == b"\"payload").unwrap() + 4000;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        copy.write(5, &bytes);
        vec![(copy.name(5), "forged", FORGED)]
    }),
    tampering("a byte of the signature is flipped", |copy| {
        let text = String::from_utf8(copy.bytes(5)).unwrap();
        let at = text.find("\"sig\":\"").unwrap() + 10;
        let mut bytes = text.into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        copy.write(5, &bytes);
        vec![(copy.name(5), "forged", FORGED)]
    }),
    tampering("a byte of the key's id is flipped", |copy| {
        let text = String::from_utf8(copy.bytes(5)).unwrap();
        let at = text.find("\"keyid\":\"sha256:").unwrap() + 20;
        let mut bytes = text.into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        copy.write(5, &bytes);
        let said = "its key id is not that of the key that signed it: the id was changed";
        vec![(copy.name(5), "forged", said)]
    }),
    tampering("two files change names", |copy| {
        let (third, fourth) = (copy.bytes(3), copy.bytes(4));
        copy.write(3, &fourth);
        copy.write(4, &third);
        let said = "its name does not fit its content: it was written as evidence-";
        vec![
            (copy.name(3), "renamed", said),
            (copy.name(4), "renamed", said),
        ]
    }),
    tampering("one in the middle is deleted", |copy| {
        copy.remove(&copy.name(5));
        let said = "number 5 of the chain is missing: between evidence-000000000004-";
        vec![(copy.name(5), "missing", said)]
    }),
    tampering("three in the middle are deleted", |copy| {
        (4..7).for_each(|number| copy.remove(&copy.name(number)));
        let said = "numbers 4 to 6 of the chain are missing: between evidence-000000000003-";
        vec![(copy.name(6), "missing", said)]
    }),
    tampering("the first is deleted", |copy| {
        copy.remove(&copy.name(1));
        let said = "number 1 of the chain is missing: the chain begins with evidence-000000000002-";
        vec![(copy.name(1), "missing", said)]
    }),
    tampering("the last is deleted", |copy| {
        copy.remove(&copy.name(10));
        let said = "number 10 of the chain is missing: head.json records it as the newest";
        vec![(copy.name(10), "missing", said)]
    }),
    tampering("the head is deleted", |copy| {
        copy.remove("head.json");
        let said = "it is missing: that the newest files are all there is not proven";
        vec![("head.json".into(), "missing", said)]
    }),
    tampering("all but the first, and the head, are deleted", |copy| {
        (2..11).for_each(|number| copy.remove(&copy.name(number)));
        copy.remove("head.json");
        let said = "it is missing: that the newest files are all there is not proven";
        vec![("head.json".into(), "missing", said)]
    }),
    tampering("the head is made to name an earlier file", |copy| {
        copy.remove(&copy.name(10));
        let head = fs::read(copy.path("head.json")).unwrap();
        let ninth = vpcheck::evidence::sha256(&copy.bytes(9));
        let name = copy.name(9);
        let head = rewritten(&head, |head| {
            head["predicate"]["sequence"] = 9.into();
            head["predicate"]["newest"]["file"] = name.into();
            head["predicate"]["newest"]["sha256"] = ninth.into();
        });
        fs::write(copy.path("head.json"), head).unwrap();
        vec![("head.json".into(), "forged", FORGED)]
    }),
    tampering("a start is made up for a deleted beginning", |copy| {
        copy.remove(&copy.name(1));
        let head = fs::read(copy.path("head.json")).unwrap();
        let (file, sha256) = (copy.name(1), "0".repeat(64));
        let stranger = copy.played.key("other-key");
        let start = signed(&head, &stranger, |start| {
            start["predicateType"] = "urn:vpcheck:evidence-start:1".into();
            start["predicate"] = serde_json::json!({
                "chain": start["predicate"]["chain"], "removed_through": 1, "retention_s": 1,
                "removed_at": "2026-11-21T05:00:00Z", "last": {"file": file, "sha256": sha256},
            });
        });
        fs::write(copy.path("chain-start.json"), start).unwrap();
        vec![
            (
                "chain-start.json".into(),
                "other-key",
                "it names a key that is none of those given",
            ),
            (copy.name(1), "missing", "number 1 of the chain is missing"),
        ]
    }),
    tampering("one is copied under a name of its own", |copy| {
        let name = copy.name(5);
        let other = format!("{}{}.json", &name[..name.len() - 9], "0000");
        fs::write(copy.path(&other), copy.bytes(5)).unwrap();
        vec![
            (
                other.clone(),
                "renamed",
                "its name does not fit its content",
            ),
            (
                other.max(name),
                "twice",
                "number 5 of the chain is there twice, also as evidence-",
            ),
        ]
    }),
    tampering("one is given a name that is no evidence's", |copy| {
        fs::rename(copy.path(&copy.name(5)), copy.path("evidence-5.json.bak")).unwrap();
        vec![
            ("evidence-5.json.bak".into(), "renamed", "it was renamed"),
            (copy.name(5), "missing", "number 5 of the chain is missing"),
        ]
    }),
    tampering(
        "the verdict is edited and the digests are made to fit",
        |copy| {
            let bytes = rewritten(&copy.bytes(5), |s| {
                s["predicate"]["report"]["verdict"] = "fail".into()
            });
            copy.write(5, &bytes);
            vec![
                (copy.name(5), "forged", FORGED),
                (
                    copy.name(5),
                    "not-replayed",
                    "the verdict does not follow from the facts: fail is recorded, the rules say pass",
                ),
            ]
        },
    ),
    tampering("the verdict is edited by someone who has the key", |copy| {
        let key = copy.played.key("key");
        let bytes = signed(&copy.bytes(5), &key, |s| {
            s["predicate"]["report"]["verdict"] = "fail".into();
        });
        copy.write(5, &bytes);
        vec![(
            copy.name(5),
            "not-replayed",
            "the verdict does not follow from the facts: fail is recorded, the rules say pass",
        )]
    }),
    tampering("one is signed with another key", |copy| {
        let bytes = signed(&copy.bytes(5), &copy.played.key("other-key"), |_| {});
        copy.write(5, &bytes);
        let said = "it names a key that is none of those given: sha256:";
        vec![(copy.name(5), "other-key", said)]
    }),
    tampering("the signature is taken away", |copy| {
        let text = String::from_utf8(copy.bytes(5)).unwrap();
        let at = text.find("\"signatures\":[").unwrap() + 14;
        copy.write(5, format!("{}]}}\n", &text[..at]).as_bytes());
        vec![(copy.name(5), "unsigned", "it is not signed")]
    }),
    tampering("the digest of the one before is changed", |copy| {
        let bytes = rewritten(&copy.bytes(5), |s| {
            s["predicate"]["chain"]["previous"]["sha256"] = "0".repeat(64).into();
        });
        copy.write(5, &bytes);
        vec![(copy.name(5), "forged", FORGED)]
    }),
    tampering("the same by someone who has the key", |copy| {
        let key = copy.played.key("key");
        let bytes = signed(&copy.bytes(5), &key, |s| {
            s["predicate"]["chain"]["previous"]["sha256"] = "0".repeat(64).into();
        });
        copy.write(5, &bytes);
        vec![
            (
                copy.name(4),
                "replaced",
                "it is not the file that evidence-000000000005-",
            ),
            (
                copy.name(5),
                "replaced",
                "it is not the file that evidence-000000000006-",
            ),
        ]
    }),
    tampering("one is signed again with its own key", |copy| {
        let key = copy.played.key("key");
        let bytes = signed(&copy.bytes(5), &key, |s| {
            s["predicate"]["instance_identity"] = Value::Null;
            s["predicate"]["facts"]["host"]["instance_identity"] = Value::Null;
        });
        copy.write(5, &bytes);
        vec![(
            copy.name(5),
            "replaced",
            "it is not the file that evidence-000000000006-",
        )]
    }),
    tampering("the facts are those of another run", |copy| {
        let other = statement(&copy.bytes(6));
        let bytes = rewritten(&copy.bytes(5), |s| {
            s["predicate"]["facts"] = other["predicate"]["facts"].clone();
        });
        copy.write(5, &bytes);
        vec![
            (copy.name(5), "forged", FORGED),
            (
                copy.name(5),
                "contradiction",
                "the run's id is not the same in all its parts",
            ),
            (
                copy.name(5),
                "contradiction",
                "the run's beginning is not the same in all its parts",
            ),
            (
                copy.name(5),
                "not-replayed",
                "the report does not follow from the facts",
            ),
        ]
    }),
    tampering("one is truncated", |copy| {
        let bytes = copy.bytes(5);
        copy.write(5, &bytes[..bytes.len() / 2]);
        let said = "the file is no envelope, or only a part of one";
        vec![(copy.name(5), "malformed", said)]
    }),
    tampering("the last byte is cut off", |copy| {
        let bytes = copy.bytes(5);
        copy.write(5, &bytes[..bytes.len() - 1]);
        vec![(
            copy.name(5),
            "malformed",
            "the file is not written in canonical JSON",
        )]
    }),
    tampering("one is emptied", |copy| {
        copy.write(5, b"");
        vec![(copy.name(5), "malformed", "the file is empty")]
    }),
    tampering("a space is put in", |copy| {
        let bytes = replaced(&copy.bytes(5), "\"payloadType\":", "\"payloadType\": ");
        copy.write(5, &bytes);
        vec![(
            copy.name(5),
            "malformed",
            "the file is not written in canonical JSON",
        )]
    }),
    tampering("one of another machine is put in", |copy| {
        let (_, bytes) = copy.foreign("stranger");
        copy.write(1, &bytes);
        vec![
            (
                copy.name(1),
                "other-key",
                "it names a key that is none of those given: sha256:",
            ),
            (copy.name(1), "renamed", "its name does not fit its content"),
        ]
    }),
    tampering(
        "the first is that of another chain with the same key",
        |copy| {
            let (name, bytes) = copy.foreign("neighbour");
            copy.remove(&copy.name(1));
            fs::write(copy.path(&name), bytes).unwrap();
            vec![
                (name.clone(), "replaced", "records evidence-000000000001-"),
                (name, "other-chain", "it is of another chain"),
            ]
        },
    ),
    tampering("the file is a statement of another type", |copy| {
        let key = copy.played.key("key");
        let bytes = signed(&copy.bytes(5), &key, |s| {
            s["predicateType"] = "https://slsa.dev/provenance/v1".into();
        });
        copy.write(5, &bytes);
        vec![(
            copy.name(5),
            "malformed",
            "expected a statement of the type urn:vpcheck:evidence:1",
        )]
    }),
];

pub(crate) fn every_one_is_named(played: &Played) -> Result<(), String> {
    let failures = Mutex::new(Vec::new());
    let queue = Mutex::new(ALL.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(tampering) = queue.lock().unwrap().next() else {
                        return;
                    };
                    if let Err(error) = play(played, tampering) {
                        let text = format!("{}: {error}", tampering.name);
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    println!("    {} tamperings", ALL.len());
    let failures = failures.into_inner().unwrap();
    expect(failures.is_empty(), &failures.join("\n    "))
}

fn play(played: &Played, tampering: &Tampering) -> Result<(), String> {
    let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
    let original = played.chain("chain");
    let files = evidence_files(&original);
    for name in files.iter().map(String::as_str).chain(["head.json"]) {
        fs::copy(original.join(name), directory.path().join(name)).map_err(|e| e.to_string())?;
    }
    let copy = Copy {
        played,
        directory,
        files,
    };
    let expected = (tampering.tamper)(&copy);
    judge(&copy, &expected)
}

fn judge(copy: &Copy<'_>, expected: &[Expected]) -> Result<(), String> {
    let key = copy.played.public_key();
    let key = key.to_str().unwrap();
    let path = copy.directory.path();
    let (code, json) = verify(path, &["--public-key", key, "--format", "json"]);
    expect(code == Some(1), &format!("exit {code:?}: {json}"))?;
    let outcome: Value = serde_json::from_str(&json).map_err(|e| e.to_string())?;
    expect(outcome["proven"] == false, &json)?;
    let mut found: Vec<&Value> = outcome["problems"].as_array().unwrap().iter().collect();
    for (file, kind, text) in expected {
        let at = found.iter().position(|one| {
            one["file"] == file.as_str()
                && one["kind"] == *kind
                && one["text"].as_str().unwrap().contains(text)
        });
        match at {
            Some(at) => drop(found.remove(at)),
            None => {
                let found = format!("{:#}", outcome["problems"]);
                return Err(format!("expected {file}: {kind}: {text}, found {found}"));
            }
        }
    }
    // A payload that was changed may be no JSON any more: that is said as well.
    found.retain(|one| one["kind"] != "malformed" && one["kind"] != "contradiction");
    expect(found.is_empty(), &format!("besides: {found:#?}"))
}

/// What people read of a tampering has the same names and sentences.
pub(crate) fn people_read_the_same(played: &Played) -> Result<(), String> {
    let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
    let original = played.chain("chain");
    let files = evidence_files(&original);
    for name in &files[..2] {
        fs::copy(original.join(name), directory.path().join(name)).map_err(|e| e.to_string())?;
    }
    let key = played.public_key();
    let (code, said) = verify(directory.path(), &["--public-key", key.to_str().unwrap()]);
    let problem = "  head.json: it is missing: that the newest files are all there is not proven.";
    let newest = format!("  Newest: {}, sha256:", files[1]);
    expect(
        code == Some(1)
            && said.starts_with("NOT PROVEN: a chain of 2 files: 1 problem found.\n")
            && said.contains(problem)
            && said.contains(&newest),
        &said,
    )
}

pub(crate) fn every_flipped_byte_is_named(played: &Played) -> Result<(), String> {
    let keys = [archive::read_public(&played.public_key()).map_err(|e| e.to_string())?];
    let original = played.chain("chain");
    let names = evidence_files(&original);
    let mut tried = 0;
    for name in [names[4].as_str(), "head.json"] {
        let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
        let bytes = fs::read(original.join(name)).map_err(|e| e.to_string())?;
        // All of the small file and of the ends of the large one; a sample of its middle.
        let positions = (0..bytes.len()).filter(|at| {
            bytes.len() < 4000 || *at < 40 || bytes.len() - at < 320 || at % 4001 == 0
        });
        for at in positions {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 7);
            let file = directory.path().join(name);
            fs::write(&file, &flipped).map_err(|e| e.to_string())?;
            let named = match name {
                "head.json" => names_head(directory.path(), &keys),
                _ => names_file(&file, &keys),
            };
            expect(
                named,
                &format!("{name}: byte {at} of {} was flipped unseen", bytes.len()),
            )?;
            tried += 1;
        }
    }
    println!("    {tried} bytes");
    Ok(())
}

fn names_file(file: &Path, keys: &[vpcheck::evidence::PublicKey]) -> bool {
    let name = file.file_name().unwrap().to_str().unwrap();
    let verification = archive::verify(file, keys).unwrap();
    verification.problems.iter().any(|one| one.file == name)
}

fn names_head(directory: &Path, keys: &[vpcheck::evidence::PublicKey]) -> bool {
    let verification = archive::verify(directory, keys).unwrap();
    verification
        .problems
        .iter()
        .any(|one| one.file == "head.json")
}
