//! The roots certificates are judged by.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, mpsc};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use tokio::runtime::Handle;

use super::roots::Roots;
use super::{certificate, judge, store};
use crate::facts::Failure;
use crate::facts::tls::{Certificate, Chain};

/// Amazon Trust Services' roots: Amazon Root CA 1 to 4 and Starfield Services Root CA - G2.
///
/// Source: the Amazon Trust Services repository (amazontrust.com/repository) and the AWS security blog, "How to
/// prepare for AWS's move to its own certificate authority".
const BUILT_IN: &[u8] = include_bytes!("service-roots.pem");
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

/// The certificates of a chain, the leaf first.
type Shown = Vec<Vec<u8>>;

struct Sets {
    /// Those of the roots to connect by that are quickly had.
    bundle: LazyLock<Roots, Load>,
    connect: LazyLock<Roots, Load>,
    service: Roots,
    judged: Mutex<BTreeMap<Shown, Arc<OnceLock<Judged>>>>,
}

/// What a chain says, and what it is worth by each set of roots.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// Its certificates, as far as they can be read.
    pub(super) certificates: Result<Vec<Certificate>, Failure>,
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
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's store. Its bundle is read meanwhile, on a thread of the
    /// runtime's where there is one, since it holds a hundred roots and more, and the rest only where a chain needs it.
    /// A store that is missing or broken is empty and no error. A file that the operator named must be right.
    pub fn load(
        service_roots_pem: Option<(&Path, &[u8])>,
        ca_file_pem: Option<(&Path, &[u8])>,
    ) -> Result<Trust, TrustError> {
        let extra = extra(ca_file_pem)?;
        let added = extra.clone();
        let (tell, told) = mpsc::channel();
        let read = move || {
            // Nobody waits any more where the run has ended.
            let _ = tell.send(Roots::of(store::bundle().into_iter().chain(added)));
        };
        match Handle::try_current() {
            // Its thread has other work afterwards.
            Ok(runtime) => drop(runtime.spawn_blocking(read)),
            Err(_) => drop(thread::Builder::new().name("roots".to_owned()).spawn(read)),
        }
        // Without a thread to be had, the whole store is read when it is wanted.
        let bundle: Load = Box::new(move || told.recv().unwrap_or_else(|_| Roots::of([])));
        let whole: Load = Box::new(move || Roots::of(store::whole().into_iter().chain(extra)));
        Trust::with(bundle, whole, service_roots_pem)
    }

    /// As [`Trust::load`], over these certificates in place of the system's store.
    #[cfg(any(test, fuzzing))]
    pub fn with_store(
        mut store: Vec<CertificateDer<'static>>,
        service_roots_pem: Option<(&Path, &[u8])>,
        ca_file_pem: Option<(&Path, &[u8])>,
    ) -> Result<Trust, TrustError> {
        store.extend(extra(ca_file_pem)?);
        let roots = Roots::of(store);
        let bundle = roots.clone();
        Trust::with(Box::new(|| bundle), Box::new(|| roots), service_roots_pem)
    }

    fn with(
        bundle: Load,
        connect: Load,
        service_roots_pem: Option<(&Path, &[u8])>,
    ) -> Result<Trust, TrustError> {
        let service = Roots::of(match service_roots_pem {
            Some((path, pem)) => parse(&path.display().to_string(), pem)?,
            None => parse(BUILT_IN_LABEL, BUILT_IN)?,
        });
        Ok(Trust {
            sets: Arc::new(Sets {
                bundle: LazyLock::new(bundle),
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
    /// as a handshake: each is read and judged once.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>]) -> Judged {
        let key: Shown = chain.iter().map(|der| der.to_vec()).collect();
        let slot = {
            let mut judged = (self.sets.judged.lock()).unwrap_or_else(PoisonError::into_inner);
            match judged.len() < MOST_JUDGED {
                true => Arc::clone(judged.entry(key).or_default()),
                false => judged.get(&key).cloned().unwrap_or_default(),
            }
        };
        // Who comes meanwhile waits: a service's addresses answer at the same time.
        let judged = slot.get_or_init(|| {
            let service = judge::reaches(chain, self.sets.service.anchors());
            Judged {
                certificates: certificate::facts(chain),
                connect: self.sets.connects(chain, service.as_ref().ok().copied()),
                service: judge::worth(service),
            }
        });
        judged.clone()
    }
}

impl Sets {
    /// What a chain is worth by the roots to connect by, where it reaches this one of the service roots.
    fn connects(&self, chain: &[CertificateDer<'_>], reached: Option<&TrustAnchor<'_>>) -> Chain {
        // The same root is as good in the other set, and the service roots are in most systems' bundle.
        let is_known = |anchor| self.bundle.anchors().contains(anchor);
        if reached.is_some_and(is_known) || judge::reaches(chain, self.bundle.anchors()).is_ok() {
            return Chain::Reaches;
        }
        judge::worth(judge::reaches(chain, self.connect.anchors()))
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("service_roots", &self.service_roots().certificates().len())
            .finish_non_exhaustive()
    }
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
