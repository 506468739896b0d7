//! Writers that are killed at any point leave a chain that verifies and holds all they had written.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use vpcheck::archive::{self, Limits};
use vpcheck::evidence::Draft;
use vpcheck::facts::Facts;
use vpcheck::verdict::report;

use super::{Played, evidence_files, expect};

const KILLS: u64 = 200;

/// Appends to a chain for ever, and says each file once it is written. The runs are a day apart and kept for three, so
/// that retention is at work as well.
pub(crate) fn append(directory: &Path, key: &Path) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(root.join("tests/cli/facts.json")).map_err(|e| e.to_string())?;
    let mut facts: Facts = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    let key = archive::read_key(key).map_err(|e| e.to_string())?;
    let limits = Limits {
        retention: Some(Duration::from_secs(3 * 86_400)),
    };
    let day = Duration::from_secs(86_400);
    let done = evidence_files(directory).last().map_or(0, |name| {
        name[9..21].parse::<u32>().expect("the name has its number")
    });
    facts.started_at += day * done;
    let mut out = std::io::stdout();
    loop {
        facts.started_at += day;
        let draft = Draft::new(&facts, &report(&facts), None).map_err(|e| e.to_string())?;
        let appended =
            archive::append(directory, &draft, Ok(&key), limits).map_err(|e| e.to_string())?;
        if !appended.warnings.is_empty() || appended.unsigned.is_some() {
            return Err(format!("{appended:?}"));
        }
        // A parent that is gone wants no more.
        if writeln!(out, "{}", appended.sequence)
            .and_then(|()| out.flush())
            .is_err()
        {
            return Ok(());
        }
    }
}

pub(crate) fn leave_a_chain(played: &Played) -> Result<(), String> {
    let directory = played.chain("killed");
    std::fs::create_dir(&directory).map_err(|e| e.to_string())?;
    let keys = [archive::read_public(&played.public_key()).map_err(|e| e.to_string())?];
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let (mut behind, mut last) = (0, 0);
    for kill in 1..=KILLS {
        // Any sequence that is spread will do; this one is the same in every run.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut child = Command::new(std::env::current_exe().map_err(|e| e.to_string())?)
            .arg("--append")
            .arg(&directory)
            .arg(played.key("key"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        // The first write of a process, its start included, or any moment after its first.
        if kill % 4 != 0 {
            last = lines
                .next()
                .and_then(Result::ok)
                .map_or(last, |l| l.parse().unwrap());
        }
        std::thread::sleep(Duration::from_micros(random % 30_000));
        child.kill().map_err(|e| e.to_string())?;
        child.wait().map_err(|e| e.to_string())?;
        for line in lines.map_while(Result::ok) {
            last = line.parse().map_err(|_| format!("{line:?} is no number"))?;
        }
        if evidence_files(&directory).is_empty() && last == 0 {
            continue;
        }
        let verification = archive::verify(&directory, &keys).map_err(|e| e.to_string())?;
        expect(
            verification.proven,
            &format!("after {kill} kills: {:#?}", verification.problems),
        )?;
        behind += usize::from(
            verification
                .notes
                .iter()
                .any(|note| note.contains("one behind")),
        );
        let newest = verification.newest.map_or(0, |newest| {
            newest.file[9..21]
                .parse::<u64>()
                .expect("the name has its number")
        });
        expect(
            newest >= last && newest <= last + 1,
            &format!("after {kill} kills the newest is {newest}, {last} was written"),
        )?;
        last = newest;
    }
    println!("    {KILLS} kills, {last} files written, the head was one behind after {behind}");
    expect(last > KILLS / 2, "hardly anything was written")
}
