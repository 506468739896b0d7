//! What the configuration does with packets to an address.

use std::net::IpAddr;

use crate::configuration::network_acl::{Passage, passage};
use crate::configuration::route_table::{Way, way};
use crate::configuration::security_group::{Admission, Direction, Peer, admission};
use crate::facts::inventory::SecurityGroup;
use crate::symptoms::acl_passages::acl_passages;
use crate::symptoms::{Scene, gateway};

/// What becomes of packets to an address, as far as the configuration decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    /// They are dropped, for this reason.
    Blocked(String),
    /// Nothing that was read drops them, and they go this way.
    Along(String),
}

/// The path to an address.
pub(super) fn path(scene: &Scene<'_>, address: IpAddr) -> Path {
    let (way, dropped) = route(scene, address);
    if let Some(reason) = dropped {
        return Path::Blocked(reason);
    }
    let blocked = groups(scene, address).or_else(|| acls(scene, address));
    match blocked {
        Some(reason) => Path::Blocked(reason),
        None => Path::Along(way),
    }
}

/// Where the route table leads, and why nowhere where it does not.
fn route(scene: &Scene<'_>, address: IpAddr) -> (String, Option<String>) {
    if scene.in_vpc(address) == Some(true) {
        return ("local".to_owned(), None);
    }
    let Some(table) = gateway::table(scene) else {
        return ("not known".to_owned(), None);
    };
    let lists = scene.inventory().and_then(|i| i.prefix_lists.seen());
    match way(table, lists.map(Vec::as_slice), address) {
        Way::Along(route) if !route.blackhole => (route.target.clone(), None),
        Way::Unsure(Some(route)) => (route.target.clone(), None),
        Way::Unsure(None) => ("not known".to_owned(), None),
        Way::Along(_) | Way::Nowhere => {
            let reason = format!("{} has no route to {address}", table.id);
            (String::new(), Some(reason))
        }
    }
}

fn groups(scene: &Scene<'_>, address: IpAddr) -> Option<String> {
    let inventory = scene.inventory()?;
    let known = inventory.security_groups.seen()?;
    let all = |ids: &[String]| -> Option<Vec<&SecurityGroup>> {
        let found: Vec<&SecurityGroup> = known.iter().filter(|g| ids.contains(&g.id)).collect();
        (!ids.is_empty() && found.len() == ids.len()).then_some(found)
    };
    let lists = inventory.prefix_lists.seen().map(Vec::as_slice);
    let at = scene.endpoint_at(address);
    let theirs = at.map(
        |(endpoint, interface)| match endpoint.group_ids.is_empty() {
            true => interface.group_ids.as_slice(),
            false => endpoint.group_ids.as_slice(),
        },
    );
    let own = scene.group_ids.as_deref();
    if let Some(groups) = own.and_then(all) {
        let peer = Peer {
            address,
            group_ids: theirs,
        };
        if admission(groups, Direction::Egress, &peer, 443, lists) == Admission::Refused {
            return Some("the host's security groups let no 443 out to it".to_owned());
        }
    }
    let groups = theirs.and_then(all)?;
    let peer = Peer {
        address: scene.source_towards(address)?,
        group_ids: own,
    };
    let admitted = admission(groups, Direction::Ingress, &peer, 443, lists);
    (admitted == Admission::Refused)
        .then(|| "the endpoint's security groups do not admit this host on 443".to_owned())
}

fn acls(scene: &Scene<'_>, there: IpAddr) -> Option<String> {
    acl_passages(scene, there).into_iter().find_map(|at| {
        let denied = matches!(
            passage(at.acl, at.egress, at.other, at.ports),
            Passage::Denied(_)
        );
        denied.then(|| format!("the network ACL {} drops it", at.acl.id))
    })
}
