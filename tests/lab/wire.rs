//! HTTP/1.1 as the lab's servers speak it: bounded, keep-alive, nothing else; and how long any of them takes to answer.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::http::{HttpRequest, HttpResponse};

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Waits as long as the world says. Not at all is no wait: a timer of tokio's takes a millisecond or two at the least.
pub async fn delayed(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// A request off the wire, with what it took there.
pub struct Received {
    /// The request.
    pub request: HttpRequest,
    /// Bytes of head and body.
    pub size: usize,
    /// Whether the client wants to go on on this connection.
    pub keep_alive: bool,
}

/// Reads one request; none where the client closed between requests. `buffer` carries over what came early.
pub async fn read<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
    server_address: IpAddr,
    client_address: IpAddr,
) -> io::Result<Option<Received>> {
    let (head, mut request, keep_alive, length) = loop {
        if let Some(parsed) = parse(buffer)? {
            break parsed;
        }
        if buffer.len() > MAX_HEAD {
            return Err(io::Error::other("the request's head is too large"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return match buffer.is_empty() {
                true => Ok(None),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
    };
    request.server_address = server_address;
    request.client_address = client_address;
    if request
        .header("expect")
        .is_some_and(|v| v.eq_ignore_ascii_case("100-continue"))
    {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    buffer.drain(..head);
    let chunked = request
        .header("transfer-encoding")
        .is_some_and(|v| v.contains("chunked"));
    let wire_length = if chunked {
        read_chunked(stream, buffer, &mut request.body).await?
    } else {
        length
    };
    if !chunked {
        if length > MAX_BODY {
            return Err(io::Error::other("the request's body is too large"));
        }
        while buffer.len() < length {
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        request.body = buffer.drain(..length).collect();
    }
    Ok(Some(Received {
        request,
        size: head + wire_length,
        keep_alive,
    }))
}

/// Writes a response; `date` is the clock the service goes by.
pub async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    response: &HttpResponse,
    head_only: bool,
    keep_alive: bool,
    date: Option<&str>,
) -> io::Result<()> {
    let bytes = bytes(response, head_only, keep_alive, date);
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// A response as it goes over the wire.
pub fn bytes(
    response: &HttpResponse,
    head_only: bool,
    keep_alive: bool,
    date: Option<&str>,
) -> Vec<u8> {
    let given = |name: &str| {
        response
            .headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    let reason = http::StatusCode::from_u16(response.status)
        .ok()
        .and_then(|s| s.canonical_reason())
        .unwrap_or("Unknown");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", response.status);
    if let Some(date) = date.filter(|_| !given("date")) {
        head.push_str(&format!("Date: {date}\r\n"));
    }
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !given("content-length") {
        head.push_str(&format!("Content-Length: {}\r\n", response.body.len()));
    }
    head.push_str(if keep_alive {
        "\r\n"
    } else {
        "Connection: close\r\n\r\n"
    });
    let mut bytes = head.into_bytes();
    if !head_only {
        bytes.extend_from_slice(&response.body);
    }
    bytes
}

type Head = (usize, HttpRequest, bool, usize);

fn parse(buffer: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let head = match parsed.parse(buffer).map_err(io::Error::other)? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    let target = parsed.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = HttpRequest {
        method: parsed.method.unwrap_or("GET").to_ascii_uppercase(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|h| {
                (
                    h.name.to_ascii_lowercase(),
                    String::from_utf8_lossy(h.value).trim().to_owned(),
                )
            })
            .collect(),
        body: Vec::new(),
        server_address: IpAddr::from([0, 0, 0, 0]),
        client_address: IpAddr::from([0, 0, 0, 0]),
    };
    let length = match request.header("content-length") {
        Some(text) => text.parse().map_err(io::Error::other)?,
        None => 0,
    };
    let close = request
        .header("connection")
        .is_some_and(|v| v.eq_ignore_ascii_case("close"));
    Ok(Some((
        head,
        request,
        !close && parsed.version == Some(1),
        length,
    )))
}

async fn read_chunked<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> io::Result<usize> {
    let mut taken = 0;
    loop {
        match httparse::parse_chunk_size(buffer)
            .map_err(|_| io::Error::other("not a chunk size"))?
        {
            httparse::Status::Complete((line, size)) => {
                let size = usize::try_from(size).map_err(io::Error::other)?;
                let end = line + size + 2;
                if body.len() + size > MAX_BODY {
                    return Err(io::Error::other("the request's body is too large"));
                }
                while buffer.len() < end {
                    if stream.read_buf(buffer).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                body.extend_from_slice(&buffer[line..line + size]);
                buffer.drain(..end);
                taken += end;
                if size == 0 {
                    return Ok(taken);
                }
            }
            httparse::Status::Partial => {
                if stream.read_buf(buffer).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
}
