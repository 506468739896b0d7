//! The roots certificates are judged by.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::judge;
use super::roots::Roots;
use crate::facts::tls::Chain;
use crate::gather::small_file;

/// Amazon Trust Services' roots: Amazon Root CA 1 to 4 and Starfield Services Root CA - G2.
///
/// Source: the Amazon Trust Services repository (amazontrust.com/repository) and the AWS security blog, "How to
/// prepare for AWS's move to its own certificate authority".
const BUILT_IN: &[u8] = include_bytes!("service-roots.pem");
/// Stores of systems have a few hundred kilobytes.
const LARGEST_STORE: u64 = 16 * 1024 * 1024;
/// The most chains whose worth is remembered: a few kilobytes each.
const MOST_JUDGED: usize = 128;
const BUILT_IN_LABEL: &str = "the built-in service roots";

/// The roots that certificates are judged by, parsed once; cheap to clone.
#[derive(Clone)]
pub struct Trust {
    sets: Arc<Sets>,
}

/// Gets the roots to connect by, or waits for them.
type Load = Box<dyn FnOnce() -> Roots + Send>;

struct Sets {
    connect: LazyLock<Roots, Load>,
    service: Roots,
    judged: Mutex<BTreeMap<Vec<Vec<u8>>, Judged>>,
}

/// What a chain is worth by each set of roots.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// By the roots to connect by.
    pub(super) connect: Chain,
    /// By the service roots.
    pub(super) service: Chain,
}

/// Roots that a file was to hold and does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the roots in {subject}: expected {expected}, found {found}")]
pub struct TrustError {
    /// The file, as the operator named it.
    pub subject: String,
    /// What it should hold.
    pub expected: &'static str,
    /// What it holds instead.
    pub found: String,
}

impl Trust {
    /// Loads the system's roots, and the bytes of two PEM files with the names to speak of them by: the roots
    /// services must chain to (Amazon Trust Services' where none are given) and extra roots to connect by.
    ///
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's store. It is read meanwhile, since it holds a hundred
    /// roots and more; one that is missing or broken is empty and no error. A file that the operator named must be right.
    pub fn load(
        service_roots_pem: Option<(&Path, &[u8])>,
        ca_file_pem: Option<(&Path, &[u8])>,
    ) -> Result<Trust, TrustError> {
        let extra = extra(ca_file_pem)?;
        let added = extra.clone();
        let reading = std::thread::Builder::new()
            .name("roots".to_owned())
            .spawn(move || Roots::of(system_store().into_iter().chain(added)));
        let connect: Load = Box::new(move || match reading.map(JoinHandle::join) {
            Ok(Ok(roots)) => roots,
            // There is no thread to be had.
            _ => Roots::of(system_store().into_iter().chain(extra)),
        });
        Trust::with(connect, service_roots_pem)
    }

    /// As [`Trust::load`], over these certificates in place of the system's store.
    #[cfg(any(test, fuzzing))]
    pub fn with_store(
        mut store: Vec<CertificateDer<'static>>,
        service_roots_pem: Option<(&Path, &[u8])>,
        ca_file_pem: Option<(&Path, &[u8])>,
    ) -> Result<Trust, TrustError> {
        store.extend(extra(ca_file_pem)?);
        Trust::with(Box::new(|| Roots::of(store)), service_roots_pem)
    }

    fn with(connect: Load, service_roots_pem: Option<(&Path, &[u8])>) -> Result<Trust, TrustError> {
        let service = Roots::of(match service_roots_pem {
            Some((path, pem)) => parse(&path.display().to_string(), pem)?,
            None => parse(BUILT_IN_LABEL, BUILT_IN)?,
        });
        Ok(Trust {
            sets: Arc::new(Sets {
                connect: LazyLock::new(connect),
                service,
                judged: Mutex::default(),
            }),
        })
    }

    /// The roots to connect by: the system's and the operator's extra ones.
    pub fn connect_roots(&self) -> &Roots {
        &self.sets.connect
    }

    /// The roots that a service's certificate must chain to: all that the canary's client may trust.
    pub fn service_roots(&self) -> &Roots {
        &self.sets.service
    }

    /// What a chain is worth. A service shows the same chain at each of its addresses, and to judge one takes as long
    /// as a handshake: each is judged once.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>]) -> Judged {
        let key: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
        let judged = |of: &Mutex<BTreeMap<_, Judged>>| {
            let known = of.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&key).cloned()
        };
        if let Some(known) = judged(&self.sets.judged) {
            return known;
        }
        let (connect, service) = (self.sets.connect.anchors(), self.sets.service.anchors());
        let by_service = judge::reaches(chain, service);
        // The same root is as good in the other set, as the service roots are in most systems' store.
        let fresh = match &by_service {
            Ok(anchor) if connect.contains(anchor) => Judged {
                connect: Chain::Reaches,
                service: Chain::Reaches,
            },
            _ => Judged {
                connect: judge::worth(judge::reaches(chain, connect)),
                service: judge::worth(by_service),
            },
        };
        let mut known = self
            .sets
            .judged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_JUDGED {
            known.insert(key, fresh.clone());
        }
        fresh
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("service_roots", &self.service_roots().certificates().len())
            .finish_non_exhaustive()
    }
}

/// The certificates of the system's store.
fn system_store() -> Vec<CertificateDer<'static>> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let unfit = named.and_then(|path| small_file::unfit(&path, LARGEST_STORE));
    let (certificates, problems) = match unfit {
        Some(problem) => (Vec::new(), vec![format!("SSL_CERT_FILE: {problem}")]),
        None => {
            let store = rustls_native_certs::load_native_certs();
            let problems = store.errors.iter().map(ToString::to_string);
            (store.certs, problems.collect())
        }
    };
    for problem in problems {
        tracing::info!("the system's certificate store: {problem}");
    }
    certificates
}

fn extra(ca_file_pem: Option<(&Path, &[u8])>) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let parsed = ca_file_pem.map(|(path, pem)| parse(&path.display().to_string(), pem));
    parsed.unwrap_or(Ok(Vec::new()))
}

fn parse(subject: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let error = |expected, found: String| TrustError {
        subject: subject.to_owned(),
        expected,
        found,
    };
    let mut certificates = Vec::new();
    for (index, der) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let der = der.map_err(|source| error("certificates in PEM", source.to_string()))?;
        webpki::anchor_from_trusted_cert(&der).map_err(|source| {
            error(
                "X.509 version 3 certificates",
                format!("certificate {} unreadable ({source:?})", index + 1),
            )
        })?;
        certificates.push(der);
    }
    if certificates.is_empty() {
        return Err(error("at least one certificate in PEM", "none".to_owned()));
    }
    Ok(certificates)
}
