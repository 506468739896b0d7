//! An EC2 instance, and what its metadata says.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::arn::{account_id, partition};
use super::{Place, Signs};
use crate::catalog::Region;
use crate::facts::EnvironmentKind;
use crate::facts::host::InstanceIdentity;

/// Recognised by its metadata service, or by its firmware where that service is off.
///
/// Source: "Identify EC2 instances" in the EC2 user guide (DMI's vendor is `Amazon EC2` on Nitro).
pub const PLACE: Place = Place {
    recognise,
    no_instance_metadata: |_| None,
    account_id: |_| None,
    container: false,
};

/// Items as the metadata service gave them: path below `/latest/`, and text.
pub type Items = BTreeMap<String, String>;

/// The list of interfaces, by hardware address.
pub const MACS: &str = "meta-data/network/interfaces/macs/";

/// What is asked of the instance as a whole, beside the list of interfaces.
///
/// Source: "Instance metadata categories" in the EC2 user guide.
pub const INSTANCE_ITEMS: [&str; 6] = [
    "meta-data/placement/region",
    "meta-data/placement/availability-zone-id",
    "meta-data/services/partition",
    "meta-data/mac",
    DOCUMENT,
    SIGNATURE,
];

/// What is asked first: with it the work begins. The document tells the region and the account; not everything that
/// poses as the service has it.
pub const FIRST_ITEMS: [&str; 4] = [
    MACS,
    DOCUMENT,
    "meta-data/placement/region",
    "meta-data/mac",
];

/// What is asked first of an interface: whose it is and in which VPC.
pub const FIRST_OF_INTERFACE: [&str; 4] = ["vpc-id", "owner-id", "local-ipv4s", "ipv6s"];

/// In the document as well.
const ZONE: &str = "meta-data/placement/availability-zone";
/// In the document as well.
const INSTANCE_ID: &str = "meta-data/instance-id";

const DOCUMENT: &str = "dynamic/instance-identity/document";
/// The document's signature, as "Verify the instance identity document" in the EC2 user guide recommends it.
const SIGNATURE: &str = "dynamic/instance-identity/rsa2048";

/// What tells which interface an address belongs to.
pub const ADDRESS_ITEMS: [&str; 4] = ["local-ipv4s", "ipv6s", "ipv4-prefix", "ipv6-prefix"];

/// What is asked of an interface beside its addresses.
pub const INTERFACE_ITEMS: [&str; 10] = [
    "interface-id",
    "owner-id",
    "vpc-id",
    VPC_CIDRS,
    "vpc-ipv6-cidr-blocks",
    "subnet-id",
    "subnet-ipv4-cidr-block",
    "subnet-ipv6-cidr-blocks",
    "security-group-ids",
    PUBLIC_ITEM,
];

/// All IPv4 blocks of the interface's VPC, the primary one among them.
const VPC_CIDRS: &str = "vpc-ipv4-cidr-blocks";
/// The primary one alone.
const PRIMARY_CIDR: &str = "vpc-ipv4-cidr-block";

/// The public addresses of an interface.
const PUBLIC_ITEM: &str = "public-ipv4s";

/// Neither the identity document nor its signature is longer.
const LONGEST_IDENTITY: usize = 16 * 1024;
/// No instance has more interfaces than this that are worth asking about.
const MOST_INTERFACES: usize = 32;
/// Lists in metadata are short; a longer one is not believed to its end.
const MOST_ENTRIES: usize = 256;

/// What the metadata service said of the instance, validated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// The region.
    pub region: Option<Region>,
    /// The partition.
    pub partition: Option<String>,
    /// The Availability Zone's name.
    pub availability_zone: Option<String>,
    /// The Availability Zone's id.
    pub availability_zone_id: Option<String>,
    /// The account that owns the instance.
    pub account_id: Option<String>,
    /// The instance's id.
    pub instance_id: Option<String>,
    /// The hardware address of the primary interface.
    pub primary_mac: Option<String>,
    /// The identity document and its signature, as they came.
    pub identity: Option<InstanceIdentity>,
    /// The interfaces, as far as they were asked about.
    pub interfaces: Vec<Interface>,
}

/// What the metadata service said of one interface, validated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its hardware address.
    pub mac: String,
    /// Its id.
    pub id: Option<String>,
    /// The account that owns it.
    pub owner_id: Option<String>,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// The CIDRs of its VPC.
    pub vpc_cidrs: Vec<IpNet>,
    /// Its subnet.
    pub subnet_id: Option<String>,
    /// The CIDRs of its subnet.
    pub subnet_cidrs: Vec<IpNet>,
    /// Its security groups.
    pub group_ids: Vec<String>,
    /// Its private addresses.
    pub addresses: Vec<IpAddr>,
    /// The prefixes delegated to it, which hold the addresses of pods.
    pub prefixes: Vec<IpNet>,
    /// Its public addresses.
    pub public_addresses: Vec<IpAddr>,
}

impl Instance {
    /// Reads the items; whatever is not what it should be is left out.
    pub fn read(items: &Items) -> Instance {
        let item = |path: &str| items.get(path).map(String::as_str);
        let document = document(items);
        let field = |name: &str| document.as_ref()?.get(name)?.as_str();
        let either = |path: &str, name: &str| item(path).or_else(|| field(name));
        Instance {
            region: either("meta-data/placement/region", "region")
                .and_then(|text| Region::parse(text.trim()).ok()),
            partition: item("meta-data/services/partition").and_then(partition),
            availability_zone: either(ZONE, "availabilityZone").and_then(zone),
            availability_zone_id: item("meta-data/placement/availability-zone-id").and_then(zone),
            account_id: field("accountId").and_then(account_id),
            instance_id: either(INSTANCE_ID, "instanceId").and_then(|text| resource_id("i-", text)),
            primary_mac: item("meta-data/mac").and_then(mac),
            identity: document.as_ref().and_then(|_| identity(items)),
            interfaces: macs(items)
                .into_iter()
                .map(|mac| Interface::read(mac, items))
                .collect(),
        }
    }

    /// True where nothing that was said is usable.
    pub fn is_empty(&self) -> bool {
        let known = Instance {
            // What anything may answer to anything says nothing of an instance.
            identity: None,
            ..self.clone()
        };
        known == Instance::default()
    }

    /// The interface through which traffic from these addresses leaves, and how far it is known to be.
    pub fn interface_of(&self, mac: Option<&str>, sources: &[IpAddr]) -> Option<Standing<'_>> {
        let named = mac.and_then(|mac| self.interfaces.iter().find(|one| one.mac == mac));
        let holder = || {
            sources
                .iter()
                .find_map(|source| self.interfaces.iter().find(|one| one.holds(*source)))
        };
        if let Some(own) = named.or_else(holder) {
            return Some(Standing::Own(own));
        }
        let primary = self.primary()?;
        // An address of the VPC on no interface that is listed: a branch interface of its own, whose
        // groups the metadata of the instance does not tell. Any other address is a bridge's, behind
        // the primary interface.
        let own_address = mac.is_some()
            || sources
                .iter()
                .any(|source| primary.vpc_cidrs.iter().any(|cidr| cidr.contains(source)));
        Some(match own_address {
            true => Standing::Unlisted(primary),
            false => Standing::Behind(primary),
        })
    }

    fn primary(&self) -> Option<&Interface> {
        let named = self
            .interfaces
            .iter()
            .find(|one| Some(&one.mac) == self.primary_mac.as_ref());
        named.or(self.interfaces.first())
    }
}

/// How traffic from the host's addresses stands to an interface of the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// The address is the interface's own.
    Own(&'a Interface),
    /// The address is a container bridge's; its traffic leaves through this interface.
    Behind(&'a Interface),
    /// The address is in the VPC, on an interface the metadata does not list; only what holds for the
    /// whole VPC can be taken from this one.
    Unlisted(&'a Interface),
}

impl Interface {
    fn read(mac: String, items: &Items) -> Interface {
        let item = |name: &str| items.get(&item_path(&mac, name)).map(String::as_str);
        let id = |name: &str, prefix: &str| resource_id(prefix, item(name)?);
        let networks = |names: [&str; 2]| -> Vec<IpNet> {
            names
                .into_iter()
                .flat_map(|name| list(item(name)))
                .collect()
        };
        // The primary block stands in the list as well; not everything that poses as the service has the list.
        let mut vpc_cidrs = networks([VPC_CIDRS, "vpc-ipv6-cidr-blocks"]);
        for primary in list::<IpNet>(item(PRIMARY_CIDR)) {
            if !vpc_cidrs.contains(&primary) {
                vpc_cidrs.insert(0, primary);
            }
        }
        Interface {
            id: id("interface-id", "eni-"),
            owner_id: item("owner-id").and_then(account_id),
            vpc_id: id("vpc-id", "vpc-"),
            vpc_cidrs,
            subnet_id: id("subnet-id", "subnet-"),
            subnet_cidrs: networks(["subnet-ipv4-cidr-block", "subnet-ipv6-cidr-blocks"]),
            group_ids: lines(item("security-group-ids"))
                .filter_map(|line| resource_id("sg-", line))
                .collect(),
            addresses: list(item("local-ipv4s"))
                .chain(list(item("ipv6s")))
                .collect(),
            prefixes: networks(["ipv4-prefix", "ipv6-prefix"]),
            public_addresses: list(item(PUBLIC_ITEM)).collect(),
            mac,
        }
    }

    /// True where the interface holds this address, itself or in a delegated prefix.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address)
            || self.prefixes.iter().any(|prefix| prefix.contains(&address))
    }
}

/// The hardware addresses that the list of interfaces names.
pub fn macs(items: &Items) -> Vec<String> {
    let mut macs = Vec::new();
    for mac in lines(items.get(MACS).map(String::as_str)).filter_map(mac) {
        if macs.len() < MOST_INTERFACES && !macs.contains(&mac) {
            macs.push(mac);
        }
    }
    macs
}

/// What is to be asked now that the answer to `path`, or none, has come: what it should have told and did not. Not
/// everything that poses as the service has every item.
pub fn asked_instead(path: &str, items: &Items) -> Vec<String> {
    if path == DOCUMENT {
        let document = document(items);
        let field = |name: &str| document.as_ref()?.get(name)?.as_str();
        let zone = field("availabilityZone").and_then(zone);
        let id = field("instanceId").and_then(|text| resource_id("i-", text));
        let untold = [(zone.is_none(), ZONE), (id.is_none(), INSTANCE_ID)];
        let paths = untold.into_iter().filter(|(is_untold, _)| *is_untold);
        return paths.map(|(_, path)| path.to_owned()).collect();
    }
    match path.strip_suffix(VPC_CIDRS) {
        Some(interface)
            if list::<IpNet>(items.get(path).map(String::as_str))
                .next()
                .is_none() =>
        {
            vec![format!("{interface}{PRIMARY_CIDR}")]
        }
        _ => Vec::new(),
    }
}

/// The path of an interface's item, below `/latest/`.
pub fn item_path(mac: &str, name: &str) -> String {
    format!("{MACS}{mac}/{name}")
}

/// A hardware address in lowercase, if it is one; a directory's trailing `/` does not matter.
pub fn mac(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let mut pairs = 0;
    let clean = text.split(':').all(|pair| {
        pairs += 1;
        pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit())
    });
    (clean && pairs == 6).then(|| text.to_ascii_lowercase())
}

/// A resource's id, if it is one: the prefix and letters or digits.
pub fn resource_id(prefix: &str, text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text.strip_prefix(prefix)?;
    let clean = rest.bytes().all(|b| b.is_ascii_alphanumeric());
    (clean && !rest.is_empty() && rest.len() <= 32).then(|| text.to_owned())
}

/// The name or id of a zone, if it is one.
pub fn zone(text: &str) -> Option<String> {
    let text = text.trim();
    let clean = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    (clean && begins && text.len() <= 48).then(|| text.to_owned())
}

/// The identity document, where it is one.
fn document(items: &Items) -> Option<serde_json::Map<String, serde_json::Value>> {
    let text = items.get(DOCUMENT)?;
    serde_json::from_str(text).ok()
}

/// A document and its signature where it may be one.
fn identity(items: &Items) -> Option<InstanceIdentity> {
    let bounded = |path: &str| {
        items
            .get(path)
            .filter(|text| text.len() <= LONGEST_IDENTITY)
    };
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b);
    let rsa2048 = bounded(SIGNATURE).filter(|text| text.bytes().all(is_base64));
    Some(InstanceIdentity {
        document: bounded(DOCUMENT)?.clone(),
        rsa2048: rsa2048.cloned(),
    })
}

fn recognise(signs: &Signs) -> Option<EnvironmentKind> {
    let firmware = signs
        .vendor
        .is_some_and(|vendor| vendor.trim() == "Amazon EC2");
    (signs.instance_metadata || firmware).then_some(EnvironmentKind::Ec2)
}

fn lines(text: Option<&str>) -> impl Iterator<Item = &str> {
    let lines = text.unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).take(MOST_ENTRIES)
}

fn list<T: std::str::FromStr>(text: Option<&str>) -> impl Iterator<Item = T> {
    lines(text).filter_map(|line| line.parse().ok())
}

#[cfg(test)]
mod tests {
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
        for path in INSTANCE_ITEMS {
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
        let many = (0..100_000u32)
            .map(|n| format!("02:00:{:02x}:{:02x}:00:00/\n", (n >> 8) & 255, n & 255));
        let items = Items::from([(MACS.to_owned(), many.collect::<String>())]);
        assert_eq!(macs(&items).len(), MOST_INTERFACES);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*", list in "[0-9a-f:./\n-]*") {
            let mut items = Items::new();
            for path in INSTANCE_ITEMS {
                items.insert(path.into(), text.clone());
            }
            items.insert(MACS.into(), FIRST.into());
            for name in ADDRESS_ITEMS.into_iter().chain(INTERFACE_ITEMS) {
                items.insert(item_path(FIRST, name), list.clone());
            }
            let instance = Instance::read(&items);
            let _ = instance.interface_of(None, &[]);
        }
    }
}
