//! Endpoints: made, changed, accepted, deleted, and what time does to them.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::Setting;
use super::call::{Call, structure};
use crate::lab::world::{Endpoint, EndpointInterface, EndpointKind, World, number};

/// The answer of a call about endpoints; none: it is about something else.
pub fn call(setting: &mut Setting, call: &Call) -> Result<Option<Value>, String> {
    let answer = match call.operation.as_str() {
        "accept-vpc-endpoint-connections" => {
            let id = call.must("--vpc-endpoint-ids")?.to_owned();
            let endpoint = find(setting, &id)?;
            if service_id(endpoint) != call.must("--service-id")? {
                return Err(format!("{id} is no endpoint of that service"));
            }
            if !endpoint.state.eq_ignore_ascii_case("pendingAcceptance") {
                return Err(format!("{id} does not wait for acceptance"));
            }
            endpoint.state = "pending".into();
            time_passes(setting);
            setting.changed();
            json!({})
        }
        "create-vpc-endpoint" => create(setting, call)?,
        "delete-vpc-endpoints" => {
            for id in call.many("--vpc-endpoint-ids") {
                find(setting, id)?.state = "deleting".into();
            }
            setting.changed();
            json!({"Unsuccessful": []})
        }
        "describe-vpc-endpoint-services" => {
            let names = call.many("--service-names");
            let details: Vec<Value> = setting
                .world
                .endpoints
                .values()
                .filter(|endpoint| names.contains(&endpoint.service_name))
                .map(|endpoint| json!({"ServiceName": endpoint.service_name, "ServiceId": service_id(endpoint)}))
                .collect();
            json!({"ServiceDetails": details})
        }
        "describe-vpc-endpoints" => describe(setting, call)?,
        "modify-vpc-endpoint" => modify(setting, call)?,
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// What is pending becomes available, and what is being deleted is gone.
pub fn time_passes(setting: &mut Setting) {
    let endpoints = &mut setting.world.endpoints;
    let before = endpoints.len();
    let going = endpoints.values().filter(|e| e.state == "deleting");
    setting.gone.extend(going.map(|e| e.id.clone()));
    endpoints.retain(|_, endpoint| endpoint.state != "deleting");
    let mut changed = endpoints.len() != before;
    for endpoint in endpoints.values_mut() {
        if endpoint.state == "pending" {
            endpoint.state = "available".into();
            changed = true;
        }
    }
    if changed {
        setting.changed();
    }
}

fn find<'a>(setting: &'a mut Setting, id: &str) -> Result<&'a mut Endpoint, String> {
    setting
        .world
        .endpoints
        .values_mut()
        .find(|endpoint| endpoint.id == id)
        .ok_or_else(|| format!("there is no endpoint {id}"))
}

fn service_id(endpoint: &Endpoint) -> String {
    format!("vpce-svc-0{:016x}", number(&endpoint.service_name))
}

fn create(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    let vpc = call.must("--vpc-id")?.to_owned();
    let service_name = call.must("--service-name")?.to_owned();
    let world = &setting.world;
    let prefix = format!("com.amazonaws.{}.", world.region);
    let service = service_name
        .trim_start_matches("cn.")
        .strip_prefix(&prefix)
        .ok_or_else(|| format!("{service_name} is no service of this region"))?
        .to_owned();
    let mut endpoint = Endpoint {
        id: format!("vpce-0{:016x}", number(&format!("{service_name} anew"))),
        service,
        service_name: service_name.clone(),
        vpc: vpc.clone(),
        groups: call.many("--security-group-ids").to_vec(),
        policy: call.one("--policy-document").map(str::to_owned),
        private_dns: call.has("--private-dns-enabled"),
        ..Endpoint::default()
    };
    match call.one("--vpc-endpoint-type") {
        Some("Gateway") => {
            if !["s3", "dynamodb"].contains(&endpoint.service.as_str()) {
                return Err(format!("{service_name} has no gateway endpoints"));
            }
            if call.has("--subnet-ids") || call.has("--security-group-ids") || endpoint.private_dns
            {
                return Err("a gateway endpoint has route tables alone".into());
            }
            endpoint.kind = EndpointKind::Gateway;
            endpoint.dns_record_ip_type = "service-defined".into();
            endpoint.route_tables = call.many("--route-table-ids").to_vec();
            if endpoint.route_tables.is_empty() {
                return Err("without a route table it does nothing".into());
            }
        }
        Some("Interface") => {
            for subnet in call.many("--subnet-ids") {
                let interface = interface(world, &vpc, subnet, &endpoint)?;
                endpoint.interfaces.push(interface);
            }
            if endpoint.interfaces.is_empty() || endpoint.groups.is_empty() {
                return Err("an interface endpoint has subnets and groups".into());
            }
            if let Some(wrong) = endpoint
                .groups
                .iter()
                .find(|id| world.security_groups[id.as_str()].vpc != vpc)
            {
                return Err(format!("{wrong} is of another VPC"));
            }
            conflict(world, &endpoint)?;
            if let Some(kind) = call.one("--ip-address-type") {
                let options = call.structure("--dns-options")?;
                if kind != "dualstack" || options["DnsRecordIpType"] != "dualstack" {
                    return Err("the lab makes dual-stack endpoints of IPv4 ones only".into());
                }
                endpoint.dns_record_ip_type = "dualstack".into();
                for interface in &mut endpoint.interfaces {
                    let Some(IpNet::V6(range)) = world.subnets[&interface.subnet].ipv6_cidr else {
                        return Err(format!("{} has no IPv6 range", interface.subnet));
                    };
                    let bits = u128::from(range.network())
                        + 0x150
                        + u128::from(number(&service_name) % 4096);
                    interface.ipv6 = Some(IpAddr::V6(bits.into()));
                }
            }
        }
        other => return Err(format!("an endpoint of type {other:?}")),
    }
    let id = endpoint.id.clone();
    setting
        .world
        .endpoints
        .insert(format!("{service_name} anew"), endpoint);
    setting.changed();
    Ok(json!({"VpcEndpoint": {"VpcEndpointId": id}}))
}

/// Private names can be those of one endpoint of a VPC only, and not of a zone of the account's own.
fn conflict(world: &World, endpoint: &Endpoint) -> Result<(), String> {
    let names = world.private_names(endpoint);
    let other = world.endpoints.values().find(|other| {
        other.id != endpoint.id
            && other.vpc == endpoint.vpc
            && world
                .private_names(other)
                .iter()
                .any(|name| names.contains(name))
    });
    if let Some(other) = other {
        return Err(format!("{} has these private names already", other.id));
    }
    let zone = world
        .dns
        .private_zones
        .keys()
        .find(|zone| names.contains(zone));
    match zone {
        Some(zone) => Err(format!("the private zone {zone} has that name already")),
        None => Ok(()),
    }
}

fn interface(
    world: &World,
    vpc: &str,
    subnet: &str,
    endpoint: &Endpoint,
) -> Result<EndpointInterface, String> {
    let place = &world.subnets[subnet];
    if place.vpc != vpc {
        return Err(format!("{subnet} is of another VPC"));
    }
    let zone_taken = endpoint.interfaces.iter().any(|other| {
        world
            .subnets
            .get(&other.subnet)
            .is_some_and(|s| s.zone == place.zone)
    });
    if zone_taken {
        return Err(format!(
            "the endpoint has a subnet in {} already",
            place.zone
        ));
    }
    let Some(IpNet::V4(range)) = place.cidr else {
        return Err(format!("{subnet} has no IPv4 range"));
    };
    let used = |address: IpAddr| {
        world.endpoint_at(address).is_some()
            || world.host.addresses.contains(&address)
            || world.addresses.contains_key(&address.to_string())
            || endpoint.interfaces.iter().any(|i| i.address == address)
    };
    let first = u32::from(range.network()) + 150;
    let address = (first..u32::from(range.broadcast()))
        .map(|bits| IpAddr::V4(Ipv4Addr::from(bits)))
        .find(|address| !used(*address))
        .ok_or_else(|| format!("{subnet} is full"))?;
    Ok(EndpointInterface {
        id: format!(
            "eni-0{:016x}",
            number(&format!("{} {address}", endpoint.id))
        ),
        address,
        subnet: subnet.to_owned(),
        ..EndpointInterface::default()
    })
}

fn describe(setting: &Setting, call: &Call) -> Result<Value, String> {
    let world = &setting.world;
    let ids = call.many("--vpc-endpoint-ids");
    let filters = call.filters()?;
    let matches = |endpoint: &Endpoint| -> Result<bool, String> {
        for (name, values) in &filters {
            let value = match name.as_str() {
                "vpc-id" => &endpoint.vpc,
                "vpc-endpoint-id" => &endpoint.id,
                "service-name" => &endpoint.service_name,
                "vpc-endpoint-state" => &endpoint.state,
                other => return Err(format!("describe-vpc-endpoints has no filter {other}")),
            };
            if !values.contains(value) {
                return Ok(false);
            }
        }
        Ok(ids.is_empty() || ids.contains(&endpoint.id))
    };
    let mut found = Vec::new();
    for endpoint in world.endpoints.values() {
        if matches(endpoint)? {
            let entries: Vec<Value> = world
                .dns_entries(endpoint)
                .into_iter()
                .map(|(name, zone)| json!({"DnsName": name, "HostedZoneId": zone}))
                .collect();
            found.push(json!({
                "VpcEndpointId": endpoint.id,
                "State": endpoint.state,
                "PolicyDocument": endpoint.policy,
                "DnsEntries": entries,
            }));
        }
    }
    Ok(json!({ "VpcEndpoints": found }))
}

fn modify(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    let id = call.must("--vpc-endpoint-id")?;
    let mut endpoint = find(setting, id)?.clone();
    if endpoint.state != "available" {
        return Err(format!(
            "{id} is {}, and cannot be modified",
            endpoint.state
        ));
    }
    let gateway = endpoint.kind == EndpointKind::Gateway;
    for table in call.many("--add-route-table-ids") {
        if !gateway || endpoint.route_tables.contains(table) {
            return Err(format!("{table} cannot be added to {id}"));
        }
        endpoint.route_tables.push(table.clone());
    }
    for subnet in call.many("--remove-subnet-ids") {
        let before = endpoint.interfaces.len();
        endpoint.interfaces.retain(|i| i.subnet != *subnet);
        if endpoint.interfaces.len() == before || endpoint.interfaces.is_empty() {
            return Err(format!("{subnet} cannot be taken from {id}"));
        }
    }
    for subnet in call.many("--add-subnet-ids") {
        let interface = interface(&setting.world, &endpoint.vpc, subnet, &endpoint)?;
        endpoint.interfaces.push(interface);
    }
    if call.has("--private-dns-enabled") {
        if gateway {
            return Err(format!("{id} is a gateway endpoint"));
        }
        endpoint.private_dns = true;
        conflict(&setting.world, &endpoint)?;
    }
    if let Some(document) = call.one("--policy-document") {
        structure(document)?;
        endpoint.policy = Some(document.to_owned());
    }
    *find(setting, id)? = endpoint;
    setting.changed();
    Ok(json!({"Return": true}))
}
