//! Names for the AWS clients: as the system has them, and where that takes too long, as the wire has them.
//!
//! A C library waits five seconds for each resolver that is silent before it asks the next, and for a silent
//! answer about one family although the other's is there: longer than a whole call may take. The inventory must
//! not be lost for it, since it is what tells why.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::OnceCell;

use crate::facts::FailureKind;
use crate::facts::dns::{Family, ServerRole};
use crate::gather::{Bounds, dns, system};

/// How long the system is waited for alone: a healthy one needs some milliseconds.
const HEAD_START: Duration = Duration::from_millis(400);

/// The names that were resolved in this run; each is looked up once, whoever asks.
pub(super) type Names = Arc<Mutex<BTreeMap<String, Arc<OnceCell<Vec<IpAddr>>>>>>;

/// Resolves as applications here do, within the run's limits.
#[derive(Debug, Clone)]
pub(in crate::gather) struct Resolver {
    bounds: Bounds,
    servers: Vec<SocketAddr>,
    names: Names,
}

impl Resolver {
    /// A resolver that asks these servers of the host's where the system takes too long.
    pub(super) fn new(bounds: &Bounds, servers: Vec<SocketAddr>, names: Names) -> Self {
        Resolver {
            bounds: bounds.clone(),
            servers,
            names,
        }
    }

    /// The addresses of a name; what failed is tried again by whoever asks next.
    pub(super) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let cell = {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(names.entry(name.to_owned()).or_default())
        };
        let found = cell.get_or_try_init(|| self.look_up(name)).await;
        found.cloned()
    }

    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        // These few do not wait for the names under test, which do for them.
        let system = async {
            self.bounds.count_packets(2);
            let found = system::system_addresses(&self.bounds, name).await;
            match (found.seen(), found.failure()) {
                (Some(addresses), _) => Ok(addresses.clone()),
                (None, Some(failure)) => Err(match failure.kind {
                    FailureKind::Timeout => {
                        io::Error::new(io::ErrorKind::TimedOut, failure.detail.clone())
                    }
                    _ => io::Error::other(failure.detail.clone()),
                }),
                (None, None) => Err(io::Error::other("not looked up")),
            }
        };
        let wire = async {
            tokio::time::sleep(HEAD_START.min(self.bounds.timeout() / 4)).await;
            match self.on_the_wire(name).await {
                Some(addresses) => addresses,
                // The system may know what no server does.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            found = system => found,
            found = wire => Ok(found),
        }
    }

    /// The first addresses that any of the servers answers with.
    async fn on_the_wire(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.bounds.count_packets(2 * self.servers.len());
        let questions = self.servers.iter().flat_map(|server| {
            [Family::A, Family::Aaaa]
                .into_iter()
                .map(|family| dns::lookup(&self.bounds, *server, ServerRole::Host, name, family))
        });
        let mut answers: FuturesUnordered<_> = questions.collect();
        while let Some(lookup) = answers.next().await {
            let records = lookup.answer.seen().map(|answer| &answer.records);
            let addresses: Vec<IpAddr> = records
                .into_iter()
                .flatten()
                .map(|record| record.address)
                .collect();
            if !addresses.is_empty() {
                return Some(addresses);
            }
        }
        None
    }
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = self.addresses(name).await;
            found.map_err(ResolveDnsError::new)
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UdpSocket;

    use super::*;

    fn bounds() -> (tokio::sync::watch::Sender<bool>, Bounds) {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let bounds = Bounds::new(Duration::from_secs(2), Duration::from_secs(9), stopped);
        (stop, bounds)
    }

    #[tokio::test]
    async fn what_the_system_knows_comes_from_it() {
        let (_stop, bounds) = bounds();
        let resolver = Resolver::new(&bounds, Vec::new(), Names::default());
        let found = resolver.addresses("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback));
    }

    #[tokio::test]
    async fn a_silent_server_does_not_hold_up_one_that_answers() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let answering = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let servers = vec![
            silent.local_addr().unwrap(),
            answering.local_addr().unwrap(),
        ];
        tokio::spawn(async move {
            let mut buffer = [0_u8; 512];
            loop {
                let (length, client) = answering.recv_from(&mut buffer).await.unwrap();
                let query = hickory_proto::op::Message::from_vec(&buffer[..length]).unwrap();
                let question = query.queries[0].clone();
                if question.query_type() != hickory_proto::rr::RecordType::A {
                    continue;
                }
                let mut answer = hickory_proto::op::Message::response(
                    query.metadata.id,
                    hickory_proto::op::OpCode::Query,
                );
                let address = hickory_proto::rr::RData::A("10.0.10.63".parse().unwrap());
                answer.add_answer(hickory_proto::rr::Record::from_rdata(
                    question.name().clone(),
                    60,
                    address,
                ));
                answer.add_query(question);
                answering
                    .send_to(&answer.to_vec().unwrap(), client)
                    .await
                    .unwrap();
            }
        });
        let (_stop, bounds) = bounds();
        let resolver = Resolver::new(&bounds, servers, Names::default());
        let found = resolver.on_the_wire("ec2.us-east-1.amazonaws.com").await;
        assert_eq!(found.unwrap(), ["10.0.10.63".parse::<IpAddr>().unwrap()]);
    }
}
