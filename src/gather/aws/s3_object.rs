//! One object in S3: where it is called, `GetObject` and `PutObject`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{ApiAnswer, ApiCall, ApiHost, AwsAccess};
use crate::facts::inventory_place::S3Object;
use crate::facts::{Failure, FailureKind};
use crate::gather::aws::failure::kind_of_code;
use crate::gather::tcp;

/// Where an object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAddress {
    /// The host.
    pub host: ApiHost,
    /// The region the call is signed for.
    pub region: String,
    /// The path, percent-encoded.
    pub path: String,
}

/// What S3 has of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Its bytes, and the entity tag that they have.
    New(Vec<u8>, Option<String>),
    /// What has the entity tag that was named.
    Unchanged,
}

/// Where a bucket's object is called, in the bucket's region or the access's.
pub fn object_address(
    access: &AwsAccess,
    bucket: &str,
    region: Option<&str>,
    key: &str,
) -> ObjectAddress {
    let region = region.unwrap_or(access.region()).to_owned();
    let (host, mut path) = bucket_address(access, bucket, &region);
    path.push('/');
    path.push_str(&encoded(key));
    ObjectAddress { host, region, path }
}

/// The host that a bucket of this region is called at, and what of the path is the bucket's.
///
/// A wildcard certificate covers one label, so a bucket with a dot stands in the path; as it does at other hosts than
/// AWS's own.
pub fn bucket_address(access: &AwsAccess, bucket: &str, region: &str) -> (ApiHost, String) {
    let mut host = access.api_host("s3");
    let is_aws = host.https && host.name.starts_with("s3");
    if is_aws && region != access.region() {
        host = ApiHost::new(host.name.replacen(access.region(), region, 1));
    }
    if !is_aws || bucket.contains('.') {
        return (host, format!("/{bucket}"));
    }
    host.name = format!("{bucket}.{}", host.name);
    (host, String::new())
}

/// `GetObject`, on condition that it is not the one with this entity tag.
///
/// Source: Amazon S3 API Reference, "GetObject".
pub fn get(access: &AwsAccess, object: &S3Object, etag: Option<&str>) -> ApiCall {
    let headers = etag
        .filter(|etag| is_entity_tag(etag))
        .map(|etag| ("if-none-match".to_owned(), etag.to_owned()));
    call(access, object, "GET", headers.into_iter().collect(), &[])
}

/// `PutObject`, which replaces what is there. It carries a checksum, without which a bucket with Object Lock takes nothing.
///
/// Source: Amazon S3 API Reference, "PutObject".
pub fn put(access: &AwsAccess, object: &S3Object, body: &[u8]) -> ApiCall {
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        (
            "x-amz-checksum-sha256".to_owned(),
            BASE64.encode(digest(&SHA256, body)),
        ),
    ];
    if let Some(key) = &object.kms_key {
        let encryption = "x-amz-server-side-encryption".to_owned();
        headers.push((encryption.clone(), "aws:kms".to_owned()));
        headers.push((format!("{encryption}-aws-kms-key-id"), key.clone()));
    }
    call(access, object, "PUT", headers, body)
}

/// What an answer to [`get`] holds.
///
/// # Errors
/// What S3 refuses, in its words ("Error responses", Amazon S3 API Reference).
pub fn content(answer: ApiAnswer) -> Result<Content, Failure> {
    match answer.status {
        200 => {
            let etag = answer.etag.filter(|etag| is_entity_tag(etag));
            Ok(Content::New(answer.body, etag))
        }
        304 => Ok(Content::Unchanged),
        _ => Err(refusal(&answer)),
    }
}

/// Why S3 did not do what it was asked.
pub fn refusal(answer: &ApiAnswer) -> Failure {
    let text = String::from_utf8_lossy(&answer.body);
    let within = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.trim().to_owned())
    };
    let code = within("Code").filter(|code| !code.is_empty() && code.len() <= 128);
    let kind = match (answer.status, code.as_deref()) {
        (429, _) | (503, None) => FailureKind::Throttled,
        (403, None) => FailureKind::Denied,
        (_, Some("AllAccessDisabled" | "AccountProblem")) => FailureKind::Denied,
        (_, Some(code)) => kind_of_code(code),
        (_, None) => FailureKind::Service,
    };
    let said = match (answer.status, code) {
        (301 | 307, _) => "the bucket is in another Region: say it with ?region=".to_owned(),
        (_, Some(code)) if code == "NoSuchKey" => "NoSuchKey: there is no such object".to_owned(),
        (_, Some(code)) => match within("Message") {
            Some(message) => format!("{code}: {message}"),
            None => code,
        },
        (status, None) => format!("status {status}"),
    };
    Failure::new(kind, tcp::bounded(&said))
}

fn call(
    access: &AwsAccess,
    object: &S3Object,
    method: &str,
    headers: Vec<(String, String)>,
    body: &[u8],
) -> ApiCall {
    let region = object.region.as_deref();
    let address = object_address(access, &object.bucket, region, &object.key);
    ApiCall {
        service: "s3".to_owned(),
        region: address.region,
        host: address.host,
        method: method.to_owned(),
        path: address.path,
        headers,
        body: body.to_vec(),
    }
}

/// What can be sent back as a header: short and printable.
fn is_entity_tag(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| (b'!'..=b'~').contains(&b))
}

/// A key as it stands in a path: everything but unreserved characters and slashes is percent-encoded.
fn encoded(key: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let mut path = String::new();
    for byte in key.bytes() {
        match is_plain(byte) {
            true => path.push(char::from(byte)),
            false => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::InventoryPlace;
    use crate::gather::aws::InstanceSource;
    use crate::gather::tls::Roots;

    fn object(text: &str) -> S3Object {
        match text.parse().unwrap() {
            InventoryPlace::S3(object) => object,
            InventoryPlace::Ssm(_) => panic!("{text}"),
        }
    }

    fn answer(status: u16, body: &str) -> ApiAnswer {
        ApiAnswer {
            status,
            etag: Some("\"abc\"".to_owned()),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn keys_are_encoded_as_they_are_signed() {
        assert_eq!(encoded("a=1/b c.json"), "a%3D1/b%20c.json");
    }

    #[test]
    fn an_object_is_asked_for_where_its_bucket_is() {
        let access = AwsAccess::new(
            "eu-west-1",
            Roots::from_pem(b""),
            InstanceSource::known(false),
            Vec::new(),
        );
        let here = get(&access, &object("s3://config/a b.json"), Some("\"x\""));
        assert_eq!(here.host.name, "config.s3.eu-west-1.amazonaws.com");
        assert_eq!(
            (here.method.as_str(), here.path.as_str()),
            ("GET", "/a%20b.json")
        );
        assert_eq!(
            here.headers,
            [("if-none-match".to_owned(), "\"x\"".to_owned())]
        );
        let there = get(
            &access,
            &object("s3://c.d.e/k?region=us-east-1"),
            Some("a\nb"),
        );
        assert_eq!(there.host.name, "s3.us-east-1.amazonaws.com");
        assert_eq!(
            (there.path.as_str(), there.region.as_str()),
            ("/c.d.e/k", "us-east-1")
        );
        assert_eq!(there.headers, []);
        let written = put(&access, &object("s3://config/k?kms-key=alias/a"), b"{}");
        assert_eq!(
            (written.method.as_str(), written.body.as_slice()),
            ("PUT", &b"{}"[..])
        );
        assert_eq!(written.headers.len(), 4);
    }

    #[test]
    fn answers_are_told_apart() {
        let new = content(answer(200, "{}")).unwrap();
        assert_eq!(
            new,
            Content::New(b"{}".to_vec(), Some("\"abc\"".to_owned()))
        );
        assert_eq!(content(answer(304, "")).unwrap(), Content::Unchanged);
        for (status, body, kind, said) in [
            (
                403,
                "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>",
                FailureKind::Denied,
                "AccessDenied: No.",
            ),
            (
                404,
                "<Error><Code>NoSuchKey</Code></Error>",
                FailureKind::Service,
                "no such object",
            ),
            (
                503,
                "<Error><Code>SlowDown</Code></Error>",
                FailureKind::Throttled,
                "SlowDown",
            ),
            (429, "", FailureKind::Throttled, "status 429"),
            (301, "", FailureKind::Service, "?region="),
            (
                400,
                "<Error><Code>ExpiredToken</Code></Error>",
                FailureKind::Credentials,
                "ExpiredToken",
            ),
            (500, "<html>", FailureKind::Service, "status 500"),
        ] {
            let failure = content(answer(status, body)).unwrap_err();
            assert_eq!(failure.kind, kind, "{status} {body}");
            assert!(failure.detail.contains(said), "{failure:?}");
        }
    }
}
