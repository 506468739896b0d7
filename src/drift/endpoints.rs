//! VPC endpoints: state, private DNS, groups, policy and what else decides how a service is reached.

use super::change::Kind;
use super::ledger::{Ledger, pairs, switch};
use super::policy;
use crate::facts::Inventory;
use crate::facts::inventory::Endpoint;

/// Compares the endpoints.
pub(super) fn compare(old: &Inventory, new: &Inventory, ledger: &mut Ledger) {
    let kind = Kind::Endpoint;
    let Some((old, new)) = ledger.both("endpoints", &old.endpoints, &new.endpoints) else {
        return;
    };
    for (id, pair) in pairs(old, new, |endpoint| &endpoint.id) {
        let from = ledger.len();
        match pair {
            (None, Some(new)) => ledger.added(kind, id, vec![shortly(new)]),
            (Some(old), None) => ledger.removed(kind, id, vec![shortly(old)]),
            (Some(old), Some(new)) => one(old, new, ledger),
            (None, None) => {}
        }
        // What is missing is missed under the service's name.
        if let (Some(endpoint), None) | (None, Some(endpoint)) = pair {
            ledger.also(from, std::slice::from_ref(&endpoint.service_name));
        }
    }
}

fn one(old: &Endpoint, new: &Endpoint, ledger: &mut Ledger) {
    let (kind, id) = (Kind::Endpoint, old.id.as_str());
    let mut value = |attribute: &str, of: &dyn Fn(&Endpoint) -> Option<String>| {
        ledger.value(kind, id, attribute, (of(old), of(new)));
    };
    value("service", &|endpoint| Some(endpoint.service_name.clone()));
    // The API and its model disagree on case (aws/aws-sdk issue 360).
    value("type", &|endpoint| Some(endpoint.kind.to_ascii_lowercase()));
    value("state", &|endpoint| {
        Some(endpoint.state.to_ascii_lowercase())
    });
    value("private DNS", &|e| Some(switch(e.private_dns_enabled)));
    value("private DNS only for inbound resolvers", &|endpoint| {
        endpoint.inbound_resolver_only.map(switch)
    });
    value("error", &|endpoint| {
        Some(endpoint.last_error.clone().unwrap_or("none".to_owned()))
    });
    for (attribute, was, is) in [
        ("subnets", &old.subnet_ids, &new.subnet_ids),
        ("interfaces", &old.interface_ids, &new.interface_ids),
        ("security groups", &old.group_ids, &new.group_ids),
        ("route tables", &old.route_table_ids, &new.route_table_ids),
        ("DNS names", &old.dns_names, &new.dns_names),
    ] {
        let (was, is) = (was.iter().cloned(), is.iter().cloned());
        ledger.values(kind, id, attribute, was, is);
    }
    let (was, is) = (old.policy.as_deref(), new.policy.as_deref());
    let (was, is) = (policy::statements(was), policy::statements(is));
    ledger.values(kind, id, "policy", was, is);
}

fn shortly(endpoint: &Endpoint) -> String {
    let dns = match endpoint.is_interface() {
        true => format!(", private DNS {}", switch(endpoint.private_dns_enabled)),
        false => String::new(),
    };
    let (service, state) = (&endpoint.service_name, &endpoint.state);
    format!("{service}, {}, {state}{dns}", endpoint.kind)
}
