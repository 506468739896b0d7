//! Routes to gateway endpoints, and those to the internet.

use crate::facts::Facts;
use crate::facts::inventory::{Destination, Route};
use crate::symptoms::{Scene, gateway};

/// Adds the route to a service's gateway endpoint to the caller's route table.
pub(super) fn add(facts: &mut Facts, service: &str) -> Result<(), String> {
    let (table, endpoint, name) = {
        let scene = Scene::of(facts);
        let gateways = gateway::gateways(&scene, service);
        let endpoint = gateways
            .into_iter()
            .find(|endpoint| endpoint.is_available());
        let endpoint = endpoint.ok_or_else(|| {
            format!("expected an available gateway endpoint of {service}, found none")
        })?;
        let table = gateway::table(&scene);
        let table = table.ok_or("expected facts with this subnet's route table, found none")?;
        (
            table.id.clone(),
            endpoint.id.clone(),
            endpoint.service_name.clone(),
        )
    };
    let lists = facts.inventory.prefix_lists.seen().into_iter().flatten();
    let mut lists = lists.filter(|list| list.name.as_deref() == Some(name.as_str()));
    let list = lists.next().map(|list| list.id.clone());
    let list =
        list.ok_or_else(|| format!("expected facts with the prefix list of {name}, found none"))?;
    for known in facts
        .inventory
        .route_tables
        .seen_mut()
        .into_iter()
        .flatten()
    {
        if known.id == table {
            known
                .routes
                .retain(|route| route.destination != Destination::PrefixList(list.clone()));
            known.routes.push(Route {
                destination: Destination::PrefixList(list.clone()),
                target: endpoint.clone(),
                blackhole: false,
            });
        }
    }
    for known in facts.inventory.endpoints.seen_mut().into_iter().flatten() {
        if known.id == endpoint && !known.route_table_ids.contains(&table) {
            known.route_table_ids.push(table.clone());
        }
    }
    Ok(())
}

/// Removes every route to an internet, NAT or egress-only gateway, and the host's public addresses.
pub(super) fn remove_internet(facts: &mut Facts) -> Result<(), String> {
    let tables = facts.inventory.route_tables.seen_mut();
    let tables = tables.ok_or("expected facts with the route tables, found none")?;
    for table in tables {
        table.routes.retain(|route| !leads_out(&route.target));
    }
    facts.host.public_addresses.clear();
    for interface in facts
        .inventory
        .network_interfaces
        .seen_mut()
        .into_iter()
        .flatten()
    {
        interface.public_addresses.clear();
    }
    Ok(())
}

fn leads_out(target: &str) -> bool {
    ["igw-", "nat-", "eigw-"]
        .iter()
        .any(|prefix| target.starts_with(prefix))
}
