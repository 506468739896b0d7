//! Experiments that tell look-alikes apart: the same address once more, with one thing changed.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::http::{self, Answered, Size};
use super::probe::{HTTPS, NO_CONNECTION, NO_HANDSHAKE};
use super::tls::{self, Hello, Protocols};
use super::{Bounds, tcp};
use crate::facts::probe::{Experiment, Variation};
use crate::facts::{AddressProbe, FailureKind, Observation, Outcome};

/// After a handshake that stalled, was reset or was refused by an alert: the same address with a classical hello,
/// and with the same hello under other server names; at the same time, each on a connection of its own.
///
/// Where a classical hello completes, a small and a large request follow: a path that loses large packets stalls a
/// post-quantum hello as well, and only the large request tells the two causes apart.
pub async fn experiments(
    bounds: &Bounds,
    probe: &AddressProbe,
    other_names: &[String],
) -> Vec<Experiment> {
    let socket = SocketAddr::new(probe.address, HTTPS);
    experiments_at(bounds, probe, other_names, socket).await
}

/// How long a large request is waited for on a connection that has just answered a small one.
const HASTE: Duration = Duration::from_millis(250);

/// A large request to an address that has answered a small one: on the same connection, if it takes another.
///
/// That it is answered there is enough. That it is not says nothing, since a server need not answer twice: what becomes
/// of it on a connection of its own counts then.
pub async fn large_request_after(
    bounds: &Bounds,
    name: &str,
    address: IpAddr,
    answered: Option<Answered>,
) -> Experiment {
    large_request_after_at(bounds, name, SocketAddr::new(address, HTTPS), answered).await
}

/// A large request on a connection of its own.
pub async fn large_request_alone(bounds: &Bounds, name: &str, address: IpAddr) -> Experiment {
    large_request_after_at(bounds, name, SocketAddr::new(address, HTTPS), None).await
}

async fn large_request_after_at(
    bounds: &Bounds,
    name: &str,
    socket: SocketAddr,
    answered: Option<Answered>,
) -> Experiment {
    let at_once = async {
        let another = http::another(bounds, name, Size::Large, answered?);
        let result = timeout(HASTE, another).await.ok()?;
        result.is_seen().then_some(result)
    };
    let result = match at_once.await {
        Some(result) => result,
        None => request(bounds, name, Size::Large, socket).await,
    };
    Experiment {
        variation: Variation::LargeRequest,
        result,
    }
}

async fn experiments_at(
    bounds: &Bounds,
    probe: &AddressProbe,
    other_names: &[String],
    socket: SocketAddr,
) -> Vec<Experiment> {
    let worth_it = matches!(
        probe.tls.failure_kind(),
        Some(FailureKind::Timeout | FailureKind::Reset | FailureKind::Alert)
    );
    match worth_it {
        true => apart(bounds, probe, other_names, socket).await,
        false => Vec::new(),
    }
}

/// On the heap and out of the way: they are many, and most addresses need none.
#[inline(never)]
fn apart<'a>(
    bounds: &'a Bounds,
    probe: &'a AddressProbe,
    other_names: &'a [String],
    socket: SocketAddr,
) -> Pin<Box<dyn Future<Output = Vec<Experiment>> + Send + 'a>> {
    Box::pin(hellos(bounds, probe, other_names, socket))
}

async fn hellos(
    bounds: &Bounds,
    probe: &AddressProbe,
    other_names: &[String],
    socket: SocketAddr,
) -> Vec<Experiment> {
    let classical = async {
        let opened = open(
            bounds,
            &probe.name,
            Hello::Classical,
            Protocols::Both,
            socket,
        )
        .await;
        let result = handshake_result(opened);
        let requests = match result.is_seen() {
            true => large_request_at(bounds, &probe.name, socket).await,
            false => Vec::new(),
        };
        let classical = Experiment {
            variation: Variation::ClassicalHello,
            result,
        };
        std::iter::once(classical)
            .chain(requests)
            .collect::<Vec<_>>()
    };
    let under = async |other_name: &String| {
        let opened = open(
            bounds,
            other_name,
            Hello::PostQuantum,
            Protocols::Both,
            socket,
        )
        .await;
        Experiment {
            variation: Variation::OtherName(other_name.clone()),
            result: handshake_result(opened),
        }
    };
    let others = other_names.iter().filter(|other| **other != probe.name);
    let others = join_all(others.map(under));
    let (mut experiments, others) = tokio::join!(classical, others);
    experiments.extend(others);
    experiments
}

/// A small and a large request at the same time, each on a connection of its own that a classical hello opened, so
/// that nothing but the request is large. Any HTTP answer counts: what matters is whether one comes.
async fn large_request_at(bounds: &Bounds, name: &str, socket: SocketAddr) -> Vec<Experiment> {
    let run = async |variation, size| Experiment {
        variation,
        result: request(bounds, name, size, socket).await,
    };
    let (small, large) = tokio::join!(
        run(Variation::SmallRequest, Size::Small),
        run(Variation::LargeRequest, Size::Large)
    );
    vec![small, large]
}

/// The request is what is asked about here: without a connection for it there is nothing to say.
///
/// On the heap and out of the way, since few addresses need it.
#[inline(never)]
fn request<'a>(
    bounds: &'a Bounds,
    name: &'a str,
    size: Size,
    socket: SocketAddr,
) -> Pin<Box<dyn Future<Output = Observation<()>> + Send + 'a>> {
    Box::pin(request_at(bounds, name, size, socket))
}

async fn request_at(
    bounds: &Bounds,
    name: &str,
    size: Size,
    socket: SocketAddr,
) -> Observation<()> {
    // Over HTTP/1.1 servers answer headers that are too large for them; over HTTP/2 some cut the connection.
    match open(bounds, name, Hello::Classical, Protocols::Http1, socket).await {
        Opened::NoConnection => Observation::skipped(NO_CONNECTION),
        Opened::Handshake(_, None) => Observation::skipped(NO_HANDSHAKE),
        Opened::Handshake(_, Some(stream)) => {
            without_fact(http::request(bounds, name, size, *stream).await.0)
        }
    }
}

enum Opened {
    NoConnection,
    Handshake(Observation<()>, Option<Box<TlsStream<TcpStream>>>),
}

async fn open(
    bounds: &Bounds,
    name: &str,
    hello: Hello,
    protocols: Protocols,
    socket: SocketAddr,
) -> Opened {
    let (_, Some(stream)) = tcp::connect(bounds, socket).await else {
        return Opened::NoConnection;
    };
    let (shaken, stream) = tls::unjudged(bounds, name, hello, protocols, stream).await;
    Opened::Handshake(shaken, stream.map(Box::new))
}

fn handshake_result(opened: Opened) -> Observation<()> {
    match opened {
        Opened::NoConnection => Observation::skipped(NO_CONNECTION),
        Opened::Handshake(result, _) => result,
    }
}

fn without_fact<T>(observation: Observation<T>) -> Observation<()> {
    Observation {
        at_ms: observation.at_ms,
        took_ms: observation.took_ms,
        outcome: match observation.outcome {
            Outcome::Seen(_) => Outcome::Seen(()),
            Outcome::Failed(failure) => Outcome::Failed(failure),
            Outcome::Skipped(reason) => Outcome::Skipped(reason),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::gather::probe::peer::{
        Authority, NAME, OK, bounds, https, listen, read_head, resets_name, respond,
        swallows_large_hellos,
    };
    use crate::gather::probe::probe_at;
    use crate::gather::tls::Trust;
    use tokio::io::AsyncWriteExt;
    use tokio_rustls::TlsAcceptor;

    const OTHER: &str = "sts.us-east-1.amazonaws.com";

    /// A root, and a server's configuration below it.
    fn world() -> (Trust, Arc<rustls::ServerConfig>) {
        let root = Authority::new("root");
        let config = root.leaf(&[NAME], (2020, 2050), &[]).config(&["http/1.1"]);
        (root.trust(), config)
    }

    async fn probe_and_experiment(trust: &Trust, socket: SocketAddr) -> Vec<Experiment> {
        let bounds = bounds();
        let probe = probe_at(&bounds, trust, NAME, socket, |_| ()).await.0;
        experiments_at(&bounds, &probe, &[OTHER.to_owned()], socket).await
    }

    fn of<'a>(experiments: &'a [Experiment], variation: &Variation) -> &'a Observation<()> {
        let found = experiments.iter().find(|e| e.variation == *variation);
        &found.expect("the experiment was made").result
    }

    fn other() -> Variation {
        Variation::OtherName(OTHER.to_owned())
    }

    #[tokio::test]
    async fn a_classical_hello_passes_where_a_large_one_is_dropped() {
        let (trust, config) = world();
        let socket = swallows_large_hellos(config, 1000).await;
        let made = probe_and_experiment(&trust, socket).await;
        assert!(of(&made, &Variation::ClassicalHello).is_seen(), "{made:?}");
        let by_name = of(&made, &other()).failure_kind();
        assert_eq!(by_name, Some(FailureKind::Timeout));
        assert!(of(&made, &Variation::LargeRequest).is_seen());
        assert!(of(&made, &Variation::SmallRequest).is_seen());
    }

    #[tokio::test]
    async fn another_name_passes_where_the_name_is_filtered() {
        let (trust, config) = world();
        let socket = resets_name(config, NAME).await;
        let made = probe_and_experiment(&trust, socket).await;
        assert!(of(&made, &other()).is_seen(), "{made:?}");
        let classical = of(&made, &Variation::ClassicalHello).failure_kind();
        assert_eq!(classical, Some(FailureKind::Reset));
        assert_eq!(made.len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_tried_where_the_handshake_completed_or_never_began() {
        let (trust, config) = world();
        let socket = https(config, OK).await;
        assert_eq!(probe_and_experiment(&trust, socket).await, []);

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(probe_and_experiment(&trust, closed).await, []);
    }

    #[tokio::test]
    async fn a_path_that_loses_large_packets_passes_a_small_request_and_stalls_a_large_one() {
        let (_, config) = world();
        let socket = listen(move |stream| {
            let config = config.clone();
            async move {
                let mut stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
                if read_head(&mut stream).await.len() > 8 * 1024 {
                    std::future::pending::<()>().await;
                }
                stream.write_all(OK).await.unwrap();
                std::future::pending::<()>().await
            }
        })
        .await;
        let made = large_request_at(&bounds(), NAME, socket).await;
        assert!(of(&made, &Variation::SmallRequest).is_seen());
        let large = of(&made, &Variation::LargeRequest).failure_kind();
        assert_eq!(large, Some(FailureKind::Timeout));
    }

    #[tokio::test]
    async fn any_answer_to_a_large_request_will_do() {
        let (_, config) = world();
        const TOO_LARGE: &[u8] =
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n";
        let socket = listen(move |stream| respond(config.clone(), stream, TOO_LARGE)).await;
        let made = large_request_at(&bounds(), NAME, socket).await;
        assert!(of(&made, &Variation::LargeRequest).is_seen());
    }

    /// What becomes of a large request after a small one, and how many connections it took, where a connection answers
    /// so many requests and is then closed or left alone.
    async fn after(answers: usize, stays_open: bool, largest: usize) -> (Observation<()>, usize) {
        let (trust, config) = world();
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let socket = listen(move |stream| {
            count.fetch_add(1, Ordering::SeqCst);
            let config = config.clone();
            async move {
                let mut stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
                for _ in 0..answers {
                    if (1..largest).contains(&read_head(&mut stream).await.len()) {
                        stream.write_all(OK).await.unwrap();
                    }
                }
                if stays_open {
                    std::future::pending::<()>().await
                }
            }
        })
        .await;
        let (probe, answered) = probe_at(&bounds(), &trust, NAME, socket, |_| ()).await;
        assert!(probe.http.is_seen(), "{:?}", probe.http);
        let large = large_request_after_at(&bounds(), NAME, socket, answered).await;
        (large.result, made.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_large_request_goes_where_the_small_one_was_answered() {
        let (large, connections) = after(2, true, 1 << 20).await;
        assert!(large.is_seen());
        assert_eq!(connections, 1);
    }

    #[tokio::test]
    async fn a_server_that_answers_once_is_asked_on_another_connection() {
        for stays_open in [false, true] {
            let (large, connections) = after(1, stays_open, 1 << 20).await;
            assert!(large.is_seen(), "{stays_open} {large:?}");
            assert_eq!(connections, 2);
        }
    }

    #[tokio::test]
    async fn a_large_request_that_stalls_after_the_small_one_stalls_by_itself_as_well() {
        let (large, connections) = after(2, true, 4096).await;
        assert_eq!(large.failure_kind(), Some(FailureKind::Timeout));
        assert_eq!(connections, 2);
    }
}
