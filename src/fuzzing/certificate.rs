//! Certificates and files of roots.

use std::path::Path;
use std::sync::OnceLock;

use rustls_pki_types::CertificateDer;

use super::input::Input;
use crate::facts::tls::Certificate;
use crate::gather::tls::{Trust, read_chain};

/// Any bytes as a chain of certificates: what is kept of them is bounded, and no chain of theirs reaches the roots.
pub(super) fn certificate(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut chain = Vec::new();
    while !input.is_empty() && chain.len() < 16 {
        chain.push(CertificateDer::from(input.long_piece().to_vec()));
    }
    let name = "sqs.us-east-1.amazonaws.com";
    static BUILT_IN: OnceLock<Option<Trust>> = OnceLock::new();
    let built_in = || Trust::with_store(Vec::new(), None, None).ok();
    let Some(built_in) = BUILT_IN.get_or_init(built_in) else {
        panic!("the built-in roots are right");
    };
    let (facts, reaches, _) = read_chain(&chain, name, built_in);
    assert!(!reaches, "nobody here holds a key of the service roots");
    match facts {
        Ok(facts) => {
            assert!((1..=10).contains(&facts.len()) && facts.len() <= chain.len());
            facts.iter().for_each(sound);
        }
        // The verifier may read what the other reader does not; such a chain is no chain here.
        Err(failure) => assert!(!failure.detail.is_empty()),
    }
    // The same chain by roots of its own: its last certificate.
    if let Some(last) = chain.last()
        && let Ok(own) = Trust::with_store(
            Vec::new(),
            Some((Path::new("own"), pem(last).as_bytes())),
            None,
        )
    {
        assert_eq!(own.service_roots().certificates().first(), Some(last));
        let _ = read_chain(&chain, name, &own);
    }
}

/// Any bytes as a file of roots in PEM: what was read is written and read again.
pub(super) fn roots(bytes: &[u8]) {
    let read =
        |pem: &[u8]| Trust::with_store(Vec::new(), Some((Path::new("roots.pem"), pem)), None);
    match read(bytes) {
        Ok(trust) => {
            assert!(!trust.service_roots().is_empty());
            let pem: String = trust.service_roots().to_pem().collect();
            let again = read(pem.as_bytes());
            let again = again.map(|again| again.service_roots().certificates().to_vec());
            assert_eq!(
                again.ok().as_deref(),
                Some(trust.service_roots().certificates())
            );
        }
        Err(error) => assert!(
            error
                .to_string()
                .starts_with("cannot read the roots in roots.pem")
        ),
    }
}

fn sound(certificate: &Certificate) {
    assert!(certificate.names.len() <= 100);
    let texts = [&certificate.subject, &certificate.issuer];
    for text in texts.into_iter().chain(&certificate.names) {
        assert!(text.len() <= 4096, "{} bytes", text.len());
    }
    let text = serde_json::to_string(certificate).unwrap_or_default();
    assert_eq!(serde_json::from_str(&text).ok().as_ref(), Some(certificate));
}

fn pem(der: &CertificateDer<'_>) -> String {
    let body = aws_smithy_types::base64::encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}
