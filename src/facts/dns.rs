//! What names resolved to: by server, by family, and by the host's own library.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{FailureKind, Observation};

/// What was learned of one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NameFacts {
    /// The name, in lower case, without a trailing dot.
    pub name: String,
    /// The id of the service the name belongs to.
    pub service: String,
    /// True for a name asked only to tell look-alikes apart (legacy, FIPS, dual-stack, modern, `vpce-` names).
    pub comparison: bool,
    /// One question to one server, for each server and family asked.
    pub lookups: Vec<Lookup>,
    /// What applications here see: the C library's answer, hosts file and name service switch included.
    pub system: Observation<Vec<IpAddr>>,
}

/// One question to one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// The server asked.
    pub server: SocketAddr,
    /// Why this server was asked.
    pub role: ServerRole,
    /// The family asked for.
    pub family: Family,
    /// What it said. A negative answer is seen, too; silence is a failure.
    pub answer: Observation<Answer>,
}

/// Why a server was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerRole {
    /// It stands in the host's resolver configuration.
    Host,
    /// It is the VPC's own resolver (Route 53 Resolver at 169.254.169.253, fd00:ec2::253 or base + 2).
    Vpc,
    /// The operator asked for it.
    Extra,
}

/// The record type asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Family {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    #[serde(rename = "AAAA")]
    Aaaa,
}

/// A server's answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The response code, with NXDOMAIN and NODATA kept apart.
    pub status: DnsStatus,
    /// The aliases followed, in order, the asked name left out.
    #[serde(default)]
    pub cname_chain: Vec<String>,
    /// The addresses with their times to live.
    #[serde(default)]
    pub records: Vec<Record>,
    /// The zone that a negative answer speaks for.
    #[serde(default)]
    pub soa: Option<Soa>,
    /// What became of the question over TCP, where the answer over UDP was truncated.
    #[serde(default)]
    pub truncated: Option<TcpRetry>,
}

/// What became of the question over TCP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpRetry {
    /// It was answered in full.
    Answered,
    /// It failed; the records are those of the truncated answer.
    Failed(String),
}

/// One address record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The address.
    pub address: IpAddr,
    /// The record's time to live, in seconds.
    pub ttl: u32,
}

/// The start of authority of a negative answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soa {
    /// The zone's name, in lower case, without a trailing dot.
    pub owner: String,
    /// The zone's primary name server.
    pub primary: String,
}

/// How a name's resolution ended, in the report's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsStatus {
    /// There are addresses.
    Ok,
    /// The name does not exist.
    NxDomain,
    /// The name exists and has no record of this type.
    NoData,
    /// The server failed.
    ServFail,
    /// The server refused.
    Refused,
    /// The server did not answer.
    Timeout,
    /// Anything else.
    Error,
}

/// The VPC's resolver at its link-local addresses (Amazon VPC User Guide, "Amazon DNS server").
pub const VPC_RESOLVER_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);
/// The same over IPv6.
pub const VPC_RESOLVER_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253);

/// The VPC's resolver at the base of its primary IPv4 CIDR plus two; the primary one stands first.
pub fn vpc_resolver_in(cidrs: &[IpNet]) -> Option<IpAddr> {
    let base = cidrs.iter().find_map(|cidr| match cidr {
        IpNet::V4(v4) => Some(u32::from(v4.network())),
        IpNet::V6(_) => None,
    })?;
    Some(IpAddr::V4(Ipv4Addr::from(base.checked_add(2)?)))
}

/// Whether this is one of the addresses of the VPC's own resolver.
pub fn is_vpc_resolver(address: IpAddr, cidrs: &[IpNet]) -> bool {
    address == IpAddr::V4(VPC_RESOLVER_V4)
        || address == IpAddr::V6(VPC_RESOLVER_V6)
        || Some(address) == vpc_resolver_in(cidrs)
}

impl Lookup {
    /// How the question ended.
    pub fn status(&self) -> DnsStatus {
        match self.answer.seen() {
            Some(answer) => answer.status,
            None => match self.answer.failure_kind() {
                Some(FailureKind::Timeout) => DnsStatus::Timeout,
                _ => DnsStatus::Error,
            },
        }
    }

    /// The addresses answered.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.answer
            .seen()
            .into_iter()
            .flat_map(|answer| answer.records.iter().map(|record| record.address))
    }
}

impl NameFacts {
    /// The lookups made through servers of this role.
    pub fn by_role(&self, role: ServerRole) -> impl Iterator<Item = &Lookup> {
        self.lookups
            .iter()
            .filter(move |lookup| lookup.role == role)
    }

    /// What the host's stub resolver gets for one family: the first configured server that answers, as the C
    /// library does it (silence, SERVFAIL and REFUSED make it go on to the next), else the first one's failure.
    pub fn host_lookup(&self, family: Family) -> Option<&Lookup> {
        self.effective(ServerRole::Host, family)
    }

    /// What the VPC's own resolver says for one family.
    pub fn vpc_lookup(&self, family: Family) -> Option<&Lookup> {
        self.effective(ServerRole::Vpc, family)
    }

    /// The addresses the host's resolver answers, both families, IPv4 first, without duplicates.
    pub fn host_records(&self) -> Vec<Record> {
        self.records(ServerRole::Host)
    }

    /// The addresses the VPC's resolver answers, both families, IPv4 first, without duplicates.
    pub fn vpc_records(&self) -> Vec<Record> {
        self.records(ServerRole::Vpc)
    }

    /// How resolution through the host's resolver ended, both families together: any address makes it ok.
    pub fn host_status(&self) -> DnsStatus {
        self.status(ServerRole::Host)
    }

    /// How resolution through the VPC's resolver ended, if it was asked.
    pub fn vpc_status(&self) -> Option<DnsStatus> {
        self.by_role(ServerRole::Vpc).next()?;
        Some(self.status(ServerRole::Vpc))
    }

    fn effective(&self, role: ServerRole, family: Family) -> Option<&Lookup> {
        let of_family = || self.by_role(role).filter(|lookup| lookup.family == family);
        of_family()
            .find(|lookup| {
                matches!(
                    lookup.status(),
                    DnsStatus::Ok | DnsStatus::NxDomain | DnsStatus::NoData
                )
            })
            .or_else(|| of_family().next())
    }

    fn records(&self, role: ServerRole) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        for family in [Family::A, Family::Aaaa] {
            let answer = self.effective(role, family).and_then(|l| l.answer.seen());
            for record in answer.iter().flat_map(|answer| &answer.records) {
                if !records.iter().any(|seen| seen.address == record.address) {
                    records.push(*record);
                }
            }
        }
        records
    }

    fn status(&self, role: ServerRole) -> DnsStatus {
        let a = self.effective(role, Family::A).map(Lookup::status);
        let aaaa = self.effective(role, Family::Aaaa).map(Lookup::status);
        match (a, aaaa) {
            (Some(DnsStatus::Ok), _) | (_, Some(DnsStatus::Ok)) => DnsStatus::Ok,
            (Some(status), _) | (None, Some(status)) => status,
            (None, None) => DnsStatus::Error,
        }
    }
}
