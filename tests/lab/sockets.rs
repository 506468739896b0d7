//! Sockets on addresses that are routes only: IPv4 binds them as they are, IPv6 wants to be told that it may.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn6, bind, setsockopt, socket, sockopt,
};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

const BACKLOG: u32 = 128;

/// Listens on one address and port.
pub fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let socket = match address {
        IpAddr::V4(_) => TcpSocket::new_v4()?,
        IpAddr::V6(_) => {
            let socket = TcpSocket::new_v6()?;
            setsockopt(&socket, sockopt::IpFreebind, &true)?;
            socket
        }
    };
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(address, port))?;
    socket.listen(BACKLOG)
}

/// A datagram socket on one address and port.
pub async fn datagram(address: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let IpAddr::V6(v6) = address else {
        return UdpSocket::bind(SocketAddr::new(address, port)).await;
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Inet6, SockType::Datagram, flags, None)?;
    setsockopt(&fd, sockopt::IpFreebind, &true)?;
    bind(
        fd.as_raw_fd(),
        &SockaddrIn6::from(SocketAddrV6::new(v6, port, 0, 0)),
    )?;
    UdpSocket::from_std(std::net::UdpSocket::from(fd))
}
