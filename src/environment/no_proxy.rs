//! Which hosts `NO_PROXY` takes off the proxy.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::facts::host::Variable;

/// The port that counts where a host is given without one: services are asked on 443.
const DEFAULT_PORT: u16 = 443;

/// The variable by which applications here would send HTTPS to a proxy, if one is set.
pub fn https_proxy(variables: &[Variable]) -> Option<&Variable> {
    first_set(
        variables,
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
    )
}

/// The variable by which applications here would send plain HTTP to a proxy, if one is set.
pub fn http_proxy(variables: &[Variable]) -> Option<&Variable> {
    first_set(
        variables,
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    )
}

fn first_set<'a>(variables: &'a [Variable], names: [&str; 4]) -> Option<&'a Variable> {
    names.iter().find_map(|name| {
        variables
            .iter()
            .find(|variable| variable.name == *name && !variable.value.trim().is_empty())
    })
}

/// Whether any `NO_PROXY` variable takes `host` off the proxy.
pub fn is_exempt(variables: &[Variable], host: &str) -> bool {
    variables
        .iter()
        .filter(|variable| variable.name.eq_ignore_ascii_case("NO_PROXY"))
        .any(|variable| bypasses(&variable.value, host))
}

/// Whether a `NO_PROXY` value takes `host` (a name or an address, with or without a port) off the proxy.
///
/// There is no standard; this is what curl, Python (and so botocore) and Go agree on: entries parted by
/// commas or blanks, `*` alone for everything, a domain for itself and its subdomains with or without a
/// leading dot, an address, a range of addresses for hosts written as addresses, and a port that must be
/// the same. `*.domain` is not among it: curl and Python take it for no name at all.
pub fn bypasses(no_proxy: &str, host: &str) -> bool {
    let Some(host) = Host::parse(host) else {
        return false;
    };
    no_proxy
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|entry| !entry.is_empty())
        .any(|entry| host.is_covered_by(entry))
}

/// A host as an application would name it.
struct Host {
    name: String,
    address: Option<IpAddr>,
    port: u16,
}

impl Host {
    fn parse(text: &str) -> Option<Host> {
        let (name, port) = split_port(text.trim());
        let name = plain(name);
        (!name.is_empty()).then(|| Host {
            address: name.parse().ok(),
            name,
            port: port.unwrap_or(DEFAULT_PORT),
        })
    }

    fn is_covered_by(&self, entry: &str) -> bool {
        if entry == "*" {
            return true;
        }
        if let Ok(range) = entry.parse::<IpNet>() {
            return self.address.is_some_and(|address| range.contains(&address));
        }
        let (name, port) = split_port(entry);
        if port.is_some_and(|port| port != self.port) {
            return false;
        }
        let name = plain(name);
        if let Some(address) = self.address {
            return name.parse().is_ok_and(|entry: IpAddr| entry == address);
        }
        let domain = name.strip_prefix('.').unwrap_or(&name);
        let rest = self.name.strip_suffix(domain);
        !domain.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// Splits `host:port` and `[v6]:port`; a bare IPv6 address has no port.
fn split_port(text: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return (
            address,
            rest.strip_prefix(':').and_then(|port| port.parse().ok()),
        );
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

/// Lowercase and without the root's dot.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_implementations_agree_on() {
        let sqs = "sqs.us-east-1.amazonaws.com";
        for (no_proxy, host, covered) in [
            ("sqs.us-east-1.amazonaws.com", sqs, true),
            ("SQS.us-east-1.AmazonAWS.com", sqs, true),
            (".amazonaws.com", sqs, true),
            ("amazonaws.com", sqs, true),
            ("amazonaws.com.", sqs, true),
            ("us-east-1.amazonaws.com", sqs, true),
            (".sqs.us-east-1.amazonaws.com", sqs, true),
            ("localhost, 127.0.0.1 ,.amazonaws.com", sqs, true),
            ("localhost 169.254.169.254 amazonaws.com", sqs, true),
            ("*", sqs, true),
            ("a,*,b", sqs, true),
            ("amazonaws.com:443", sqs, true),
            ("amazonaws.com:80", sqs, false),
            (
                "amazonaws.com:8443",
                "sqs.us-east-1.amazonaws.com:8443",
                true,
            ),
            ("azonaws.com", sqs, false),
            ("*.amazonaws.com", sqs, false),
            ("qs.us-east-1.amazonaws.com", sqs, false),
            ("eu-west-1.amazonaws.com", sqs, false),
            ("sqs", sqs, false),
            ("", sqs, false),
            (",, ,", sqs, false),
            (".", sqs, false),
            ("10.0.0.0/8", sqs, false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "10.1.2.3:443", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("169.254.170.2", "169.254.170.2", true),
            ("169.254.170.2", "169.254.170.23", false),
            ("170.2", "169.254.170.2", false),
            ("fd00:ec2::/32", "[fd00:ec2::23]:80", true),
            ("fd00:ec2::23", "fd00:ec2:0::23", true),
            ("[fd00:ec2::23]", "fd00:ec2::23", true),
            ("*", "", false),
        ] {
            assert_eq!(bypasses(no_proxy, host), covered, "{no_proxy} and {host}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(no_proxy in "\\PC*", host in "\\PC*") {
            let _ = bypasses(&no_proxy, &host);
        }

        #[test]
        fn a_name_covers_itself_and_what_is_below(name in "[a-z]{1,8}(\\.[a-z]{1,8}){1,4}") {
            proptest::prop_assert!(bypasses(&name, &name));
            let below = format!("x.{name}");
            proptest::prop_assert!(bypasses(&name, &below));
        }
    }
}
