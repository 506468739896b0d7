//! VPCs, subnets, route tables, network ACLs and security groups.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::super::world::{AclEntry, GroupRule, Route, Subnet, Vpc, World};
use super::{
    Limits, Listing, Query, Refusal, Resource, UP_TO_100, UP_TO_1000, owns, sees, xml::Xml,
};

/// `DescribeVpcs`.
pub(super) fn vpcs(world: &World) -> Listing {
    let items = world
        .vpcs
        .iter()
        .filter(|(id, _)| sees(world, id))
        .map(|(id, vpc)| {
            let fields = vec![
                (
                    "cidr",
                    vpc.cidrs
                        .first()
                        .map(IpNet::to_string)
                        .into_iter()
                        .collect(),
                ),
                (
                    "cidr-block-association.cidr-block",
                    vpc.cidrs.iter().map(IpNet::to_string).collect(),
                ),
                ("dhcp-options-id", vec![vpc.dhcp_options_id.clone()]),
                ("is-default", vec!["false".to_owned()]),
                ("owner-id", vec![world.owner_of(id).to_owned()]),
                ("state", vec!["available".to_owned()]),
                ("vpc-id", vec![id.clone()]),
            ];
            Resource::new(id, fields, |xml| write_vpc(xml, world, id, vpc))
        })
        .collect();
    Listing {
        set: "vpcSet",
        ids: "VpcId",
        missing: "InvalidVpcID.NotFound",
        filters: &[
            "cidr",
            "cidr-block-association.cidr-block",
            "dhcp-options-id",
            "is-default",
            "owner-id",
            "state",
            "vpc-id",
        ],
        limits: UP_TO_1000,
        items,
    }
}

/// `DescribeVpcAttribute`: one attribute per call.
pub(super) fn vpc_attribute(world: &World, query: &Query) -> Result<String, Refusal> {
    let id = query.required("VpcId")?;
    let attribute = query.required("Attribute")?;
    let vpc = world
        .vpcs
        .get(id)
        .filter(|_| sees(world, id))
        .ok_or_else(|| {
            Refusal::new(
                400,
                "InvalidVpcID.NotFound",
                format!("The vpc ID '{id}' does not exist"),
            )
        })?;
    let value = match attribute {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => false,
        other => {
            return Err(Refusal::new(
                400,
                "InvalidParameterValue",
                format!("Value ({other}) for parameter attribute is invalid. Unknown attribute."),
            ));
        }
    };
    let mut xml = Xml::default();
    xml.text("vpcId", id);
    xml.nested(attribute, |xml| xml.text("value", value));
    Ok(xml.finish())
}

/// `DescribeDhcpOptions`, which only a VPC's owner sees.
pub(super) fn dhcp_options(world: &World) -> Listing {
    let sets: BTreeMap<&str, &Vpc> = world
        .vpcs
        .iter()
        .filter(|(id, vpc)| owns(world, id) && !vpc.dhcp_options_id.is_empty())
        .map(|(_, vpc)| (vpc.dhcp_options_id.as_str(), vpc))
        .collect();
    let items = sets
        .into_iter()
        .map(|(id, vpc)| {
            let domain = match world.region.as_str() {
                "us-east-1" => "ec2.internal".to_owned(),
                region => format!("{region}.compute.internal"),
            };
            let fields = vec![
                ("dhcp-options-id", vec![id.to_owned()]),
                (
                    "key",
                    vec!["domain-name".to_owned(), "domain-name-servers".to_owned()],
                ),
                ("owner-id", vec![world.account_id.clone()]),
            ];
            Resource::new(id, fields, |xml| {
                xml.text("dhcpOptionsId", id);
                xml.nested("dhcpConfigurationSet", |xml| {
                    let domain = [domain];
                    let keys: [(&str, &[String]); 2] = [
                        ("domain-name", &domain),
                        ("domain-name-servers", &vpc.domain_name_servers),
                    ];
                    for (key, values) in keys {
                        xml.nested("item", |xml| {
                            xml.text("key", key);
                            xml.list("valueSet", values, |xml, value| xml.text("value", value));
                        });
                    }
                });
                xml.texts("tagSet", Vec::<&str>::new());
                xml.text("ownerId", &world.account_id);
            })
        })
        .collect();
    Listing {
        set: "dhcpOptionsSet",
        ids: "DhcpOptionsId",
        missing: "InvalidDhcpOptionID.NotFound",
        filters: &["dhcp-options-id", "key", "owner-id"],
        limits: UP_TO_1000,
        items,
    }
}

/// `DescribeSubnets`.
pub(super) fn subnets(world: &World) -> Listing {
    let items = world
        .subnets
        .iter()
        .filter(|(_, subnet)| sees(world, &subnet.vpc))
        .map(|(id, subnet)| {
            let (zone, zone_id) = world.zone_of(id);
            let fields = vec![
                ("availability-zone", vec![zone.to_owned()]),
                ("availability-zone-id", vec![zone_id.to_owned()]),
                (
                    "cidr-block",
                    subnet.cidr.map(|c| c.to_string()).into_iter().collect(),
                ),
                ("owner-id", vec![world.owner_of(&subnet.vpc).to_owned()]),
                ("state", vec!["available".to_owned()]),
                ("subnet-id", vec![id.clone()]),
                ("vpc-id", vec![subnet.vpc.clone()]),
            ];
            Resource::new(id, fields, |xml| write_subnet(xml, world, id, subnet))
        })
        .collect();
    Listing {
        set: "subnetSet",
        ids: "SubnetId",
        missing: "InvalidSubnetID.NotFound",
        filters: &[
            "availability-zone",
            "availability-zone-id",
            "cidr-block",
            "owner-id",
            "state",
            "subnet-id",
            "vpc-id",
        ],
        limits: UP_TO_1000,
        items,
    }
}

/// `DescribeRouteTables`.
pub(super) fn route_tables(world: &World) -> Listing {
    let items = world
        .route_tables
        .iter()
        .filter(|(_, table)| sees(world, &table.vpc))
        .map(|(id, table)| {
            let owner = world.owner_of(&table.vpc);
            let main = table.main.to_string();
            let fields = vec![
                ("association.main", vec![main]),
                ("association.subnet-id", table.subnets.clone()),
                ("owner-id", vec![owner.to_owned()]),
                ("route-table-id", vec![id.clone()]),
                ("vpc-id", vec![table.vpc.clone()]),
            ];
            Resource::new(id, fields, |xml| {
                xml.text("routeTableId", id);
                xml.text("vpcId", &table.vpc);
                xml.text("ownerId", owner);
                xml.list("routeSet", world.routes(id), |xml, route| {
                    write_route(xml, &route)
                });
                // The main association has no subnet: a subnet without one of its own falls back to it.
                let main = table.main.then_some(None);
                let explicit = table.subnets.iter().map(Some);
                xml.list(
                    "associationSet",
                    main.into_iter().chain(explicit),
                    |xml, subnet| {
                        let of = subnet.unwrap_or(id);
                        let association = of
                            .replace("subnet-", "rtbassoc-")
                            .replace("rtb-", "rtbassoc-");
                        xml.text("routeTableAssociationId", association);
                        xml.text("routeTableId", id);
                        xml.optional("subnetId", subnet);
                        xml.text("main", subnet.is_none());
                        xml.nested("associationState", |xml| xml.text("state", "associated"));
                    },
                );
                xml.texts("propagatingVgwSet", Vec::<&str>::new());
                xml.texts("tagSet", Vec::<&str>::new());
            })
        })
        .collect();
    Listing {
        set: "routeTableSet",
        ids: "RouteTableId",
        missing: "InvalidRouteTableID.NotFound",
        filters: &[
            "association.main",
            "association.subnet-id",
            "owner-id",
            "route-table-id",
            "vpc-id",
        ],
        limits: Limits {
            least: 5,
            ..UP_TO_100
        },
        items,
    }
}

/// `DescribeNetworkAcls`, with the closing denies that every ACL has.
pub(super) fn network_acls(world: &World) -> Listing {
    let items = world
        .network_acls
        .iter()
        .filter(|(_, acl)| sees(world, &acl.vpc))
        .map(|(id, acl)| {
            let subnets: Vec<String> = world
                .subnets
                .keys()
                .filter(|s| world.network_acl_of(s).is_some_and(|(of, _)| of == id))
                .cloned()
                .collect();
            let owner = world.owner_of(&acl.vpc);
            let fields = vec![
                ("association.subnet-id", subnets.clone()),
                ("default", vec![acl.default.to_string()]),
                ("network-acl-id", vec![id.clone()]),
                ("owner-id", vec![owner.to_owned()]),
                ("vpc-id", vec![acl.vpc.clone()]),
            ];
            let v6 = world
                .vpcs
                .get(&acl.vpc)
                .is_some_and(|v| !v.ipv6_cidrs.is_empty());
            Resource::new(id, fields, |xml| {
                xml.text("networkAclId", id);
                xml.text("vpcId", &acl.vpc);
                xml.text("ownerId", owner);
                xml.text("default", acl.default);
                let entries = acl.entries.iter().cloned().chain(closing_denies(v6));
                xml.list("entrySet", entries, |xml, entry| write_entry(xml, &entry));
                xml.list("associationSet", &subnets, |xml, subnet| {
                    let association = subnet.replace("subnet-", "aclassoc-");
                    xml.text("networkAclAssociationId", association);
                    xml.text("networkAclId", id);
                    xml.text("subnetId", subnet);
                });
                xml.texts("tagSet", Vec::<&str>::new());
            })
        })
        .collect();
    Listing {
        set: "networkAclSet",
        ids: "NetworkAclId",
        missing: "InvalidNetworkAclID.NotFound",
        filters: &[
            "association.subnet-id",
            "default",
            "network-acl-id",
            "owner-id",
            "vpc-id",
        ],
        limits: UP_TO_1000,
        items,
    }
}

/// `DescribeSecurityGroups`. In a shared VPC a participant sees its own groups only: those its host has.
pub(super) fn security_groups(world: &World) -> Listing {
    let items = world
        .security_groups
        .iter()
        .filter(|(id, group)| owns(world, &group.vpc) || world.host.groups.contains(id))
        .map(|(id, group)| {
            let fields = vec![
                ("group-id", vec![id.clone()]),
                ("group-name", vec![group.name.clone()]),
                ("owner-id", vec![world.account_id.clone()]),
                ("vpc-id", vec![group.vpc.clone()]),
            ];
            Resource::new(id, fields, |xml| {
                xml.text("groupId", id);
                xml.text("groupName", &group.name);
                xml.text("groupDescription", format!("The group {}", group.name));
                xml.text("ownerId", &world.account_id);
                xml.text("vpcId", &group.vpc);
                xml.list("ipPermissions", &group.ingress, |xml, rule| {
                    write_rule(xml, world, rule);
                });
                xml.list("ipPermissionsEgress", &group.egress, |xml, rule| {
                    write_rule(xml, world, rule);
                });
                xml.texts("tagSet", Vec::<&str>::new());
            })
        })
        .collect();
    Listing {
        set: "securityGroupInfo",
        ids: "GroupId",
        missing: "InvalidGroup.NotFound",
        filters: &["group-id", "group-name", "owner-id", "vpc-id"],
        limits: UP_TO_1000,
        items,
    }
}

/// `DescribeVpcBlockPublicAccessOptions`: off, as in an account that never touched it.
pub(super) fn block_public_access(world: &World) -> String {
    let mut xml = Xml::default();
    xml.nested("vpcBlockPublicAccessOptions", |xml| {
        xml.text("awsAccountId", &world.account_id);
        xml.text("awsRegion", &world.region);
        xml.text("state", "default-state");
        xml.text("internetGatewayBlockMode", "off");
        xml.text("managedBy", "account");
        xml.text("exclusionsAllowed", "allowed");
    });
    xml.finish()
}

fn write_vpc(xml: &mut Xml, world: &World, id: &str, vpc: &Vpc) {
    xml.text("vpcId", id);
    xml.text("ownerId", world.owner_of(id));
    xml.text("state", "available");
    xml.optional("cidrBlock", vpc.cidrs.first());
    let associated = vpc.cidrs.iter().map(|c| (c.to_string(), "associated"));
    let others = vpc
        .cidrs_not_associated
        .iter()
        .map(|(c, state)| (c.clone(), state.as_str()));
    let (v4, v6): (Vec<_>, Vec<_>) = associated
        .chain(vpc.ipv6_cidrs.iter().map(|c| (c.to_string(), "associated")))
        .chain(others)
        .partition(|(cidr, _)| !cidr.contains(':'));
    xml.list(
        "cidrBlockAssociationSet",
        v4.iter().enumerate(),
        |xml, (n, (cidr, state))| {
            xml.text(
                "associationId",
                id.replace("vpc-", &format!("vpc-cidr-assoc-{n}")),
            );
            xml.text("cidrBlock", cidr);
            xml.nested("cidrBlockState", |xml| xml.text("state", state));
        },
    );
    xml.list(
        "ipv6CidrBlockAssociationSet",
        v6.iter().enumerate(),
        |xml, (n, (cidr, state))| {
            xml.text(
                "associationId",
                id.replace("vpc-", &format!("vpc-cidr-assoc-6{n}")),
            );
            xml.text("ipv6CidrBlock", cidr);
            xml.nested("ipv6CidrBlockState", |xml| xml.text("state", state));
            xml.text("networkBorderGroup", &world.region);
            xml.text("ipv6Pool", "Amazon");
            xml.text("ipv6AddressAttribute", "public");
            xml.text("ipSource", "amazon");
        },
    );
    xml.text("dhcpOptionsId", &vpc.dhcp_options_id);
    xml.text("instanceTenancy", "default");
    xml.text("isDefault", false);
    xml.texts("tagSet", Vec::<&str>::new());
}

fn write_subnet(xml: &mut Xml, world: &World, id: &str, subnet: &Subnet) {
    let (zone, zone_id) = world.zone_of(id);
    let owner = world.owner_of(&subnet.vpc);
    xml.text("subnetId", id);
    xml.text(
        "subnetArn",
        format!(
            "arn:{}:ec2:{}:{owner}:subnet/{id}",
            world.partition, world.region
        ),
    );
    xml.text("state", "available");
    xml.text("ownerId", owner);
    xml.text("vpcId", &subnet.vpc);
    xml.optional("cidrBlock", subnet.cidr);
    xml.list(
        "ipv6CidrBlockAssociationSet",
        subnet.ipv6_cidr,
        |xml, cidr| {
            xml.text("associationId", id.replace("subnet-", "subnet-cidr-assoc-"));
            xml.text("ipv6CidrBlock", cidr);
            xml.nested("ipv6CidrBlockState", |xml| xml.text("state", "associated"));
        },
    );
    xml.text("availableIpAddressCount", 240);
    xml.text("availabilityZone", zone);
    xml.text("availabilityZoneId", zone_id);
    xml.text("defaultForAz", false);
    xml.text("mapPublicIpOnLaunch", false);
    xml.text("assignIpv6AddressOnCreation", false);
    xml.text("ipv6Native", subnet.cidr.is_none());
    xml.text("enableDns64", false);
    xml.texts("tagSet", Vec::<&str>::new());
}

fn write_route(xml: &mut Xml, route: &Route) {
    let destination = if route.destination.starts_with("pl-") {
        "destinationPrefixListId"
    } else if route.destination.contains(':') {
        "destinationIpv6CidrBlock"
    } else {
        "destinationCidrBlock"
    };
    xml.text(destination, &route.destination);
    let target = match route.target.split('-').next().unwrap_or_default() {
        "nat" => "natGatewayId",
        "tgw" => "transitGatewayId",
        "pcx" => "vpcPeeringConnectionId",
        "eni" => "networkInterfaceId",
        "eigw" => "egressOnlyInternetGatewayId",
        "i" => "instanceId",
        "lgw" => "localGatewayId",
        "cagw" => "carrierGatewayId",
        arn if arn.starts_with("arn:") => "coreNetworkArn",
        // `local`, `igw-`, `vgw-` and endpoints alike.
        _ => "gatewayId",
    };
    xml.text(target, &route.target);
    xml.text(
        "state",
        if route.blackhole {
            "blackhole"
        } else {
            "active"
        },
    );
    let origin = if route.target == "local" {
        "CreateRouteTable"
    } else {
        "CreateRoute"
    };
    xml.text("origin", origin);
}

fn closing_denies(v6: bool) -> Vec<AclEntry> {
    let mut denies = Vec::new();
    for egress in [true, false] {
        let deny = AclEntry {
            number: 32767,
            egress,
            allow: false,
            ..AclEntry::default()
        };
        if v6 {
            denies.push(AclEntry {
                number: 32768,
                cidr: IpNet::V6(ipnet::Ipv6Net::default()),
                ..deny.clone()
            });
        }
        denies.push(deny);
    }
    denies
}

fn write_entry(xml: &mut Xml, entry: &AclEntry) {
    xml.text("ruleNumber", entry.number);
    xml.text("protocol", &entry.protocol);
    xml.text("ruleAction", if entry.allow { "allow" } else { "deny" });
    xml.text("egress", entry.egress);
    let cidr = match entry.cidr {
        IpNet::V4(_) => "cidrBlock",
        IpNet::V6(_) => "ipv6CidrBlock",
    };
    xml.text(cidr, entry.cidr);
    // Only TCP and UDP have ports.
    if matches!(entry.protocol.as_str(), "6" | "17") {
        xml.nested("portRange", |xml| {
            xml.text("from", entry.from);
            xml.text("to", entry.to);
        });
    }
}

fn write_rule(xml: &mut Xml, world: &World, rule: &GroupRule) {
    xml.text("ipProtocol", &rule.protocol);
    if rule.protocol != "-1" {
        xml.text("fromPort", rule.from);
        xml.text("toPort", rule.to);
    }
    xml.list("groups", &rule.groups, |xml, id| {
        xml.text("userId", &world.account_id);
        xml.text("groupId", id);
    });
    let (v4, v6): (Vec<&IpNet>, Vec<&IpNet>) = rule.cidrs.iter().partition(|c| c.addr().is_ipv4());
    xml.list("ipRanges", v4, |xml, cidr| xml.text("cidrIp", cidr));
    xml.list("ipv6Ranges", v6, |xml, cidr| xml.text("cidrIpv6", cidr));
    xml.list("prefixListIds", &rule.prefix_lists, |xml, id| {
        xml.text("prefixListId", id);
    });
}
