//! Connections to one host that resume each other's sessions: the first proves who the host is, the next need not do it
//! again, which is half of what a handshake costs.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use rustls::ProtocolVersion;
use tokio::io::AsyncBufRead;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

/// How long a ticket is waited for. Where a round trip takes longer, a handshake without one is sooner done.
const PATIENCE: Duration = Duration::from_millis(5);

/// The tickets that connections to a host were given. Each is good for one connection (RFC 8446, appendix C.4).
#[derive(Debug)]
pub(super) struct Tickets {
    is_begun: AtomicBool,
    waiting: AtomicUsize,
    given: Semaphore,
    patience: Duration,
}

impl Tickets {
    /// None yet.
    pub(super) fn none() -> Self {
        Tickets {
            is_begun: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            given: Semaphore::new(0),
            patience: PATIENCE,
        }
    }

    /// Waits for a ticket, but for the first connection: whatever comes of it, the handshake is to begin then.
    ///
    /// `connected_in` is how long it took to connect.
    pub(super) async fn wait(&self, connected_in: Duration) {
        if !self.is_begun.swap(true, Ordering::Relaxed) || connected_in > self.patience {
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Ok(Ok(ticket)) = timeout(self.patience, self.given.acquire()).await {
            ticket.forget();
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes the tickets that come with this connection, while others wait for one. They come behind the handshake.
    pub(super) async fn take(&self, stream: &mut TlsStream<TcpStream>) {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return;
        }
        if stream.get_ref().1.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            // The session's id is known, and good for any number.
            self.given.add_permits(self.waiting.load(Ordering::Relaxed));
            return;
        }
        let come = poll_fn(|context| {
            // What ends the connection, whoever uses it next hears as well.
            let is_over = Pin::new(&mut *stream).poll_fill_buf(context).is_ready();
            match stream.get_ref().1.tls13_tickets_received() {
                0 if !is_over => Poll::Pending,
                tickets => Poll::Ready(tickets),
            }
        });
        if let Ok(tickets) = timeout(self.patience, come).await {
            self.given
                .add_permits(usize::try_from(tickets).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{ClientConfig, HandshakeKind};
    use tokio::net::TcpListener;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::super::test_service;
    use super::*;
    use crate::gather::tls::Roots;

    const LONG: Duration = Duration::from_secs(20);

    /// Connects twice at once, each in this time, and tells how many connections resumed a session.
    async fn resumed(connected_in: Duration) -> usize {
        let (root, server) = test_service::certified("localhost");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let accepted = acceptor.accept(stream);
                tokio::spawn(async move {
                    let _held = accepted.await;
                    std::future::pending::<()>().await;
                });
            }
        });
        let client = ClientConfig::builder()
            .with_root_certificates(Roots::from_pem(root.as_bytes()).store())
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(client));
        let tickets = Tickets {
            patience: LONG,
            ..Tickets::none()
        };
        let one = async || {
            let stream = TcpStream::connect(address).await.unwrap();
            tickets.wait(connected_in).await;
            let name = "localhost".try_into().unwrap();
            let mut stream = connector.connect(name, stream).await.unwrap();
            tickets.take(&mut stream).await;
            stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
        };
        let (first, second) = tokio::join!(one(), one());
        usize::from(first) + usize::from(second)
    }

    #[tokio::test]
    async fn a_second_connection_resumes_what_the_first_proved() {
        assert_eq!(resumed(Duration::ZERO).await, 1);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_ticket_that_is_a_long_way_off() {
        assert_eq!(resumed(LONG * 2).await, 0);
    }
}
