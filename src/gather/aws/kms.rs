//! A signature of AWS KMS: two small calls, each on a connection of its own and bounded like a probe.
//!
//! Sources: `GetPublicKey` and `Sign` in the AWS KMS API Reference. A message of more than 4096 bytes is signed by its
//! digest, which Ed25519 keys do not do for plain Ed25519 ("SigningAlgorithm", `Sign`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ApiAnswer, ApiCall, AwsAccess};
use crate::facts::{Failure, FailureKind};
use crate::gather::{Bounds, tcp};

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
    let call = ApiCall {
        service: "kms".to_owned(),
        region: access.region.clone(),
        host: access.api_host("kms"),
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![
            (
                "content-type".to_owned(),
                "application/x-amz-json-1.1".to_owned(),
            ),
            ("x-amz-target".to_owned(), format!("TrentService.{action}")),
        ],
        body: question.to_string().into_bytes(),
    };
    if !call.host.https {
        let detail = "a signature is only asked for over https";
        return Err(told(Failure::new(FailureKind::Other, detail)));
    }
    let answer = access.call(bounds, bounds.timeout(), &call).await;
    answer.and_then(|answer| judge(&answer)).map_err(told)
}

fn judge(answer: &ApiAnswer) -> Result<Value, Failure> {
    let status = answer.status;
    let answer: Option<Value> = serde_json::from_slice(&answer.body).ok();
    match (status, answer) {
        (200, Some(answer)) => Ok(answer),
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
                200 => FailureKind::Malformed,
                _ => FailureKind::Denied,
            };
            Err(Failure::new(kind, tcp::bounded(&detail)))
        }
    }
}

#[cfg(test)]
mod tests;
