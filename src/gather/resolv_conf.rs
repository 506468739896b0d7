//! The resolvers that `resolv.conf` names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use resolv_conf::Config;

use super::small_file;
use crate::facts::{Failure, FailureKind};

/// Where the C library looks.
pub const PATH: &str = "/etc/resolv.conf";

/// The most that is read of the file.
const LIMIT: u64 = 64 * 1024;
/// The C library asks the first three and ignores the rest (`MAXNS` in resolv.conf(5)).
const MOST_RESOLVERS: usize = 3;

/// Reads the resolvers from a file.
///
/// A file that is missing or names none is a failure. The C library then asks 127.0.0.1; nobody configured
/// that, so it is not reported as a resolver.
pub fn read(path: &Path) -> Result<Vec<IpAddr>, Failure> {
    let bytes = small_file::read(path, LIMIT).map_err(|error| {
        Failure::new(
            FailureKind::Other,
            format!("read {}: {error}", path.display()),
        )
    })?;
    let resolvers = parse(&bytes);
    if resolvers.is_empty() {
        let detail = format!("{} names no resolver", path.display());
        return Err(Failure::new(FailureKind::Other, detail));
    }
    Ok(resolvers)
}

/// The resolvers of a `resolv.conf`, in order, as the C library would use them; lines that make no sense
/// are passed over.
pub fn parse(bytes: &[u8]) -> Vec<IpAddr> {
    let (config, _passed_over) = Config::parse_with_errors(bytes);
    config
        .nameservers
        .iter()
        .map(IpAddr::from)
        .take(MOST_RESOLVERS)
        .map(|address| match address {
            // The unspecified address means this host.
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            address => address,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let parsed = parse(text.as_bytes());
        parsed.iter().map(IpAddr::to_string).collect()
    }

    #[test]
    fn what_the_c_library_would_ask() {
        for (text, resolvers) in [
            ("nameserver 10.0.0.2\n", &["10.0.0.2"][..]),
            ("nameserver\t10.0.0.2 # the VPC's\r\n", &["10.0.0.2"]),
            (
                "search ec2.internal\n;nameserver 1.1.1.1\nnameserver fd00:ec2::253",
                &["fd00:ec2::253"],
            ),
            (
                "nameserver 10.0.0.2\nnonsense\nnameserver x\nnameserver 10.0.0.3\n",
                &["10.0.0.2", "10.0.0.3"],
            ),
            ("nameserver fe80::1%eth0\n", &["fe80::1"]),
            ("nameserver 0.0.0.0\n", &["127.0.0.1"]),
            (
                "nameserver 1.0.0.1\nnameserver 1.0.0.2\nnameserver 1.0.0.3\nnameserver 1.0.0.4\n",
                &["1.0.0.1", "1.0.0.2", "1.0.0.3"],
            ),
            ("", &[]),
        ] {
            assert_eq!(texts(text), resolvers, "{text:?}");
        }
        assert_eq!(parse(b"\xff\xfe\nnameserver 10.0.0.2\n").len(), 1);
    }

    #[test]
    fn missing_and_empty_are_failures() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("resolv.conf");
        assert!(read(&path).is_err());
        std::fs::write(&path, "options edns0\n").unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .detail
                .contains("names no resolver")
        );
        std::fs::write(&path, "nameserver 10.0.0.2\n").unwrap();
        assert_eq!(read(&path).unwrap().len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, value in "\\PC*") {
            let _ = parse(&bytes);
            let _ = parse(format!("nameserver {value}\noptions {value}\nsortlist {value}").as_bytes());
        }
    }
}
