//! A verifier that lets every chain through, and notes whether the peer proved to hold the leaf's key; and one that
//! lets through what its roots vouch for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// Lets every handshake complete, so that an expired or a foreign chain is seen as well, and so is a certificate
/// that no client could use (of X.509 version 1, or with a short key), as middleboxes make them for themselves.
///
/// What the chain is worth is judged afterwards, and it is worth nothing without [`AnyChain::proof`].
#[derive(Debug)]
pub(super) struct AnyChain {
    algorithms: WebPkiSupportedAlgorithms,
    /// Whether the proof is looked at.
    wanted: bool,
    proven: Arc<AtomicBool>,
}

/// Whether the peer proved to hold the key of the certificate it presented.
#[derive(Debug)]
pub(super) struct Proof(Arc<AtomicBool>);

impl Proof {
    /// True once the handshake's signature was checked and found right.
    pub(super) fn is_given(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl AnyChain {
    /// One that looks at the peer's proof.
    pub(super) fn proven(provider: &CryptoProvider) -> Self {
        AnyChain {
            algorithms: provider.signature_verification_algorithms,
            wanted: true,
            proven: Arc::default(),
        }
    }

    /// One that does not: for handshakes of which only it matters that they complete.
    pub(super) fn unproven(provider: &CryptoProvider) -> Self {
        AnyChain {
            wanted: false,
            ..AnyChain::proven(provider)
        }
    }

    /// What the handshake will prove; for one handshake only.
    pub(super) fn proof(&self) -> Proof {
        Proof(self.proven.clone())
    }

    fn note(
        &self,
        verify: impl FnOnce() -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.wanted {
            self.proven.store(verify().is_ok(), Ordering::Release);
        }
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for AnyChain {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.note(|| verify_tls12_signature(message, cert, dss, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.note(|| verify_tls13_signature(message, cert, dss, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What every TLS client does, for many connections to one host: the chain that they all show is verified once.
///
/// For the length of one run: a chain that ends its validity meanwhile is still taken.
#[derive(Debug)]
pub(in crate::gather) struct SameChain {
    verifier: Arc<WebPkiServerVerifier>,
    verified: Mutex<Option<Shown>>,
}

/// What was verified: the chain, the leaf first, and for which name.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    name: ServerName<'static>,
}

impl SameChain {
    /// One that verifies as this verifier does.
    pub(in crate::gather) fn new(verifier: Arc<WebPkiServerVerifier>) -> Self {
        SameChain {
            verifier,
            verified: Mutex::default(),
        }
    }
}

impl ServerCertVerifier for SameChain {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let shown = Shown {
            chain: chain.map(|der| der.clone().into_owned()).collect(),
            name: server_name.to_owned(),
        };
        // Held meanwhile: the connections are made at the same time, and one of them is enough.
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.as_ref() == Some(&shown) {
            return Ok(ServerCertVerified::assertion());
        }
        let result = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        *verified = Some(shown);
        Ok(result)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
