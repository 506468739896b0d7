use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

/// A `/proc` of one process in this namespace and one in another.
fn proc(directory: &Path, tcp: &str) {
    fs::create_dir_all(directory.join("net")).unwrap();
    fs::write(directory.join("net/tcp"), tcp).unwrap();
    for (id, namespace, name, inode) in [("self", 1, "vpcheck", 1), ("7", 1, "worker", 48213)] {
        let process = directory.join(id);
        fs::create_dir_all(process.join("fd")).unwrap();
        fs::create_dir_all(process.join("ns")).unwrap();
        symlink(format!("net:[{namespace}]"), process.join("ns/net")).unwrap();
        symlink(format!("socket:[{inode}]"), process.join("fd/3")).unwrap();
        symlink("/srv/worker (deleted)", process.join("exe")).unwrap();
        fs::write(process.join("comm"), format!("{name}\n")).unwrap();
    }
}

fn line(local_port: u16, state: &str, uid: u32, inode: u64) -> String {
    let address = |text: &str| {
        let address: std::net::Ipv4Addr = text.parse().unwrap();
        format!("{:08X}", u32::from_ne_bytes(address.octets()))
    };
    format!(
        "   1: {}:{local_port:04X} {}:01BB {state} 0:0 0:0 0 {uid} 0 {inode} 1\n",
        address("10.0.1.10"),
        address("10.0.10.55")
    )
}

#[test]
fn sockets_are_counted_once_and_keep_the_process_they_had() {
    let directory = tempfile::tempdir().unwrap();
    proc(directory.path(), &line(5000, "01", 1000, 48213));
    let mut watcher = Watcher::new(directory.path());
    watcher.look();
    // The same one waits for its last packets, when the kernel no longer knows whose it was; another is nobody's here.
    let later = line(5000, "06", 0, 0) + &line(5001, "02", 33, 99);
    fs::write(directory.path().join("net/tcp"), later).unwrap();
    watcher.look();
    assert!(watcher.sees());
    let traffic = watcher.traffic();
    assert_eq!(traffic.looks, 2);
    assert_eq!(traffic.calls.len(), 2, "{traffic:?}");
    let nobody = &traffic.calls[0];
    assert_eq!((nobody.connections, nobody.attempts), (0, 1));
    assert_eq!(nobody.process.name, None);
    assert_eq!(nobody.process.uid, Some(33));
    let worker = &traffic.calls[1];
    assert_eq!((worker.connections, worker.attempts), (1, 0));
    assert_eq!(worker.process.name.as_deref(), Some("worker"));
    assert_eq!(worker.process.program.as_deref(), Some("/srv/worker"));
    assert_eq!(worker.process.uid, Some(1000));
    assert_eq!(worker.process.pids, BTreeSet::from([7]));
    assert!(traffic.blind.tables.is_empty());
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let directory = tempfile::tempdir().unwrap();
    proc(directory.path(), "");
    let mut watcher = Watcher::new(directory.path());
    for (state, inode) in [("01", 48213), ("06", 0), ("02", 5), ("01", 5), ("06", 0)] {
        fs::write(
            directory.path().join("net/tcp"),
            line(5000, state, 0, inode),
        )
        .unwrap();
        watcher.look();
    }
    let traffic = watcher.traffic();
    let counts = traffic.calls.iter().map(|c| (c.connections, c.attempts));
    assert_eq!(counts.collect::<Vec<_>>(), [(1, 0), (1, 0)], "{traffic:?}");
}

#[test]
fn without_tables_nothing_is_seen_and_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let mut watcher = Watcher::new(directory.path().join("proc"));
    watcher.look();
    assert!(!watcher.sees());
    let traffic = watcher.traffic();
    assert_eq!(traffic.blind.tables.len(), 2, "{traffic:?}");
}

#[tokio::test]
async fn watching_ends_in_time_and_when_it_is_asked_to() {
    let directory = tempfile::tempdir().unwrap();
    proc(directory.path(), "");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let bounds = Bounds::new(Duration::from_secs(1), Duration::from_secs(60), stopped);
    let began = Instant::now();
    let once = Watcher::new(directory.path()).watch(&bounds, None).await;
    assert_eq!(once.traffic().looks, 1);
    stop.send_replace(true);
    let long = Some(Duration::from_secs(50));
    let asked = Watcher::new(directory.path()).watch(&bounds, long).await;
    assert_eq!(asked.traffic().looks, 1);
    assert!(began.elapsed() < Duration::from_secs(20));
}
