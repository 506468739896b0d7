//! A tiny HTTPS service on 127.0.0.1 for this room's tests, and access that leads to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_types::region::Region;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};
use tokio_rustls::TlsAcceptor;

use super::warm::{Answers, To, Warm};
use super::{ApiHost, AwsAccess, InstanceSource, RetryConfig, chain, timeouts};
use crate::facts::host::{CredentialSource, Variable};
use crate::facts::{Failure, Observation, Outcome};
use crate::gather::Bounds;
use crate::gather::tls::{Hello, Roots};

/// A secret that must not be seen anywhere.
pub(in crate::gather) const SECRET: &str = "wJalrXUtnFEMI-hidden-EXAMPLEKEY";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(in crate::gather) struct Request {
    /// The head, header names as sent.
    pub(in crate::gather) head: String,
    /// The body.
    pub(in crate::gather) body: String,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(in crate::gather) enum Answer {
    /// A status, header lines and a body.
    Http(u16, Vec<(&'static str, String)>, String),
    /// These bytes, whatever they are.
    Raw(&'static str),
    /// Nothing, for ever.
    Hang,
}

/// The service.
pub(in crate::gather) struct Service {
    pub(in crate::gather) address: SocketAddr,
    /// The root its certificate chains to.
    pub(in crate::gather) root: String,
    /// What it was asked.
    pub(in crate::gather) requests: Arc<Mutex<Vec<Request>>>,
}

impl Service {
    /// Starts one that answers as `answer` says, its certificate for this name.
    pub(in crate::gather) async fn start(
        name: &str,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Service {
        let (root, config) = certified(name);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (acceptor, answer, log) = (
            TlsAcceptor::from(Arc::new(config)),
            Arc::new(answer),
            requests.clone(),
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answer, log) = (acceptor.clone(), answer.clone(), log.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, &*answer, &log).await;
                    }
                });
            }
        });
        Service {
            address,
            root,
            requests,
        }
    }

    /// Access that calls this service, with credentials.
    pub(in crate::gather) fn access(&self, timeout: Duration) -> AwsAccess {
        let mut access = access(&self.root);
        let host = ApiHost {
            name: "localhost".to_owned(),
            port: self.address.port(),
            https: true,
        };
        let to = To::Address(self.address.ip());
        let line = Warm::new(&host, to, &access.roots, Hello::PostQuantum, timeout);
        let shared = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("https://localhost:{}", self.address.port()))
            .http_client(line.client(Answers::Plain))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(timeout))
            .build();
        access.shared = OnceCell::from(shared);
        access.inventory = OnceCell::from(line);
        access
    }

    /// The same, called for these services too, each as in `S3`.
    pub(in crate::gather) fn access_to(&self, services: &[&str], timeout: Duration) -> AwsAccess {
        let mut access = self.access(timeout);
        let switch = |service: &&str| Variable {
            name: format!("AWS_ENDPOINT_URL_{service}"),
            value: format!("https://localhost:{}", self.address.port()),
        };
        access.switches = services.iter().map(switch).collect();
        access
    }

    /// How many requests of this operation there were.
    pub(in crate::gather) fn count(&self, operation: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .filter(|request| request.operation() == operation)
            .count()
    }
}

impl Request {
    /// The operation asked for, in either protocol.
    pub(in crate::gather) fn operation(&self) -> String {
        let target = self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = value.trim().strip_prefix("AmazonSQS.")?;
            name.eq_ignore_ascii_case("x-amz-target").then_some(value)
        });
        let action = || {
            let mut fields = self.body.split('&');
            fields.find_map(|field| field.strip_prefix("Action="))
        };
        target.or_else(action).unwrap_or_default().to_owned()
    }
}

/// Access with credentials and without anywhere to go.
pub(in crate::gather) fn access(root: &str) -> AwsAccess {
    let mut access = AwsAccess::new(
        "us-east-1",
        Roots::from_pem(root.as_bytes()),
        InstanceSource::known(false),
        Vec::new(),
    );
    access.switches = Vec::new();
    access.found = OnceCell::from(chain::Found {
        nobody: false,
        source: Observation::known(CredentialSource {
            provider: "Environment".to_owned(),
            expires_at: None,
        }),
        error: None,
        credentials: Some(Credentials::new(
            "AKIDEXAMPLE",
            SECRET,
            Some(SECRET.to_owned()),
            None,
            "test",
        )),
    });
    access
}

/// Access that found no credentials, for this reason.
pub(in crate::gather) fn access_without_credentials(root: &str, failure: Failure) -> AwsAccess {
    let mut access = access(root);
    access.found = OnceCell::from(chain::Found {
        nobody: false,
        source: Observation {
            outcome: Outcome::Failed(failure),
            ..Observation::skipped("")
        },
        error: None,
        credentials: None,
    });
    access
}

/// Bounds of a run that nobody interrupts.
pub(in crate::gather) fn bounds(timeout_ms: u64, deadline_ms: u64) -> Bounds {
    let (_, receiver) = watch::channel(false);
    Bounds::new(
        Duration::from_millis(timeout_ms),
        Duration::from_millis(deadline_ms),
        receiver,
    )
}

/// A root and a server's configuration with a certificate below it.
fn certified(name: &str) -> (String, rustls::ServerConfig) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.distinguished_name
        .push(rcgen::DnType::CommonName, "vpcheck test root");
    let root_certificate = root.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(root, key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .signed_by(&leaf_key, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der())),
        )
        .unwrap();
    (root_certificate.pem(), config)
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &(impl Fn(&Request) -> Answer + ?Sized),
    log: &Mutex<Vec<Request>>,
) {
    while let Some(request) = read(&mut stream).await {
        log.lock().unwrap().push(request.clone());
        let bytes = match answer(&request) {
            Answer::Hang => std::future::pending().await,
            Answer::Raw(text) => text.to_owned(),
            Answer::Http(status, headers, body) => {
                let mut text = format!(
                    "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    text.push_str(&format!("{name}: {value}\r\n"));
                }
                text + "\r\n" + &body
            }
        };
        if stream.write_all(bytes.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let length: usize = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        })
        .unwrap_or(0);
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[head_end..head_end + length]).into_owned();
    Some(Request { head, body })
}
