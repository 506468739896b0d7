//! Peers for tests: an authority of their own, and servers that behave and that do not.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::gather::Bounds;
use crate::gather::tls::Trust;

pub(in crate::gather) const NAME: &str = "sqs.us-east-1.amazonaws.com";

/// A certificate authority.
pub(in crate::gather) struct Authority {
    pub(in crate::gather) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A leaf with what a server needs to present it.
pub(in crate::gather) struct Leaf {
    pub(in crate::gather) chain: Vec<CertificateDer<'static>>,
    pub(in crate::gather) key: KeyPair,
}

impl Authority {
    pub(in crate::gather) fn new(name: &str) -> Self {
        Self::of(authority_params(name), None)
    }

    /// An authority below this one, with its validity.
    pub(in crate::gather) fn intermediate(&self, name: &str, years: (i32, i32)) -> Self {
        let mut params = authority_params(name);
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        Self::of(params, Some(&self.issuer))
    }

    fn of(params: CertificateParams, above: Option<&Issuer<'static, KeyPair>>) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = match above {
            Some(above) => params.signed_by(&key, above).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        Authority {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// A leaf for these names, valid through these years, with the certificates that follow it.
    pub(in crate::gather) fn leaf(
        &self,
        names: &[&str],
        years: (i32, i32),
        rest: &[&Authority],
    ) -> Leaf {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "leaf");
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = std::iter::once(certificate.der().clone())
            .chain(rest.iter().map(|rest| rest.certificate.der().clone()))
            .collect();
        Leaf { chain, key }
    }

    /// Trust that has this authority as its service root, and as its only root to connect by.
    pub(in crate::gather) fn trust(&self) -> Trust {
        let pem = self.certificate.pem();
        let file = std::path::Path::new("roots.pem");
        let store = vec![self.certificate.der().clone()];
        Trust::with_store(store, Some((file, pem.as_bytes())), None).unwrap()
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "US");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Amazon");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Leaf {
    pub(in crate::gather) fn config(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(self.chain.clone(), key)
                .unwrap();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// Bounds of a run that nobody stops; each probe has 600 milliseconds.
pub(in crate::gather) fn bounds() -> Bounds {
    let (_, stopped) = watch::channel(false);
    Bounds::new(Duration::from_millis(600), Duration::from_secs(20), stopped)
}

/// Listens on a port of its own and gives each connection to `peer`.
pub(in crate::gather) async fn listen<F: Future<Output = ()> + Send + 'static>(
    peer: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(peer(stream));
        }
    });
    address
}

/// A TLS server that answers every request over HTTP/1.1 with these bytes and then waits.
pub(in crate::gather) async fn https(
    config: Arc<ServerConfig>,
    answer: impl Into<Vec<u8>>,
) -> SocketAddr {
    let answer: Arc<Vec<u8>> = Arc::new(answer.into());
    listen(move |stream| {
        let (config, answer) = (config.clone(), answer.clone());
        async move { respond(config, stream, &answer).await }
    })
    .await
}

/// Makes the handshake, reads a request's head and answers it with these bytes, then waits.
pub(in crate::gather) async fn respond(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    answer: &[u8],
) {
    let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await else {
        return;
    };
    read_head(&mut stream).await;
    if stream.write_all(answer).await.is_ok() {
        let _ = stream.flush().await;
        std::future::pending().await
    }
}

pub(in crate::gather) async fn read_head(stream: &mut TlsStream<TcpStream>) -> Vec<u8> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => head.extend_from_slice(&buffer[..length]),
        }
    }
    head
}

/// A firewall before a server: silent where the first packet's TLS record is larger than `limit`.
pub(in crate::gather) async fn swallows_large_hellos(
    config: Arc<ServerConfig>,
    limit: u16,
) -> SocketAddr {
    listen(move |stream| {
        let config = config.clone();
        async move {
            let mut header = [0; 5];
            while stream.peek(&mut header).await.unwrap() < header.len() {
                tokio::task::yield_now().await;
            }
            if u16::from_be_bytes([header[3], header[4]]) > limit {
                std::future::pending::<()>().await;
            }
            respond(config, stream, OK).await;
        }
    })
    .await
}

/// A firewall before a server: resets the connection of this server name.
pub(in crate::gather) async fn resets_name(
    config: Arc<ServerConfig>,
    name: &'static str,
) -> SocketAddr {
    listen(move |stream| {
        let config = config.clone();
        async move {
            let acceptor = rustls::server::Acceptor::default();
            let start = LazyConfigAcceptor::new(acceptor, stream).await.unwrap();
            if start.client_hello().server_name() == Some(name) {
                return; // closed with the rest of the handshake unanswered
            }
            let _stream = start.into_stream(config).await;
            std::future::pending::<()>().await
        }
    })
    .await
}

pub(in crate::gather) const OK: &[u8] =
    b"HTTP/1.1 404 Not Found\r\nX-Amzn-RequestId: 1\r\nDate: Sat, 21 Nov 2026 05:00:00 GMT\r\nContent-Length: 5\r\n\r\nhello";
