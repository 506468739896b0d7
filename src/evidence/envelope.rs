//! The envelope around a statement, as "DSSE: Dead Simple Signing Envelope" (secure-systems-lab) has it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::canonical::{NotCanonical, canonical};

/// What the payload is: an in-toto statement ("in-toto Attestation Framework", envelope layer).
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The largest evidence file that is read, in bytes.
pub const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// A payload and the signatures over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The payload in base64.
    payload: String,
    /// What it is.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// None where nothing could sign.
    signatures: Vec<Signature>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The key's id: `sha256:` and the SHA-256 of its SubjectPublicKeyInfo.
    pub keyid: String,
    /// The signature in base64.
    sig: String,
}

/// Bytes that are no envelope of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// It ends too early, or is no JSON at all.
    #[error("the file is no envelope, or only a part of one: {0}")]
    Malformed(String),
    /// It says the same, and is not written as it was.
    #[error("the file is not written in canonical JSON: a byte was changed")]
    NotCanonical,
    /// The payload is another thing.
    #[error("expected the payload type {PAYLOAD_TYPE}, found {0:?}")]
    OtherPayload(String),
    /// Base64 is broken.
    #[error("the {0} is not valid base64: a byte was changed")]
    Base64(&'static str),
}

impl Signature {
    /// A signature by this key.
    pub fn new(keyid: impl Into<String>, signature: &[u8]) -> Signature {
        Signature {
            keyid: keyid.into(),
            sig: STANDARD.encode(signature),
        }
    }

    /// The signature's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        let decoded = STANDARD.decode(&self.sig);
        decoded.map_err(|_| EnvelopeError::Base64("signature"))
    }
}

impl Envelope {
    /// An envelope around a statement.
    pub fn new(payload: &[u8], signature: Option<Signature>) -> Envelope {
        Envelope {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: signature.into_iter().collect(),
        }
    }

    /// Reads a file, which must be written exactly as [`Envelope::to_bytes`] writes it.
    pub fn read(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
        if bytes.is_empty() {
            return Err(EnvelopeError::Empty);
        }
        let envelope: Envelope = serde_json::from_slice(bytes)
            .map_err(|error| EnvelopeError::Malformed(error.to_string()))?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::OtherPayload(envelope.payload_type));
        }
        match envelope.to_bytes() {
            Ok(written) if written == bytes => Ok(envelope),
            _ => Err(EnvelopeError::NotCanonical),
        }
    }

    /// The file: canonical JSON and a line's end.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NotCanonical> {
        let mut bytes = canonical(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The payload.
    pub fn payload(&self) -> Result<Vec<u8>, EnvelopeError> {
        let decoded = STANDARD.decode(&self.payload);
        decoded.map_err(|_| EnvelopeError::Base64("payload"))
    }

    /// The signatures.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

/// What is signed: the payload's type and the payload, in the encoding that DSSE prescribes ("Pre-Authentication
/// Encoding", DSSE protocol).
pub fn pae(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let envelope = Envelope::new(b"{}", Some(Signature::new("sha256:1", b"sig")));
        let bytes = envelope.to_bytes().unwrap();
        let read = Envelope::read(&bytes).unwrap();
        assert_eq!(read, envelope);
        assert_eq!(read.payload().unwrap(), b"{}");
        assert_eq!(read.signatures()[0].bytes().unwrap(), b"sig");
        assert_eq!(
            pae(b"{}"),
            b"DSSEv1 28 application/vnd.in-toto+json 2 {}".to_vec()
        );
    }

    #[test]
    fn every_changed_byte_is_seen_or_changes_what_is_signed() {
        let bytes = Envelope::new(b"{\"a\":1}", Some(Signature::new("k", b"sig")))
            .to_bytes()
            .unwrap();
        let whole = Envelope::read(&bytes).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            let Ok(read) = Envelope::read(&other) else {
                continue;
            };
            assert_ne!(read, whole, "{at}");
        }
        for end in 0..bytes.len() {
            assert!(Envelope::read(&bytes[..end]).is_err(), "{end}");
        }
        assert_eq!(Envelope::read(b""), Err(EnvelopeError::Empty));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = Envelope::read(&bytes);
        }
    }
}
