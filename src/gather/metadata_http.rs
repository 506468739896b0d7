//! The smallest HTTP client that metadata services need: plain, direct, bounded in size.
//!
//! Never through a proxy, whatever the variables say: metadata addresses are the host's own
//! ("Instance metadata and user data" in the EC2 user guide). Time is bounded by the caller.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::header::{HOST, HeaderName};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::tcp;
use crate::facts::{Failure, FailureKind};

/// A connection to a metadata service; requests follow one another on it. It is read and written by who waits for the
/// answer: between requests nothing happens on it.
#[derive(Debug)]
pub struct Connection {
    sender: http1::SendRequest<Empty<Bytes>>,
    driver: http1::Connection<TokioIo<Metered>, Empty<Bytes>>,
    /// The driver has ended, and is not to be asked again.
    is_over: bool,
    authority: String,
    heard: Arc<AtomicUsize>,
}

/// The most that is read on one connection: interim answers (1xx) may come without an end.
const MOST: usize = 2 * 1024 * 1024;

/// What a metadata service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body, within the limit that was asked for.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects; `authority` is what the `Host` header says.
    pub async fn open(address: SocketAddr, authority: &str) -> Result<Connection, Failure> {
        let stream = tcp::patiently(|| TcpStream::connect(address))
            .await
            .map_err(|error| io_failure("connect", address, &error))?;
        let heard = Arc::new(AtomicUsize::new(0));
        let stream = Metered {
            stream,
            heard: Arc::clone(&heard),
        };
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(64 * 1024)
            .max_headers(64)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| http_failure(&error))?;
        Ok(Connection {
            sender,
            driver,
            is_over: false,
            authority: authority.to_owned(),
            heard,
        })
    }

    /// True once anything at all came back on this connection.
    pub fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed) > 0
    }

    /// True where the peer was seen to close.
    pub fn is_closed(&self) -> bool {
        self.is_over
    }

    /// One request and its whole answer; a body longer than `limit` bytes is an error.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        header: Option<(HeaderName, &str)>,
        limit: usize,
    ) -> Result<Reply, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request
            .body(Empty::new())
            .map_err(|error| Failure::new(FailureKind::Malformed, error.to_string()))?;
        let sender = &mut self.sender;
        let mut exchange = pin!(async {
            sender.ready().await.map_err(|error| http_failure(&error))?;
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| http_failure(&error))?;
            whole(response, limit).await
        });
        let (driver, is_over) = (&mut self.driver, &mut self.is_over);
        poll_fn(|context| {
            if let Poll::Ready(reply) = exchange.as_mut().poll(context) {
                return Poll::Ready(reply);
            }
            if !*is_over {
                // Its error is the one that the exchange gets as well.
                *is_over = Pin::new(&mut *driver).poll(context).is_ready();
            }
            exchange.as_mut().poll(context)
        })
        .await
    }
}

/// An answer to its end.
async fn whole(response: Response<Incoming>, limit: usize) -> Result<Reply, Failure> {
    let status = response.status();
    let body = Limited::new(response.into_body(), limit)
        .collect()
        .await
        .map_err(|error| match error.downcast_ref::<hyper::Error>() {
            Some(error) => http_failure(error),
            None => Failure::new(
                FailureKind::Malformed,
                format!("an answer longer than {limit} bytes"),
            ),
        })?;
    Ok(Reply {
        status,
        body: body.to_bytes().to_vec(),
    })
}

/// The failure that an HTTP status other than success stands for.
pub fn status_failure(status: StatusCode) -> Failure {
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FailureKind::Denied,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => FailureKind::Throttled,
        _ => FailureKind::Service,
    };
    Failure::new(kind, format!("HTTP status {}", status.as_u16()))
}

/// A connection that counts what it hears, and hears only so much.
#[derive(Debug)]
struct Metered {
    stream: TcpStream,
    heard: Arc<AtomicUsize>,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.heard.load(Ordering::Relaxed) > MOST {
            let error = format!("no end of the answers within {MOST} bytes");
            return Poll::Ready(Err(io::Error::other(error)));
        }
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        let more = buffer.filled().len().saturating_sub(before);
        self.heard.fetch_add(more, Ordering::Relaxed);
        poll
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn http_failure(error: &hyper::Error) -> Failure {
    use std::error::Error;
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Failure::new(io_kind(io), io.to_string());
        }
        source = cause.source();
    }
    let kind = match () {
        () if error.is_parse() => FailureKind::Malformed,
        () if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
            FailureKind::Reset
        }
        () => FailureKind::Other,
    };
    Failure::new(kind, error.to_string())
}

fn io_failure(operation: &str, address: SocketAddr, error: &std::io::Error) -> Failure {
    Failure::new(io_kind(error), format!("{operation} {address}: {error}"))
}

fn io_kind(error: &std::io::Error) -> FailureKind {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => FailureKind::Refused,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => FailureKind::Reset,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            FailureKind::Unreachable
        }
        ErrorKind::TimedOut => FailureKind::Timeout,
        _ => FailureKind::Other,
    }
}
