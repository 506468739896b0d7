//! What a queue URL says of its queue.
//!
//! The forms of the host are those of the Amazon SQS endpoints and quotas page of the AWS General Reference
//! and of "Amazon VPC endpoints for Amazon SQS" in the Amazon SQS Developer Guide. No list of regions or
//! partitions is needed: the region is where the form has it.

use url::{Host, Url};

/// A URL that was given as a queue's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueUrl {
    /// It is a queue's.
    Queue(Queue),
    /// It is a URL, and no queue's, for this reason.
    NotAQueue(String),
}

/// What the URL of a queue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The host, in lower case.
    pub host: String,
    /// The port, 443 where the URL names none.
    pub port: u16,
    /// The owner's account.
    pub account: String,
    /// The queue's name, its case kept.
    pub name: String,
    /// The region the host names or stands for.
    pub region: String,
    /// Whether it is a FIFO queue.
    pub is_fifo: bool,
    /// Whether the host is a name from before the present scheme, which private DNS does not cover.
    pub is_legacy: bool,
    /// Whether the host is an endpoint's own name, `vpce-….sqs.…`.
    pub is_vpce: bool,
}

/// Something that is no URL at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not a URL: expected one such as https://sqs.eu-west-1.amazonaws.com/123456789012/name"
)]
pub struct QueueUrlError {
    found: String,
}

/// Takes a queue URL apart.
///
/// Fails only where the text is no `http` or `https` URL with a host; a URL that is no queue's is
/// [`QueueUrl::NotAQueue`].
pub fn parse_queue_url(text: &str) -> Result<QueueUrl, QueueUrlError> {
    let error = || QueueUrlError {
        // A hostile value is not carried around in full.
        found: text.chars().take(200).collect(),
    };
    let url = Url::parse(text.trim()).map_err(|_| error())?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(error());
    }
    let host = match url.host() {
        Some(Host::Domain(host)) => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
        Some(_) => {
            return Ok(not_a_queue(
                "its host is an address, not a name of Amazon SQS",
            ));
        }
        None => return Err(error()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Ok(not_a_queue("it has a user name or a password in it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Ok(not_a_queue("it goes on after the queue's name"));
    }
    let Some(place) = Place::of(&host) else {
        return Ok(not_a_queue("its host is not a name of Amazon SQS"));
    };
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let [account, name] = segments[..] else {
        return Ok(not_a_queue("its path is not /ACCOUNT/NAME"));
    };
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(not_a_queue(
            "the first part of its path is not an account of twelve digits",
        ));
    }
    let Some(is_fifo) = fifo(name) else {
        return Ok(not_a_queue(
            "the second part of its path cannot be a queue's name",
        ));
    };
    Ok(QueueUrl::Queue(Queue {
        port: match url.scheme() {
            // Amazon SQS takes nothing but HTTPS over an endpoint.
            "http" => url.port().unwrap_or(443),
            _ => url.port_or_known_default().unwrap_or(443),
        },
        account: account.to_owned(),
        name: name.to_owned(),
        region: place.region,
        is_fifo,
        is_legacy: place.form == Form::Legacy,
        is_vpce: place.form == Form::Vpce,
        host,
    }))
}

impl QueueUrl {
    /// The queue, if it is one's.
    pub fn queue(&self) -> Option<&Queue> {
        match self {
            QueueUrl::Queue(queue) => Some(queue),
            QueueUrl::NotAQueue(_) => None,
        }
    }
}

impl Queue {
    /// The queue's ARN in this partition, as in `arn:aws:sqs:eu-west-1:123456789012:name`.
    pub fn arn(&self, partition: &str) -> String {
        format!(
            "arn:{partition}:sqs:{}:{}:{}",
            self.region, self.account, self.name
        )
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Form {
    Present,
    Legacy,
    Vpce,
}

/// The form of a host and the region in it.
struct Place {
    form: Form,
    region: String,
}

impl Place {
    fn of(host: &str) -> Option<Place> {
        let labels: Vec<&str> = host.split('.').collect();
        if labels.contains(&"") {
            return None;
        }
        let place = |form, region: &str| {
            is_region(region).then(|| Place {
                form,
                region: region.to_owned(),
            })
        };
        match labels[..] {
            ["queue", "amazonaws", "com"] => place(Form::Legacy, "us-east-1"),
            ["sqs" | "sqs-fips", region, _, _, ..] => place(Form::Present, region),
            [region, "queue", _, _, ..] => place(Form::Legacy, region),
            [endpoint, "sqs" | "sqs-fips", region, "vpce", _, _, ..]
                if endpoint.starts_with("vpce-") =>
            {
                place(Form::Vpce, region)
            }
            _ => None,
        }
    }
}

/// Letters, at least one place, a number: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let [area, places @ .., number] = &parts[..] else {
        return false;
    };
    !places.is_empty()
        && std::iter::once(area)
            .chain(places)
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a name is a FIFO queue's; none if it is no queue's.
///
/// Up to 80 letters, digits, hyphens and underscores, `.fifo` among them (`CreateQueue`, Amazon SQS API Reference).
fn fifo(name: &str) -> Option<bool> {
    let (stem, is_fifo) = match name.strip_suffix(".fifo") {
        Some(stem) => (stem, true),
        None => (name, false),
    };
    let good = !stem.is_empty()
        && name.len() <= 80
        && stem
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    good.then_some(is_fifo)
}

fn not_a_queue(reason: &str) -> QueueUrl {
    QueueUrl::NotAQueue(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(text: &str) -> Queue {
        match parse_queue_url(text).unwrap() {
            QueueUrl::Queue(queue) => queue,
            QueueUrl::NotAQueue(reason) => panic!("{text}: {reason}"),
        }
    }

    #[test]
    fn every_form_of_host_is_taken_apart() {
        for (host, region, legacy, vpce) in [
            ("sqs.eu-west-1.amazonaws.com", "eu-west-1", false, false),
            (
                "sqs-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
                false,
                false,
            ),
            ("sqs.us-east-1.api.aws", "us-east-1", false, false),
            (
                "sqs.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
                false,
                false,
            ),
            (
                "sqs.us-iso-east-1.c2s.ic.gov",
                "us-iso-east-1",
                false,
                false,
            ),
            (
                "SQS.eusc-de-east-1.amazonaws.EU",
                "eusc-de-east-1",
                false,
                false,
            ),
            ("queue.amazonaws.com", "us-east-1", true, false),
            (
                "ap-southeast-2.queue.amazonaws.com",
                "ap-southeast-2",
                true,
                false,
            ),
            (
                "vpce-0abc-1x2y.sqs.us-east-1.vpce.amazonaws.com",
                "us-east-1",
                false,
                true,
            ),
            (
                "vpce-0abc-1x2y-us-east-1a.sqs.us-east-1.vpce.amazonaws.com",
                "us-east-1",
                false,
                true,
            ),
        ] {
            let queue = queue(&format!("https://{host}/123456789012/Orders"));
            assert_eq!(queue.region, region, "{host}");
            assert_eq!(queue.is_legacy, legacy, "{host}");
            assert_eq!(queue.is_vpce, vpce, "{host}");
            assert_eq!(queue.host, host.to_ascii_lowercase());
            assert_eq!((queue.name.as_str(), queue.port), ("Orders", 443));
        }
    }

    #[test]
    fn a_fifo_queue_and_its_arn() {
        let queue = queue("https://sqs.cn-north-1.amazonaws.com.cn:8443/123456789012/a_b-C.fifo");
        assert!(queue.is_fifo);
        assert_eq!(queue.port, 8443);
        assert_eq!(
            queue.arn("aws-cn"),
            "arn:aws-cn:sqs:cn-north-1:123456789012:a_b-C.fifo"
        );
    }

    #[test]
    fn what_is_no_url_is_told_from_what_is_no_queue() {
        for text in [
            "",
            "orders",
            "arn:aws:sqs:us-east-1:123456789012:q",
            "https://",
            "sqs.eu-west-1.amazonaws.com/1/q",
        ] {
            assert!(parse_queue_url(text).is_err(), "{text}");
        }
        let long = format!(
            "https://sqs.eu-west-1.amazonaws.com/123456789012/{}",
            "q".repeat(81)
        );
        for text in [
            "https://example.com/123456789012/q",
            "https://s3.us-east-1.amazonaws.com/123456789012/q",
            "https://sqs.amazonaws.com/123456789012/q",
            "https://sqs.eu-west-1.../123456789012/q",
            "https://sqs.eu-west-1.amazonaws..com/123456789012/q",
            "https://sqs.eu-west-1.amazonaws.com/",
            "https://sqs.eu-west-1.amazonaws.com/123456789012",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q/",
            "https://sqs.eu-west-1.amazonaws.com/12345/q",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo.x",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/.fifo",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q?x=1",
            "https://user:secret@sqs.eu-west-1.amazonaws.com/123456789012/q",
            "https://10.0.0.1/123456789012/q",
            "https://[::1]/123456789012/q",
            &long,
        ] {
            let parsed = parse_queue_url(text).unwrap();
            assert!(parsed.queue().is_none(), "{text}");
            assert!(!format!("{parsed:?}").contains("secret"));
        }
    }

    #[test]
    fn a_monstrous_value_gives_a_short_error() {
        let error = parse_queue_url(&"x".repeat(100_000)).unwrap_err();
        assert!(error.to_string().len() < 400);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in ".{0,200}", path in "[/a-z0-9.?#@:-]{0,60}") {
            let _ = parse_queue_url(&text);
            let _ = parse_queue_url(&format!("https://sqs.eu-west-1.amazonaws.com{path}"));
        }
    }
}
