//! What is kept for many agents: objects in S3, and parameters of Systems Manager, as far as an agent fetches one.
//!
//! `GetObject` with `If-None-Match`, and `GetParameters`. A call needs the signature that `ec2::signature` asks for. It plays
//! `world.store`: what is held, and the temper.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::ec2::signature::{Rejection, authenticate, request_id};
use super::hostile;
use super::http::{Answer, HttpRequest, HttpResponse};
use super::world::World;

/// What the two services hold in a world.
#[derive(Debug, Default)]
pub struct Store {
    asked: AtomicUsize,
}

/// An error in the form of either service.
struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Store {
    /// What to do with one signed request to `s3` or `ssm`; none where it is not one that is played.
    pub fn answer(&self, world: &World, label: &str, request: &HttpRequest) -> Option<Answer> {
        let fetches = match label {
            "s3" => request.method == "GET" && bucket(world, request).is_some(),
            _ => request.header("x-amz-target") == Some("AmazonSSM.GetParameters"),
        };
        if !fetches || request.header("authorization").is_none() {
            return None;
        }
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        let temper = world.store.temper.as_str();
        let refused = match temper {
            "denied" => Some(refusal(
                403,
                "AccessDenied",
                "User is not authorized to perform it",
            )),
            "throttled" => Some(refusal(503, "SlowDown", "Please reduce your request rate.")),
            "throttled-once" if first => {
                Some(refusal(503, "SlowDown", "Please reduce your request rate."))
            }
            "hang" => return Some(Answer::Hang),
            _ => None,
        };
        let service = if label == "s3" { "s3" } else { "ssm" };
        let caller = authenticate(world, request, service).map_err(rejected);
        let response = match (refused, caller) {
            (_, Err(refusal)) | (Some(refusal), Ok(_)) => refusal.response(label),
            (None, Ok(_)) if label == "s3" => object(world, request),
            (None, Ok(_)) => parameters(world, request),
        };
        let response = response
            .with("x-amz-request-id", request_id(request))
            .with("x-amzn-requestid", request_id(request));
        Some(match hostile::HTTP.contains(&temper) {
            true => Answer::Badly(temper.to_owned(), response),
            false => response.into(),
        })
    }
}

/// The bucket that a request's host names.
fn bucket(world: &World, request: &HttpRequest) -> Option<String> {
    let own = format!(".s3.{}.{}", world.region, world.dns_suffix());
    request.host().strip_suffix(&own).map(str::to_owned)
}

fn object(world: &World, request: &HttpRequest) -> HttpResponse {
    let bucket = bucket(world, request).unwrap_or_default();
    let place = format!("s3://{bucket}{}", request.path);
    let Some(text) = world.store.held.get(&place) else {
        return refusal(404, "NoSuchKey", "The specified key does not exist.").response("s3");
    };
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    match request.header("if-none-match") == Some(&tag) {
        true => HttpResponse {
            status: 304,
            headers: Vec::new(),
            body: Vec::new(),
        },
        false => HttpResponse::new(200, "application/json", text.clone()),
    }
    .with("ETag", tag)
}

fn parameters(world: &World, request: &HttpRequest) -> HttpResponse {
    let input: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let names: Vec<&str> = input["Names"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.is_empty() || names.len() > 10 {
        return refusal(400, "ValidationException", "1 to 10 names").response("ssm");
    }
    let held = |name: &&str| world.store.held.get(&format!("ssm:{name}"));
    let found: Vec<Value> = names
        .iter()
        .filter_map(|name| Some((name, held(name)?)))
        .map(|(name, value)| json!({"Name": name, "Type": "String", "Value": value, "Version": 1}))
        .collect();
    let missing: Vec<&&str> = names.iter().filter(|name| held(name).is_none()).collect();
    let body = json!({"Parameters": found, "InvalidParameters": missing});
    HttpResponse::new(200, "application/x-amz-json-1.1", body.to_string())
}

fn refusal(status: u16, code: &'static str, message: &str) -> Refusal {
    Refusal {
        status,
        code,
        message: message.to_owned(),
    }
}

fn rejected(rejection: Rejection) -> Refusal {
    match rejection {
        Rejection::ExpiredToken => refusal(400, "ExpiredToken", "The provided token has expired."),
        Rejection::Clock(_) => refusal(403, "RequestTimeTooSkewed", "The clocks differ too much."),
        Rejection::Scope(message) | Rejection::Incomplete(message) => {
            refusal(400, "IncompleteSignature", &message)
        }
        Rejection::Unsigned | Rejection::UnknownKey => refusal(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    }
}

impl Refusal {
    fn response(self, label: &str) -> HttpResponse {
        let Refusal {
            status,
            code,
            message,
        } = self;
        if label == "s3" {
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            );
            return HttpResponse::new(status, "application/xml", body);
        }
        // The JSON protocol's own names of the same.
        let code = match code {
            "AccessDenied" => "AccessDeniedException",
            "SlowDown" => "ThrottlingException",
            "ExpiredToken" => "ExpiredTokenException",
            "InvalidAccessKeyId" => "UnrecognizedClientException",
            code => code,
        };
        let body = json!({"__type": code, "message": message});
        HttpResponse::new(400, "application/x-amz-json-1.1", body.to_string())
    }
}
