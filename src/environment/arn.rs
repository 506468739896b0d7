//! The parts of an ARN that say where something is.

use crate::catalog::Region;

/// The place an ARN names.
///
/// Source: "Amazon Resource Names (ARNs)" in the IAM user guide:
/// `arn:partition:service:region:account-id:resource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// The partition, as in `aws-cn`.
    pub partition: String,
    /// The service, as in `ecs`.
    pub service: String,
    /// The region, where the service is regional.
    pub region: Option<Region>,
    /// The account, where the resource belongs to one.
    pub account_id: Option<String>,
}

impl Arn {
    /// No ARN is longer (IAM API reference, `arnType`).
    const LONGEST: usize = 2048;

    /// Reads an ARN; `None` if it is none.
    pub fn parse(text: &str) -> Option<Arn> {
        let clean = text.len() <= Arn::LONGEST && text.bytes().all(|b| b.is_ascii_graphic());
        let mut parts = text.splitn(6, ':');
        if !clean || parts.next()? != "arn" {
            return None;
        }
        let partition = partition(parts.next()?)?;
        let service = parts.next()?.to_owned();
        let region = parts.next()?;
        let account = parts.next()?;
        parts.next().filter(|resource| !resource.is_empty())?;
        Some(Arn {
            partition,
            service,
            region: Region::parse(region).ok(),
            account_id: account_id(account),
        })
    }
}

/// A partition's name, if it is one: `aws` or `aws-…`.
pub fn partition(text: &str) -> Option<String> {
    let text = text.trim();
    let shape = text == "aws" || text.starts_with("aws-");
    let clean = text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    (shape && clean && text.len() <= 32).then(|| text.to_owned())
}

/// An account id, if it is one: twelve digits.
pub fn account_id(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_tell_their_place() {
        let arn = Arn::parse("arn:aws-cn:ecs:cn-north-1:123456789012:task/c/0123").unwrap();
        assert_eq!(arn.partition, "aws-cn");
        assert_eq!(arn.region.unwrap().as_str(), "cn-north-1");
        assert_eq!(arn.account_id.as_deref(), Some("123456789012"));
        let role = Arn::parse("arn:aws:iam::210987654321:role/a:b").unwrap();
        assert_eq!(role.region, None);
        assert_eq!(role.account_id.as_deref(), Some("210987654321"));
    }

    #[test]
    fn what_is_no_arn_is_none() {
        let long = format!("arn:aws:iam::210987654321:role/{}", "x".repeat(3000));
        for bad in [
            "",
            "arn:",
            "arn:aws:iam::1",
            "x:aws:iam::210987654321:r",
            "arn:aws:i::2:",
            "arn:<b>:i::2:r",
            &long,
        ] {
            assert_eq!(Arn::parse(bad), None, "{bad}");
        }
        assert_eq!(Arn::parse("arn:aws:iam::٣٣٣٣٣٣:r"), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*") {
            let _ = (Arn::parse(&text), Arn::parse(&format!("arn:aws:{text}")), account_id(&text), partition(&text));
        }
    }
}
