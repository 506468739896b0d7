//! As much of an HTTP server as whoever collects metrics needs: requests without a body, one on a connection.
//!
//! Whatever comes in is the work of strangers: it is bounded before it is read, read strictly (RFC 9112), and what is not
//! understood is refused.

use std::net::IpAddr;

/// No longer request is read.
pub const LARGEST_REQUEST: usize = 8 * 1024;

/// What may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Here it is.
    Ok,
    /// This is no request that is understood.
    BadRequest,
    /// There is no such thing.
    NotFound,
    /// Nothing can be done to it but look.
    MethodNotAllowed,
    /// It takes too long to come.
    Timeout,
    /// It asks for another host than this.
    Misdirected,
    /// It is too long.
    TooLarge,
    /// All is not well.
    Unavailable,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The path, without a query.
    pub path: String,
    /// Whether the answer's body is left out.
    pub is_head: bool,
    /// The host it was sent to, without the port.
    pub host: Option<String>,
}

/// What was read so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Not all of it yet.
    Part,
    /// A request.
    Whole(Request),
    /// What is none, or none that is answered.
    Refused(Status),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: Status,
    kind: &'static str,
    body: Vec<u8>,
}

impl Request {
    /// True where a page on another site cannot have made a browser ask this: on a name that it resolves itself
    /// (DNS rebinding), it could read what this host shows to itself alone.
    pub fn is_for_this_host(&self) -> bool {
        let Some(host) = &self.host else { return true };
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        host.eq_ignore_ascii_case("localhost") || bare.unwrap_or(host).parse::<IpAddr>().is_ok()
    }
}

impl Answer {
    /// With this body.
    pub fn new(status: Status, kind: &'static str, body: Vec<u8>) -> Answer {
        Answer { status, kind, body }
    }

    /// With one line of text.
    pub fn text(status: Status, line: &str) -> Answer {
        Answer::new(
            status,
            "text/plain; charset=utf-8",
            format!("{line}\n").into_bytes(),
        )
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// As it is sent, with the body or without.
    pub fn bytes(&self, is_head: bool) -> Vec<u8> {
        let (code, reason) = self.status.line();
        let allow = match self.status {
            Status::MethodNotAllowed => "Allow: GET, HEAD\r\n",
            _ => "",
        };
        let mut bytes = format!(
            "HTTP/1.1 {code} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            self.kind,
            self.body.len()
        )
        .into_bytes();
        if !is_head {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

impl Status {
    fn line(self) -> (u16, &'static str) {
        match self {
            Status::Ok => (200, "OK"),
            Status::BadRequest => (400, "Bad Request"),
            Status::NotFound => (404, "Not Found"),
            Status::MethodNotAllowed => (405, "Method Not Allowed"),
            Status::Timeout => (408, "Request Timeout"),
            Status::Misdirected => (421, "Misdirected Request"),
            Status::TooLarge => (431, "Request Header Fields Too Large"),
            Status::Unavailable => (503, "Service Unavailable"),
        }
    }
}

/// The answer that says no more than its status.
pub fn refusal(status: Status) -> Answer {
    let (_, reason) = status.line();
    Answer::text(status, reason)
}

/// Reads a request from what has come so far.
pub fn read(bytes: &[u8]) -> Read {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(head) = end.and_then(|end| bytes.get(..end)) else {
        return match bytes.len() >= LARGEST_REQUEST {
            true => Read::Refused(Status::TooLarge),
            false => Read::Part,
        };
    };
    match std::str::from_utf8(head).map(request) {
        Ok(Ok(request)) => Read::Whole(request),
        Ok(Err(status)) => Read::Refused(status),
        Err(_) => Read::Refused(Status::BadRequest),
    }
}

fn request(head: &str) -> Result<Request, Status> {
    let bad = Status::BadRequest;
    if head
        .split("\r\n")
        .any(|line| line.contains(['\r', '\n', '\0']))
    {
        return Err(bad);
    }
    let mut lines = head.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let &[method, target, version] = words.as_slice() else {
        return Err(bad);
    };
    if !is_token(method) || !target.starts_with('/') || !matches!(version, "HTTP/1.1" | "HTTP/1.0")
    {
        return Err(bad);
    }
    let mut host = None;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(bad)?;
        if !is_token(name) {
            return Err(bad);
        }
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "host" if host.is_some() => return Err(bad),
            "host" => host = Some(without_port(value).to_owned()),
            // There is nothing to say to what is only looked at.
            "transfer-encoding" => return Err(bad),
            "content-length" if value != "0" => return Err(bad),
            _ => {}
        }
    }
    if host.is_none() && version == "HTTP/1.1" {
        return Err(bad);
    }
    if !matches!(method, "GET" | "HEAD") {
        return Err(Status::MethodNotAllowed);
    }
    let path = target.split('?').next().unwrap_or(target);
    Ok(Request {
        path: path.to_owned(),
        is_head: method == "HEAD",
        host,
    })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A name of a method or a header field (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(text: &str) -> Read {
        read(text.as_bytes())
    }

    #[test]
    fn what_is_looked_at_is_read() {
        let request = |path: &str, is_head, host: Option<&str>| {
            Read::Whole(Request {
                path: path.to_owned(),
                is_head,
                host: host.map(str::to_owned),
            })
        };
        assert_eq!(
            asked("GET /metrics?x=1 HTTP/1.1\r\nHost: 127.0.0.1:9442\r\nAccept: */*\r\n\r\n"),
            request("/metrics", false, Some("127.0.0.1"))
        );
        assert_eq!(asked("HEAD / HTTP/1.0\r\n\r\n"), request("/", true, None));
        assert_eq!(
            asked("GET / HTTP/1.1\r\nhost:[::1]:9442\r\nContent-Length: 0\r\n\r\n"),
            request("/", false, Some("[::1]"))
        );
        assert_eq!(asked("GET / HTTP/1.1\r\nHost: a\r\n"), Read::Part);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "\r\n\r\n",
            "GET /\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            assert_eq!(asked(text), Read::Refused(Status::BadRequest), "{text:?}");
        }
        let post = asked("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(post, Read::Refused(Status::MethodNotAllowed));
        assert_eq!(
            read(&[b'a'; LARGEST_REQUEST]),
            Read::Refused(Status::TooLarge)
        );
        assert_eq!(
            read(b"GET /\xff HTTP/1.0\r\n\r\n"),
            Read::Refused(Status::BadRequest)
        );
    }

    #[test]
    fn names_that_others_resolve_are_not_this_hosts() {
        for (host, ours) in [
            ("127.0.0.1", true),
            ("[::1]", true),
            ("LocalHost", true),
            ("10.0.0.9", true),
            ("rebound.example.com", false),
            ("", false),
        ] {
            let Read::Whole(request) = asked(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            else {
                panic!("{host}");
            };
            assert_eq!(request.is_for_this_host(), ours, "{host}");
        }
    }

    #[test]
    fn an_answer_says_how_long_it_is() {
        let answer = Answer::text(Status::Unavailable, "no");
        let text = String::from_utf8(answer.bytes(false)).unwrap();
        assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
        assert!(text.contains("\r\nContent-Length: 3\r\n") && text.ends_with("\r\n\r\nno\n"));
        assert!(answer.bytes(true).ends_with(b"\r\n\r\n"));
        let refused = refusal(Status::MethodNotAllowed).bytes(false);
        assert!(
            String::from_utf8(refused)
                .unwrap()
                .contains("\r\nAllow: GET, HEAD\r\n")
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn what_is_like_a_request_does_not_either(text in "(GET|HEAD|PUT) [ -~]{0,20}( HTTP/1.[01])?\r\n([ -~]{0,20}:?[ -~]{0,9}\r\n){0,4}\r\n") {
            let _ = asked(&text);
        }
    }
}
