//! Who makes a request, as far as a server without the secret can tell: the `Authorization` header against the world.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::super::http::HttpRequest;
use super::super::metadata;
use super::super::world::{EnvironmentKind, World};

/// AWS lets a signature's date differ from its own clock by this much.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The session's ARN, as AWS names it in messages.
    pub arn: String,
    /// Its account.
    pub account: String,
}

/// Why a request is nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// It is not signed.
    Unsigned,
    /// The signature lacks something.
    Incomplete(String),
    /// The key is unknown, or came without its session token.
    UnknownKey,
    /// The session token has expired.
    ExpiredToken,
    /// It is signed for another region or service.
    Scope(String),
    /// It is dated too far from the services' clock.
    Clock(String),
}

/// Tells who makes a request to `service`.
pub fn authenticate(
    world: &World,
    request: &HttpRequest,
    service: &str,
) -> Result<Caller, Rejection> {
    let amz_date = request.header("x-amz-date");
    let scope = match read(request.header("authorization"), amz_date) {
        Signed::Unsigned => return Err(Rejection::Unsigned),
        Signed::Incomplete(what) => return Err(Rejection::Incomplete(what)),
        Signed::Complete(scope) => scope,
    };
    if !world.credentials.known
        || scope.access_key != metadata::ACCESS_KEY_ID
        || request.header("x-amz-security-token") != Some(metadata::SESSION_TOKEN)
    {
        return Err(Rejection::UnknownKey);
    }
    if world.credentials.expired {
        return Err(Rejection::ExpiredToken);
    }
    if scope.service != service {
        return Err(Rejection::Scope(format!(
            "Credential should be scoped to correct service: '{service}'. "
        )));
    }
    if scope.region != world.region {
        return Err(Rejection::Scope(
            "Credential should be scoped to a valid region. ".to_owned(),
        ));
    }
    timely(world, amz_date.unwrap_or_default(), Timestamp::now())?;
    Ok(Caller {
        arn: caller_arn(world),
        account: world.account_id.clone(),
    })
}

/// The ARN of the session the world's credentials belong to.
pub fn caller_arn(world: &World) -> String {
    let session = match world.environment.kind {
        EnvironmentKind::Ec2 | EnvironmentKind::Other => world.host.instance_id.as_str(),
        EnvironmentKind::Fargate | EnvironmentKind::EcsEc2 => {
            metadata::TASK_PATH.split('-').next().unwrap_or_default()
        }
        EnvironmentKind::Eks => "eks-lab-app-7d9c5b6f4-x2k8p",
        EnvironmentKind::Lambda => "app",
    };
    format!(
        "arn:{}:sts::{}:assumed-role/{}/{session}",
        world.partition, world.account_id, world.credentials.role
    )
}

/// An id for the request, the same for the same request.
pub fn request_id(request: &HttpRequest) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        request.path.hash(&mut hasher);
        request.query.hash(&mut hasher);
        request.headers.hash(&mut hasher);
        request.body.hash(&mut hasher);
        hasher.finish()
    };
    let bytes = (u128::from(half(1)) << 64) | u128::from(half(2));
    uuid::Builder::from_random_bytes(bytes.to_be_bytes())
        .into_uuid()
        .to_string()
}

/// Compares a request's date with the services' clock, which is the host's and the world's difference.
fn timely(world: &World, amz_date: &str, host_now: Timestamp) -> Result<(), Rejection> {
    const FORM: &str = "%Y%m%dT%H%M%SZ";
    let write = |t: Timestamp| t.strftime(FORM).to_string();
    let dated = DateTime::strptime(FORM, amz_date)
        .and_then(|date| date.to_zoned(TimeZone::UTC))
        .map_err(|_| Rejection::Incomplete(format!("Date in '{amz_date}' is not valid.")))?
        .timestamp();
    let now = host_now + SignedDuration::from_secs(world.clock.services_ahead_seconds);
    let (earliest, latest) = (now - TOLERANCE, now + TOLERANCE);
    if dated < earliest {
        return Err(Rejection::Clock(format!(
            "Signature expired: {amz_date} is now earlier than {} ({} - 5 min.)",
            write(earliest),
            write(now)
        )));
    }
    if dated > latest {
        return Err(Rejection::Clock(format!(
            "Signature not yet current: {amz_date} is still later than {} ({} + 5 min.)",
            write(latest),
            write(now)
        )));
    }
    Ok(())
}

/// The outcome of reading a Signature Version 4 header.
#[derive(Debug, PartialEq, Eq)]
pub enum Signed {
    /// No signature at all.
    Unsigned,
    /// Something that is no complete Signature Version 4, and what it lacks.
    Incomplete(String),
    /// A complete one.
    Complete(Scope),
}

/// The credential scope of a signed request.
#[derive(Debug, PartialEq, Eq)]
pub struct Scope {
    /// The access key id.
    pub access_key: String,
    /// The date, `YYYYMMDD`.
    pub date: String,
    /// The region it was signed for.
    pub region: String,
    /// The service it was signed for.
    pub service: String,
}

/// Reads an `Authorization` header; `amz_date` is the header the signature has to cover.
pub fn read(authorization: Option<&str>, amz_date: Option<&str>) -> Signed {
    let Some(authorization) = authorization else {
        return Signed::Unsigned;
    };
    let Some(fields) = authorization.strip_prefix("AWS4-HMAC-SHA256") else {
        return Signed::Incomplete(format!(
            "Unsupported authorization algorithm in '{authorization}'"
        ));
    };
    let field = |name: &str| {
        fields
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| value)
    };
    for name in ["Credential", "Signature", "SignedHeaders"] {
        if field(name).is_none() {
            return Signed::Incomplete(format!(
                "Authorization header requires '{name}' parameter. Authorization={authorization}"
            ));
        }
    }
    let signature = field("Signature").unwrap_or_default();
    if signature.len() != 64 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Signed::Incomplete("The signature is not 64 hexadecimal digits".to_owned());
    }
    let headers: Vec<&str> = field("SignedHeaders")
        .unwrap_or_default()
        .split(';')
        .collect();
    if !headers.contains(&"host") {
        return Signed::Incomplete(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        );
    }
    let Some(amz_date) = amz_date.filter(|_| headers.contains(&"x-amz-date")) else {
        return Signed::Incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
                .to_owned(),
        );
    };
    let scope: Vec<&str> = field("Credential").unwrap_or_default().split('/').collect();
    match scope.as_slice() {
        [access_key, date, region, service, "aws4_request"] if amz_date.starts_with(date) => {
            Signed::Complete(Scope {
                access_key: (*access_key).to_owned(),
                date: (*date).to_owned(),
                region: (*region).to_owned(),
                service: (*service).to_owned(),
            })
        }
        _ => Signed::Incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
// A program without the test harness has this module but not its tests.
#[allow(unused_imports)]
mod tests {
    use super::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKIALAB/20261121/us-east-1/ec2/aws4_request, \
        SignedHeaders=content-type;host;x-amz-date, \
        Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const DATE: Option<&str> = Some("20261121T050000Z");

    #[test]
    fn a_whole_header_gives_its_scope() {
        assert_eq!(
            read(Some(GOOD), DATE),
            Signed::Complete(Scope {
                access_key: "AKIALAB".to_owned(),
                date: "20261121".to_owned(),
                region: "us-east-1".to_owned(),
                service: "ec2".to_owned(),
            })
        );
    }

    #[test]
    fn dates_are_held_against_the_services_clock() {
        let now: Timestamp = "2026-11-21T05:00:10Z".parse().expect("a time");
        let mut world = World::default();
        assert_eq!(timely(&world, "20261121T050000Z", now), Ok(()));
        world.clock.services_ahead_seconds = 600;
        assert_eq!(
            timely(&world, "20261121T050000Z", now),
            Err(Rejection::Clock(
                "Signature expired: 20261121T050000Z is now earlier than 20261121T050510Z (20261121T051010Z - 5 min.)".to_owned()
            ))
        );
        world.clock.services_ahead_seconds = -600;
        assert!(matches!(
            timely(&world, "20261121T050000Z", now),
            Err(Rejection::Clock(text)) if text.starts_with("Signature not yet current")
        ));
        assert!(timely(&world, "tomorrow", now).is_err());
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(read(None, DATE), Signed::Unsigned);
        let incomplete = [
            read(Some("Bearer x"), DATE),
            read(Some("AWS4-HMAC-SHA256"), DATE),
            read(Some(&GOOD.replace("Signature=0", "Signature=z")), DATE),
            read(Some(&GOOD.replace(";host", "")), DATE),
            read(Some(&GOOD.replace("/ec2/", "/")), DATE),
            read(Some(GOOD), None),
            read(Some(GOOD), Some("20261120T050000Z")),
        ];
        for signed in incomplete {
            assert!(matches!(signed, Signed::Incomplete(_)), "{signed:?}");
        }
    }
}
