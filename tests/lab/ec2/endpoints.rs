//! VPC endpoints and the services one can make them for.

use super::super::world::{Endpoint, EndpointKind, OPEN_POLICY, World};
use super::interfaces::group_set;
use super::{CLAMPED, Listing, Query, Refusal, Resource, owns, select, xml::Xml};

const FILTERS: &[&str] = &[
    "ip-address-type",
    "service-name",
    "service-region",
    "vpc-endpoint-id",
    "vpc-endpoint-state",
    "vpc-endpoint-type",
    "vpc-id",
];

const SERVICE_FILTERS: &[&str] = &[
    "owner",
    "service-name",
    "service-region",
    "service-type",
    "supported-ip-address-types",
];

/// Services offered in every region beside those the world has an endpoint of.
const OFFERED: &[&str] = &[
    "autoscaling",
    "dynamodb",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "execute-api",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "sqs-fips",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
    "xray",
];

/// `DescribeVpcEndpoints`. A participant in a shared VPC sees none of its owner's.
pub(super) fn endpoints(world: &World) -> Listing {
    let items = world
        .endpoints
        .values()
        .filter(|e| owns(world, &e.vpc))
        .map(|e| endpoint(world, e))
        .collect();
    Listing {
        set: "vpcEndpointSet",
        ids: "VpcEndpointId",
        missing: "InvalidVpcEndpointId.NotFound",
        filters: FILTERS,
        limits: CLAMPED,
        items,
    }
}

/// `DescribeVpcEndpointServices`: names and details beside each other.
pub(super) fn services(world: &World, query: &Query) -> Result<String, Refusal> {
    let page = select(world, query, offered(world))?;
    let mut names: Vec<&str> = page.items.iter().map(|item| item.id.as_str()).collect();
    names.dedup();
    let mut xml = Xml::default();
    xml.texts("serviceNameSet", names);
    let mut tail = Xml::default();
    tail.optional("nextToken", page.next);
    let details: String = page
        .items
        .iter()
        .map(|item| format!("<item>{}</item>", item.xml))
        .collect();
    Ok(format!(
        "{}<serviceDetailSet>{details}</serviceDetailSet>{}",
        xml.finish(),
        tail.finish()
    ))
}

fn endpoint(world: &World, endpoint: &Endpoint) -> Resource {
    let gateway = endpoint.kind == EndpointKind::Gateway;
    let kind = kind(endpoint.kind);
    let ip_type = if endpoint.interfaces.iter().any(|i| i.ipv6.is_some()) {
        "dualstack"
    } else if !gateway && endpoint.interfaces.iter().all(|i| i.address.is_ipv6()) {
        "ipv6"
    } else {
        "ipv4"
    };
    let one = |text: &str| vec![text.to_owned()];
    let region = endpoint.service_region.as_deref().unwrap_or(&world.region);
    let fields = vec![
        ("ip-address-type", one(ip_type)),
        ("service-name", one(&endpoint.service_name)),
        ("service-region", one(region)),
        ("vpc-endpoint-id", one(&endpoint.id)),
        ("vpc-endpoint-state", one(&endpoint.state)),
        ("vpc-endpoint-type", one(kind)),
        ("vpc-id", one(&endpoint.vpc)),
    ];
    Resource::new(&endpoint.id, fields, |xml| {
        xml.text("vpcEndpointId", &endpoint.id);
        xml.text("vpcEndpointType", kind);
        xml.text("vpcId", &endpoint.vpc);
        xml.text("serviceName", &endpoint.service_name);
        xml.text("state", &endpoint.state);
        // Seen in the field: while pending there is no policy document yet.
        if endpoint.state != "pending" {
            let policy = endpoint.policy.as_deref().unwrap_or(OPEN_POLICY);
            xml.text("policyDocument", policy);
        }
        let tables: &[String] = if gateway { &endpoint.route_tables } else { &[] };
        xml.texts("routeTableIdSet", tables);
        xml.texts("subnetIdSet", endpoint.interfaces.iter().map(|i| &i.subnet));
        group_set(xml, world, &endpoint.groups);
        xml.text("ipAddressType", ip_type);
        dns_options(xml, endpoint);
        xml.text("privateDnsEnabled", endpoint.private_dns && !gateway);
        xml.text("requesterManaged", endpoint.requester_managed);
        xml.texts(
            "networkInterfaceIdSet",
            endpoint.interfaces.iter().map(|i| &i.id),
        );
        xml.list(
            "dnsEntrySet",
            world.dns_entries(endpoint),
            |xml, (name, zone)| {
                xml.text("dnsName", name);
                xml.text("hostedZoneId", zone);
            },
        );
        xml.text("creationTimestamp", "2026-03-02T09:14:27.000Z");
        xml.texts("tagSet", Vec::<&str>::new());
        xml.text("ownerId", world.owner_of(&endpoint.vpc));
        if let Some((code, message)) = &endpoint.last_error {
            xml.text("failureReason", message);
            xml.nested("lastError", |xml| {
                xml.text("message", message);
                xml.text("code", code);
            });
        }
        xml.optional("serviceRegion", endpoint.service_region.as_deref());
    })
}

fn dns_options(xml: &mut Xml, endpoint: &Endpoint) {
    let record_type = &endpoint.dns_record_ip_type;
    let inbound = endpoint.private_dns_only_for_inbound;
    if record_type.is_empty() && inbound.is_none() {
        return;
    }
    xml.nested("dnsOptions", |xml| {
        if !record_type.is_empty() {
            xml.text("dnsRecordIpType", record_type);
        }
        xml.optional("privateDnsOnlyForInboundResolverEndpoint", inbound);
    });
}

fn kind(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Interface => "Interface",
        EndpointKind::Gateway => "Gateway",
    }
}

/// S3 and DynamoDB come twice, under one name: as gateway and as interface.
fn offered(world: &World) -> Listing {
    let mut all: Vec<(String, String)> = OFFERED
        .iter()
        .map(|service| {
            (
                format!("com.amazonaws.{}.{service}", world.region),
                (*service).to_owned(),
            )
        })
        .chain(
            world
                .endpoints
                .values()
                .map(|e| (e.service_name.clone(), e.service.clone())),
        )
        .collect();
    all.sort();
    all.dedup_by(|a, b| a.0 == b.0);
    let mut items = Vec::new();
    for (name, service) in &all {
        if matches!(service.as_str(), "s3" | "dynamodb") {
            items.push(offer(world, name, service, EndpointKind::Gateway));
        }
        items.push(offer(world, name, service, EndpointKind::Interface));
    }
    Listing {
        set: "serviceDetailSet",
        ids: "ServiceName",
        missing: "InvalidServiceName",
        filters: SERVICE_FILTERS,
        limits: CLAMPED,
        items,
    }
}

fn offer(world: &World, name: &str, service: &str, of_kind: EndpointKind) -> Resource {
    let example = Endpoint {
        service: service.to_owned(),
        kind: of_kind,
        ..Endpoint::default()
    };
    let private = world.private_names(&example);
    let one = |text: &str| vec![text.to_owned()];
    let fields = vec![
        ("owner", one("amazon")),
        ("service-name", one(name)),
        ("service-region", one(&world.region)),
        ("service-type", one(kind(of_kind))),
        ("supported-ip-address-types", one("ipv4")),
    ];
    Resource::new(name, fields, |xml| {
        xml.text("serviceName", name);
        // Any stable id will do: nothing else refers to it.
        let id: String = name.bytes().map(|b| format!("{b:02x}")).collect();
        xml.text(
            "serviceId",
            format!("vpce-svc-{}", &id[id.len().saturating_sub(17)..]),
        );
        xml.list("serviceType", [kind(of_kind)], |xml, kind| {
            xml.text("serviceType", kind);
        });
        xml.text("serviceRegion", &world.region);
        xml.texts("availabilityZoneSet", world.zones.keys());
        xml.text("owner", "amazon");
        let base = format!(
            "{}.{}.vpce.{}",
            World::host_label(service),
            world.region,
            world.dns_suffix()
        );
        match of_kind {
            EndpointKind::Interface => xml.texts("baseEndpointDnsNameSet", [base]),
            EndpointKind::Gateway => xml.texts(
                "baseEndpointDnsNameSet",
                [format!("{service}.{}.{}", world.region, world.dns_suffix())],
            ),
        }
        xml.optional("privateDnsName", private.first());
        xml.list("privateDnsNameSet", &private, |xml, name| {
            xml.text("privateDnsName", name);
        });
        if !private.is_empty() {
            xml.text("privateDnsNameVerificationState", "verified");
        }
        xml.text("vpcEndpointPolicySupported", true);
        xml.text("acceptanceRequired", false);
        xml.text("managesVpcEndpoints", false);
        xml.texts("supportedIpAddressTypeSet", ["ipv4"]);
        xml.texts("tagSet", Vec::<&str>::new());
    })
}
