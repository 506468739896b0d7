//! A signature of AWS KMS: two small calls, each on a connection of its own and bounded like a probe.
//!
//! Sources: `GetPublicKey` and `Sign` in the AWS KMS API Reference. A message of more than 4096 bytes is signed by its
//! digest, which Ed25519 keys do not do for plain Ed25519 ("SigningAlgorithm", `Sign`).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{ApiHost, AwsAccess, api_host};
use crate::facts::{Failure, FailureKind, Outcome};
use crate::gather::{Bounds, tcp};

/// Answers are a few hundred bytes.
const LONGEST_ANSWER: usize = 64 * 1024;
/// What a key may sign with here, the best first.
const ALGORITHMS: [&str; 3] = [
    "ECDSA_SHA_256",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_256",
];

/// A key of AWS KMS that signs.
#[derive(Debug)]
pub struct KmsSigningKey<'a> {
    access: &'a AwsAccess,
    arn: String,
    algorithm: &'static str,
    spki: Vec<u8>,
}

impl<'a> KmsSigningKey<'a> {
    /// Asks for the key's public half, and how it signs.
    pub async fn open(
        bounds: &Bounds,
        access: &'a AwsAccess,
        arn: &str,
    ) -> Result<KmsSigningKey<'a>, Failure> {
        let answer = call(bounds, access, "GetPublicKey", &json!({ "KeyId": arn })).await?;
        let malformed = |what: &str| {
            let detail = format!("kms:GetPublicKey: {what}");
            Failure::new(FailureKind::Malformed, detail)
        };
        let offered = answer["SigningAlgorithms"].as_array();
        let offered: Vec<&str> = offered
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let algorithm = ALGORITHMS.into_iter().find(|one| offered.contains(one));
        let algorithm = algorithm.ok_or_else(|| {
            malformed(&format!(
                "expected a key that signs with one of {}, found {}",
                ALGORITHMS.join(", "),
                tcp::bounded(&offered.join(", "))
            ))
        })?;
        let spki = decoded(&answer["PublicKey"]).ok_or_else(|| malformed("no public key came"))?;
        Ok(KmsSigningKey {
            access,
            arn: arn.to_owned(),
            algorithm,
            spki,
        })
    }

    /// The public key as a SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Signs the message whose SHA-256 this is.
    pub async fn sign(&self, bounds: &Bounds, sha256: &[u8]) -> Result<Vec<u8>, Failure> {
        let question = json!({
            "KeyId": self.arn,
            "Message": STANDARD.encode(sha256),
            "MessageType": "DIGEST",
            "SigningAlgorithm": self.algorithm,
        });
        let answer = call(bounds, self.access, "Sign", &question).await?;
        decoded(&answer["Signature"]).ok_or_else(|| {
            let detail = "kms:Sign: no signature came";
            Failure::new(FailureKind::Malformed, detail)
        })
    }
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(value.as_str()?).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

async fn call(
    bounds: &Bounds,
    access: &AwsAccess,
    action: &str,
    question: &Value,
) -> Result<Value, Failure> {
    let told = |failure: Failure| {
        let detail = format!("kms:{action}: {}", failure.detail);
        Failure::new(failure.kind, detail)
    };
    let credentials = access.usable(bounds).await.map_err(|outcome| {
        told(match outcome {
            Outcome::Failed(failure) => failure,
            Outcome::Skipped(reason) => Failure::new(FailureKind::Other, reason),
            Outcome::Seen(()) => Failure::new(FailureKind::Other, "there are no credentials"),
        })
    })?;
    let host = api_host("kms", &access.region, &access.switches);
    let limit: Duration = bounds.timeout();
    let answer = async {
        let request = signed(&access.region, &host, action, question, credentials)?;
        exchange(access, &host, request).await
    };
    timeout(limit, answer)
        .await
        .unwrap_or_else(|_| {
            let detail = format!("no answer within {} ms", limit.as_millis());
            Err(Failure::new(FailureKind::Timeout, detail))
        })
        .map_err(told)
}

fn signed(
    region: &str,
    host: &ApiHost,
    action: &str,
    question: &Value,
    credentials: Credentials,
) -> Result<Request<Full<Bytes>>, Failure> {
    let other = |error: &dyn std::error::Error| {
        let detail = format!("the request cannot be signed: {error}");
        Failure::new(FailureKind::Other, tcp::bounded(&detail))
    };
    let body = Bytes::from(question.to_string());
    let authority = host.to_string();
    let target = format!("TrentService.{action}");
    let headers = [
        ("host", authority.as_str()),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
    ];
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("kms")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| other(&error))?
        .into();
    let signable = SignableRequest::new(
        "POST",
        format!("{}/", host.url()),
        headers.into_iter(),
        SignableBody::Bytes(&body),
    )
    .map_err(|error| other(&error))?;
    let (instructions, _) = sign(signable, &parameters)
        .map_err(|error| other(&error))?
        .into_parts();
    let mut request = Request::post("/");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut request = request
        .body(Full::new(body))
        .map_err(|error| other(&error))?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

async fn exchange(
    access: &AwsAccess,
    host: &ApiHost,
    request: Request<Full<Bytes>>,
) -> Result<Value, Failure> {
    let text = |kind, error: &dyn std::fmt::Display| {
        Failure::new(kind, tcp::bounded(&format!("{host}: {error}")))
    };
    if !host.https {
        return Err(text(
            FailureKind::Other,
            &"a signature is only asked for over https",
        ));
    }
    let stream = TcpStream::connect((host.name.as_str(), host.port))
        .await
        .map_err(|error| text(tcp::failure(&error).kind, &error))?;
    let name = ServerName::try_from(host.name.clone())
        .map_err(|error| text(FailureKind::Other, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| text(FailureKind::Other, &error))?
        .with_root_certificates(access.roots.store())
        .with_no_client_auth();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| text(FailureKind::Other, &error))?;
    let broken = |error: hyper::Error| text(FailureKind::Malformed, &error);
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(LONGEST_ANSWER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = tokio::spawn(async move {
        // What ends the connection also ends the request, which reports it.
        let _ = connection.await;
    });
    let answered = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER)
            .collect()
            .await
            .map_err(|error| text(FailureKind::Malformed, &error))?;
        judge(status, &body.to_bytes())
    }
    .await;
    driver.abort();
    answered
}

fn judge(status: StatusCode, body: &[u8]) -> Result<Value, Failure> {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    match (status, answer) {
        (StatusCode::OK, Some(answer)) => Ok(answer),
        (_, answer) => {
            let answer = answer.unwrap_or_default();
            let code = answer["__type"].as_str().unwrap_or_default();
            let code = code.rsplit('#').next().unwrap_or_default();
            let said = ["message", "Message"]
                .iter()
                .find_map(|key| answer[*key].as_str());
            let detail = match (code, said) {
                ("", None) => format!("status {status}, and no answer of AWS KMS"),
                (code, said) => format!("{code}: {}", said.unwrap_or("no reason was given")),
            };
            let kind = match status {
                StatusCode::OK => FailureKind::Malformed,
                _ => FailureKind::Denied,
            };
            Err(Failure::new(kind, tcp::bounded(&detail)))
        }
    }
}

#[cfg(test)]
mod tests;
