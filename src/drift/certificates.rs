//! Who issued the certificates: another issuer is another party that answers.

use std::collections::BTreeSet;

use super::change::Kind;
use super::ledger::{Ledger, pairs};
use crate::verdict::Report;
use crate::verdict::report::HostnameReport;

/// Compares the issuers that each name's addresses showed; renewed certificates of the same issuer are the same.
pub(super) fn compare((old, new): (&Report, &Report), ledger: &mut Ledger) {
    for (_, pair) in pairs(&old.services, &new.services, |service| &service.service) {
        let (Some(old), Some(new)) = pair else {
            continue;
        };
        for (name, pair) in pairs(&old.hostnames, &new.hostnames, |hostname| &hostname.name) {
            let (Some(was), Some(is)) = pair else {
                continue;
            };
            let (was, is) = (issuers(was), issuers(is));
            // No handshake is told by its probe.
            if was.is_empty() || is.is_empty() {
                continue;
            }
            let from = ledger.len();
            let words: Vec<String> = was.symmetric_difference(&is).cloned().collect();
            ledger.values(Kind::Certificate, name, "issuer", was, is);
            ledger.also(from, &words);
        }
    }
}

fn issuers(hostname: &HostnameReport) -> BTreeSet<String> {
    let probes = hostname.probes.iter();
    probes
        .filter_map(|probe| probe.tls.issuer.clone())
        .collect()
}
