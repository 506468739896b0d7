//! Environment variables that change what applications here call, and through what.

use super::change::Kind;
use super::ledger::{Ledger, pairs};
use crate::facts::Facts;
use crate::facts::host::Variable;

/// Compares the proxy variables and AWS's.
pub(super) fn compare((old, new): (&Facts, &Facts), ledger: &mut Ledger) {
    let all = |facts: &Facts| -> Vec<Variable> {
        let (proxies, switches) = (facts.host.proxies.iter(), facts.host.switches.iter());
        proxies.chain(switches).cloned().collect()
    };
    let (old, new) = (all(old), all(new));
    for (name, pair) in pairs(&old, &new, |variable| &variable.name) {
        match pair {
            (None, Some(new)) => ledger.added(Kind::Variable, name, vec![new.value.clone()]),
            (Some(old), None) => ledger.removed(Kind::Variable, name, vec![old.value.clone()]),
            (Some(old), Some(new)) => {
                let values = (Some(old.value.clone()), Some(new.value.clone()));
                ledger.value(Kind::Variable, name, "value", values);
            }
            (None, None) => {}
        }
    }
}
