//! Many signed calls to one host, on connections that are kept between them: a handshake for each of a hundred thousand
//! objects would take longer than the objects.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::call::{client_config, signed};
use super::failure::{cause, kind_of_transport, text_of};
use super::{ApiCall, ApiHost, AwsAccess};
use crate::facts::{Failure, FailureKind, Outcome};
use crate::gather::Bounds;

/// Connections that are kept while nobody uses them.
const MOST_IDLE: usize = 64;

type Sender = SendRequest<Full<Bytes>>;

/// Calls to one host.
pub struct Channel<'a> {
    access: &'a AwsAccess,
    host: ApiHost,
    config: Option<Arc<ClientConfig>>,
    idle: Mutex<Vec<Sender>>,
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Why there is no reply.
struct Lost {
    error: io::Error,
    /// True where nothing of the request was written.
    is_unsent: bool,
}

impl Lost {
    fn is_too_long(&self) -> bool {
        cause::<LengthLimitError>(&self.error).is_some()
    }
}

impl<'a> Channel<'a> {
    /// A channel to this host; nothing is connected before the first call.
    ///
    /// # Errors
    /// The TLS configuration cannot be made.
    pub fn new(access: &'a AwsAccess, host: ApiHost) -> Result<Channel<'a>, Failure> {
        let config = match host.https {
            true => Some(Arc::new(client_config(access.roots.store()).map_err(
                |error| Failure::new(FailureKind::Other, format!("{host}: {error}")),
            )?)),
            false => None,
        };
        Ok(Channel {
            access,
            host,
            config,
            idle: Mutex::default(),
        })
    }

    /// The host.
    pub fn host(&self) -> &ApiHost {
        &self.host
    }

    /// Makes a call within `limit` and reads at most `longest` bytes of its answer. Connections are direct, and the
    /// certificate has to chain to the access's roots: a credential never goes over another one.
    ///
    /// # Errors
    /// Why no answer came, credentials that lack included. An answer that is a refusal is none.
    pub async fn call(
        &self,
        bounds: &Bounds,
        limit: Duration,
        call: &ApiCall,
        longest: usize,
    ) -> Result<Reply, Failure> {
        let exchange = async {
            match self.exchange(bounds, call, longest).await {
                Ok(reply) => Outcome::Seen(reply),
                Err(failure) => Outcome::Failed(failure),
            }
        };
        match bounds.observe_within(limit, exchange).await.outcome {
            Outcome::Seen(reply) => Ok(reply),
            Outcome::Failed(failure) if failure.kind == FailureKind::Timeout => Err(Failure::new(
                FailureKind::Timeout,
                format!("{}: {}", self.host, failure.detail),
            )),
            Outcome::Failed(failure) => Err(failure),
            Outcome::Skipped(reason) => Err(Failure::new(FailureKind::Other, reason)),
        }
    }

    async fn exchange(
        &self,
        bounds: &Bounds,
        call: &ApiCall,
        longest: usize,
    ) -> Result<Reply, Failure> {
        let credentials = self.access.credentials_of_call(bounds).await?;
        let request = || {
            signed(credentials.clone(), call).map_err(|reason| {
                Failure::new(FailureKind::Other, format!("{}: {reason}", self.host))
            })
        };
        // A connection that was kept may be closed by now. What may have been sent on it is not sent once more, unless it
        // only reads: a second command would run a second time.
        while let Some(mut sender) = self.kept() {
            if sender.ready().await.is_err() {
                continue;
            }
            match self.ask(sender, request()?, longest).await {
                Ok(reply) => return Ok(reply),
                Err(lost) if lost.is_unsent || (call.method == "GET" && !lost.is_too_long()) => {}
                Err(lost) => return Err(self.failed(&lost.error)),
            }
        }
        let sender = self.connect(bounds).await?;
        self.ask(sender, request()?, longest)
            .await
            .map_err(|lost| self.failed(&lost.error))
    }

    /// Sends a request and reads its answer; the connection is kept for the next one.
    async fn ask(
        &self,
        mut sender: Sender,
        request: Request<Full<Bytes>>,
        longest: usize,
    ) -> Result<Reply, Lost> {
        let answer = sender
            .try_send_request(request)
            .await
            .map_err(|mut error| Lost {
                is_unsent: error.take_message().is_some(),
                error: io::Error::other(error.into_error()),
            })?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), longest);
        let body = body.collect().await.map_err(|error| Lost {
            is_unsent: false,
            error: io::Error::other(error),
        })?;
        let body = body.to_bytes();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !sender.is_closed() && idle.len() < MOST_IDLE {
            idle.push(sender);
        }
        Ok(Reply { status, body })
    }

    async fn connect(&self, bounds: &Bounds) -> Result<Sender, Failure> {
        let resolver = self.access.resolver(bounds);
        let addresses = (resolver.addresses(&self.host.name).await).map_err(|reason| {
            Failure::new(FailureKind::Other, format!("{}: {reason}", self.host))
        })?;
        let sockets: Vec<SocketAddr> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, self.host.port))
            .collect();
        let stream = TcpStream::connect(sockets.as_slice())
            .await
            .map_err(|error| self.failed(&error))?;
        let Some(config) = &self.config else {
            return begin(stream).await.map_err(|error| self.failed(&error));
        };
        let name = ServerName::try_from(self.host.name.clone())
            .map_err(|error| Failure::new(FailureKind::Other, error.to_string()))?;
        let stream = (TlsConnector::from(Arc::clone(config))
            .connect(name, stream)
            .await)
            .map_err(|error| self.failed(&error))?;
        begin(stream).await.map_err(|error| self.failed(&error))
    }

    fn kept(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn failed(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let kind = kind_of_transport(error);
        Failure::new(kind, format!("{}: {}", self.host, text_of(error)))
    }
}

async fn begin<S>(stream: S) -> io::Result<Sender>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        (http1::handshake(TokioIo::new(stream)).await).map_err(io::Error::other)?;
    // It ends when the sender is dropped, or with the runtime.
    tokio::spawn(connection);
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::test_service::{access, bounds};
    use super::*;

    /// A server that answers the first request of each connection, takes the second and closes; and how many it took.
    async fn answers_once() -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    for may_answer in [true, false] {
                        let mut head = Vec::new();
                        while !head.ends_with(b"\r\n\r\n") {
                            head.push(stream.read_u8().await.unwrap());
                        }
                        count.fetch_add(1, Ordering::SeqCst);
                        if may_answer {
                            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                            stream.write_all(answer).await.unwrap();
                        }
                    }
                });
            }
        });
        (address, taken)
    }

    async fn twice(method: &str) -> (Result<Reply, Failure>, usize) {
        let (address, taken) = answers_once().await;
        let host = ApiHost {
            name: "localhost".to_owned(),
            port: address.port(),
            https: false,
        };
        let access = access("");
        let channel = Channel::new(&access, host.clone()).unwrap();
        let call = ApiCall {
            service: "ssm".to_owned(),
            region: "us-east-1".to_owned(),
            host,
            method: method.to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let (bounds, limit) = (bounds(5000, 5000), Duration::from_secs(5));
        channel.call(&bounds, limit, &call, 100).await.unwrap();
        let second = channel.call(&bounds, limit, &call, 100).await;
        (second, taken.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn what_may_have_been_sent_is_not_sent_once_more() {
        let (second, taken) = twice("POST").await;
        assert!(second.is_err());
        assert_eq!(taken, 2);
    }

    #[tokio::test]
    async fn what_only_reads_is_asked_on_a_connection_of_its_own() {
        let (second, taken) = twice("GET").await;
        assert_eq!(&*second.unwrap().body, b"ok");
        assert_eq!(taken, 3);
    }
}
