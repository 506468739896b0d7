//! Reports in a bucket: what lies under a prefix, listed page by page and read many at a time.
//!
//! Source: Amazon S3 API Reference, "ListObjectsV2", "GetObject" and "Error responses".

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::{LARGEST, lines, take, too_large, unreadable, xml};
use crate::catalog::Region;
use crate::deliver::destination::S3Target;
use crate::facts::{Failure, FailureKind};
use crate::fleet::Tally;
use crate::gather::Bounds;
use crate::gather::aws::s3_object::bucket_address;
use crate::gather::aws::{ApiCall, AwsAccess, Channel, Reply};

/// Objects that are read at a time.
const AT_ONCE: usize = 32;
/// Objects up to this size are; larger ones one after the other, so that memory stays small.
const SMALL: u64 = 1 << 20;
/// The longest page of a list: a thousand keys of a kilobyte each, thrice as long as they are encoded.
const LONGEST_PAGE: usize = 8 << 20;
/// One call's limit.
const LIMIT: Duration = Duration::from_secs(20);
/// How often a call is made that was throttled or got no answer.
const ATTEMPTS: u32 = 5;

/// Why a bucket cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// The caller may not list it.
    #[error(
        "cannot list s3://{bucket}/{prefix}: the permission s3:ListBucket on {arn} lacks ({said})"
    )]
    Denied {
        /// The bucket.
        bucket: String,
        /// What keys were to begin with.
        prefix: String,
        /// What the permission is needed on.
        arn: String,
        /// What S3 said.
        said: String,
    },
    /// It cannot be listed for another reason.
    #[error("cannot list s3://{bucket}/{prefix}: {said}")]
    Other {
        /// The bucket.
        bucket: String,
        /// What keys were to begin with.
        prefix: String,
        /// What happened.
        said: String,
    },
}

/// One object as a list has it.
struct Object {
    key: String,
    size: u64,
}

/// A place in S3 that answers.
struct Bucket<'a> {
    channel: Channel<'a>,
    bounds: &'a Bounds,
    target: &'a S3Target,
    region: String,
    /// The bucket's part of the path, where it stands there.
    path: String,
}

/// Takes in every `.json`, `.jsonl` and `.ndjson` object under a prefix. Those that cannot be read are named in the tally.
///
/// # Errors
/// The bucket cannot be listed to its end.
pub async fn bucket(
    access: &AwsAccess,
    bounds: &Bounds,
    target: &S3Target,
    tally: &Mutex<Tally>,
) -> Result<(), BucketError> {
    let region = target.region.as_deref().unwrap_or(access.region());
    let mut place = Bucket::at(access, bounds, target, region)?;
    let mut from: Option<String> = None;
    loop {
        let page = match place.page(from.as_deref()).await {
            Ok(page) => page,
            // A bucket of another region says which.
            Err((_, Some(region))) if from.is_none() && region != place.region => {
                place = Bucket::at(access, bounds, target, &region)?;
                let page = place.page(None).await;
                page.map_err(|(error, _)| error)?
            }
            Err((error, _)) => return Err(error),
        };
        let (small, large): (Vec<Object>, Vec<Object>) =
            (page.objects.into_iter()).partition(|object| object.size <= SMALL);
        let reading = stream::iter(small.iter().map(|object| place.read(object, tally)));
        reading.buffer_unordered(AT_ONCE).collect::<()>().await;
        for object in &large {
            place.read(object, tally).await;
        }
        if bounds.stopped() {
            return Err(place.error("the run was interrupted".to_owned()));
        }
        match page.next {
            Some(next) if from.as_ref() != Some(&next) => from = Some(next),
            _ => return Ok(()),
        }
    }
}

struct Page {
    objects: Vec<Object>,
    next: Option<String>,
}

impl<'a> Bucket<'a> {
    fn at(
        access: &'a AwsAccess,
        bounds: &'a Bounds,
        target: &'a S3Target,
        region: &str,
    ) -> Result<Bucket<'a>, BucketError> {
        let (host, path) = bucket_address(access, &target.bucket, region);
        let channel = Channel::new(access, host).map_err(|failure| BucketError::Other {
            bucket: target.bucket.clone(),
            prefix: target.prefix.clone(),
            said: failure.detail,
        })?;
        Ok(Bucket {
            channel,
            bounds,
            target,
            region: region.to_owned(),
            path,
        })
    }

    /// A page of the list, or why there is none and in which region there would be.
    async fn page(&self, from: Option<&str>) -> Result<Page, (BucketError, Option<String>)> {
        let mut query = "/?encoding-type=url&list-type=2".to_owned();
        // In the order of their names, as they are signed.
        if let Some(from) = from {
            query = format!(
                "/?continuation-token={}&encoding-type=url&list-type=2",
                encoded(from, false)
            );
        }
        if !self.target.prefix.is_empty() {
            // A whole name: vpc does not stand for vpc-2 as well.
            let _ = write!(
                query,
                "&prefix={}",
                encoded(&format!("{}/", self.target.prefix), false)
            );
        }
        let answer = self.ask(&query, LONGEST_PAGE).await;
        let reply = answer.map_err(|failure| (self.error(failure.detail), None))?;
        let text = String::from_utf8_lossy(&reply.body);
        if reply.status == 200 {
            return Ok(page(&text));
        }
        let said = said(&reply);
        let region = xml::element(&text, "Region").filter(|region| is_region(region));
        let error = match reply.status {
            403 if said.starts_with("AccessDenied") || said.starts_with("status") => {
                BucketError::Denied {
                    bucket: self.target.bucket.clone(),
                    prefix: self.target.prefix.clone(),
                    arn: format!(
                        "arn:{}:s3:::{}",
                        partition(&self.region),
                        self.target.bucket
                    ),
                    said,
                }
            }
            301 | 307 => self.error(format!(
                "it is in another Region than {}: say it with ?region=REGION ({said})",
                self.region
            )),
            _ => self.error(said),
        };
        Err((error, region.map(str::to_owned)))
    }

    async fn read(&self, object: &Object, tally: &Mutex<Tally>) {
        let source = format!("s3://{}/{}", self.target.bucket, object.key);
        let longest = usize::try_from(LARGEST).unwrap_or(usize::MAX);
        if object.size > LARGEST {
            return unreadable(tally, &source, &too_large());
        }
        let path = format!("/{}", encoded(&object.key, true));
        // The list says how long it is; one that has grown since is read again at another time.
        let longest = match object.size {
            size if size <= SMALL => usize::try_from(SMALL).unwrap_or(longest),
            _ => longest,
        };
        match self.ask(&path, longest).await {
            Ok(reply) if reply.status == 200 => match object.key.ends_with(".json") {
                true => take(tally, &source, &reply.body),
                false => lines(&mut reply.body.as_ref(), Some(&source), tally),
            },
            Ok(reply) if reply.status == 403 => {
                let said = said(&reply);
                unreadable(
                    tally,
                    &source,
                    &format!("the permission s3:GetObject lacks ({said})"),
                );
            }
            Ok(reply) => unreadable(tally, &source, &said(&reply)),
            Err(failure) => unreadable(tally, &source, &failure.detail),
        }
    }

    /// Asks until there is an answer that is not about the moment.
    async fn ask(&self, path: &str, longest: usize) -> Result<Reply, Failure> {
        let call = ApiCall {
            service: "s3".to_owned(),
            region: self.region.clone(),
            host: self.channel.host().clone(),
            method: "GET".to_owned(),
            path: format!("{}{path}", self.path),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let mut wait = Duration::from_millis(200);
        for attempt in 1.. {
            let answer = self.channel.call(self.bounds, LIMIT, &call, longest).await;
            let passing = match &answer {
                Ok(reply) => matches!(reply.status, 429 | 500 | 502 | 503 | 504),
                Err(failure) => !matches!(failure.kind, FailureKind::Credentials),
            };
            if !passing || attempt >= ATTEMPTS || self.bounds.stopped() {
                return answer;
            }
            self.bounds.pause(wait).await;
            wait *= 2;
        }
        Err(Failure::new(FailureKind::Other, "it was not asked"))
    }

    fn error(&self, said: String) -> BucketError {
        BucketError::Other {
            bucket: self.target.bucket.clone(),
            prefix: self.target.prefix.clone(),
            said,
        }
    }
}

fn page(text: &str) -> Page {
    let objects = xml::elements(text, "Contents").filter_map(|contents| {
        let key = decoded(&xml::text(xml::element(contents, "Key")?))?;
        let size = xml::element(contents, "Size")?.trim().parse().ok()?;
        let is_report = [".json", ".jsonl", ".ndjson"]
            .iter()
            .any(|end| key.ends_with(end));
        is_report.then_some(Object { key, size })
    });
    let next = xml::element(text, "NextContinuationToken");
    Page {
        objects: objects.collect(),
        next: next.map(|token| xml::text(token).into_owned()),
    }
}

/// What S3 refuses with, in one line.
fn said(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    let within = |name| xml::element(&text, name).map(|said| xml::text(said).into_owned());
    let said = match (within("Code"), within("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code,
        (None, _) => format!("status {}", reply.status),
    };
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    said.chars().take(300).collect()
}

/// Percent-encoded as it is signed: all but unreserved characters, and slashes in a path.
fn encoded(text: &str, is_path: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (is_path && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A key as `encoding-type=url` lists it.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn is_region(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The partition that a permission's ARN is of.
fn partition(region: &str) -> &'static str {
    Region::parse(region).map_or("aws", |region| region.partition().name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        for key in ["account=1/a b+c.json", "é/&.json"] {
            assert_eq!(decoded(&encoded(key, false)).as_deref(), Some(key));
        }
        assert_eq!(decoded("a+b").as_deref(), Some("a b"));
        assert_eq!(decoded("%4"), None);
        assert_eq!(decoded("%ff"), None);
    }

    #[test]
    fn a_page_lists_reports_and_where_it_goes_on() {
        let text = "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a%3D1/r.json</Key><Size>12</Size>\
            </Contents><Contents><Key>notes.txt</Key><Size>1</Size></Contents><Contents><Key>x.json</Key></Contents>\
            <NextContinuationToken>t&amp;2==</NextContinuationToken></ListBucketResult>";
        let page = page(text);
        assert_eq!(page.objects.len(), 1);
        assert_eq!(
            (page.objects[0].key.as_str(), page.objects[0].size),
            ("a=1/r.json", 12)
        );
        assert_eq!(page.next.as_deref(), Some("t&2=="));
    }

    #[test]
    fn a_refusal_is_one_line() {
        let reply = |status, body: &'static str| Reply {
            status,
            body: body.as_bytes().to_vec().into(),
        };
        let denied =
            "<Error><Code>AccessDenied</Code><Message>User\n is not authorized</Message></Error>";
        assert_eq!(
            said(&reply(403, denied)),
            "AccessDenied: User is not authorized"
        );
        assert_eq!(said(&reply(500, "")), "status 500");
    }
}
