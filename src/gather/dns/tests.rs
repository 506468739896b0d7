use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record as Resource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;

use super::*;

const NAME: &str = "sqs.us-east-1.amazonaws.com";

/// A server that answers each UDP packet with the packets that `answer` makes of the question.
async fn server(
    answer: impl Fn(usize, Message) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    serve(socket, answer)
}

fn serve(
    socket: UdpSocket,
    answer: impl Fn(usize, Message) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let address = socket.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            for packet in answer(nth, question) {
                socket.send_to(&packet, client).await.unwrap();
            }
        }
    });
    (address, count)
}

/// A TCP side on the same port, that answers one question.
fn serve_tcp<F: Future<Output = ()> + Send>(
    listener: TcpListener,
    answer: impl Fn(Message, tokio::net::TcpStream) -> F + Send + 'static,
) {
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut packet = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut packet).await.unwrap();
        answer(Message::from_vec(&packet).unwrap(), stream).await;
    });
}

/// Sockets of both protocols on one port.
async fn both() -> (UdpSocket, TcpListener) {
    for _ in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            return (socket, listener);
        }
    }
    panic!("no port is free for both protocols");
}

async fn send_tcp(stream: &mut tokio::net::TcpStream, message: &Message) {
    let bytes = message.to_vec().unwrap();
    stream.write_u16(bytes.len() as u16).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

fn a(owner: &str, last: u8) -> Resource {
    let address = A(Ipv4Addr::new(10, 0, 10, last));
    Resource::from_rdata(name(owner), 60, RData::A(address))
}

fn cname(owner: &str, target: &str) -> Resource {
    Resource::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

fn response(question: &Message, code: ResponseCode, records: Vec<Resource>) -> Message {
    let mut message = question.clone();
    message.metadata.message_type = MessageType::Response;
    message.metadata.response_code = code;
    message.insert_answers(records);
    message
}

fn ok(question: &Message, records: Vec<Resource>) -> Vec<Vec<u8>> {
    bytes(response(question, ResponseCode::NoError, records))
}

fn bytes(message: Message) -> Vec<Vec<u8>> {
    vec![message.to_vec().unwrap()]
}

async fn ask_of(server: SocketAddr, family: Family, timeout_ms: u64) -> Lookup {
    let (_stop, stopped) = watch::channel(false);
    let timeout = Duration::from_millis(timeout_ms);
    let bounds = Bounds::new(timeout, Duration::from_secs(20), stopped);
    lookup(&bounds, server, ServerRole::Extra, NAME, family).await
}

async fn answer_of(answer: impl Fn(Message) -> Message + Send + Sync + 'static) -> Answer {
    let (server, _) = server(move |_, question| bytes(answer(question))).await;
    let lookup = ask_of(server, Family::A, 2000).await;
    lookup.answer.seen().expect("an answer").clone()
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 10, last])
}

#[tokio::test]
async fn addresses_come_with_their_times_to_live_and_the_aliases_that_led_to_them() {
    let answer = answer_of(|question| {
        let records = vec![
            cname(NAME, "ALIAS.example.com"),
            cname("alias.example.com", "end.example.com"),
            a("end.example.com", 55),
            a("END.example.com", 56),
            a("end.example.com", 55),
        ];
        response(&question, ResponseCode::NoError, records)
    })
    .await;
    assert_eq!(answer.status, DnsStatus::Ok);
    assert_eq!(answer.cname_chain, ["alias.example.com", "end.example.com"]);
    let found: Vec<_> = answer.records.iter().map(|r| (r.address, r.ttl)).collect();
    assert_eq!(found, [(address(55), 60), (address(56), 60)]);
    assert_eq!(answer.truncated, None);
}

#[tokio::test]
async fn an_address_of_another_name_than_the_one_at_the_chains_end_is_ignored() {
    let answer = answer_of(|question| {
        let records = vec![
            cname(NAME, "end.example.com"),
            a(NAME, 1),
            a("elsewhere.example.com", 2),
        ];
        response(&question, ResponseCode::NoError, records)
    })
    .await;
    assert_eq!(answer.status, DnsStatus::NoData);
    assert_eq!(answer.records, []);
}

#[tokio::test]
async fn every_negative_answer_keeps_its_own_status() {
    for (code, status) in [
        (ResponseCode::NXDomain, DnsStatus::NxDomain),
        (ResponseCode::NoError, DnsStatus::NoData),
        (ResponseCode::ServFail, DnsStatus::ServFail),
        (ResponseCode::Refused, DnsStatus::Refused),
        (ResponseCode::NotAuth, DnsStatus::Error),
    ] {
        let answer = answer_of(move |question| response(&question, code, vec![])).await;
        assert_eq!(answer.status, status, "{code}");
    }
}

#[tokio::test]
async fn the_zone_that_a_negative_answer_speaks_for_is_kept() {
    let answer = answer_of(|question| {
        let mut message = response(&question, ResponseCode::NXDomain, vec![]);
        let soa = SOA::new(
            name("NS-1536.awsdns-00.co.uk"),
            name("hostmaster.example.com"),
            1,
            2,
            3,
            4,
            5,
        );
        let zone = name("SQS.us-east-1.amazonaws.com");
        message.add_authority(Resource::from_rdata(zone, 900, RData::SOA(soa)));
        message
    })
    .await;
    let soa = answer.soa.unwrap();
    assert_eq!(soa.owner, NAME);
    assert_eq!(soa.primary, "ns-1536.awsdns-00.co.uk");
}

#[tokio::test]
async fn a_refusal_of_a_header_alone_is_an_answer() {
    let answer = answer_of(|question| {
        let mut message = response(&question, ResponseCode::Refused, vec![]);
        message.queries.clear();
        message.edns = None;
        message
    })
    .await;
    assert_eq!(answer.status, DnsStatus::Refused);
}

#[tokio::test]
async fn ipv6_addresses_are_asked_for_and_other_families_left_out() {
    let (server, _) = server(|_, question| {
        let address = AAAA("fd00:ec2::55".parse().unwrap());
        let record = Resource::from_rdata(name(NAME), 60, RData::AAAA(address));
        ok(&question, vec![a(NAME, 1), record])
    })
    .await;
    let lookup = ask_of(server, Family::Aaaa, 2000).await;
    let found: Vec<IpAddr> = lookup.addresses().collect();
    assert_eq!(found, ["fd00:ec2::55".parse::<IpAddr>().unwrap()]);
}

#[tokio::test]
async fn a_server_on_ipv6_is_asked_as_well() {
    let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
        return; // no IPv6 here
    };
    let (server, _) = serve(socket, |_, question| ok(&question, vec![a(NAME, 1)]));
    let lookup = ask_of(server, Family::A, 2000).await;
    assert_eq!(lookup.status(), DnsStatus::Ok);
}

#[tokio::test]
async fn an_alias_loop_ends_and_is_no_address() {
    let answer = answer_of(|question| {
        let records = vec![cname(NAME, "b.example.com"), cname("b.example.com", NAME)];
        response(&question, ResponseCode::NoError, records)
    })
    .await;
    assert_eq!(answer.status, DnsStatus::Error);
    assert_eq!(answer.cname_chain, ["b.example.com"]);
}

#[tokio::test]
async fn a_chain_of_aliases_without_end_is_followed_so_far_and_no_further() {
    let answer = answer_of(|question| {
        let link = |n: usize| format!("a{n}.example.com");
        let mut records = vec![cname(NAME, &link(0))];
        records.extend((0..20).map(|n| cname(&link(n), &link(n + 1))));
        response(&question, ResponseCode::NoError, records)
    })
    .await;
    assert_eq!(answer.status, DnsStatus::Error);
    assert_eq!(answer.cname_chain.len(), 16);
}

#[tokio::test]
async fn no_answer_makes_us_keep_more_than_64_addresses() {
    let answer = answer_of(|question| {
        let records = (0..100).map(|last| a(NAME, last)).collect();
        let mut message = response(&question, ResponseCode::NoError, records);
        message.edns = None;
        message
    })
    .await;
    assert_eq!(answer.records.len(), 64);
}

#[tokio::test]
async fn a_lost_packet_is_no_fault() {
    let (server, count) = server(|nth, question| match nth {
        0 | 1 => vec![],
        _ => ok(&question, vec![a(NAME, 1)]),
    })
    .await;
    let lookup = ask_of(server, Family::A, 600).await;
    assert_eq!(lookup.status(), DnsStatus::Ok);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn silence_is_a_timeout_after_three_questions() {
    let (server, count) = server(|_, _| vec![]).await;
    let lookup = ask_of(server, Family::A, 300).await;
    assert_eq!(lookup.status(), DnsStatus::Timeout);
    assert_eq!(count.load(Ordering::SeqCst), 3);
    assert!(lookup.answer.took_ms < 1000.0);
}

#[tokio::test]
async fn a_closed_port_is_told_from_silence() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    drop(socket);
    let lookup = ask_of(server, Family::A, 2000).await;
    assert_eq!(lookup.answer.failure_kind(), Some(FailureKind::Refused));
    assert_eq!(lookup.status(), DnsStatus::Error);
}

#[tokio::test]
async fn an_answer_of_another_id_is_ignored_and_the_true_one_waited_for() {
    let (server, _) = server(|_, question| {
        let mut forged = response(&question, ResponseCode::NoError, vec![a(NAME, 66)]);
        forged.metadata.id = question.metadata.id.wrapping_add(1);
        let mut packets = bytes(forged);
        packets.extend(ok(&question, vec![a(NAME, 1)]));
        packets
    })
    .await;
    let lookup = ask_of(server, Family::A, 2000).await;
    assert_eq!(lookup.addresses().collect::<Vec<_>>(), [address(1)]);
}

#[tokio::test]
async fn an_answer_to_another_question_is_no_answer() {
    let (server, _) = server(|_, question| {
        let mut other = response(&question, ResponseCode::NoError, vec![a("other.", 66)]);
        other.queries[0].set_name(name("other."));
        bytes(other)
    })
    .await;
    let lookup = ask_of(server, Family::A, 600).await;
    assert_eq!(lookup.answer.failure_kind(), Some(FailureKind::Malformed));
}

#[tokio::test]
async fn garbage_is_malformed_unless_an_answer_follows() {
    let (only_garbage, _) = server(|_, _| vec![b"?".to_vec(), vec![0xff; 40]]).await;
    let lookup = ask_of(only_garbage, Family::A, 600).await;
    assert_eq!(lookup.answer.failure_kind(), Some(FailureKind::Malformed));

    let (and_answer, _) = server(|_, question| {
        let mut packets = vec![b"garbage".to_vec()];
        packets.extend(ok(&question, vec![a(NAME, 1)]));
        packets
    })
    .await;
    let lookup = ask_of(and_answer, Family::A, 600).await;
    assert_eq!(lookup.status(), DnsStatus::Ok);
}

#[tokio::test]
async fn a_server_that_knows_no_edns_is_asked_without_it() {
    let (server, _) = server(|_, question| match question.edns {
        Some(_) => bytes(response(&question, ResponseCode::FormErr, vec![])),
        None => ok(&question, vec![a(NAME, 1)]),
    })
    .await;
    let lookup = ask_of(server, Family::A, 2000).await;
    assert_eq!(lookup.status(), DnsStatus::Ok);
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_over_tcp() {
    let (socket, listener) = both().await;
    let (server, _) = serve(socket, |_, question| {
        let mut cut = response(&question, ResponseCode::NoError, vec![a(NAME, 1)]);
        cut.metadata.truncation = true;
        bytes(cut)
    });
    serve_tcp(listener, async |question, mut stream| {
        let records = vec![a(NAME, 1), a(NAME, 2)];
        let mut other = response(&question, ResponseCode::NoError, vec![a(NAME, 66)]);
        other.metadata.id = question.metadata.id.wrapping_add(1);
        send_tcp(&mut stream, &other).await;
        let full = response(&question, ResponseCode::NoError, records);
        send_tcp(&mut stream, &full).await;
    });
    let lookup = ask_of(server, Family::A, 2000).await;
    let answer = lookup.answer.seen().unwrap();
    assert_eq!(answer.truncated, Some(TcpRetry::Answered));
    assert_eq!(answer.records.len(), 2);
}

#[tokio::test]
async fn where_tcp_is_closed_the_truncated_answers_records_are_kept() {
    let (socket, listener) = both().await;
    drop(listener);
    let (server, _) = serve(socket, |_, question| {
        let mut cut = response(&question, ResponseCode::NoError, vec![a(NAME, 1)]);
        cut.metadata.truncation = true;
        bytes(cut)
    });
    let lookup = ask_of(server, Family::A, 2000).await;
    let answer = lookup.answer.seen().unwrap();
    assert!(matches!(answer.truncated, Some(TcpRetry::Failed(_))));
    assert_eq!(answer.status, DnsStatus::Ok);
    assert_eq!(answer.records.len(), 1);
}

#[tokio::test]
async fn a_truncated_answer_that_tcp_never_completes_is_kept_and_claims_no_nodata() {
    let (socket, listener) = both().await;
    let (server, _) = serve(socket, |_, question| {
        // Cut within a record, as some servers do.
        let mut cut = response(&question, ResponseCode::NoError, vec![a(NAME, 1)]);
        cut.metadata.truncation = true;
        cut.edns = None;
        let mut packet = cut.to_vec().unwrap();
        packet.truncate(packet.len() - 3);
        vec![packet]
    });
    serve_tcp(listener, async |_, _stream| {
        std::future::pending::<()>().await
    });
    let lookup = ask_of(server, Family::A, 300).await;
    let answer = lookup.answer.seen().unwrap();
    assert!(matches!(answer.truncated, Some(TcpRetry::Failed(_))));
    assert_eq!(answer.status, DnsStatus::Error);
}

#[tokio::test]
async fn a_name_that_dns_cannot_carry_is_a_failure_and_no_panic() {
    let (_stop, stopped) = watch::channel(false);
    let bounds = Bounds::new(Duration::from_secs(1), Duration::from_secs(1), stopped);
    let server = "127.0.0.1:9".parse().unwrap();
    for bad in ["a..b", &"x".repeat(64), &"long.".repeat(60)] {
        let lookup = lookup(&bounds, server, ServerRole::Host, bad, Family::A).await;
        assert_eq!(lookup.answer.failure_kind(), Some(FailureKind::Other));
    }
}
