//! A verifier that lets every chain through, and notes whether the peer proved to hold the leaf's key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    pub(super) fn new(provider: &CryptoProvider) -> Self {
        AnyChain {
            algorithms: provider.signature_verification_algorithms,
            proven: Arc::default(),
        }
    }

    /// What the handshake will prove; for one handshake only.
    pub(super) fn proof(&self) -> Proof {
        Proof(self.proven.clone())
    }

    fn note(
        &self,
        verified: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.proven.store(verified.is_ok(), Ordering::Release);
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
        self.note(verify_tls12_signature(message, cert, dss, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.note(verify_tls13_signature(message, cert, dss, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
