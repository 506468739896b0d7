//! Lines of the hosts file that name a host under test.

use std::collections::BTreeSet;

use super::change::Kind;
use super::ledger::Ledger;
use crate::facts::Facts;

/// Compares the addresses the hosts file gives to each name.
pub(super) fn compare((old, new): (&Facts, &Facts), ledger: &mut Ledger) {
    let (old, new) = (&old.host.hosts_file, &new.host.hosts_file);
    let names: BTreeSet<&String> = old.iter().chain(new).map(|line| &line.name).collect();
    for name in names {
        let of = |lines: &[crate::facts::host::HostsLine]| -> Vec<String> {
            let lines = lines.iter().filter(|line| line.name == *name);
            lines.map(|line| line.address.to_string()).collect()
        };
        ledger.values(Kind::HostsFile, name, "addresses", of(old), of(new));
    }
}
