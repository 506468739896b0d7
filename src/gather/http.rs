//! One unsigned HTTP request on a connection that was made before.
//!
//! It tells an AWS service from whatever else may listen there, and its `Date` tells the local clock's error.
//! Nothing secret is in it, so it is sent whatever the certificate is worth.

mod transport;

use std::pin::Pin;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::{http1, http2};
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

/// A connection that a request was answered on, as far as its answer was read; another may follow it.
pub struct Answered {
    sender: http1::SendRequest<Empty<Bytes>>,
    ending: Ending,
    _connection: Connection,
}

/// Sends `GET /` for `name` and reads the answer: its head, and the beginning of its body as far as it comes.
///
/// No redirect is followed and nothing is decompressed. Over HTTP/1.1, an answer that was read to its end leaves the
/// connection for a request more.
pub async fn request(
    bounds: &Bounds,
    name: &str,
    size: Size,
    stream: TlsStream<TcpStream>,
) -> (Observation<HttpSeen>, Option<Answered>) {
    let patience = bounds.timeout().min(bounds.left());
    let observation = bounds
        .observe(async {
            match attempt(name, size, stream, patience).await {
                Ok(seen) => Outcome::Seen(seen),
                Err(failure) => Outcome::Failed(failure),
            }
        })
        .await;
    let (seen, answered) = tcp::split(observation);
    (seen, answered.flatten())
}

/// Sends another request for `name` on a connection that has answered one, and waits for the head of an answer.
pub async fn another(
    bounds: &Bounds,
    name: &str,
    size: Size,
    mut answered: Answered,
) -> Observation<()> {
    bounds
        .observe(async {
            let request = match unsigned(name, size, false) {
                Ok(request) => request,
                Err(failure) => return Outcome::Failed(failure),
            };
            let exchanged = async {
                answered.sender.ready().await?;
                answered.sender.send_request(request).await
            };
            match exchanged.await {
                Ok(_) => Outcome::Seen(()),
                Err(error) => Outcome::Failed(failure(&error, &answered.ending)),
            }
        })
        .await
}

async fn attempt(
    name: &str,
    size: Size,
    stream: TlsStream<TcpStream>,
    patience: Duration,
) -> Result<(HttpSeen, Option<Answered>), Failure> {
    let began = Instant::now();
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (watched, ending) = Watched::new(stream);
    let request = unsigned(name, size, is_http2)?;
    let exchanged = if is_http2 {
        over_http2(watched, request).await
    } else {
        over_http1(watched, request).await
    };
    let exchange = exchanged.map_err(|error| failure(&error, &ending))?;
    let received_at = jiff::Timestamp::now();
    let (head, body) = exchange.response.into_parts();
    // The head is what matters: a body that stalls must not cost it.
    let body_until = (Instant::now() + BODY_PATIENCE).min(began + patience * 9 / 10);
    let (body, is_whole) = beginning(body, body_until).await;
    let answered = exchange.sender.filter(|_| is_whole).map(|sender| Answered {
        sender,
        ending,
        _connection: exchange.connection,
    });
    let seen = HttpSeen {
        code: head.status.as_u16(),
        headers: headers(&head.headers),
        body,
        received_at,
    };
    Ok((seen, answered))
}

/// A request that is being answered.
struct Exchange {
    response: Response<Incoming>,
    /// What sends the next one, over HTTP/1.1.
    sender: Option<http1::SendRequest<Empty<Bytes>>>,
    connection: Connection,
}

/// The task that drives a connection; it ends with whoever has use for it.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn over_http1(io: Watched, request: Request<Empty<Bytes>>) -> Result<Exchange, hyper::Error> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(4 * MAX_HEADERS)
        .handshake(TokioIo::new(io))
        .await?;
    let connection = Connection(tokio::spawn(async move {
        // What ends the connection also ends the request, which reports it.
        let _ = connection.await;
    }));
    Ok(Exchange {
        response: sender.send_request(request).await?,
        sender: Some(sender),
        connection,
    })
}

/// On the heap and out of the way: HTTP/2 takes much room, and is seldom agreed on.
#[inline(never)]
fn over_http2(
    io: Watched,
    request: Request<Empty<Bytes>>,
) -> Pin<Box<dyn Future<Output = Result<Exchange, hyper::Error>> + Send>> {
    Box::pin(http2_exchange(io, request))
}

async fn http2_exchange(
    io: Watched,
    request: Request<Empty<Bytes>>,
) -> Result<Exchange, hyper::Error> {
    let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(MAX_HEAD as u32)
        .handshake(TokioIo::new(io))
        .await?;
    let connection = Connection(tokio::spawn(async move {
        let _ = connection.await;
    }));
    Ok(Exchange {
        response: sender.send_request(request).await?,
        sender: None,
        connection,
    })
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

/// The beginning of a body: what has come until then, or until it is enough; and whether that is all of it.
async fn beginning(mut body: Incoming, until: Instant) -> (String, bool) {
    let mut bytes = Vec::new();
    let mut is_whole = body.is_end_stream();
    while !is_whole && bytes.len() < MAX_BODY && Instant::now() < until {
        match timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    let room = MAX_BODY - bytes.len();
                    bytes.extend(data.iter().take(room));
                }
                is_whole = body.is_end_stream();
            }
            Ok(None) => is_whole = true,
            Ok(Some(Err(_))) | Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (text, is_whole)
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
