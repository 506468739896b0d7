//! Servers on a bad day: they stall half-way, answer a byte a second, without end, or nothing that makes sense.
//!
//! Each manner is a word that a world's description may use where it says how a server behaves: [`HTTP`] for endpoints,
//! metadata and the two APIs, [`TLS`] for an endpoint's handshake, [`DNS`] for a name's answers.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_proto::op::Message;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::http::{HttpRequest, HttpResponse};

/// Manners of answering a request.
pub const HTTP: &[&str] = &[
    // The answer itself, but not all of it, or not soon.
    "drip",
    "stall-head",
    "stall-body",
    "reset-head",
    "reset-body",
    "short-head",
    "short-body",
    // Answers without an end.
    "huge-body",
    "endless-chunks",
    "endless-headers",
    "endless-header",
    "endless-continue",
    "gzip-bomb",
    // Answers that make no sense.
    "bad-chunks",
    "bad-length",
    "two-lengths",
    "bad-status",
    "control-bytes",
    "noise",
    "redirect-loop",
    "switch-protocols",
    "unavailable",
];

/// Manners of answering a ClientHello.
pub const TLS: &[&str] = &[
    "tls-noise",
    "tls-close",
    "tls-drip",
    "tls-endless-handshake",
    "tls-endless-warnings",
    "tls-large-record",
    "tls-plain-http",
];

/// Manners of answering a question.
pub const DNS: &[&str] = &[
    "noise",
    "empty",
    "header-only",
    "wrong-id",
    "other-question",
    "lying-counts",
    "lying-length",
    "pointer-loop",
    "alias-loop",
    "many-addresses",
    "hostile-names",
    "flood",
    "tcp-silent",
    "tcp-close",
    "tcp-reset",
    "tcp-half",
    "tcp-drip",
    "tcp-lying-length",
    "tcp-noise",
];

/// What becomes of the connection afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
}

const STALL: Duration = Duration::from_secs(600);
const DRIP: Duration = Duration::from_secs(1);
const HUGE: usize = 100 * 1024 * 1024;

/// Answers in a manner of [`HTTP`]; `whole` is the right answer as it would have gone over the wire.
pub async fn respond<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    manner: &str,
    whole: &[u8],
) -> io::Result<Then> {
    let head = whole
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map_or(whole.len(), |at| at + 4);
    let half = head + (whole.len() - head) / 2;
    match manner {
        "drip" => {
            for byte in whole {
                send(stream, &[*byte]).await?;
                tokio::time::sleep(DRIP).await;
            }
        }
        "stall-head" => return stalled(stream, &whole[..head / 2]).await,
        "stall-body" => return stalled(stream, &longer(whole, head, half)).await,
        "reset-head" => {
            send(stream, &whole[..head / 2]).await?;
            return Ok(Then::Reset);
        }
        "short-head" => send(stream, &whole[..head / 2]).await?,
        "reset-body" => {
            send(stream, &longer(whole, head, half)).await?;
            return Ok(Then::Reset);
        }
        "short-body" => send(stream, &longer(whole, head, half)).await?,
        "huge-body" => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {HUGE}\r\n\r\n"
            );
            send(stream, head.as_bytes()).await?;
            repeat(stream, &[b'a'; 64 * 1024], HUGE / (64 * 1024)).await?;
        }
        "endless-chunks" => {
            send(
                stream,
                b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n",
            )
            .await?;
            let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
            repeat(stream, chunk.as_bytes(), usize::MAX).await?;
        }
        "endless-headers" => {
            send(stream, b"HTTP/1.1 200 OK\r\n").await?;
            repeat(stream, b"X-Again: and again and again\r\n", usize::MAX).await?;
        }
        "endless-header" => {
            send(stream, b"HTTP/1.1 200 OK\r\nX-Long: ").await?;
            repeat(stream, &[b'a'; 4096], usize::MAX).await?;
        }
        "endless-continue" => {
            // Paced, as a network would: unpaced, the two ends of it take every processor there is.
            let many = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
            loop {
                send(stream, &many).await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        "gzip-bomb" => {
            send(stream, b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            // A gzip header, then stored-as-run blocks of zeros as a deflate stream of 1032:1 would begin.
            let mut bomb = vec![
                0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xec, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90,
            ];
            bomb.extend([0; 0x3000]);
            let mut chunk = format!("{:x}\r\n", bomb.len()).into_bytes();
            chunk.extend(&bomb);
            chunk.extend(b"\r\n");
            repeat(stream, &chunk, 4000).await?;
        }
        "bad-chunks" => {
            send(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n-5\r\n\r\nzz\r\n").await?;
            return stalled(stream, b"").await;
        }
        "bad-length" => {
            send(
                stream,
                b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nabc",
            )
            .await?
        }
        "two-lengths" => {
            send(
                stream,
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
            )
            .await?
        }
        "bad-status" => send(stream, b"HTTP/1.1 999999 \xff\xfe\r\n\r\n").await?,
        "control-bytes" => {
            let text = "HTTP/1.1 200 OK\r\nServer: \u{1b}[31mred\u{1b}]0;title\u{7}\r\nX-Amzn-RequestId: \u{202e}evil\r\nContent-Length: 9\r\n\r\n\u{1b}[2J\u{0}\u{7f}\u{8}\r\n";
            send(stream, text.as_bytes()).await?;
        }
        "noise" => {
            let noise = noise(4096);
            send(stream, &noise).await?;
        }
        "redirect-loop" => {
            send(
                stream,
                b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            )
            .await?
        }
        "switch-protocols" => {
            send(stream, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chaos\r\nConnection: upgrade\r\n\r\n").await?;
            return stalled(stream, b"").await;
        }
        _ => {
            send(
                stream,
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nlate",
            )
            .await?
        }
    }
    Ok(Then::Close)
}

/// An error that quotes the request's headers, in the form of every protocol at once, and in headers of its own.
pub fn echo(request: &HttpRequest) -> HttpResponse {
    let quoted: Vec<String> = (request.headers.iter())
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let quoted = quoted.join("; ");
    let is_query = request.header("content-type") == Some("application/x-www-form-urlencoded");
    let mut response = match is_query {
        true => HttpResponse::new(
            400,
            "text/xml",
            format!(
                "<Response><Errors><Error><Code>InvalidHeader</Code><Message>not understood: {quoted}</Message></Error></Errors><RequestID>{quoted}</RequestID></Response>"
            ),
        ),
        false => HttpResponse::new(
            400,
            "application/x-amz-json-1.0",
            serde_json::json!({"__type": "com.amazonaws.sqs#InvalidHeader", "message": format!("not understood: {quoted}")}).to_string(),
        ),
    };
    for (name, value) in &request.headers {
        response = response.with(&format!("x-amzn-echo-{name}"), value.clone());
    }
    let token = request
        .header("x-amz-security-token")
        .or(request.header("authorization"));
    response.with("x-amzn-requestid", token.unwrap_or("none"))
}

/// An address of nobody that redirects lead to.
pub const AWAY: &str = "10.9.9.9";

/// A redirect to another host.
pub fn redirect_away() -> HttpResponse {
    HttpResponse {
        status: 307,
        headers: vec![
            ("Location".into(), format!("https://{AWAY}/elsewhere")),
            (
                "x-amzn-requestid".into(),
                "00000000-0000-0000-0000-000000000000".into(),
            ),
        ],
        body: Vec::new(),
    }
}

/// The first half of the answer, its length said as a longer one's.
fn longer(whole: &[u8], head: usize, half: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(&whole[..head]).into_owned();
    let lines = text.split("\r\n").filter(|line| {
        !line.is_empty() && !line.to_ascii_lowercase().starts_with("content-length")
    });
    let mut out: String = lines.map(|line| format!("{line}\r\n")).collect();
    out.push_str(&format!(
        "Content-Length: {}\r\n\r\n",
        whole.len() - head + 100
    ));
    let mut out = out.into_bytes();
    out.extend_from_slice(&whole[head..half]);
    out
}

/// Answers a ClientHello in a manner of [`TLS`].
pub async fn instead_of_tls(mut stream: TcpStream, manner: &str) -> io::Result<()> {
    match manner {
        "tls-noise" => send(&mut stream, &noise(4096)).await,
        "tls-close" => Ok(()),
        "tls-drip" => {
            // A ServerHello's record as it begins, a byte a second.
            for byte in [22_u8, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3]
                .iter()
                .chain(&[7; 116])
            {
                send(&mut stream, &[*byte]).await?;
                tokio::time::sleep(DRIP).await;
            }
            Ok(())
        }
        // A handshake message of 16 MB that goes on and on.
        "tls-endless-handshake" => {
            let mut record = vec![22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff];
            record.resize(5 + 0x4000, 0);
            send(&mut stream, &record).await?;
            record[5..9].fill(0);
            repeat(&mut stream, &record, usize::MAX).await
        }
        "tls-endless-warnings" => repeat(&mut stream, &[21, 3, 3, 0, 2, 1, 112], usize::MAX).await,
        "tls-large-record" => {
            send(&mut stream, &[22, 3, 3, 0xff, 0xff]).await?;
            repeat(&mut stream, &[0; 4096], usize::MAX).await
        }
        _ => {
            send(
                &mut stream,
                b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
            )
            .await
        }
    }
}

/// The packets that answer a question in a manner of [`DNS`].
pub fn datagrams(manner: &str, request: &Message, honest: &Message) -> Vec<Vec<u8>> {
    let whole = honest.to_vec().unwrap_or_default();
    let question = question(request);
    let id = request.metadata.id.to_be_bytes();
    match manner {
        "noise" => vec![noise(700)],
        "empty" => vec![Vec::new()],
        "header-only" => vec![[&id[..], &[0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]].concat()],
        "wrong-id" => vec![altered(whole, |bytes| {
            bytes[0] ^= 0xff;
            bytes[1] ^= 0xff;
        })],
        "other-question" => vec![altered(whole, |bytes| {
            if let Some(letter) = bytes.get_mut(13) {
                *letter = b'q';
            }
        })],
        "lying-counts" => vec![altered(whole, |bytes| bytes[6..12].fill(0xff))],
        "lying-length" => {
            // An address that says to be longer than the packet.
            let mut packet = header(id, 1);
            packet.extend(&question);
            packet.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0xff, 0xff, 10, 0, 10, 55]);
            vec![packet]
        }
        "pointer-loop" => {
            // An answer whose owner is a pointer to itself.
            let at = 12 + question.len();
            let pointer = u16::try_from(at).unwrap_or(0) | 0xc000;
            let mut packet = header(id, 1);
            packet.extend(&question);
            packet.extend(pointer.to_be_bytes());
            packet.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 10, 55]);
            vec![packet]
        }
        "alias-loop" => {
            let mut packet = header(id, 2);
            packet.extend(&question);
            for (owner, target) in [
                (&[0xc0, 12][..], &b"\x04loop\xc0\x0c"[..]),
                (b"\x04loop\xc0\x0c", &[0xc0, 12]),
            ] {
                packet.extend(owner);
                packet.extend([
                    0,
                    5,
                    0,
                    1,
                    0,
                    0,
                    0,
                    60,
                    0,
                    u8::try_from(target.len()).unwrap_or(0),
                ]);
                packet.extend(target);
            }
            vec![packet]
        }
        "many-addresses" => vec![many_addresses(id, &question, true)],
        "hostile-names" => {
            let label = b"\x1b[31m\x07\xe2\x80\xae\".;$(id)<b>&";
            let mut target = vec![u8::try_from(label.len()).unwrap_or(0)];
            target.extend(label);
            target.push(0);
            let mut packet = header(id, 2);
            packet.extend(&question);
            packet.extend([
                0xc0,
                12,
                0,
                5,
                0,
                1,
                0,
                0,
                0,
                60,
                0,
                u8::try_from(target.len()).unwrap_or(0),
            ]);
            packet.extend(&target);
            packet.extend(&target);
            packet.extend([0, 1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 4, 10, 0, 10, 55]);
            vec![packet]
        }
        "flood" => (0..500).map(|_| [&id[..], &noise(900)].concat()).collect(),
        // Truncated: what follows is asked over TCP.
        _ => vec![[&id[..], &[0x83, 0x80, 0, 1, 0, 0, 0, 0, 0, 0], &question].concat()],
    }
}

/// Answers a question over TCP in a manner of [`DNS`].
pub async fn dns_over_tcp(
    stream: &mut TcpStream,
    manner: &str,
    request: &Message,
    honest: &Message,
) {
    let framed = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        [&length.to_be_bytes()[..], bytes].concat()
    };
    // A client that goes away ends its connection; nobody needs to hear of it.
    let _ = match manner {
        "many-addresses" => {
            let id = request.metadata.id.to_be_bytes();
            send(
                stream,
                &framed(&many_addresses(id, &question(request), false)),
            )
            .await
        }
        "tcp-silent" => stalled(stream, b"").await.map(|_| ()),
        "tcp-close" => Ok(()),
        "tcp-reset" => stream.set_zero_linger(),
        "tcp-half" => {
            let whole = framed(&honest.to_vec().unwrap_or_default());
            send(stream, &whole[..whole.len() / 2]).await
        }
        "tcp-drip" => {
            for byte in framed(&honest.to_vec().unwrap_or_default()) {
                if send(stream, &[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(DRIP).await;
            }
            Ok(())
        }
        "tcp-lying-length" => stalled(stream, b"\xff\xffabc").await.map(|_| ()),
        "tcp-noise" => send(stream, &framed(&noise(3000))).await,
        other => match datagrams(other, request, honest).first() {
            Some(packet) => send(stream, &framed(packet)).await,
            None => Ok(()),
        },
    };
}

/// 500 addresses of a subnet where nobody lives; over UDP, cut short.
fn many_addresses(id: [u8; 2], question: &[u8], truncated: bool) -> Vec<u8> {
    let is_a = question.ends_with(&[0, 1, 0, 1]);
    let count: u16 = match (truncated, is_a) {
        (true, true) => 20,
        (false, true) => 500,
        (_, false) => 0,
    };
    let mut packet = header(id, count);
    if truncated && is_a {
        packet[2] |= 2;
    }
    packet.extend(question);
    for number in 0..count {
        let [high, low] = number.to_be_bytes();
        packet.extend([
            0xc0,
            12,
            0,
            1,
            0,
            1,
            0,
            0,
            0,
            60,
            0,
            4,
            10,
            0,
            200 + high,
            low,
        ]);
    }
    packet
}

fn header(id: [u8; 2], answers: u16) -> Vec<u8> {
    let [high, low] = answers.to_be_bytes();
    vec![id[0], id[1], 0x81, 0x80, 0, 1, high, low, 0, 0, 0, 0]
}

fn question(request: &Message) -> Vec<u8> {
    let Some(query) = request.queries.first() else {
        return Vec::new();
    };
    let name = query.name().to_ascii();
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels
        .flat_map(|label| {
            [
                &[u8::try_from(label.len()).unwrap_or(63)][..],
                label.as_bytes(),
            ]
            .concat()
        })
        .collect();
    bytes.push(0);
    bytes.extend(u16::from(query.query_type()).to_be_bytes());
    bytes.extend([0, 1]);
    bytes
}

fn altered(mut bytes: Vec<u8>, alter: impl FnOnce(&mut [u8])) -> Vec<u8> {
    bytes.resize(bytes.len().max(12), 0);
    alter(&mut bytes);
    bytes
}

/// Bytes without a meaning, the same every time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 11) as u8
        })
        .collect()
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn stalled<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<Then> {
    send(stream, bytes).await?;
    tokio::time::sleep(STALL).await;
    Ok(Then::Close)
}

async fn repeat<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    times: usize,
) -> io::Result<()> {
    for _ in 0..times {
        send(stream, bytes).await?;
    }
    Ok(())
}

/// A connection that lets a number of bytes out and then stalls or is reset.
#[derive(Debug)]
pub struct Cut {
    stream: TcpStream,
    left: Option<usize>,
    resets: bool,
}

impl Cut {
    /// The connection as it is.
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            left: None,
            resets: false,
        }
    }

    /// From now on lets out this many bytes.
    pub fn cut_after(&mut self, bytes: usize, resets: bool) {
        self.left = Some(bytes);
        self.resets = resets;
    }

    /// The connection itself.
    pub fn inner(&self) -> &TcpStream {
        &self.stream
    }

    /// The connection itself.
    pub fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(left) = self.left else {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        if left == 0 {
            if self.resets {
                // A connection that is gone already needs no reset.
                let _ = self.stream.set_zero_linger();
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            // Nobody wakes this up: the client's patience ends it, and then the read side.
            return Poll::Pending;
        }
        let allowed = &bytes[..bytes.len().min(left)];
        let poll = Pin::new(&mut self.stream).poll_write(context, allowed);
        if let Poll::Ready(Ok(written)) = &poll {
            self.left = Some(left - written);
        }
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
