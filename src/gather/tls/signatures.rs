//! The signatures on certificates, each verified once: a few authorities have signed what all of AWS's endpoints show.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use webpki::ALL_VERIFICATION_ALGS;

/// The most signatures that are remembered: peers may show as many certificates as they like.
const MOST: usize = 4096;

/// Every algorithm that certificates may be signed with.
pub(super) fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    static ALL: LazyLock<Vec<Once>> =
        LazyLock::new(|| ALL_VERIFICATION_ALGS.iter().copied().map(Once).collect());
    static AS_DYN: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> =
        LazyLock::new(|| ALL.iter().map(|one| one as _).collect());
    &AS_DYN
}

/// An algorithm that verifies the same signature once. What was wrong is not remembered.
#[derive(Debug)]
struct Once(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Once {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        static VERIFIED: Mutex<BTreeSet<[u8; 32]>> = Mutex::new(BTreeSet::new());
        let verified = || VERIFIED.lock().unwrap_or_else(PoisonError::into_inner);
        let (key_is_for, signed_with) = (self.public_key_alg_id(), self.signature_alg_id());
        let parts = [&key_is_for, &signed_with, public_key, message, signature];
        let Some(what) = digest(parts) else {
            return self.0.verify_signature(public_key, message, signature);
        };
        if verified().contains(&what) {
            return Ok(());
        }
        self.0.verify_signature(public_key, message, signature)?;
        let mut verified = verified();
        if verified.len() < MOST {
            verified.insert(what);
        }
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

/// Of all parts with their lengths, so that no other parts have the same.
fn digest(parts: [&[u8]; 5]) -> Option<[u8; 32]> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&part.len().to_le_bytes());
        context.update(part);
    }
    context.finish().as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustls::pki_types::alg_id;

    use super::*;

    static ASKED: AtomicUsize = AtomicUsize::new(0);

    /// Finds every signature right that is its message.
    #[derive(Debug)]
    struct Same;

    impl SignatureVerificationAlgorithm for Same {
        fn verify_signature(&self, _: &[u8], a: &[u8], b: &[u8]) -> Result<(), InvalidSignature> {
            ASKED.fetch_add(1, Ordering::SeqCst);
            (a == b).then_some(()).ok_or(InvalidSignature)
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            alg_id::ED25519
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            alg_id::ED25519
        }
    }

    #[test]
    fn the_same_signature_is_verified_once_and_no_other_is_taken_for_it() {
        let once = Once(&Same);
        for (key, message, signature, is_right) in [
            ("key", "text", "text", true),
            ("key", "text", "text", true),
            ("key", "text", "texts", false),
            ("key", "text", "texts", false),
            ("keyt", "ext", "text", false),
            ("other", "text", "text", true),
        ] {
            let verified =
                once.verify_signature(key.as_bytes(), message.as_bytes(), signature.as_bytes());
            assert_eq!(verified.is_ok(), is_right, "{key} {message} {signature}");
        }
        assert_eq!(ASKED.load(Ordering::SeqCst), 5);
    }
}
