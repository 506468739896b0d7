//! What a discovery reads: the kernel's tables of sockets, and AWS's published ranges.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::input::{Input, holds};
use crate::discover::Ranges;
use crate::gather::sockets::table::{self, Socket};

/// Any bytes as a table of sockets, and a table as the kernel writes it.
pub(super) fn sockets(bytes: &[u8]) {
    let found: Vec<Socket> = table::parse(bytes).collect();
    assert!(found.len() <= bytes.len() / 30, "shorter than any line");
    // A line is read by itself, wherever it stands.
    let mut twice = bytes.to_vec();
    twice.push(b'\n');
    twice.extend(bytes);
    assert_eq!(table::parse(&twice).count(), 2 * found.len());
    for socket in &found {
        let read: Vec<Socket> = table::parse(line(socket, false).as_bytes()).collect();
        assert_eq!(read, [*socket]);
    }

    let mut input = Input::new(bytes);
    let mut text = String::from("  sl  local_address rem_address   st tx_queue rx_queue\n");
    let mut expected = Vec::new();
    for _ in 0..input.below(8) {
        let socket = Socket {
            local: SocketAddr::new(input.address(), input.u16()),
            remote: SocketAddr::new(input.address(), input.u16()),
            state: input.byte(),
            uid: input.u32(),
            inode: input.u32().into(),
        };
        // The IPv6 table holds IPv4 addresses wrapped in IPv6 ones.
        text.push_str(&line(&socket, input.flag()));
        text.push('\n');
        expected.push(socket);
    }
    let found: Vec<Socket> = table::parse(text.as_bytes()).collect();
    assert_eq!(found, expected, "{text}");
}

/// A line as the kernel prints it (`tcp_get_info` and `tcp6_sock_seq_show` of its sources).
fn line(socket: &Socket, wrapped: bool) -> String {
    let in_one = [socket.local, socket.remote]
        .iter()
        .all(SocketAddr::is_ipv4)
        && !wrapped;
    let address = |address: SocketAddr| {
        let words: Vec<u8> = match address.ip() {
            IpAddr::V4(v4) if in_one => v4.octets().to_vec(),
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets().to_vec(),
            IpAddr::V6(v6) => Ipv6Addr::octets(&v6).to_vec(),
        };
        let words = words.chunks_exact(4).map(|word| {
            let word: [u8; 4] = word.try_into().unwrap_or_default();
            format!("{:08X}", u32::from_ne_bytes(word))
        });
        format!("{}:{:04X}", words.collect::<String>(), address.port())
    };
    format!(
        "{:4}: {} {} {:02X} 00000000:00000000 02:000004D2 00000000 {:5} {:8} {} 2 0000000000000000 20 4 30 10 -1",
        7,
        address(socket.local),
        address(socket.remote),
        socket.state,
        socket.uid,
        0,
        socket.inode
    )
}

/// Any bytes as the file of published ranges, and ranges against a plain search through all of them.
pub(super) fn ranges(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    if let Ok(ranges) = Ranges::parse(bytes) {
        for _ in 0..4 {
            let _ = ranges.owners(input.address());
        }
    }

    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    let mut all: Vec<(IpNet, &str, &str)> = Vec::new();
    for _ in 0..input.below(12) {
        let net = input.network();
        let service = *input.pick(&["AMAZON", "S3", "EC2", "DYNAMODB"]);
        let region = *input.pick(&["us-east-1", "eu-west-1", "GLOBAL"]);
        let (key, list) = match net {
            IpNet::V4(_) => ("ip_prefix", &mut v4),
            IpNet::V6(_) => ("ipv6_prefix", &mut v6),
        };
        list.push(format!(
            r#"{{"{key}": "{net}", "region": "{region}", "service": "{service}", "network_border_group": "x"}}"#
        ));
        all.push((net, service, region));
    }
    let text = format!(
        r#"{{"syncToken": "1", "createDate": "2026-11-13-02-13-20", "prefixes": [{}], "ipv6_prefixes": [{}]}}"#,
        v4.join(","),
        v6.join(",")
    );
    let is_wide = all.iter().any(|(net, _, _)| net.prefix_len() < 4);
    let ranges = match Ranges::parse(text.as_bytes()) {
        Ok(ranges) => ranges,
        Err(error) => {
            assert!(all.is_empty() || is_wide, "{text}: {error}");
            return;
        }
    };
    assert!(!all.is_empty() && !is_wide, "{text}");
    for _ in 0..8 {
        let address = input.address();
        let holding = all.iter().filter(|(net, _, _)| holds(net, address));
        let owners: BTreeSet<(&str, &str)> = holding.map(|(_, s, r)| (*s, *r)).collect();
        let expected: Vec<(&str, &str)> = owners
            .iter()
            .copied()
            .filter(|(service, region)| {
                let other = owners.iter().any(|(s, r)| r == region && s != service);
                *service != "AMAZON" || !other
            })
            .collect();
        let found = ranges.owners(address);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|owner| (owner.service.as_str(), owner.region.as_str()))
            .collect();
        assert_eq!(found, expected, "{address} in {text}");
    }
}
