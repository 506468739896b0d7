//! What the metadata says, read and asked for.

use super::*;

#[test]
fn what_an_answer_did_not_tell_is_asked_for_itself() {
    let of = |path: &str, text: Option<&str>| {
        let text = text.map(|text| (path.to_owned(), text.to_owned()));
        asked_instead(path, &text.into_iter().collect())
    };
    let document = r#"{"availabilityZone": "eu-west-1a", "instanceId": "i-0123456789abcdef0"}"#;
    assert!(of(DOCUMENT, Some(document)).is_empty());
    let lies = r#"{"availabilityZone": ["eu-west-1a"], "instanceId": "i-0123456789abcdef0"}"#;
    assert_eq!(of(DOCUMENT, Some(lies)), [ZONE]);
    assert_eq!(of(DOCUMENT, Some("<html>")), [ZONE, INSTANCE_ID]);
    assert_eq!(of(DOCUMENT, None), [ZONE, INSTANCE_ID]);
    let blocks = item_path("02:00:00:00:00:01", VPC_CIDRS);
    assert!(of(&blocks, Some("10.0.0.0/16\n10.1.0.0/16")).is_empty());
    let primary = [item_path("02:00:00:00:00:01", PRIMARY_CIDR)];
    assert_eq!(of(&blocks, Some("none")), primary);
    assert_eq!(of(&blocks, None), primary);
    assert!(of("meta-data/mac", None).is_empty());
}

const FIRST: &str = "02:00:00:00:00:01";
const SECOND: &str = "02:00:00:00:00:02";

fn items() -> Items {
    let mut items = Items::new();
    let mut put = |path: &str, text: &str| items.insert(path.to_owned(), text.to_owned());
    put("meta-data/placement/region", "eu-west-1\n");
    put(ZONE, "eu-west-1a");
    put("meta-data/placement/availability-zone-id", "euw1-az3");
    put("meta-data/services/partition", "aws");
    put(INSTANCE_ID, "i-0123456789abcdef0");
    put("meta-data/mac", "02:00:00:00:00:01");
    put(
        "dynamic/instance-identity/document",
        r#"{"accountId":"123456789012","region":"eu-west-1"}"#,
    );
    put(MACS, "02:00:00:00:00:01/\n02:00:00:00:00:02/\n");
    for (mac, n) in [(FIRST, 1), (SECOND, 2)] {
        let mut put = |name: &str, text: String| put(&item_path(mac, name), &text);
        put("interface-id", format!("eni-{n}"));
        put("vpc-id", "vpc-1".into());
        put("vpc-ipv4-cidr-blocks", "10.0.0.0/16\n100.64.0.0/16".into());
        put("vpc-ipv6-cidr-blocks", "2001:db8::/56".into());
        put("subnet-id", format!("subnet-{n}"));
        put("subnet-ipv4-cidr-block", format!("10.0.{n}.0/24"));
        put("security-group-ids", format!("sg-{n}\nsg-9"));
        put("local-ipv4s", format!("10.0.{n}.10\n10.0.{n}.11"));
    }
    put(&item_path(SECOND, "ipv4-prefix"), "10.0.2.64/28");
    put(&item_path(FIRST, "public-ipv4s"), "52.1.2.3");
    items
}

#[test]
fn metadata_is_read_whole() {
    let instance = Instance::read(&items());
    assert_eq!(instance.region.as_ref().unwrap().as_str(), "eu-west-1");
    assert_eq!(instance.account_id.as_deref(), Some("123456789012"));
    assert_eq!(instance.interfaces.len(), 2);
    let first = &instance.interfaces[0];
    assert_eq!(first.vpc_cidrs.len(), 3);
    assert_eq!(first.group_ids, ["sg-1", "sg-9"]);
    assert_eq!(first.public_addresses.len(), 1);
}

fn standing(mac: Option<&str>, source: &str) -> (char, String) {
    let instance = Instance::read(&items());
    match instance
        .interface_of(mac, &[source.parse().unwrap()])
        .unwrap()
    {
        Standing::Own(one) => ('o', one.mac.clone()),
        Standing::Behind(one) => ('b', one.mac.clone()),
        Standing::Unlisted(one) => ('u', one.mac.clone()),
    }
}

#[test]
fn the_interface_is_the_one_that_holds_the_address() {
    assert_eq!(standing(None, "10.0.1.11"), ('o', FIRST.into()));
    assert_eq!(standing(None, "10.0.2.10"), ('o', SECOND.into()));
    assert_eq!(standing(None, "10.0.2.70"), ('o', SECOND.into()));
    assert_eq!(standing(Some(SECOND), "10.0.1.10"), ('o', SECOND.into()));
    assert_eq!(standing(None, "172.17.0.2"), ('b', FIRST.into()));
    assert_eq!(standing(None, "10.0.3.3"), ('u', FIRST.into()));
    assert_eq!(
        standing(Some("02:00:00:00:00:07"), "172.17.0.2"),
        ('u', FIRST.into())
    );
}

#[test]
fn nonsense_is_left_out() {
    let mut items = Items::new();
    for path in INSTANCE_ITEMS.into_iter().chain([ZONE, INSTANCE_ID]) {
        items.insert(path.into(), "<html>sign in</html>".into());
    }
    items.insert(
        MACS.into(),
        "<html>\n../../../etc\n02:00:00:00:00:0g/".into(),
    );
    assert!(Instance::read(&items).is_empty());
    assert_eq!(resource_id("vpc-", "vpc-1\nx"), None);
    assert_eq!(resource_id("vpc-", "vpc-"), None);
    assert_eq!(zone(""), None);
    assert_eq!(mac("02:00:00:00:00"), None);
}

#[test]
fn lists_are_bounded() {
    let many =
        (0..100_000u32).map(|n| format!("02:00:{:02x}:{:02x}:00:00/\n", (n >> 8) & 255, n & 255));
    let items = Items::from([(MACS.to_owned(), many.collect::<String>())]);
    assert_eq!(macs(&items).len(), MOST_INTERFACES);
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "\\PC*", list in "[0-9a-f:./\n-]*") {
        let mut items = Items::new();
        for path in INSTANCE_ITEMS.into_iter().chain([ZONE, INSTANCE_ID]) {
            items.insert(path.into(), text.clone());
        }
        items.insert(MACS.into(), FIRST.into());
        for name in ADDRESS_ITEMS.into_iter().chain(INTERFACE_ITEMS).chain([PRIMARY_CIDR]) {
            items.insert(item_path(FIRST, name), list.clone());
        }
        let instance = Instance::read(&items);
        let _ = instance.interface_of(None, &[]);
    }
}
