//! The kernel's tables of TCP sockets, as `/proc/net/tcp` and `/proc/net/tcp6` show them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A socket of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    /// Its own address.
    pub local: SocketAddr,
    /// The other side's.
    pub remote: SocketAddr,
    /// Its state, a number of the kernel's (`include/net/tcp_states.h`).
    pub state: u8,
    /// The user it belongs to; zero as well where the kernel no longer knows.
    pub uid: u32,
    /// Its inode; zero where no process has it any more.
    pub inode: u64,
}

const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
const FIN_WAIT1: u8 = 4;
const FIN_WAIT2: u8 = 5;
const TIME_WAIT: u8 = 6;
const CLOSE_WAIT: u8 = 8;
const LAST_ACK: u8 = 9;
const CLOSING: u8 = 11;

impl Socket {
    /// True for one end of a connection, or of an attempt at one; not for what listens, is accepted, or is unconnected.
    pub fn is_call(&self) -> bool {
        self.is_answered() || self.state == SYN_SENT
    }

    /// True where the other side has answered.
    pub fn is_answered(&self) -> bool {
        matches!(
            self.state,
            ESTABLISHED | FIN_WAIT1 | FIN_WAIT2 | TIME_WAIT | CLOSE_WAIT | LAST_ACK | CLOSING
        )
    }
}

/// The sockets of a table; lines that are none, such as its head and a cut last one, are left out.
pub fn parse(table: &[u8]) -> impl Iterator<Item = Socket> + '_ {
    table.split(|byte| *byte == b'\n').filter_map(line)
}

/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`
fn line(line: &[u8]) -> Option<Socket> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let place = fields.next()?.strip_suffix(':')?;
    place.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    let (local, remote) = (address(fields.next()?)?, address(fields.next()?)?);
    let state = fields.next()?;
    let state = hex(state, 2).and_then(|state| u8::try_from(state).ok())?;
    let mut fields = fields.skip(3);
    let uid = fields.next()?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(Socket {
        local,
        remote,
        state,
        uid,
        inode,
    })
}

/// An address as words of the machine's own byte order, and the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = hex(port, 4).and_then(|port| u16::try_from(port).ok())?;
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(hex(address, 8)?.to_ne_bytes())),
        32 => {
            let mut octets = [0; 16];
            for (at, word) in octets.chunks_exact_mut(4).enumerate() {
                let text = address.get(8 * at..8 * at + 8)?;
                word.copy_from_slice(&hex(text, 8)?.to_ne_bytes());
            }
            // A socket for IPv6 that talks IPv4 (RFC 4291, 2.5.5.2).
            Ipv6Addr::from(octets).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// A number of exactly so many hexadecimal digits; `from_str_radix` alone takes signs as well.
fn hex(text: &str, digits: usize) -> Option<u32> {
    let fits = text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| u32::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<Socket> {
        parse(line.as_bytes()).next()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_of_either_table_is_read() {
        let v4 = "   1: 0A01000A:D431 370A000A:01BB 01 00000000:00000000 02:000004D2 00000000  1000        0 48213 2 0000000000000000 20 4 30 10 -1";
        let socket = one(v4).unwrap();
        assert_eq!(socket.local, "10.0.1.10:54321".parse().unwrap());
        assert_eq!(socket.remote, "10.0.10.55:443".parse().unwrap());
        assert_eq!((socket.uid, socket.inode), (1000, 48213));
        assert!(socket.is_call() && socket.is_answered());
        let mapped = "   0: 0000000000000000FFFF00000A01000A:D431 0000000000000000FFFF0000370A000A:01BB 06 00000000:00000000 03:00001234 00000000     0        0 0 3 0000000000000000";
        let socket = one(mapped).unwrap();
        assert_eq!(socket.remote, "10.0.10.55:443".parse().unwrap());
        assert_eq!(socket.inode, 0);
        let v6 = "  12: 0000012600000000000000000A000000:D431 181F0026000000000000000007000000:01BB 02 00000001:00000000 01:00000064 00000000     0        0 7 1 0";
        let socket = one(v6).unwrap();
        assert_eq!(socket.remote, "[2600:1f18::7]:443".parse().unwrap());
        assert!(socket.is_call() && !socket.is_answered());
    }

    #[test]
    fn what_is_no_socket_is_left_out() {
        for line in [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "",
            "   1: 0A01000A:D431 370A000A:01BB 01",
            "   1: 0A01000A:D431 +70A000A:01BB 01 0:0 0:0 0 1000 0 1",
            "   1: 0A01000A:D431 370A000A:01BB 101 0:0 0:0 0 1000 0 1",
            "   1: 0A01000A 370A000A 01 0:0 0:0 0 1000 0 1",
        ] {
            assert_eq!(one(line), None, "{line}");
        }
        let listens = one("   1: 0A01000A:01BB 00000000:0000 0A 0:0 0:0 0 1000 0 1").unwrap();
        assert!(!listens.is_call());
    }
}
