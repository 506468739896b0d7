//! When each observation of a run began and ended, and which of them the run waited for.

use std::io::{self, Write};

use super::escape;
use crate::facts::dns::Family;
use crate::facts::probe::Variation;
use crate::facts::{Facts, Observation, Outcome, ServerRole};

/// Writes a line for each observation that was made, in the order in which they began, and at the end those that
/// followed each other with nothing between them: what the run's time was spent on.
pub fn write(facts: &Facts, out: &mut dyn Write) -> io::Result<()> {
    let mut steps = steps(facts);
    steps.sort_by(|one, other| one.begins.total_cmp(&other.begins));
    let end = steps.iter().map(Step::ends).fold(0.0, f64::max);
    writeln!(out, "{:>9} {:>9}  observation", "began", "ended")?;
    for step in &steps {
        let bar = bar(step, end);
        let what = escape::terminal(&step.what).to_string();
        writeln!(
            out,
            "{:>9.1} {:>9.1}  |{bar}| {what}: {}",
            step.begins,
            step.ends(),
            step.outcome
        )?;
    }
    writeln!(
        out,
        "The run of {:.1} ms waited for, in milliseconds:",
        facts.duration_ms
    )?;
    for step in waited_for(&steps) {
        let what = escape::terminal(&step.what).to_string();
        writeln!(
            out,
            "{:>9.1} {:>9.1}  {what}: {:.1}",
            step.begins,
            step.ends(),
            step.took
        )?;
    }
    Ok(())
}

/// One observation and its time, in milliseconds from the start of the run.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    begins: f64,
    took: f64,
    what: String,
    outcome: &'static str,
}

impl Step {
    fn ends(&self) -> f64 {
        self.begins + self.took
    }
}

/// The width of a bar, in characters.
const WIDTH: usize = 40;
/// What begins so soon after another ended, in milliseconds, is taken to have waited for it.
const NEXT: f64 = 5.0;
/// Times in facts are rounded to the microsecond.
const ROUNDING: f64 = 0.01;

fn bar(step: &Step, end: f64) -> String {
    let at = |time: f64| ((time / end.max(f64::MIN_POSITIVE)) * WIDTH as f64) as usize;
    let first = at(step.begins).min(WIDTH - 1);
    let last = at(step.ends()).clamp(first + 1, WIDTH);
    (0..WIDTH)
        .map(|column| match (first..last).contains(&column) {
            true => '=',
            false => ' ',
        })
        .collect()
}

/// From the observation that ended last back to the first: before each the one that ended last before it began, or
/// else one that was under way.
fn waited_for(steps: &[Step]) -> Vec<&Step> {
    let latest = |one: &&Step, other: &&Step| one.ends().total_cmp(&other.ends());
    let Some(mut current) = steps.iter().max_by(latest) else {
        return Vec::new();
    };
    let mut chain = vec![current];
    // Each is before the one after it, so that this ends; the count is for times that nobody measured.
    while chain.len() < steps.len() {
        let before = steps.iter().filter(|step| {
            let gap = current.begins - step.ends();
            step.took > 0.0 && (-ROUNDING..=NEXT).contains(&gap) && step.begins < current.begins
        });
        // What is used before it is whole, as instance metadata is, has not ended by then.
        let under_way = || {
            let begun = |step: &&Step| step.begins < current.begins && step.ends() > current.begins;
            let mut steps = steps.iter().filter(begun);
            steps.next().filter(|_| current.begins > NEXT)
        };
        let Some(previous) = before.max_by(latest).or_else(under_way) else {
            break;
        };
        chain.push(previous);
        current = previous;
    }
    chain.reverse();
    chain
}

fn steps(facts: &Facts) -> Vec<Step> {
    let mut steps = Vec::new();
    let host = &facts.host;
    add(&mut steps, "resolv.conf", &host.resolv_conf);
    add(&mut steps, "instance metadata", &host.imds);
    add(&mut steps, "task metadata", &host.task_metadata);
    add(&mut steps, "credentials", &host.credentials);
    for name in &facts.names {
        for lookup in &name.lookups {
            let family = match lookup.family {
                Family::A => "A",
                Family::Aaaa => "AAAA",
            };
            let role = match lookup.role {
                ServerRole::Host => "",
                ServerRole::Vpc => ", the VPC's",
                ServerRole::Extra => ", asked as well",
            };
            let what = format!("{} {family} at {}{role}", name.name, lookup.server.ip());
            add(&mut steps, what, &lookup.answer);
        }
        add(
            &mut steps,
            format!("{} as applications see it", name.name),
            &name.system,
        );
    }
    for probe in &facts.probes {
        let what = |phase: &str| format!("{} {} {phase}", probe.name, probe.address);
        add(&mut steps, what("TCP"), &probe.tcp);
        add(&mut steps, what("TLS"), &probe.tls);
        add(&mut steps, what("HTTP"), &probe.http);
        for experiment in &probe.experiments {
            let variation = match &experiment.variation {
                Variation::ClassicalHello => "TLS with a small hello".to_owned(),
                Variation::OtherName(name) => format!("TLS as {name}"),
                Variation::LargeRequest => "HTTP with a large request".to_owned(),
                Variation::SmallRequest => "HTTP with a small request".to_owned(),
            };
            add(&mut steps, what(&variation), &experiment.result);
        }
    }
    add(&mut steps, "the canary", &facts.canary.result);
    if let Some(round_trip) = facts
        .canary
        .result
        .seen()
        .and_then(|seen| seen.round_trip.as_ref())
    {
        add(&mut steps, "the canary's way back", round_trip);
    }
    let inventory = &facts.inventory;
    if let Some(fetch) = &inventory.fetch {
        add(&mut steps, "inventory: fetched", &fetch.asked);
    }
    add(&mut steps, "EC2: VPCs", &inventory.vpcs);
    add(
        &mut steps,
        "EC2: attributes of the VPC",
        &inventory.vpc_attributes,
    );
    add(&mut steps, "EC2: DHCP option sets", &inventory.dhcp_options);
    add(&mut steps, "EC2: subnets", &inventory.subnets);
    add(&mut steps, "EC2: route tables", &inventory.route_tables);
    add(&mut steps, "EC2: network ACLs", &inventory.network_acls);
    add(
        &mut steps,
        "EC2: security groups",
        &inventory.security_groups,
    );
    add(&mut steps, "EC2: endpoints", &inventory.endpoints);
    add(
        &mut steps,
        "EC2: network interfaces",
        &inventory.network_interfaces,
    );
    add(&mut steps, "EC2: prefix lists", &inventory.prefix_lists);
    add(
        &mut steps,
        "EC2: endpoint services",
        &inventory.endpoint_services,
    );
    steps
}

/// What was not tried has no time.
fn add<T>(steps: &mut Vec<Step>, what: impl Into<String>, observation: &Observation<T>) {
    let outcome = match observation.outcome {
        Outcome::Seen(_) => "ok",
        Outcome::Failed(_) => "failed",
        Outcome::Skipped(_) => return,
    };
    // A facts file may say anything of its times.
    let sane = |time: f64| if time.is_finite() { time.max(0.0) } else { 0.0 };
    steps.push(Step {
        begins: sane(observation.at_ms),
        took: sane(observation.took_ms),
        what: what.into(),
        outcome,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(begins: f64, ends: f64, what: &str) -> Step {
        Step {
            begins,
            took: ends - begins,
            what: what.to_owned(),
            outcome: "ok",
        }
    }

    #[test]
    fn the_chain_leads_from_the_start_to_what_ended_last() {
        let steps = [
            step(0.0, 30.0, "metadata"),
            step(0.0, 12.0, "credentials"),
            step(30.2, 40.0, "DNS"),
            step(30.2, 41.0, "DNS of another"),
            step(41.1, 52.0, "TCP"),
            step(40.1, 49.0, "TCP of the first"),
        ];
        let chain: Vec<_> = waited_for(&steps)
            .into_iter()
            .map(|s| s.what.as_str())
            .collect();
        assert_eq!(chain, ["metadata", "DNS of another", "TCP"]);
        let early = [step(0.0, 90.0, "metadata"), step(30.0, 95.0, "DNS")];
        assert_eq!(waited_for(&early).len(), 2);
        assert!(waited_for(&[]).is_empty());
    }

    #[test]
    fn times_that_make_no_sense_end_in_a_bar_all_the_same() {
        for (begins, took) in [(0.0, 0.0), (1e300, 1e300), (5.0, 0.0)] {
            let odd = Step {
                begins,
                took,
                what: String::new(),
                outcome: "ok",
            };
            assert_eq!(bar(&odd, begins + took).len(), WIDTH);
            assert!(waited_for(&[odd.clone(), odd]).len() <= 2);
        }
    }
}
