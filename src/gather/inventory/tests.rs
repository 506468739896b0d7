mod simulation;

use std::time::Duration;

use super::*;
use crate::facts::FailureKind;
use crate::facts::inventory::Destination;
use crate::gather::aws::test_service::{
    Answer, Request, SECRET, Service, access_without_credentials, bounds,
};

fn question(vpc: Option<&str>) -> InventoryQuestion {
    InventoryQuestion {
        region: "us-east-1".to_owned(),
        vpc_id: vpc.map(str::to_owned),
        own_addresses: vec!["10.0.1.10".parse().unwrap()],
        mac: Some("02:00:00:00:00:01".to_owned()),
        account_id: Some("123456789012".to_owned()),
    }
}

fn xml(operation: &str, inner: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\"?><{operation}Response><requestId>r-1</requestId>{inner}</{operation}Response>"
    );
    Answer::Http(200, vec![("content-type", "text/xml".to_owned())], body)
}

fn error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>You may not.</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
    );
    Answer::Http(status, vec![], body)
}

fn interface(id: &str, address: &str, mac: &str) -> String {
    format!(
        "<item><networkInterfaceId>{id}</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>\
         <macAddress>{mac}</macAddress><privateIpAddress>{address}</privateIpAddress>\
         <groupSet><item><groupId>sg-far</groupId></item></groupSet>\
         <privateIpAddressesSet><item><privateIpAddress>{address}</privateIpAddress>\
         <association><publicIp>54.1.2.3</publicIp></association></item></privateIpAddressesSet>\
         <ipv6AddressesSet><item><ipv6Address>2001:db8::5</ipv6Address></item></ipv6AddressesSet></item>"
    )
}

/// A small VPC with an SQS endpoint.
fn world(request: &Request) -> Answer {
    let operation = request.operation();
    let inner = match operation.as_str() {
        "DescribeVpcs" => "<vpcSet><item><vpcId>vpc-1</vpcId><ownerId>123456789012</ownerId><cidrBlock>10.0.0.0/16</cidrBlock>\
            <dhcpOptionsId>dopt-1</dhcpOptionsId><cidrBlockAssociationSet>\
            <item><cidrBlock>10.9.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>\
            <item><cidrBlock>100.64.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
            <item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
            </cidrBlockAssociationSet><ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock>\
            <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet></item></vpcSet>"
            .to_owned(),
        "DescribeVpcAttribute" if request.body.contains("enableDnsSupport") => {
            "<vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport>".to_owned()
        }
        "DescribeVpcAttribute" => {
            "<vpcId>vpc-1</vpcId><enableDnsHostnames><value>false</value></enableDnsHostnames>".to_owned()
        }
        "DescribeDhcpOptions" => "<dhcpOptionsSet><item><dhcpOptionsId>dopt-1</dhcpOptionsId><dhcpConfigurationSet>\
            <item><key>domain-name-servers</key><valueSet><item><value>AmazonProvidedDNS</value></item></valueSet></item>\
            </dhcpConfigurationSet></item><item><dhcpOptionsId>dopt-2</dhcpOptionsId></item></dhcpOptionsSet>"
            .to_owned(),
        // Two pages, the last with an empty token.
        "DescribeSubnets" if !request.body.contains("NextToken=") => "<subnetSet><item><subnetId>subnet-1</subnetId>\
            <cidrBlock>10.0.1.0/24</cidrBlock><availabilityZone>us-east-1a</availabilityZone></item></subnetSet>\
            <nextToken>more</nextToken>"
            .to_owned(),
        "DescribeSubnets" => "<subnetSet><item><subnetId>subnet-2</subnetId></item></subnetSet><nextToken></nextToken>".to_owned(),
        "DescribeRouteTables" => "<routeTableSet><item><routeTableId>rtb-1</routeTableId><routeSet>\
            <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>\
            <item><destinationPrefixListId>pl-s3</destinationPrefixListId><gatewayId>vpce-2</gatewayId></item>\
            <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>blackhole</state></item>\
            </routeSet><associationSet><item><main>true</main></item><item><subnetId>subnet-1</subnetId><main>false</main></item>\
            </associationSet></item></routeTableSet>"
            .to_owned(),
        "DescribeNetworkAcls" => "<networkAclSet><item><networkAclId>acl-1</networkAclId><entrySet><item><ruleNumber>100</ruleNumber>\
            <protocol>6</protocol><ruleAction>allow</ruleAction><egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock>\
            <portRange><from>443</from><to>443</to></portRange></item><item><ruleNumber>32767</ruleNumber><protocol>-1</protocol>\
            <ruleAction>deny</ruleAction><egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock></item></entrySet>\
            <associationSet><item><subnetId>subnet-1</subnetId></item></associationSet></item></networkAclSet>"
            .to_owned(),
        "DescribeSecurityGroups" if request.body.contains("group-id") => {
            "<securityGroupInfo><item><groupId>sg-far</groupId></item></securityGroupInfo>".to_owned()
        }
        "DescribeSecurityGroups" => "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>ends</groupName><ipPermissions>\
            <item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort><groups><item><groupId>sg-2</groupId></item></groups>\
            <ipRanges><item><cidrIp>10.0.0.0/16</cidrIp></item></ipRanges>\
            <prefixListIds><item><prefixListId>pl-own</prefixListId></item></prefixListIds></item></ipPermissions>\
            <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>\
            <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress></item></securityGroupInfo>"
            .to_owned(),
        "DescribeVpcEndpoints" => "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType>\
            <vpcId>vpc-1</vpcId><serviceName>com.amazonaws.us-east-1.sqs</serviceName><state>available</state>\
            <policyDocument>{&quot;Statement&quot;:[]}</policyDocument><privateDnsEnabled>true</privateDnsEnabled>\
            <networkInterfaceIdSet><item>eni-end</item></networkInterfaceIdSet><groupSet><item><groupId>sg-1</groupId></item></groupSet>\
            <dnsEntrySet><item><dnsName>SQS.us-east-1.amazonaws.com.</dnsName></item></dnsEntrySet></item></vpcEndpointSet>"
            .to_owned(),
        "DescribeNetworkInterfaces" if request.body.contains("eni-end") => {
            format!("<networkInterfaceSet>{}</networkInterfaceSet>", interface("eni-end", "10.0.1.55", "02:00:00:00:00:ee"))
        }
        "DescribeNetworkInterfaces" => {
            format!("<networkInterfaceSet>{}</networkInterfaceSet>", interface("eni-own", "10.0.1.10", "02:00:00:00:00:01"))
        }
        // Without ranges, as emulators answer.
        "DescribePrefixLists" => "<prefixListSet><item><prefixListId>pl-s3</prefixListId>\
            <prefixListName>com.amazonaws.us-east-1.s3</prefixListName></item></prefixListSet>"
            .to_owned(),
        "GetManagedPrefixListEntries" if request.body.contains("pl-s3") => {
            "<entrySet><item><cidr>52.216.0.0/15</cidr></item></entrySet>".to_owned()
        }
        "GetManagedPrefixListEntries" => "<entrySet><item><cidr>10.0.7.0/24</cidr></item></entrySet>".to_owned(),
        "DescribeVpcEndpointServices" => "<serviceDetailSet><item><serviceName>com.amazonaws.us-east-1.sqs</serviceName>\
            <serviceType><item><serviceType>Interface</serviceType></item></serviceType>\
            <availabilityZoneSet><item>us-east-1a</item></availabilityZoneSet>\
            <privateDnsName>sqs.us-east-1.amazonaws.com</privateDnsName></item>\
            <item><serviceName>com.amazonaws.vpce.us-east-1.vpce-svc-1</serviceName></item></serviceDetailSet>"
            .to_owned(),
        other => panic!("unexpected {other}"),
    };
    xml(&operation, &inner)
}

async fn take_from(service: &Service, timeout_ms: u64, asked: InventoryQuestion) -> Inventory {
    let access = service.access(Duration::from_millis(timeout_ms));
    take(&bounds(timeout_ms, 10_000), &access, &asked).await
}

#[tokio::test]
async fn a_vpc_is_read_with_all_that_it_refers_to() {
    let service = Service::start("localhost", world).await;
    let inventory = take_from(&service, 5000, question(Some("vpc-1"))).await;
    assert!(
        inventory
            .calls()
            .iter()
            .all(|(_, failure)| failure.is_none()),
        "{inventory:?}"
    );
    let vpc = &inventory.vpcs.seen().unwrap()[0];
    let cidrs: Vec<String> = vpc.cidrs.iter().map(ToString::to_string).collect();
    assert_eq!(cidrs, ["10.0.0.0/16", "100.64.0.0/16", "2001:db8::/56"]);
    let attributes = &inventory.vpc_attributes.seen().unwrap()[0];
    assert_eq!(
        (attributes.dns_support, attributes.dns_hostnames),
        (Some(true), Some(false))
    );
    let options = inventory.dhcp_options.seen().unwrap();
    assert_eq!(options.len(), 1);
    assert_eq!(options[0].domain_name_servers, ["AmazonProvidedDNS"]);
    assert_eq!(inventory.subnets.seen().unwrap().len(), 2);
    let table = &inventory.route_tables.seen().unwrap()[0];
    assert!(table.main && table.subnet_ids == ["subnet-1"]);
    assert_eq!(
        table.routes[1].destination,
        Destination::PrefixList("pl-s3".to_owned())
    );
    assert_eq!(table.routes[1].target, "vpce-2");
    assert!(table.routes[2].blackhole && table.routes[2].target == "nat-1");
    let entries = &inventory.network_acls.seen().unwrap()[0].entries;
    assert!(entries[0].allow && entries[0].ports.unwrap().to == 443 && entries[1].protocol == -1);
    let groups = inventory.security_groups.seen().unwrap();
    let ids: Vec<&str> = groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(ids, ["sg-1", "sg-far"]);
    assert!(groups[0].egress[0].ports.is_none());
    let endpoint = &inventory.endpoints.seen().unwrap()[0];
    assert!(endpoint.is_available() && endpoint.is_interface() && endpoint.private_dns_enabled);
    assert!(endpoint.covers("sqs.us-east-1.amazonaws.com"));
    assert_eq!(endpoint.policy.as_deref(), Some("{\"Statement\":[]}"));
    let interfaces = inventory.network_interfaces.seen().unwrap();
    assert_eq!(interfaces.len(), 2);
    assert_eq!(interfaces[0].addresses.len(), 2);
    assert_eq!(interfaces[0].public_addresses.len(), 1);
    let lists = inventory.prefix_lists.seen().unwrap();
    assert_eq!(lists[0].cidrs[0].to_string(), "52.216.0.0/15");
    assert_eq!((lists[1].id.as_str(), lists[1].cidrs.len()), ("pl-own", 1));
    let services = inventory.endpoint_services.seen().unwrap();
    assert_eq!(services.len(), 1);
    assert_eq!(
        services[0].private_dns_names,
        ["sqs.us-east-1.amazonaws.com"]
    );
    assert_eq!(inventory.source, InventorySource::Ec2Api);
    assert!(!format!("{inventory:?}").contains(SECRET));
    let read = read_file("x", &write(&inventory)).unwrap();
    assert_eq!(read.endpoints, inventory.endpoints);
}

#[tokio::test]
async fn an_unknown_vpc_is_found_by_the_hosts_own_interface() {
    let service = Service::start("localhost", world).await;
    let inventory = take_from(&service, 5000, question(None)).await;
    assert_eq!(inventory.vpc_id.as_deref(), Some("vpc-1"));
    assert_eq!(inventory.network_interfaces.seen().unwrap().len(), 2);
    assert!(inventory.endpoints.is_seen());

    let stranger = InventoryQuestion {
        mac: Some("02:ff:ff:ff:ff:ff".to_owned()),
        ..question(None)
    };
    let inventory = take_from(&service, 5000, stranger).await;
    assert_eq!(inventory.vpc_id, None);
    assert!(
        inventory
            .endpoints
            .skip_reason()
            .unwrap()
            .contains("not known")
    );
    assert!(inventory.prefix_lists.is_seen());
}

#[tokio::test]
async fn a_denied_part_leaves_the_others() {
    let service = Service::start("localhost", |request| match request.operation().as_str() {
        "DescribeRouteTables" => error(403, "UnauthorizedOperation"),
        "DescribeNetworkAcls" => error(503, "RequestLimitExceeded"),
        "DescribeSubnets" => error(401, "AuthFailure"),
        "DescribeSecurityGroups" => error(500, "InternalError"),
        "GetManagedPrefixListEntries" => error(403, "UnauthorizedOperation"),
        _ => world(request),
    })
    .await;
    let inventory = take_from(&service, 5000, question(Some("vpc-1"))).await;
    assert_eq!(inventory.denied(), ["ec2:DescribeRouteTables"]);
    assert_eq!(
        inventory.network_acls.failure_kind(),
        Some(FailureKind::Throttled)
    );
    let failure = inventory.subnets.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.detail.contains("AuthFailure"), "{failure:?}");
    assert_eq!(
        inventory.security_groups.failure_kind(),
        Some(FailureKind::Service)
    );
    assert!(inventory.endpoints.is_seen() && inventory.prefix_lists.is_seen());
    // A throttled call is made once more; what the API refuses is not.
    assert_eq!(service.count("DescribeNetworkAcls"), 2);
    assert_eq!(service.count("DescribeRouteTables"), 1);
}

#[tokio::test]
async fn endless_pages_hangs_and_garbage_are_bounded() {
    let service = Service::start("localhost", |request| match request.operation().as_str() {
        "DescribeRouteTables" => xml("DescribeRouteTables", "<nextToken>again</nextToken>"),
        "DescribeNetworkAcls" => Answer::Hang,
        "DescribeSubnets" => Answer::Http(200, vec![], "<html>hello".to_owned()),
        "DescribeSecurityGroups" => Answer::Raw("no HTTP at all\r\n\r\n"),
        "DescribePrefixLists" => {
            Answer::Http(500, vec![], "<html>not implemented</html>".to_owned())
        }
        "DescribeVpcs" => xml(
            "DescribeVpcs",
            "<vpcSet><item><cidrBlock>10.0.0.0/99</cidrBlock></item></vpcSet>",
        ),
        _ => world(request),
    })
    .await;
    let inventory = take_from(&service, 1500, question(Some("vpc-1"))).await;
    assert_eq!(
        inventory.route_tables.failure_kind(),
        Some(FailureKind::Malformed)
    );
    assert_eq!(service.count("DescribeRouteTables"), 2);
    assert_eq!(
        inventory.network_acls.failure_kind(),
        Some(FailureKind::Timeout)
    );
    // One call may take two and a half times as long as a probe, and silence is not asked again.
    assert!(inventory.network_acls.took_ms < 5000.0);
    assert_eq!(service.count("DescribeNetworkAcls"), 1);
    assert_eq!(
        inventory.subnets.failure_kind(),
        Some(FailureKind::Malformed)
    );
    assert_eq!(
        inventory.security_groups.failure_kind(),
        Some(FailureKind::Malformed)
    );
    assert!(inventory.prefix_lists.failure().is_some());
    assert_eq!(inventory.vpcs.failure_kind(), Some(FailureKind::Malformed));
    assert!(inventory.endpoints.is_seen());
}

#[tokio::test]
async fn an_untrusted_certificate_and_a_closed_port_are_told_apart() {
    let service = Service::start("other.example", world).await;
    let inventory = take_from(&service, 2000, question(Some("vpc-1"))).await;
    assert_eq!(
        inventory.endpoints.failure_kind(),
        Some(FailureKind::Untrusted)
    );
    assert!(service.requests.lock().unwrap().is_empty());

    let mut closed = Service::start("localhost", world).await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    closed.address = unused.local_addr().unwrap();
    drop(unused);
    let inventory = take_from(&closed, 2000, question(Some("vpc-1"))).await;
    let failure = inventory.endpoints.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(
        failure.detail.starts_with("ec2.us-east-1.amazonaws.com: "),
        "{failure:?}"
    );
}

#[tokio::test]
async fn without_credentials_every_part_says_so() {
    let failure = Failure::new(
        FailureKind::Credentials,
        "no credentials found; tried Environment",
    );
    let access = access_without_credentials("", failure);
    let inventory = take(&bounds(500, 1000), &access, &question(Some("vpc-1"))).await;
    assert!(inventory.calls().iter().all(|(_, failure)| {
        failure.is_some_and(|failure| failure.kind == FailureKind::Credentials)
    }));
    assert!(inventory.denied().is_empty());
}

#[test]
fn reading_can_move_between_threads_and_is_small() {
    fn size_of_sent<T: Send>(value: &T) -> usize {
        size_of_val(value)
    }
    let (bounds, asked) = (bounds(500, 1000), question(None));
    let access = access_without_credentials("", Failure::new(FailureKind::Other, ""));
    assert!(size_of_sent(&take(&bounds, &access, &asked)) < 64 * 1024);
}
