//! Route tables: their routes, and the subnets they serve.

use super::change::Kind;
use super::ledger::{Ledger, pairs};
use crate::facts::Inventory;
use crate::facts::inventory::{Destination, Route, RouteTable};

/// Compares the route tables.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let kind = Kind::RouteTable;
    let tables = (&old.route_tables, &new.route_tables);
    let Some((old, new)) = ledger.both("route tables", tables.0, tables.1) else {
        return;
    };
    for (id, pair) in pairs(old, new, |table| &table.id) {
        match pair {
            (None, Some(new)) => ledger.added(kind, id, routes(new)),
            (Some(old), None) => ledger.removed(kind, id, routes(old)),
            (Some(old), Some(new)) => {
                ledger.values(kind, id, "routes", routes(old), routes(new));
                let subnets = (old.subnet_ids.clone(), new.subnet_ids.clone());
                ledger.values(kind, id, "subnets", subnets.0, subnets.1);
                let main = |table: &RouteTable| {
                    Some(
                        if table.main {
                            "the main table"
                        } else {
                            "not the main table"
                        }
                        .to_owned(),
                    )
                };
                ledger.value(kind, id, "main", (main(old), main(new)));
            }
            (None, None) => {}
        }
    }
}

fn routes(table: &RouteTable) -> Vec<String> {
    table.routes.iter().map(route).collect()
}

fn route(route: &Route) -> String {
    let destination = match &route.destination {
        Destination::Cidr(cidr) => cidr.to_string(),
        Destination::PrefixList(id) => id.clone(),
    };
    let target = match route.target.as_str() {
        "" => "unknown",
        target => target,
    };
    let gone = if route.blackhole { " (blackhole)" } else { "" };
    format!("{destination} to {target}{gone}")
}
