//! Connections to one host that are made before anybody asks for them.
//!
//! A signed call cannot be made before the credentials are there, or the address is verified, but the connection for it
//! can: two round trips that need not be waited for. Nothing is sent on a connection until it is asked for.

use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::https::bounded;
use super::resolve::Resolver;
use super::{ApiHost, failure, gzip};
use crate::facts::FailureKind;
use crate::gather::tls::{self, Hello, Roots, SameChain};

/// Where the connections lead.
#[derive(Debug, Clone)]
pub(in crate::gather) enum To {
    /// To this address, whatever the name.
    Address(IpAddr),
    /// To the addresses that the name has.
    Name(Resolver),
}

/// How answers may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gather) enum Answers {
    /// As they are.
    Plain,
    /// Compressed, if the server will.
    Compressed,
}

/// HTTPS connections to one host, which trust the roots given and no others.
#[derive(Debug, Clone)]
pub(in crate::gather) struct Warm {
    opener: Arc<Opener>,
    begun: Arc<Mutex<Begun>>,
}

/// The connections that were begun.
#[derive(Debug, Default)]
struct Begun {
    /// Those that nobody has asked for yet.
    ready: VecDeque<Opening>,
    /// How many were asked for before they were begun.
    on_demand: usize,
}

impl Warm {
    /// Connections to a host, each made within `limit` with this kind of hello. None is made before it is wanted.
    pub(in crate::gather) fn new(
        host: &ApiHost,
        to: To,
        roots: &Roots,
        hello: Hello,
        limit: Duration,
    ) -> Self {
        let mut config = config(roots, hello);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Warm {
            opener: Arc::new(Opener {
                name: host.name.clone(),
                port: host.port,
                to,
                config: Arc::new(config),
                limit,
            }),
            begun: Arc::default(),
        }
    }

    /// Begins to make so many connections, or as many as are lacking where some were asked for already.
    pub(in crate::gather) fn open(&self, count: usize) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in begun.on_demand..count {
            let opener = Arc::clone(&self.opener);
            let opening = Opening(tokio::spawn(async move { opener.open().await }));
            begun.ready.push_back(opening);
        }
    }

    /// A client that uses them, and makes more where they are not enough.
    pub(in crate::gather) fn client(&self, answers: Answers) -> SharedHttpClient {
        bounded(SharedHttpClient::new(WarmClient {
            client: Client::builder(TokioExecutor::new()).build(self.clone()),
            answers,
        }))
    }
}

/// The same for every connection to the host.
fn config(roots: &Roots, hello: Hello) -> ClientConfig {
    let provider = tls::provider(hello);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    // Invariant: the provider's own suites are of the versions that are the default.
    #[allow(clippy::expect_used)]
    let builder = builder
        .with_safe_default_protocol_versions()
        .expect("the provider has suites of TLS 1.2 and 1.3");
    match WebPkiServerVerifier::builder_with_provider(roots.store(), provider).build() {
        Ok(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(SameChain::new(verifier)))
            .with_no_client_auth(),
        // Without a root there is no such verifier: nothing is trusted.
        Err(_) => builder
            .with_root_certificates(roots.store())
            .with_no_client_auth(),
    }
}

/// A connection under way; it ends with whoever wants it.
#[derive(Debug)]
struct Opening(JoinHandle<io::Result<Stream>>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug)]
struct Opener {
    name: String,
    port: u16,
    to: To,
    config: Arc<ClientConfig>,
    limit: Duration,
}

impl Opener {
    async fn open(&self) -> io::Result<Stream> {
        match tokio::time::timeout(self.limit, self.connect()).await {
            Ok(stream) => stream,
            Err(_) => {
                let limit = self.limit.as_millis();
                let text = format!("HTTP connect timeout occurred after {limit} ms");
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            }
        }
    }

    async fn connect(&self) -> io::Result<Stream> {
        let addresses = match &self.to {
            To::Address(address) => vec![*address],
            To::Name(resolver) => resolver.addresses(&self.name).await?,
        };
        let sockets: Vec<SocketAddr> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, self.port))
            .collect();
        let stream = TcpStream::connect(sockets.as_slice()).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(self.name.clone()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        Ok(Stream(TokioIo::new(connector.connect(name, stream).await?)))
    }
}

impl tower_service::Service<Uri> for Warm {
    type Response = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The connection goes to the host that this was made for, whatever the request names.
    fn call(&mut self, _uri: Uri) -> Self::Future {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = begun.ready.pop_front();
        begun.on_demand += usize::from(ready.is_none());
        let opener = Arc::clone(&self.opener);
        Box::pin(async move {
            match ready {
                Some(mut ready) => (&mut ready.0).await.map_err(io::Error::other)?,
                None => opener.open().await,
            }
        })
    }
}

/// A connection as the HTTP client wants it.
#[derive(Debug)]
pub(in crate::gather) struct Stream(TokioIo<TlsStream<TcpStream>>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let (_, session) = self.0.inner().get_ref();
        match session.alpn_protocol() {
            Some(b"h2") => Connected::new().negotiated_h2(),
            _ => Connected::new(),
        }
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[derive(Debug, Clone)]
struct WarmClient {
    client: Client<Warm, SdkBody>,
    answers: Answers,
}

impl HttpClient for WarmClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(WarmConnector {
            client: self.client.clone(),
            answers: self.answers,
            patience: settings.read_timeout(),
        })
    }
}

#[derive(Debug)]
struct WarmConnector {
    client: Client<Warm, SdkBody>,
    answers: Answers,
    patience: Option<Duration>,
}

impl HttpConnector for WarmConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if self.answers == Answers::Compressed {
            // It is signed by now, which a header more does not change.
            let (name, value) = gzip::ACCEPT;
            request.headers_mut().insert(name, value);
        }
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let (answer, patience) = (self.client.request(request), self.patience);
        HttpConnectorFuture::new(async move {
            let answer = match patience {
                None => answer.await,
                Some(limit) => match tokio::time::timeout(limit, answer).await {
                    Ok(answer) => answer,
                    Err(_) => {
                        let limit = limit.as_millis();
                        let text = format!("HTTP read timeout occurred after {limit} ms");
                        return Err(ConnectorError::timeout(text.into()));
                    }
                },
            };
            match answer {
                Ok(answer) => HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                    .map_err(|error| ConnectorError::other(error.into(), None)),
                Err(error) => Err(connector_error(error)),
            }
        })
    }
}

/// The SDK's word for an error: it tells what may be tried again.
fn connector_error(error: hyper_util::client::legacy::Error) -> ConnectorError {
    match failure::kind_of_transport(&error) {
        FailureKind::Timeout => ConnectorError::timeout(error.into()),
        _ if error.is_connect() || failure::cause::<io::Error>(&error).is_some() => {
            ConnectorError::io(error.into())
        }
        _ => match error
            .source()
            .and_then(|cause| cause.downcast_ref::<hyper::Error>())
        {
            Some(cause) if cause.is_user() => ConnectorError::user(error.into()),
            Some(cause) if cause.is_closed() || cause.is_canceled() => {
                ConnectorError::io(error.into())
            }
            _ => ConnectorError::other(error.into(), None),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;
    use tower_service::Service;

    use super::*;

    /// Where calls begin before the connections for them do, there were twice as many as calls.
    #[tokio::test]
    async fn a_connection_that_was_asked_for_is_not_begun_once_more() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let host = ApiHost {
            name: "localhost".to_owned(),
            port: listener.local_addr().unwrap().port(),
            https: true,
        };
        let to = To::Address(Ipv4Addr::LOCALHOST.into());
        let limit = Duration::from_secs(5);
        let mut warm = Warm::new(&host, to, &Roots::of([]), Hello::Classical, limit);
        for _ in 0..3 {
            tokio::spawn(warm.call(Uri::from_static("https://localhost/")));
        }
        warm.open(5);
        let mut streams = Vec::new();
        for _ in 0..5 {
            streams.push(listener.accept().await.unwrap());
        }
        let more = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(more.is_err());
    }
}
