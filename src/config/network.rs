//! Ranges, DNS servers and hostnames.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::error::Problem;

/// A range without bits beyond its prefix.
pub(super) fn cidr(text: &str) -> Result<IpNet, Problem> {
    let wrong = || Problem::unexpected("an address range such as 10.0.0.0/16", text);
    match text.parse::<IpNet>() {
        Ok(net) if net.addr() == net.network() => Ok(net),
        Ok(net) => Err(Problem::unexpected(
            format!(
                "an address range that starts at its /{} boundary",
                net.prefix_len()
            ),
            text,
        )
        .hinting(Some(net.trunc().to_string()))),
        Err(_) => {
            let single = text.parse::<IpAddr>().ok().map(IpNet::from);
            Err(wrong().hinting(single.map(|net| net.to_string())))
        }
    }
}

/// A DNS server: an address, and a port unless it is 53.
pub(super) fn resolver(text: &str) -> Result<SocketAddr, Problem> {
    const DNS: u16 = 53;
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, DNS));
    }
    match text.parse::<SocketAddr>() {
        Ok(server) if server.port() != 0 => Ok(server),
        _ => Err(Problem::unexpected(
            "the address of a DNS server, such as 10.0.0.2, 10.0.0.2:53 or [fd00:ec2::253]:53",
            text,
        )),
    }
}

/// Where to listen: an address and a port. No name, and no default of either: who can reach it is to be said.
pub(super) fn listener(text: &str) -> Result<SocketAddr, Problem> {
    let wrong = || Problem::unexpected("an address and a port, such as 127.0.0.1:9442", text);
    match text.parse::<SocketAddr>() {
        Ok(place) if place.port() != 0 => Ok(place),
        _ => {
            let bare = text.strip_prefix(':').unwrap_or(text);
            let meant = bare.parse::<u16>().ok().filter(|port| *port != 0);
            Err(wrong().hinting(meant.map(|port| format!("127.0.0.1:{port}"))))
        }
    }
}

/// A hostname of at least two labels, in lower case, without the trailing dot.
///
/// Letters, digits and hyphens as RFC 1123 has them, and underscores, which bucket names may hold.
pub(super) fn hostname(text: &str) -> Option<String> {
    const LONGEST: usize = 253;
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let mut labels = name.split('.');
    let numeric = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    let valid = name.len() <= LONGEST
        && name.contains('.')
        && labels.clone().all(is_label)
        // No top-level domain is a number: this is a mistyped address.
        && !labels.next_back().is_some_and(numeric);
    valid.then_some(name)
}

fn is_label(label: &str) -> bool {
    const LONGEST: usize = 63;
    !label.is_empty()
        && label.len() <= LONGEST
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for good in ["10.0.0.0/16", "0.0.0.0/0", "10.1.2.3/32", "fd00:1::/64"] {
            assert_eq!(cidr(good).unwrap().to_string(), good);
        }
        for (bad, said) in [
            (
                "10.0.1.5/16",
                "expected an address range that starts at its /16 boundary, found \"10.0.1.5/16\"; did you mean 10.0.0.0/16?",
            ),
            (
                "10.0.1.5",
                "expected an address range such as 10.0.0.0/16, found \"10.0.1.5\"; did you mean 10.0.1.5/32?",
            ),
            (
                "fd00::1",
                "expected an address range such as 10.0.0.0/16, found \"fd00::1\"; did you mean fd00::1/128?",
            ),
            (
                "10.0.0.0/33",
                "expected an address range such as 10.0.0.0/16, found \"10.0.0.0/33\"",
            ),
            (
                "",
                "expected an address range such as 10.0.0.0/16, found nothing",
            ),
        ] {
            assert_eq!(cidr(bad).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn dns_servers() {
        for (text, server) in [
            ("10.0.0.2", "10.0.0.2:53"),
            ("10.0.0.2:5353", "10.0.0.2:5353"),
            ("fd00:ec2::253", "[fd00:ec2::253]:53"),
            ("[fd00:ec2::253]", "[fd00:ec2::253]:53"),
            ("[fd00:ec2::253]:5353", "[fd00:ec2::253]:5353"),
        ] {
            assert_eq!(resolver(text).unwrap().to_string(), server);
        }
        for bad in [
            "",
            "dns.example.com",
            "10.0.0.2:0",
            "10.0.0.2:99999",
            "10.0.0",
            "[10.0.0.2",
            "10.0.0.0/8",
        ] {
            let said = resolver(bad).unwrap_err().to_string();
            assert!(
                said.starts_with("expected the address of a DNS server"),
                "{said}"
            );
        }
    }

    #[test]
    fn hostnames() {
        for (text, name) in [
            ("sqs.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"),
            (
                "SQS.us-east-1.amazonaws.com.",
                "sqs.us-east-1.amazonaws.com",
            ),
            (
                "my_bucket.s3.us-east-1.amazonaws.com",
                "my_bucket.s3.us-east-1.amazonaws.com",
            ),
        ] {
            assert_eq!(hostname(text).as_deref(), Some(name));
        }
        let long = format!("{}.com", "a".repeat(64));
        let longer = format!("{}com", "abcdefgh.".repeat(30));
        for bad in [
            "",
            ".",
            "localhost",
            "a..b",
            "-a.com",
            "a-.com",
            "a b.com",
            "10.0.0.1",
            "é.com",
            "*.a.com",
            "a.com:443",
            "a/b.com",
            "a.com..",
            &long,
            &longer,
        ] {
            assert_eq!(hostname(bad), None, "{bad}");
        }
    }
}
