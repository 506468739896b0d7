//! What a run learns less, it says less: removing facts never turns a verdict from `fail` or `unknown` into `pass`, and
//! never makes a finding more specific.
//!
//! Of the facts of every scenario each thing that can be missing is taken away ([`removals`]), alone and several at once,
//! and the rules run again. What they then say is held against what they said with everything known, by the contract's own
//! order of codes and the few exceptions that it makes ([`order`]).

mod order;
mod removals;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use vpcheck::facts::Facts;
use vpcheck::verdict::finding::{Finding, Severity};
use vpcheck::verdict::report as report_on;
use vpcheck::verdict::report::{Report, RunVerdict, ServiceVerdict};

use removals::Removal;

/// How many removals are tried beside those that most depends on, of one scenario's facts; another choice for each scenario,
/// and all of them where `VPCHECK_EVERY_REMOVAL` is set.
const SINGLES: usize = 10;
/// How many times several things at once are taken.
const SEVERAL: usize = 3;
/// At most so many of one kind of problem are told.
const TOLD: usize = 4;

/// What became of one scenario's removals.
struct Judged {
    /// How many changed the facts and were judged.
    tried: usize,
    /// One text for each kind of problem.
    problems: Vec<String>,
}

/// Judges removals from every facts file, as many at a time as there are processors, and says on standard output what is
/// wrong. Returns the number of tests that failed: 1 if anything is.
pub(crate) fn judge_all(facts: &BTreeMap<String, String>) -> usize {
    let start = Instant::now();
    let queue = Mutex::new(facts.iter());
    let judged: Mutex<BTreeMap<&String, Judged>> = Mutex::new(BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((name, text)) = next else { return };
                    let result = judge(name, text);
                    judged.lock().unwrap().insert(name, result);
                }
            });
        }
    });
    let judged = judged.into_inner().unwrap();
    let tried: usize = judged.values().map(|judged| judged.tried).sum();
    let ok = judged.values().all(|judged| judged.problems.is_empty());
    println!(
        "\ntest fewer facts give no bolder findings ... {} ({tried} removals from {} scenarios, {:.1} s)",
        if ok { "ok" } else { "FAILED" },
        judged.len(),
        start.elapsed().as_secs_f64()
    );
    for (name, judged) in &judged {
        judged
            .problems
            .iter()
            .for_each(|problem| println!("    {name}: {problem}"));
    }
    usize::from(!ok)
}

fn judge(scenario: &str, text: &str) -> Judged {
    let mut whole: Facts = serde_json::from_str(text).expect("these facts were replayed before");
    // What the operator says of one code says nothing of what it turns into.
    whole.request.severities.clear();
    let full = report_on(&whole);
    let all = removals::all(&whole);
    let mut random = Random::of(scenario);
    let every = std::env::var_os("VPCHECK_EVERY_REMOVAL").is_some();
    let (mut chosen, mut others): (Vec<Vec<usize>>, Vec<Vec<usize>>) = (0..all.len())
        .map(|index| vec![index])
        .partition(|alone| removals::KEY.contains(&all[alone[0]].what.as_str()));
    chosen.extend((0..if every { 6 * SEVERAL } else { SEVERAL }).map(|_| {
        let count = 2 + random.below(3);
        (0..count).map(|_| random.below(all.len())).collect()
    }));
    let surely = chosen.len();
    while !others.is_empty() {
        chosen.push(others.swap_remove(random.below(others.len())));
    }
    let (mut tried, mut by_chance) = (0, 0);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (place, chosen) in chosen.iter().enumerate() {
        if by_chance >= SINGLES && !every {
            break;
        }
        let made: Vec<&Removal> = chosen.iter().map(|index| &all[*index]).collect();
        let mut less = whole.clone();
        made.iter().for_each(|removal| (removal.take)(&mut less));
        // Nothing was there to be taken away.
        if less == whole {
            continue;
        }
        by_chance += usize::from(place >= surely);
        tried += 1;
        for problem in compare(&full, &report_on(&less), &made) {
            let words: Vec<&str> = made.iter().map(|removal| removal.what.as_str()).collect();
            let (cases, case) = (found.entry(problem).or_default(), words.join(" + "));
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
    }
    let problems = found.into_iter().map(|(problem, mut cases)| {
        cases.sort_by_key(|case| case.matches(" + ").count());
        let more = cases.len().saturating_sub(TOLD);
        cases.truncate(TOLD);
        let more = match more {
            0 => String::new(),
            more => format!(" | and {more} more"),
        };
        format!("{problem}, without: {}{more}", cases.join(" | "))
    });
    Judged {
        tried,
        problems: problems.collect(),
    }
}

/// Everything that is said of less and may not be.
fn compare(full: &Report, less: &Report, made: &[&Removal]) -> Vec<String> {
    let mut problems = Vec::new();
    if full.verdict != RunVerdict::Pass
        && less.verdict == RunVerdict::Pass
        && !excused(full, less, None, made)
    {
        problems.push(format!("the run turns from {:?} to pass", full.verdict));
    }
    for service in &full.services {
        let then = less.services.iter().find(|s| s.service == service.service);
        if service.verdict != ServiceVerdict::Pass
            && then.is_some_and(|then| then.verdict == ServiceVerdict::Pass)
            && !excused(full, less, Some(&service.service), made)
        {
            problems.push(format!(
                "{} turns from {:?} to pass",
                service.service, service.verdict
            ));
        }
    }
    problems.extend(less.findings.iter().filter_map(|finding| {
        let tells = made
            .iter()
            .any(|removal| removal.tells.contains(&finding.code.as_str()));
        match tells {
            true => None,
            false => unfounded(full, finding, made),
        }
    }));
    problems
}

/// Why a finding may not be: nothing that was found with everything known is as specific and as severe.
fn unfounded(full: &Report, finding: &Finding, made: &[&Removal]) -> Option<String> {
    let founding: Vec<&Finding> = full
        .findings
        .iter()
        .filter(|known| {
            known.code == finding.code
                || order::is_less(&finding.code, &known.code)
                || order::may_show(&known.code, &finding.code, made)
        })
        .collect();
    let tells = order::TELL_OF_WHAT_IS_NOT_KNOWN.contains(&finding.code.as_str());
    let said = format!("{} {}", finding.severity, finding.code);
    if founding.is_empty() {
        let open = tells && finding.severity < Severity::Fail;
        return (!open).then(|| format!("there is {said}, and nothing was known like it"));
    }
    let covers = |service: &String| {
        let is_tested = |id: &String| full.services.iter().any(|s| s.service == *id);
        let mut founding = founding.iter();
        // A service that is not under test stands for a call of the agent's own.
        !is_tested(service)
            || founding.any(|known| known.services.is_empty() || known.services.contains(service))
    };
    if let Some(service) = finding.services.iter().find(|service| !covers(service))
        && !tells
    {
        return Some(format!("there is {said} of {service}, which was not"));
    }
    let worst = founding.iter().map(|known| known.severity).max();
    let heavier = founding
        .iter()
        .any(|known| order::is_heavier(&finding.code, &known.code));
    (worst < Some(finding.severity) && !tells && !heavier)
        .then(|| format!("there is {said}, which was not as severe"))
}

/// Whether the contract lets all that stood against a pass go unseen, or weigh less, after these removals.
fn excused(full: &Report, less: &Report, service: Option<&String>, made: &[&Removal]) -> bool {
    let fails = full.verdict == RunVerdict::Fail;
    let mut against = full
        .findings
        .iter()
        .filter(|finding| !fails || finding.severity == Severity::Fail)
        .filter(|finding| {
            service.is_none_or(|id| finding.services.is_empty() || finding.services.contains(id))
        })
        .filter(|finding| finding.severity > Severity::Info)
        .peekable();
    against.peek().is_some()
        && against.all(|finding| {
            order::may_go(&finding.code, made) || is_tolerated(full, less, finding, service)
        })
}

/// "optional (a missing endpoint is a warning)", and "a service whose findings are all below fail passes" (settled case 18):
/// what is known to be more than a missing endpoint fails an optional service; where nothing says more than that it answers
/// publicly or not at all, it is warned of.
fn is_tolerated(full: &Report, less: &Report, finding: &Finding, only: Option<&String>) -> bool {
    let mut concerned = finding
        .services
        .iter()
        .filter(|service| only.is_none_or(|only| only == *service))
        .peekable();
    concerned.peek().is_some()
        && concerned.all(|service| {
            let tested = full
                .services
                .iter()
                .find(|tested| tested.service == *service);
            let warned = less.findings.iter().any(|warning| {
                let open = ["public-answer", "name-not-found"].contains(&warning.code.as_str());
                open && warning.severity == Severity::Warn && warning.services.contains(service)
            });
            tested.is_some_and(|tested| !tested.required) && warned
        })
}

/// Numbers that are the same in every run of a scenario (xorshift, seeded by FNV-1a of its name).
struct Random(u64);

impl Random {
    fn of(name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Random(hash | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or(0)
    }
}
