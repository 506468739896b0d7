//! What applications here see: the C library's answer for a name.
//!
//! The name goes to `getaddrinfo` as applications write it, without a trailing dot, for two reasons. The hosts
//! file matches no name that ends in one, and a pin in it is just what is looked for. And where the search list
//! of `resolv.conf` makes the library answer with another domain's addresses (a wildcard in a search domain with
//! `ndots:5`, as Kubernetes sets it), applications are misled the same way, so that this is their truth. Wherever
//! the absolute name exists and its dots reach `ndots` (one by default), no search domain is ever asked.
//!
//! The static build (`packaging/static`) knows the hosts file and DNS, in the order of `nsswitch.conf`, and no other
//! module of the name service switch: the machine's belong to another glibc, and would crash it. One
//! linked against musl always reads `/etc/hosts` and `/etc/resolv.conf` itself and knows no `nsswitch.conf`.

use std::net::{IpAddr, SocketAddr};

use super::{Bounds, tcp};
use crate::facts::{Failure, FailureKind, Observation, Outcome};

/// The most addresses kept.
const MAX_ADDRESSES: usize = 64;

/// Resolves a name the way applications do, name service switch and hosts file included.
///
/// `getaddrinfo` cannot be cancelled: past the time limit its thread goes on by itself. Whoever owns the runtime
/// must end it with `shutdown_background`, or the process waits for the C library's own patience.
///
/// The detail of a failure begins with `not found` or with `temporary failure`, where the library says which.
pub async fn system_addresses(bounds: &Bounds, name: &str) -> Observation<Vec<IpAddr>> {
    bounds
        .observe(async {
            match tokio::net::lookup_host((name, HTTPS)).await {
                Ok(found) => Outcome::Seen(distinct(found)),
                Err(error) => Outcome::Failed(failure(&error.to_string())),
            }
        })
        .await
}

/// A port is asked for only because the library wants one.
const HTTPS: u16 = 443;

fn distinct(found: impl Iterator<Item = SocketAddr>) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map(|address| address.ip()) {
        if addresses.len() == MAX_ADDRESSES {
            break;
        }
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// Tells the library's errors apart by their texts: the standard library passes no code on. They are those of
/// `gai_strerror` in glibc and musl, untranslated, since nothing here sets a locale.
fn failure(text: &str) -> Failure {
    const NOT_FOUND: [&str; 4] = [
        "Name or service not known",
        "No address associated with",
        "Name does not resolve",
        "Name has no usable address",
    ];
    const TEMPORARY: [&str; 2] = ["Temporary failure", "Try again"];
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let kind = if holds(&TEMPORARY) {
        "temporary failure"
    } else if holds(&NOT_FOUND) {
        "not found"
    } else {
        "failed"
    };
    Failure::new(FailureKind::Other, tcp::bounded(&format!("{kind}: {text}")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_name_of_the_hosts_file_is_found_and_each_address_said_once() {
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        let bounds = Bounds::new(Duration::from_secs(2), Duration::from_secs(9), stopped);
        let observation = system_addresses(&bounds, "localhost").await;
        let addresses = observation
            .seen()
            .expect("localhost is in every hosts file");
        assert!(addresses.iter().all(IpAddr::is_loopback));
        let distinct: std::collections::HashSet<_> = addresses.iter().collect();
        assert_eq!(distinct.len(), addresses.len());
    }

    #[test]
    fn a_name_that_is_not_found_is_told_from_a_resolver_that_fails() {
        let detail = |text: &str| failure(text).detail;
        let before = "failed to lookup address information: ";
        assert!(detail(&format!("{before}Name or service not known")).starts_with("not found"));
        assert!(
            detail(&format!("{before}No address associated with hostname"))
                .starts_with("not found")
        );
        assert!(
            detail(&format!("{before}Temporary failure in name resolution"))
                .starts_with("temporary failure")
        );
        assert!(detail(&format!("{before}Try again")).starts_with("temporary failure"));
        assert!(detail("Too many open files").starts_with("failed"));
    }
}
