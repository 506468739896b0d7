//! Which endpoints to create so that the services of a run are reached privately, and where: plain data.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::report::Report;
use crate::catalog::{Catalog, EndpointKind, Partition, Region, Service};
use crate::facts::Facts;
use crate::facts::inventory::{EndpointService, Subnet};
use crate::symptoms::{Scene, gateway};

/// The findings that an endpoint's creation mends, or may mend where nobody could see the endpoints.
const MISSING: &str = "endpoint-missing";
const PERHAPS_MISSING: [&str; 2] = ["public-answer", "gateway-unconfirmed"];
/// The finding that only a change to an endpoint that is there already mends.
const NOT_ASSOCIATED: &str = "gateway-route-missing";

/// The endpoints a VPC lacks, and what of the VPC their creation needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// The region, where it is known.
    pub region: Option<Region>,
    /// The VPC, where it is known.
    pub vpc_id: Option<String>,
    /// The endpoints to create, in the order of the report's services.
    pub endpoints: Vec<NewEndpoint>,
    /// One subnet of each Availability Zone, the caller's own for its zone; empty where the inventory does not tell.
    pub subnets: Vec<ZoneSubnet>,
    /// The caller's own subnet, where it is known.
    pub own_subnet: Option<String>,
    /// The route table of the caller's subnet, where it is known.
    pub route_table_id: Option<String>,
    /// Whom the endpoints have to admit.
    pub callers: Callers,
    /// True for a caller without IPv4, which reaches IPv6 addresses alone.
    pub ipv6_only: bool,
    /// What is lacking and no new endpoint brings: what it is, and the commands that mend it.
    pub by_hand: Vec<(String, Vec<String>)>,
    /// The codes of failing findings that have other causes.
    pub others: Vec<String>,
}

/// An endpoint to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// The catalogue's id of the service, as in `ecr.dkr`.
    pub service: String,
    /// As in `com.amazonaws.us-east-1.ecr.dkr`.
    pub service_name: String,
    /// An interface endpoint, or a gateway endpoint where there is one of the service.
    pub kind: EndpointKind,
    /// Whether it takes over the service's names.
    pub private_dns: bool,
    /// False where the VPC's endpoints could not be read, so that there may be one.
    pub certain: bool,
    /// The zones it is offered in, where that is known.
    pub zones: Option<Vec<String>>,
}

/// A subnet and its Availability Zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneSubnet {
    /// As in `subnet-0abc`.
    pub id: String,
    /// As in `us-east-1a`.
    pub zone: String,
}

/// Whom an endpoint has to admit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callers {
    /// Who is in one of these security groups.
    Groups(Vec<String>),
    /// Who has an address in one of these ranges.
    Ranges(Vec<IpNet>),
    /// Nobody knows.
    Unknown,
}

impl Remedy {
    /// What the findings of a report on these facts call for.
    pub fn of(facts: &Facts, report: &Report) -> Remedy {
        let scene = Scene::of(facts);
        let mut remedy = Remedy {
            region: scene.region.clone(),
            vpc_id: scene.vpc_id.clone().filter(|id| is_id(id, "vpc-")),
            endpoints: Vec::new(),
            subnets: subnets(&scene),
            own_subnet: scene.subnet_id.clone().filter(|id| is_id(id, "subnet-")),
            route_table_id: gateway::table(&scene)
                .map(|table| table.id.clone())
                .filter(|id| is_id(id, "rtb-")),
            callers: callers(&scene),
            ipv6_only: !facts.host.ipv4_route && facts.host.ipv6_route,
            by_hand: Vec::new(),
            others: Vec::new(),
        };
        for finding in &report.findings {
            let perhaps = PERHAPS_MISSING.contains(&finding.code.as_str());
            let fails = finding.severity == super::Severity::Fail;
            if finding.code == MISSING {
                remedy.add(&scene, finding, true);
            } else if perhaps && !scene.endpoint_list_is_complete() {
                remedy.add(&scene, finding, false);
            } else if finding.code == NOT_ASSOCIATED {
                let lacking = (finding.title.clone(), finding.fix.commands.clone());
                remedy.by_hand.push(lacking);
            } else if fails && !remedy.others.contains(&finding.code) {
                remedy.others.push(finding.code.clone());
            }
        }
        let order = |service: &str| report.services.iter().position(|s| s.service == service);
        remedy
            .endpoints
            .sort_by_key(|endpoint| order(&endpoint.service).unwrap_or(usize::MAX));
        remedy
    }

    /// The region's partition, where the region is known.
    pub fn partition(&self) -> Option<&'static Partition> {
        self.region.as_ref().map(Partition::of)
    }

    /// True where there is no endpoint to create.
    pub fn creates_nothing(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// The subnets an endpoint can stand in: those of the zones that it is offered in.
    pub fn subnets_of(&self, endpoint: &NewEndpoint) -> Vec<&ZoneSubnet> {
        let offered = |subnet: &&ZoneSubnet| {
            let zones = endpoint.zones.as_ref();
            zones.is_none_or(|zones| zones.contains(&subnet.zone))
        };
        self.subnets.iter().filter(offered).collect()
    }

    fn add(&mut self, scene: &Scene<'_>, finding: &super::Finding, certain: bool) {
        for id in &finding.services {
            let Some(service) = Catalog::get().service(id) else {
                continue;
            };
            // The subject is the endpoint service's name where the endpoint is known to be missing, else the hostname.
            let elsewhere = match (certain, &scene.region) {
                (_, None) => true,
                (true, Some(region)) => !service.matches_service_name(&finding.subject, region),
                (false, region) => scene.region_of(&finding.subject) != *region,
            };
            let Some(region) = scene.region.as_ref().filter(|_| !elsewhere) else {
                let title = format!("{}; it is of another Region", finding.title);
                self.by_hand.push((title, Vec::new()));
                continue;
            };
            if self.endpoints.iter().all(|known| known.service != *id) {
                let new = endpoint(scene, service, region, certain);
                self.endpoints.push(new);
            }
        }
    }
}

/// Whether a text is an id as AWS writes them: the prefix, then letters, digits and hyphens ("Resource IDs", Amazon EC2
/// User Guide). What an inventory file says is not taken at its word.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        (1..=40).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

fn endpoint(
    scene: &Scene<'_>,
    service: &'static Service,
    region: &Region,
    certain: bool,
) -> NewEndpoint {
    let kind = match service.has_gateway() {
        true => EndpointKind::Gateway,
        false => EndpointKind::Interface,
    };
    let by_catalog = service.endpoint_service_name_for(region, kind);
    let kind_word = match kind {
        EndpointKind::Gateway => "Gateway",
        EndpointKind::Interface => "Interface",
    };
    let is_offer = |offer: &&EndpointService| {
        service.matches_service_name(&offer.name, region)
            && is_service_name(&offer.name)
            && offer
                .kinds
                .iter()
                .any(|k| k.eq_ignore_ascii_case(kind_word))
    };
    let offers = scene.inventory().and_then(|i| i.endpoint_services.seen());
    // What the region itself offers decides: prefixes differ by partition and service.
    let offer = offers.into_iter().flatten().find(is_offer);
    NewEndpoint {
        service: service.id().to_owned(),
        service_name: offer.map_or(by_catalog, |offer| offer.name.clone()),
        kind,
        private_dns: kind == EndpointKind::Interface && service.interface_private_dns(),
        certain,
        zones: offer
            .map(|offer| offer.availability_zones.clone())
            .filter(|zones| !zones.is_empty()),
    }
}

fn is_service_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    text.len() <= 128 && text.bytes().all(plain)
}

/// One subnet of each zone, by the zones' names: the caller's own, else one that holds an endpoint already, else the
/// first by id.
fn subnets(scene: &Scene<'_>) -> Vec<ZoneSubnet> {
    let seen = scene.inventory().and_then(|i| i.subnets.seen());
    let mut by_zone: BTreeMap<&str, &Subnet> = BTreeMap::new();
    let endpoints = scene.endpoints().unwrap_or_default();
    let holds_endpoint = |subnet: &Subnet| {
        let mut own = endpoints.iter().filter(|e| scene.is_of_this_vpc(e));
        own.any(|endpoint| endpoint.is_interface() && endpoint.subnet_ids.contains(&subnet.id))
    };
    let weight = |subnet: &Subnet| {
        (
            Some(&subnet.id) != scene.subnet_id.as_ref(),
            !holds_endpoint(subnet),
            subnet.id.clone(),
        )
    };
    for subnet in seen.into_iter().flatten() {
        let of_vpc = match (&subnet.vpc_id, &scene.vpc_id) {
            (Some(theirs), Some(ours)) => theirs == ours,
            // Without a VPC to compare with, nobody knows whose they are.
            (_, None) => false,
            (None, Some(_)) => true,
        };
        let zone = subnet.availability_zone.as_deref();
        let Some(zone) = zone.filter(|zone| is_availability_zone(zone, scene)) else {
            continue;
        };
        if !of_vpc || !is_id(&subnet.id, "subnet-") {
            continue;
        }
        let best = by_zone.entry(zone).or_insert(subnet);
        if weight(subnet) < weight(best) {
            *best = subnet;
        }
    }
    let chosen = by_zone.into_iter().map(|(zone, subnet)| ZoneSubnet {
        id: subnet.id.clone(),
        zone: zone.to_owned(),
    });
    chosen.collect()
}

/// The region's code and one letter. Local Zones and Wavelength Zones have longer names; AWS services' endpoints do not
/// stand there ("Regions and Zones", Amazon EC2 User Guide).
fn is_availability_zone(zone: &str, scene: &Scene<'_>) -> bool {
    let region = scene.region.as_ref();
    let rest = region.and_then(|region| zone.strip_prefix(region.as_str()));
    rest.is_some_and(|letter| matches!(letter.as_bytes(), [b'a'..=b'z']))
}

/// The caller's groups, else its subnet's ranges, else the VPC's.
fn callers(scene: &Scene<'_>) -> Callers {
    /// "Security groups per network interface" (Amazon VPC quotas).
    const MOST: usize = 16;
    let groups = scene.group_ids.iter().flatten();
    let groups: Vec<String> = groups.filter(|id| is_id(id, "sg-")).cloned().collect();
    if !groups.is_empty() {
        return Callers::Groups(groups.into_iter().take(MOST).collect());
    }
    let of_subnet = match scene.facts.host.subnet_cidrs.is_empty() {
        true => scene.subnet().map(|subnet| subnet.cidrs.as_slice()),
        false => Some(scene.facts.host.subnet_cidrs.as_slice()),
    };
    let ranges = of_subnet
        .filter(|cidrs| !cidrs.is_empty())
        .unwrap_or(&scene.vpc_cidrs);
    match ranges.is_empty() {
        true => Callers::Unknown,
        false => Callers::Ranges(ranges.iter().take(MOST).copied().collect()),
    }
}
