//! The plain HTTP values that the lab's services exchange with its servers.
//!
//! The servers (`https`, `metadata`) read a request off the wire into an [`HttpRequest`], a service turns it into an
//! [`Answer`], and the server writes that. `Date`, `Connection` and `Content-Length` are the server's to add.

use std::net::IpAddr;

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The method in capitals: `GET`, `POST`.
    pub method: String,
    /// The path without its query: `/123456789012/canary`.
    pub path: String,
    /// What stood after `?`, undecoded and without it; empty if there was none.
    pub query: String,
    /// Header names in lower case with their values, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
    /// The address the client connected to: it tells which endpoint the request came through.
    pub server_address: IpAddr,
    /// The address the client came from.
    pub client_address: IpAddr,
}

impl HttpRequest {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The host asked for, without a port.
    pub fn host(&self) -> &str {
        let host = self.header("host").unwrap_or_default();
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

/// One response to be written.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Header names and values; `Date` and `Content-Length` are added by the server unless given here.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// A response with a body and its content type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
        }
    }

    /// The same with one header more.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What a service does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Write this response.
    Respond(HttpResponse),
    /// Keep the connection open and never answer.
    Hang,
    /// Write these bytes, which may be no HTTP at all, and close.
    Raw(Vec<u8>),
    /// Write this response in one of the manners of `hostile`, and close.
    Badly(String, HttpResponse),
    /// Close without a word.
    Close,
}

impl From<HttpResponse> for Answer {
    fn from(response: HttpResponse) -> Self {
        Self::Respond(response)
    }
}
