//! Files of certificates that options name.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::error::{Problem, SettingError};
use super::files::read;
use super::layers::{Layers, Source, Sourced};
use super::words::path;
use super::{Files, NamedFile};

/// Extra roots: the option's, else those that `AWS_CA_BUNDLE` gives to every AWS tool.
pub(super) fn ca_file(
    layers: &Layers<'_>,
    files: &dyn Files,
) -> Result<Option<Sourced<NamedFile>>, SettingError> {
    const BUNDLE: &str = "AWS_CA_BUNDLE";
    if let Some(file) = pem_file(layers, files, "ca-file")? {
        return Ok(Some(file));
    }
    let bundle = layers
        .environment
        .get(BUNDLE)
        .filter(|path| !path.is_empty());
    match bundle {
        Some(path) if layers.given.takes("ca-file") => {
            let from = Source::Environment(BUNDLE.to_owned());
            pem(files, path, from, "ca-file").map(Some)
        }
        _ => Ok(None),
    }
}

/// The PEM file an option names.
pub(super) fn pem_file(
    layers: &Layers<'_>,
    files: &dyn Files,
    key: &'static str,
) -> Result<Option<Sourced<NamedFile>>, SettingError> {
    let named = layers.one(key, path)?;
    named
        .map(|named| pem(files, &named.value.to_string_lossy(), named.from, key))
        .transpose()
}

/// A file that holds at least one PEM certificate.
fn pem(
    files: &dyn Files,
    label: &str,
    from: Source,
    key: &str,
) -> Result<Sourced<NamedFile>, SettingError> {
    let bytes = read(files, Path::new(label), &from, key)?;
    let malformed = |reason: String| SettingError {
        place: from.place(key),
        problem: Problem::Malformed {
            path: PathBuf::from(label),
            expected: "a file of PEM certificates",
            reason,
        },
    };
    let mut certificates = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        certificate.map_err(|error| malformed(error.to_string()))?;
        certificates += 1;
    }
    if certificates == 0 {
        return Err(malformed("it holds no certificate".to_owned()));
    }
    Ok(Sourced {
        value: NamedFile {
            label: label.to_owned(),
            bytes,
        },
        from,
    })
}
