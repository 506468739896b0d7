//! Where results can go.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::facts::inventory_place::{BUCKET, is_bucket, is_kms_key};

/// A place that gets each run's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A bucket: one object for each run.
    S3(S3Target),
    /// AWS Security Hub: findings that are archived when they are gone.
    SecurityHub,
    /// AWS Systems Manager Compliance, as the type `Custom:VpcEndpointPrivacy`.
    SsmCompliance,
    /// The systemd journal, with a field for each thing one may ask for.
    Journald,
    /// The system log, with structured data (RFC 5424).
    Syslog,
}

/// Where in S3, and how the object is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Target {
    /// The bucket.
    pub bucket: String,
    /// What every key begins with; without a slash at either end, possibly empty.
    pub prefix: String,
    /// The bucket's region, where it is not the run's.
    pub region: Option<String>,
    /// `AES256` or `aws:kms`; the bucket's own default where nothing is said.
    pub encryption: Option<String>,
    /// The KMS key for `aws:kms`; AWS's own where nothing is said.
    pub kms_key: Option<String>,
}

/// A text that names no destination.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected}, found {found:?}")]
pub struct UnknownDestination {
    /// What would have been understood.
    pub expected: &'static str,
    /// What was said.
    pub found: String,
}

const KINDS: &str = "s3://BUCKET/PREFIX, security-hub, ssm-compliance, journald or syslog";
const S3_OPTIONS: &str =
    "region=REGION, sse=AES256, sse=aws:kms or kms-key=KEY after the question mark of an s3:// URL";

impl Destination {
    /// True for this machine's own logs, which are written to at once.
    pub fn is_local(&self) -> bool {
        matches!(self, Destination::Journald | Destination::Syslog)
    }
}

impl FromStr for Destination {
    type Err = UnknownDestination;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "security-hub" => Ok(Destination::SecurityHub),
            "ssm-compliance" => Ok(Destination::SsmCompliance),
            "journald" => Ok(Destination::Journald),
            "syslog" => Ok(Destination::Syslog),
            _ => match text.strip_prefix("s3://") {
                Some(rest) => s3(rest, text).map(Destination::S3),
                None => Err(unknown(KINDS, text)),
            },
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::S3(target) => write!(f, "s3://{}/{}", target.bucket, target.prefix),
            Destination::SecurityHub => f.write_str("security-hub"),
            Destination::SsmCompliance => f.write_str("ssm-compliance"),
            Destination::Journald => f.write_str("journald"),
            Destination::Syslog => f.write_str("syslog"),
        }
    }
}

fn s3(rest: &str, text: &str) -> Result<S3Target, UnknownDestination> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if !is_bucket(bucket) {
        return Err(unknown(BUCKET, text));
    }
    let mut target = S3Target {
        bucket: bucket.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
        region: None,
        encryption: None,
        kms_key: None,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("region", region)) if is_region(region) => {
                target.region = Some(region.to_owned());
            }
            Some(("sse", how @ ("AES256" | "aws:kms"))) => target.encryption = Some(how.to_owned()),
            Some(("kms-key", key)) if is_kms_key(key) => {
                target.encryption = Some("aws:kms".to_owned());
                target.kms_key = Some(key.to_owned());
            }
            _ => return Err(unknown(S3_OPTIONS, text)),
        }
    }
    Ok(target)
}

fn is_region(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn unknown(expected: &'static str, found: &str) -> UnknownDestination {
    UnknownDestination {
        expected,
        found: found.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_with_what_belongs_to_it() {
        let key = "arn:aws:kms:eu-west-1:123456789012:key/1";
        let text = format!("s3://evidence.example/vpc/prod/?region=eu-west-1&kms-key={key}");
        let Destination::S3(target) = text.parse().unwrap() else {
            panic!("{text}");
        };
        assert_eq!(target.bucket, "evidence.example");
        assert_eq!(target.prefix, "vpc/prod");
        assert_eq!(target.region.as_deref(), Some("eu-west-1"));
        assert_eq!(target.encryption.as_deref(), Some("aws:kms"));
        assert_eq!(target.kms_key.as_deref(), Some(key));
    }

    #[test]
    fn the_others_are_words() {
        for word in ["security-hub", "ssm-compliance", "journald", "syslog"] {
            assert_eq!(word.parse::<Destination>().unwrap().to_string(), word);
        }
    }

    #[test]
    fn what_is_none_is_told_what_would_be() {
        for (text, expected) in [
            ("securityhub", "security-hub"),
            ("s3://", "a bucket's name"),
            ("s3://Evidence", "lower-case"),
            ("s3://a..b", "a bucket's name"),
            ("s3://evidence?sse=none", "sse=AES256"),
            ("s3://evidence?kms-key=a b", "kms-key=KEY"),
            ("https://evidence.s3.amazonaws.com", "s3://BUCKET"),
        ] {
            let error = text.parse::<Destination>().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains(text), "{error}");
        }
    }
}
