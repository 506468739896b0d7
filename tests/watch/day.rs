//! A day: as many rounds as 30 seconds apart make of it, one after the other, and nothing that grows.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::agent::{Usage, get, rounds};
use crate::lab::Lab;
use crate::{at_pace, check, world};

/// A day's rounds.
const ROUNDS: u64 = 2880;
/// Rounds after which everything has been used that is used at all.
const WARM: u64 = 400;
/// How much memory may differ between the quarters of the day: an allocator's whims, below what a leak of 2 KiB for
/// each round would be.
const TOLERATED_KIB: u64 = 3072;
/// How long they may take.
const LONGEST: Duration = Duration::from_secs(170);

/// Runs the day, with a fault in its middle.
pub(crate) fn a_day(lab: &Lab) -> Result<(), String> {
    let agent = at_pace(lab, 1, 1500, &["sqs", "ssm"])?;
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
    // A machine that is busy with other things makes fewer, and they tell as much.
    check(done >= ROUNDS / 4, format!("{done} rounds in {took:?}"))?;
    let quarter = samples.len() / 4;
    check(
        quarter > 10,
        format!("{} samples in {took:?}", samples.len()),
    )?;
    let (early, late) = (&samples[..quarter], &samples[samples.len() - quarter..]);
    println!(
        "{done} rounds in {:.0} s; in its quarters:",
        took.as_secs_f64()
    );
    // What a round has open at the moment of a sample differs; what stays open in one round of a hundred is many.
    for (what, of, tolerated) in [
        (
            "KiB",
            (|usage| usage.memory_kib) as fn(&Usage) -> u64,
            TOLERATED_KIB,
        ),
        ("files", |usage| usage.files as u64, 8),
        ("sockets", |usage| usage.sockets as u64, 8),
        ("threads", |usage| usage.threads as u64, 3),
    ] {
        let middle = |samples: &[(u64, Usage)]| {
            let mut all: Vec<u64> = samples.iter().map(|(_, usage)| of(usage)).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        let (first, last) = (middle(early), middle(late));
        let quarters: Vec<String> = (samples.chunks(quarter).take(4))
            .map(|samples| middle(samples).to_string())
            .collect();
        println!("{what} {}", quarters.join(" "));
        check(
            last <= first + tolerated,
            format!("{what}: {first} and then {last}"),
        )?;
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
    // No key is made here.
    let errors = agent.errors();
    let other = errors
        .lines()
        .find(|line| !line.contains("the evidence is not signed"));
    check(other.is_none(), other.unwrap_or_default())?;
    let (status, _, _) = agent.end(Signal::SIGTERM)?;
    check(status.code() == Some(0), format!("ended with {status}"))
}
