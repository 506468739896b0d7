use aws_lc_rs::signature::Ed25519KeyPair;
use jiff::Timestamp;

use super::*;
use crate::archive::verify;
use crate::evidence::{LocalKey, ProblemKind, PublicKey, SignError, Verification};
use crate::facts::Facts;
use crate::verdict::report;

const DAY: Duration = Duration::from_secs(86_400);

/// A chain in the making.
struct Chain {
    directory: tempfile::TempDir,
    key: LocalKey,
    facts: Facts,
}

/// A key that is out of reach.
struct Dead(PublicKey);

impl Sign for Dead {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError("kms:Sign: no answer within 2000 ms".to_owned()))
    }
}

fn key() -> LocalKey {
    let der = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
    LocalKey::from_pkcs8(der.as_ref()).unwrap()
}

impl Chain {
    fn new() -> Chain {
        let facts = include_str!("../../../tests/cli/facts.json");
        Chain {
            directory: tempfile::tempdir().unwrap(),
            key: key(),
            facts: serde_json::from_str(facts).unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The next day's run.
    fn run_with(&mut self, signer: Result<&dyn Sign, &str>, limits: Limits) -> Appended {
        self.facts.started_at += DAY;
        let draft = Draft::new(&self.facts, &report(&self.facts), None).unwrap();
        append(self.directory.path(), &draft, signer, limits).unwrap()
    }

    fn run(&mut self) -> Appended {
        let key = std::mem::replace(&mut self.key, key());
        let appended = self.run_with(Ok(&key), Limits::default());
        self.key = key;
        appended
    }

    fn verify(&self) -> Verification {
        verify(self.path(), &[self.key.public_key().clone()]).unwrap()
    }

    /// What is not proven: the file and the kind.
    fn problems(&self) -> Vec<(String, ProblemKind)> {
        let problems = self.verify().problems.into_iter();
        problems.map(|one| (one.file, one.kind)).collect()
    }
}

#[test]
fn files_follow_one_another() {
    let mut chain = Chain::new();
    let first = chain.run();
    let second = chain.run();
    assert_eq!((first.sequence, second.sequence), (1, 2));
    assert_eq!((first.unsigned, first.warnings), (None, Vec::new()));
    let verification = chain.verify();
    assert!(verification.proven, "{verification:#?}");
    assert_eq!(verification.newest, Some(second.file));
    assert_eq!(verification.files[0].verdict.as_deref(), Some("pass"));
}

#[test]
fn a_gap_stays_to_be_seen_after_further_runs() {
    let mut chain = Chain::new();
    chain.run();
    let second = chain.run();
    std::fs::remove_file(chain.path().join(&second.file.file)).unwrap();
    assert_eq!(chain.run().sequence, 3);
    assert_eq!(chain.problems(), [(second.file.file, ProblemKind::Missing)]);
}

#[test]
fn a_change_to_the_newest_stays_to_be_seen_after_further_runs() {
    let mut chain = Chain::new();
    chain.run();
    let second = chain.run();
    let path = chain.path().join(&second.file.file);
    std::fs::write(&path, "{}").unwrap();
    chain.run();
    assert_eq!(
        chain.problems(),
        [(second.file.file, ProblemKind::Malformed)]
    );
}

#[test]
fn a_head_that_was_removed_or_forged_stays_to_be_seen() {
    let mut chain = Chain::new();
    chain.run();
    std::fs::remove_file(chain.path().join(HEAD_FILE)).unwrap();
    let second = chain.run();
    assert_eq!(chain.problems(), [(second.file.file, ProblemKind::Broken)]);

    let mut chain = Chain::new();
    chain.run();
    let mut stranger = Chain::new();
    stranger.run();
    let head = std::fs::read(stranger.path().join(HEAD_FILE)).unwrap();
    std::fs::write(chain.path().join(HEAD_FILE), head).unwrap();
    let second = chain.run();
    assert_eq!(chain.problems(), [(second.file.file, ProblemKind::Broken)]);
}

#[test]
fn a_run_cut_off_before_the_head_is_mended_by_the_next() {
    let mut chain = Chain::new();
    chain.run();
    let head = std::fs::read(chain.path().join(HEAD_FILE)).unwrap();
    chain.run();
    std::fs::write(chain.path().join(HEAD_FILE), &head).unwrap();
    let verification = chain.verify();
    assert!(verification.proven, "{verification:#?}");
    assert!(verification.notes[0].contains("one behind"));
    chain.run();
    let verification = chain.verify();
    assert!(verification.proven && verification.notes.is_empty());
    // Two behind is no accident.
    std::fs::write(chain.path().join(HEAD_FILE), &head).unwrap();
    assert_eq!(
        chain.problems(),
        [(HEAD_FILE.to_owned(), ProblemKind::Replaced)]
    );
}

#[test]
fn what_is_old_is_removed_and_recorded() {
    let mut chain = Chain::new();
    let limits = Limits {
        retention: Some(DAY * 3),
    };
    let mut removed = 0;
    for _ in 0..9 {
        let key = std::mem::replace(&mut chain.key, key());
        removed += chain.run_with(Ok(&key), limits).removed;
        chain.key = key;
        let verification = chain.verify();
        assert!(verification.proven, "{verification:#?}");
    }
    let left = chain.verify().files.len();
    assert_eq!((removed, left), (4, 5));
    assert!(chain.verify().notes[0].contains("retention removed numbers 1 to 4"));
    // The beginning is proven: nothing more may go.
    let oldest = chain.verify().files[0].file.clone();
    std::fs::remove_file(chain.path().join(&oldest)).unwrap();
    assert_eq!(chain.problems(), [(oldest, ProblemKind::Missing)]);
    let mut chain = Chain::new();
    chain.run();
    let start = chain.path().join(START_FILE);
    std::fs::write(&start, "{}").unwrap();
    assert_eq!(
        chain.problems(),
        [(START_FILE.to_owned(), ProblemKind::Malformed)]
    );
}

#[test]
fn a_clock_that_is_wrong_once_removes_nothing() {
    let mut chain = Chain::new();
    let limits = Limits {
        retention: Some(DAY * 30),
    };
    let key = key();
    (0..3).for_each(|_| drop(chain.run_with(Ok(&key), limits)));
    let right = chain.facts.started_at;
    chain.facts.started_at = "2096-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    assert_eq!(chain.run_with(Ok(&key), limits).removed, 0);
    chain.facts.started_at = right;
    assert_eq!(chain.run_with(Ok(&key), limits).removed, 0);
}

#[test]
fn what_cannot_be_signed_is_kept_and_named() {
    let mut chain = Chain::new();
    chain.run();
    let public = chain.key.public_key().clone();
    let second = chain.run_with(Ok(&Dead(public)), Limits::default());
    assert_eq!(
        second.unsigned.as_deref(),
        Some("kms:Sign: no answer within 2000 ms")
    );
    let third = chain.run_with(Err("there is no key"), Limits::default());
    assert_eq!(third.unsigned.as_deref(), Some("there is no key"));
    let fourth = chain.run();
    assert_eq!(fourth.unsigned, None);
    assert_eq!(
        chain.problems(),
        [
            (second.file.file, ProblemKind::Unsigned),
            (third.file.file, ProblemKind::Unsigned)
        ]
    );
}

#[test]
fn the_order_holds_where_the_clock_goes_back() {
    let mut chain = Chain::new();
    chain.run();
    chain.facts.started_at = "2020-01-01T00:00:00Z".parse().unwrap();
    chain.run();
    assert!(chain.verify().proven);
}

#[test]
fn a_directory_that_cannot_be_written_is_one_sentence() {
    let chain = Chain::new();
    let draft = Draft::new(&chain.facts, &report(&chain.facts), None).unwrap();
    let path = chain.path().join("file");
    std::fs::write(&path, "").unwrap();
    let error = append(&path, &draft, Ok(&chain.key), Limits::default()).unwrap_err();
    assert!(error.to_string().starts_with("cannot make "), "{error}");
}
