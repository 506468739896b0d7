//! Who signs: a key of this machine, or whatever else can.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use super::public_key::PublicKey;

/// Something that signs.
pub trait Sign {
    /// The key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why there is no signature; one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SignError(pub String);

/// An Ed25519 key from a PEM file.
pub struct LocalKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// What is no key to sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an Ed25519 key in PEM (BEGIN PRIVATE KEY), found {0}")]
pub struct LocalKeyError(String);

impl LocalKey {
    /// Reads a PEM file (PKCS #8).
    pub fn from_pem(pem: &[u8]) -> Result<LocalKey, LocalKeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem)
            .map_err(|error| LocalKeyError(error.to_string()))?;
        LocalKey::from_pkcs8(der.secret_pkcs8_der())
    }

    /// Reads the key itself (PKCS #8, either version).
    pub fn from_pkcs8(der: &[u8]) -> Result<LocalKey, LocalKeyError> {
        // Version 1, as OpenSSL writes it, has no public half to compare with.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map_err(|_| LocalKeyError("a key of another kind".to_owned()))?;
        let public = PublicKey::ed25519(pair.public_key().as_ref())
            .map_err(|error| LocalKeyError(error.to_string()))?;
        Ok(LocalKey { pair, public })
    }
}

impl Sign for LocalKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.pair.try_sign(message);
        let signature = signature.map_err(|_| SignError("the key does not sign".to_owned()))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// The key is never shown.
impl std::fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalKey({})", self.public.id())
    }
}

/// A private key (PKCS #8) in PEM.
pub fn private_pem(der: &[u8]) -> String {
    to_pem("PRIVATE KEY", der)
}

/// A PEM block (RFC 7468).
pub(super) fn to_pem(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (at, letter) in STANDARD.encode(der).chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_openssl_signs() {
        // `openssl genpkey -algorithm ed25519`, of RFC 8410's example.
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = LocalKey::from_pem(pem.as_bytes()).unwrap();
        assert_eq!(
            key.public_key().to_pem(),
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
        );
        let signature = key.sign(b"m").unwrap();
        assert!(key.public_key().verifies(b"m", &signature));
        assert!(!format!("{key:?}").contains("1O5y"));
        assert!(LocalKey::from_pem(b"").is_err());
        assert!(LocalKey::from_pkcs8(&[0x30, 0]).is_err());
    }
}
