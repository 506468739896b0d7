//! TLS handshakes that complete whatever the certificate is worth, and what the certificate is worth.

mod certificate;
mod judge;
pub mod roots;
mod signatures;
mod store;
pub mod trust;
mod verifier;

use std::io::{self, ErrorKind};
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CipherSuite, ClientConfig, NamedGroup, PeerIncompatible};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Bounds, tcp};
use crate::facts::tls::{Chain, TlsSeen};
use crate::facts::{Failure, FailureKind, Observation, Outcome};

pub use roots::Roots;
pub use trust::{Trust, TrustError};
use verifier::AnyChain;
pub(super) use verifier::SameChain;

/// The kind of ClientHello that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// With a post-quantum key share, as the AWS SDKs send it; it takes more than one packet.
    PostQuantum,
    /// With classical key shares only; it fits one packet.
    Classical,
}

/// The application protocols that are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/2 and HTTP/1.1.
    Both,
    /// HTTP/1.1 only.
    Http1,
}

/// Makes a handshake for `name` on a connection, accepts any chain of certificates and says what it is worth.
///
/// Nothing secret may ever be sent on the stream: it may well lead to a stranger.
pub async fn handshake(
    bounds: &Bounds,
    trust: &Trust,
    name: &str,
    hello: Hello,
    protocols: Protocols,
    stream: TcpStream,
) -> (Observation<TlsSeen>, Option<TlsStream<TcpStream>>) {
    let observation = bounds
        .observe(async {
            match attempt(trust, name, hello, protocols, stream).await {
                Ok(seen) => Outcome::Seen(seen),
                Err(failure) => Outcome::Failed(failure),
            }
        })
        .await;
    tcp::split(observation)
}

/// Makes a handshake as [`handshake`] does, and asks nothing of who the peer is.
pub async fn unjudged(
    bounds: &Bounds,
    name: &str,
    hello: Hello,
    protocols: Protocols,
    stream: TcpStream,
) -> (Observation<()>, Option<TlsStream<TcpStream>>) {
    let observation = bounds
        .observe(async {
            let verifier = AnyChain::unproven(&provider(hello));
            match shake(name, hello, protocols, verifier, stream).await {
                Ok(stream) => Outcome::Seen(((), stream)),
                Err(failure) => Outcome::Failed(failure),
            }
        })
        .await;
    tcp::split(observation)
}

/// What a chain of certificates says, whether it reaches the service roots at some time, and whether it is for this name.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_chain(
    chain: &[rustls::pki_types::CertificateDer<'_>],
    name: &str,
    trust: &Trust,
) -> (
    Result<Vec<crate::facts::tls::Certificate>, Failure>,
    bool,
    bool,
) {
    let reaches = trust.judge(chain).service.reaches();
    let is_for = ServerName::try_from(name).is_ok_and(|name| judge::is_for(chain, &name));
    (certificate::facts(chain), reaches, is_for)
}

/// What an error of a TLS stream means: that of the protocol inside it, or else that of the socket.
pub(super) fn failure(error: &io::Error) -> Failure {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(inner) => protocol_failure(inner),
        None if error.kind() == ErrorKind::UnexpectedEof => {
            Failure::new(FailureKind::Reset, "the peer closed the connection")
        }
        None => tcp::failure(error),
    }
}

async fn attempt(
    trust: &Trust,
    name: &str,
    hello: Hello,
    protocols: Protocols,
    stream: TcpStream,
) -> Result<(TlsSeen, TlsStream<TcpStream>), Failure> {
    let verifier = AnyChain::proven(&provider(hello));
    let proof = verifier.proof();
    let server = server(name)?;
    let stream = shake(name, hello, protocols, verifier, stream).await?;
    let (_, connection) = stream.get_ref();
    let chain = connection.peer_certificates().unwrap_or_default();
    let judged = trust.judge(chain);
    let proven = |judged| match judged {
        Chain::Reaches if !proof.is_given() => {
            Chain::Misses("the peer does not prove to hold the certificate's key".to_owned())
        }
        judged => judged,
    };
    let seen = TlsSeen {
        version: connection
            .protocol_version()
            .and_then(|version| version.as_str())
            .map(|version| version.replace('_', "."))
            .unwrap_or_default(),
        alpn: connection
            .alpn_protocol()
            .map(|protocol| tcp::bounded(&String::from_utf8_lossy(protocol))),
        chain: judged.certificates?,
        system_roots: proven(judged.connect),
        service_roots: proven(judged.service),
        name_matches: judge::is_for(chain, &server),
    };
    Ok((seen, stream))
}

async fn shake(
    name: &str,
    hello: Hello,
    protocols: Protocols,
    verifier: AnyChain,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Failure> {
    let server = server(name)?;
    let config = config(hello, protocols, verifier)
        .map_err(|error| Failure::new(FailureKind::Other, tcp::bounded(&error.to_string())))?;
    TlsConnector::from(Arc::new(config))
        .connect(server, stream)
        .await
        .map_err(|error| failure(&error))
}

fn server(name: &str) -> Result<ServerName<'static>, Failure> {
    ServerName::try_from(name.to_owned()).map_err(|_| {
        Failure::new(
            FailureKind::Other,
            format!("{name:?} is not a name that TLS can be asked for"),
        )
    })
}

fn config(
    hello: Hello,
    protocols: Protocols,
    verifier: AnyChain,
) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(provider(hello))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = match protocols {
        Protocols::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocols::Http1 => vec![b"http/1.1".to_vec()],
    };
    // Every handshake is a full one: a resumed one would show no certificate.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The one crypto provider of this process, for either kind of hello.
///
/// AES-128-GCM with SHA-256 comes first, which AWS's endpoints choose as well: the processor has instructions for that
/// hash, and half of what a handshake derives is hashing.
pub(super) fn provider(hello: Hello) -> Arc<CryptoProvider> {
    static POST_QUANTUM: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = aws_lc_rs::default_provider();
        provider
            .cipher_suites
            .sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
        provider.signature_verification_algorithms.all = signatures::algorithms();
        Arc::new(provider)
    });
    static CLASSICAL: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(classical(&POST_QUANTUM)));
    Arc::clone(match hello {
        Hello::PostQuantum => &POST_QUANTUM,
        Hello::Classical => &CLASSICAL,
    })
}

fn classical(provider: &CryptoProvider) -> CryptoProvider {
    let classical = [
        NamedGroup::X25519,
        NamedGroup::secp256r1,
        NamedGroup::secp384r1,
    ];
    let mut provider = provider.clone();
    provider
        .kx_groups
        .retain(|group| classical.contains(&group.name()));
    if provider.kx_groups.is_empty() {
        provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1];
    }
    provider
}

fn protocol_failure(error: &rustls::Error) -> Failure {
    use rustls::Error;
    let (kind, detail) = match error {
        Error::AlertReceived(AlertDescription::ProtocolVersion) => (
            FailureKind::TooOld,
            "the peer takes no TLS version from 1.2 on".to_owned(),
        ),
        Error::AlertReceived(alert) => (
            FailureKind::Alert,
            format!("the peer sent the alert {alert:?}"),
        ),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => (
            FailureKind::TooOld,
            "the peer offers no TLS version from 1.2 on".to_owned(),
        ),
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord
        | Error::DecryptError => (FailureKind::Malformed, error.to_string()),
        _ => (FailureKind::Other, error.to_string()),
    };
    Failure::new(kind, tcp::bounded(&detail))
}

#[cfg(test)]
mod tests;
