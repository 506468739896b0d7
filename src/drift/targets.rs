//! Which services are under test.

use super::change::Kind;
use super::ledger::{Ledger, pairs};
use crate::verdict::Report;
use crate::verdict::report::ServiceReport;

/// Compares what was checked.
pub(super) fn compare((old, new): (&Report, &Report), ledger: &mut Ledger) {
    let services = pairs(&old.services, &new.services, |service| &service.service);
    for (service, pair) in services {
        match pair {
            (None, Some(new)) => ledger.added(Kind::Target, service, vec![need(new)]),
            (Some(old), None) => ledger.removed(Kind::Target, service, vec![need(old)]),
            (Some(old), Some(new)) => {
                let needs = (Some(need(old)), Some(need(new)));
                ledger.value(Kind::Target, service, "need", needs);
                let names = |service: &ServiceReport| -> Vec<String> {
                    service.hostnames.iter().map(|h| h.name.clone()).collect()
                };
                ledger.values(Kind::Target, service, "hostnames", names(old), names(new));
            }
            (None, None) => {}
        }
    }
}

fn need(service: &ServiceReport) -> String {
    match service.required {
        true => "required",
        false => "optional",
    }
    .to_owned()
}
