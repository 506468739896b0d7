//! What the real SDK makes of the answers.

use std::net::IpAddr;

use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::{Filter, VpcAttributeName};

use super::super::world::{Endpoint, VPC, World};
use super::loopback::{block_on, ec2, serve};
use super::*;

/// The lab's `ec2` endpoint.
const THROUGH: [u8; 4] = [10, 0, 10, 63];
/// An address of no endpoint.
const AROUND: [u8; 4] = [52, 94, 1, 1];

fn client(world: World) -> aws_sdk_ec2::Client {
    let url = serve(IpAddr::from(THROUGH), move |request| {
        answer(&world, request)
    });
    ec2(&url)
}

fn world(changes: &str) -> World {
    World::overlay(&changes.parse().expect("TOML")).expect("a world")
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn unsigned(method: &str, body: &str) -> HttpRequest {
    HttpRequest {
        method: method.into(),
        path: "/".into(),
        query: String::new(),
        headers: vec![("host".into(), "ec2.us-east-1.amazonaws.com".into())],
        body: body.into(),
        server_address: IpAddr::from(THROUGH),
        client_address: IpAddr::from([10, 0, 1, 10]),
    }
}

#[test]
fn endpoints_come_with_what_the_world_says_of_them() {
    let world = World::default();
    let expected = world.endpoints["sqs"].clone();
    let names = world.dns_entries(&expected);
    let client = client(world);
    let output = block_on(
        client
            .describe_vpc_endpoints()
            .filters(filter("vpc-id", VPC))
            .filters(filter("service-name", "com.amazonaws.us-east-1.sqs"))
            .send(),
    )
    .expect("an answer");
    let [endpoint] = output.vpc_endpoints() else {
        panic!("{output:?}");
    };
    assert_eq!(endpoint.vpc_endpoint_id(), Some(expected.id.as_str()));
    assert_eq!(endpoint.state().map(|s| s.as_str()), Some("available"));
    assert_eq!(endpoint.private_dns_enabled(), Some(true));
    assert_eq!(endpoint.requester_managed(), Some(false));
    assert_eq!(endpoint.owner_id(), Some("123456789012"));
    assert_eq!(endpoint.policy_document(), expected.policy.as_deref());
    assert_eq!(endpoint.groups().len(), 1);
    assert_eq!(endpoint.groups()[0].group_name(), Some("endpoints"));
    let ids: Vec<&str> = expected.interfaces.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(endpoint.network_interface_ids(), ids);
    assert_eq!(endpoint.subnet_ids().len(), 2);
    let told: Vec<(String, String)> = endpoint
        .dns_entries()
        .iter()
        .map(|e| {
            (
                e.dns_name().unwrap_or_default().to_owned(),
                e.hosted_zone_id().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    assert_eq!(told, names);
    assert!(endpoint.dns_options().is_some());
    assert!(endpoint.creation_timestamp().is_some());
    assert!(output.next_token().is_none());
}

#[test]
fn pending_and_failed_endpoints_say_so() {
    let client = client(world(
        r#"
        endpoints.sqs = { state = "pending", dns_record_ip_type = "" }
        endpoints.kms = { state = "failed", last_error = ["InternalError", "a <b> & \"c\""] }
        "#,
    ));
    let output = block_on(
        client
            .describe_vpc_endpoints()
            .filters(filter("vpc-endpoint-state", "pending"))
            .filters(filter("vpc-endpoint-type", "Interface"))
            .send(),
    )
    .expect("an answer");
    let [pending] = output.vpc_endpoints() else {
        panic!("{output:?}");
    };
    assert_eq!(pending.policy_document(), None);
    assert!(pending.dns_options().is_none());
    assert!(
        pending
            .dns_entries()
            .iter()
            .any(|e| e.hosted_zone_id() == Some("ZONEIDPENDING"))
    );
    let output = block_on(
        client
            .describe_vpc_endpoints()
            .filters(filter("vpc-endpoint-state", "failed"))
            .send(),
    )
    .expect("an answer");
    let error = output.vpc_endpoints()[0].last_error().expect("an error");
    assert_eq!(error.code(), Some("InternalError"));
    assert_eq!(error.message(), Some("a <b> & \"c\""));
}

#[test]
fn pages_are_real() {
    let client = client(world("ec2_api.page_size = 4"));
    let all: Vec<_> = block_on(async {
        let mut pages = client
            .describe_vpc_endpoints()
            .max_results(500)
            .into_paginator()
            .send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.expect("a page");
            assert!(page.vpc_endpoints().len() <= 4);
            all.extend(
                page.vpc_endpoints()
                    .iter()
                    .map(|e| e.vpc_endpoint_id().map(str::to_owned)),
            );
        }
        all
    });
    assert_eq!(all.len(), World::default().endpoints.len());
    let error = block_on(client.describe_subnets().max_results(2).send()).expect_err("too few");
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[test]
fn interfaces_are_found_by_address_mac_and_id() {
    let world = World::default();
    let (mac, id) = (world.host.mac.clone(), world.host.interface_id.clone());
    let endpoint = world.endpoints["sqs"].clone();
    let client = client(world);
    let by_mac = block_on(
        client
            .describe_network_interfaces()
            .filters(filter("mac-address", &mac))
            .send(),
    )
    .expect("an answer");
    let [host] = by_mac.network_interfaces() else {
        panic!("{by_mac:?}");
    };
    assert_eq!(host.network_interface_id(), Some(id.as_str()));
    assert_eq!(host.availability_zone_id(), Some("use1-az1"));
    assert_eq!(host.vpc_id(), Some(VPC));
    assert_eq!(host.private_ip_address(), Some("10.0.1.10"));
    let by_address = block_on(
        client
            .describe_network_interfaces()
            .filters(filter("addresses.private-ip-address", "10.0.11.55"))
            .send(),
    )
    .expect("an answer");
    let [found] = by_address.network_interfaces() else {
        panic!("{by_address:?}");
    };
    assert_eq!(
        found.network_interface_id(),
        Some(endpoint.interfaces[1].id.as_str())
    );
    assert_eq!(found.requester_managed(), Some(true));
    assert_eq!(found.availability_zone(), Some("us-east-1b"));
    assert!(
        found
            .description()
            .is_some_and(|d| d.contains(&endpoint.id))
    );
    assert_eq!(
        found.private_ip_addresses()[0].private_ip_address(),
        Some("10.0.11.55")
    );
    let by_id = block_on(
        client
            .describe_network_interfaces()
            .network_interface_ids(&id)
            .send(),
    );
    assert_eq!(by_id.expect("an answer").network_interfaces().len(), 1);
    let missing = block_on(
        client
            .describe_network_interfaces()
            .network_interface_ids("eni-0")
            .send(),
    );
    assert_eq!(
        missing.expect_err("no such interface").code(),
        Some("InvalidNetworkInterfaceID.NotFound")
    );
}

#[test]
fn the_network_is_told_in_full() {
    let client = client(world(
        r#"
        vpcs.vpc-0a1b2c3d4e5f60718 = { ipv6_cidrs = ["2600:1f18::/56"], dns_hostnames = false, cidrs_not_associated = { "10.9.0.0/16" = "disassociated" }, domain_name_servers = ["10.0.0.5"] }
        network_acls.acl-0a000000000000001.entries = [{ protocol = "6", from = 443, to = 443, allow = false, cidr = "10.0.1.0/24" }]
        security_groups.sg-0e0d0c0b0a0900002.ingress = [{ protocol = "-1", groups = ["sg-0e0d0c0b0a0900001"], prefix_lists = ["pl-63a5400a"], cidrs = ["::/0"] }]
        route_tables.rtb-0a000000000000001.routes = [{ destination = "0.0.0.0/0", target = "nat-0123456789abcdef0", blackhole = true }]
        "#,
    ));
    block_on(async {
        let vpcs = client
            .describe_vpcs()
            .vpc_ids(VPC)
            .send()
            .await
            .expect("VPCs");
        let [vpc] = vpcs.vpcs() else {
            panic!("{vpcs:?}")
        };
        assert_eq!(vpc.cidr_block(), Some("10.0.0.0/16"));
        assert_eq!(vpc.cidr_block_association_set().len(), 2);
        let state = vpc.cidr_block_association_set()[1].cidr_block_state();
        let state = state.and_then(|s| s.state()).map(|s| s.as_str());
        assert_eq!(state, Some("disassociated"));
        assert_eq!(vpc.ipv6_cidr_block_association_set().len(), 1);

        for (attribute, support, hostnames) in [
            (VpcAttributeName::EnableDnsSupport, Some(true), None),
            (VpcAttributeName::EnableDnsHostnames, None, Some(false)),
        ] {
            let call = client
                .describe_vpc_attribute()
                .vpc_id(VPC)
                .attribute(attribute);
            let told = call.send().await.expect("an attribute");
            assert_eq!(told.enable_dns_support().and_then(|a| a.value()), support);
            assert_eq!(
                told.enable_dns_hostnames().and_then(|a| a.value()),
                hostnames
            );
        }

        let options = client
            .describe_dhcp_options()
            .send()
            .await
            .expect("options");
        let servers = &options.dhcp_options()[0].dhcp_configurations()[1];
        assert_eq!(servers.key(), Some("domain-name-servers"));
        assert_eq!(servers.values()[0].value(), Some("10.0.0.5"));

        let subnets = client
            .describe_subnets()
            .filters(filter("vpc-id", VPC))
            .send()
            .await;
        assert_eq!(subnets.expect("subnets").subnets().len(), 4);

        let tables = client
            .describe_route_tables()
            .filters(filter("association.subnet-id", "subnet-0a000000000000001"))
            .send()
            .await
            .expect("tables");
        let [table] = tables.route_tables() else {
            panic!("{tables:?}")
        };
        let nat = table
            .routes()
            .iter()
            .find(|r| r.nat_gateway_id().is_some())
            .expect("nat");
        assert_eq!(nat.state().map(|s| s.as_str()), Some("blackhole"));
        let gateway = table
            .routes()
            .iter()
            .find(|r| r.destination_prefix_list_id().is_some());
        let gateway = gateway
            .and_then(|r| r.gateway_id())
            .expect("a gateway endpoint's route");
        assert!(gateway.starts_with("vpce-"));
        let main = client
            .describe_route_tables()
            .filters(filter("association.main", "true"))
            .send()
            .await
            .expect("the main table");
        let association = &main.route_tables()[0].associations()[0];
        assert_eq!(
            (association.main(), association.subnet_id()),
            (Some(true), None)
        );

        let acls = client.describe_network_acls().send().await.expect("ACLs");
        let [acl] = acls.network_acls() else {
            panic!("{acls:?}")
        };
        assert_eq!(acl.associations().len(), 4);
        let numbers: Vec<_> = acl
            .entries()
            .iter()
            .filter_map(|e| e.rule_number())
            .collect();
        assert_eq!(numbers, [100, 32768, 32767, 32768, 32767]);
        let ports = acl.entries()[0].port_range().expect("ports");
        assert_eq!((ports.from(), ports.to()), (Some(443), Some(443)));
        assert_eq!(
            acl.entries()[0].rule_action().map(|a| a.as_str()),
            Some("deny")
        );

        let groups = client
            .describe_security_groups()
            .group_ids("sg-0e0d0c0b0a0900002");
        let groups = groups.send().await.expect("groups");
        let rule = &groups.security_groups()[0].ip_permissions()[0];
        assert_eq!((rule.ip_protocol(), rule.from_port()), (Some("-1"), None));
        assert_eq!(
            rule.user_id_group_pairs()[0].group_id(),
            Some("sg-0e0d0c0b0a0900001")
        );
        assert_eq!(
            rule.prefix_list_ids()[0].prefix_list_id(),
            Some("pl-63a5400a")
        );
        assert_eq!(rule.ipv6_ranges()[0].cidr_ipv6(), Some("::/0"));
        assert!(rule.ip_ranges().is_empty());
    });
}

#[test]
fn prefix_lists_services_and_public_access() {
    let client = client(World::default());
    block_on(async {
        let lists = client.describe_prefix_lists().send().await.expect("lists");
        let s3 = lists
            .prefix_lists()
            .iter()
            .find(|l| l.prefix_list_id() == Some("pl-63a5400a"));
        assert_eq!(s3.expect("S3's").cidrs()[0], "52.216.0.0/15");
        let managed = client
            .describe_managed_prefix_lists()
            .send()
            .await
            .expect("lists");
        assert_eq!(managed.prefix_lists()[0].owner_id(), Some("AWS"));
        let mut pages = client
            .get_managed_prefix_list_entries()
            .prefix_list_id("pl-63a5400a")
            .max_results(1)
            .into_paginator()
            .items()
            .send();
        let mut cidrs = Vec::new();
        while let Some(entry) = pages.next().await {
            cidrs.push(entry.expect("an entry").cidr().map(str::to_owned));
        }
        assert_eq!(cidrs.len(), 3);
        let services = client
            .describe_vpc_endpoint_services()
            .filters(filter("service-name", "com.amazonaws.us-east-1.s3"))
            .send()
            .await
            .expect("services");
        assert_eq!(services.service_names(), ["com.amazonaws.us-east-1.s3"]);
        let kinds: Vec<_> = services
            .service_details()
            .iter()
            .flat_map(|d| d.service_type())
            .filter_map(|t| t.service_type().map(|t| t.as_str().to_owned()))
            .collect();
        assert_eq!(kinds, ["Gateway", "Interface"]);
        let call = client.describe_vpc_block_public_access_options().send();
        let block = call.await.expect("options");
        let mode = block
            .vpc_block_public_access_options()
            .and_then(|o| o.internet_gateway_block_mode());
        assert_eq!(mode.map(|m| m.as_str()), Some("off"));
    });
}

#[test]
fn a_participant_in_a_shared_vpc_sees_little() {
    let client = client(world(&format!("vpcs.{VPC}.owner = \"999999999999\"")));
    block_on(async {
        let endpoints = client
            .describe_vpc_endpoints()
            .send()
            .await
            .expect("an answer");
        assert!(endpoints.vpc_endpoints().is_empty());
        let interfaces = client
            .describe_network_interfaces()
            .send()
            .await
            .expect("an answer");
        assert_eq!(interfaces.network_interfaces().len(), 1);
        let vpcs = client.describe_vpcs().send().await.expect("an answer");
        assert_eq!(vpcs.vpcs()[0].owner_id(), Some("999999999999"));
        let tables = client
            .describe_route_tables()
            .send()
            .await
            .expect("an answer");
        assert_eq!(tables.route_tables().len(), 2);
        let options = client
            .describe_dhcp_options()
            .send()
            .await
            .expect("an answer");
        assert!(options.dhcp_options().is_empty());
    });
}

#[test]
fn refusals_are_in_the_words_of_aws() {
    let denied = client(world("ec2_api.denied = [\"DescribeRouteTables\"]"));
    let error = block_on(denied.describe_route_tables().send()).expect_err("denied");
    assert_eq!(error.code(), Some("UnauthorizedOperation"));
    assert_eq!(
        error.message(),
        Some(
            "You are not authorized to perform this operation. User: arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0 is not authorized to perform: ec2:DescribeRouteTables because no identity-based policy allows the ec2:DescribeRouteTables action"
        )
    );
    assert!(block_on(denied.describe_vpcs().send()).is_ok());

    let policy = r#"endpoints.ec2.policy = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"ec2:DescribeV*","Resource":"*"},{"Effect":"Allow","Principal":"*","Action":"ec2:DescribeSubnets","Resource":"*"}]}'"#;
    let narrow = client(world(policy));
    let error = block_on(narrow.describe_vpcs().send()).expect_err("denied");
    assert!(
        error
            .message()
            .is_some_and(|m| m.ends_with("with an explicit deny in a VPC endpoint policy"))
    );
    let error = block_on(narrow.describe_route_tables().send()).expect_err("not allowed");
    assert!(error.message().is_some_and(|m| {
        m.ends_with("because no VPC endpoint policy allows the ec2:DescribeRouteTables action")
    }));
    assert!(block_on(narrow.describe_subnets().send()).is_ok());
    let narrowed = world(policy);
    let url = serve(IpAddr::from(AROUND), move |request| {
        answer(&narrowed, request)
    });
    assert!(
        block_on(ec2(&url).describe_vpcs().send()).is_ok(),
        "no endpoint, no endpoint policy"
    );

    for (changes, code) in [
        ("ec2_api.temper = \"throttled\"", "RequestLimitExceeded"),
        ("ec2_api.temper = \"500\"", "InternalError"),
        ("credentials.known = false", "AuthFailure"),
        ("credentials.expired = true", "RequestExpired"),
        ("clock.services_ahead_seconds = 900", "AuthFailure"),
    ] {
        let client = client(world(changes));
        let error = block_on(client.describe_vpcs().send()).expect_err(changes);
        assert_eq!(error.code(), Some(code), "{changes}");
    }
    let garbled = client(world(
        "ec2_api = { temper = \"garbage\", temper_actions = [\"DescribeVpcs\"] }",
    ));
    assert!(block_on(garbled.describe_vpcs().send()).is_err());
    assert!(block_on(garbled.describe_subnets().send()).is_ok());
    let other = client(World::default());
    let error = block_on(other.describe_instances().send()).expect_err("unknown");
    assert_eq!(error.code(), Some("InvalidAction"));
    let error = block_on(
        other
            .describe_vpcs()
            .filters(filter("colour", "blue"))
            .send(),
    );
    assert_eq!(
        error.expect_err("unknown").code(),
        Some("InvalidParameterValue")
    );
    let error = block_on(other.describe_vpcs().dry_run(true).send()).expect_err("dry");
    assert_eq!(error.code(), Some("DryRunOperation"));
}

#[test]
fn unsigned_requests_get_no_data() {
    let world = World::default();
    let front = answer(&world, &unsigned("GET", ""));
    assert_eq!(front.status, 302);
    assert!(
        front
            .headers
            .iter()
            .any(|(name, _)| name == "x-amzn-requestid")
    );
    let call = answer(
        &world,
        &unsigned("POST", "Action=DescribeVpcs&Version=2016-11-15"),
    );
    let text = String::from_utf8(call.body).expect("text");
    assert_eq!(call.status, 400);
    assert!(text.contains("<Code>MissingParameter</Code>"), "{text}");
}

#[test]
fn every_filter_a_listing_knows_has_its_values() {
    let world = World::default();
    let listings: [fn(&World) -> Listing; 10] = [
        endpoints::endpoints,
        interfaces::interfaces,
        network::security_groups,
        network::subnets,
        network::route_tables,
        network::network_acls,
        network::vpcs,
        network::dhcp_options,
        prefix_lists::prefix_lists,
        prefix_lists::managed_prefix_lists,
    ];
    for listing in listings {
        let listing = listing(&world);
        for item in &listing.items {
            let names: Vec<&str> = item.fields.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, listing.filters, "{}", listing.set);
        }
    }
    assert_ne!(Endpoint::default().state, "", "the world's own default");
}
