//! The resolvers: the VPC's own, further ones, and the public side, answering on the wire from the world.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::hostile;
use super::public_names;
use super::sockets;
use super::wire;
use super::world::{DnsAnswer, Endpoint, EndpointKind, World};

/// From where a question is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The resolver of the host's VPC.
    Vpc,
    /// The public internet.
    Public,
    /// A further resolver.
    Custom(IpAddr),
}

/// The addresses on which somebody answers DNS, and as whom.
pub fn servers(world: &World) -> Vec<(IpAddr, View)> {
    let mut servers: Vec<(IpAddr, View)> = vec![(IpAddr::from([169, 254, 169, 253]), View::Vpc)];
    let primary = world
        .vpcs
        .get(world.own_vpc())
        .and_then(|vpc| vpc.cidrs.first());
    if let Some(ipnet::IpNet::V4(cidr)) = primary
        && world.host.addresses.iter().any(IpAddr::is_ipv4)
    {
        let base = u32::from(cidr.network());
        servers.push((IpAddr::V4(base.saturating_add(2).into()), View::Vpc));
    }
    if world.host.addresses.iter().any(IpAddr::is_ipv6) {
        servers.push((
            IpAddr::from([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253]),
            View::Vpc,
        ));
    }
    servers.extend(
        world
            .dns
            .resolvers
            .keys()
            .map(|address| (*address, View::Custom(*address))),
    );
    servers
}

/// Serves one resolver over UDP and TCP for as long as the lab lives.
pub async fn serve(world: Arc<World>, address: IpAddr, view: View) -> io::Result<()> {
    let socket = Arc::new(sockets::datagram(address, 53).await?);
    if !tcp_closed(&world, view) {
        let listener = sockets::listen(address, 53)?;
        tokio::spawn(serve_tcp(Arc::clone(&world), listener, view));
    }
    tokio::spawn(async move {
        let mut buffer = [0_u8; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            let Ok(request) = Message::from_vec(&buffer[..length]) else {
                continue;
            };
            let (world, socket) = (super::turn::now(&world), Arc::clone(&socket));
            tokio::spawn(async move {
                let Some((response, delay)) = respond(&world, view, &request, false) else {
                    return;
                };
                wire::delayed(delay).await;
                if let Some(manner) = manner(&world, view, &request) {
                    for packet in hostile::datagrams(manner, &request, &response) {
                        // The client may be gone; that is its own affair.
                        let _ = socket.send_to(&packet, client).await;
                    }
                    return;
                }
                let Ok(mut bytes) = response.to_vec() else {
                    return;
                };
                let room = request
                    .edns
                    .as_ref()
                    .map_or(512, |edns| edns.max_payload().max(512));
                if bytes.len() > usize::from(room) {
                    bytes = response.truncate().to_vec().unwrap_or_default();
                }
                // The client may be gone; that is its own affair.
                let _ = socket.send_to(&bytes, client).await;
            });
        }
    });
    Ok(())
}

async fn serve_tcp(world: Arc<World>, listener: TcpListener, view: View) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let world = super::turn::now(&world);
        tokio::spawn(async move {
            while let Ok(length) = stream.read_u16().await {
                let mut bytes = vec![0; usize::from(length)];
                if stream.read_exact(&mut bytes).await.is_err() {
                    return;
                }
                let Ok(request) = Message::from_vec(&bytes) else {
                    return;
                };
                let Some((response, delay)) = respond(&world, view, &request, true) else {
                    std::future::pending::<()>().await;
                    return;
                };
                wire::delayed(delay).await;
                if let Some(manner) = manner(&world, view, &request) {
                    hostile::dns_over_tcp(&mut stream, manner, &request, &response).await;
                    return;
                }
                let Ok(bytes) = response.to_vec() else { return };
                let mut framed = u16::try_from(bytes.len())
                    .unwrap_or(u16::MAX)
                    .to_be_bytes()
                    .to_vec();
                framed.extend(bytes);
                if stream.write_all(&framed).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// The manner of `hostile::DNS` in which this question is answered.
fn manner<'a>(world: &'a World, view: View, request: &Message) -> Option<&'a str> {
    let name = plain(&request.queries.first()?.name().to_ascii());
    let kind = request.queries.first()?.query_type();
    let manner = find_override(world, view, &name, kind)?.status.as_str();
    hostile::DNS.contains(&manner).then_some(manner)
}

/// The response and how long it takes; none: silence.
fn respond(world: &World, view: View, request: &Message, tcp: bool) -> Option<(Message, Duration)> {
    let query = request.queries.first()?;
    if request.metadata.message_type != MessageType::Query
        || request.metadata.op_code != OpCode::Query
    {
        return Some((
            Message::error_msg(
                request.metadata.id,
                request.metadata.op_code,
                ResponseCode::NotImp,
            ),
            Duration::ZERO,
        ));
    }
    let name = plain(&query.name().to_ascii());
    if request.edns.is_some()
        && find_override(world, view, &name, query.query_type()).is_some_and(|o| o.no_edns)
    {
        let code = ResponseCode::FormErr;
        let refusal = Message::error_msg(request.metadata.id, OpCode::Query, code);
        return Some((refusal, Duration::ZERO));
    }
    let outcome = resolve(world, view, &name, query.query_type(), 0);
    if outcome.silent {
        return None;
    }
    let mut response = Message::response(request.metadata.id, OpCode::Query);
    response.metadata.recursion_desired = request.metadata.recursion_desired;
    response.metadata.recursion_available = true;
    response.metadata.response_code = outcome.code;
    response.add_query(query.clone());
    if outcome.truncated && !tcp {
        response.metadata.truncation = true;
    } else {
        fill(&mut response, query, outcome.records, outcome.soa);
    }
    if request.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(4096);
        response.set_edns(edns);
    }
    Some((response, outcome.delay))
}

fn fill(
    response: &mut Message,
    query: &Query,
    records: Vec<(String, u32, Data)>,
    soa: Option<(String, String)>,
) {
    let asked = plain(&query.name().to_ascii());
    for (owner, ttl, data) in records {
        // The owner keeps the spelling it was asked in: resolvers may check the case of what they sent.
        let owner = if owner == asked {
            Some(query.name().clone())
        } else {
            Name::from_ascii(fqdn(&owner)).ok()
        };
        let data = match data {
            Data::Address(IpAddr::V4(address)) => Some(RData::A(A(address))),
            Data::Address(IpAddr::V6(address)) => Some(RData::AAAA(AAAA(address))),
            Data::Cname(target) => Name::from_ascii(fqdn(&target))
                .ok()
                .map(|name| RData::CNAME(CNAME(name))),
        };
        if let (Some(owner), Some(data)) = (owner, data) {
            response.add_answer(Record::from_rdata(owner, ttl, data));
        }
    }
    if let Some((owner, mname)) = soa {
        let rname = if mname.contains("awsdns") {
            "awsdns-hostmaster.amazon.com."
        } else if mname.contains("amazon") {
            "root.amazon.com."
        } else {
            "nstld.verisign-grs.com."
        };
        let names = (
            Name::from_ascii(fqdn(&owner)),
            Name::from_ascii(fqdn(&mname)),
            Name::from_ascii(rname),
        );
        if let (Ok(owner), Ok(mname), Ok(rname)) = names {
            let soa = SOA::new(mname, rname, 1, 7200, 900, 1_209_600, 60);
            response.add_authority(Record::from_rdata(owner, 60, RData::SOA(soa)));
        }
    }
}

#[derive(Clone, Debug)]
enum Data {
    Address(IpAddr),
    Cname(String),
}

#[derive(Clone, Debug)]
struct Outcome {
    code: ResponseCode,
    records: Vec<(String, u32, Data)>,
    /// Owner and primary server.
    soa: Option<(String, String)>,
    silent: bool,
    truncated: bool,
    delay: Duration,
}

impl Outcome {
    fn code(code: ResponseCode) -> Self {
        Self {
            code,
            records: Vec::new(),
            soa: None,
            silent: false,
            truncated: false,
            delay: Duration::ZERO,
        }
    }

    fn silent() -> Self {
        Self {
            silent: true,
            ..Self::code(ResponseCode::NoError)
        }
    }

    fn negative(code: ResponseCode, soa: (String, String)) -> Self {
        Self {
            soa: Some(soa),
            ..Self::code(code)
        }
    }

    /// The addresses of the family asked for, or NODATA.
    fn addresses(
        name: &str,
        kind: RecordType,
        ttl: u32,
        addresses: &[IpAddr],
        soa: (String, String),
    ) -> Self {
        let of_kind: Vec<_> = addresses
            .iter()
            .filter(|a| {
                (kind == RecordType::A && a.is_ipv4()) || (kind == RecordType::AAAA && a.is_ipv6())
            })
            .map(|a| (name.to_owned(), ttl, Data::Address(*a)))
            .collect();
        if of_kind.is_empty() {
            Self::negative(ResponseCode::NoError, soa)
        } else {
            Self {
                records: of_kind,
                ..Self::code(ResponseCode::NoError)
            }
        }
    }
}

const ROUTE53: &str = "ns-1536.awsdns-00.co.uk.";
/// How many CNAMEs and forwards are followed before a resolver gives up.
const MAX_DEPTH: u8 = 8;

fn resolve(world: &World, view: View, name: &str, kind: RecordType, depth: u8) -> Outcome {
    if depth > MAX_DEPTH {
        return Outcome::code(ResponseCode::ServFail);
    }
    let Some(answer) = find_override(world, view, name, kind) else {
        return derived(world, view, name, kind, depth);
    };
    let soa = answer
        .soa
        .as_ref()
        .map(|owner| (owner.clone(), answer.soa_mname.clone()));
    let mut outcome = match answer.status.as_str() {
        "nxdomain" => Outcome {
            soa,
            ..Outcome::code(ResponseCode::NXDomain)
        },
        "nodata" => Outcome {
            soa,
            ..Outcome::code(ResponseCode::NoError)
        },
        "servfail" => Outcome::code(ResponseCode::ServFail),
        "refused" => Outcome::code(ResponseCode::Refused),
        "timeout" => Outcome::silent(),
        "notimp" => Outcome::code(ResponseCode::NotImp),
        "formerr" => Outcome::code(ResponseCode::FormErr),
        _ => match &answer.cname {
            Some(target) => {
                let target = plain(target);
                let mut followed = if answer.addresses.is_empty() {
                    resolve(world, view, &target, kind, depth + 1)
                } else {
                    let soa = public_soa(world, &target);
                    Outcome::addresses(&target, kind, answer.ttl, &answer.addresses, soa)
                };
                followed
                    .records
                    .insert(0, (name.to_owned(), answer.ttl, Data::Cname(target)));
                followed
            }
            None if answer.addresses.is_empty() => derived(world, view, name, kind, depth),
            None => {
                let soa = soa.unwrap_or_else(|| public_soa(world, name));
                Outcome::addresses(name, kind, answer.ttl, &answer.addresses, soa)
            }
        },
    };
    outcome.truncated |= answer.truncated;
    outcome.delay = outcome.delay.max(Duration::from_millis(answer.delay_ms));
    outcome
}

fn derived(world: &World, view: View, name: &str, kind: RecordType, depth: u8) -> Outcome {
    match view {
        View::Public => public(world, name, kind, depth),
        View::Vpc => vpc(world, name, kind, depth),
        View::Custom(address) => {
            let Some(resolver) = world.dns.resolvers.get(&address) else {
                return Outcome::silent();
            };
            let rule = longest(resolver.rules.iter(), name).map(|(_, target)| target);
            match target_view(rule.unwrap_or(&resolver.forward)) {
                Some(view) => resolve(world, view, name, kind, depth + 1),
                None => Outcome::silent(),
            }
        }
    }
}

/// The VPC resolver: the most specific of forward rules, private zones and the endpoints' hidden zones; a rule wins a tie.
fn vpc(world: &World, name: &str, kind: RecordType, depth: u8) -> Outcome {
    let Some(vpc) = world
        .vpcs
        .get(world.own_vpc())
        .filter(|vpc| vpc.dns_support)
    else {
        return Outcome::silent();
    };
    // A SYSTEM rule leaves its domain to this resolver.
    let rule = longest(world.dns.rules.iter(), name).filter(|(_, target)| *target != "system");
    let zone = longest(world.dns.private_zones.iter(), name).filter(|_| vpc.dns_hostnames);
    let hidden = hidden_zone(world, name).filter(|_| vpc.dns_hostnames);
    let rule_length = rule.map(|(domain, _)| domain_length(domain));
    let zone_length = zone.map(|(domain, _)| domain_length(domain));
    let hidden_length = hidden.as_ref().map(|(domain, _)| domain_length(domain));
    if let Some((_, target)) = rule
        && rule_length >= zone_length
        && rule_length >= hidden_length
    {
        return match target_view(target) {
            Some(view) => resolve(world, view, name, kind, depth + 1),
            None => Outcome::silent(),
        };
    }
    if let Some((domain, zone)) = zone
        && zone_length >= hidden_length
    {
        let soa = (domain.clone(), ROUTE53.to_owned());
        return match record(&zone.records, name) {
            Some(values) => static_record(world, View::Vpc, name, kind, values, soa, depth),
            None => {
                let parent = format!(".{name}");
                let exists = name == plain(domain)
                    || zone.records.keys().any(|r| plain(r).ends_with(&parent));
                let code = if exists {
                    ResponseCode::NoError
                } else {
                    ResponseCode::NXDomain
                };
                Outcome::negative(code, soa)
            }
        };
    }
    match hidden {
        Some((domain, endpoint)) => {
            let soa = (domain.clone(), ROUTE53.to_owned());
            let covered = world
                .private_names(endpoint)
                .iter()
                .any(|pattern| matches(pattern, name));
            if covered {
                Outcome::addresses(name, kind, 60, &dns_addresses(endpoint), soa)
            } else {
                Outcome::negative(ResponseCode::NXDomain, soa)
            }
        }
        None => resolve(world, View::Public, name, kind, depth + 1),
    }
}

/// The zone AWS keeps for an endpoint's private name, with the endpoint.
fn hidden_zone<'a>(world: &'a World, name: &str) -> Option<(String, &'a Endpoint)> {
    let own = world.own_vpc();
    let endpoints = world.endpoints.values().filter(|endpoint| {
        endpoint.kind == EndpointKind::Interface
            && endpoint.vpc == own
            && endpoint.private_dns
            && endpoint.state == "available"
            && endpoint.private_dns_only_for_inbound != Some(true)
    });
    let zones = endpoints.flat_map(|endpoint| {
        let names = world.private_names(endpoint).into_iter();
        names.map(move |pattern| (pattern.trim_start_matches("*.").to_owned(), endpoint))
    });
    zones
        .filter(|(zone, _)| within(zone, name))
        .max_by_key(|(zone, _)| zone.len())
}

fn dns_addresses(endpoint: &Endpoint) -> Vec<IpAddr> {
    let shown = endpoint
        .interfaces
        .iter()
        .filter(|interface| interface.in_dns);
    let (v4, v6) = match endpoint.dns_record_ip_type.as_str() {
        "ipv6" => (false, true),
        "dualstack" => (true, true),
        _ => (true, false),
    };
    shown
        .flat_map(|interface| {
            [
                Some(interface.address).filter(|a| v4 || a.is_ipv6()),
                interface.ipv6.filter(|_| v6),
            ]
        })
        .flatten()
        .collect()
}

fn public(world: &World, name: &str, kind: RecordType, depth: u8) -> Outcome {
    let soa = public_soa(world, name);
    if let Some(values) = record(&world.dns.public, name) {
        return static_record(world, View::Public, name, kind, values, soa, depth);
    }
    for endpoint in world
        .endpoints
        .values()
        .filter(|e| e.kind == EndpointKind::Interface)
    {
        let (regional, zonal) = world.vpce_names(endpoint);
        if matches(&regional, name) {
            return Outcome::addresses(name, kind, 60, &dns_addresses(endpoint), soa);
        }
        if let Some((_, address)) = zonal.iter().find(|(pattern, _)| matches(pattern, name)) {
            return Outcome::addresses(name, kind, 60, &[*address], soa);
        }
    }
    match public_names::lookup(world, name) {
        Some(found) => {
            let v4 = found.v4.into_iter().map(IpAddr::V4);
            let all: Vec<IpAddr> = v4.chain(found.v6.into_iter().map(IpAddr::V6)).collect();
            Outcome::addresses(name, kind, 20, &all, soa)
        }
        None => Outcome::negative(ResponseCode::NXDomain, soa),
    }
}

fn public_soa(world: &World, name: &str) -> (String, String) {
    let suffixes = [world.dns_suffix(), world.dual_stack_suffix(), "on.aws"];
    match suffixes.into_iter().find(|suffix| within(suffix, name)) {
        Some(suffix) => (
            suffix.to_owned(),
            "dns-external-master.amazon.com.".to_owned(),
        ),
        None => (".".to_owned(), "a.root-servers.net.".to_owned()),
    }
}

fn static_record(
    world: &World,
    view: View,
    name: &str,
    kind: RecordType,
    values: &[String],
    soa: (String, String),
    depth: u8,
) -> Outcome {
    let addresses: Vec<IpAddr> = values
        .iter()
        .filter_map(|value| value.parse().ok())
        .collect();
    match values.first() {
        Some(target) if addresses.is_empty() => {
            let target = plain(target);
            let mut followed = resolve(world, view, &target, kind, depth + 1);
            followed
                .records
                .insert(0, (name.to_owned(), 300, Data::Cname(target)));
            followed
        }
        _ => Outcome::addresses(name, kind, 300, &addresses, soa),
    }
}

fn find_override<'a>(
    world: &'a World,
    view: View,
    name: &str,
    kind: RecordType,
) -> Option<&'a DnsAnswer> {
    let kind = kind.to_string();
    let own = match view {
        View::Vpc => "vpc".to_owned(),
        View::Public => "public".to_owned(),
        View::Custom(address) => address.to_string(),
    };
    // `*` stands for the resolvers a host asks, not for the internet behind them.
    let anyone = (view != View::Public).then_some("*");
    [Some(own.as_str()), anyone]
        .into_iter()
        .flatten()
        .filter_map(|server| world.dns.overrides.get(server))
        .find_map(|names| {
            let matching = names
                .iter()
                .filter(|(pattern, _)| *pattern == "*" || matches(pattern, name))
                .filter(|(_, answer)| answer.types.is_empty() || answer.types.contains(&kind));
            matching
                .max_by_key(|(pattern, _)| (!pattern.starts_with('*'), pattern.len()))
                .map(|(_, a)| a)
        })
}

fn tcp_closed(world: &World, view: View) -> bool {
    let key = match view {
        View::Vpc => "vpc".to_owned(),
        View::Public => "public".to_owned(),
        View::Custom(address) => address.to_string(),
    };
    [key.as_str(), "*"]
        .into_iter()
        .filter_map(|server| world.dns.overrides.get(server))
        .any(|names| names.values().any(|answer| answer.tcp_closed))
}

fn target_view(target: &str) -> Option<View> {
    match target {
        "public" => Some(View::Public),
        "vpc" => Some(View::Vpc),
        address => address.parse().ok().map(View::Custom),
    }
}

fn record<'a>(
    records: &'a std::collections::BTreeMap<String, Vec<String>>,
    name: &str,
) -> Option<&'a Vec<String>> {
    let matching = records.iter().filter(|(pattern, _)| matches(pattern, name));
    matching
        .max_by_key(|(pattern, _)| (!pattern.starts_with('*'), pattern.len()))
        .map(|(_, values)| values)
}

/// The entry with the most specific domain that holds a name.
fn longest<'a, T: 'a>(
    entries: impl Iterator<Item = (&'a String, T)>,
    name: &str,
) -> Option<(&'a String, T)> {
    entries
        .filter(|(domain, _)| within(domain, name))
        .max_by_key(|(domain, _)| domain_length(domain))
}

fn domain_length(domain: &str) -> usize {
    plain(domain).len()
}

/// Whether a name is a domain's own or lies below it; `.` holds everything.
fn within(domain: &str, name: &str) -> bool {
    let domain = plain(domain);
    domain.is_empty()
        || name == domain
        || name
            .strip_suffix(&domain)
            .is_some_and(|head| head.ends_with('.'))
}

/// Whether a pattern (`*.` for any number of labels) is a name's.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern = plain(pattern);
    match pattern.strip_prefix("*.") {
        Some(parent) => name
            .strip_suffix(parent)
            .is_some_and(|head| head.len() > 1 && head.ends_with('.')),
        None => pattern == name,
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn fqdn(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}
