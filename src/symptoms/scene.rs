//! The facts, seen as one place: which VPC this is, whose CIDRs count, which endpoints can be judged by.

mod cidrs;
mod staleness;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::endpoint_interfaces::EndpointInterfaces;
use super::placement::without_dns64;
use crate::catalog::{Catalog, Identified, NameForm, Partition, Region, Service};
use crate::facts::inventory::{Endpoint, Inventory, InventorySource, NetworkInterface, Subnet};
use crate::facts::{Facts, NameFacts, Target};

/// Who said which CIDRs are the VPC's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CidrSource {
    /// The operator.
    Flag,
    /// Instance metadata.
    Imds,
    /// The EC2 API.
    Ec2Api,
    /// An inventory file.
    InventoryFile,
    /// Nobody.
    None,
}

/// Why an inventory is not judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stale {
    /// It is older than allowed; its age in seconds.
    Old(u64),
    /// It is of another VPC.
    OtherVpc,
}

/// The facts with what follows from them at once and is asked for everywhere.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The VPC's CIDRs, empty where nobody knows them.
    pub vpc_cidrs: Vec<IpNet>,
    /// Who said so.
    pub cidr_source: CidrSource,
    /// The VPC, where it is known.
    pub vpc_id: Option<String>,
    /// The caller's subnet, where it is known.
    pub subnet_id: Option<String>,
    /// The caller's security groups, where they are known.
    pub group_ids: Option<Vec<String>>,
    /// The region, where it is known and well-formed.
    pub region: Option<Region>,
    /// Why the inventory at hand is not judged by, if it is not.
    pub stale: Option<Stale>,
    inventory: Option<&'a Inventory>,
    /// What the names are: every address of a name asks for its name's region.
    identified: BTreeMap<&'a str, Option<Identified>>,
    /// What the caller sends from, by IPv4 and by IPv6: every address that failed asks.
    sources: (Option<IpAddr>, Option<IpAddr>),
    /// Whose interfaces the endpoints' addresses are: every answer asks, and a VPC may have thousands.
    interfaces: EndpointInterfaces<'a>,
}

impl<'a> Scene<'a> {
    /// The scene of these facts.
    pub fn of(facts: &'a Facts) -> Self {
        let stale = staleness::of(facts);
        let inventory = (facts.inventory.source != InventorySource::None && stale.is_none())
            .then_some(&facts.inventory);
        let vpc_id = facts
            .host
            .vpc_id
            .clone()
            .or_else(|| inventory.and_then(|inventory| inventory.vpc_id.clone()));
        let (vpc_cidrs, cidr_source) = cidrs::of(facts, inventory, vpc_id.as_deref());
        let mut scene = Scene {
            facts,
            vpc_cidrs,
            cidr_source,
            vpc_id,
            subnet_id: facts.host.subnet_id.clone(),
            group_ids: (!facts.host.group_ids.is_empty()).then(|| facts.host.group_ids.clone()),
            region: facts
                .host
                .region
                .as_deref()
                .and_then(|region| Region::parse(region).ok()),
            stale,
            inventory,
            identified: facts
                .names
                .iter()
                .map(|name| (name.name.as_str(), Catalog::get().identify(&name.name)))
                .collect(),
            sources: (
                source(facts, IpAddr::is_ipv4),
                source(facts, IpAddr::is_ipv6),
            ),
            interfaces: inventory.map(EndpointInterfaces::of).unwrap_or_default(),
        };
        if let Some(own) = scene.own_interface() {
            let (subnet, groups) = (own.subnet_id.clone(), own.group_ids.clone());
            scene.subnet_id = scene.subnet_id.or(subnet);
            scene.group_ids = scene
                .group_ids
                .or_else(|| (!groups.is_empty()).then_some(groups));
        }
        if scene.subnet_id.is_none() {
            scene.subnet_id = scene.subnet_by_address();
        }
        scene
    }

    /// The inventory, where there is one to judge by.
    pub fn inventory(&self) -> Option<&'a Inventory> {
        self.inventory
    }

    /// The partition of the region.
    pub fn partition(&self) -> Option<&'static Partition> {
        self.region.as_ref().map(Partition::of)
    }

    /// The catalogue's entry of a target or a name's service.
    pub fn service(&self, id: &str) -> Option<&'static Service> {
        Catalog::get().service(id)
    }

    /// The endpoint service's name here, as in `com.amazonaws.us-east-1.sqs`. The inventory's own list of
    /// endpoint services decides where it was read, since prefixes differ by partition.
    pub fn endpoint_service_name(&self, id: &str) -> Option<String> {
        let region = self.region.as_ref()?;
        let service = self.service(id)?;
        let listed = self
            .inventory
            .and_then(|inventory| inventory.endpoint_services.seen())
            .and_then(|services| {
                services
                    .iter()
                    .find(|listed| service.matches_service_name(&listed.name, region))
            });
        Some(match listed {
            Some(listed) => listed.name.clone(),
            None => service.endpoint_service_name(region),
        })
    }

    /// True where the VPC, or the caller's subnet, belongs to another account. A participant of a shared VPC
    /// sees none of its endpoints (Amazon VPC User Guide, "Share your VPC subnets"), so an empty list means nothing.
    pub fn shared_vpc(&self) -> bool {
        let Some(inventory) = self.inventory else {
            return false;
        };
        // The caller is who made the Describe calls: for a file, whoever took it.
        let taken_by = match inventory.source {
            InventorySource::File => inventory.account_id.as_deref(),
            InventorySource::Ec2Api | InventorySource::None => None,
        };
        let Some(caller) = taken_by.or_else(|| self.account_id()) else {
            return false;
        };
        let vpc_owner = inventory.vpcs.seen().and_then(|vpcs| {
            vpcs.iter()
                .find(|vpc| Some(&vpc.id) == self.vpc_id.as_ref())
                .and_then(|vpc| vpc.owner_id.as_deref())
        });
        let subnet_owner = self.subnet().and_then(|subnet| subnet.owner_id.as_deref());
        [vpc_owner, subnet_owner]
            .into_iter()
            .flatten()
            .any(|owner| owner != caller)
    }

    /// The account the workload runs in.
    pub fn account_id(&self) -> Option<&str> {
        self.facts
            .host
            .account_id
            .as_deref()
            .or_else(|| self.inventory.and_then(|i| i.account_id.as_deref()))
    }

    /// The endpoints that the inventory lists, or none where the list could not be read.
    pub fn endpoints(&self) -> Option<&'a [Endpoint]> {
        self.inventory?.endpoints.seen().map(Vec::as_slice)
    }

    /// True where a service that the list of endpoints does not hold has no endpoint in this VPC: the list was
    /// read and shows this VPC's endpoints to this account.
    pub fn endpoint_list_is_complete(&self) -> bool {
        let Some(endpoints) = self.endpoints() else {
            return false;
        };
        // Who is shown one of the VPC's endpoints is shown them all; an empty list means nothing to a participant of a
        // shared VPC, so where it may be one it proves nothing.
        let shows_one = endpoints
            .iter()
            .any(|e| e.vpc_id.is_some() && e.vpc_id == self.vpc_id);
        !self.shared_vpc() && (shows_one || self.owner_is_known())
    }

    /// True where it was read who owns the VPC or the caller's subnet, and who asked.
    fn owner_is_known(&self) -> bool {
        let vpcs = self.inventory.and_then(|inventory| inventory.vpcs.seen());
        let mut vpcs = vpcs.into_iter().flatten();
        let owner = vpcs.find(|vpc| Some(&vpc.id) == self.vpc_id.as_ref());
        let is_told = owner.is_some_and(|vpc| vpc.owner_id.is_some())
            || self
                .subnet()
                .is_some_and(|subnet| subnet.owner_id.is_some());
        is_told && self.account_id().is_some()
    }

    /// This VPC's endpoints of a service in this region, those that are available first.
    pub fn endpoints_of(&self, service: &str) -> Vec<&'a Endpoint> {
        match &self.region {
            Some(region) => self.endpoints_in(service, region),
            None => Vec::new(),
        }
    }

    /// This VPC's endpoints of the service and region that a name speaks of, those that are available first.
    pub fn endpoints_of_name(&self, name: &NameFacts) -> Vec<&'a Endpoint> {
        match self.region_of(&name.name) {
            Some(region) => self.endpoints_in(&name.service, &region),
            None => Vec::new(),
        }
    }

    /// Every endpoint of the service and region that a name speaks of, of whatever VPC.
    pub fn all_endpoints_of_name(&self, service: &str, name: &str) -> Vec<&'a Endpoint> {
        match self.region_of(name) {
            Some(region) => self.all_endpoints_in(service, &region).collect(),
            None => Vec::new(),
        }
    }

    /// The region a name speaks of, else the host's.
    pub fn region_of(&self, name: &str) -> Option<Region> {
        let told = self.identified(name).and_then(|name| name.region.clone());
        told.or_else(|| self.region.clone())
    }

    /// The form of a name, where it is one of a service's.
    pub fn form_of(&self, name: &str) -> Option<NameForm> {
        self.identified(name).map(|name| name.form)
    }

    /// What a name is, where it is one of a service's.
    pub fn identified(&self, name: &str) -> Option<Cow<'_, Identified>> {
        match self.identified.get(name) {
            Some(known) => known.as_ref().map(Cow::Borrowed),
            None => Catalog::get().identify(name).map(Cow::Owned),
        }
    }

    fn endpoints_in(&self, service: &str, region: &Region) -> Vec<&'a Endpoint> {
        let mut found: Vec<&Endpoint> = self
            .all_endpoints_in(service, region)
            .filter(|endpoint| self.is_of_this_vpc(endpoint))
            .filter(|endpoint| {
                let told = endpoint.service_region.as_deref();
                told.is_none_or(|told| told == region.as_str())
            })
            .filter(|endpoint| !endpoint.state.eq_ignore_ascii_case("deleted"))
            .collect();
        found.sort_by_key(|endpoint| !endpoint.is_available());
        found
    }

    /// Every endpoint of a service that the inventory lists, of whatever VPC.
    pub fn all_endpoints_of(&self, service: &str) -> Vec<&'a Endpoint> {
        match &self.region {
            Some(region) => self.all_endpoints_in(service, region).collect(),
            None => Vec::new(),
        }
    }

    fn all_endpoints_in(
        &self,
        service: &str,
        region: &Region,
    ) -> impl Iterator<Item = &'a Endpoint> {
        let entry = self.service(service);
        self.endpoints()
            .unwrap_or_default()
            .iter()
            .filter(move |endpoint| entry.is_some_and(|entry| serves(endpoint, entry, region)))
    }

    /// Whether an endpoint is one of the service and region that a name speaks of.
    pub fn serves_name(&self, endpoint: &Endpoint, service: &str, name: &str) -> bool {
        let entry = self.service(service);
        let region = self.region_of(name);
        entry
            .zip(region)
            .is_some_and(|(entry, region)| serves(endpoint, entry, &region))
    }

    /// Whether an endpoint stands in this VPC; one whose VPC is not told is taken to.
    pub fn is_of_this_vpc(&self, endpoint: &Endpoint) -> bool {
        match (&endpoint.vpc_id, &self.vpc_id) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => true,
        }
    }

    /// The interfaces of an endpoint, as far as they were read.
    pub fn interfaces_of(&self, endpoint: &Endpoint) -> &[&'a NetworkInterface] {
        self.interfaces.of_endpoint(endpoint)
    }

    /// True where every interface of the endpoint was read, so that an address in none of them is not its.
    pub fn interfaces_are_known(&self, endpoint: &Endpoint) -> bool {
        let found = self.interfaces_of(endpoint);
        !found.is_empty() && found.len() >= endpoint.interface_ids.len()
    }

    /// The endpoint's interface that has this address.
    pub fn endpoint_at(&self, address: IpAddr) -> Option<(&'a Endpoint, &'a NetworkInterface)> {
        self.interfaces.at(without_dns64(address))
    }

    /// Whether an address lies in the VPC's CIDRs; none where they are not known.
    pub fn in_vpc(&self, address: IpAddr) -> Option<bool> {
        let address = without_dns64(address);
        (!self.vpc_cidrs.is_empty())
            .then(|| self.vpc_cidrs.iter().any(|cidr| cidr.contains(&address)))
    }

    /// The caller's subnet as the inventory describes it.
    pub fn subnet(&self) -> Option<&'a Subnet> {
        let id = self.subnet_id.as_deref()?;
        self.subnet_by_id(id)
    }

    /// A subnet of the inventory.
    pub fn subnet_by_id(&self, id: &str) -> Option<&'a Subnet> {
        self.inventory?
            .subnets
            .seen()?
            .iter()
            .find(|subnet| subnet.id == id)
    }

    /// The zone of the caller, by name.
    pub fn availability_zone(&self) -> Option<&str> {
        self.facts
            .host
            .availability_zone
            .as_deref()
            .or_else(|| self.subnet()?.availability_zone.as_deref())
    }

    /// The address the caller would send from towards this address.
    pub fn source_towards(&self, address: IpAddr) -> Option<IpAddr> {
        let (v4, v6) = self.sources;
        if address.is_ipv4() { v4 } else { v6 }
    }

    /// The target a service's symptoms belong to.
    pub fn target(&self, service: &str) -> Option<&'a Target> {
        self.facts.target(service)
    }

    /// The zone of a subnet or an interface of the endpoint, by name, without duplicates.
    pub fn zones_of(&self, endpoint: &Endpoint) -> Vec<String> {
        let mut zones: Vec<String> = self
            .interfaces_of(endpoint)
            .iter()
            .filter_map(|interface| interface.availability_zone.clone())
            .chain(
                endpoint
                    .subnet_ids
                    .iter()
                    .filter_map(|id| self.subnet_by_id(id)?.availability_zone.clone()),
            )
            .collect();
        zones.sort();
        zones.dedup();
        zones
    }

    /// True where the zone of every interface of the endpoint was read, so that it is in no other.
    pub fn zones_are_known(&self, endpoint: &Endpoint) -> bool {
        let by_interfaces = self.interfaces_are_known(endpoint)
            && self
                .interfaces_of(endpoint)
                .iter()
                .all(|interface| interface.availability_zone.is_some());
        let zone_of = |id: &String| self.subnet_by_id(id)?.availability_zone.as_ref();
        let by_subnets = !endpoint.subnet_ids.is_empty()
            && endpoint.subnet_ids.iter().all(|id| zone_of(id).is_some());
        by_interfaces || by_subnets
    }

    fn own_interface(&self) -> Option<&'a NetworkInterface> {
        let interfaces = self.inventory?.network_interfaces.seen()?;
        let host = &self.facts.host;
        interfaces.iter().find(|interface| {
            let by_id = host
                .interface_id
                .as_ref()
                .is_some_and(|id| *id == interface.id);
            let by_address = interface
                .addresses
                .iter()
                .any(|address| host.addresses.contains(address))
                && match (&interface.mac, &host.mac) {
                    (Some(theirs), Some(ours)) => theirs.eq_ignore_ascii_case(ours),
                    _ => true,
                };
            by_id || by_address
        })
    }

    /// Subnets of one VPC do not overlap, so the own address decides.
    fn subnet_by_address(&self) -> Option<String> {
        let subnets = self.inventory?.subnets.seen()?;
        let own = &self.facts.host.addresses;
        subnets
            .iter()
            .filter(|subnet| subnet.vpc_id.is_none() || subnet.vpc_id == self.vpc_id)
            .find(|subnet| {
                subnet
                    .cidrs
                    .iter()
                    .any(|cidr| own.iter().any(|address| cidr.contains(address)))
            })
            .map(|subnet| subnet.id.clone())
    }
}

/// The first own address of a family that was seen in use, else the first there is.
fn source(facts: &Facts, of_family: fn(&IpAddr) -> bool) -> Option<IpAddr> {
    let used = facts.probes.iter().filter_map(|probe| probe.tcp.seen());
    used.map(|seen| seen.local)
        .chain(facts.host.addresses.iter().copied())
        .find(of_family)
}

fn serves(endpoint: &Endpoint, service: &Service, region: &Region) -> bool {
    let name = &endpoint.service_name;
    service.matches_service_name(name, region) || service.matches_fips_service_name(name, region)
}
