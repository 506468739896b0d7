//! What may be named as a target.

use url::{Host, Url};

use super::error::Problem;
use super::network::hostname;
use crate::catalog::Catalog;

/// A target as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetArg {
    /// A service of the catalogue, by id.
    CatalogId(String),
    /// A hostname, in lower case, without a trailing dot.
    Hostname(String),
}

/// A catalogue id, a hostname or an `https://` URL.
///
/// A name with a trailing dot is a hostname, whatever it resembles.
pub(super) fn target(text: &str) -> Result<TargetArg, Problem> {
    const EXPECTED: &str = "a service such as sqs, a hostname or an https:// URL";
    if text.contains("://") {
        return url(text).map(TargetArg::Hostname);
    }
    let catalog = Catalog::get();
    let id = text.to_ascii_lowercase();
    if catalog.service(&id).is_some() {
        return Ok(TargetArg::CatalogId(id));
    }
    if let Some(service) = named_by_endpoint(&id) {
        return Err(Problem::unexpected(EXPECTED, text).hinting(service));
    }
    let near = catalog.nearest(&id);
    match hostname(text) {
        // `ecr.dkrr` is a hostname by its form only.
        Some(_) if near.is_some() && !text.ends_with('.') => {}
        Some(name) => return Ok(TargetArg::Hostname(name)),
        None => {}
    }
    Err(Problem::unexpected(EXPECTED, text).hinting(near))
}

/// The host of an `https://` URL.
fn url(text: &str) -> Result<String, Problem> {
    let url = Url::parse(text).map_err(|_| {
        Problem::unexpected("a URL such as https://sqs.us-east-1.amazonaws.com", text)
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        // Not shown: what is before the @ is a secret.
        return Err(Problem::Conflict(
            "expected a URL without user name and password".to_owned(),
        ));
    }
    if url.scheme() != "https" {
        return Err(Problem::unexpected("a URL that starts with https://", text));
    }
    if url.port().is_some() {
        return Err(Problem::unexpected(
            "a URL without a port: only 443 is checked",
            text,
        ));
    }
    let name = match url.host() {
        Some(Host::Domain(name)) => hostname(name),
        _ => None,
    };
    name.ok_or_else(|| Problem::unexpected("a URL with a hostname, not an address", text))
}

/// The service of an endpoint service name, which is no hostname though it looks like one.
///
/// Some if the text is such a name at all; within, the id if the catalogue has it.
fn named_by_endpoint(text: &str) -> Option<Option<&'static str>> {
    let rest = ["com.amazonaws.", "cn.com.amazonaws.", "aws.api."]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))?;
    let service = rest
        .split_once('.')
        .and_then(|(_, id)| Catalog::get().service(id));
    Some(service.map(|service| service.id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_target() {
        let id = |id: &str| TargetArg::CatalogId(id.to_owned());
        let host = |name: &str| TargetArg::Hostname(name.to_owned());
        for (text, wanted) in [
            ("sqs", id("sqs")),
            ("SQS", id("sqs")),
            ("ecr.dkr", id("ecr.dkr")),
            (
                "sqs.us-east-1.amazonaws.com",
                host("sqs.us-east-1.amazonaws.com"),
            ),
            ("example.com", host("example.com")),
            ("ecr.dkrr.", host("ecr.dkrr")),
            (
                "https://sqs.us-east-1.amazonaws.com/1/q?x#y",
                host("sqs.us-east-1.amazonaws.com"),
            ),
            (
                "https://sqs.us-east-1.amazonaws.com:443",
                host("sqs.us-east-1.amazonaws.com"),
            ),
            ("HTTPS://Example.COM.", host("example.com")),
        ] {
            assert_eq!(target(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn every_catalogue_id_is_a_target() {
        for service in Catalog::get().services() {
            assert_eq!(
                target(service.id()),
                Ok(TargetArg::CatalogId(service.id().to_owned()))
            );
        }
    }

    #[test]
    fn what_may_not() {
        let kinds = "expected a service such as sqs, a hostname or an https:// URL";
        for (text, said) in [
            ("", format!("{kinds}, found nothing")),
            ("sqss", format!("{kinds}, found \"sqss\"; did you mean sqs?")),
            ("efs", format!("{kinds}, found \"efs\"; did you mean elasticfilesystem?")),
            ("ecr.dkrr", format!("{kinds}, found \"ecr.dkrr\"; did you mean ecr.dkr?")),
            ("com.amazonaws.us-east-1.sqs", format!("{kinds}, found \"com.amazonaws.us-east-1.sqs\"; did you mean sqs?")),
            ("localhost", format!("{kinds}, found \"localhost\"")),
            ("10.0.0.1", format!("{kinds}, found \"10.0.0.1\"")),
            ("sqs.us-east-1.amazonaws.com:443", format!("{kinds}, found \"sqs.us-east-1.amazonaws.com:443\"")),
            ("http://example.com", "expected a URL that starts with https://, found \"http://example.com\"".to_owned()),
            ("https://", "expected a URL such as https://sqs.us-east-1.amazonaws.com, found \"https://\"".to_owned()),
            ("https://10.0.0.1", "expected a URL with a hostname, not an address, found \"https://10.0.0.1\"".to_owned()),
            ("https://[::1]/", "expected a URL with a hostname, not an address, found \"https://[::1]/\"".to_owned()),
            ("https://example.com:8443", "expected a URL without a port: only 443 is checked, found \"https://example.com:8443\"".to_owned()),
            ("https://me:secret@example.com", "expected a URL without user name and password".to_owned()),
            ("ftp://me:secret@example.com", "expected a URL without user name and password".to_owned()),
        ] {
            assert_eq!(target(text).unwrap_err().to_string(), said);
        }
    }
}
