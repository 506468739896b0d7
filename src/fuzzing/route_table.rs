//! Route tables: against a model that knows every prefix list.

use std::net::IpAddr;

use super::input::{Input, holds};
use crate::configuration::route_table::{Way, effective, internet_route, way};
use crate::facts::inventory::{Destination, PrefixList, Route, RouteTable};

const LISTS: [&str; 3] = ["pl-a", "pl-b", "pl-c"];
const TARGETS: [&str; 8] = [
    "local", "igw-1", "nat-1", "eigw-1", "vpce-1", "tgw-1", "pcx-1", "",
];

/// A random table and a random address.
///
/// - The way is along the longest prefix, a range before a prefix list of the same length, whatever the order.
/// - With prefix lists that were not read it is the same, or said to be unsure; never another.
/// - A route that does not hold the address changes nothing; one for the address alone wins.
/// - The route to the internet is one that leads there now.
pub(super) fn route_table(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let address = input.address();
    let unread = input.byte();
    let lists: Vec<PrefixList> = LISTS
        .iter()
        .map(|id| PrefixList {
            id: (*id).to_owned(),
            name: None,
            cidrs: (0..=input.below(3)).map(|_| input.network()).collect(),
        })
        .collect();
    let count = input.below(10);
    let mut table = RouteTable {
        id: "rtb-1".to_owned(),
        vpc_id: None,
        main: true,
        subnet_ids: vec![],
        routes: (0..count).map(|_| route(&mut input)).collect(),
    };
    // AWS takes no second route to one destination.
    let mut seen: Vec<Destination> = Vec::new();
    table.routes.retain(|route| {
        let key = match &route.destination {
            Destination::Cidr(net) => Destination::Cidr(net.trunc()),
            list => list.clone(),
        };
        let fresh = !seen.contains(&key);
        seen.push(key);
        fresh
    });

    let full = way(&table, Some(&lists), address);
    let best = model(&table, &lists, address);
    match full {
        Way::Along(found) => assert!(best.contains(&found), "{found:?} of {best:?}"),
        Way::Nowhere => assert!(best.is_empty(), "{best:?}"),
        Way::Unsure(_) => panic!("every list was read"),
    }
    let mut turned = table.clone();
    turned.routes.reverse();
    match (way(&turned, Some(&lists), address), full) {
        (Way::Along(a), Way::Along(b)) => assert!(a == b || best.len() > 1, "{a:?} {b:?}"),
        (a, b) => assert_eq!(a, b, "in another order"),
    }
    part(&table, &lists, unread, address, full);
    more(&mut input, &table, &lists, address, full);
    internet(&table);
    association(&mut input, &table);
}

/// The routes of the longest prefix: one, but for prefix lists that overlap.
fn model<'a>(table: &'a RouteTable, lists: &[PrefixList], address: IpAddr) -> Vec<&'a Route> {
    let weight = |route: &Route| -> Option<u16> {
        match &route.destination {
            Destination::Cidr(net) => {
                holds(net, address).then(|| u16::from(net.prefix_len()) * 2 + 1)
            }
            Destination::PrefixList(id) => {
                let of_list = lists.iter().filter(|list| list.id == *id);
                let ranges = of_list.flat_map(|list| &list.cidrs);
                let holding = ranges.filter(|net| holds(net, address));
                holding.map(|net| u16::from(net.prefix_len()) * 2).max()
            }
        }
    };
    let Some(most) = table.routes.iter().filter_map(weight).max() else {
        return Vec::new();
    };
    let of_most = table
        .routes
        .iter()
        .filter(|route| weight(route) == Some(most));
    of_most.collect()
}

fn part(table: &RouteTable, lists: &[PrefixList], unread: u8, address: IpAddr, full: Way<'_>) {
    let some: Vec<PrefixList> = lists
        .iter()
        .enumerate()
        .filter(|(at, _)| unread >> at & 1 == 0)
        .map(|(at, list)| match unread >> (at + 3) & 1 {
            // A list whose ranges were not read is as good as none.
            1 => PrefixList {
                cidrs: vec![],
                ..list.clone()
            },
            _ => list.clone(),
        })
        .collect();
    for read in [Some(some.as_slice()), None] {
        match (way(table, read, address), full) {
            (Way::Unsure(Some(known)), Way::Along(real)) => assert!(
                known == real || matches!(real.destination, Destination::PrefixList(_)),
                "{known:?} {real:?}"
            ),
            (Way::Unsure(None), Way::Along(real)) => {
                assert!(
                    matches!(real.destination, Destination::PrefixList(_)),
                    "{real:?}"
                );
            }
            (Way::Unsure(known), _) => assert_eq!(known, None),
            (sure, full) => assert_eq!(sure, full, "surer than with all lists"),
        }
    }
}

fn more(
    input: &mut Input<'_>,
    table: &RouteTable,
    lists: &[PrefixList],
    address: IpAddr,
    full: Way<'_>,
) {
    let added = route(input);
    let elsewhere = matches!(&added.destination, Destination::Cidr(net) if !holds(net, address));
    let mut more = table.clone();
    more.routes
        .insert(input.below(more.routes.len() + 1), added);
    if elsewhere {
        assert_eq!(
            way(&more, Some(lists), address),
            full,
            "a route elsewhere counts"
        );
    }
    let own = Route {
        destination: Destination::Cidr(address.into()),
        target: "own".to_owned(),
        blackhole: input.flag(),
    };
    more.routes.retain(|route| match &route.destination {
        Destination::Cidr(net) => net.trunc() != address.into(),
        Destination::PrefixList(_) => true,
    });
    more.routes
        .insert(input.below(more.routes.len() + 1), own.clone());
    assert_eq!(way(&more, Some(lists), address), Way::Along(&own));
}

fn internet(table: &RouteTable) {
    let leads_out = |route: &&Route| {
        let default = matches!(&route.destination, Destination::Cidr(net) if net.prefix_len() == 0);
        let gateway = ["igw-1", "nat-1", "eigw-1"].contains(&route.target.as_str());
        default && gateway && !route.blackhole
    };
    assert_eq!(
        internet_route(table).is_some(),
        table.routes.iter().any(|r| leads_out(&r))
    );
    assert!(internet_route(table).is_none_or(|route| leads_out(&route)));
}

/// The subnet's own table, else the main one of its VPC.
fn association(input: &mut Input<'_>, table: &RouteTable) {
    let vpcs = [None, Some("vpc-1"), Some("vpc-2")];
    let subnets = ["subnet-a", "subnet-b"];
    let tables: Vec<RouteTable> = (0..input.below(4))
        .map(|at| RouteTable {
            id: format!("rtb-{at}"),
            vpc_id: input.pick(&vpcs).map(str::to_owned),
            main: input.flag(),
            subnet_ids: input
                .flag()
                .then(|| (*input.pick(&subnets)).to_owned())
                .into_iter()
                .collect(),
            ..table.clone()
        })
        .collect();
    let vpc = *input.pick(&vpcs);
    let found = effective(&tables, vpc, "subnet-a");
    let own = |table: &RouteTable| table.subnet_ids.contains(&"subnet-a".to_owned());
    match found {
        Some(found) if own(found) => {}
        Some(found) => {
            assert!(found.main && !tables.iter().any(own));
            assert!(vpc.is_none() || found.vpc_id.is_none() || found.vpc_id.as_deref() == vpc);
        }
        None => {
            assert!(!tables.iter().any(own));
            let main = |table: &RouteTable| table.main && table.vpc_id.as_deref() == vpc;
            assert!(!tables.iter().any(main));
        }
    }
}

fn route(input: &mut Input<'_>) -> Route {
    Route {
        destination: match input.byte() % 3 {
            0 => Destination::PrefixList((*input.pick(&LISTS)).to_owned()),
            _ => Destination::Cidr(input.network()),
        },
        target: (*input.pick(&TARGETS)).to_owned(),
        blackhole: input.byte() % 4 == 1,
    }
}
