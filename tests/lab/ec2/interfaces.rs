//! Network interfaces: the endpoints' and the host's own.

use std::net::IpAddr;

use super::super::world::{Endpoint, EndpointInterface, World};
use super::{Listing, Resource, UP_TO_1000, owns, xml::Xml};

const FILTERS: &[&str] = &[
    "addresses.primary",
    "addresses.private-ip-address",
    "attachment.instance-id",
    "availability-zone",
    "availability-zone-id",
    "description",
    "group-id",
    "interface-type",
    "ipv6-addresses.ipv6-address",
    "mac-address",
    "network-interface-id",
    "owner-id",
    "private-ip-address",
    "requester-managed",
    "status",
    "subnet-id",
    "vpc-id",
];

/// `DescribeNetworkInterfaces`. A participant in a shared VPC sees its own interfaces only.
pub(super) fn interfaces(world: &World) -> Listing {
    let mut items = Vec::new();
    for endpoint in world.endpoints.values().filter(|e| owns(world, &e.vpc)) {
        items.extend(
            endpoint
                .interfaces
                .iter()
                .map(|interface| resource(world, &of_endpoint(world, endpoint, interface))),
        );
    }
    items.extend(of_host(world).map(|interface| resource(world, &interface)));
    Listing {
        set: "networkInterfaceSet",
        ids: "NetworkInterfaceId",
        missing: "InvalidNetworkInterfaceID.NotFound",
        filters: FILTERS,
        limits: UP_TO_1000,
        items,
    }
}

/// The group ids with their names, as `groupSet` has them.
pub(super) fn group_set(xml: &mut Xml, world: &World, groups: &[String]) {
    xml.list("groupSet", groups, |xml, id| {
        xml.text("groupId", id);
        let name = world
            .security_groups
            .get(id)
            .map_or("", |g| g.name.as_str());
        xml.text("groupName", name);
    });
}

struct Interface<'a> {
    id: &'a str,
    vpc: &'a str,
    subnet: &'a str,
    description: String,
    kind: &'static str,
    ipv4: Vec<IpAddr>,
    ipv6: Vec<IpAddr>,
    mac: String,
    groups: &'a [String],
    requester_managed: bool,
    instance: Option<&'a str>,
    public: Option<IpAddr>,
}

/// AWS writes the description with a colon or without, and the type as `vpc_endpoint` or plain `interface`:
/// both forms occur here, the choice following from the interface's id.
fn of_endpoint<'a>(
    world: &World,
    endpoint: &'a Endpoint,
    interface: &'a EndpointInterface,
) -> Interface<'a> {
    let odd = interface.id.bytes().map(u32::from).sum::<u32>() % 2 == 1;
    let (ipv4, mut ipv6): (Vec<IpAddr>, Vec<IpAddr>) =
        [interface.address].into_iter().partition(IpAddr::is_ipv4);
    ipv6.extend(interface.ipv6);
    Interface {
        id: &interface.id,
        vpc: world
            .subnets
            .get(&interface.subnet)
            .map_or("", |_| endpoint.vpc.as_str()),
        subnet: &interface.subnet,
        description: format!(
            "VPC Endpoint Interface{} {}",
            if odd { ":" } else { "" },
            endpoint.id
        ),
        kind: if odd { "interface" } else { "vpc_endpoint" },
        mac: mac_for(interface.address),
        ipv4,
        ipv6,
        groups: &endpoint.groups,
        requester_managed: true,
        instance: None,
        public: None,
    }
}

fn of_host(world: &World) -> Option<Interface<'_>> {
    let host = &world.host;
    if host.interface_id.is_empty() {
        return None;
    }
    let (ipv4, ipv6) = host.addresses.iter().partition(|a| a.is_ipv4());
    Some(Interface {
        id: &host.interface_id,
        vpc: world.own_vpc(),
        subnet: &host.subnet,
        description: String::new(),
        kind: "interface",
        ipv4,
        ipv6,
        mac: host.mac.clone(),
        groups: &host.groups,
        requester_managed: false,
        instance: (!host.instance_id.is_empty()).then_some(host.instance_id.as_str()),
        public: host.public_address,
    })
}

fn resource(world: &World, interface: &Interface<'_>) -> Resource {
    let (zone, zone_id) = world.zone_of(interface.subnet);
    let texts = |addresses: &[IpAddr]| addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>();
    let (ipv4, ipv6) = (texts(&interface.ipv4), texts(&interface.ipv6));
    let one = |text: &str| vec![text.to_owned()];
    let fields = vec![
        ("addresses.primary", one("true")),
        ("addresses.private-ip-address", ipv4.clone()),
        (
            "attachment.instance-id",
            interface.instance.map(str::to_owned).into_iter().collect(),
        ),
        ("availability-zone", one(zone)),
        ("availability-zone-id", one(zone_id)),
        ("description", one(&interface.description)),
        ("group-id", interface.groups.to_vec()),
        ("interface-type", one(interface.kind)),
        ("ipv6-addresses.ipv6-address", ipv6.clone()),
        ("mac-address", one(&interface.mac)),
        ("network-interface-id", one(interface.id)),
        ("owner-id", one(&world.account_id)),
        (
            "private-ip-address",
            ipv4.first().cloned().into_iter().collect(),
        ),
        (
            "requester-managed",
            one(&interface.requester_managed.to_string()),
        ),
        ("status", one("in-use")),
        ("subnet-id", one(interface.subnet)),
        ("vpc-id", one(interface.vpc)),
    ];
    Resource::new(interface.id, fields, |xml| {
        xml.text("networkInterfaceId", interface.id);
        xml.text("subnetId", interface.subnet);
        xml.text("vpcId", interface.vpc);
        xml.text("availabilityZone", zone);
        xml.text("availabilityZoneId", zone_id);
        xml.text("description", &interface.description);
        xml.text("ownerId", &world.account_id);
        if interface.requester_managed {
            xml.text("requesterId", "amazon-vpce");
        }
        xml.text("requesterManaged", interface.requester_managed);
        xml.text("status", "in-use");
        xml.text("macAddress", &interface.mac);
        xml.optional("privateIpAddress", ipv4.first());
        xml.text("sourceDestCheck", !interface.requester_managed);
        group_set(xml, world, interface.groups);
        xml.nested("attachment", |xml| {
            xml.text("attachmentId", interface.id.replace("eni-", "eni-attach-"));
            xml.optional("instanceId", interface.instance);
            if interface.instance.is_none() {
                xml.text("instanceOwnerId", "amazon-aws");
            }
            xml.text("deviceIndex", u8::from(interface.instance.is_none()));
            xml.text("status", "attached");
            xml.text("deleteOnTermination", interface.instance.is_some());
        });
        if let Some(public) = interface.public {
            xml.nested("association", |xml| {
                xml.text("publicIp", public);
                xml.text("ipOwnerId", "amazon");
            });
        }
        xml.list(
            "privateIpAddressesSet",
            ipv4.iter().enumerate(),
            |xml, (n, a)| {
                xml.text("privateIpAddress", a);
                xml.text("primary", n == 0);
            },
        );
        xml.list("ipv6AddressesSet", &ipv6, |xml, a| {
            xml.text("ipv6Address", a);
            xml.text("isPrimaryIpv6", false);
        });
        xml.texts("tagSet", Vec::<&str>::new());
        xml.text("interfaceType", interface.kind);
        xml.text("denyAllIgwTraffic", false);
    })
}

/// A locally administered hardware address made from the interface's own.
fn mac_for(address: IpAddr) -> String {
    let [.., a, b, c, d] = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
    .octets();
    format!("0e:5e:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}
