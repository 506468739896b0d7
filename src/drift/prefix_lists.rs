//! The prefix lists of services with gateway endpoints.

use super::change::Kind;
use super::ledger::{Ledger, pairs, texts};
use crate::facts::Inventory;

/// Compares the prefix lists' ranges.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let lists = (&old.prefix_lists, &new.prefix_lists);
    let Some((old, new)) = ledger.both("prefix lists", lists.0, lists.1) else {
        return;
    };
    for (id, pair) in pairs(old, new, |list| &list.id) {
        if let (Some(old), Some(new)) = pair {
            let (was, is) = (texts(&old.cidrs), texts(&new.cidrs));
            ledger.values(Kind::PrefixList, id, "ranges", was, is);
        }
    }
}
