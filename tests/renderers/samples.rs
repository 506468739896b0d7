//! Three reports as the contract writes them: all is well, one cause, and one full of hostile texts.

use serde_json::{Value, json};
use vpcheck::verdict::Report;

/// What a hostile server may put into any text it controls.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{202e}gnp.exe\u{2066}<script>alert('1')</script>&\"]]>|`**_[x](http://evil.example/)@team\r\n# FAIL\u{0}\u{200b}\u{feff}";

/// Everything passes, with a warning.
pub(crate) fn healthy() -> Report {
    report(&json!({
        "schema_version": "1",
        "tool": {"name": "vpcheck", "version": "0.1.0"},
        "run_id": "01932f4e-7c1a-7d2e-9b11-0242ac120002",
        "started_at": "2026-11-21T05:00:00.000Z",
        "duration_ms": 41.7,
        "verdict": "pass",
        "summary": {"services": {"pass": 4, "fail": 0, "unknown": 0}, "findings": {"fail": 0, "warn": 1, "info": 0}},
        "environment": environment(),
        "services": [
            passing("sqs", "sqs.us-east-1.amazonaws.com", "vpce-0a11", &["10.0.10.55", "10.0.11.55"]),
            passing("secretsmanager", "secretsmanager.us-east-1.amazonaws.com", "vpce-0b22", &["10.0.10.56", "10.0.11.56"]),
            gateway(),
            with_ipv6(),
        ],
        "canary": {"status": "round-trip", "queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/canary",
            "message_id": "5fea7756-0ea4-451a-a703-a558b933e274", "request_id": "7f8c5d1a-1111-2222-3333-444455556666",
            "remote_address": "10.0.10.55", "duration_ms": 9.4, "error": null},
        "inventory": {"source": "ec2-api", "taken_at": "2026-11-21T05:00:00.010Z", "denied": [], "error": null},
        "findings": [{
            "code": "endpoint-single-az", "severity": "warn", "services": ["kms"], "subject": "vpce-0d440123456789abc",
            "title": "The endpoint vpce-0d440123456789abc for kms has an interface in one zone only.",
            "because": "If us-east-1a fails, the whole VPC loses kms, though the service itself is still there in the other zones.",
            "evidence": ["The endpoint's only subnet is subnet-0aaa, in us-east-1a."],
            "fix": {"summary": "Add a subnet in a second zone to the endpoint.",
                "commands": ["aws ec2 modify-vpc-endpoint --region us-east-1 --vpc-endpoint-id vpce-0d440123456789abc --add-subnet-ids SUBNET_IN_ANOTHER_ZONE"]},
            "consequences": []
        }]
    }))
}

/// One endpoint's private DNS is off, which has consequences; another address of a second service swallows packets.
pub(crate) fn private_dns_off() -> Report {
    let mut sqs = passing(
        "sqs",
        "sqs.us-east-1.amazonaws.com",
        "vpce-0a11",
        &["52.46.128.10", "52.46.136.11"],
    );
    sqs["verdict"] = json!("fail");
    sqs["route"] = json!("public");
    sqs["endpoint"]["private_dns_enabled"] = json!(false);
    for answer in sqs["hostnames"][0]["dns"]["answers"]
        .as_array_mut()
        .unwrap()
    {
        answer["in_vpc_cidr"] = json!(false);
        answer["endpoint_id"] = Value::Null;
        answer["network_interface_id"] = Value::Null;
        answer["availability_zone"] = Value::Null;
    }
    sqs["hostnames"][0]["probes"][1] = json!({"address": "52.46.136.11",
        "tcp": {"status": "timeout", "duration_ms": 2000.4},
        "tls": {"status": "skipped", "version": null, "alpn": null, "issuer": null, "not_after": null, "duration_ms": null, "reason": "TCP did not connect"},
        "http": {"status": "skipped", "code": null, "duration_ms": null, "reason": "TCP did not connect"}});
    let mut sts = passing(
        "sts",
        "sts.us-east-1.amazonaws.com",
        "vpce-0c33",
        &["10.0.10.57"],
    );
    sts["required"] = json!(false);
    report(&json!({
        "schema_version": "1",
        "tool": {"name": "vpcheck", "version": "0.1.0"},
        "run_id": "01932f4e-7c1a-7d2e-9b11-0242ac120003",
        "started_at": "2026-11-21T05:00:00.000Z",
        "duration_ms": 2213.9,
        "verdict": "fail",
        "summary": {"services": {"pass": 2, "fail": 1, "unknown": 0}, "findings": {"fail": 1, "warn": 0, "info": 1}},
        "environment": environment(),
        "services": [sts, sqs, gateway()],
        "canary": {"status": "failed", "queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
            "message_id": null, "request_id": "7f8c5d1a-1111-2222-3333-444455556666", "remote_address": "52.46.128.10", "duration_ms": 88.0,
            "error": "AccessDenied: User: arn:aws:sts::123456789012:assumed-role/app/i-0abc is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:orders with an explicit deny in a resource-based policy"},
        "inventory": {"source": "ec2-api", "taken_at": "2026-11-21T05:00:00.010Z", "denied": ["ec2:DescribeNetworkAcls"], "error": null},
        "findings": [
            {"code": "internet-route-present", "severity": "info", "services": [], "subject": "rtb-0aaa",
                "title": "This subnet has a route to the internet.", "because": "rtb-0aaa sends 0.0.0.0/0 to nat-0aaa.",
                "evidence": ["0.0.0.0/0 -> nat-0aaa"], "fix": {"summary": "Nothing to do unless the subnet is meant to be isolated.", "commands": []}, "consequences": []},
            {"code": "private-dns-disabled", "severity": "fail", "services": ["sqs"], "subject": "vpce-0a110123456789abc",
                "title": "The endpoint vpce-0a110123456789abc for sqs is there, but its private DNS is off.",
                "because": "sqs.us-east-1.amazonaws.com resolves to public addresses although this VPC has an available endpoint for sqs: with private DNS off, only the endpoint's own vpce name leads to it.",
                "evidence": [
                    "10.0.0.2 answered 52.46.128.10, 52.46.136.11 for sqs.us-east-1.amazonaws.com, outside 10.0.0.0/16.",
                    "vpce-0a110123456789abc is available, PrivateDnsEnabled is false."],
                "fix": {"summary": "Turn on private DNS for the endpoint; new lookups are private within a minute or so.",
                    "commands": ["aws ec2 modify-vpc-endpoint --region us-east-1 --vpc-endpoint-id vpce-0a110123456789abc --private-dns-enabled",
                        "vpcheck check sqs"]},
                "consequences": [
                    "sqs is reached over the internet, through nat-0aaa.",
                    "The queue's policy denies the canary, since the request does not come through the endpoint (aws:SourceVpce)."]}
        ]
    }))
}

/// Nothing failed, little is known, and every text a server controls is hostile.
pub(crate) fn inconclusive_and_hostile() -> Report {
    report(&json!({
        "schema_version": "1",
        "tool": {"name": "vpcheck", "version": "0.1.0"},
        "run_id": "01932f4e-7c1a-7d2e-9b11-0242ac120004",
        "started_at": "2026-11-21T05:00:00.000Z",
        "duration_ms": 5021.0,
        "verdict": "inconclusive",
        "summary": {"services": {"pass": 0, "fail": 0, "unknown": 1}, "findings": {"fail": 0, "warn": 1, "info": 0}},
        "environment": {
            "kind": "fargate", "region": "eu-west-1", "partition": null, "availability_zone": null, "availability_zone_id": null,
            "account_id": null, "instance_id": null, "task_arn": "arn:aws:ecs:eu-west-1:123456789012:task/prod/0f0f",
            "vpc_id": null, "subnet_id": null, "vpc_cidrs": [], "vpc_cidrs_source": "none", "addresses": ["10.4.1.10"],
            "resolvers": ["10.4.0.2"], "proxy": HOSTILE
        },
        "services": [{
            "service": "sqs", "service_name": "com.amazonaws.eu-west-1.sqs", "required": true, "verdict": "unknown", "route": "private-unlisted",
            "endpoint": null,
            "hostnames": [{
                "name": "sqs.eu-west-1.amazonaws.com",
                "dns": {"status": "ok", "resolver": "10.4.0.2", "duration_ms": 1.2, "cname_chain": [HOSTILE],
                    "answers": [{"address": "10.200.4.7", "ttl": 60, "in_vpc_cidr": null, "endpoint_id": null, "network_interface_id": null, "availability_zone": null}],
                    "system_answers": ["10.9.9.9"], "vpc_resolver_answers": [], "error": HOSTILE},
                "probes": [{"address": "10.200.4.7",
                    "tcp": {"status": "ok", "duration_ms": 3.0},
                    "tls": {"status": "untrusted", "version": "TLSv1.2", "alpn": null, "issuer": HOSTILE, "not_after": "2027-01-01T00:00:00Z", "duration_ms": 7.0, "reason": HOSTILE},
                    "http": {"status": "skipped", "code": null, "duration_ms": null, "reason": "TLS is not verified"}}]
            }]
        }],
        "canary": {"status": "skipped", "queue_url": null, "message_id": null, "request_id": null, "remote_address": null, "duration_ms": null, "error": "no queue was given"},
        "inventory": {"source": "none", "taken_at": null, "denied": [], "error": HOSTILE},
        "findings": [{
            "code": "private-address-unlisted", "severity": "warn", "services": ["sqs"], "subject": HOSTILE,
            "title": HOSTILE, "because": HOSTILE, "evidence": [HOSTILE, "- nested", "1. numbered", "# heading"],
            "fix": {"summary": HOSTILE, "commands": [HOSTILE, "vpcheck check --allow-cidr 10.200.0.0/16"]}, "consequences": [HOSTILE]
        }]
    }))
}

/// A service on an interface endpoint, every address of which answers.
pub(crate) fn passing(service: &str, name: &str, endpoint: &str, addresses: &[&str]) -> Value {
    let endpoint = format!("{endpoint}0123456789abc");
    let zones = ["us-east-1a", "us-east-1b"];
    let answers: Vec<Value> = addresses
        .iter()
        .zip(zones)
        .map(|(address, zone)| {
            json!({"address": address, "ttl": 60, "in_vpc_cidr": true, "endpoint_id": endpoint,
                "network_interface_id": "eni-0abc", "availability_zone": zone})
        })
        .collect();
    json!({
        "service": service, "service_name": format!("com.amazonaws.us-east-1.{service}"), "required": true,
        "verdict": "pass", "route": "interface-endpoint",
        "endpoint": {"id": endpoint, "type": "Interface", "state": "available", "private_dns_enabled": true},
        "hostnames": [{
            "name": name,
            "dns": {"status": "ok", "resolver": "10.0.0.2", "duration_ms": 0.8, "cname_chain": [], "answers": answers,
                "system_answers": addresses, "vpc_resolver_answers": null, "error": null},
            "probes": addresses.iter().map(|address| probe(address)).collect::<Vec<_>>(),
        }]
    })
}

fn gateway() -> Value {
    let mut s3 = passing(
        "s3",
        "s3.us-east-1.amazonaws.com",
        "vpce-0e55",
        &["52.216.4.10"],
    );
    s3["route"] = json!("gateway-endpoint");
    s3["endpoint"]["type"] = json!("Gateway");
    s3["endpoint"]["private_dns_enabled"] = json!(false);
    s3
}

fn with_ipv6() -> Value {
    let mut kms = passing(
        "kms",
        "kms.us-east-1.amazonaws.com",
        "vpce-0d44",
        &["10.0.10.58", "fd00:10::58"],
    );
    kms["hostnames"][0]["probes"][1] = json!({"address": "fd00:10::58",
        "tcp": {"status": "skipped", "duration_ms": null, "reason": "this host has no IPv6 route"},
        "tls": {"status": "skipped", "version": null, "alpn": null, "issuer": null, "not_after": null, "duration_ms": null, "reason": "this host has no IPv6 route"},
        "http": {"status": "skipped", "code": null, "duration_ms": null, "reason": "this host has no IPv6 route"}});
    kms
}

fn probe(address: &str) -> Value {
    json!({"address": address,
        "tcp": {"status": "ok", "duration_ms": 0.4},
        "tls": {"status": "ok", "version": "TLSv1.3", "alpn": "h2", "issuer": "CN=Amazon RSA 2048 M01,O=Amazon,C=US",
            "not_after": "2027-01-01T00:00:00Z", "duration_ms": 2.1},
        "http": {"status": "ok", "code": 404, "duration_ms": 0.9}})
}

fn environment() -> Value {
    json!({
        "kind": "ec2", "region": "us-east-1", "partition": "aws", "availability_zone": "us-east-1a", "availability_zone_id": "use1-az1",
        "account_id": "123456789012", "instance_id": "i-0abc0123456789abc", "task_arn": null, "vpc_id": "vpc-0abc0123456789abc",
        "subnet_id": "subnet-0abc0123456789abc", "vpc_cidrs": ["10.0.0.0/16"], "vpc_cidrs_source": "imds",
        "addresses": ["10.0.1.10"], "resolvers": ["10.0.0.2"], "proxy": null
    })
}

/// The report a JSON document is.
pub(crate) fn report(value: &Value) -> Report {
    serde_json::from_value(value.clone()).unwrap()
}
