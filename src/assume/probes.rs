//! Probes and the canary after a change: kept where nothing on their way changed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::facts::observation::Outcome;
use crate::facts::{AddressProbe, Canary, Facts, Failure, FailureKind, NameFacts, Observation};
use crate::symptoms::Scene;

use super::host::has_ipv6_alone;
use super::paths::{Path, path};

/// Lets the probes follow from a change of answers and configuration, and the canary from theirs.
pub(super) fn follow(before: &Facts, after: &mut Facts, reason: &str) {
    let probes = {
        let (old, new) = (Scene::of(before), Scene::of(after));
        let mut probes = Vec::new();
        for name in &after.names {
            let was = before.name(&name.name);
            let answered = answers(name);
            let same_answers = was.is_some_and(|was| answers(was) == answered);
            let known: Vec<&AddressProbe> = before.probes_of(&name.name).collect();
            // What was probed of a name whose answers did not change was probed for a reason.
            let addresses: Vec<IpAddr> = match same_answers {
                true => known.iter().map(|probe| probe.address).collect(),
                false if name.comparison && known.is_empty() => Vec::new(),
                false => answered.into_iter().collect(),
            };
            // A host that has IPv6 alone does not try the others.
            let v6_alone = has_ipv6_alone(&after.host);
            for address in addresses {
                let is_known = known.iter().any(|probe| probe.address == address);
                if v6_alone && address.is_ipv4() && !is_known {
                    continue;
                }
                let known = known.iter().find(|probe| probe.address == address);
                let paths = (path(&old, address), path(&new, address));
                probes.push(match (known, paths) {
                    (Some(known), (was, is)) if was == is => (*known).clone(),
                    // What a recorded block did not stop, its end does not change.
                    (Some(known), (Path::Blocked(_), Path::Along(_))) if known.tcp.is_seen() => {
                        (*known).clone()
                    }
                    (_, (_, Path::Blocked(why))) => dropped(name, address, &why, reason),
                    (_, (_, Path::Along(_))) => open(name, address, reason),
                });
            }
        }
        probes
    };
    after.probes = probes;
    let touched = canary_is_touched(before, after);
    if touched {
        forget_canary(&mut after.canary, reason);
    }
}

/// What the canary came to through an endpoint whose policy is another is not known.
pub(super) fn forget_canary_through(facts: &mut Facts, endpoint: &str, reason: &str) {
    let through = facts.canary.remote_address.is_some_and(|address| {
        let scene = Scene::of(facts);
        let at = scene.endpoint_at(address);
        at.is_some_and(|(known, _)| known.id == endpoint)
    });
    if through {
        forget_canary(&mut facts.canary, reason);
    }
}

fn forget_canary(canary: &mut Canary, reason: &str) {
    // What was not sent before is not sent for another reason now.
    if matches!(canary.result.outcome, Outcome::Skipped(_)) {
        return;
    }
    canary.result = Observation::skipped(reason);
    canary.error = None;
    canary.remote_address = None;
}

/// Whether the name that the canary calls answers or is reached in another way.
fn canary_is_touched(before: &Facts, after: &Facts) -> bool {
    let host = before.canary.host.as_deref();
    let is_its = |name: &&NameFacts| match host {
        Some(host) => name.name == host,
        None => name.service == "sqs" && !name.comparison,
    };
    before.names.iter().filter(is_its).any(|was| {
        let is = after.name(&was.name);
        let probes =
            |facts: &Facts| -> Vec<AddressProbe> { facts.probes_of(&was.name).cloned().collect() };
        is.map(answers) != Some(answers(was)) || probes(before) != probes(after)
    })
}

/// Every address that the host's resolver or the C library gives.
fn answers(name: &NameFacts) -> BTreeSet<IpAddr> {
    let records = name.host_records().into_iter().map(|record| record.address);
    let system = name.system.seen().into_iter().flatten().copied();
    records.chain(system).collect()
}

fn dropped(name: &NameFacts, address: IpAddr, why: &str, reason: &str) -> AddressProbe {
    let failure = Failure::new(FailureKind::Timeout, format!("{reason}; then {why}"));
    let mut probe = open(name, address, reason);
    probe.tcp.outcome = Outcome::Failed(failure);
    probe
}

fn open(name: &NameFacts, address: IpAddr, reason: &str) -> AddressProbe {
    AddressProbe {
        name: name.name.clone(),
        address,
        tcp: Observation::skipped(reason),
        tls: Observation::skipped(reason),
        http: Observation::skipped(reason),
        experiments: Vec::new(),
    }
}
