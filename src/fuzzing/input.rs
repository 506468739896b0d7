//! Choices made from the fuzzer's bytes. When they are used up, every choice is the first one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The bytes that are left.
#[derive(Debug, Clone)]
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Input(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    pub(super) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }

    /// A number below this one; 0 below 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        match end {
            0 => 0,
            1..=256 => usize::from(self.byte()) % end,
            _ => usize::from(self.u16()) % end,
        }
    }

    /// One of these, of which there is at least one.
    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// As many bytes as the next one says, if there are as many.
    pub(super) fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// As [`Input::piece`], with two bytes for the length.
    pub(super) fn long_piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.u16()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// As [`Input::piece`], as text.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.piece()).into_owned()
    }

    /// A short word of these characters.
    pub(super) fn word(&mut self, letters: &[char], most: usize) -> String {
        let length = self.below(most + 1);
        (0..length).map(|_| *self.pick(letters)).collect()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// All that is left, as text.
    pub(super) fn rest_text(&mut self) -> String {
        String::from_utf8_lossy(self.rest()).into_owned()
    }

    /// An address; most often one of a few that lie close together.
    pub(super) fn address(&mut self) -> IpAddr {
        match self.byte() % 8 {
            0..=3 => Ipv4Addr::new(10, 0, self.byte() & 1, self.byte()).into(),
            4 => Ipv4Addr::from_bits(self.u32()).into(),
            5 | 6 => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, self.byte().into()).into(),
            _ => {
                let high = u128::from(self.u32()) << 96;
                Ipv6Addr::from_bits(high | u128::from(self.u32())).into()
            }
        }
    }

    /// A range of addresses, which need not begin at its boundary.
    pub(super) fn network(&mut self) -> IpNet {
        let address = self.address();
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let length = match self.byte() % 4 {
            0 => 0,
            1 => bits,
            2 => bits - self.byte() % 9,
            _ => self.byte() % (bits + 1),
        };
        IpNet::new(address, length).unwrap_or(IpNet::from(address))
    }
}

/// Whether a range holds an address, by arithmetic of its own.
pub(super) fn holds(net: &IpNet, address: IpAddr) -> bool {
    let same_bits = |a: u128, b: u128, bits: u32| {
        let rest = bits - u32::from(net.prefix_len());
        rest == bits || a >> rest == b >> rest
    };
    match (net.addr(), address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same_bits(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same_bits(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}
