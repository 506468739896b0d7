//! Stand-ins for addresses: a permutation that keeps prefixes, made with a secret.
//!
//! The method is that of Crypto-PAn (Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization", 2002): whether a
//! bit is flipped depends on the bits before it alone. Ranges with a meaning of their own are mapped onto themselves.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_lc_rs::digest::{Context, SHA256};
use ipnet::IpNet;

use super::Key;

/// Ranges that are mapped onto themselves: private ones, whose addresses get stand-ins inside.
const PRIVATE: [&str; 5] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
];
/// Ranges whose addresses are the same everywhere and name nobody (IANA's special-purpose address registries; Amazon
/// VPC User Guide, "Amazon DNS server"): they stay as they are.
const CONSTANT: [&str; 13] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "2001:db8::/32",
    "fd00:ec2::/32",
    "fe80::/10",
    "ff00::/8",
];
/// The first bits of every address stay: they tell whose range it is, and nothing more.
const KEPT_V4: u8 = 8;
const KEPT_V6: u8 = 16;
/// How many permutations are tried for one that gives nobody the address of somebody else here.
const ATTEMPTS: u8 = 64;

/// Addresses and networks that were seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    addresses: BTreeSet<IpAddr>,
    networks: BTreeSet<IpNet>,
}

impl Seen {
    pub(super) fn address(&mut self, address: IpAddr) {
        self.addresses.insert(address);
    }

    pub(super) fn network(&mut self, network: IpNet) {
        self.networks.insert(network);
    }
}

/// Stand-ins for addresses.
pub(super) struct Addresses {
    key: Key,
    attempt: u8,
    /// Addresses whose bits from some length on stay as they are: resolvers at the base of a CIDR plus two.
    fixed: Vec<(IpAddr, u8)>,
    private: Vec<IpNet>,
    constant: Vec<IpNet>,
    known: RefCell<BTreeMap<IpAddr, IpAddr>>,
}

impl Addresses {
    /// A permutation for these addresses.
    pub(super) fn new(key: Key, fixed: Vec<(IpAddr, u8)>, seen: &Seen) -> Addresses {
        let parse = |list: &[&str]| list.iter().filter_map(|net| net.parse().ok()).collect();
        let mut this = Addresses {
            key,
            attempt: 0,
            fixed,
            private: parse(&PRIVATE),
            constant: parse(&CONSTANT),
            known: RefCell::default(),
        };
        let mut best = (usize::MAX, 0);
        for attempt in 0..ATTEMPTS {
            this.attempt = attempt;
            this.known.borrow_mut().clear();
            best = best.min((this.clashes(seen), attempt));
            if best.0 == 0 {
                break;
            }
        }
        this.attempt = best.1;
        this.known.borrow_mut().clear();
        this
    }

    /// What stands for this address.
    pub(super) fn of(&self, address: IpAddr) -> IpAddr {
        if let Some(known) = self.known.borrow().get(&address) {
            return *known;
        }
        let stand_in = match address {
            IpAddr::V4(_) => self.permuted(address),
            IpAddr::V6(v6) => match wrapped(v6) {
                Some((prefix, inner)) => match self.permuted(IpAddr::V4(inner)) {
                    IpAddr::V4(inner) => {
                        IpAddr::V6(Ipv6Addr::from(prefix | u128::from(u32::from(inner))))
                    }
                    other => other,
                },
                None => self.permuted(address),
            },
        };
        self.known.borrow_mut().insert(address, stand_in);
        stand_in
    }

    /// What stands for this network: one of the same length, around the stand-ins of its addresses.
    pub(super) fn of_network(&self, network: IpNet) -> IpNet {
        let address = self.of(network.addr());
        let Ok(stand_in) = IpNet::new(address, network.prefix_len()) else {
            return network;
        };
        match network.addr() == network.network() {
            true => stand_in.trunc(),
            false => stand_in,
        }
    }

    /// How many stand-ins are the address itself, or that of something else here.
    fn clashes(&self, seen: &Seen) -> usize {
        let addresses = seen.addresses.iter().filter(|address| {
            let stand_in = self.of(**address);
            self.may_change(**address, address_bits(**address))
                && seen.addresses.contains(&stand_in)
        });
        let networks = seen.networks.iter().filter(|network| {
            let stand_in = self.of_network(**network);
            self.may_change(network.addr(), network.prefix_len())
                && seen.networks.contains(&stand_in)
        });
        addresses.count() + networks.count()
    }

    /// Whether any of the first bits can be flipped at all.
    fn may_change(&self, address: IpAddr, length: u8) -> bool {
        (0..length).any(|depth| !self.stays(address, depth))
    }

    fn permuted(&self, address: IpAddr) -> IpAddr {
        let flips = (0..address_bits(address))
            .filter(|depth| !self.stays(address, *depth) && self.flips(address, *depth));
        let mask = flips.fold(0_u128, |mask, depth| mask | bit(address, depth));
        match address {
            // The mask has bits of an IPv4 address only.
            IpAddr::V4(v4) => {
                let mask = u32::try_from(mask).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(v4) ^ mask))
            }
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) ^ mask)),
        }
    }

    /// Whether the bit behind this many first ones is left alone for all addresses that share those.
    fn stays(&self, address: IpAddr, depth: u8) -> bool {
        let kept = match address {
            IpAddr::V4(_) => KEPT_V4,
            IpAddr::V6(_) => KEPT_V6,
        };
        let within = |net: &IpNet| net.prefix_len() <= depth && net.contains(&address);
        let towards = |net: &IpNet| net.prefix_len() > depth && shares(address, net.addr(), depth);
        depth < kept
            || self.constant.iter().any(|net| within(net) || towards(net))
            || self.private.iter().any(towards)
            || (self.fixed.iter())
                .any(|(fixed, from)| depth >= *from && shares(address, *fixed, depth))
    }

    fn flips(&self, address: IpAddr, depth: u8) -> bool {
        let first = address_value(address)
            & !(u128::MAX.checked_shr(depth.into()).unwrap_or(0)
                >> (128 - u32::from(address_bits(address))));
        let mut context = Context::new(&SHA256);
        context.update(&self.key);
        context.update(&[self.attempt, address_bits(address), depth]);
        context.update(&first.to_be_bytes());
        context
            .finish()
            .as_ref()
            .first()
            .is_some_and(|byte| byte & 1 == 1)
    }
}

fn address_bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn address_value(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// The bit behind this many first ones.
fn bit(address: IpAddr, depth: u8) -> u128 {
    let shift = u32::from(address_bits(address)).saturating_sub(u32::from(depth) + 1);
    1_u128.checked_shl(shift).unwrap_or(0)
}

/// Whether two addresses are of one family and have this many first bits in common.
fn shares(one: IpAddr, other: IpAddr, depth: u8) -> bool {
    let bits = u32::from(address_bits(one));
    let rest = bits.saturating_sub(u32::from(depth));
    let differing = address_value(one) ^ address_value(other);
    one.is_ipv4() == other.is_ipv4() && differing.checked_shr(rest).unwrap_or(0) == 0
}

/// The IPv4 address inside one of IPv6, with the prefix around it: as DNS64 wraps it (RFC 6052), or mapped.
fn wrapped(address: Ipv6Addr) -> Option<(u128, Ipv4Addr)> {
    let value = u128::from(address);
    let low = u32::try_from(value & u128::from(u32::MAX)).ok()?;
    let wraps = matches!(
        address.segments(),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0, 0xffff, ..]
    );
    wraps.then(|| (value & !u128::from(u32::MAX), Ipv4Addr::from(low)))
}
