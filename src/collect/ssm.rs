//! Calls of AWS Systems Manager, in its JSON protocol, each made again while it is throttled.
//!
//! Source: AWS Systems Manager API Reference, "SendCommand", "ListCommands", "ListCommandInvocations",
//! "GetCommandInvocation", "DescribeInstanceInformation" and "Common Errors".

use std::time::Duration;

use serde_json::Value;

use crate::facts::{Failure, FailureKind};
use crate::gather::Bounds;
use crate::gather::aws::{ApiCall, AwsAccess, Channel};

/// One call's limit.
const LIMIT: Duration = Duration::from_secs(15);
/// The longest answer: fifty invocations with what they print.
const LONGEST: usize = 4 << 20;
/// The longest that is waited between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How often a call is made that is throttled or gets no answer.
const ATTEMPTS: u32 = 8;

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SsmError {
    /// The caller may not make it.
    #[error("the permission ssm:{operation} lacks: {said}")]
    Denied {
        /// The operation.
        operation: &'static str,
        /// What the service said.
        said: String,
    },
    /// The service refuses it, or nobody answered.
    #[error("ssm:{operation}: {said}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// The error's code; empty where there was no answer.
        code: String,
        /// What the service said.
        said: String,
    },
    /// The run was interrupted.
    #[error("ssm:{operation}: the run was interrupted")]
    Interrupted {
        /// The operation.
        operation: &'static str,
    },
}

impl SsmError {
    /// The error's code; empty where the service did not answer.
    pub fn code(&self) -> &str {
        match self {
            SsmError::Denied { .. } => "AccessDeniedException",
            SsmError::Refused { code, .. } => code,
            SsmError::Interrupted { .. } => "",
        }
    }
}

/// Systems Manager in one region.
pub(super) struct Ssm<'a> {
    channel: Channel<'a>,
    bounds: &'a Bounds,
    region: String,
}

impl<'a> Ssm<'a> {
    /// Nothing is asked yet.
    pub(super) fn new(access: &'a AwsAccess, bounds: &'a Bounds) -> Result<Ssm<'a>, SsmError> {
        let channel = Channel::new(access, access.api_host("ssm"));
        let channel = channel.map_err(|failure| SsmError::Refused {
            operation: "SendCommand",
            code: String::new(),
            said: failure.detail,
        })?;
        Ok(Ssm {
            channel,
            bounds,
            region: access.region().to_owned(),
        })
    }

    /// Asks once, or again while it is throttled. With `again` as well where no answer came: not for a call of which two
    /// would do twice as much.
    pub(super) async fn ask(
        &self,
        operation: &'static str,
        input: &Value,
        again: bool,
    ) -> Result<Value, SsmError> {
        let call = ApiCall {
            service: "ssm".to_owned(),
            region: self.region.clone(),
            host: self.channel.host().clone(),
            method: "POST".to_owned(),
            path: "/".to_owned(),
            headers: vec![
                (
                    "content-type".to_owned(),
                    "application/x-amz-json-1.1".to_owned(),
                ),
                ("x-amz-target".to_owned(), format!("AmazonSSM.{operation}")),
            ],
            body: input.to_string().into_bytes(),
        };
        let mut wait = Duration::from_millis(500);
        let mut attempt = 1;
        loop {
            let reply = self.channel.call(self.bounds, LIMIT, &call, LONGEST).await;
            if self.bounds.stopped() {
                return Err(SsmError::Interrupted { operation });
            }
            let (error, passing) = match reply {
                Ok(reply) if reply.status == 200 => {
                    return serde_json::from_slice(&reply.body).map_err(|error| {
                        SsmError::Refused {
                            operation,
                            code: String::new(),
                            said: format!("an answer that is no JSON: {error}"),
                        }
                    });
                }
                Ok(reply) => refusal(operation, reply.status, &reply.body, again),
                Err(failure) => of_failure(operation, failure, again),
            };
            if !passing || attempt >= ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
            self.bounds.pause(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// What a refusal says, and whether it may be another one at another time.
fn refusal(operation: &'static str, status: u16, body: &[u8], again: bool) -> (SsmError, bool) {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = answer["__type"].as_str().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let code: String = code.chars().take(100).collect();
    let said = ["message", "Message"]
        .iter()
        .find_map(|key| answer[*key].as_str());
    let said: String = match (said, code.as_str()) {
        (Some(said), "") => said.to_owned(),
        (Some(said), code) => format!("{code}: {said}"),
        (None, "") => format!("status {status}"),
        (None, code) => code.to_owned(),
    };
    let said: String = said.chars().take(400).collect();
    let throttled =
        status == 429 || code.starts_with("Throttl") || code == "TooManyRequestsException";
    let passing = throttled || (again && status >= 500);
    let error = match code.as_str() {
        "AccessDeniedException" => SsmError::Denied { operation, said },
        _ => SsmError::Refused {
            operation,
            code,
            said,
        },
    };
    (error, passing)
}

fn of_failure(operation: &'static str, failure: Failure, again: bool) -> (SsmError, bool) {
    let passing = again && failure.kind != FailureKind::Credentials;
    let error = SsmError::Refused {
        operation,
        code: String::new(),
        said: failure.detail,
    };
    (error, passing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_lacks_and_whether_to_come_again() {
        let body = br#"{"__type":"com.amazon#AccessDeniedException","message":"User: x is not authorized"}"#;
        let (error, passing) = refusal("SendCommand", 400, body, true);
        assert!(!passing);
        let said = error.to_string();
        assert!(
            said.starts_with("the permission ssm:SendCommand lacks"),
            "{said}"
        );
        let (_, passing) = refusal(
            "SendCommand",
            400,
            br#"{"__type":"ThrottlingException"}"#,
            false,
        );
        assert!(passing);
        assert!(!refusal("SendCommand", 500, b"", false).1);
        assert!(refusal("ListCommands", 500, b"", true).1);
        let (error, _) = refusal("SendCommand", 400, b"nonsense", false);
        assert_eq!(error.to_string(), "ssm:SendCommand: status 400");
    }
}
