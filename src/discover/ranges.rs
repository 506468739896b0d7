//! AWS's published address ranges, as an operator hands them over: the file `ip-ranges.json` ("AWS IP address ranges",
//! Amazon VPC User Guide).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// More ranges than AWS has published by far.
const MOST: usize = 500_000;
/// The longest name of a service or a region that is taken.
const LONGEST: usize = 64;

/// The ranges, by length and network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges {
    /// When they were published, as the file says.
    pub created: String,
    /// The file's own version.
    pub sync_token: String,
    v4: BTreeMap<u8, BTreeMap<Ipv4Addr, BTreeSet<Owner>>>,
    v6: BTreeMap<u8, BTreeMap<Ipv6Addr, BTreeSet<Owner>>>,
}

/// Whose a range is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Owner {
    /// The service, in the file's own words: `S3`, `EC2`, `AMAZON`, ….
    pub service: String,
    /// The region, or `GLOBAL`.
    pub region: String,
}

/// A file is no list of AWS's address ranges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected AWS's address ranges as in ip-ranges.json, found {found}")]
pub struct RangesError {
    /// What it is instead.
    pub found: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "syncToken")]
    sync_token: String,
    #[serde(rename = "createDate")]
    create_date: String,
    prefixes: Vec<Prefix>,
    #[serde(default)]
    ipv6_prefixes: Vec<Ipv6Prefix>,
}

#[derive(Deserialize)]
struct Prefix {
    ip_prefix: ipnet::Ipv4Net,
    region: String,
    service: String,
}

#[derive(Deserialize)]
struct Ipv6Prefix {
    ipv6_prefix: ipnet::Ipv6Net,
    region: String,
    service: String,
}

impl Ranges {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Where it is something else, or holds what AWS would not publish.
    pub fn parse(bytes: &[u8]) -> Result<Ranges, RangesError> {
        let wrong = |found: String| RangesError { found };
        let file: File = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        let count = file.prefixes.len().saturating_add(file.ipv6_prefixes.len());
        if count == 0 || count > MOST {
            return Err(wrong(format!("{count} ranges")));
        }
        for stamp in [&file.sync_token, &file.create_date] {
            if !is_word(stamp) {
                return Err(wrong(format!("{:?} as its date or version", cut(stamp))));
            }
        }
        let mut ranges = Ranges {
            created: file.create_date,
            sync_token: file.sync_token,
            ..Ranges::default()
        };
        let v4 = file
            .prefixes
            .into_iter()
            .map(|p| (IpNet::V4(p.ip_prefix), p.service, p.region));
        let v6 = file
            .ipv6_prefixes
            .into_iter()
            .map(|p| (IpNet::V6(p.ipv6_prefix), p.service, p.region));
        for (net, service, region) in v4.chain(v6) {
            // The whole internet is nobody's range: it would name every address.
            if net.prefix_len() < 4 {
                return Err(wrong(format!("the range {net}")));
            }
            if !is_word(&service) || !is_word(&region) {
                let names = format!("{:?} in {:?}", cut(&service), cut(&region));
                return Err(wrong(format!("{names} as the owner of {net}")));
            }
            let owner = Owner { service, region };
            let of_length = match net {
                IpNet::V4(v4) => (ranges.v4.entry(v4.prefix_len()).or_default())
                    .entry(v4.network())
                    .or_default(),
                IpNet::V6(v6) => (ranges.v6.entry(v6.prefix_len()).or_default())
                    .entry(v6.network())
                    .or_default(),
            };
            of_length.insert(owner);
        }
        Ok(ranges)
    }

    /// Everyone whose range an address lies in. A service's range is AMAZON's as well: that one is left out where
    /// another one of the same region says more.
    pub fn owners(&self, address: IpAddr) -> Vec<Owner> {
        let mut found: BTreeSet<&Owner> = BTreeSet::new();
        match address {
            IpAddr::V4(v4) => {
                for (length, networks) in &self.v4 {
                    let network = ipnet::Ipv4Net::new(v4, *length).map(|net| net.network());
                    found.extend(
                        network
                            .ok()
                            .and_then(|n| networks.get(&n))
                            .into_iter()
                            .flatten(),
                    );
                }
            }
            IpAddr::V6(v6) => {
                for (length, networks) in &self.v6 {
                    let network = ipnet::Ipv6Net::new(v6, *length).map(|net| net.network());
                    found.extend(
                        network
                            .ok()
                            .and_then(|n| networks.get(&n))
                            .into_iter()
                            .flatten(),
                    );
                }
            }
        }
        let says_more = |of: &Owner| {
            found
                .iter()
                .any(|other| other.region == of.region && other.service != "AMAZON")
        };
        found
            .iter()
            .filter(|owner| owner.service != "AMAZON" || !says_more(owner))
            .map(|owner| (*owner).clone())
            .collect()
    }
}

/// A word as AWS's are, so that whatever is in the file can be shown.
fn is_word(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"syncToken": "1763000000", "createDate": "2026-11-13-02-13-20", "prefixes": [
        {"ip_prefix": "52.216.0.0/15", "region": "us-east-1", "service": "AMAZON", "network_border_group": "us-east-1"},
        {"ip_prefix": "52.216.0.0/15", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"},
        {"ip_prefix": "52.94.0.0/22", "region": "us-east-1", "service": "AMAZON", "network_border_group": "us-east-1"},
        {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
        {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"}],
        "ipv6_prefixes": [{"ipv6_prefix": "2600:1f18::/33", "region": "us-east-1", "service": "EC2",
        "network_border_group": "us-east-1"}]}"#;

    fn told(address: &str) -> Vec<String> {
        let ranges = Ranges::parse(FILE.as_bytes()).unwrap();
        let owners = ranges.owners(address.parse().unwrap());
        let words = owners.iter().map(|o| format!("{} {}", o.service, o.region));
        words.collect()
    }

    #[test]
    fn the_range_that_says_most_counts() {
        assert_eq!(told("52.217.3.4"), ["S3 us-east-1"]);
        assert_eq!(told("52.94.1.1"), ["AMAZON us-east-1"]);
        assert_eq!(told("3.5.1.1"), ["EC2 us-east-1", "S3 us-east-1"]);
        assert_eq!(told("2600:1f18::1"), ["EC2 us-east-1"]);
        assert_eq!(told("198.51.100.1"), [""; 0]);
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"prefixes": []}"#,
            r#"{"syncToken": "1", "createDate": "2", "prefixes": []}"#,
            &FILE.replace("52.94.0.0/22", "0.0.0.0/0"),
            &FILE.replace("52.94.0.0/22", "52.94.0.0/33"),
            &FILE.replace("EC2", "E\\u001b[2J"),
            &FILE.replace("1763000000", "a b"),
        ] {
            assert!(Ranges::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
