//! A certificate's facts: whose it is, who signed it, what names it has and when it is valid.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::facts::tls::Certificate;
use crate::facts::{Failure, FailureKind};
use crate::gather::tcp::bounded;

/// The most certificates of a chain that are kept, and judged after the leaf.
pub(super) const MAX_CERTIFICATES: usize = 10;
/// The most alternative names kept of a certificate.
const MAX_NAMES: usize = 100;

/// The facts of a chain, the leaf first; it ends where a certificate cannot be read.
pub(super) fn facts(chain: &[CertificateDer<'_>]) -> Result<Vec<Certificate>, Failure> {
    let facts: Vec<Certificate> = chain
        .iter()
        .take(MAX_CERTIFICATES)
        .map_while(|der| X509Certificate::from_der(der).ok())
        .map(|(_, certificate)| fact(&certificate))
        .collect();
    if facts.is_empty() {
        return Err(Failure::new(
            FailureKind::Malformed,
            "the peer's certificate cannot be read",
        ));
    }
    Ok(facts)
}

fn fact(certificate: &X509Certificate<'_>) -> Certificate {
    let validity = certificate.validity();
    Certificate {
        subject: name(certificate.subject()),
        issuer: name(certificate.issuer()),
        names: names(certificate),
        not_before: timestamp(validity.not_before),
        not_after: timestamp(validity.not_after),
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    extension
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(bounded(name)),
            GeneralName::IPAddress(octets) => address(octets).map(|address| address.to_string()),
            _ => None,
        })
        .take(MAX_NAMES)
        .collect()
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// A distinguished name in the order and with the escapes of RFC 4514: the most specific attribute first.
fn name(name: &X509Name<'_>) -> String {
    let relative: Vec<String> = name
        .iter()
        .map(|relative| {
            let attributes: Vec<String> = relative.iter().map(attribute).collect();
            attributes.join("+")
        })
        .collect();
    let ordered: Vec<&str> = relative.iter().rev().map(String::as_str).collect();
    bounded(&ordered.join(","))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let short = match oid.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        other => other,
    };
    let value = match attribute.as_str() {
        Ok(value) => bounded(value),
        Err(_) => bounded(&String::from_utf8_lossy(attribute.as_slice())),
    };
    let mut text = format!("{short}=");
    for character in value.chars() {
        if matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// A certificate's time; one beyond what can be written counts as the end of time.
fn timestamp(time: ASN1Time) -> jiff::Timestamp {
    let seconds = time.timestamp();
    jiff::Timestamp::from_second(seconds).unwrap_or(if seconds < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}
