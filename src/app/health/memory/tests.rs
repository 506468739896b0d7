use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn count(memory: &Memory) -> Result<u32, MemoryError> {
    memory.update(now(), |record| {
        record.failures += 1;
        record.failures
    })
}

#[test]
fn it_remembers_from_one_probe_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let of = |probe: &str| Memory::of(&path, probe.to_owned());
    assert_eq!(count(&of("a")).unwrap(), 1);
    assert_eq!(count(&of("a")).unwrap(), 2);
    // Another probe has a row of its own.
    assert_eq!(count(&of("b")).unwrap(), 1);
    assert_eq!(count(&of("a")).unwrap(), 3);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // What is empty is forgotten.
    of("a").update(now(), |record| record.failures = 0).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("\"a\"") && text.contains("\"b\""), "{text}");
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 2, "the file and its lock, nothing else");
}

#[test]
fn what_does_not_change_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    Memory::of(&path, "a".into()).update(now(), |_| ()).unwrap();
    assert!(!path.exists());
}

#[test]
fn what_is_no_memory_counts_as_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let memory = Memory::of(&path, "a".into());
    let huge = format!("{{\"version\":1,\"probes\":{{{}", " ".repeat(1 << 20));
    for bytes in [
        b"".as_slice(),
        b"nonsense",
        b"null",
        b"{\"version\":2,\"probes\":{\"a\":{\"changed_at\":\"2026-01-01T00:00:00Z\",\"failures\":7}}}",
        b"{\"version\":1,\"probes\":{\"a\":{\"changed_at\":\"x\",\"failures\":7}}}",
        b"{\"version\":1,\"probes\":{\"a\":{\"changed_at\":\"2026-01-01T00:00:00Z\",\"failures\":-7}}}",
        "[".repeat(60_000).as_bytes(),
        huge.as_bytes(),
        &[0xff; 100],
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(count(&memory).unwrap(), 1);
    }
    let good = b"{\"version\":1,\"probes\":{\"a\":{\"changed_at\":\"2026-01-01T00:00:00Z\",\"failures\":7,\"later\":1}},\"later\":1}";
    std::fs::write(&path, good).unwrap();
    assert_eq!(count(&memory).unwrap(), 8);
}

#[test]
fn what_cannot_be_used_is_an_error_and_blocks_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let fails = |path: &Path| {
        count(&Memory::of(path, "a".into()))
            .unwrap_err()
            .to_string()
    };
    assert!(fails(&dir.path().join("none/state.json")).starts_with("cannot lock "));
    let pipe = dir.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(fails(&pipe).contains("no regular file"));
    assert!(fails(dir.path()).contains("no regular file"));
    // A link to somebody's file is neither read nor written through.
    let target = dir.path().join("precious");
    std::fs::write(&target, "precious").unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(fails(&link).contains("no regular file"));
    let lock = dir.path().join("state.json.lock");
    std::os::unix::fs::symlink(&target, &lock).unwrap();
    assert!(fails(&dir.path().join("state.json")).starts_with("cannot lock "));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_not_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let memory = Memory::of(&path, "a".into());
    let lock = memory.lock().unwrap();
    let start = Instant::now();
    let error = count(&memory).unwrap_err().to_string();
    assert!(error.contains("another probe holds it"), "{error}");
    assert!(start.elapsed() >= PATIENCE);
    drop(lock);
    assert_eq!(count(&memory).unwrap(), 1);
}

#[test]
fn probes_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let counted: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let memory = Memory::of(&path, "a".into());
                    let done = (0..10).filter(|_| count(&memory).is_ok()).count();
                    u32::try_from(done).unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    let memory = Memory::of(&path, "a".into());
    assert_eq!(count(&memory).unwrap(), counted + 1);
}

#[test]
fn it_does_not_grow_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    for number in 0..100 {
        let at = Timestamp::from_second(1_800_000_000 + number).unwrap();
        let memory = Memory::of(&path, format!("probe-{number}"));
        memory.update(at, |record| record.failures = 1).unwrap();
    }
    let content = Memory::of(&path, "a".into()).read().unwrap();
    assert_eq!(content.probes.len(), MOST_PROBES);
    assert!(content.probes.contains_key("probe-99"));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(count(&Memory::of(&path, "a".into())).is_ok());
    }
}
