//! The system's store of certificates.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls_native_certs::CertificateResult;

use crate::gather::small_file;

/// Stores of systems have a few hundred kilobytes.
const LARGEST_BUNDLE: u64 = 16 * 1024 * 1024;

/// The certificates of the store's one file, which has all of them on most systems.
pub(super) fn bundle() -> Vec<CertificateDer<'static>> {
    let named = |variable| std::env::var_os(variable).map(PathBuf::from);
    let file = match (named("SSL_CERT_FILE"), named("SSL_CERT_DIR")) {
        (None, None) => openssl_probe::probe().cert_file,
        (file, _) => file,
    };
    match file.filter(|file| small_file::unfit(file, LARGEST_BUNDLE).is_none()) {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(&file), None).certs,
        None => Vec::new(),
    }
}

/// All certificates: those of the file, and those of the directory that it is beside.
pub(super) fn whole() -> Vec<CertificateDer<'static>> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let unfit = named.and_then(|file| small_file::unfit(&file, LARGEST_BUNDLE));
    let CertificateResult { certs, errors, .. } = match unfit {
        None => rustls_native_certs::load_native_certs(),
        Some(problem) => {
            tracing::info!("the system's certificate store: SSL_CERT_FILE: {problem}");
            return Vec::new();
        }
    };
    for error in errors {
        tracing::info!("the system's certificate store: {error}");
    }
    certs
}
