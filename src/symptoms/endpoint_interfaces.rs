//! Which interfaces are whose endpoint's, and which addresses they have.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::facts::inventory::{Endpoint, Inventory, NetworkInterface};

/// The interfaces of the endpoints that an inventory lists, found by endpoint and by address.
#[derive(Debug, Default)]
pub(super) struct EndpointInterfaces<'a> {
    by_endpoint: BTreeMap<&'a str, Vec<&'a NetworkInterface>>,
    by_address: BTreeMap<IpAddr, (&'a Endpoint, &'a NetworkInterface)>,
}

impl<'a> EndpointInterfaces<'a> {
    /// Reads them off an inventory. An endpoint's interfaces are those it lists. Descriptions name the endpoint too,
    /// and the interface type does not tell: some are `vpc_endpoint`, some plain `interface`.
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let mut found = EndpointInterfaces::default();
        let (Some(endpoints), Some(interfaces)) = (
            inventory.endpoints.seen(),
            inventory.network_interfaces.seen(),
        ) else {
            return found;
        };
        let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for endpoint in endpoints {
            found.by_endpoint.insert(&endpoint.id, Vec::new());
            for id in &endpoint.interface_ids {
                owners.entry(id).or_default().push(&endpoint.id);
            }
        }
        for interface in interfaces {
            let listed = owners.get(interface.id.as_str()).into_iter().flatten();
            let description = interface.description.as_deref().unwrap_or_default();
            let words = description.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            for owner in listed.copied().chain(words) {
                if let Some(theirs) = found.by_endpoint.get_mut(owner)
                    && theirs.last().is_none_or(|last| last.id != interface.id)
                {
                    theirs.push(interface);
                }
            }
        }
        for endpoint in endpoints {
            for interface in found
                .by_endpoint
                .get(endpoint.id.as_str())
                .into_iter()
                .flatten()
            {
                for address in &interface.addresses {
                    // The first endpoint that has the address is its owner.
                    found
                        .by_address
                        .entry(*address)
                        .or_insert((endpoint, interface));
                }
            }
        }
        found
    }

    /// The interfaces of one endpoint, as far as they were read.
    pub(super) fn of_endpoint(&self, endpoint: &Endpoint) -> &[&'a NetworkInterface] {
        self.by_endpoint
            .get(endpoint.id.as_str())
            .map_or(&[], Vec::as_slice)
    }

    /// The endpoint and its interface that have this address.
    pub(super) fn at(&self, address: IpAddr) -> Option<(&'a Endpoint, &'a NetworkInterface)> {
        self.by_address.get(&address).copied()
    }
}
