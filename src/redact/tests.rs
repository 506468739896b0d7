use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const KEY: Key = [7; 32];

fn facts() -> Facts {
    serde_json::from_str(include_str!("../fuzzing/facts-blocked.json")).unwrap()
}

fn redaction() -> Redaction {
    Redaction::of(&facts(), KEY).unwrap()
}

fn addresses(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    rewrite(text, &mut |found| {
        match found {
            Found::Address(address) => all.insert(address.to_string()),
            Found::Network(network) => all.insert(network.to_string()),
            Found::Account(id) => all.insert(id.to_owned()),
            Found::Word(_) => false,
        };
        None
    });
    all
}

#[test]
fn accounts_and_addresses_are_found_wherever_they_stand() {
    for (text, found) in [
        ("arn:aws:iam::123456789012:role/app", "123456789012"),
        (
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
            "123456789012",
        ),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012",
        ),
        (
            "arn%3Aaws%3Asqs%3Aeu-west-1%3A123456789012%3Aq",
            "123456789012",
        ),
        ("a\\n123456789012", "123456789012"),
        ("logs-123456789012-eu", "123456789012"),
        ("at 10.0.1.10.", "10.0.1.10"),
        ("10.0.0.2:53", "10.0.0.2"),
        ("[2600:1f18::5]:443", "2600:1f18::5"),
        ("2600:1f18::5: timeout", "2600:1f18::5"),
        ("addr:2600:1F18:0:0::5", "2600:1f18::5"),
        ("\"aws:SourceIp\":[\"10.0.0.0/16\"]", "10.0.0.0/16"),
        ("http://10.0.0.9/x", "10.0.0.9"),
        ("::ffff:10.0.0.9", "::ffff:10.0.0.9"),
        ("ip-10-0-1-10.ec2.internal", "10.0.1.10"),
        ("ec2-54-1-2-3.compute-1.amazonaws.com", "54.1.2.3"),
    ] {
        assert_eq!(addresses(text), [found.to_owned()].into(), "{text}");
    }
    for text in [
        "2026-11-21T05:00:00.000Z",
        "0e:12:34:56:78:9a",
        "AWS::EC2::VPC",
        "std::fmt",
        "vpce-0123456789012abcd",
        "0192f0c8-1234-7abc-8def-123456789012",
        "0.123456789012",
        "com.amazonaws.us-east-1.sqs",
        "1.2.3",
        "",
    ] {
        assert_eq!(addresses(text), BTreeSet::new(), "{text}");
    }
}

#[test]
fn stand_ins_are_the_same_everywhere_and_parse() {
    let redaction = redaction();
    let account = facts().host.account_id.unwrap();
    let stand_in = redaction.text(&account);
    assert_eq!(stand_in, "000000000001");
    assert_eq!(
        redaction.text(&format!(
            "arn:aws:sqs:us-east-1:{account}:q, logs{account}x"
        )),
        format!("arn:aws:sqs:us-east-1:{stand_in}:q, logs{stand_in}x")
    );
    let own = redaction.text("10.0.1.10");
    assert!(own.parse::<std::net::Ipv4Addr>().is_ok() && own != "10.0.1.10");
    assert_eq!(
        redaction.text("ip-10-0-1-10 10.0.1.10:53"),
        format!("ip-{} {own}:53", own.replace('.', "-"))
    );
    assert_eq!(redaction.text("10.0.0.0/8"), "10.0.0.0/8");
    let vpc: ipnet::IpNet = redaction.text("10.0.0.0/16").parse().unwrap();
    assert_eq!((vpc.prefix_len(), vpc.addr()), (16, vpc.network()));
    assert!(vpc.contains(&own.parse::<std::net::IpAddr>().unwrap()));
}

#[test]
fn the_vpcs_resolver_stays_at_the_base_plus_two() {
    let redaction = redaction();
    let vpc: ipnet::IpNet = redaction.text("10.0.0.0/16").parse().unwrap();
    let resolver = dns::vpc_resolver_in(&[vpc]).unwrap().to_string();
    assert_eq!(redaction.text("10.0.0.2"), resolver);
}

#[test]
fn what_is_the_same_everywhere_stays() {
    let redaction = redaction();
    for text in [
        "169.254.169.253",
        "127.0.0.1",
        "fd00:ec2::253",
        "::1",
        "0.0.0.0/0",
        "::/0",
        "255.255.255.255",
        "fe80::1",
        "vpc-0abc subnet-0abc vpce-0abc i-0abc us-east-1a use1-az1",
    ] {
        assert_eq!(redaction.text(text), text);
    }
}

#[test]
fn another_run_has_other_stand_ins() {
    let other = Redaction::of(&facts(), [8; 32]).unwrap();
    assert_ne!(other.text("10.0.1.10"), redaction().text("10.0.1.10"));
}

#[test]
fn the_verdict_stays_and_replays() {
    let facts = facts();
    let redaction = redaction();
    let report = crate::verdict::report(&facts);
    let redacted = redaction.report(&report).unwrap();
    let replayed = crate::verdict::report(&redaction.facts(&facts).unwrap());
    let gist = |report: &Report| {
        let codes: Vec<String> = report.findings.iter().map(|f| f.code.clone()).collect();
        (report.verdict, report.summary.clone(), codes)
    };
    assert_eq!(gist(&redacted), gist(&report));
    assert_eq!(gist(&replayed), gist(&report));
    let text = serde_json::to_string(&redacted).unwrap();
    assert!(
        !text.contains("10.0.1.10") && !text.contains("123456789012"),
        "{text}"
    );
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_else_changes(text in "\\PC{0,80}|[0-9a-f:./%-]{0,60}") {
        let redaction = redaction();
        let redacted = redaction.text(&text);
        if addresses(&text).is_empty() {
            prop_assert_eq!(redacted, text);
        }
    }

    #[test]
    fn what_lies_in_a_network_still_does(a: u32, b: u32, length in 0_u8..=32) {
        let redaction = redaction();
        let of = |bits: u32| std::net::IpAddr::from(std::net::Ipv4Addr::from(bits));
        let network = ipnet::IpNet::new(of(a), length).unwrap().trunc();
        let (before, after) = (network.contains(&of(b)), redaction.addresses.of(of(b)));
        prop_assert_eq!(redaction.addresses.of_network(network).contains(&after), before);
        prop_assert_eq!(a == b, redaction.addresses.of(of(a)) == after);
    }

    #[test]
    fn a_range_s_kind_stays(bits: u32, high: u64, low: u64) {
        use crate::symptoms::placement::is_private;
        let redaction = redaction();
        for address in [std::net::IpAddr::from(std::net::Ipv4Addr::from(bits)),
            std::net::IpAddr::from(std::net::Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)))] {
            let stand_in = redaction.addresses.of(address);
            prop_assert_eq!(is_private(address), is_private(stand_in));
        }
    }
}
