//! What an AWS client's error was, told apart for the rules.

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::facts::{Failure, FailureKind, ServiceError};
use crate::gather::tcp;

/// The longest text of a service that is kept.
const LONGEST_MESSAGE: usize = 2048;
/// The longest text about a failure that is kept.
const LONGEST_DETAIL: usize = 512;
/// How deep errors are nested at the most; a guard against circles.
const DEEPEST: usize = 16;

/// What failed when `host` was called, and the service's own error where it answered with one.
pub(in crate::gather) fn of_call<E>(
    host: &str,
    error: &SdkError<E, HttpResponse>,
) -> (Failure, Option<ServiceError>)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let failure = |kind, detail: &str| Failure::new(kind, clip(&format!("{host}: {detail}")));
    match error {
        SdkError::ServiceError(context) => {
            answered(host, Some(context.err()), context.raw(), error)
        }
        SdkError::ResponseError(context) => answered(host, None::<&E>, context.raw(), error),
        SdkError::TimeoutError(_) => (failure(FailureKind::Timeout, "no answer in time"), None),
        SdkError::DispatchFailure(dispatch) => {
            if let Some(failure) = cause::<io::Error>(error).and_then(tcp::without_socket) {
                return (failure, None);
            }
            let kind = match dispatch.as_connector_error() {
                Some(error) if error.is_timeout() => FailureKind::Timeout,
                _ => kind_of_transport(error),
            };
            (failure(kind, &root_of(error)), None)
        }
        _ => (failure(FailureKind::Other, &text_of(error)), None),
    }
}

/// The kind of failure behind an error of the transport.
pub(in crate::gather) fn kind_of_transport(error: &(dyn Error + 'static)) -> FailureKind {
    for cause in causes(error) {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return match error {
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                    FailureKind::Untrusted
                }
                rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)
                | rustls::Error::PeerIncompatible(_) => FailureKind::TooOld,
                rustls::Error::AlertReceived(_) => FailureKind::Alert,
                _ => FailureKind::Malformed,
            };
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            if error.is_timeout() {
                return FailureKind::Timeout;
            }
            if error.is_parse() {
                return FailureKind::Malformed;
            }
            if error.is_incomplete_message() {
                return FailureKind::Reset;
            }
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            match error.kind() {
                io::ErrorKind::TimedOut => return FailureKind::Timeout,
                io::ErrorKind::ConnectionRefused => return FailureKind::Refused,
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => return FailureKind::Reset,
                io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable => return FailureKind::Unreachable,
                _ => {}
            }
        }
    }
    FailureKind::Other
}

/// The kind of failure an AWS error code stands for.
///
/// The codes are those of "Error codes for the Amazon EC2 API" and of the common errors in the Amazon SQS and
/// AWS STS API references.
pub(in crate::gather) fn kind_of_code(code: &str) -> FailureKind {
    match code {
        "UnauthorizedOperation" | "AuthorizationError" | "NotAuthorized" => FailureKind::Denied,
        code if code.starts_with("AccessDenied") => FailureKind::Denied,
        "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "KMS.ThrottlingException"
        | "KmsThrottled" => FailureKind::Throttled,
        code if code.starts_with("Throttl") => FailureKind::Throttled,
        "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IDPCommunicationError"
        | "IDPRejectedClaim"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidIdentityToken"
        | "InvalidSignatureException"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient"
        | "UnrecognizedClientException" => FailureKind::Credentials,
        _ => FailureKind::Service,
    }
}

/// An error and everything behind it, joined; bounded.
pub(in crate::gather) fn text_of(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    clip(&texts.join(": ")).to_owned()
}

/// The innermost cause in words; how the layers around it are called says nothing to people.
fn root_of(error: &(dyn Error + 'static)) -> String {
    let texts: Vec<String> = causes(error).map(|cause| cause.to_string()).collect();
    let limit = texts.iter().find(|text| text.contains("timeout occurred"));
    let root = limit.or_else(|| texts.iter().rev().find(|text| !text.is_empty()));
    root.map(|text| clip(text).to_owned()).unwrap_or_default()
}

/// The first cause of this type.
pub(in crate::gather) fn cause<'a, T: Error + 'static>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref::<T>())
}

/// The beginning of a text, at the most as long as a detail may be.
fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_DETAIL)]
}

/// An error and what is behind it, the inside of input and output errors as well.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let next = |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> {
        let error: &'a (dyn Error + 'static) = *error;
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    };
    std::iter::successors(Some(error), next).take(DEEPEST)
}

/// What an answer that is no success comes to: an AWS error, or something that is none.
fn answered<E: ProvideErrorMetadata>(
    host: &str,
    known: Option<&E>,
    raw: &HttpResponse,
    error: &(dyn Error + 'static),
) -> (Failure, Option<ServiceError>) {
    if let Some(error) = service_error(known, raw) {
        let detail = format!("{host}: {}", in_words(&error));
        let failure = Failure::new(kind_of_code(&error.code), clip(&detail));
        return (failure, Some(error));
    }
    let kind = match kind_of_transport(error) {
        FailureKind::Other => FailureKind::Malformed,
        kind => kind,
    };
    let status = raw.status().as_u16();
    let detail = format!("{host}: HTTP {status}, and its body is no answer of an AWS service");
    (Failure::new(kind, clip(&detail)), None)
}

/// The error an AWS service answered with; none where the answer has no error code.
///
/// What an emulator answers in another protocol's format may still name a code.
fn service_error<E: ProvideErrorMetadata>(
    error: Option<&E>,
    raw: &HttpResponse,
) -> Option<ServiceError> {
    let header = |name: &str| raw.headers().get(name).map(str::to_owned);
    let known = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let in_body = || code_in_body(raw);
    let code = error
        .and_then(|error| known(error.code()))
        .or_else(|| header("x-amzn-query-error").and_then(|value| known(value.split(';').next())))
        .or_else(|| header("x-amzn-errortype").and_then(|value| known(value.split(':').next())))
        .or_else(|| in_body().map(|(code, _)| code))?;
    let message = error
        .and_then(|error| known(error.message()))
        .or_else(|| in_body().map(|(_, message)| message))
        .unwrap_or_default();
    Some(ServiceError {
        status: Some(raw.status().as_u16()),
        code: code[..code.floor_char_boundary(128)].to_owned(),
        message: message[..message.floor_char_boundary(LONGEST_MESSAGE)].to_owned(),
        request_id: header("x-amzn-requestid")
            .or_else(|| header("x-amz-request-id"))
            .or_else(|| {
                error.and_then(|error| error.meta().extra("aws_request_id").map(str::to_owned))
            })
            .map(|id| id[..id.floor_char_boundary(128)].to_owned()),
        date: header("date").and_then(|date| http_date(&date)),
    })
}

/// Code and message of an error in XML, as the Query protocol has them.
fn code_in_body(raw: &HttpResponse) -> Option<(String, String)> {
    let body = String::from_utf8_lossy(raw.body().bytes()?);
    let within = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.trim().to_owned())
    };
    let code = within("Code").filter(|code| {
        !code.is_empty() && code.len() <= 128 && !code.contains(char::is_whitespace)
    })?;
    Some((code, within("Message").unwrap_or_default()))
}

fn in_words(error: &ServiceError) -> String {
    match error.message.as_str() {
        "" => error.code.clone(),
        message => format!("{}: {message}", error.code),
    }
}

/// The moment of an HTTP `Date` header.
fn http_date(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text.trim())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for (code, kind) in [
            ("UnauthorizedOperation", FailureKind::Denied),
            ("AccessDeniedException", FailureKind::Denied),
            ("KMS.AccessDeniedException", FailureKind::Service),
            ("RequestLimitExceeded", FailureKind::Throttled),
            ("Throttling", FailureKind::Throttled),
            ("ExpiredToken", FailureKind::Credentials),
            ("AuthFailure", FailureKind::Credentials),
            (
                "AWS.SimpleQueueService.NonExistentQueue",
                FailureKind::Service,
            ),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }

    #[test]
    fn causes_are_found_inside_input_and_output_errors() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let outer = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert_eq!(kind_of_transport(&outer), FailureKind::Untrusted);
        assert!(cause::<rustls::Error>(&outer).is_some());
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(
            kind_of_transport(&io::Error::other(refused)),
            FailureKind::Refused
        );
    }

    #[test]
    fn dates_of_http_are_read() {
        let date = http_date("Sat, 21 Nov 2026 05:00:00 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-11-21T05:00:00Z");
        assert!(http_date("yesterday").is_none());
    }

    #[test]
    fn texts_are_bounded_at_a_letters_end() {
        let error = io::Error::other("é".repeat(5000));
        assert!(text_of(&error).len() <= LONGEST_DETAIL);
    }
}
