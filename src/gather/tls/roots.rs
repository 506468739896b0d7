//! Certificates to trust.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};

/// Certificates to trust, each of them usable; cheap to clone.
#[derive(Clone)]
pub struct Roots {
    ders: Arc<Vec<CertificateDer<'static>>>,
    store: Arc<RootCertStore>,
}

impl Roots {
    /// Those of these certificates that can be used. A store may hold what the verifier does not take, such as
    /// certificates of X.509 version 1: those are left out.
    pub fn of(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut ders = Vec::new();
        let mut store = RootCertStore::empty();
        for der in certificates {
            if let Ok(anchor) = webpki::anchor_from_trusted_cert(&der) {
                store.roots.push(anchor.to_owned());
                ders.push(der);
            }
        }
        Roots {
            ders: Arc::new(ders),
            store: Arc::new(store),
        }
    }

    /// The usable certificates of a PEM file.
    pub fn from_pem(pem: &[u8]) -> Self {
        Roots::of(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok))
    }

    /// True where nothing would be trusted.
    pub fn is_empty(&self) -> bool {
        self.ders.is_empty()
    }

    /// The certificates.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.ders
    }

    /// The same as PEM, each apart, for clients that take nothing else.
    pub fn to_pem(&self) -> impl Iterator<Item = String> {
        self.ders.iter().map(|der| pem(der))
    }

    /// The same, as rustls takes them.
    pub(in crate::gather) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.store)
    }

    /// The same, as a chain is held against them.
    pub(super) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.store.roots
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.ders.len())
    }
}

fn pem(der: &[u8]) -> String {
    let body = aws_smithy_types::base64::encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}
