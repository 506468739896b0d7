//! Route 53: private zones and their records, resolver rules.

use serde_json::{Value, json};

use super::Setting;
use super::aws::nothing;
use super::call::Call;

/// The answer of a call.
pub fn call(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    match call.operation.as_str() {
        "list-hosted-zones-by-vpc" => {
            if call.must("--vpc-region")? != setting.world.region {
                return Err("the VPC is in another region".into());
            }
            let zones: Vec<Value> = setting
                .world
                .dns
                .private_zones
                .keys()
                .map(|name| {
                    json!({
                        "HostedZoneId": id(name),
                        "Name": format!("{name}."),
                        "Owner": {"OwningAccount": setting.world.account_id},
                    })
                })
                .collect();
            Ok(json!({ "HostedZoneSummaries": zones }))
        }
        "change-resource-record-sets" => change(setting, call),
        "disassociate-vpc-from-hosted-zone" => {
            let wanted = call.must("--hosted-zone-id")?;
            let vpc = call.structure("--vpc")?;
            if vpc["VPCId"] != setting.world.own_vpc()
                || vpc["VPCRegion"] != setting.world.region.as_str()
            {
                return Err("that is another VPC".into());
            }
            let zones = &mut setting.world.dns.private_zones;
            let before = zones.len();
            zones.retain(|name, _| id(name) != wanted);
            if zones.len() == before {
                return Err(format!("there is no zone {wanted}"));
            }
            setting.changed();
            Ok(nothing())
        }
        "list-resolver-rules" => {
            let filters = call.filters()?;
            let rules: Vec<Value> = setting
                .world
                .dns
                .rules
                .iter()
                .filter(|(domain, target)| {
                    filters.iter().all(|(name, values)| match name.as_str() {
                        "DomainName" => values.contains(&format!("{domain}.")),
                        "Type" => values
                            .iter()
                            .any(|kind| (kind == "SYSTEM") == (*target == SYSTEM)),
                        _ => false,
                    })
                })
                .map(|(domain, _)| json!({"Id": rule_id(domain)}))
                .collect();
            Ok(json!({ "ResolverRules": rules }))
        }
        "disassociate-resolver-rule" => {
            let wanted = call.must("--resolver-rule-id")?;
            let rules = &mut setting.world.dns.rules;
            let before = rules.len();
            rules.retain(|domain, _| rule_id(domain) != wanted);
            if rules.len() == before {
                return Err(format!("there is no rule {wanted}"));
            }
            setting.changed();
            Ok(nothing())
        }
        "create-resolver-rule" => {
            if call.must("--rule-type")? != "SYSTEM" {
                return Err("only SYSTEM rules need no targets".into());
            }
            let domain = call.must("--domain-name")?.trim_end_matches('.').to_owned();
            let id = format!("{}-system", rule_id(&domain));
            setting.resolver_rules.insert(id.clone(), domain);
            Ok(json!({"ResolverRule": {"Id": id}}))
        }
        "associate-resolver-rule" => {
            let id = call.must("--resolver-rule-id")?;
            let domain = setting
                .resolver_rules
                .get(id)
                .ok_or("there is no such rule")?;
            if call.must("--vpc-id")? != setting.world.own_vpc() {
                return Err("that is another VPC".into());
            }
            // A SYSTEM rule leaves a name to the VPC's resolver; two rules of one domain cannot be in one VPC.
            if setting.world.dns.rules.contains_key(domain) {
                return Err(format!("a rule for {domain} is associated already"));
            }
            setting
                .world
                .dns
                .rules
                .insert(domain.clone(), SYSTEM.into());
            setting.changed();
            Ok(nothing())
        }
        _ => Ok(nothing()),
    }
}

/// What a rule says that takes a name nowhere else.
const SYSTEM: &str = "system";

fn rule_id(domain: &str) -> String {
    format!("rslvr-rr-{:016x}", crate::lab::world::number(domain))
}

fn id(zone: &str) -> String {
    format!("Z{:016X}", crate::lab::world::number(zone))
}

fn change(setting: &mut Setting, call: &Call) -> Result<Value, String> {
    let wanted = call.must("--hosted-zone-id")?;
    let zones: Vec<String> = setting.world.dns.private_zones.keys().cloned().collect();
    let zone = zones
        .into_iter()
        .find(|name| id(name) == wanted)
        .ok_or_else(|| format!("there is no zone {wanted}"))?;
    let batch = call.structure("--change-batch")?;
    let changes = batch["Changes"].as_array().cloned().unwrap_or_default();
    if changes.is_empty() {
        return Err("nothing is to be changed".into());
    }
    for change in changes {
        let set = &change["ResourceRecordSet"];
        let name = set["Name"].as_str().ok_or("a record without a name")?;
        let name = name.trim_end_matches('.').to_owned();
        if name != zone && !name.ends_with(&format!(".{zone}")) {
            return Err(format!("{name} is not in {zone}"));
        }
        let kind = set["Type"].as_str().ok_or("a record without a type")?;
        if change["Action"] != "UPSERT" || !["A", "AAAA", "CNAME"].contains(&kind) {
            return Err(format!("{change} is not understood"));
        }
        let alias = &set["AliasTarget"];
        let values: Vec<String> = match alias.is_object() {
            true => {
                if alias["EvaluateTargetHealth"] != "false" {
                    return Err("EvaluateTargetHealth is missing".into());
                }
                let target = alias["DNSName"]
                    .as_str()
                    .ok_or("an alias without a target")?;
                let known = setting
                    .world
                    .endpoints
                    .values()
                    .flat_map(|endpoint| setting.world.dns_entries(endpoint));
                let hosted = alias["HostedZoneId"].as_str().unwrap_or("");
                if !known
                    .into_iter()
                    .any(|(name, zone)| name == target && zone == hosted)
                {
                    return Err(format!("{target} in {hosted} is no endpoint's name"));
                }
                vec![target.to_owned()]
            }
            false => {
                if !set["TTL"].is_u64() {
                    return Err("a record without a TTL".into());
                }
                let records = set["ResourceRecords"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                records
                    .iter()
                    .filter_map(|record| record["Value"].as_str().map(str::to_owned))
                    .collect()
            }
        };
        let zone = setting
            .world
            .dns
            .private_zones
            .entry(zone.clone())
            .or_default();
        // An alias to a name stands for both families here.
        if kind == "AAAA"
            && alias.is_object()
            && zone.records.get(&name).is_some_and(|v| *v == values)
        {
            continue;
        }
        zone.records.insert(name, values);
    }
    setting.changed();
    Ok(nothing())
}
