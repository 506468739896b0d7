//! What the addresses that both runs met did on 443: the first phase that ended in another way.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Addresses;
use super::change::Kind;
use super::ledger::{Ledger, pairs};
use crate::verdict::Report;
use crate::verdict::report::{HostnameReport, ProbeReport};

/// A phase's name, and how it ended.
type Phase = (&'static str, fn(&ProbeReport) -> String);

/// The phases, in their order.
const PHASES: [Phase; 4] = [
    ("TCP", |probe| probe.tcp.status.clone()),
    ("TLS", |probe| probe.tls.status.clone()),
    ("HTTP", |probe| probe.http.status.clone()),
    ("HTTP status of", |probe| match probe.http.code {
        Some(code) => code.to_string(),
        None => "none".to_owned(),
    }),
];

/// Compares the probes.
pub(super) fn compare((old, new): (&Report, &Report), ledger: &mut Ledger) {
    let addresses = (Addresses::of(old), Addresses::of(new));
    for (service, pair) in pairs(&old.services, &new.services, |service| &service.service) {
        let (Some(old), Some(new)) = pair else {
            continue;
        };
        for (name, pair) in pairs(&old.hostnames, &new.hostnames, |hostname| &hostname.name) {
            let (Some(old), Some(new)) = pair else {
                continue;
            };
            let old = by_address(old, service, &addresses.0);
            let new = by_address(new, service, &addresses.1);
            for (address, was) in &old {
                if let Some(is) = new.get(address) {
                    one(name, address, (was, is), ledger);
                }
            }
        }
    }
}

/// The probes of each address; a service's public ones together.
fn by_address<'a>(
    hostname: &'a HostnameReport,
    service: &str,
    addresses: &Addresses,
) -> BTreeMap<String, Vec<&'a ProbeReport>> {
    let mut probes: BTreeMap<String, Vec<&ProbeReport>> = BTreeMap::new();
    for probe in &hostname.probes {
        let address = addresses.word(service, probe.address);
        probes.entry(address).or_default().push(probe);
    }
    probes
}

fn one(
    name: &str,
    address: &str,
    (old, new): (&[&ProbeReport], &[&ProbeReport]),
    ledger: &mut Ledger,
) {
    for (phase, ended) in PHASES {
        let how = |probes: &[&ProbeReport]| -> BTreeSet<String> {
            probes.iter().map(|probe| ended(probe)).collect()
        };
        let (was, is) = (how(old), how(new));
        if was == is {
            continue;
        }
        let what = format!("{phase} to {address}").replace("of to", "of");
        if was.contains("skipped") || is.contains("skipped") {
            let side = if was.contains("skipped") {
                "old"
            } else {
                "new"
            };
            let reason = format!("the {side} one skipped it");
            ledger.not_compared(&format!("{what} ({name})"), &reason);
        } else {
            ledger.values(Kind::Probe, name, &what, was, is);
        }
        // What comes after follows from it.
        return;
    }
}
