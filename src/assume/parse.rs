//! Assumptions as they are written on the command line.

use std::fmt;

use ipnet::IpNet;

use super::AssumeError;
use crate::catalog::Catalog;

/// A change that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are what the variants speak of
pub enum Assumption {
    /// An endpoint's private DNS is switched.
    PrivateDns { endpoint: String, on: bool },
    /// A service gets an endpoint.
    EndpointCreated { service: String },
    /// An endpoint is deleted.
    EndpointDeleted { endpoint: String },
    /// An endpoint becomes available.
    EndpointAvailable { endpoint: String },
    /// An endpoint's policy is replaced.
    Policy {
        endpoint: String,
        file: String,
        document: String,
    },
    /// A security group admits 443; from this caller where nobody is named.
    GroupAllows {
        group: String,
        peer: Option<GroupPeer>,
    },
    /// A security group no longer admits 443.
    GroupDenies { group: String },
    /// A caller's security group lets 443 out.
    EgressAllows { group: String },
    /// A network ACL passes HTTPS and its replies.
    AclAllows { acl: String },
    /// The caller's route table gets the route to a service's gateway endpoint.
    RouteAdded { service: String },
    /// No route leads to the internet any more.
    NoInternet,
    /// Both DNS attributes of the VPC are on.
    VpcDnsOn,
    /// The host asks the VPC's resolver.
    VpcResolver,
    /// The hosts file no longer names a host.
    HostsLineRemoved { name: String },
    /// A proxy variable is no longer set.
    ProxyRemoved { variable: String },
}

/// Whom a security group admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupPeer {
    /// A range of addresses.
    Range(IpNet),
    /// Another group.
    Group(String),
}

/// How a kind of assumption is written, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct KindOfAssumption {
    /// The word before the `=`.
    pub word: &'static str,
    /// What follows it; empty where nothing does.
    pub value: &'static str,
    /// What is assumed.
    pub means: &'static str,
}

/// Every kind of assumption.
pub const KINDS: &[KindOfAssumption] = &[
    kind(
        "private-dns",
        "on:VPCE or off:VPCE",
        "the endpoint's private DNS is switched",
    ),
    kind(
        "endpoint-created",
        "SERVICE",
        "the service gets an endpoint, private DNS on",
    ),
    kind("endpoint-deleted", "VPCE", "the endpoint is deleted"),
    kind(
        "endpoint-available",
        "VPCE",
        "the endpoint becomes available",
    ),
    kind(
        "policy",
        "VPCE:FILE",
        "the endpoint's policy is this file's",
    ),
    kind(
        "group-allows-443",
        "SG[:CIDR or :SG]",
        "the security group admits 443, from this host or from there",
    ),
    kind(
        "group-denies-443",
        "SG",
        "the rules that admit 443 are removed",
    ),
    kind(
        "egress-allows-443",
        "SG",
        "the host's own security group lets 443 out",
    ),
    kind(
        "acl-allows-443",
        "ACL",
        "the network ACL passes 443 and its replies",
    ),
    kind(
        "route-added",
        "SERVICE",
        "the subnet's route table gets the gateway endpoint's route",
    ),
    kind(
        "no-internet",
        "",
        "NAT gateway and internet routes are removed",
    ),
    kind("vpc-dns", "on", "both DNS attributes of the VPC are on"),
    kind("resolver", "vpc", "the host asks the VPC's resolver"),
    kind(
        "hosts-line-removed",
        "NAME",
        "the hosts file no longer names the host",
    ),
    kind(
        "proxy-removed",
        "VARIABLE",
        "the proxy variable is no longer set",
    ),
];

const fn kind(word: &'static str, value: &'static str, means: &'static str) -> KindOfAssumption {
    KindOfAssumption { word, value, means }
}

impl Assumption {
    /// Reads an assumption; `read` gives a file's content, `nearest` the word of a few that was probably meant.
    pub fn parse(
        text: &str,
        read: &dyn Fn(&str) -> Result<String, String>,
        nearest: &dyn Fn(&str, &[&'static str]) -> Option<&'static str>,
    ) -> Result<Assumption, AssumeError> {
        let wrong = |problem: String| AssumeError {
            assumption: text.to_owned(),
            problem,
        };
        let (word, value) = match text.split_once('=') {
            Some((word, value)) => (word, value.trim()),
            None => (text, ""),
        };
        let Some(kind) = KINDS.iter().find(|kind| kind.word == word) else {
            let words: Vec<&'static str> = KINDS.iter().map(|kind| kind.word).collect();
            let hint = match nearest(word, &words) {
                Some(meant) => format!("; did you mean {meant}?"),
                None => String::new(),
            };
            return Err(wrong(format!(
                "expected one of {}, found {word:?}{hint}",
                words.join(", ")
            )));
        };
        let expected = || match kind.value {
            "" => wrong(format!(
                "expected {} alone, found {value:?} after it",
                kind.word
            )),
            form => wrong(format!("expected {}={form}, found {value:?}", kind.word)),
        };
        if value.is_empty() != kind.value.is_empty() {
            return Err(expected());
        }
        let id = |prefix: &str, id: &str| -> Result<String, AssumeError> {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let rest = id.strip_prefix(prefix);
            let is_id = rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain));
            if is_id {
                Ok(id.to_owned())
            } else {
                Err(expected())
            }
        };
        let service = || -> Result<String, AssumeError> {
            let catalog = Catalog::get();
            if let Some(service) = catalog.service(value) {
                return Ok(service.id().to_owned());
            }
            let hint = match catalog.nearest(value) {
                Some(meant) => format!("; did you mean {meant}?"),
                None => String::new(),
            };
            Err(wrong(format!(
                "expected a service such as sqs, found {value:?}{hint}"
            )))
        };
        Ok(match kind.word {
            "private-dns" => {
                let (switch, endpoint) = value.split_once(':').ok_or_else(expected)?;
                let on = match switch {
                    "on" => true,
                    "off" => false,
                    _ => return Err(expected()),
                };
                let endpoint = id("vpce-", endpoint)?;
                Assumption::PrivateDns { endpoint, on }
            }
            "endpoint-created" => Assumption::EndpointCreated {
                service: service()?,
            },
            "endpoint-deleted" => Assumption::EndpointDeleted {
                endpoint: id("vpce-", value)?,
            },
            "endpoint-available" => Assumption::EndpointAvailable {
                endpoint: id("vpce-", value)?,
            },
            "policy" => {
                let (endpoint, file) = value.split_once(':').ok_or_else(expected)?;
                let document = read(file).map_err(wrong)?;
                Assumption::Policy {
                    endpoint: id("vpce-", endpoint)?,
                    file: file.to_owned(),
                    document,
                }
            }
            "group-allows-443" => {
                let (group, peer) = match value.split_once(':') {
                    Some((group, peer)) => (group, Some(peer)),
                    None => (value, None),
                };
                let peer = match peer {
                    None => None,
                    Some(peer) if peer.starts_with("sg-") => {
                        Some(GroupPeer::Group(id("sg-", peer)?))
                    }
                    Some(peer) => Some(GroupPeer::Range(peer.parse().map_err(|_| expected())?)),
                };
                Assumption::GroupAllows {
                    group: id("sg-", group)?,
                    peer,
                }
            }
            "group-denies-443" => Assumption::GroupDenies {
                group: id("sg-", value)?,
            },
            "egress-allows-443" => Assumption::EgressAllows {
                group: id("sg-", value)?,
            },
            "acl-allows-443" => Assumption::AclAllows {
                acl: id("acl-", value)?,
            },
            "route-added" => Assumption::RouteAdded {
                service: service()?,
            },
            "no-internet" => Assumption::NoInternet,
            "vpc-dns" if value == "on" => Assumption::VpcDnsOn,
            "resolver" if value == "vpc" => Assumption::VpcResolver,
            "hosts-line-removed" => Assumption::HostsLineRemoved {
                name: value.trim_end_matches('.').to_ascii_lowercase(),
            },
            "proxy-removed" => Assumption::ProxyRemoved {
                variable: value.to_owned(),
            },
            _ => return Err(expected()),
        })
    }
}

impl Assumption {
    /// Whether it changes the VPC's configuration rather than the host's.
    pub(super) fn is_of_the_vpc(&self) -> bool {
        !matches!(
            self,
            Assumption::VpcResolver
                | Assumption::HostsLineRemoved { .. }
                | Assumption::ProxyRemoved { .. }
        )
    }
}

impl fmt::Display for Assumption {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assumption::PrivateDns { endpoint, on } => {
                write!(
                    f,
                    "private-dns={}:{endpoint}",
                    if *on { "on" } else { "off" }
                )
            }
            Assumption::EndpointCreated { service } => write!(f, "endpoint-created={service}"),
            Assumption::EndpointDeleted { endpoint } => write!(f, "endpoint-deleted={endpoint}"),
            Assumption::EndpointAvailable { endpoint } => {
                write!(f, "endpoint-available={endpoint}")
            }
            Assumption::Policy { endpoint, file, .. } => write!(f, "policy={endpoint}:{file}"),
            Assumption::GroupAllows { group, peer } => match peer {
                None => write!(f, "group-allows-443={group}"),
                Some(GroupPeer::Range(range)) => write!(f, "group-allows-443={group}:{range}"),
                Some(GroupPeer::Group(peer)) => write!(f, "group-allows-443={group}:{peer}"),
            },
            Assumption::GroupDenies { group } => write!(f, "group-denies-443={group}"),
            Assumption::EgressAllows { group } => write!(f, "egress-allows-443={group}"),
            Assumption::AclAllows { acl } => write!(f, "acl-allows-443={acl}"),
            Assumption::RouteAdded { service } => write!(f, "route-added={service}"),
            Assumption::NoInternet => f.write_str("no-internet"),
            Assumption::VpcDnsOn => f.write_str("vpc-dns=on"),
            Assumption::VpcResolver => f.write_str("resolver=vpc"),
            Assumption::HostsLineRemoved { name } => write!(f, "hosts-line-removed={name}"),
            Assumption::ProxyRemoved { variable } => write!(f, "proxy-removed={variable}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Assumption, AssumeError> {
        let near = |asked: &str, words: &[&'static str]| {
            words
                .iter()
                .copied()
                .find(|word| word.starts_with(asked.get(..4).unwrap_or("?")))
        };
        Assumption::parse(text, &|file| Ok(format!("content of {file}")), &near)
    }

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "private-dns=on:vpce-1",
            "private-dns=off:vpce-1",
            "endpoint-created=ecr.dkr",
            "endpoint-deleted=vpce-1",
            "endpoint-available=vpce-1",
            "policy=vpce-1:/a:b.json",
            "group-allows-443=sg-1",
            "group-allows-443=sg-1:10.0.0.0/16",
            "group-allows-443=sg-1:fd00::/8",
            "group-allows-443=sg-1:sg-2",
            "group-denies-443=sg-1",
            "egress-allows-443=sg-1",
            "acl-allows-443=acl-1",
            "route-added=s3",
            "no-internet",
            "vpc-dns=on",
            "resolver=vpc",
            "hosts-line-removed=sqs.us-east-1.amazonaws.com",
            "proxy-removed=HTTPS_PROXY",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        for kind in KINDS {
            assert!(!kind.means.is_empty(), "{}", kind.word);
        }
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        for (text, said) in [
            ("private-dsn=on:vpce-1", "did you mean private-dns?"),
            (
                "private-dns=vpce-1",
                "expected private-dns=on:VPCE or off:VPCE",
            ),
            ("private-dns=maybe:vpce-1", "expected private-dns=on:VPCE"),
            ("endpoint-created=sqss", "did you mean sqs?"),
            ("endpoint-deleted=sg-1", "expected endpoint-deleted=VPCE"),
            ("endpoint-deleted=", "expected endpoint-deleted=VPCE"),
            ("no-internet=yes", "expected no-internet alone"),
            (
                "group-allows-443=sg-1:everybody",
                "expected group-allows-443=SG",
            ),
            ("vpc-dns=off", "expected vpc-dns=on"),
            ("", "expected one of private-dns, "),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
