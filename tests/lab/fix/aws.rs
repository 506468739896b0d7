//! The AWS CLI: which commands there are, which options they take, and whom they concern.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::Call;
use super::{Setting, ec2, endpoints, permissions, route53};
use crate::lab::world::World;

/// Runs `aws …`; what it prints.
pub fn run(setting: &mut Setting, arguments: &[String]) -> Result<String, String> {
    let call = Call::read(arguments)?;
    for (option, values) in &call.options {
        if ["--policy-document", "--attributes", "--query"].contains(&option.as_str()) {
            continue;
        }
        for value in values {
            check_ids(setting, value)?;
        }
    }
    if let Some(region) = call.one("--region")
        && region != setting.world.region
    {
        return Err(format!(
            "the world is in {}, not in {region}",
            setting.world.region
        ));
    }
    let global = ["iam", "route53"].contains(&call.service.as_str());
    if !global && call.one("--region").is_none() {
        return Err("--region is missing".into());
    }
    let answer = match call.service.as_str() {
        "ec2" => match endpoints::call(setting, &call)? {
            Some(answer) => answer,
            None => ec2::call(setting, &call)?,
        },
        "route53" | "route53resolver" => route53::call(setting, &call)?,
        _ => permissions::call(setting, &call)?,
    };
    match (call.one("--query"), call.one("--output")) {
        (Some(query), Some("text")) => Ok(text(&select(&answer, query)?)),
        (Some(_), _) => Err("--query without --output text".into()),
        (None, _) => Ok(answer.to_string()),
    }
}

/// As much of JMESPath as the commands use; an index of none is null.
fn select(answer: &Value, query: &str) -> Result<Value, String> {
    // The zone with the longest name that covers a name and is an account's own.
    if let Some(rest) =
        query.strip_prefix("sort_by(HostedZoneSummaries[?Owner.OwningAccount && ends_with('.")
    {
        let name = rest
            .strip_suffix("', join('', ['.', Name]))], &length(Name))[-1].HostedZoneId")
            .ok_or("the query is not one that the lab knows")?;
        let zones = answer["HostedZoneSummaries"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let name = format!(".{name}");
        let best = zones
            .iter()
            .filter(|zone| zone["Owner"]["OwningAccount"].is_string())
            .filter(|zone| name.ends_with(&format!(".{}", zone["Name"].as_str().unwrap_or("?"))))
            .max_by_key(|zone| zone["Name"].as_str().map(str::len));
        return Ok(best.map_or(Value::Null, |zone| zone["HostedZoneId"].clone()));
    }
    if let Some(rest) = query.strip_prefix("HostedZoneSummaries[?Name=='") {
        let name = rest
            .strip_suffix("'].HostedZoneId")
            .ok_or("the query is not one that the lab knows")?;
        let zones = answer["HostedZoneSummaries"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        return Ok(zones
            .iter()
            .filter(|zone| zone["Name"] == name)
            .map(|zone| zone["HostedZoneId"].clone())
            .collect());
    }
    let mut value = answer.clone();
    for step in query.split('.') {
        let (key, index) = match step.split_once('[') {
            Some((key, index)) => (key, Some(index.trim_end_matches(']'))),
            None => (step, None),
        };
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(format!("the query {query} is not one that the lab knows"));
        }
        value = match value {
            Value::Array(items) => items.iter().map(|item| item[key].clone()).collect(),
            other => other[key].clone(),
        };
        match index {
            None | Some("") => {}
            Some(index) => {
                let index: usize = index.parse().map_err(|_| format!("{query}: {index}?"))?;
                value = value[index].clone();
            }
        }
    }
    Ok(value)
}

/// `--output text`: nothing is `None`, lists are joined by tabs.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("\t"),
        other => other.to_string(),
    }
}

/// Every id in a value has to be one of the world.
fn check_ids(setting: &Setting, value: &str) -> Result<(), String> {
    let mut known = ids(&setting.world);
    known.extend(setting.gone.iter().cloned());
    let words = value.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    for word in words {
        let Some((kind, rest)) = word.split_once('-') else {
            continue;
        };
        let is_id =
            KINDS.contains(&kind) && rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_hexdigit());
        if is_id && !known.contains(word) {
            return Err(format!("{word} is nowhere in this world"));
        }
    }
    Ok(())
}

const KINDS: [&str; 14] = [
    "vpc", "subnet", "sg", "rtb", "acl", "vpce", "eni", "i", "tgw", "pcx", "nat", "igw", "dopt",
    "pl",
];

fn ids(world: &World) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    all.extend(world.vpcs.keys().cloned());
    all.extend(world.vpcs.values().map(|vpc| vpc.dhcp_options_id.clone()));
    all.extend(world.subnets.keys().cloned());
    all.extend(world.security_groups.keys().cloned());
    all.extend(world.network_acls.keys().cloned());
    all.extend(world.route_tables.keys().cloned());
    all.extend(world.prefix_lists.keys().cloned());
    for endpoint in world.endpoints.values() {
        all.insert(endpoint.id.clone());
        all.extend(endpoint.interfaces.iter().map(|i| i.id.clone()));
    }
    for table in world.route_tables.values() {
        all.extend(table.routes.iter().map(|route| route.target.clone()));
    }
    all.extend([
        world.host.interface_id.clone(),
        world.host.instance_id.clone(),
        ec2::transit_gateway(world),
    ]);
    all
}

/// An answer of no content.
pub fn nothing() -> Value {
    json!({})
}
