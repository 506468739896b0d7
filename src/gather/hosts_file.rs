//! Lines of the hosts file that name a host under test.

use std::net::IpAddr;
use std::path::Path;

use super::small_file;
use crate::facts::host::HostsLine;

/// Where the C library looks.
pub const PATH: &str = "/etc/hosts";

/// The most that is read of the file.
const LIMIT: u64 = 1024 * 1024;
/// The most lines that are kept.
const MOST_LINES: usize = 1024;

/// Reads the hosts file's lines about these names; none where it cannot be read.
pub fn read(path: &Path, names: &[String]) -> Vec<HostsLine> {
    let text = small_file::text(path, LIMIT).unwrap_or_default();
    parse(&text, names)
}

/// The lines about these names, in order, as hosts(5) has it: an address and its names, comments after `#`.
///
/// Case and a trailing dot do not matter; the name is given back as it is in `names`.
pub fn parse(text: &str, names: &[String]) -> Vec<HostsLine> {
    let mut lines: Vec<HostsLine> = Vec::new();
    for line in text.lines() {
        let content = line.split('#').next().unwrap_or_default();
        let mut words = content.split_whitespace();
        let Some(address) = words.next().and_then(address) else {
            continue;
        };
        for word in words {
            let Some(name) = names.iter().find(|name| same(name, word)) else {
                continue;
            };
            let found = HostsLine {
                address,
                name: name.clone(),
            };
            if lines.len() < MOST_LINES && !lines.contains(&found) {
                lines.push(found);
            }
        }
    }
    lines
}

/// An address, with or without a scope.
fn address(word: &str) -> Option<IpAddr> {
    let plain = word.split_once('%').map_or(word, |(address, _)| address);
    plain.parse().ok()
}

fn same(a: &str, b: &str) -> bool {
    let a = a.strip_suffix('.').unwrap_or(a);
    let b = b.strip_suffix('.').unwrap_or(b);
    a.eq_ignore_ascii_case(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_under_test_are_found() {
        let names = [
            "sqs.eu-west-1.amazonaws.com".to_owned(),
            "sts.eu-west-1.amazonaws.com".to_owned(),
        ];
        let text = "127.0.0.1 localhost\n\
            # 10.9.9.9 sqs.eu-west-1.amazonaws.com\n\
            10.0.0.5\tother  SQS.eu-west-1.amazonaws.com. sts.eu-west-1.amazonaws.com # both\r\n\
            10.0.0.5 sqs.eu-west-1.amazonaws.com\n\
            nonsense sqs.eu-west-1.amazonaws.com\n\
            fe80::1%eth0 sts.eu-west-1.amazonaws.com\n\
            10.0.0.6 xsqs.eu-west-1.amazonaws.com 10.0.0.7#sqs.eu-west-1.amazonaws.com";
        let found: Vec<_> = parse(text, &names)
            .into_iter()
            .map(|line| (line.address.to_string(), line.name[..3].to_owned()))
            .collect();
        let expected = [("10.0.0.5", "sqs"), ("10.0.0.5", "sts"), ("fe80::1", "sts")];
        assert_eq!(found, expected.map(|(a, n)| (a.to_owned(), n.to_owned())));
    }

    #[test]
    fn a_missing_file_has_no_lines() {
        assert!(read(Path::new("/nonexistent"), &["x".to_owned()]).is_empty());
    }

    #[test]
    fn a_huge_file_is_bounded() {
        let text: String = (0..100_000)
            .map(|n: u32| format!("{} x\n", std::net::Ipv4Addr::from(n)))
            .collect();
        assert_eq!(parse(&text, &["x".to_owned()]).len(), MOST_LINES);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-f:.%# \t\r\n\\PC]*", name in "\\PC*") {
            let _ = parse(&text, &[name]);
        }
    }
}
