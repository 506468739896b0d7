//! Many signed calls to one host, on connections that are kept between them: a handshake for each of a hundred thousand
//! objects would take longer than the objects.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
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
use super::failure::{kind_of_transport, text_of};
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
        let credentials = (self.access.usable(bounds).await).map_err(|outcome| match outcome {
            Outcome::Failed(failure) => failure,
            _ => Failure::new(FailureKind::Credentials, "there are no credentials"),
        })?;
        let request = || {
            signed(credentials.clone(), call).map_err(|reason| {
                Failure::new(FailureKind::Other, format!("{}: {reason}", self.host))
            })
        };
        // A connection that was kept may be closed by now, without anything of the request having been read.
        while let Some(mut sender) = self.kept() {
            if sender.ready().await.is_ok()
                && let Ok(reply) = self.ask(sender, request()?, longest).await
            {
                return Ok(reply);
            }
        }
        let sender = self.connect(bounds).await?;
        self.ask(sender, request()?, longest)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// Sends a request and reads its answer; the connection is kept for the next one.
    async fn ask(
        &self,
        mut sender: Sender,
        request: Request<Full<Bytes>>,
        longest: usize,
    ) -> io::Result<Reply> {
        let answer = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        let body = (Limited::new(answer.into_body(), longest).collect().await)
            .map_err(io::Error::other)?
            .to_bytes();
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
