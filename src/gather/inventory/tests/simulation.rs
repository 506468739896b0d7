//! Ten thousand agents of one account and Region: what they ask of the APIs, and who is throttled, with an inventory that
//! each reads for itself and with one that is shared.
//!
//! When an agent asks, waits, asks once more and gives up is decided by what decides it in a run; how many calls an
//! inventory takes is counted at a service. The services are token buckets as AWS documents them. `cargo test --lib simulation
//! -- --nocapture` prints the table, and one line of JSON for `tests/bench/run`.

// The table is what this is for.
#![allow(clippy::print_stdout)]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::schedule;
use super::*;
use crate::gather::aws::{attempts_at_ec2, ssm_parameter};

const AGENTS: u32 = 10_000;
/// "Request throttling for the Amazon EC2 API", Amazon EC2 Developer Guide: each API has a bucket of its own; that of a call
/// that changes nothing and is filtered or paginated holds 100 and gets 20 each second.
const EC2: (f64, f64) = (100.0, 20.0);
/// "Best practices design patterns: optimizing Amazon S3 performance", Amazon S3 User Guide: 5,500 GET requests each second
/// for one prefix.
const S3: (f64, f64) = (5500.0, 5500.0);
/// "AWS Systems Manager endpoints and quotas", AWS General Reference: 40 each second for `GetParameters` and its like, unless
/// more is paid for.
const SSM: (f64, f64) = (40.0, 40.0);
/// A VPC with fifteen endpoints has an inventory of 35 kB, which nine parameters hold.
const PARTS: usize = 9;
/// The inventory is taken anew so often.
const WRITTEN_EVERY: u64 = 3600 * SECOND;
/// Time is counted in microseconds.
const SECOND: u64 = 1_000_000;
/// Limits of a check by default: of a probe, and of asking for an inventory.
const TIMEOUT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(12);

/// Where agents have the VPC's configuration from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Ec2,
    S3,
    Ssm,
}

/// A way to run them.
struct Fleet {
    name: &'static str,
    from: From,
    every: u64,
    spread: u64,
    lasts: u64,
}

/// What became of it.
#[derive(Debug, Default)]
struct Outcome {
    runs: u64,
    /// Calls by minute, of the API that got the most.
    busiest: Vec<u64>,
    /// All calls by minute.
    calls: Vec<u64>,
    refused: u64,
    /// Runs without the inventory, or without a part of it, since they were throttled.
    throttled: u64,
}

struct Bucket {
    tokens: f64,
    size: f64,
    refill: f64,
    at: u64,
}

impl Bucket {
    fn new((size, refill): (f64, f64)) -> Self {
        Bucket {
            tokens: size,
            size,
            refill,
            at: 0,
        }
    }

    fn takes(&mut self, now: u64) -> bool {
        let passed = (now - self.at) as f64 / SECOND as f64;
        self.tokens = (self.tokens + passed * self.refill).min(self.size);
        self.at = now;
        let takes = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(takes));
        takes
    }
}

/// Chance that comes out the same each time.
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What an agent keeps: which inventory, and until when it stands.
#[derive(Clone, Copy)]
struct Copy {
    written: u64,
    ask_again_at: Timestamp,
}

/// A call that is about to be made: when, by whom, to which API, in which run begun when, after how many refusals, and
/// how many calls are to follow it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
struct Call {
    at: u64,
    agent: u32,
    api: usize,
    begun: u64,
    refusals: u32,
    following: u32,
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}

fn moment(at: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_micros(i64::try_from(at).unwrap())
}

fn play(fleet: &Fleet, of_ec2: &BTreeMap<String, usize>) -> Outcome {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut outcome = Outcome::default();
    let minutes = usize::try_from((fleet.lasts + fleet.spread) / (60 * SECOND)).unwrap() + 2;
    let apis = if fleet.from == From::Ec2 {
        of_ec2.len()
    } else {
        1
    };
    let mut by_api = vec![vec![0_u64; minutes]; apis];
    let limits = match fleet.from {
        From::Ec2 => EC2,
        From::S3 => S3,
        From::Ssm => SSM,
    };
    let mut buckets: Vec<Bucket> = (0..apis).map(|_| Bucket::new(limits)).collect();
    let mut copies: Vec<Option<Copy>> = vec![None; AGENTS as usize];
    let mut throttled: HashSet<(u32, u64)> = HashSet::new();
    let mut queue: BinaryHeap<Reverse<Call>> = BinaryHeap::new();
    let (attempts, first_pause) = attempts_at_ec2();
    let mut begins = 0;
    // A run is put in when its period begins, so that the queue stays short.
    while begins < fleet.lasts {
        for agent in 0..AGENTS {
            let spread = Duration::from_micros(fleet.spread);
            let at = begins + micros(schedule::delay(spread, chance.draw()));
            let call = |api| Call {
                at,
                agent,
                api,
                begun: at,
                refusals: 0,
                following: 0,
            };
            match fleet.from {
                From::Ec2 => {
                    for (api, calls) in of_ec2.values().enumerate() {
                        queue.extend((0..*calls).map(|_| Reverse(call(api))));
                    }
                }
                From::S3 | From::Ssm => queue.push(Reverse(call(0))),
            }
            outcome.runs += 1;
        }
        begins += fleet.every;
        while let Some(Reverse(call)) = queue.peek().copied().filter(|next| next.0.at < begins) {
            queue.pop();
            let now = moment(call.at);
            let copy = copies[call.agent as usize];
            let is_first = call.refusals == 0 && call.at == call.begun;
            // An inventory of an hour ago is young: a copy always does.
            if fleet.from != From::Ec2
                && is_first
                && copy.is_some_and(|copy| !schedule::is_due(copy.ask_again_at, now))
            {
                continue;
            }
            let minute = usize::try_from(call.at / (60 * SECOND)).unwrap();
            by_api[call.api][minute] += 1;
            let takes = buckets[call.api].takes(call.at);
            outcome.refused += u64::from(!takes);
            let refusals = call.refusals + 1;
            let later = |pause: Duration| {
                Reverse(Call {
                    at: call.at + micros(pause),
                    refusals,
                    ..call
                })
            };
            let written = call.at / WRITTEN_EVERY;
            let held = Copy {
                written,
                ask_again_at: schedule::ask_again_at(now, chance.draw()),
            };
            match (fleet.from, takes) {
                (From::Ec2, true) => {}
                (From::Ec2, false) if refusals < attempts => {
                    let pause = first_pause.mul_f64(chance.draw());
                    queue.push(later(pause));
                }
                (From::Ec2, false) => {
                    throttled.insert((call.agent, call.begun));
                }
                (_, true) => {
                    let more = match (fleet.from, copy) {
                        // Who has a copy asked for the first part alone, and for the others where it is new.
                        (From::Ssm, Some(copy))
                            if copy.written != written && call.following == 0 =>
                        {
                            (PARTS - 1).div_ceil(ssm_parameter::AT_ONCE)
                        }
                        _ => 0,
                    };
                    match more {
                        0 => copies[call.agent as usize] = Some(held),
                        _ => queue.push(Reverse(Call {
                            at: call.at + SECOND / 20,
                            following: call.following + 1,
                            ..call
                        })),
                    }
                }
                (_, false) => {
                    let pause = schedule::pause(refusals, chance.draw());
                    let left = PATIENCE.saturating_sub(Duration::from_micros(call.at - call.begun));
                    let kind = FailureKind::Throttled;
                    match schedule::asks_once_more(kind, copy.is_some(), pause, TIMEOUT, left) {
                        true => queue.push(later(pause)),
                        false if copy.is_none() => {
                            throttled.insert((call.agent, call.begun));
                        }
                        // What it has does, and stands anew.
                        false => {
                            let written = copy.map_or(written, |copy| copy.written);
                            copies[call.agent as usize] = Some(Copy { written, ..held });
                        }
                    }
                }
            }
        }
    }
    outcome.throttled = throttled.len() as u64;
    let whole = usize::try_from(fleet.lasts / (60 * SECOND)).unwrap();
    let sum = |minute: usize| by_api.iter().map(|calls| calls[minute]).sum();
    outcome.calls = (0..whole).map(sum).collect();
    outcome.busiest = by_api
        .into_iter()
        .max_by_key(|calls| calls.iter().sum::<u64>())
        .unwrap();
    outcome
}

/// How many calls of each operation an inventory takes, as a service counts them.
async fn calls_of_one() -> BTreeMap<String, usize> {
    let service = Service::start("localhost", world).await;
    let taken = take_from(&service, 5000, question(Some("vpc-1"))).await;
    assert!(taken.tells_of_vpc());
    let mut calls = BTreeMap::new();
    for request in service.requests.lock().unwrap().iter() {
        *calls.entry(request.operation()).or_default() += 1;
    }
    calls
}

#[tokio::test]
async fn ten_thousand_agents_are_not_throttled_where_they_share_an_inventory() {
    let of_ec2 = calls_of_one().await;
    let total: usize = of_ec2.values().sum();
    assert!(of_ec2.len() >= 11 && total < 40, "{of_ec2:?}");
    const HOUR: u64 = 3600 * SECOND;
    const MINUTE: u64 = 60 * SECOND;
    let fleet = |name, from, every, spread, lasts| Fleet {
        name,
        from,
        every,
        spread,
        lasts,
    };
    let fleets = [
        fleet("every hour, all at once", From::Ec2, HOUR, 0, 3 * HOUR),
        fleet(
            "every hour, spread over 10 min",
            From::Ec2,
            HOUR,
            10 * MINUTE,
            3 * HOUR,
        ),
        fleet(
            "every 15 min, spread over 5 min",
            From::Ec2,
            15 * MINUTE,
            5 * MINUTE,
            HOUR,
        ),
        fleet(
            "every minute, spread over 1 min",
            From::Ec2,
            MINUTE,
            MINUTE,
            10 * MINUTE,
        ),
        fleet("every hour, all at once", From::S3, HOUR, 0, 3 * HOUR),
        fleet(
            "every hour, spread over 10 min",
            From::S3,
            HOUR,
            10 * MINUTE,
            3 * HOUR,
        ),
        fleet(
            "every 15 min, spread over 5 min",
            From::S3,
            15 * MINUTE,
            5 * MINUTE,
            3 * HOUR,
        ),
        fleet(
            "every minute, spread over 1 min",
            From::S3,
            MINUTE,
            MINUTE,
            3 * HOUR,
        ),
        fleet(
            "every hour, spread over 10 min",
            From::Ssm,
            HOUR,
            10 * MINUTE,
            3 * HOUR,
        ),
    ];
    println!(
        "{AGENTS} agents; an inventory takes {total} calls to {} EC2 APIs",
        of_ec2.len()
    );
    println!(
        "{:<4} {:<32} {:>11} {:>11} {:>15} {:>9} {:>10}",
        "from", "runs", "calls/min", "at the most", "one API at most", "refused", "throttled"
    );
    let mut rows = Vec::new();
    for fleet in &fleets {
        let outcome = play(fleet, &of_ec2);
        let minutes = outcome.calls.len() as u64;
        let mean = outcome.calls.iter().sum::<u64>() / minutes;
        let most = outcome.calls.iter().max().copied().unwrap();
        let one = outcome.busiest.iter().max().copied().unwrap();
        let from = match fleet.from {
            From::Ec2 => "EC2",
            From::S3 => "S3",
            From::Ssm => "SSM",
        };
        println!(
            "{from:<4} {:<32} {mean:>11} {most:>11} {one:>15} {:>9} {:>10}",
            fleet.name, outcome.refused, outcome.throttled
        );
        rows.push(json!({
            "from": from, "runs": fleet.name, "count": outcome.runs, "calls_a_minute": mean, "most_a_minute": most,
            "refused": outcome.refused, "throttled": outcome.throttled,
        }));
        match fleet.from {
            // Else there would be nothing to see here.
            From::Ec2 => assert!(outcome.throttled > 0 || fleet.spread > 0, "{}", fleet.name),
            From::S3 | From::Ssm => assert_eq!(outcome.throttled, 0, "{from} {}", fleet.name),
        }
        if fleet.spread > 0 && fleet.from == From::S3 {
            assert_eq!(outcome.refused, 0, "{}", fleet.name);
        }
    }
    println!(
        "SIMULATION {}",
        json!({"agents": AGENTS, "ec2_calls_of_one": total, "fleets": rows})
    );
}
