//! The rest of EC2: groups, ACLs, routes, VPC attributes, DHCP options, instances.

use serde_json::{Value, json};

use super::Setting;
use super::aws::nothing;
use super::call::{Call, structure};
use crate::lab::world::{AclEntry, GroupRule, Route, SecurityGroup, World, number};

/// The answer of a call.
pub fn call(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    match call.operation.as_str() {
        "authorize-security-group-egress" | "authorize-security-group-ingress" => {
            authorize(setting, call)
        }
        "create-security-group" => {
            let name = call.must("--group-name")?.to_owned();
            let id = format!("sg-0{:016x}", number(&name));
            let group = SecurityGroup {
                name,
                vpc: call.must("--vpc-id")?.to_owned(),
                ..SecurityGroup::default()
            };
            setting.world.security_groups.insert(id.clone(), group);
            Ok(json!({ "GroupId": id }))
        }
        "create-network-acl-entry" => create_entry(setting, call),
        "delete-network-acl-entry" => {
            let number: u16 = parsed(call.must("--rule-number")?)?;
            let egress = direction(call)?;
            let acl = acl(&mut setting.world, call)?;
            let before = acl.len();
            acl.retain(|entry| entry.number != number || entry.egress != egress);
            match acl.len() == before {
                true => Err(format!("there is no entry {number}")),
                false => changed(setting),
            }
        }
        "create-route" | "replace-route" | "delete-route" => route(setting, call),
        "create-transit-gateway-vpc-attachment" => {
            let gateway = call.must("--transit-gateway-id")?;
            for table in setting.world.route_tables.values_mut() {
                for route in table.routes.iter_mut().filter(|r| r.target == gateway) {
                    route.blackhole = false;
                }
            }
            changed(setting)
        }
        "describe-transit-gateway-vpc-attachments" => {
            let hub = setting.world.vpcs.len() > 1;
            let attachments = match hub {
                true => json!([{"TransitGatewayId": transit_gateway(&setting.world)}]),
                false => json!([]),
            };
            Ok(json!({ "TransitGatewayVpcAttachments": attachments }))
        }
        "describe-route-tables" => {
            let tables: Vec<Value> = setting
                .world
                .route_tables
                .iter()
                .filter(|(_, table)| {
                    call.filters().is_ok_and(|filters| {
                        filters
                            .iter()
                            .all(|(name, values)| name == "vpc-id" && values.contains(&table.vpc))
                    })
                })
                .map(|(id, _)| json!({"RouteTableId": id}))
                .collect();
            Ok(json!({ "RouteTables": tables }))
        }
        "describe-instances" => {
            let [(name, values)] = &call.filters()?[..] else {
                return Err("describe-instances without a filter".into());
            };
            if name != "network-interface.addresses.private-ip-address" {
                return Err(format!("describe-instances by {name}"));
            }
            let host = &setting.world.host;
            let ours = host
                .addresses
                .iter()
                .any(|a| values.contains(&a.to_string()));
            let reservations = match ours {
                true => json!([{"Instances": [{"InstanceId": host.instance_id}]}]),
                false => json!([]),
            };
            Ok(json!({ "Reservations": reservations }))
        }
        "modify-instance-metadata-options" => {
            let world = &mut setting.world;
            if call.must("--instance-id")? != world.host.instance_id {
                return Err("that is not this instance".into());
            }
            let limit: u8 = parsed(call.must("--http-put-response-hop-limit")?)?;
            if limit >= 2 && world.metadata.imds == "token-timeout" {
                world.metadata.imds = "on".into();
            }
            changed(setting)
        }
        "modify-network-interface-attribute" => {
            let host = &mut setting.world.host;
            if call.must("--network-interface-id")? == host.interface_id
                && call.has("--no-associate-public-ip-address")
            {
                host.public_address = None;
            }
            changed(setting)
        }
        "modify-vpc-attribute" => {
            let both = ["--enable-dns-support", "--enable-dns-hostnames"];
            let [option] = both.into_iter().filter(|o| call.has(o)).collect::<Vec<_>>()[..] else {
                return Err("one attribute at a time".into());
            };
            let value = call.structure(option)?["Value"].as_bool();
            let value = value.ok_or("the attribute has no Value")?;
            let vpc = setting.world.vpcs.get_mut(call.must("--vpc-id")?);
            let vpc = vpc.ok_or("there is no such VPC")?;
            match option {
                "--enable-dns-support" => vpc.dns_support = value,
                _ if value && !vpc.dns_support => {
                    return Err("enableDnsHostnames needs enableDnsSupport".into());
                }
                _ => vpc.dns_hostnames = value,
            }
            changed(setting)
        }
        "create-dhcp-options" => {
            let options = structure(call.must("--dhcp-configurations")?)?;
            let servers = match (&options["Key"], &options["Values"]) {
                (Value::String(key), Value::String(server)) if key == "domain-name-servers" => {
                    vec![server.clone()]
                }
                _ => return Err("options of no name server".into()),
            };
            let id = format!("dopt-0{:016x}", number(&servers.join(",")));
            setting.dhcp_options.insert(id.clone(), servers);
            Ok(json!({"DhcpOptions": {"DhcpOptionsId": id}}))
        }
        "associate-dhcp-options" => {
            let id = call.must("--dhcp-options-id")?;
            let servers = setting.dhcp_options.get(id).cloned();
            let vpc = setting.world.vpcs.get_mut(call.must("--vpc-id")?);
            let vpc = vpc.ok_or("there is no such VPC")?;
            vpc.dhcp_options_id = id.to_owned();
            vpc.domain_name_servers = servers.ok_or("there are no such options")?;
            // The host has them at its next lease; `/etc/resolv.conf` has what it has until then.
            changed(setting)
        }
        _ => Ok(nothing()),
    }
}

/// The transit gateway that the VPCs of this world are attached to.
pub fn transit_gateway(world: &World) -> String {
    let targets = world.route_tables.values().flat_map(|t| &t.routes);
    let known = targets
        .map(|route| &route.target)
        .find(|t| t.starts_with("tgw-"));
    known
        .cloned()
        .unwrap_or_else(|| "tgw-0a0000000000000aa".into())
}

fn changed(setting: &mut Setting) -> Result<Value, String> {
    setting.changed();
    Ok(json!({"Return": true}))
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no such value"))
}

fn authorize(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    let mut rules = Vec::new();
    if call.has("--protocol") {
        let port: u16 = parsed(call.must("--port")?)?;
        let mut rule = GroupRule {
            protocol: call.must("--protocol")?.to_owned(),
            from: port,
            to: port,
            ..GroupRule::default()
        };
        match (call.one("--cidr"), call.one("--source-group")) {
            (Some(cidr), None) if !cidr.contains(':') => rule.cidrs = vec![parsed(cidr)?],
            (None, Some(group)) => rule.groups = vec![group.to_owned()],
            _ => return Err("one of --cidr (IPv4) and --source-group".into()),
        }
        rules.push(rule);
    }
    for permission in call.many("--ip-permissions") {
        let permission = structure(permission)?;
        let port = |key: &str| -> Result<u16, String> {
            match &permission[key] {
                Value::String(text) => parsed(text),
                other => parsed(&other.to_string()),
            }
        };
        let all = |list: &str, key: &str| -> Result<Vec<String>, String> {
            let items = permission[list].as_array().cloned().unwrap_or_default();
            let values = items
                .iter()
                .map(|item| item[key].as_str().map(str::to_owned));
            values
                .collect::<Option<_>>()
                .ok_or_else(|| format!("{list} without {key}"))
        };
        let mut cidrs = Vec::new();
        for (list, key, v6) in [
            ("IpRanges", "CidrIp", false),
            ("Ipv6Ranges", "CidrIpv6", true),
        ] {
            for cidr in all(list, key)? {
                if cidr.contains(':') != v6 {
                    return Err(format!("{cidr} in {list}"));
                }
                cidrs.push(parsed(&cidr)?);
            }
        }
        rules.push(GroupRule {
            protocol: permission["IpProtocol"]
                .as_str()
                .ok_or("no IpProtocol")?
                .to_owned(),
            from: port("FromPort")?,
            to: port("ToPort")?,
            cidrs,
            groups: all("UserIdGroupPairs", "GroupId")?,
            prefix_lists: all("PrefixListIds", "PrefixListId")?,
        });
    }
    if rules.is_empty() {
        return Err("nothing is authorized".into());
    }
    let group = setting
        .world
        .security_groups
        .get_mut(call.must("--group-id")?);
    let group = group.ok_or("there is no such group")?;
    match call.operation.ends_with("egress") {
        true => group.egress.extend(rules),
        false => group.ingress.extend(rules),
    }
    changed(setting)
}

fn acl<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Vec<AclEntry>, String> {
    let acl = world.network_acls.get_mut(call.must("--network-acl-id")?);
    Ok(&mut acl.ok_or("there is no such ACL")?.entries)
}

fn direction(call: &Call) -> Result<bool, String> {
    match (call.has("--egress"), call.has("--ingress")) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        _ => Err("one of --egress and --ingress".into()),
    }
}

fn create_entry(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    let ports = structure(call.must("--port-range")?)?;
    let port = |key: &str| parsed(ports[key].as_str().unwrap_or(""));
    let cidr = match (call.one("--cidr-block"), call.one("--ipv6-cidr-block")) {
        (Some(cidr), None) if !cidr.contains(':') => cidr,
        (None, Some(cidr)) if cidr.contains(':') => cidr,
        _ => return Err("one of --cidr-block and --ipv6-cidr-block".into()),
    };
    let entry = AclEntry {
        number: parsed(call.must("--rule-number")?)?,
        egress: direction(call)?,
        protocol: match call.must("--protocol")? {
            "tcp" | "6" => "6".into(),
            other => return Err(format!("the protocol {other}")),
        },
        allow: match call.must("--rule-action")? {
            "allow" => true,
            "deny" => false,
            other => return Err(format!("the action {other}")),
        },
        cidr: parsed(cidr)?,
        from: port("From")?,
        to: port("To")?,
    };
    if !(1..=32766).contains(&entry.number) {
        return Err(format!("a rule cannot have the number {}", entry.number));
    }
    let entries = acl(&mut setting.world, call)?;
    if entries
        .iter()
        .any(|e| e.number == entry.number && e.egress == entry.egress)
    {
        return Err(format!("there is a rule {} already", entry.number));
    }
    entries.push(entry);
    changed(setting)
}

fn route(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    let destination = call
        .one("--destination-cidr-block")
        .or(call.one("--destination-ipv6-cidr-block"))
        .ok_or("a route without a destination")?
        .to_owned();
    let v6 = call.has("--destination-ipv6-cidr-block");
    if destination.contains(':') != v6 || destination.parse::<ipnet::IpNet>().is_err() {
        return Err(format!("{destination} is no such destination"));
    }
    let table = setting
        .world
        .route_tables
        .get_mut(call.must("--route-table-id")?);
    let table = table.ok_or("there is no such table")?;
    let before = table.routes.len();
    let existed = {
        table
            .routes
            .retain(|route| route.destination != destination);
        table.routes.len() != before
    };
    match call.operation.as_str() {
        "create-route" if existed => {
            return Err(format!("there is a route to {destination} already"));
        }
        "delete-route" | "replace-route" if !existed => {
            return Err(format!("there is no route to {destination}"));
        }
        "delete-route" => {}
        _ => table.routes.push(Route {
            destination,
            target: call.must("--transit-gateway-id")?.to_owned(),
            blackhole: false,
        }),
    }
    changed(setting)
}
