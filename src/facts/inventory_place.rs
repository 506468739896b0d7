//! Where an inventory is kept for many agents: an object in S3, or a parameter of Systems Manager.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A place that one machine writes an inventory to and others fetch it from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum InventoryPlace {
    /// An object in a bucket.
    S3(S3Object),
    /// A parameter, and those below it where one does not hold all.
    Ssm(SsmParameter),
}

/// An object, and how it is encrypted when it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Object {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The bucket's region, where it is not the run's.
    pub region: Option<String>,
    /// The KMS key it is encrypted with; the bucket's own default where nothing is said.
    pub kms_key: Option<String>,
}

/// A parameter of AWS Systems Manager Parameter Store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmParameter {
    /// Its name, with the slash it begins with.
    pub name: String,
    /// The region it is in, where it is not the run's.
    pub region: Option<String>,
    /// Whether it is written in the advanced tier, which holds 8 KB and is charged for.
    pub advanced: bool,
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected}, found {found:?}")]
pub struct UnknownPlace {
    /// What would have been understood.
    pub expected: &'static str,
    /// What was said.
    pub found: String,
}

const PLACES: &str = "s3://BUCKET/KEY or ssm:/NAME";
/// What a bucket's name is, for who wrote another.
pub const BUCKET: &str =
    "a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens after s3://";
const KEY: &str =
    "an object's key of up to 1024 letters, digits and !-_.*()=+:@,~/ and blanks after the bucket";
const NAME: &str = "a parameter's name such as ssm:/vpcheck/inventory, of letters, digits, dots, hyphens and \
                    underscores between slashes";
const S3_OPTIONS: &str = "region=REGION or kms-key=KEY after the question mark of an s3:// URL";
const SSM_OPTIONS: &str = "region=REGION or tier=advanced after the question mark of ssm:/NAME";

impl InventoryPlace {
    /// The place that a text names; none where it is a file's name.
    pub fn of(text: &str) -> Option<Result<Self, UnknownPlace>> {
        let is_place = text.starts_with("s3://") || text.starts_with("ssm:");
        is_place.then(|| text.parse())
    }

    /// The text that names it, with its options.
    pub fn whole(&self) -> String {
        let mut options: Vec<String> = Vec::new();
        let mut add = |key: &str, value: Option<&String>| {
            options.extend(value.map(|value| format!("{key}={value}")));
        };
        match self {
            InventoryPlace::S3(object) => {
                add("region", object.region.as_ref());
                add("kms-key", object.kms_key.as_ref());
            }
            InventoryPlace::Ssm(parameter) => {
                add("region", parameter.region.as_ref());
                let advanced = parameter.advanced.then(|| "advanced".to_owned());
                add("tier", advanced.as_ref());
            }
        }
        match options.is_empty() {
            true => self.to_string(),
            false => format!("{self}?{}", options.join("&")),
        }
    }

    /// The service that is called for it, as the catalogue names it.
    pub fn service(&self) -> &'static str {
        match self {
            InventoryPlace::S3(_) => "s3",
            InventoryPlace::Ssm(_) => "ssm",
        }
    }

    /// What people call the service.
    pub fn service_name(&self) -> &'static str {
        match self {
            InventoryPlace::S3(_) => "Amazon S3",
            InventoryPlace::Ssm(_) => "Parameter Store",
        }
    }

    /// The IAM action that fetching from it takes.
    pub fn action(&self) -> &'static str {
        match self {
            InventoryPlace::S3(_) => "s3:GetObject",
            InventoryPlace::Ssm(_) => "ssm:GetParameters",
        }
    }
}

impl FromStr for InventoryPlace {
    type Err = UnknownPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |expected| UnknownPlace {
            expected,
            found: text.chars().take(200).collect(),
        };
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let options = || query.split('&').filter(|pair| !pair.is_empty());
        if let Some(rest) = place.strip_prefix("s3://") {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            if !is_bucket(bucket) {
                return Err(unknown(BUCKET));
            }
            if !is_object_key(key) {
                return Err(unknown(KEY));
            }
            let mut object = S3Object {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                region: None,
                kms_key: None,
            };
            for pair in options() {
                match pair.split_once('=') {
                    Some(("region", region)) if is_region(region) => {
                        object.region = Some(region.to_owned());
                    }
                    Some(("kms-key", key)) if is_kms_key(key) => {
                        object.kms_key = Some(key.to_owned());
                    }
                    _ => return Err(unknown(S3_OPTIONS)),
                }
            }
            return Ok(InventoryPlace::S3(object));
        }
        let name = place.strip_prefix("ssm:").ok_or(unknown(PLACES))?;
        if !is_parameter(name) {
            return Err(unknown(NAME));
        }
        let mut parameter = SsmParameter {
            name: name.to_owned(),
            region: None,
            advanced: false,
        };
        for pair in options() {
            match pair.split_once('=') {
                Some(("region", region)) if is_region(region) => {
                    parameter.region = Some(region.to_owned());
                }
                Some(("tier", "advanced")) => parameter.advanced = true,
                Some(("tier", "standard")) => parameter.advanced = false,
                _ => return Err(unknown(SSM_OPTIONS)),
            }
        }
        Ok(InventoryPlace::Ssm(parameter))
    }
}

impl TryFrom<String> for InventoryPlace {
    type Error = UnknownPlace;

    fn try_from(text: String) -> Result<Self, UnknownPlace> {
        text.parse()
    }
}

impl From<InventoryPlace> for String {
    fn from(place: InventoryPlace) -> String {
        place.whole()
    }
}

/// Without the options, which are no part of what it is called.
impl fmt::Display for InventoryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InventoryPlace::S3(object) => write!(f, "s3://{}/{}", object.bucket, object.key),
            InventoryPlace::Ssm(parameter) => write!(f, "ssm:{}", parameter.name),
        }
    }
}

/// Whether it may be a bucket's name: "General purpose bucket naming rules", Amazon S3 User Guide.
pub fn is_bucket(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| plain(b) || b == b'.' || b == b'-')
        && name.bytes().next().is_some_and(plain)
        && name.bytes().last().is_some_and(plain)
        && !name.contains("..")
}

/// The characters that "Naming Amazon S3 objects" (Amazon S3 User Guide) calls safe, but for the apostrophe, and some that
/// partitions and paths have; at most 1,024 of them. Parts that are dots alone are changed on the way.
fn is_object_key(key: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/!-_.*()=+:@,~ ".contains(&b);
    (1..=1024).contains(&key.len())
        && !key.ends_with('/')
        && key.bytes().all(plain)
        && !key.split('/').any(|part| part == "." || part == "..")
}

/// `PutParameter`, AWS Systems Manager API Reference: letters, digits and `.-_/`, at most fifteen levels; room is left for
/// the numbers of parts.
fn is_parameter(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    let mut levels = name.split('/');
    name.len() <= 900
        && levels.next() == Some("")
        && levels.clone().count() <= 13
        && levels
            .clone()
            .all(|level| !level.is_empty() && level.bytes().all(plain))
        && levels.next().is_some_and(|first| {
            let first = first.to_ascii_lowercase();
            !first.starts_with("aws") && !first.starts_with("ssm")
        })
}

fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether it may be a KMS key: its id, its ARN or an alias.
pub fn is_kms_key(text: &str) -> bool {
    (1..=2048).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b":/_-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_with_what_belongs_to_them() {
        let place: InventoryPlace =
            "s3://vpc-config.example/prod/vpc 1.json?region=eu-west-1&kms-key=alias/a"
                .parse()
                .unwrap();
        assert_eq!(place.to_string(), "s3://vpc-config.example/prod/vpc 1.json");
        let InventoryPlace::S3(object) = &place else {
            panic!("{place}");
        };
        assert_eq!(object.region.as_deref(), Some("eu-west-1"));
        assert_eq!(object.kms_key.as_deref(), Some("alias/a"));
        let place: InventoryPlace = "ssm:/vpcheck/inventory?tier=advanced".parse().unwrap();
        assert_eq!(place.to_string(), "ssm:/vpcheck/inventory");
        assert!(matches!(place, InventoryPlace::Ssm(parameter) if parameter.advanced));
        for text in [
            "s3://bucket/key",
            "s3://bucket/key?region=eu-west-1&kms-key=a",
            "ssm:/a/b?region=eu-west-1&tier=advanced",
        ] {
            assert_eq!(text.parse::<InventoryPlace>().unwrap().whole(), text);
        }
        assert_eq!(InventoryPlace::of("inventory.json"), None);
        assert_eq!(InventoryPlace::of("ssm"), None);
    }

    #[test]
    fn what_is_none_is_told_what_would_be() {
        for (text, expected) in [
            ("s3://b", "a bucket's name"),
            ("s3://bucket", "an object's key"),
            ("s3://bucket/prefix/", "an object's key"),
            ("s3://bucket/../other", "an object's key"),
            ("s3://bucket/it's", "an object's key"),
            ("s3://bucket/key?sse=none", "kms-key=KEY"),
            ("ssm:name", "a parameter's name"),
            ("ssm:/a//b", "a parameter's name"),
            ("ssm:/aws/x", "a parameter's name"),
            ("ssm:/a?tier=large", "tier=advanced"),
            ("https://bucket", "s3://BUCKET/KEY"),
        ] {
            let error = text.parse::<InventoryPlace>().unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(text), "{error}");
        }
    }
}
