//! An object for each run, partitioned so that Athena can leave out what a question is not about.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Document;
use super::destination::S3Target;
use super::load::Load;
use crate::gather::aws::{ApiCall, ApiHost, AwsAccess};
use crate::verdict::Report;

/// The object of this run: `PREFIX/account=…/region=…/date=YYYY-MM-DD/NAME`.
pub(super) fn load(target: &S3Target, report: &Report, document: &Document) -> Load {
    Load::S3 {
        target: target.clone(),
        key: key(target, report, &document.name),
        body: String::from_utf8_lossy(&document.bytes).into_owned(),
    }
}

fn key(target: &S3Target, report: &Report, name: &str) -> String {
    let environment = &report.environment;
    let known = |value: &Option<String>| {
        value
            .as_deref()
            .filter(|value| !value.is_empty() && value.bytes().all(is_plain))
            .unwrap_or("unknown")
            .to_owned()
    };
    let date = report.started_at.to_string();
    let date: String = date.chars().take_while(|c| *c != 'T').collect();
    let mut parts = Vec::new();
    if !target.prefix.is_empty() {
        parts.push(target.prefix.clone());
    }
    parts.push(format!("account={}", known(&environment.account_id)));
    parts.push(format!("region={}", known(&environment.region)));
    parts.push(format!("date={date}"));
    parts.push(name.to_owned());
    parts.join("/")
}

/// `PutObject`, which fails where the object exists: a result is never overwritten.
///
/// It carries a checksum, without which a bucket with Object Lock takes nothing.
///
/// Source: Amazon S3 API Reference, "PutObject"; Amazon S3 User Guide, "Conditional writes" and "Uploading objects to an
/// Object Lock enabled bucket".
pub(super) fn call(access: &AwsAccess, target: &S3Target, key: &str, body: &str) -> ApiCall {
    let mut host = access.api_host("s3");
    let region = target
        .region
        .clone()
        .unwrap_or_else(|| access.region().to_owned());
    let is_aws = host.https && host.name.starts_with("s3");
    if is_aws && region != access.region() {
        host = ApiHost::new(host.name.replacen(access.region(), &region, 1));
    }
    // A wildcard certificate covers one label, so a bucket with a dot stands in the path; as it does at other hosts
    // than AWS's own.
    let in_path = !is_aws || target.bucket.contains('.');
    let mut path = String::new();
    if in_path {
        path.push('/');
        path.push_str(&target.bucket);
    } else {
        host.name = format!("{}.{}", target.bucket, host.name);
    }
    path.push('/');
    path.push_str(&encoded(key));
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("if-none-match".to_owned(), "*".to_owned()),
        (
            "x-amz-checksum-sha256".to_owned(),
            BASE64.encode(digest(&SHA256, body.as_bytes())),
        ),
    ];
    if let Some(encryption) = &target.encryption {
        headers.push((
            "x-amz-server-side-encryption".to_owned(),
            encryption.clone(),
        ));
    }
    if let Some(key) = &target.kms_key {
        headers.push((
            "x-amz-server-side-encryption-aws-kms-key-id".to_owned(),
            key.clone(),
        ));
    }
    ApiCall {
        service: "s3".to_owned(),
        region,
        host,
        method: "PUT".to_owned(),
        path,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

/// A key as it stands in a path: everything but unreserved characters and slashes is percent-encoded.
fn encoded(key: &str) -> String {
    let mut path = String::new();
    for byte in key.bytes() {
        if is_plain(byte) || byte == b'/' {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::aws::InstanceSource;
    use crate::gather::tls::Roots;

    fn target(bucket: &str) -> S3Target {
        S3Target {
            bucket: bucket.to_owned(),
            prefix: "vpc".to_owned(),
            region: None,
            encryption: None,
            kms_key: None,
        }
    }

    #[test]
    fn keys_are_encoded_as_they_are_signed() {
        assert_eq!(encoded("a=1/b c.json"), "a%3D1/b%20c.json");
    }

    #[test]
    fn a_bucket_is_a_host_unless_it_has_a_dot() {
        let access = AwsAccess::new(
            "eu-west-1",
            Roots::of([]),
            InstanceSource::known(false),
            Vec::new(),
        );
        let plain = call(&access, &target("evidence"), "k", "{}");
        assert_eq!(plain.host.name, "evidence.s3.eu-west-1.amazonaws.com");
        assert_eq!(plain.path, "/k");
        let checksum = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";
        assert!(
            (plain.headers.iter())
                .any(|(name, value)| name == "x-amz-checksum-sha256" && value == checksum)
        );
        let dotted = call(&access, &target("e.example"), "k", "{}");
        assert_eq!(dotted.host.name, "s3.eu-west-1.amazonaws.com");
        assert_eq!(dotted.path, "/e.example/k");
    }

    #[test]
    fn a_bucket_of_another_region_is_called_there() {
        let access = AwsAccess::new(
            "eu-west-1",
            Roots::of([]),
            InstanceSource::known(false),
            Vec::new(),
        );
        let mut target = target("evidence");
        target.region = Some("us-east-1".to_owned());
        target.encryption = Some("aws:kms".to_owned());
        let call = call(&access, &target, "k", "{}");
        assert_eq!(call.host.name, "evidence.s3.us-east-1.amazonaws.com");
        assert_eq!(call.region, "us-east-1");
        let has = |name: &str| call.headers.iter().any(|(known, _)| known == name);
        assert!(has("if-none-match") && has("x-amz-server-side-encryption"));
    }
}
