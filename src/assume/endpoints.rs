//! Endpoints that are created, deleted, switched.

use std::net::IpAddr;

use crate::catalog::Catalog;
use crate::catalog::Region;
use crate::facts::Facts;
use crate::facts::inventory::{Endpoint, GroupRule, NetworkInterface, PortRange, SecurityGroup};
use crate::symptoms::Scene;

use super::host::has_ipv6_alone;
use super::routes;
use super::stand_ins::free_address;

/// The policy an endpoint has unless another is given (AWS PrivateLink Guide, "Default endpoint policy").
const DEFAULT_POLICY: &str = r#"{"Version":"2008-10-17","Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

/// Switches an endpoint's private DNS.
pub(super) fn private_dns(facts: &mut Facts, id: &str, on: bool) -> Result<(), String> {
    let endpoint = find(facts, id)?.clone();
    if !endpoint.is_interface() {
        return Err(format!(
            "expected an interface endpoint, found {id} of the type {}",
            endpoint.kind
        ));
    }
    let names = match on {
        true => {
            no_conflict(
                facts,
                &endpoint.service_name,
                endpoint.vpc_id.as_deref(),
                id,
            )?;
            private_names(facts, &endpoint.service_name)
        }
        false => Vec::new(),
    };
    let endpoint = find_mut(facts, id)?;
    endpoint.private_dns_enabled = on;
    endpoint
        .dns_names
        .retain(|name| on || name.contains(".vpce."));
    for name in names {
        if !endpoint.dns_names.contains(&name) {
            endpoint.dns_names.push(name);
        }
    }
    Ok(())
}

/// Deletes an endpoint with its interfaces and routes.
pub(super) fn delete(facts: &mut Facts, id: &str) -> Result<(), String> {
    let gone = find(facts, id)?.clone();
    if let Some(endpoints) = facts.inventory.endpoints.seen_mut() {
        endpoints.retain(|endpoint| endpoint.id != id);
    }
    if let Some(interfaces) = facts.inventory.network_interfaces.seen_mut() {
        interfaces.retain(|interface| !gone.interface_ids.contains(&interface.id));
    }
    for table in facts
        .inventory
        .route_tables
        .seen_mut()
        .into_iter()
        .flatten()
    {
        table.routes.retain(|route| route.target != id);
    }
    Ok(())
}

/// Makes an endpoint available: with the interfaces that it lacked until then.
pub(super) fn make_available(facts: &mut Facts, id: &str) -> Result<(), String> {
    let endpoint = find(facts, id)?.clone();
    let missing = endpoint.is_interface() && endpoint.interface_ids.is_empty();
    let made = match missing {
        true => interfaces(facts, id, &endpoint.subnet_ids, &endpoint.group_ids)?,
        false => Vec::new(),
    };
    let names = match endpoint.private_dns_enabled {
        true => private_names(facts, &endpoint.service_name),
        false => Vec::new(),
    };
    let endpoint = find_mut(facts, id)?;
    endpoint.state = "available".to_owned();
    endpoint.last_error = None;
    endpoint.interface_ids.extend(made);
    for name in names {
        if !endpoint.dns_names.contains(&name) {
            endpoint.dns_names.push(name);
        }
    }
    Ok(())
}

/// Replaces an endpoint's policy.
pub(super) fn replace_policy(facts: &mut Facts, id: &str, document: &str) -> Result<(), String> {
    serde_json::from_str::<serde_json::Value>(document)
        .map_err(|error| format!("expected a policy as JSON, found {error}"))?;
    find_mut(facts, id)?.policy = Some(document.to_owned());
    Ok(())
}

/// Creates a service's endpoint, as the fix of a missing one does: a gateway where there is one, else an interface
/// endpoint with the subnets and groups of its best neighbour.
pub(super) fn create(facts: &mut Facts, service: &str) -> Result<(), String> {
    let (name, is_gateway, vpc, model, subnet, ranges) = {
        let scene = Scene::of(facts);
        let entry = Catalog::get().service(service);
        let entry = entry.ok_or_else(|| format!("expected a service, found {service:?}"))?;
        let name = scene.endpoint_service_name(service);
        let name = name.ok_or("expected facts that tell the region, found none")?;
        let answers = |endpoint: &Endpoint| {
            let mut probes = facts.probes.iter().filter(|probe| probe.tcp.is_seen());
            probes.any(|probe| {
                let at = scene.endpoint_at(probe.address);
                at.is_some_and(|(other, _)| other.id == endpoint.id)
            })
        };
        let neighbours = scene.endpoints().unwrap_or_default().iter();
        let model = neighbours
            .filter(|endpoint| endpoint.is_interface() && scene.is_of_this_vpc(endpoint))
            .max_by_key(|endpoint| (answers(endpoint), endpoint.subnet_ids.len()))
            .cloned();
        let (vpc, subnet) = (scene.vpc_id.clone(), scene.subnet_id.clone());
        (
            name,
            entry.has_gateway(),
            vpc,
            model,
            subnet,
            scene.vpc_cidrs.clone(),
        )
    };
    if facts.inventory.endpoints.seen().is_none() {
        return Err("expected facts with the VPC's endpoints, found none".to_owned());
    }
    let id = format!("vpce-assumed-{}", service.replace('.', "-"));
    let mut endpoint = Endpoint {
        id: id.clone(),
        kind: if is_gateway { "Gateway" } else { "Interface" }.to_owned(),
        service_name: name.clone(),
        service_region: None,
        vpc_id: vpc.clone(),
        owner_id: facts.host.account_id.clone(),
        state: "available".to_owned(),
        private_dns_enabled: !is_gateway,
        inbound_resolver_only: None,
        subnet_ids: Vec::new(),
        interface_ids: Vec::new(),
        group_ids: Vec::new(),
        route_table_ids: Vec::new(),
        dns_names: Vec::new(),
        policy: Some(DEFAULT_POLICY.to_owned()),
        last_error: None,
    };
    if is_gateway {
        push(facts, endpoint);
        return routes::add(facts, service);
    }
    no_conflict(facts, &name, vpc.as_deref(), &id)?;
    let subnets = model.as_ref().map(|model| model.subnet_ids.clone());
    let subnets = subnets
        .filter(|ids| !ids.is_empty())
        .or(subnet.map(|id| vec![id]));
    let subnets = subnets.ok_or("expected facts that tell a subnet, found none")?;
    let groups = model
        .map(|model| model.group_ids)
        .filter(|ids| !ids.is_empty());
    let groups = match groups {
        Some(groups) => groups,
        None => vec![new_group(facts, vpc, ranges)],
    };
    endpoint.dns_names = private_names(facts, &name);
    endpoint.interface_ids = interfaces(facts, &id, &subnets, &groups)?;
    (endpoint.subnet_ids, endpoint.group_ids) = (subnets, groups);
    push(facts, endpoint);
    Ok(())
}

/// An endpoint of the recorded list.
pub(super) fn find<'a>(facts: &'a Facts, id: &str) -> Result<&'a Endpoint, String> {
    let endpoints = facts.inventory.endpoints.seen();
    let endpoints = endpoints.ok_or("expected facts with the VPC's endpoints, found none")?;
    endpoints
        .iter()
        .find(|endpoint| endpoint.id == id)
        .ok_or_else(|| {
            let known: Vec<&str> = endpoints.iter().take(20).map(|e| e.id.as_str()).collect();
            format!(
                "expected one of the recorded endpoints ({}), found {id}",
                known.join(", ")
            )
        })
}

fn find_mut<'a>(facts: &'a mut Facts, id: &str) -> Result<&'a mut Endpoint, String> {
    let endpoints = facts.inventory.endpoints.seen_mut().into_iter().flatten();
    let mut endpoints = endpoints.filter(|endpoint| endpoint.id == id);
    endpoints
        .next()
        .ok_or_else(|| format!("expected a recorded endpoint, found {id}"))
}

fn push(facts: &mut Facts, endpoint: Endpoint) {
    if let Some(endpoints) = facts.inventory.endpoints.seen_mut() {
        endpoints.retain(|other| other.id != endpoint.id);
        endpoints.push(endpoint);
    }
}

/// An interface in each of these subnets; their ids.
fn interfaces(
    facts: &mut Facts,
    endpoint: &str,
    subnets: &[String],
    groups: &[String],
) -> Result<Vec<String>, String> {
    let mut ids = Vec::new();
    for (at, subnet_id) in subnets.iter().enumerate() {
        let subnets = facts.inventory.subnets.seen().into_iter().flatten();
        let subnet = subnets.into_iter().find(|subnet| subnet.id == *subnet_id);
        let (ranges, zone, vpc) = match subnet {
            Some(subnet) => {
                let zone = subnet.availability_zone.clone();
                (subnet.cidrs.clone(), zone, subnet.vpc_id.clone())
            }
            None => (
                facts.host.subnet_cidrs.clone(),
                None,
                facts.host.vpc_id.clone(),
            ),
        };
        // As the fix has it: IPv4, and IPv6 besides for a host that has nothing else.
        let v6_too = has_ipv6_alone(&facts.host);
        let families = [true, false].into_iter().filter(|v4| *v4 || v6_too);
        let addresses: Vec<IpAddr> = families
            .filter_map(|v4| {
                let mut of_family = ranges.iter().filter(|range| range.addr().is_ipv4() == v4);
                of_family.find_map(|range| free_address(facts, *range))
            })
            .collect();
        if addresses.is_empty() {
            continue;
        }
        let id = format!("eni-assumed-{}-{at}", endpoint.trim_start_matches("vpce-"));
        let interface = NetworkInterface {
            id: id.clone(),
            subnet_id: Some(subnet_id.clone()),
            vpc_id: vpc,
            availability_zone: zone,
            addresses,
            public_addresses: Vec::new(),
            mac: None,
            group_ids: groups.to_vec(),
            description: Some(format!("VPC Endpoint Interface {endpoint}")),
        };
        if let Some(interfaces) = facts.inventory.network_interfaces.seen_mut() {
            interfaces.push(interface);
            ids.push(id);
        }
    }
    match ids.is_empty() {
        true => Err(
            "expected facts with the subnets' ranges and network interfaces, found none".to_owned(),
        ),
        false => Ok(ids),
    }
}

/// AWS refuses a second endpoint of a service with private DNS in a VPC ("Private DNS for interface endpoints", AWS
/// PrivateLink Guide).
fn no_conflict(facts: &Facts, service: &str, vpc: Option<&str>, id: &str) -> Result<(), String> {
    let endpoints = facts.inventory.endpoints.seen().into_iter().flatten();
    let mut others = endpoints.filter(|other| {
        other.id != id
            && other.service_name == service
            && (vpc.is_none() || other.vpc_id.is_none() || other.vpc_id.as_deref() == vpc)
            && other.is_interface()
            && other.private_dns_enabled
            && other.is_available()
    });
    match others.next() {
        None => Ok(()),
        Some(other) => Err(format!(
            "expected no other endpoint of {service} with private DNS, found {}: AWS refuses a second one",
            other.id
        )),
    }
}

/// A group that lets the VPC in, as the first endpoint of a VPC needs one.
fn new_group(facts: &mut Facts, vpc_id: Option<String>, cidrs: Vec<ipnet::IpNet>) -> String {
    let id = "sg-assumed".to_owned();
    if let Some(groups) = facts.inventory.security_groups.seen_mut() {
        groups.push(SecurityGroup {
            id: id.clone(),
            name: Some("vpc-endpoints".to_owned()),
            vpc_id,
            ingress: vec![GroupRule {
                protocol: "tcp".to_owned(),
                ports: Some(PortRange { from: 443, to: 443 }),
                cidrs,
                group_ids: Vec::new(),
                prefix_list_ids: Vec::new(),
            }],
            egress: Vec::new(),
        });
    }
    id
}

/// The private names that an endpoint of this service covers: as EC2 lists them, else as the catalogue has them.
fn private_names(facts: &Facts, service_name: &str) -> Vec<String> {
    let offered = facts
        .inventory
        .endpoint_services
        .seen()
        .into_iter()
        .flatten();
    let mut offered = offered.filter(|service| service.name == service_name);
    let listed = offered.find(|service| !service.private_dns_names.is_empty());
    if let Some(service) = listed {
        return service.private_dns_names.clone();
    }
    let region = facts.host.region.as_deref().map(Region::parse);
    let Some(Ok(region)) = region else {
        return Vec::new();
    };
    let services = Catalog::get().services().iter();
    let mut services = services.filter(|s| s.matches_service_name(service_name, &region));
    let Some(service) = services.next().filter(|s| s.interface_private_dns()) else {
        return Vec::new();
    };
    let account = facts.host.account_id.as_deref();
    service.hostnames(&region, account, crate::catalog::NameForm::Standard)
}
