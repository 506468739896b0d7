//! What someone with the file and an editor can do, with and without a key.

use std::path::Path;

use serde_json::Value;
use vpcheck::archive;
use vpcheck::evidence::{Envelope, Sign, Signature, canonical, pae, sha256};

/// The statement in a file.
pub(crate) fn statement(file: &[u8]) -> Value {
    let envelope = Envelope::read(file).unwrap();
    serde_json::from_slice(&envelope.payload().unwrap()).unwrap()
}

/// The file with another statement and the signature it had.
pub(crate) fn rewritten(file: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let old = Envelope::read(file).unwrap();
    let payload = changed(file, change);
    Envelope::new(&payload, old.signatures().first().cloned())
        .to_bytes()
        .unwrap()
}

/// The file with another statement and a signature of its own.
pub(crate) fn signed(file: &[u8], key: &Path, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let key = archive::read_key(key).unwrap();
    let payload = changed(file, change);
    let signature = Signature::new(key.public_key().id(), &key.sign(&pae(&payload)).unwrap());
    Envelope::new(&payload, Some(signature)).to_bytes().unwrap()
}

/// The file with other bytes in place of the first of these.
pub(crate) fn replaced(file: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = String::from_utf8(file.to_vec()).unwrap();
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1).into_bytes()
}

/// The changed statement, its digests made to fit.
fn changed(file: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut statement = statement(file);
    change(&mut statement);
    let subjects = statement["subject"].as_array().unwrap().clone();
    for (at, subject) in subjects.iter().enumerate() {
        let name = subject["name"].as_str().unwrap();
        let Some(value) = statement["predicate"].get(name) else {
            continue;
        };
        let digest = sha256(&canonical(value).unwrap());
        statement["subject"][at]["digest"]["sha256"] = digest.into();
    }
    canonical(&statement).unwrap()
}
