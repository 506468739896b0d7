//! The resolvers the host is configured with.

use std::net::IpAddr;

use super::change::Kind;
use super::ledger::Ledger;
use crate::facts::Facts;
use crate::verdict::Report;

/// Compares the resolvers. Their order decides whom the host asks first, so that the first of them is told by itself.
pub(super) fn compare(
    (old, new): (&Report, &Report),
    facts: Option<(&Facts, &Facts)>,
    ledger: &mut Ledger,
) {
    let (old, new) = (&old.environment.resolvers, &new.environment.resolvers);
    for gone in old.iter().filter(|resolver| !new.contains(resolver)) {
        ledger.removed(Kind::Resolver, &gone.to_string(), place(old, *gone));
    }
    for come in new.iter().filter(|resolver| !old.contains(resolver)) {
        ledger.added(Kind::Resolver, &come.to_string(), place(new, *come));
    }
    if let (Some(was), Some(is)) = (old.first(), new.first())
        && was != is
        && old.contains(is)
        && new.contains(was)
    {
        let values = (Some(was.to_string()), Some(is.to_string()));
        ledger.value(Kind::Resolver, &is.to_string(), "asked first", values);
    }
    if let Some((old, new)) = facts {
        // Silence has other reasons than the file; whether the file could be read is the host's.
        let read = |facts: &Facts| {
            let file = &facts.host.resolv_conf;
            Some(
                if file.failure().is_some() {
                    "unreadable"
                } else {
                    "readable"
                }
                .to_owned(),
            )
        };
        ledger.value(
            Kind::Resolver,
            "resolv.conf",
            "state",
            (read(old), read(new)),
        );
    }
}

fn place(all: &[IpAddr], one: IpAddr) -> Vec<String> {
    let at = all.iter().position(|resolver| *resolver == one);
    at.map(|at| format!("in place {}", at + 1))
        .into_iter()
        .collect()
}
