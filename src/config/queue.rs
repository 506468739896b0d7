//! The queue's URL.

use url::Url;

use super::error::Problem;

/// A URL, kept as it was written: whether it is a queue's is for the diagnosis to say.
pub(super) fn queue_url(text: &str) -> Result<String, Problem> {
    const LONGEST: usize = 2048;
    let wrong = || {
        Problem::unexpected(
            "a queue's URL such as https://sqs.us-east-1.amazonaws.com/123456789012/canary",
            text,
        )
    };
    // The parser drops line breaks and tabs; a URL that is passed on as text may hold none.
    if text.len() > LONGEST || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong());
    }
    let Ok(url) = Url::parse(text) else {
        let meant = format!("https://{text}");
        let has_host = |url: &Url| url.host_str().is_some_and(|host| host.contains('.'));
        let meant = Url::parse(&meant).ok().filter(has_host).map(|_| meant);
        return Err(wrong().hinting(meant));
    };
    // `arn:aws:sqs:…` and `host:443/…` parse, and are not what anyone calls a URL.
    if url.cannot_be_a_base() || !text.contains("://") {
        return Err(wrong().hinting(from_arn(text)));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Not shown: what is before the @ is a secret.
        return Err(Problem::Conflict(
            "expected a URL without user name and password".to_owned(),
        ));
    }
    Ok(text.to_owned())
}

/// The URL of a queue that was named by its ARN.
fn from_arn(text: &str) -> Option<String> {
    let mut parts = text.splitn(6, ':').skip(1);
    let (_partition, service) = (parts.next()?, parts.next()?);
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let region = crate::catalog::Region::parse(region).ok()?;
    let suffix = &region.partition().dns_suffix;
    (service == "sqs").then(|| format!("https://sqs.{region}.{suffix}/{account}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_url_is_kept_as_it_is() {
        for url in [
            "https://sqs.us-east-1.amazonaws.com/123456789012/Canary.fifo",
            "https://queue.amazonaws.com/123456789012/q",
            "http://example.com",
            "https://example.com/not-a-queue",
        ] {
            assert_eq!(queue_url(url), Ok(url.to_owned()));
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        let kind = "expected a queue's URL such as https://sqs.us-east-1.amazonaws.com/123456789012/canary";
        for (text, said) in [
            ("", format!("{kind}, found nothing")),
            ("canary", format!("{kind}, found \"canary\"")),
            (
                "sqs.us-east-1.amazonaws.com/1/q",
                format!(
                    "{kind}, found \"sqs.us-east-1.amazonaws.com/1/q\"; did you mean https://sqs.us-east-1.amazonaws.com/1/q?"
                ),
            ),
            (
                "arn:aws:sqs:eu-west-1:123456789012:q",
                format!(
                    "{kind}, found \"arn:aws:sqs:eu-west-1:123456789012:q\"; did you mean https://sqs.eu-west-1.amazonaws.com/123456789012/q?"
                ),
            ),
            (
                "localhost:9324/q",
                format!("{kind}, found \"localhost:9324/q\""),
            ),
            ("https://a b/", format!("{kind}, found \"https://a b/\"")),
            (
                "https://a.com/\n1",
                format!("{kind}, found \"https://a.com/\\n1\""),
            ),
            (
                "https://k:s@a.com/1/q",
                "expected a URL without user name and password".to_owned(),
            ),
        ] {
            assert_eq!(queue_url(text).unwrap_err().to_string(), said);
        }
        assert!(queue_url(&format!("https://a.com/{}", "a".repeat(3000))).is_err());
    }
}
