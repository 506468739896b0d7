//! Public keys: read from PEM, told apart by their id, and what they verify.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

use super::canonical::sha256;

/// A key that verifies signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: String,
    spki: Vec<u8>,
    kind: Kind,
}

/// What is no public key that can be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// It is no PEM file of a public key.
    #[error("expected a public key in PEM (BEGIN PUBLIC KEY), found {0}")]
    NotPem(String),
    /// It is of another kind.
    #[error("expected an Ed25519, ECC_NIST_P256 or RSA public key, found one of another kind")]
    OtherKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ed25519,
    P256,
    Rsa,
}

/// What precedes the key itself in a SubjectPublicKeyInfo of fixed length (RFC 8410, RFC 5480).
const ED25519_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// The algorithm of an RSA key, after the outer length (RFC 3279).
const RSA_ALGORITHM: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

impl PublicKey {
    /// Reads a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<PublicKey, PublicKeyError> {
        let spki = SubjectPublicKeyInfoDer::from_pem_slice(pem)
            .map_err(|error| PublicKeyError::NotPem(error.to_string()))?;
        PublicKey::from_spki(spki.as_ref())
    }

    /// A key from its SubjectPublicKeyInfo, as AWS KMS's `GetPublicKey` gives it.
    pub fn from_spki(spki: &[u8]) -> Result<PublicKey, PublicKeyError> {
        let kind = match spki {
            _ if spki.len() == 44 && spki.starts_with(ED25519_PREFIX) => Kind::Ed25519,
            _ if spki.len() == 91 && spki.starts_with(P256_PREFIX) => Kind::P256,
            _ if (spki.get(4..)).is_some_and(|rest| rest.starts_with(RSA_ALGORITHM)) => Kind::Rsa,
            _ => return Err(PublicKeyError::OtherKind),
        };
        Ok(PublicKey {
            id: format!("sha256:{}", sha256(spki)),
            spki: spki.to_owned(),
            kind,
        })
    }

    /// The Ed25519 key of these 32 bytes.
    pub(super) fn ed25519(raw: &[u8]) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_spki(&[ED25519_PREFIX, raw].concat())
    }

    /// The key's id: `sha256:` and the SHA-256 of its SubjectPublicKeyInfo.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key in PEM.
    pub fn to_pem(&self) -> String {
        super::signing::to_pem("PUBLIC KEY", &self.spki)
    }

    /// Whether this key made the signature. RSA keys may sign in either of two ways, as KMS lets them.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithms: &[&'static dyn VerificationAlgorithm] = match self.kind {
            Kind::Ed25519 => &[&ED25519],
            Kind::P256 => &[&ECDSA_P256_SHA256_ASN1],
            Kind::Rsa => &[&RSA_PSS_2048_8192_SHA256, &RSA_PKCS1_2048_8192_SHA256],
        };
        algorithms.iter().any(|algorithm| {
            UnparsedPublicKey::new(*algorithm, &self.spki)
                .verify(message, signature)
                .is_ok()
        })
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaKeyPair,
    };

    use super::*;

    fn der(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Vec<u8> {
        key.as_der().unwrap().as_ref().to_vec()
    }

    #[test]
    fn keys_of_each_kind_verify_their_own_signatures() {
        let random = SystemRandom::new();
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = PublicKey::from_spki(&der(pair.public_key())).unwrap();
        assert_eq!(key, PublicKey::ed25519(pair.public_key().as_ref()).unwrap());
        assert_eq!(key, PublicKey::from_pem(key.to_pem().as_bytes()).unwrap());
        let signature = pair.sign(b"m");
        assert!(key.verifies(b"m", signature.as_ref()));
        assert!(!key.verifies(b"n", signature.as_ref()));

        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let key = PublicKey::from_spki(&der(pair.public_key())).unwrap();
        let signature = pair.sign(&random, b"m").unwrap();
        assert!(key.verifies(b"m", signature.as_ref()));
        assert!(!key.verifies(b"m", &signature.as_ref()[1..]));

        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let key = PublicKey::from_spki(&der(pair.public_key())).unwrap();
        for padding in [
            &RSA_PSS_SHA256 as &'static dyn aws_lc_rs::signature::RsaEncoding,
            &RSA_PKCS1_SHA256,
        ] {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &random, b"m", &mut signature).unwrap();
            assert!(key.verifies(b"m", &signature));
            assert!(!key.verifies(b"n", &signature));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(matches!(
            PublicKey::from_pem(b"hello"),
            Err(PublicKeyError::NotPem(_))
        ));
        assert_eq!(
            PublicKey::from_spki(&[0x30; 44]),
            Err(PublicKeyError::OtherKind)
        );
        assert_eq!(PublicKey::from_spki(b""), Err(PublicKeyError::OtherKind));
    }
}
