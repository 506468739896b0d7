//! The template's parameters: what the facts say is their default, what they do not say has none.

use std::io::{self, Write};

use super::resources::{Named, OWN_SUBNETS};
use super::yaml::quoted;
use crate::catalog::EndpointKind;
use crate::verdict::Remedy;
use crate::verdict::remedy::{Callers, ZoneSubnet};

/// A range of IPv4, and one of IPv6.
const RANGES: [&str; 2] = ["[0-9.]{7,15}/[0-9]{1,2}", "[0-9a-f.:]{2,39}/[0-9]{1,3}"];

/// Writes `Parameters`, and the conditions that hang on them.
pub(super) fn write(remedy: &Remedy, names: &[Named<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nParameters:")?;
    let vpc = remedy.vpc_id.clone();
    parameter("VpcId", "AWS::EC2::VPC::Id", vpc, "The VPC.", out)?;
    let has = |kind| remedy.endpoints.iter().any(|e| e.kind == kind);
    if has(EndpointKind::Interface) {
        interface(remedy, names, out)?;
    }
    if has(EndpointKind::Gateway) {
        parameter(
            "RouteTableIds",
            "CommaDelimitedList",
            remedy.route_table_id.clone(),
            "The route tables that lead to the gateway endpoints: the one of the workload's subnet, and of any other that is to use them.",
            out,
        )?;
    }
    let unsure: Vec<&Named<'_>> = names.iter().filter(|n| !n.endpoint.certain).collect();
    for named in &unsure {
        let about = format!(
            "Whether the endpoint of {} is missing, and to be created.",
            named.endpoint.service
        );
        parameter(&named.create(), "String", None, &about, out)?;
        writeln!(out, "    AllowedValues: [\"yes\", \"no\"]")?;
    }
    if has(EndpointKind::Interface) || !unsure.is_empty() {
        writeln!(out, "\nConditions:")?;
    }
    if has(EndpointKind::Interface) {
        writeln!(
            out,
            "  HasOtherCallers: !Not [!Equals [!Ref OtherCallers, \"\"]]"
        )?;
    }
    for named in unsure {
        writeln!(
            out,
            "  {}: !Equals [!Ref {}, \"yes\"]",
            named.condition(),
            named.create()
        )?;
    }
    Ok(())
}

fn interface(remedy: &Remedy, names: &[Named<'_>], out: &mut dyn Write) -> io::Result<()> {
    let listed = |subnets: &[&ZoneSubnet]| {
        let ids: Vec<&str> = subnets.iter().map(|subnet| subnet.id.as_str()).collect();
        (!ids.is_empty()).then(|| ids.join(","))
    };
    if names.iter().any(|named| named.subnets == OWN_SUBNETS.0) {
        let all: Vec<&ZoneSubnet> = remedy.subnets.iter().collect();
        let about = match (&remedy.own_subnet, all.as_slice()) {
            (_, [_, ..]) => {
                let zones: Vec<&str> = all.iter().map(|subnet| subnet.zone.as_str()).collect();
                format!("One subnet of each zone: {}.", zones.join(", "))
            }
            (Some(own), []) => {
                format!("One subnet of each zone; {own} is the workload's own.")
            }
            (None, []) => "One subnet of each zone.".to_owned(),
        };
        parameter(OWN_SUBNETS.0, OWN_SUBNETS.1, listed(&all), &about, out)?;
    }
    for named in names.iter().filter(|named| named.has_own_subnets()) {
        let about = format!(
            "One subnet of each zone that {} is offered in.",
            named.endpoint.service
        );
        let subnets = remedy.subnets_of(named.endpoint);
        parameter(&named.subnets, OWN_SUBNETS.1, listed(&subnets), &about, out)?;
    }
    match &remedy.callers {
        Callers::Groups(groups) => {
            for (at, group) in groups.iter().enumerate() {
                parameter(
                    &format!("CallerGroup{}", at + 1),
                    "AWS::EC2::SecurityGroup::Id",
                    Some(group.clone()),
                    "A security group of the workload.",
                    out,
                )?;
            }
        }
        Callers::Ranges(ranges) => {
            for (at, range) in ranges.iter().enumerate() {
                let name = format!("CallerRange{}", at + 1);
                let about = "A range of the workload's addresses.";
                parameter(&name, "String", Some(range.to_string()), about, out)?;
                pattern(range.addr().is_ipv6(), false, out)?;
            }
        }
        Callers::Unknown => {
            let about = "The range of the workload's addresses.";
            parameter("CallerRange1", "String", None, about, out)?;
            pattern(remedy.ipv6_only, false, out)?;
        }
    }
    let about = "Who else is to be admitted: a range such as the VPC's, or nobody.";
    parameter("OtherCallers", "String", Some(String::new()), about, out)?;
    pattern(remedy.ipv6_only, true, out)
}

fn pattern(ipv6: bool, may_be_empty: bool, out: &mut dyn Write) -> io::Result<()> {
    let range = RANGES[usize::from(ipv6)];
    let pattern = match may_be_empty {
        true => format!("^({range})?$"),
        false => format!("^{range}$"),
    };
    writeln!(out, "    AllowedPattern: {}", quoted(&pattern))
}

fn parameter(
    name: &str,
    kind: &str,
    default: Option<String>,
    about: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "  {name}:")?;
    writeln!(out, "    Type: {kind}")?;
    if let Some(default) = default {
        writeln!(out, "    Default: {}", quoted(&default))?;
    }
    writeln!(out, "    Description: {}", quoted(about))
}
