//! What a chain of certificates is worth: whether it reaches a set of roots, and whether it is the name's.
//!
//! The two are judged apart from each other and from the dates, so that "the right chain, expired" is told from
//! "another chain".

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::MAX_CERTIFICATES;
use super::signatures;
use crate::facts::tls::Chain;
use crate::gather::tcp;

/// The most moments a chain is judged at.
const MAX_MOMENTS: usize = 8;

/// The root that the chain, the leaf first, reaches at any time within the leaf's own validity, or why it reaches none.
pub(super) fn reaches<'r>(
    chain: &[CertificateDer<'_>],
    roots: &'r [TrustAnchor<'r>],
) -> Result<&'r TrustAnchor<'r>, String> {
    if roots.is_empty() {
        return Err("there are no roots to reach".to_owned());
    }
    let Some((leaf, rest)) = chain.split_first() else {
        return Err("the peer sent no certificate".to_owned());
    };
    let rest = rest.get(..MAX_CERTIFICATES).unwrap_or(rest);
    let end_entity = EndEntityCert::try_from(leaf).map_err(|error| misses(&error))?;
    let mut last = Error::BadDerTime;
    for moment in moments(leaf, rest) {
        let path = end_entity.verify_for_usage(
            signatures::algorithms(),
            roots,
            rest,
            moment,
            KeyUsage::server_auth(),
            None,
            None,
        );
        match path {
            Ok(path) => {
                let anchor = roots.iter().find(|root| *root == path.anchor());
                return anchor.ok_or_else(|| misses(&Error::UnknownIssuer));
            }
            // Only the dates stood in the way: another moment may do.
            Err(error) if is_of_dates(&error) => last = error,
            Err(error) => return Err(misses(&error)),
        }
    }
    Err(misses(&last))
}

/// The same as a fact.
pub(super) fn worth(reached: Result<&TrustAnchor<'_>, String>) -> Chain {
    match reached {
        Ok(_) => Chain::Reaches,
        Err(reason) => Chain::Misses(reason),
    }
}

/// Whether the leaf is valid for this name.
pub(super) fn is_for(chain: &[CertificateDer<'_>], name: &ServerName<'_>) -> bool {
    chain
        .first()
        .and_then(|leaf| EndEntityCert::try_from(leaf).ok())
        .is_some_and(|leaf| leaf.verify_is_valid_for_subject_name(name).is_ok())
}

/// Moments within the leaf's validity, the likeliest to suit the whole chain first: one at which every certificate
/// is valid, if there is one, then the leaf's own bounds and the other certificates' within them, since not every
/// certificate that a peer sends is on the path.
fn moments(leaf: &CertificateDer<'_>, rest: &[CertificateDer<'_>]) -> Vec<UnixTime> {
    let Some((begin, end)) = validity(leaf) else {
        return Vec::new();
    };
    let others: Vec<(u64, u64)> = rest.iter().filter_map(validity).collect();
    let common_begin = others.iter().map(|(from, _)| *from).fold(begin, u64::max);
    let common_end = others.iter().map(|(_, to)| *to).fold(end, u64::min);
    let within = others
        .iter()
        .flat_map(|(from, to)| [*from, *to])
        .filter(|moment| (begin..=end).contains(moment));
    let mut moments = Vec::new();
    let candidates = [common_begin, common_end, begin, end]
        .into_iter()
        .chain(within);
    for moment in candidates {
        if (begin..=end).contains(&moment) && !moments.contains(&moment) {
            moments.push(moment);
        }
    }
    moments.truncate(MAX_MOMENTS);
    moments
        .into_iter()
        .map(|moment| UnixTime::since_unix_epoch(Duration::from_secs(moment)))
        .collect()
}

fn validity(certificate: &CertificateDer<'_>) -> Option<(u64, u64)> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
    let validity = certificate.validity();
    Some((seconds(validity.not_before), seconds(validity.not_after)))
}

fn is_of_dates(error: &Error) -> bool {
    matches!(
        error,
        Error::CertExpired { .. } | Error::CertNotValidYet { .. }
    )
}

fn misses(error: &Error) -> String {
    match error {
        Error::UnknownIssuer => "none of the roots has signed it".to_owned(),
        Error::CaUsedAsEndEntity => {
            "the peer uses the certificate of an authority as its own".to_owned()
        }
        Error::UnsupportedCertVersion => "the certificate is not of X.509 version 3".to_owned(),
        Error::InvalidSignatureForPublicKey => "a signature in the chain is wrong".to_owned(),
        error if is_of_dates(error) => {
            "there is no time at which all its certificates are valid".to_owned()
        }
        error => tcp::bounded(&format!("{error:?}")),
    }
}
