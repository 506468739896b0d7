//! One unsigned HTTP request on a connection that was made before.
//!
//! It tells an AWS service from whatever else may listen there, and its `Date` tells the local clock's error.
//! Nothing secret is in it, so it is sent whatever the certificate is worth.

mod transport;

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::{Bounds, tcp};
use crate::facts::http::HttpSeen;
use crate::facts::{Failure, FailureKind, Observation, Outcome};
use transport::{Ending, Watched};

/// The size of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// It fits one packet.
    Small,
    /// It is of more than 9000 bytes (over HTTP/1.1; HTTP/2 packs it), the largest packet there is inside a VPC
    /// (Amazon EC2 user guide, "Network maximum transmission unit"); an interface endpoint takes 8500 (AWS
    /// PrivateLink guide, "Access AWS services through AWS PrivateLink: considerations").
    Large,
}

/// The most headers kept.
const MAX_HEADERS: usize = 64;
/// The most characters kept of a header's value.
const MAX_VALUE: usize = 512;
/// The most bytes kept of a body.
const MAX_BODY: usize = 2048;
/// The most bytes of a response's head that are read at all.
const MAX_HEAD: usize = 64 * 1024;
/// The longest wait for a body whose head has come.
const BODY_PATIENCE: Duration = Duration::from_millis(500);
/// The bytes that a large request carries beyond a small one: with them it fills a packet of any network in use.
const PADDING: usize = 9 * 1024;
/// The header that makes a large request large.
const PADDING_HEADER: HeaderName = HeaderName::from_static("x-vpcheck-padding");

/// Sends `GET /` for `name` and reads the answer: its head, and the beginning of its body as far as it comes.
///
/// No redirect is followed and nothing is decompressed.
pub async fn request(
    bounds: &Bounds,
    name: &str,
    size: Size,
    stream: TlsStream<TcpStream>,
) -> Observation<HttpSeen> {
    let patience = bounds.timeout().min(bounds.left());
    bounds
        .observe(async {
            match attempt(name, size, stream, patience).await {
                Ok(seen) => Outcome::Seen(seen),
                Err(failure) => Outcome::Failed(failure),
            }
        })
        .await
}

async fn attempt(
    name: &str,
    size: Size,
    stream: TlsStream<TcpStream>,
    patience: Duration,
) -> Result<HttpSeen, Failure> {
    let began = Instant::now();
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (watched, ending) = Watched::new(stream);
    let request = unsigned(name, size, is_http2)?;
    let exchanged = if is_http2 {
        over_http2(watched, request).await
    } else {
        over_http1(watched, request).await
    };
    let (response, _connection) = exchanged.map_err(|error| failure(&error, &ending))?;
    let received_at = jiff::Timestamp::now();
    let (head, body) = response.into_parts();
    // The head is what matters: a body that stalls must not cost it.
    let body_until = (Instant::now() + BODY_PATIENCE).min(began + patience * 9 / 10);
    Ok(HttpSeen {
        code: head.status.as_u16(),
        headers: headers(&head.headers),
        body: beginning(body, body_until).await,
        received_at,
    })
}

/// The task that drives a connection; it ends with the request.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn over_http1(
    io: Watched,
    request: Request<Empty<Bytes>>,
) -> Result<(Response<Incoming>, Connection), hyper::Error> {
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(4 * MAX_HEADERS)
        .handshake(TokioIo::new(io))
        .await?;
    let connection = Connection(tokio::spawn(async move {
        // What ends the connection also ends the request, which reports it.
        let _ = connection.await;
    }));
    Ok((sender.send_request(request).await?, connection))
}

async fn over_http2(
    io: Watched,
    request: Request<Empty<Bytes>>,
) -> Result<(Response<Incoming>, Connection), hyper::Error> {
    let (mut sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(MAX_HEAD as u32)
        .handshake(TokioIo::new(io))
        .await?;
    let connection = Connection(tokio::spawn(async move {
        let _ = connection.await;
    }));
    Ok((sender.send_request(request).await?, connection))
}

fn unsigned(name: &str, size: Size, is_http2: bool) -> Result<Request<Empty<Bytes>>, Failure> {
    let host = match name.parse() {
        Ok(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        _ => name.to_owned(),
    };
    let mut request = Request::get("/");
    if is_http2 {
        request = request
            .uri(format!("https://{host}/"))
            .version(Version::HTTP_2);
    } else {
        request = request.header(HOST, host);
    }
    request = request
        .header(USER_AGENT, concat!("vpcheck/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "*/*");
    if size == Size::Large {
        request = request.header(PADDING_HEADER, "0".repeat(PADDING));
    }
    request.body(Empty::new()).map_err(|error| {
        Failure::new(
            FailureKind::Other,
            format!("the request cannot be written: {error}"),
        )
    })
}

fn headers(headers: &HeaderMap<HeaderValue>) -> Vec<(String, String)> {
    headers
        .iter()
        .take(MAX_HEADERS)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let name = name.as_str().chars().take(MAX_VALUE).collect();
            (name, value.chars().take(MAX_VALUE).collect())
        })
        .collect()
}

/// The beginning of a body: what has come until then, or until it is enough.
async fn beginning(mut body: Incoming, until: Instant) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_BODY && Instant::now() < until {
        let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await else {
            break;
        };
        if let Some(data) = frame.data_ref() {
            let room = MAX_BODY - bytes.len();
            bytes.extend(data.iter().take(room));
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn failure(error: &hyper::Error, ending: &Ending) -> Failure {
    let text = tcp::bounded(&full_text(error));
    match ending.get() {
        // What the peer sent was no HTTP, whatever became of the connection then.
        _ if error.is_parse() => Failure::new(FailureKind::Malformed, text),
        Some(failure) => failure,
        None if error.is_user() || error.is_canceled() => Failure::new(FailureKind::Other, text),
        None => Failure::new(FailureKind::Malformed, text),
    }
}

fn full_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
