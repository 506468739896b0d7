//! Which address the kernel would send from, asked without sending anything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use ipnet::IpNet;

/// An address of AWS's public range; nothing is ever sent there.
const PUBLIC_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(52, 94, 0, 1));
/// An address of AWS's public range; nothing is ever sent there.
const PUBLIC_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2600, 0x1f00, 0, 0, 0, 0, 0, 1));
/// The VPC resolver ("DNS attributes for your VPC" in the VPC user guide).
const RESOLVER_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253));
/// The VPC resolver on Nitro instances in subnets with IPv6.
const RESOLVER_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253));

/// The kernel's ways to addresses that every host is asked about.
#[derive(Debug, Clone)]
pub struct Ways {
    /// Target, and the address the kernel would send from.
    fixed: Vec<(IpAddr, IpAddr)>,
}

/// What the kernel's routes say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// The addresses the kernel would send from, IPv4 first.
    pub sources: Vec<IpAddr>,
    /// Whether there is a way to IPv4 services.
    pub ipv4: bool,
    /// Whether there is a way to IPv6 services.
    pub ipv6: bool,
}

impl Ways {
    /// Asks the kernel for its ways out: a connected UDP socket has a source and sends nothing.
    pub fn look() -> Ways {
        let fixed = [PUBLIC_V4, RESOLVER_V4, PUBLIC_V6, RESOLVER_V6];
        Ways {
            fixed: fixed.into_iter().filter_map(towards).collect(),
        }
    }

    /// The ways towards services.
    ///
    /// `vpc` are the VPC's CIDRs and `resolvers` its resolvers where they are known: the way to the resolver is the
    /// way to the endpoints.
    pub fn routes(&self, vpc: &[IpNet], resolvers: &[IpAddr]) -> Routes {
        let mut routes = Routes::default();
        let inside = vpc.iter().filter_map(second_address);
        let asked = inside.chain(resolvers.iter().copied()).filter_map(towards);
        for (target, source) in asked.chain(self.fixed.iter().copied()) {
            // A resolver on this host itself (127.0.0.53) is no way out.
            if !is_useful(source) && (source != target || source.is_loopback()) {
                continue;
            }
            match source {
                IpAddr::V4(_) => routes.ipv4 = true,
                IpAddr::V6(_) => routes.ipv6 = true,
            }
            // A target that is an address of this host is no sign of what others would see.
            if source != target && !routes.sources.contains(&source) {
                routes.sources.push(source);
            }
        }
        routes.sources.sort_by_key(IpAddr::is_ipv6);
        routes
    }
}

/// True where an address is this host's own.
pub fn is_local(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// A target and the address the kernel would send from, where it knows a way.
fn towards(target: IpAddr) -> Option<(IpAddr, IpAddr)> {
    let any: IpAddr = match target {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(SocketAddr::new(target, 53)).ok()?;
    Some((target, socket.local_addr().ok()?.ip()))
}

/// The address after the network's first: base + 2, where the VPC's resolver is.
fn second_address(network: &IpNet) -> Option<IpAddr> {
    match network.network() {
        IpAddr::V4(base) => base
            .to_bits()
            .checked_add(2)
            .map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(base) => base
            .to_bits()
            .checked_add(2)
            .map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

/// True for an address that other hosts of the VPC could answer.
fn is_useful(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_usable_and_ordered() {
        let routes = Ways::look().routes(&["10.0.0.0/16".parse().unwrap()], &[]);
        assert!(routes.sources.iter().all(|source| is_useful(*source)));
        assert!(routes.sources.is_sorted_by_key(IpAddr::is_ipv6));
        assert!(is_local(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_local(PUBLIC_V4));
    }

    #[test]
    fn the_edge_of_the_address_space_is_survived() {
        assert_eq!(second_address(&"255.255.255.255/32".parse().unwrap()), None);
        let second = second_address(&"10.0.0.0/16".parse().unwrap());
        assert_eq!(second, Some("10.0.0.2".parse().unwrap()));
        let networks = ["255.255.255.254/31", "::/0"].map(|text| text.parse().unwrap());
        Ways::look().routes(&networks, &[]);
    }
}
