//! One signed call to an AWS API, without the service's SDK: for services of which one or two calls are needed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ETAG, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::failure::{cause, kind_of_transport, text_of};
use super::{ApiHost, AwsAccess};
use crate::facts::{Failure, FailureKind, Outcome};
use crate::gather::{Bounds, tls};

/// The most that is read of an answer unless more is asked for; most calls answer with a few lines.
const LONGEST_ANSWER: usize = 256 * 1024;

/// A call: what is sent where, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCall {
    /// The name the service is signed for: `s3`, `securityhub`.
    pub service: String,
    /// The region it is signed for.
    pub region: String,
    /// The host.
    pub host: ApiHost,
    /// `PUT`, `POST`, `GET`.
    pub method: String,
    /// The path and the query, percent-encoded.
    pub path: String,
    /// Headers besides the host's and the signature's, in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl AwsAccess {
    /// Makes a call within `limit`. Connections are direct, to whatever the system resolves the host to, and the
    /// certificate has to chain to the roots of this access: a credential never goes over another one.
    ///
    /// # Errors
    /// Why no answer came, credentials that lack included. An answer that is a refusal is none.
    pub async fn call(
        &self,
        bounds: &Bounds,
        limit: Duration,
        call: &ApiCall,
    ) -> Result<ApiAnswer, Failure> {
        self.call_for(bounds, limit, call, LONGEST_ANSWER).await
    }

    /// As [`AwsAccess::call`], for an answer of at most `longest` bytes.
    ///
    /// # Errors
    /// As there; an answer that is longer is one.
    pub async fn call_for(
        &self,
        bounds: &Bounds,
        limit: Duration,
        call: &ApiCall,
        longest: usize,
    ) -> Result<ApiAnswer, Failure> {
        let credentials = self.credentials_of_call(bounds).await?;
        match tokio::time::timeout(limit, self.send(bounds, credentials, call, longest)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::new(
                FailureKind::Timeout,
                format!("{}: no answer within {} ms", call.host, limit.as_millis()),
            )),
        }
    }

    /// The credentials, or why the call fails without.
    pub(super) async fn credentials_of_call(
        &self,
        bounds: &Bounds,
    ) -> Result<Credentials, Failure> {
        self.usable(bounds).await.map_err(|outcome| match outcome {
            Outcome::Failed(failure) => failure,
            _ => Failure::new(FailureKind::Credentials, "there are no credentials"),
        })
    }

    async fn send(
        &self,
        bounds: &Bounds,
        credentials: Credentials,
        call: &ApiCall,
        longest: usize,
    ) -> Result<ApiAnswer, Failure> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            let kind = match cause::<LengthLimitError>(error) {
                Some(_) => FailureKind::Malformed,
                None => kind_of_transport(error),
            };
            Failure::new(kind, format!("{}: {}", call.host, text_of(error)))
        };
        let request = signed(credentials, call).map_err(|reason| {
            Failure::new(FailureKind::Other, format!("{}: {reason}", call.host))
        })?;
        let addresses = self
            .resolver(bounds)
            .addresses(&call.host.name)
            .await
            .map_err(|reason| {
                let detail = format!("{}: {reason}", call.host);
                Failure::new(FailureKind::Other, detail)
            })?;
        let sockets: Vec<SocketAddr> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, call.host.port))
            .collect();
        // Who takes no connection within one probe's limit takes none later.
        let patience = bounds.timeout();
        let connecting = tokio::time::timeout(patience, TcpStream::connect(sockets.as_slice()));
        let stream = match connecting.await {
            Ok(stream) => stream.map_err(|error| failed(&error))?,
            Err(_) => {
                let within = patience.as_millis();
                let detail = format!("{}: no connection within {within} ms", call.host);
                return Err(Failure::new(FailureKind::Timeout, detail));
            }
        };
        if !call.host.https {
            return exchange(stream, request, longest)
                .await
                .map_err(|e| failed(&e));
        }
        let name = ServerName::try_from(call.host.name.clone())
            .map_err(|error| Failure::new(FailureKind::Other, error.to_string()))?;
        let config = client_config(self.roots.store()).map_err(|error| failed(&error))?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| failed(&error))?;
        exchange(stream, request, longest)
            .await
            .map_err(|e| failed(&e))
    }
}

pub(super) fn client_config(roots: Arc<RootCertStore>) -> Result<ClientConfig, rustls::Error> {
    let provider = tls::provider(tls::Hello::PostQuantum);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Sends the request and reads the answer on a connection of its own.
async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    longest: usize,
) -> Result<ApiAnswer, std::io::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(std::io::Error::other)?;
    // It ends with the answer, or with the runtime.
    let connection = tokio::spawn(connection);
    let answer = sender
        .send_request(request)
        .await
        .map_err(std::io::Error::other)?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, longest)
        .collect()
        .await
        .map_err(std::io::Error::other)?;
    connection.abort();
    Ok(ApiAnswer {
        status: head.status.as_u16(),
        etag: head
            .headers
            .get(ETAG)
            .and_then(|etag| etag.to_str().ok())
            .map(str::to_owned),
        body: body.to_bytes().to_vec(),
    })
}

pub(super) fn signed(
    credentials: Credentials,
    call: &ApiCall,
) -> Result<Request<Full<Bytes>>, String> {
    let url = format!("{}{}", call.host.url(), call.path);
    let host = match (call.host.https, call.host.port) {
        (true, 443) | (false, 80) => call.host.name.clone(),
        (_, port) => format!("{}:{port}", call.host.name),
    };
    let mut headers: Vec<(&str, &str)> = vec![("host", &host)];
    headers.extend(call.headers.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(&call.region)
        .name(&call.service)
        .time(SystemTime::now())
        .settings(settings(&call.service))
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let signable = SignableRequest::new(
        &call.method,
        &url,
        headers.iter().copied(),
        SignableBody::Bytes(&call.body),
    )
    .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(signable, &params)
        .map_err(|error| error.to_string())?
        .into_parts();
    let mut request = Request::builder()
        .method(Method::from_bytes(call.method.as_bytes()).map_err(|error| error.to_string())?)
        .uri(&call.path)
        .header(HOST, host.as_str())
        .header(USER_AGENT, concat!("vpcheck/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(Bytes::from(call.body.clone())))
        .map_err(|error| error.to_string())?;
    for (name, value) in &call.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, value);
    }
    let (added, _) = instructions.into_parts();
    for header in added {
        let name = HeaderName::from_static(header.name());
        let mut value = HeaderValue::from_str(header.value()).map_err(|error| error.to_string())?;
        value.set_sensitive(header.sensitive());
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// S3 signs the path as it is sent and wants the body's digest in a header (Amazon S3 API Reference,
/// "Authenticating Requests: Using the Authorization Header").
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str) -> ApiCall {
        ApiCall {
            service: service.to_owned(),
            region: "us-east-1".to_owned(),
            host: ApiHost::new(format!("{service}.us-east-1.amazonaws.com")),
            method: "POST".to_owned(),
            path: "/a%20b/c".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: b"{}".to_vec(),
        }
    }

    #[test]
    fn every_header_that_decides_is_signed() {
        let credentials =
            Credentials::new("AKIDEXAMPLE", "secret", Some("token".into()), None, "t");
        let request = signed(credentials, &call("s3")).unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let authorization = header("authorization");
        assert!(authorization.contains("/us-east-1/s3/aws4_request"));
        for name in ["host", "content-type", "x-amz-date", "x-amz-security-token"] {
            assert!(authorization.contains(name), "{name}: {authorization}");
        }
        assert_eq!(
            header("x-amz-content-sha256"),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        assert!(!format!("{request:?}").contains("\"token\""), "{request:?}");
        assert_eq!(request.uri().path(), "/a%20b/c");
    }

    #[test]
    fn another_port_is_part_of_the_host() {
        let mut call = call("securityhub");
        call.host.port = 8443;
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "t");
        let request = signed(credentials, &call).unwrap();
        assert_eq!(
            request.headers()["host"],
            "securityhub.us-east-1.amazonaws.com:8443"
        );
        assert!(!request.headers().contains_key("x-amz-content-sha256"));
    }
}
