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

/// In the document as well, as is the next.
const ZONE: &str = "meta-data/placement/availability-zone";
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
    let answer = items.get(path);
    if path == DOCUMENT {
        let alone = answer.map(|text| (path.to_owned(), text.clone()));
        let told = Instance::read(&alone.into_iter().collect());
        let zone = told.availability_zone.is_none().then_some(ZONE);
        let id = told.instance_id.is_none().then_some(INSTANCE_ID);
        return zone.into_iter().chain(id).map(str::to_owned).collect();
    }
    let tells = || list::<IpNet>(answer.map(String::as_str)).next().is_some();
    match path.strip_suffix(VPC_CIDRS) {
        Some(interface) if !tells() => vec![format!("{interface}{PRIMARY_CIDR}")],
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
mod tests;
