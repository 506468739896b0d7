//! Where the runs were: the machine, its VPC and subnet, its addresses and groups.

use super::change::Kind;
use super::ledger::{Ledger, texts, word};
use crate::facts::Facts;
use crate::verdict::Report;
use crate::verdict::report::Environment;

/// Compares the places of both runs.
pub(super) fn compare(
    (old, new): (&Report, &Report),
    facts: Option<(&Facts, &Facts)>,
    ledger: &mut Ledger,
) {
    let kind = Kind::Place;
    let (old, new) = (&old.environment, &new.environment);
    let mut value = |name: &str, of: &dyn Fn(&Environment) -> Option<String>| {
        let told = |of: Option<String>| Some(of.unwrap_or_else(|| "unknown".to_owned()));
        ledger.value(kind, name, "value", (told(of(old)), told(of(new))));
    };
    value("kind", &|place| Some(word(&place.kind)));
    value("region", &|place| place.region.clone());
    value("partition", &|place| place.partition.clone());
    value("account", &|place| place.account_id.clone());
    value("VPC", &|place| place.vpc_id.clone());
    value("subnet", &|place| place.subnet_id.clone());
    value("zone", &|place| place.availability_zone.clone());
    value("zone id", &|place| place.availability_zone_id.clone());
    value("instance", &|place| place.instance_id.clone());
    value("task", &|place| place.task_arn.clone());

    let ranges = |place: &Environment| place.vpc_cidrs.clone();
    ledger.values(kind, "VPC ranges", "values", ranges(old), ranges(new));
    let (was, is) = (texts(&old.addresses), texts(&new.addresses));
    let from = ledger.len();
    ledger.values(kind, "own addresses", "values", was, is);
    let all = old.addresses.iter().chain(&new.addresses);
    ledger.also(from, &all.map(ToString::to_string).collect::<Vec<_>>());
    match facts {
        Some((old, new)) => {
            let (old, new) = (&old.host, &new.host);
            let groups = (old.group_ids.clone(), new.group_ids.clone());
            ledger.values(kind, "own security groups", "values", groups.0, groups.1);
            let (was, is) = (texts(&old.public_addresses), texts(&new.public_addresses));
            ledger.values(kind, "own public addresses", "values", was, is);
            let mut route = |name: &str, old: bool, new: bool| {
                let told = |there: bool| Some(if there { "there" } else { "none" }.to_owned());
                ledger.value(kind, name, "value", (told(old), told(new)));
            };
            route("IPv4 route", old.ipv4_route, new.ipv4_route);
            route("IPv6 route", old.ipv6_route, new.ipv6_route);
        }
        None => {
            let proxy = |place: &Environment| Some(place.proxy.clone().unwrap_or("none".into()));
            ledger.value(Kind::Variable, "proxy", "value", (proxy(old), proxy(new)));
        }
    }
}
