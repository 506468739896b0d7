//! DNS answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_proto::rr::{DNSClass, Name, RData, Record as Resource, RecordType};

use super::input::Input;
use crate::facts::dns::Family;
use crate::facts::{Answer, DnsStatus};
use crate::gather::dns::read_packet;

const NAMES: [&str; 5] = [
    "sqs.us-east-1.amazonaws.com",
    "a.example",
    "b.example",
    "C.Example",
    "amazonaws.com",
];
const ID: u16 = 0x0102;

/// Any bytes as the answer to a question: what is taken from it is bounded and hangs together.
pub(super) fn dns_packet(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let family = *input.pick(&[Family::A, Family::Aaaa]);
    let name = *input.pick(&NAMES);
    let packet = input.rest();
    for id in [
        ID,
        packet
            .iter()
            .take(2)
            .fold(0, |id, byte| id << 8 | u16::from(*byte)),
    ] {
        if let Some((answer, _)) = read_packet(packet, id, name, family) {
            sound(&answer, family);
        }
    }
}

/// A message of random records, written and read again: the addresses are those at the end of the aliases.
pub(super) fn dns_answer(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let family = *input.pick(&[Family::A, Family::Aaaa]);
    let code = *input.pick(&[
        ResponseCode::NoError,
        ResponseCode::NoError,
        ResponseCode::NXDomain,
        ResponseCode::ServFail,
        ResponseCode::Refused,
        ResponseCode::NotImp,
        ResponseCode::FormErr,
    ]);
    let mut message = Message::query();
    message.metadata.id = ID;
    message.metadata.message_type = MessageType::Response;
    message.metadata.response_code = code;
    message.metadata.truncation = input.byte() % 8 == 7;
    let question = match family {
        Family::A => RecordType::A,
        Family::Aaaa => RecordType::AAAA,
    };
    message.add_query(Query::query(name(NAMES[0]), question));
    for _ in 0..input.below(24) {
        message.answers.push(record(&mut input));
    }
    for _ in 0..input.below(3) {
        message.authorities.push(soa(&mut input));
    }
    let Ok(packet) = message.to_vec() else {
        return;
    };
    let Some((answer, truncated)) = read_packet(&packet, ID, NAMES[0], family) else {
        panic!("not taken for an answer: {message:?}");
    };
    sound(&answer, family);
    assert_eq!(truncated, message.metadata.truncation);
    assert_eq!(answer.soa.is_some(), !message.authorities.is_empty());
    let expected = match code {
        ResponseCode::NXDomain => Some(DnsStatus::NxDomain),
        ResponseCode::ServFail => Some(DnsStatus::ServFail),
        ResponseCode::Refused => Some(DnsStatus::Refused),
        ResponseCode::NoError => None,
        _ => Some(DnsStatus::Error),
    };
    match expected {
        Some(status) => assert!(answer.status == status && answer.records.is_empty()),
        None => follows(&answer, &message, family),
    }
}

/// Follows the aliases by hand.
fn follows(answer: &Answer, message: &Message, family: Family) {
    let alias = |of: &Name| {
        message
            .answers
            .iter()
            .find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == *of && record.dns_class == DNSClass::IN => {
                    Some(target.0.clone())
                }
                _ => None,
            })
    };
    let mut end = name(NAMES[0]);
    let mut seen = vec![end.clone()];
    while let Some(next) = alias(&end) {
        if seen.contains(&next) {
            assert!(
                [DnsStatus::Error, DnsStatus::Ok].contains(&answer.status),
                "{answer:?}"
            );
            return;
        }
        seen.push(next.clone());
        end = next;
    }
    let mut addresses: Vec<IpAddr> = Vec::new();
    for record in &message.answers {
        let address = match (&record.data, family) {
            (RData::A(a), Family::A) => IpAddr::V4(a.0),
            (RData::AAAA(a), Family::Aaaa) => IpAddr::V6(a.0),
            _ => continue,
        };
        if record.name == end && record.dns_class == DNSClass::IN && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let found: Vec<IpAddr> = answer.records.iter().map(|record| record.address).collect();
    assert_eq!(found, addresses, "{message:?}");
    assert_eq!(answer.cname_chain.len(), seen.len() - 1);
    let status = match addresses.is_empty() {
        true => DnsStatus::NoData,
        false => DnsStatus::Ok,
    };
    assert_eq!(answer.status, status);
}

fn sound(answer: &Answer, family: Family) {
    assert!(answer.records.len() <= 64 && answer.cname_chain.len() <= 16);
    assert_eq!(answer.status == DnsStatus::Ok, !answer.records.is_empty());
    for (at, record) in answer.records.iter().enumerate() {
        assert_eq!(record.address.is_ipv4(), family == Family::A);
        assert!(record.ttl <= i32::MAX as u32);
        assert!(
            answer
                .records
                .iter()
                .take(at)
                .all(|other| other.address != record.address)
        );
    }
    let zone = answer.soa.iter().flat_map(|soa| [&soa.owner, &soa.primary]);
    for name in answer.cname_chain.iter().chain(zone) {
        // Escapes make four characters of one.
        assert!(!name.is_empty() && name.len() <= 4 * 255, "{name}");
        assert!(
            name.is_ascii() && !name.contains(|c: char| c.is_ascii_uppercase()),
            "{name}"
        );
        assert!(!name.contains(|c: char| c.is_control()), "{name:?}");
    }
    let text = serde_json::to_string(answer).unwrap_or_default();
    assert_eq!(
        serde_json::from_str::<Answer>(&text).ok().as_ref(),
        Some(answer)
    );
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap_or_default();
    name.set_fqdn(true);
    name
}

fn record(input: &mut Input<'_>) -> Resource {
    let owner = name(*input.pick(&NAMES));
    let ttl = input.u32();
    let data = match input.byte() % 4 {
        0 => RData::A(A(Ipv4Addr::new(10, 0, 0, input.byte()))),
        1 => {
            let last = input.byte().into();
            RData::AAAA(AAAA(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)))
        }
        _ => RData::CNAME(CNAME(name(*input.pick(&NAMES)))),
    };
    let mut record = Resource::from_rdata(owner, ttl, data);
    if input.byte() % 8 == 7 {
        record.dns_class = DNSClass::CH;
    }
    record
}

fn soa(input: &mut Input<'_>) -> Resource {
    let primary = name(*input.pick(&NAMES));
    let data = SOA::new(primary.clone(), primary, 1, 2, 3, 4, 5);
    Resource::from_rdata(name(*input.pick(&NAMES)), 60, RData::SOA(data))
}
