//! One form for one content: canonical JSON (RFC 8785) and its SHA-256.

use aws_lc_rs::digest;
use serde::Serialize;

/// A value that has no canonical form, such as a number that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this has no canonical JSON: {0}")]
pub struct NotCanonical(String);

impl From<serde_json::Error> for NotCanonical {
    fn from(error: serde_json::Error) -> Self {
        NotCanonical(error.to_string())
    }
}

/// The canonical JSON of a value.
pub fn canonical(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

/// The SHA-256 of these bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&sha256_bytes(bytes))
}

/// The SHA-256 itself.
pub fn sha256_bytes(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// Bytes in hexadecimal, in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_numbers_have_one_form() {
        let value: serde_json::Value =
            serde_json::from_str(r#"{"b": 1.0, "a": [1e2, "é\u000a"], "": 41.7}"#).unwrap();
        assert_eq!(
            String::from_utf8(canonical(&value).unwrap()).unwrap(),
            r#"{"":41.7,"a":[100,"é\n"],"b":1}"#
        );
        assert!(canonical(&f64::NAN).is_err());
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
