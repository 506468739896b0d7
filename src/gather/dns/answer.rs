//! What a DNS message says of one name, bounded.

use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record as Resource};

use crate::facts::dns::{Family, Record, Soa};
use crate::facts::{Answer, DnsStatus};

/// The most addresses kept of one answer.
const MAX_ADDRESSES: usize = 64;
/// The most aliases followed and kept.
const MAX_ALIASES: usize = 16;
/// The longest time to live there is; a greater one counts as none at all (RFC 2181, section 8).
const MAX_TTL: u32 = i32::MAX as u32;

/// One message's answer, and whether the message was cut short.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) truncated: bool,
    /// The response code in the words of the protocol, for people.
    pub(super) code: String,
}

/// Reads the answer to a question for `name` out of a message.
///
/// Aliases are followed inside the answer section alone, and only the addresses of the name at their end count:
/// a record of any other name answers another question.
pub(super) fn read(message: &Message, name: &Name, family: Family) -> Reply {
    let aliases = follow_aliases(&message.answers, name);
    let code = message.metadata.response_code;
    let records = match code {
        ResponseCode::NoError => addresses(&message.answers, &aliases.end, family),
        _ => Vec::new(),
    };
    let status = match code {
        ResponseCode::NoError if !records.is_empty() => DnsStatus::Ok,
        ResponseCode::NoError if aliases.endless => DnsStatus::Error,
        ResponseCode::NoError => DnsStatus::NoData,
        ResponseCode::NXDomain => DnsStatus::NxDomain,
        ResponseCode::ServFail => DnsStatus::ServFail,
        ResponseCode::Refused => DnsStatus::Refused,
        _ => DnsStatus::Error,
    };
    Reply {
        answer: Answer {
            status,
            cname_chain: aliases.names.iter().map(text).collect(),
            records,
            soa: message.authorities.iter().find_map(soa),
            truncated: None,
        },
        truncated: message.metadata.truncation,
        code: code.to_string(),
    }
}

/// The reply of a message that says it was cut short, and was cut within a record.
pub(super) fn unreadable_but_truncated() -> Reply {
    Reply {
        answer: Answer {
            status: DnsStatus::NoData,
            cname_chain: Vec::new(),
            records: Vec::new(),
            soa: None,
            truncated: None,
        },
        truncated: true,
        code: "a truncated message".to_owned(),
    }
}

struct Aliases {
    names: Vec<Name>,
    end: Name,
    /// The aliases form a circle, or are more than anyone follows.
    endless: bool,
}

fn follow_aliases(records: &[Resource], name: &Name) -> Aliases {
    let mut names: Vec<Name> = Vec::new();
    let mut end = name.clone();
    while let Some(next) = alias_of(records, &end) {
        if names.len() == MAX_ALIASES || next == name || names.contains(next) {
            return Aliases {
                names,
                end: next.clone(),
                endless: true,
            };
        }
        names.push(next.clone());
        end = next.clone();
    }
    Aliases {
        names,
        end,
        endless: false,
    }
}

fn alias_of<'a>(records: &'a [Resource], name: &Name) -> Option<&'a Name> {
    records
        .iter()
        .filter(|record| is_of(record, name))
        .find_map(|record| match &record.data {
            RData::CNAME(target) => Some(&target.0),
            _ => None,
        })
}

fn addresses(records: &[Resource], name: &Name, family: Family) -> Vec<Record> {
    let mut found: Vec<Record> = Vec::new();
    for record in records.iter().filter(|record| is_of(record, name)) {
        let address = match (family, &record.data) {
            (Family::A, RData::A(address)) => IpAddr::V4(address.0),
            (Family::Aaaa, RData::AAAA(address)) => IpAddr::V6(address.0),
            _ => continue,
        };
        if found.len() == MAX_ADDRESSES {
            break;
        }
        if !found.iter().any(|seen| seen.address == address) {
            let ttl = if record.ttl > MAX_TTL { 0 } else { record.ttl };
            found.push(Record { address, ttl });
        }
    }
    found
}

fn is_of(record: &Resource, name: &Name) -> bool {
    record.dns_class == DNSClass::IN && record.name == *name
}

fn soa(record: &Resource) -> Option<Soa> {
    match &record.data {
        RData::SOA(soa) => Some(Soa {
            owner: text(&record.name),
            primary: text(&soa.mname),
        }),
        _ => None,
    }
}

/// A name in lower case without its trailing dot; the root is a dot.
fn text(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    match text.strip_suffix('.') {
        Some(short) if !short.is_empty() => short.to_owned(),
        _ => text,
    }
}
