//! Route tables: which table serves a subnet, and where it sends an address.

use std::net::IpAddr;

use crate::facts::inventory::{Destination, PrefixList, Route, RouteTable};

/// Where a table sends an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way<'a> {
    /// Along this route.
    Along(&'a Route),
    /// Nowhere: no route matches.
    Nowhere,
    /// Along this route, or nowhere, unless a prefix list that was not read holds the address.
    Unsure(Option<&'a Route>),
}

/// The table that serves a subnet: the one associated with it, else the VPC's main table (Amazon VPC User
/// Guide, "Subnet route tables"). None where neither was read.
pub fn effective<'a>(
    tables: &'a [RouteTable],
    vpc_id: Option<&str>,
    subnet_id: &str,
) -> Option<&'a RouteTable> {
    let of_vpc = |table: &&RouteTable| match (table.vpc_id.as_deref(), vpc_id) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    };
    tables
        .iter()
        .find(|table| table.subnet_ids.iter().any(|id| id == subnet_id))
        .or_else(|| tables.iter().filter(of_vpc).find(|table| table.main))
}

/// Where a table sends an address: the longest prefix wins, and of equal ones a route with a CIDR before one
/// with a prefix list (Amazon VPC User Guide, "Route priority"). `None` for prefix lists that were not read.
pub fn way<'a>(
    table: &'a RouteTable,
    prefix_lists: Option<&[PrefixList]>,
    address: IpAddr,
) -> Way<'a> {
    let mut best: Option<(u8, bool, &Route)> = None;
    let mut unread = false;
    for route in &table.routes {
        let matched = match &route.destination {
            Destination::Cidr(cidr) => cidr.contains(&address).then_some((cidr.prefix_len(), true)),
            Destination::PrefixList(id) => match entries(prefix_lists, id) {
                Some(list) => list
                    .cidrs
                    .iter()
                    .filter(|cidr| cidr.contains(&address))
                    .map(|cidr| (cidr.prefix_len(), false))
                    .max(),
                None => {
                    unread = true;
                    None
                }
            },
        };
        if let Some((length, own)) = matched
            && best.is_none_or(|(longest, is_own, _)| (length, own) > (longest, is_own))
        {
            best = Some((length, own, route));
        }
    }
    match best {
        best if unread => Way::Unsure(best.map(|(_, _, route)| route)),
        Some((_, _, route)) => Way::Along(route),
        None => Way::Nowhere,
    }
}

/// A route that leads out to the internet: a default route to an internet, NAT or egress-only gateway.
pub fn internet_route(table: &RouteTable) -> Option<&Route> {
    table.routes.iter().find(|route| {
        let is_default = match &route.destination {
            Destination::Cidr(cidr) => cidr.prefix_len() == 0,
            Destination::PrefixList(_) => false,
        };
        let leads_out = ["igw-", "nat-", "eigw-"]
            .iter()
            .any(|prefix| route.target.starts_with(prefix));
        is_default && leads_out && !route.blackhole
    })
}

/// A prefix list, where its ranges were read.
pub fn entries<'a>(lists: Option<&'a [PrefixList]>, id: &str) -> Option<&'a PrefixList> {
    lists?
        .iter()
        .find(|list| list.id == id)
        .filter(|list| !list.cidrs.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn route(destination: &str, target: &str) -> Route {
        let destination = match destination.parse() {
            Ok(cidr) => Destination::Cidr(cidr),
            Err(_) => Destination::PrefixList(destination.to_owned()),
        };
        Route {
            destination,
            target: target.to_owned(),
            blackhole: false,
        }
    }

    fn table(id: &str, main: bool, subnets: &[&str], routes: Vec<Route>) -> RouteTable {
        RouteTable {
            id: id.to_owned(),
            vpc_id: Some("vpc-1".to_owned()),
            main,
            subnet_ids: subnets.iter().map(|id| (*id).to_owned()).collect(),
            routes,
        }
    }

    fn s3_list() -> Vec<PrefixList> {
        vec![PrefixList {
            id: "pl-63a5400a".to_owned(),
            name: None,
            cidrs: vec!["52.216.0.0/15".parse().unwrap()],
        }]
    }

    fn target(way: Way<'_>) -> String {
        match way {
            Way::Along(route) => route.target.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_subnet_without_an_association_is_served_by_the_main_table() {
        let tables = [
            table("rtb-main", true, &[], vec![]),
            table("rtb-own", false, &["subnet-a"], vec![]),
        ];
        assert_eq!(
            effective(&tables, Some("vpc-1"), "subnet-a").unwrap().id,
            "rtb-own"
        );
        assert_eq!(
            effective(&tables, Some("vpc-1"), "subnet-b").unwrap().id,
            "rtb-main"
        );
        assert!(effective(&tables, Some("vpc-2"), "subnet-b").is_none());
    }

    #[test]
    fn the_longest_prefix_wins_and_a_cidr_beats_an_equal_prefix_list() {
        let lists = s3_list();
        let gateway = table(
            "rtb",
            true,
            &[],
            vec![
                route("0.0.0.0/0", "nat-1"),
                route("pl-63a5400a", "vpce-s3"),
                route("10.0.0.0/16", "local"),
            ],
        );
        let address = "52.216.1.1".parse().unwrap();
        assert_eq!(target(way(&gateway, Some(&lists), address)), "vpce-s3");
        assert!(matches!(way(&gateway, None, address), Way::Unsure(Some(_))));
        let mut shadowed = gateway.clone();
        shadowed.routes.push(route("52.216.0.0/15", "tgw-1"));
        assert_eq!(target(way(&shadowed, Some(&lists), address)), "tgw-1");
        let none = table("rtb", true, &[], vec![]);
        assert_eq!(way(&none, Some(&lists), address), Way::Nowhere);
    }

    proptest! {
        #[test]
        fn a_default_route_catches_every_address_of_its_family(bits: u32) {
            let only = table("rtb", true, &[], vec![route("0.0.0.0/0", "igw-1")]);
            let way = way(&only, Some(&[]), IpAddr::V4(bits.into()));
            prop_assert_eq!(target(way), "igw-1");
        }

        #[test]
        fn the_order_of_routes_does_not_matter(bits: u32, rotate in 0usize..4) {
            let mut routes = vec![
                route("0.0.0.0/0", "nat-1"),
                route("52.0.0.0/8", "tgw-1"),
                route("pl-63a5400a", "vpce-s3"),
                route("52.216.0.0/16", "pcx-1"),
            ];
            let lists = s3_list();
            let address = IpAddr::V4(bits.into());
            let before = target(way(&table("rtb", true, &[], routes.clone()), Some(&lists), address));
            routes.rotate_left(rotate);
            let after = target(way(&table("rtb", true, &[], routes), Some(&lists), address));
            prop_assert_eq!(before, after);
        }
    }
}
