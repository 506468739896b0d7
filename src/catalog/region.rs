//! Regions, and the partitions they belong to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Catalog;

/// An AWS region's code, such as `eu-west-1`.
///
/// Only the spelling is checked: a region newer than this program is as good as any other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

impl Region {
    /// The longest code accepted; the longest in use has 14 characters.
    const LONGEST: usize = 32;

    /// Accepts lowercase letters, digits and single inner hyphens, starting with a letter.
    pub fn parse(code: &str) -> Result<Region, RegionError> {
        let error = |expected| RegionError {
            // A hostile value is not carried around in full.
            found: code.chars().take(2 * Region::LONGEST).collect(),
            expected,
        };
        if code.is_empty() || code.len() > Region::LONGEST {
            return Err(error("between 1 and 32 characters"));
        }
        if !code
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(error("lowercase letters, digits and hyphens"));
        }
        if code.split('-').any(str::is_empty) || !code.starts_with(|c: char| c.is_ascii_lowercase())
        {
            return Err(error("a code such as eu-west-1"));
        }
        Ok(Region(code.into()))
    }

    /// The code itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition this region belongs to; the same as [`Partition::of`].
    pub fn partition(&self) -> &'static Partition {
        Partition::of(self)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Region {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Region::parse(code)
    }
}

impl TryFrom<String> for Region {
    type Error = RegionError;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Region::parse(&code)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0.as_ref().to_owned()
    }
}

/// A region's code that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{found}` is not a region: expected {expected}")]
pub struct RegionError {
    /// What was given, cut where it is absurdly long.
    pub found: String,
    /// What a code looks like.
    pub expected: &'static str,
}

/// A partition: a set of regions with names, accounts and credentials of their own.
///
/// Source: `partitions.json` of the AWS SDKs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The name as ARNs have it: `aws`, `aws-cn`, ….
    pub name: String,
    /// The suffix of plain names: `amazonaws.com`, `amazonaws.com.cn`, ….
    pub dns_suffix: String,
    /// The suffix of dual-stack names: `api.aws`, ….
    pub dual_stack_suffix: String,
    /// Where the partition's global services sign and answer.
    pub implicit_global_region: Region,
    /// The regions known by name.
    pub regions: Vec<Region>,
    /// What regions' codes begin with here, before `-<place>-<number>`.
    pub(super) region_prefixes: Vec<String>,
    /// The reversed domain that some endpoint service names start with instead of `com.amazonaws`.
    pub(super) reversed_prefix: Option<String>,
}

impl Partition {
    /// Whether a name is below one of its domains.
    pub(super) fn has_below(&self, name: &str) -> bool {
        [&self.dns_suffix, &self.dual_stack_suffix]
            .into_iter()
            .filter_map(|domain| name.strip_suffix(domain.as_str()))
            .any(|rest| rest.ends_with('.'))
    }

    /// The partition of a region: listed by name, else by the shape of its code, else `aws`.
    ///
    /// This is the order in which the AWS SDKs decide.
    pub fn of(region: &Region) -> &'static Partition {
        let all = Catalog::get().partitions();
        all.iter()
            .find(|p| p.regions.contains(region))
            .or_else(|| all.iter().find(|p| p.has_shape_of(region.as_str())))
            .unwrap_or(&all[0])
    }

    /// Whether a region is this partition's, by name or by shape, without falling back to `aws`.
    pub fn owns(&self, region: &Region) -> bool {
        self.regions.contains(region) || self.has_shape_of(region.as_str())
    }

    /// `^(prefix)-\w+-\d+$`: what `regionRegex` says in the SDKs' data.
    fn has_shape_of(&self, code: &str) -> bool {
        self.region_prefixes.iter().any(|prefix| {
            let rest = code
                .strip_prefix(prefix.as_str())
                .and_then(|rest| rest.strip_prefix('-'));
            rest.and_then(|rest| rest.split_once('-'))
                .is_some_and(|(place, number)| {
                    !place.is_empty()
                        && !number.is_empty()
                        && number.bytes().all(|b| b.is_ascii_digit())
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_checked() {
        for good in ["us-east-1", "eusc-de-east-1", "us-gov-west-1", "aws-global"] {
            assert_eq!(Region::parse(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(33);
        for bad in [
            "",
            "US-EAST-1",
            "us east 1",
            "us_east_1",
            "-us",
            "us-",
            "us--east",
            "1-us",
            "us-éast-1",
            "us.east",
            &long,
        ] {
            assert!(Region::parse(bad).is_err(), "{bad}");
            let json = serde_json::to_string(bad).unwrap();
            assert!(serde_json::from_str::<Region>(&json).is_err(), "{bad}");
        }
        let error = Region::parse(&"x".repeat(10_000)).unwrap_err();
        assert!(error.to_string().len() < 200);
    }

    #[test]
    fn every_region_has_its_partition() {
        for (code, name) in [
            ("us-east-1", "aws"),
            ("mx-central-1", "aws"),
            ("eu-north-9", "aws"),
            ("cn-north-1", "aws-cn"),
            ("cn-south-7", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-gov-north-12", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-west-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
            ("eusc-fr-east-1", "aws"),
            ("xx-nowhere-1", "aws"),
        ] {
            let region = Region::parse(code).unwrap();
            assert_eq!(Partition::of(&region).name, name, "{code}");
        }
    }

    #[test]
    fn no_region_is_in_two_partitions() {
        for partition in Catalog::get().partitions() {
            for region in &partition.regions {
                let owners = Catalog::get().partitions().iter();
                assert_eq!(owners.filter(|p| p.owns(region)).count(), 1, "{region}");
            }
            assert!(partition.owns(&partition.implicit_global_region));
        }
    }

    #[test]
    fn an_unknown_family_is_owned_by_nobody() {
        let region = Region::parse("xx-nowhere-1").unwrap();
        assert!(Catalog::get().partitions().iter().all(|p| !p.owns(&region)));
    }
}
