//! The commands that put another resolver in place of one that is wrong or dead.

use std::net::IpAddr;

use crate::facts::{EnvironmentKind, ServerRole};
use crate::rules::cause::region_flag;
use crate::symptoms::Scene;

/// The commands that put `by` in place of a resolver of this host, or take it out where another one is left.
///
/// None where the host's files are not to be edited: a pod's resolver is its cluster's, and knows names that no other does.
pub(super) fn commands(scene: &Scene<'_>, server: IpAddr, by: Option<IpAddr>) -> Vec<String> {
    let host = &scene.facts.host;
    if host.kind == EnvironmentKind::Eks || !host.resolvers.contains(&server) {
        return Vec::new();
    }
    let line = format!(
        "nameserver[[:space:]]+{}[[:space:]]*$",
        server.to_string().replace('.', "\\.")
    );
    let mut commands = vec![match by {
        Some(by) => format!("sudo sed -i -E 's/^{line}/nameserver {by}/' /etc/resolv.conf"),
        None => format!("sudo sed -i -E '/^{line}/d' /etc/resolv.conf"),
    }];
    commands.extend(dhcp(scene, server));
    commands
}

/// Whether a resolver is the VPC's own, under any of its addresses (Amazon VPC User Guide, "Amazon DNS server").
pub(super) fn is_vpc_resolver(scene: &Scene<'_>, server: IpAddr) -> bool {
    let mut asked = scene
        .facts
        .names
        .iter()
        .flat_map(|name| name.by_role(ServerRole::Vpc));
    let base = scene.vpc_cidrs.first().map(|cidr| cidr.network());
    let plus_two = match base {
        Some(IpAddr::V4(base)) => Some(IpAddr::V4(u32::from(base).saturating_add(2).into())),
        _ => None,
    };
    server == IpAddr::from([169, 254, 169, 253])
        || server == IpAddr::from([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253])
        || plus_two == Some(server)
        || asked.any(|lookup| lookup.server.ip() == server)
}

/// The VPC's DHCP options put the server into every host's configuration: they are changed as well.
fn dhcp(scene: &Scene<'_>, server: IpAddr) -> Option<String> {
    let inventory = scene.inventory()?;
    let vpc = scene.vpc_id.as_deref()?;
    let own = inventory.vpcs.seen()?.iter().find(|own| own.id == vpc)?;
    let options = inventory.dhcp_options.seen()?;
    let in_force = options
        .iter()
        .find(|options| Some(&options.id) == own.dhcp_options_id.as_ref())?;
    let server = server.to_string();
    let names_it = in_force.domain_name_servers.contains(&server);
    let region = region_flag(scene);
    names_it.then(|| {
        format!(
            "aws ec2 associate-dhcp-options --dhcp-options-id \"$(aws ec2 create-dhcp-options --dhcp-configurations Key=domain-name-servers,Values=AmazonProvidedDNS --query DhcpOptions.DhcpOptionsId --output text{region})\" --vpc-id {vpc}{region}"
        )
    })
}
