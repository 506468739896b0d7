//! What waits for an AWS API, the call it becomes, and what the answer means.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::destination::S3Target;
use super::{s3, security_hub, ssm_compliance};
use crate::gather::aws::{ApiAnswer, ApiCall, AwsAccess};

/// What one call carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "kebab-case")]
pub(super) enum Load {
    /// An object.
    S3 {
        /// Where.
        target: S3Target,
        /// Its key.
        key: String,
        /// Its content.
        body: String,
    },
    /// Findings, at most as many as one call takes.
    SecurityHub {
        /// In AWS Security Finding Format.
        findings: Vec<Value>,
    },
    /// The compliance of this machine.
    SsmCompliance {
        /// The input of `PutComplianceItems`.
        input: Value,
    },
}

/// Whether a service took a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// It has it.
    Yes,
    /// It does not, and may later; why.
    Later(String),
    /// It refused, and will each time; why.
    Never(String),
}

impl Load {
    /// The service called.
    pub(super) fn service(&self) -> &'static str {
        match self {
            Load::S3 { .. } => "s3",
            Load::SecurityHub { .. } => "securityhub",
            Load::SsmCompliance { .. } => "ssm",
        }
    }

    /// What to call the destination.
    pub(super) fn destination(&self) -> String {
        match self {
            Load::S3 { target, .. } => format!("s3://{}", target.bucket),
            Load::SecurityHub { .. } => "security-hub".to_owned(),
            Load::SsmCompliance { .. } => "ssm-compliance".to_owned(),
        }
    }

    /// The call that carries it.
    pub(super) fn call(&self, access: &AwsAccess) -> ApiCall {
        match self {
            Load::S3 { target, key, body } => s3::call(access, target, key, body),
            Load::SecurityHub { findings } => security_hub::call(access, findings),
            Load::SsmCompliance { input } => ssm_compliance::call(access, input),
        }
    }

    /// What the service's answer says.
    pub(super) fn judge(&self, host: &str, answer: &ApiAnswer) -> Taken {
        match (self, answer.status) {
            // The object is there already: an earlier attempt was answered too late.
            (Load::S3 { .. }, 412) => Taken::Yes,
            (Load::SecurityHub { .. }, 200) => security_hub::judge(answer),
            (_, 200..=299) => Taken::Yes,
            // Too large, or not understood: it will be no other another time. Permissions, throttling, conflicts and
            // the service's own errors may be.
            (_, status @ (400 | 413)) if !is_passing(answer) => Taken::Never(format!(
                "{} refuses a result: {host} answers {status} {}",
                self.destination(),
                excerpt(answer)
            )),
            (_, status) => Taken::Later(format!(
                "{} did not take a result: {host} answers {status} {}",
                self.destination(),
                excerpt(answer)
            )),
        }
    }
}

/// A call of the JSON protocol: the target says which operation (AWS JSON 1.1, Smithy specification).
pub(super) fn json_call(access: &AwsAccess, service: &str, target: &str, input: &Value) -> ApiCall {
    ApiCall {
        service: service.to_owned(),
        region: access.region().to_owned(),
        host: access.api_host(service),
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![
            (
                "content-type".to_owned(),
                "application/x-amz-json-1.1".to_owned(),
            ),
            ("x-amz-target".to_owned(), target.to_owned()),
        ],
        body: input.to_string().into_bytes(),
    }
}

/// Errors that AWS answers with status 400 and that go away: the JSON protocol has no other status for them.
fn is_passing(answer: &ApiAnswer) -> bool {
    let text = String::from_utf8_lossy(&answer.body);
    [
        "Throttl",
        "AccessDenied",
        "UnrecognizedClient",
        "ExpiredToken",
        "InvalidSignature",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "LimitExceeded",
        "TooManyRequests",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "InvalidAccess",
        "OptInRequired",
    ]
    .iter()
    .any(|code| text.contains(code))
}

/// The beginning of an answer, on one line.
fn excerpt(answer: &ApiAnswer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(status: u16, body: &str) -> Taken {
        let load = Load::SsmCompliance { input: json!({}) };
        load.judge(
            "ssm.us-east-1.amazonaws.com",
            &ApiAnswer {
                status,
                etag: None,
                body: body.as_bytes().to_vec(),
            },
        )
    }

    #[test]
    fn what_will_never_be_taken_does_not_wait() {
        assert_eq!(judged(200, "{}"), Taken::Yes);
        let refused = judged(400, r#"{"__type":"InvalidItemContentException"}"#);
        assert!(matches!(refused, Taken::Never(_)), "{refused:?}");
        for (status, body) in [
            (400, r#"{"__type":"ThrottlingException"}"#),
            (400, r#"{"__type":"AccessDeniedException"}"#),
            (403, "<Code>AccessDenied</Code>"),
            (500, ""),
            (503, "SlowDown"),
        ] {
            let later = judged(status, body);
            assert!(matches!(later, Taken::Later(_)), "{status} {later:?}");
        }
    }

    #[test]
    fn an_object_that_is_there_is_delivered() {
        let target = S3Target {
            bucket: "b".to_owned(),
            prefix: String::new(),
            region: None,
            encryption: None,
            kms_key: None,
        };
        let load = Load::S3 {
            target,
            key: "k".to_owned(),
            body: "{}".to_owned(),
        };
        let answer = ApiAnswer {
            status: 412,
            etag: None,
            body: Vec::new(),
        };
        assert_eq!(load.judge("h", &answer), Taken::Yes);
        let again: Load = serde_json::from_str(&serde_json::to_string(&load).unwrap()).unwrap();
        assert_eq!(again, load);
    }
}
