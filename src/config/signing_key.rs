//! The key that signs evidence: a file, or a key of AWS KMS by its ARN.

use std::path::PathBuf;

use super::error::Problem;
use crate::catalog::Region;

/// Where the signing key is looked for unless told otherwise.
pub const DEFAULT_SIGNING_KEY: &str = "/etc/vpcheck/signing-key";

/// The key that signs evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// A file, as `vpcheck signing-key` makes it.
    File(PathBuf),
    /// A key of AWS KMS.
    Kms(KmsKey),
}

/// A key of AWS KMS, or an alias of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKey {
    /// Its ARN.
    pub arn: String,
    /// The Region it is in.
    pub region: Region,
}

/// A path, or an ARN ("Actions, resources, and condition keys for AWS Key Management Service", Service Authorization
/// Reference: `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, and `alias/NAME`).
pub(super) fn signing_key(text: &str) -> Result<SigningKey, Problem> {
    match text {
        "" => Err(Problem::unexpected("a path or a KMS key's ARN", text)),
        text if text.starts_with("arn:") => kms_key(text).map(SigningKey::Kms).ok_or_else(|| {
            let expected =
                "a KMS key's ARN such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-…";
            Problem::unexpected(expected, text)
        }),
        text => Ok(SigningKey::File(PathBuf::from(text))),
    }
}

fn kms_key(arn: &str) -> Option<KmsKey> {
    let mut parts = arn.splitn(6, ':').skip(1);
    let (partition, service) = (parts.next()?, parts.next()?);
    let region = Region::parse(parts.next()?).ok()?;
    let (account, resource) = (parts.next()?, parts.next()?);
    let name = (resource.strip_prefix("key/")).or_else(|| resource.strip_prefix("alias/"))?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_/".contains(&b);
    let fits = partition == region.partition().name
        && service == "kms"
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && (1..=256).contains(&name.len())
        && name.bytes().all(is_name);
    fits.then(|| KmsKey {
        arn: arn.to_owned(),
        region,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_arns_are_told_apart() {
        let key = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        match signing_key(key).unwrap() {
            SigningKey::Kms(kms) => {
                assert_eq!((kms.arn.as_str(), kms.region.as_str()), (key, "cn-north-1"))
            }
            SigningKey::File(path) => panic!("{}", path.display()),
        }
        assert!(signing_key("arn:aws:kms:eu-west-1:123456789012:alias/evidence").is_ok());
        assert_eq!(
            signing_key("/etc/k"),
            Ok(SigningKey::File(PathBuf::from("/etc/k")))
        );
        for wrong in [
            "",
            "arn:aws:kms:eu-west-1:123456789012:key/",
            "arn:aws:kms:cn-north-1:123456789012:key/1",
            "arn:aws:s3:eu-west-1:123456789012:key/1",
            "arn:aws:kms:eu-west-1:1234:key/1",
            "arn:aws:kms::123456789012:key/1",
            "arn:aws:kms:eu-west-1:123456789012:key/1\n2",
        ] {
            assert!(signing_key(wrong).is_err(), "{wrong}");
        }
    }
}
