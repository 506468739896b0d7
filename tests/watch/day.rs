//! A day: as many rounds as 30 seconds apart make of it, one after the other, and nothing that grows.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::agent::{Usage, get, rounds};
use crate::lab::Lab;
use crate::lab::world::World;
use crate::{at_pace, check, world};

/// A day's rounds.
const ROUNDS: u64 = 2880;
/// Rounds after which everything has been used that is used at all.
const WARM: u64 = 400;
/// How much memory may differ between the quarters of the day: an allocator's whims, far below what a leak of 1 KiB for
/// each round would be.
const TOLERATED_KIB: u64 = 1536;
/// A machine that makes fewer rounds a second than this is not measured by the clock.
const LONGEST: Duration = Duration::from_secs(170);

/// Runs the day, with a fault in its middle.
pub(crate) fn a_day(lab: &Lab) -> Result<(), String> {
    let agent = at_pace(lab, 1, 1500, &["sqs", "ssm", "s3"])?;
    agent.wait_told(1)?;
    let start = Instant::now();
    let mut samples: Vec<(u64, Usage)> = Vec::new();
    let mut is_turned = false;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let done = rounds();
        if done >= WARM {
            samples.push((done, agent.usage()));
        }
        let turned = (ROUNDS / 2..ROUNDS / 2 + 100).contains(&done);
        if turned != is_turned {
            is_turned = turned;
            let next = if turned {
                "[endpoints.ssm]\nprivate_dns = false\n"
            } else {
                ""
            };
            lab.turn(world(next)?)?;
        }
        if done >= ROUNDS || start.elapsed() > LONGEST {
            break;
        }
    }
    let took = start.elapsed();
    let done = rounds();
    check(done >= ROUNDS / 4, format!("{done} rounds in {took:?}"))?;
    let quarter = samples.len() / 4;
    let (early, late) = (
        &samples[..quarter.max(1)],
        &samples[samples.len() - quarter.max(1)..],
    );
    let most = |of: &[(u64, Usage)], what: fn(&Usage) -> u64| -> u64 {
        of.iter().map(|(_, usage)| what(usage)).max().unwrap_or(0)
    };
    let files = |usage: &Usage| usage.files as u64;
    let sockets = |usage: &Usage| usage.sockets as u64;
    let threads = |usage: &Usage| usage.threads as u64;
    println!(
        "{done} rounds in {:.0} s; at first and at last: {} and {} KiB, {} and {} files, {} and {} sockets, {} and {} threads",
        took.as_secs_f64(),
        most(early, |usage| usage.memory_kib),
        most(late, |usage| usage.memory_kib),
        most(early, files),
        most(late, files),
        most(early, sockets),
        most(late, sockets),
        most(early, threads),
        most(late, threads),
    );
    let grown =
        most(late, |usage| usage.memory_kib).saturating_sub(most(early, |usage| usage.memory_kib));
    check(
        grown <= TOLERATED_KIB,
        format!("memory grew by {grown} KiB"),
    )?;
    for (name, what) in [
        ("files", files as fn(&Usage) -> u64),
        ("sockets", sockets),
        ("threads", threads),
    ] {
        // What a round has open at the moment of a sample differs a little.
        let grown = most(late, what).saturating_sub(most(early, what));
        check(grown <= 12, format!("{name} grew by {grown}"))?;
    }
    let told = agent.told();
    check(
        told.len() == 3,
        format!(
            "{} documents, expected the report and two changes",
            told.len()
        ),
    )?;
    check(
        agent.evidence_files() == 3,
        "evidence is not of what was told",
    )?;
    check(
        get("/healthz").is_some_and(|(status, _)| status == 200),
        "not healthy in the evening",
    )?;
    check(agent.errors().is_empty(), agent.errors())?;
    drop(World::default());
    let (status, _, _) = agent.end(Signal::SIGTERM)?;
    check(status.code() == Some(0), format!("ended with {status}"))
}
