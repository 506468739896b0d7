//! Sees every packet of the namespace, whoever sends it and whether or not anybody is there to get it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

/// Somebody who was contacted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Contact {
    /// `tcp` or `udp`.
    pub(crate) protocol: &'static str,
    /// To whom.
    pub(crate) address: IpAddr,
    /// The port.
    pub(crate) port: u16,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Whom the host contacted: connections begun, datagrams sent.
    pub(crate) contacts: BTreeSet<Contact>,
    /// The names that it asked resolvers for.
    pub(crate) names: BTreeSet<String>,
}

/// Watches until it is asked what it saw.
pub(crate) struct Witness {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Witness {
    /// Begins to watch for packets from this host, whose addresses these are.
    pub(crate) fn new(own: Vec<IpAddr>) -> Result<Witness, String> {
        let failed = |error: nix::Error| format!("cannot watch the packets: {error}");
        let socket = socket(
            AddressFamily::Packet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::EthAll,
        )
        .map_err(failed)?;
        setsockopt(&socket, sockopt::RcvBufForce, &(32 * 1024 * 1024))
            .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &(4 * 1024 * 1024)))
            .map_err(failed)?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(50)).map_err(failed)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || watch(&socket, &own, &stopped));
        Ok(Witness { stop, thread })
    }

    /// Ends watching.
    pub(crate) fn seen(self) -> Result<Seen, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| "the witness died".to_owned())
    }
}

fn watch(socket: &OwnedFd, own: &[IpAddr], stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(length) => note(&buffer[..length], own, &mut seen),
            // Only what came before the end is waited for.
            Err(_) if stop.load(Ordering::Relaxed) => return seen,
            Err(_) => {}
        }
    }
}

/// Takes note of one packet, from its IP header on.
fn note(packet: &[u8], own: &[IpAddr], seen: &mut Seen) {
    let Some((protocol, address, payload)) = header(packet) else {
        return;
    };
    let (Some(port), false) = (port(payload), own.contains(&address)) else {
        return;
    };
    let protocol = match protocol {
        // The first packet of a connection alone: SYN without ACK.
        6 if payload.get(13).is_some_and(|flags| flags & 0x12 == 0x02) => "tcp",
        17 => "udp",
        _ => return,
    };
    if protocol == "udp" && port == 53 {
        seen.names.extend(payload.get(8..).and_then(question));
    }
    seen.contacts.insert(Contact {
        protocol,
        address,
        port,
    });
}

fn header(packet: &[u8]) -> Option<(u8, IpAddr, &[u8])> {
    match packet.first()? >> 4 {
        4 => {
            let length = usize::from(packet[0] & 15) * 4;
            let to: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
            Some((
                *packet.get(9)?,
                IpAddr::V4(Ipv4Addr::from(to)),
                packet.get(length..)?,
            ))
        }
        6 => {
            let to: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
            Some((
                *packet.get(6)?,
                IpAddr::V6(Ipv6Addr::from(to)),
                packet.get(40..)?,
            ))
        }
        _ => None,
    }
}

fn port(payload: &[u8]) -> Option<u16> {
    let bytes: [u8; 2] = payload.get(2..4)?.try_into().ok()?;
    Some(u16::from_be_bytes(bytes))
}

/// The name a query is for.
fn question(message: &[u8]) -> Option<String> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        if length == 0 {
            return Some(labels.join(".").to_ascii_lowercase());
        }
        let label = message.get(at + 1..at + 1 + length)?;
        labels.push(String::from_utf8_lossy(label).into_owned());
        at += 1 + length;
    }
}
