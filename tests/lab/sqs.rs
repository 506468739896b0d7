//! SQS of the lab: the JSON protocol (`application/x-amz-json-1.0`, `X-Amz-Target: AmazonSQS.…`), with real queues behind it.
//!
//! [`Sqs`] holds the world and the messages; [`Sqs::answer`] takes a request and says what to do with it. How the request
//! arrived follows from the address it came to ([`Arrival::of`]). The endpoint's policy, the queue's policy and
//! `world.sqs.denied` are enforced, explicit denies first, in AWS's words; then `kms_error`. `world.sqs.error` and the
//! tempers are played to signed calls only. What a signed call needs is said in `ec2.rs`. Errors are AWS's, see the SQS API reference and IAM's access denied messages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::ec2::policy;
use super::ec2::signature::{self, Caller, Rejection};
use super::hostile;
use super::http::{Answer, HttpRequest, HttpResponse};
use super::world::{Queue as QueueSettings, World};

/// How a request came to the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The endpoint it came through; none: over the internet.
    pub endpoint: Option<String>,
    /// That endpoint's VPC.
    pub vpc: Option<String>,
}

impl Arrival {
    /// Tells it from the address the client connected to.
    pub fn of(world: &World, request: &HttpRequest) -> Self {
        let endpoint = world.endpoint_at(request.server_address);
        Self {
            endpoint: endpoint.map(|e| e.id.clone()),
            vpc: endpoint.map(|e| e.vpc.clone()),
        }
    }

    /// The endpoint's policy document; none if there was no endpoint.
    pub fn policy<'a>(&self, world: &'a World) -> Option<&'a str> {
        let id = self.endpoint.as_ref()?;
        let endpoint = world.endpoints.values().find(|e| e.id == *id)?;
        Some(
            endpoint
                .policy
                .as_deref()
                .unwrap_or(super::world::OPEN_POLICY),
        )
    }

    /// The condition keys of a request that arrived like this.
    pub fn context(
        &self,
        world: &World,
        caller: &Caller,
        request: &HttpRequest,
    ) -> Vec<(&'static str, String)> {
        let mut keys = vec![
            ("aws:principalarn", policy::principal_arn(&caller.arn)),
            ("aws:principalaccount", caller.account.clone()),
            ("aws:requestedregion", world.region.clone()),
            ("aws:securetransport", "true".to_owned()),
        ];
        // AWS sets these only on requests through an endpoint, and `aws:SourceIp` only on the others.
        match (&self.endpoint, &self.vpc) {
            (Some(endpoint), vpc) => {
                keys.push(("aws:sourcevpce", endpoint.clone()));
                keys.extend(vpc.clone().map(|vpc| ("aws:sourcevpc", vpc)));
                keys.push(("aws:vpcsourceip", request.client_address.to_string()));
            }
            (None, _) => keys.push(("aws:sourceip", request.client_address.to_string())),
        }
        keys
    }
}

/// The service with its messages.
#[derive(Debug)]
pub struct Sqs {
    world: Arc<World>,
    /// By queue ARN.
    queues: Mutex<HashMap<String, Queue>>,
}

/// The messages of one queue.
#[derive(Debug, Default)]
pub struct Queue {
    messages: Vec<Message>,
    /// Ids seen within the deduplication interval, with the message each stood for.
    seen: HashMap<String, (Instant, Sent)>,
    counter: u64,
}

#[derive(Debug, Clone)]
struct Sent {
    id: String,
    sequence: Option<String>,
}

#[derive(Debug)]
struct Message {
    sent: Sent,
    body: String,
    attributes: Map<String, Value>,
    group: Option<String>,
    sender: String,
    sent_at_ms: i64,
    visible_at: Instant,
    receives: u32,
    receipt: String,
}

/// The five minutes of a FIFO queue's deduplication.
const DEDUPLICATION: Duration = Duration::from_secs(300);
/// The default visibility timeout.
const VISIBILITY: u64 = 30;
/// The largest message with its attributes.
const LARGEST: usize = 1_048_576;

impl Sqs {
    /// The service of a world, its queues empty.
    pub fn new(world: Arc<World>) -> Self {
        Self {
            world,
            queues: Mutex::default(),
        }
    }

    /// What to do with one request to `sqs.REGION.amazonaws.com`.
    pub fn answer(&self, request: &HttpRequest) -> Answer {
        if self.world.sqs.temper == "hang" && request.header("authorization").is_some() {
            return Answer::Hang;
        }
        let response = self.response(request, &Arrival::of(&self.world, request));
        let manner = self.world.sqs.temper.as_str();
        match request.header("authorization") {
            Some(_) if hostile::HTTP.contains(&manner) => {
                Answer::Badly(manner.to_owned(), response)
            }
            _ => response.into(),
        }
    }

    /// The response to a request that arrived in this way.
    pub fn response(&self, request: &HttpRequest, arrived: &Arrival) -> HttpResponse {
        let id = signature::request_id(request);
        let response = match self.respond(request, arrived) {
            Ok(response) => response,
            Err(fault) => fault.response(),
        };
        response.with("x-amzn-requestid", id)
    }

    /// Puts a message of somebody else's into a queue of the world's account.
    pub fn put(&self, queue: &str, body: &str) {
        let target = Target::named(&self.world, &self.world.account_id, queue);
        let mut queues = self.lock();
        queues.entry(target.arn).or_default().push(Message {
            sent: Sent {
                id: String::new(),
                sequence: None,
            },
            body: body.to_owned(),
            attributes: Map::new(),
            group: None,
            sender: "AIDAEXAMPLEOTHER".to_owned(),
            sent_at_ms: jiff::Timestamp::now().as_millisecond(),
            visible_at: Instant::now(),
            receives: 0,
            receipt: String::new(),
        });
    }

    /// The bodies that are in a queue of the world's account, in flight or not.
    pub fn bodies(&self, queue: &str) -> Vec<String> {
        let target = Target::named(&self.world, &self.world.account_id, queue);
        let queues = self.lock();
        let messages = queues.get(&target.arn).map(|q| q.messages.iter());
        messages
            .into_iter()
            .flatten()
            .map(|m| m.body.clone())
            .collect()
    }

    /// A panic in a test's other thread leaves the messages as they are: still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn respond(&self, request: &HttpRequest, arrived: &Arrival) -> Result<HttpResponse, Fault> {
        let world = &*self.world;
        let operation = request
            .header("x-amz-target")
            .and_then(|target| target.strip_prefix("AmazonSQS."));
        if request.header("authorization").is_none() && operation.is_none() {
            return Ok(without_target(request));
        }
        let caller = signature::authenticate(world, request, "sqs").map_err(rejected)?;
        self.temper(world)?;
        if world.sqs.temper == "garbage" {
            return Ok(json_response(200, "{\"MessageId\": <<not json"));
        }
        let operation = operation
            .filter(|o| OPERATIONS.contains(o))
            .ok_or_else(|| {
                Fault::coral(404, "UnknownOperationException", "UnknownOperation", "")
            })?;
        let input: Value = serde_json::from_slice(&request.body).map_err(|error| {
            Fault::coral(
                400,
                "SerializationException",
                "MalformedInput",
                error.to_string(),
            )
        })?;
        let call = Operation {
            world,
            request,
            arrived,
            caller: &caller,
            name: operation,
            input: &input,
        };
        let output = match operation {
            "SendMessage" => self.send(&call),
            "ReceiveMessage" => self.receive(&call),
            "DeleteMessage" => self.delete(&call),
            "ChangeMessageVisibility" => self.change_visibility(&call),
            "GetQueueAttributes" => self.attributes(&call),
            "GetQueueUrl" => call.queue_url(),
            _ => call.list_queues(),
        }?;
        Ok(json_response(200, &output.to_string()))
    }

    fn temper(&self, world: &World) -> Result<(), Fault> {
        if let Some(error) = &world.sqs.error {
            return Err(Fault::sqs(
                error.status,
                &error.code,
                &error.code,
                &error.message,
            ));
        }
        match world.sqs.temper.as_str() {
            "throttled" => Err(Fault::sqs(
                400,
                "RequestThrottled",
                "RequestThrottled",
                "Request is throttled.",
            )),
            "500" => Err(Fault {
                by_sender: false,
                ..Fault::coral(
                    500,
                    "InternalFailure",
                    "InternalFailure",
                    "We encountered an internal error. Please try again.",
                )
            }),
            _ => Ok(()),
        }
    }

    fn send(&self, call: &Operation<'_>) -> Result<Value, Fault> {
        let (target, settings) = call.authorized_queue()?;
        let body = call.text("MessageBody")?;
        let attributes = call.attributes();
        let size = body.len()
            + attributes
                .values()
                .map(|v| v.to_string().len())
                .sum::<usize>();
        if body.is_empty() {
            return Err(missing("MessageBody"));
        }
        if !body.chars().all(allowed) {
            return Err(Fault::sqs(
                400,
                "InvalidMessageContents",
                "InvalidMessageContents",
                "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
            ));
        }
        if size > LARGEST {
            return Err(invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {LARGEST} bytes."
            )));
        }
        let group = call.optional("MessageGroupId").map(str::to_owned);
        let deduplication = match (target.fifo(), &group) {
            (true, None) => return Err(missing("MessageGroupId")),
            (true, Some(_)) => Some(match call.optional("MessageDeduplicationId") {
                Some(id) => id.to_owned(),
                None if settings.content_based_deduplication => digest(body),
                None => {
                    return Err(invalid(
                        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
                    ));
                }
            }),
            (false, _) if call.optional("MessageDeduplicationId").is_some() => {
                return Err(invalid(format!(
                    "Value {} for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.",
                    call.optional("MessageDeduplicationId").unwrap_or_default()
                )));
            }
            (false, _) => None,
        };
        if let Some(code) = &settings.kms_error {
            return Err(kms(call.world, call.caller, code));
        }
        let attributes_digest = match attributes.is_empty() {
            true => None,
            false => Some(attributes_digest(&attributes)?),
        };
        let delay = call.number("DelaySeconds").unwrap_or(0).min(900);
        let now = Instant::now();
        let mut queues = self.lock();
        let queue = queues.entry(target.arn.clone()).or_default();
        queue
            .seen
            .retain(|_, (at, _)| now.duration_since(*at) < DEDUPLICATION);
        let repeated = deduplication
            .as_ref()
            .and_then(|id| queue.seen.get(id))
            .map(|(_, sent)| sent.clone());
        let sent = repeated.unwrap_or_else(|| {
            let sequence = target.fifo().then(|| {
                format!(
                    "{}",
                    18_849_496_460_467_696_128_u128 + u128::from(queue.counter)
                )
            });
            let sent = queue.push(Message {
                sent: Sent {
                    id: String::new(),
                    sequence,
                },
                body: body.to_owned(),
                attributes,
                group,
                sender: format!("AROAEXAMPLEROLE:{}", session(&call.caller.arn)),
                sent_at_ms: jiff::Timestamp::now().as_millisecond(),
                visible_at: now + Duration::from_secs(delay),
                receives: 0,
                receipt: String::new(),
            });
            if let Some(id) = deduplication {
                queue.seen.insert(id, (now, sent.clone()));
            }
            sent
        });
        let md5 = if call.world.sqs.temper == "wrong-md5" {
            digest(&format!("{body} corrupted"))
        } else {
            digest(body)
        };
        let mut output = json!({"MD5OfMessageBody": md5, "MessageId": sent.id});
        if let Some(digest) = attributes_digest {
            output["MD5OfMessageAttributes"] = digest.into();
        }
        if let Some(sequence) = sent.sequence {
            output["SequenceNumber"] = sequence.into();
        }
        Ok(output)
    }

    fn receive(&self, call: &Operation<'_>) -> Result<Value, Fault> {
        let (target, settings) = call.authorized_queue()?;
        let wanted = call.number("MaxNumberOfMessages").unwrap_or(1);
        if !(1..=10).contains(&wanted) {
            return Err(invalid(format!(
                "Value {wanted} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
            )));
        }
        if let Some(code) = &settings.kms_error {
            return Err(kms(call.world, call.caller, code));
        }
        let hidden = Duration::from_secs(call.number("VisibilityTimeout").unwrap_or(VISIBILITY));
        let names = |list: &str| -> Vec<&str> {
            let listed = call.input[list].as_array();
            listed
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect()
        };
        let mut system = names("AttributeNames");
        system.extend(names("MessageSystemAttributeNames"));
        let own = names("MessageAttributeNames");
        let now = Instant::now();
        let mut queues = self.lock();
        let queue = queues.entry(target.arn).or_default();
        // A FIFO group with a message in flight gives out none of its later ones.
        let mut busy: Vec<String> = queue
            .messages
            .iter()
            .filter(|m| m.visible_at > now && target.name.ends_with(".fifo"))
            .filter_map(|m| m.group.clone())
            .collect();
        busy.dedup();
        let mut given = Vec::new();
        for message in &mut queue.messages {
            if given.len() as u64 == wanted {
                break;
            }
            if message.visible_at > now || message.group.as_ref().is_some_and(|g| busy.contains(g))
            {
                continue;
            }
            message.receives += 1;
            message.visible_at = now + hidden;
            message.receipt = format!("AQEB{}-{}", message.sent.id, message.receives);
            given.push(message.shown(&system, &own));
        }
        if call.world.sqs.temper == "anothers-message" {
            for message in &mut given {
                let body = format!("somebody else's order, {}", message["Body"]);
                message["MD5OfBody"] = digest(&body).into();
                message["Body"] = body.into();
            }
        }
        Ok(if given.is_empty() {
            json!({})
        } else {
            json!({"Messages": given})
        })
    }

    fn delete(&self, call: &Operation<'_>) -> Result<Value, Fault> {
        let (target, _) = call.authorized_queue()?;
        let receipt = call.text("ReceiptHandle")?;
        if call.world.sqs.temper == "anothers-message" {
            return Err(invalid("this message is somebody else's".to_owned()));
        }
        let mut queues = self.lock();
        let queue = queues.entry(target.arn).or_default();
        let before = queue.messages.len();
        queue
            .messages
            .retain(|m| m.receipt.is_empty() || m.receipt != receipt);
        // Deleting twice is no error, a handle that never was one is.
        if queue.messages.len() == before && !receipt.starts_with("AQEB") {
            return Err(bad_receipt(receipt));
        }
        Ok(json!({}))
    }

    fn change_visibility(&self, call: &Operation<'_>) -> Result<Value, Fault> {
        let (target, _) = call.authorized_queue()?;
        let receipt = call.text("ReceiptHandle")?;
        let seconds = call
            .number("VisibilityTimeout")
            .ok_or_else(|| missing("VisibilityTimeout"))?;
        let mut queues = self.lock();
        let queue = queues.entry(target.arn).or_default();
        let message = queue
            .messages
            .iter_mut()
            .find(|m| !m.receipt.is_empty() && m.receipt == receipt)
            .ok_or_else(|| bad_receipt(receipt))?;
        message.visible_at = Instant::now() + Duration::from_secs(seconds.min(43_200));
        Ok(json!({}))
    }

    fn attributes(&self, call: &Operation<'_>) -> Result<Value, Fault> {
        let (target, settings) = call.authorized_queue()?;
        let now = Instant::now();
        let queues = self.lock();
        let (mut visible, mut hidden) = (0, 0);
        for message in queues
            .get(&target.arn)
            .map(|q| &q.messages)
            .into_iter()
            .flatten()
        {
            if message.visible_at > now {
                hidden += 1;
            } else {
                visible += 1;
            }
        }
        let mut all = Map::new();
        let mut put = |name: &str, value: String| all.insert(name.to_owned(), Value::String(value));
        put("QueueArn", target.arn.clone());
        put("ApproximateNumberOfMessages", visible.to_string());
        put("ApproximateNumberOfMessagesNotVisible", hidden.to_string());
        put("ApproximateNumberOfMessagesDelayed", "0".to_owned());
        put("CreatedTimestamp", "1772442867".to_owned());
        put("LastModifiedTimestamp", "1772442867".to_owned());
        put("VisibilityTimeout", VISIBILITY.to_string());
        put("MaximumMessageSize", LARGEST.to_string());
        put("MessageRetentionPeriod", "345600".to_owned());
        put("DelaySeconds", "0".to_owned());
        put("ReceiveMessageWaitTimeSeconds", "0".to_owned());
        put(
            "SqsManagedSseEnabled",
            settings.kms_error.is_none().to_string(),
        );
        if settings.kms_error.is_some() {
            put("KmsMasterKeyId", KEY.to_owned());
            put("KmsDataKeyReusePeriodSeconds", "300".to_owned());
        }
        if let Some(document) = &settings.policy {
            put("Policy", document.clone());
        }
        if target.fifo() {
            put("FifoQueue", "true".to_owned());
            put(
                "ContentBasedDeduplication",
                settings.content_based_deduplication.to_string(),
            );
        }
        let mut chosen = Map::new();
        for name in call.input["AttributeNames"]
            .as_array()
            .into_iter()
            .flatten()
        {
            match name.as_str().unwrap_or_default() {
                "All" => return Ok(json!({"Attributes": all})),
                name if ATTRIBUTES.contains(&name) => {
                    if let Some(value) = all.get(name) {
                        chosen.insert(name.to_owned(), value.clone());
                    }
                }
                name => {
                    return Err(Fault::sqs(
                        400,
                        "InvalidAttributeName",
                        "InvalidAttributeName",
                        format!("Unknown Attribute {name}."),
                    ));
                }
            }
        }
        Ok(if chosen.is_empty() {
            json!({})
        } else {
            json!({"Attributes": chosen})
        })
    }
}

impl Queue {
    /// Gives the message its id and keeps it.
    fn push(&mut self, mut message: Message) -> Sent {
        self.counter += 1;
        message.sent.id = uuid::Uuid::now_v7().to_string();
        let sent = message.sent.clone();
        self.messages.push(message);
        sent
    }
}

impl Message {
    fn shown(&self, system: &[&str], own: &[&str]) -> Value {
        let mut shown = json!({
            "MessageId": self.sent.id,
            "ReceiptHandle": self.receipt,
            "Body": self.body,
            "MD5OfBody": digest(&self.body),
        });
        let mut of_system = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value
                && (system.contains(&"All") || system.contains(&name))
            {
                of_system.insert(name.to_owned(), Value::String(value));
            }
        };
        put("SenderId", Some(self.sender.clone()));
        put("SentTimestamp", Some(self.sent_at_ms.to_string()));
        put("ApproximateReceiveCount", Some(self.receives.to_string()));
        put("MessageGroupId", self.group.clone());
        put("SequenceNumber", self.sent.sequence.clone());
        if !of_system.is_empty() {
            shown["Attributes"] = Value::Object(of_system);
        }
        let wanted: Map<String, Value> = self
            .attributes
            .iter()
            .filter(|(name, _)| {
                own.iter().any(|o| {
                    *o == "All"
                        || *o == name.as_str()
                        || o.strip_suffix(".*")
                            .is_some_and(|stem| name.starts_with(stem))
                })
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !wanted.is_empty() {
            if let Ok(digest) = attributes_digest(&wanted) {
                shown["MD5OfMessageAttributes"] = digest.into();
            }
            shown["MessageAttributes"] = Value::Object(wanted);
        }
        shown
    }
}

const OPERATIONS: &[&str] = &[
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListQueues",
];

const ATTRIBUTES: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// The key of every queue whose key refuses.
const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

/// One call with all that decides it.
struct Operation<'a> {
    world: &'a World,
    request: &'a HttpRequest,
    arrived: &'a Arrival,
    caller: &'a Caller,
    name: &'a str,
    input: &'a Value,
}

/// The queue a call is about.
struct Target {
    account: String,
    name: String,
    arn: String,
}

impl Target {
    fn named(world: &World, account: &str, name: &str) -> Self {
        Self {
            account: account.to_owned(),
            name: name.to_owned(),
            arn: format!(
                "arn:{}:sqs:{}:{account}:{name}",
                world.partition, world.region
            ),
        }
    }

    fn fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    fn settings<'a>(&self, world: &'a World) -> Option<&'a QueueSettings> {
        let queues = &world.sqs.queues;
        let own = (self.account == world.account_id).then(|| queues.get(&self.name));
        own.flatten()
            .or_else(|| queues.get(&format!("{}/{}", self.account, self.name)))
    }

    fn url(&self, world: &World) -> String {
        let (region, suffix) = (&world.region, world.dns_suffix());
        format!(
            "https://sqs.{region}.{suffix}/{}/{}",
            self.account, self.name
        )
    }
}

impl<'a> Operation<'a> {
    fn optional(&self, name: &str) -> Option<&'a str> {
        self.input[name].as_str().filter(|text| !text.is_empty())
    }

    fn text(&self, name: &str) -> Result<&'a str, Fault> {
        self.input[name].as_str().ok_or_else(|| missing(name))
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.input[name].as_u64()
    }

    fn attributes(&self) -> Map<String, Value> {
        self.input["MessageAttributes"]
            .as_object()
            .cloned()
            .unwrap_or_default()
    }

    /// The queue of `QueueUrl`, once everything allows the call on it.
    fn authorized_queue(&self) -> Result<(Target, &'a QueueSettings), Fault> {
        let target = self.target(self.text("QueueUrl")?)?;
        let settings = target.settings(self.world);
        self.authorize(&target, settings)?;
        let settings = settings.ok_or_else(not_there)?;
        Ok((target, settings))
    }

    /// Reads a queue URL. SQS takes any of its own names in it, of this region only.
    fn target(&self, url: &str) -> Result<Target, Fault> {
        let invalid_address = || {
            Fault::sqs(
                404,
                "InvalidAddress",
                "InvalidAddress",
                format!("The address {url} is not valid for this endpoint."),
            )
        };
        let parsed = url::Url::parse(url).map_err(|_| invalid_address())?;
        let host = parsed.host_str().unwrap_or_default();
        let region = self.world.region.as_str();
        let legacy = host.strip_suffix(self.world.dns_suffix()) == Some("queue.");
        if !(host.split('.').any(|label| label == region) || legacy) {
            return Err(invalid_address());
        }
        let path: Vec<&str> = parsed.path().trim_matches('/').split('/').collect();
        match path.as_slice() {
            [account, name]
                if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Ok(Target::named(self.world, account, name))
            }
            _ => Err(invalid_address()),
        }
    }

    /// Explicit denies of any policy come first, then what is not allowed.
    fn authorize(&self, target: &Target, settings: Option<&QueueSettings>) -> Result<(), Fault> {
        let action = format!("sqs:{}", self.name);
        let call = policy::Call {
            action: &action,
            resource: &target.arn,
            principal: &self.caller.arn,
            context: self.arrived.context(self.world, self.caller, self.request),
        };
        let evaluate = |document: Option<&str>| {
            document
                .map(|document| policy::evaluate(document, &call, true))
                .transpose()
                .map_err(|what| {
                    let message = format!("A policy is beyond the lab: {what}");
                    Fault::coral(500, "InternalFailure", "LabPolicyNotUnderstood", message)
                })
        };
        let endpoint = evaluate(self.arrived.policy(self.world))?;
        let queue = evaluate(settings.and_then(|s| s.policy.as_deref()))?;
        let stated = self
            .world
            .sqs
            .denied
            .as_ref()
            .filter(|d| d.actions.is_empty() || d.actions.iter().any(|a| a == self.name));
        let deny = |by: &str, explicit: bool| Err(self.denied(&target.arn, by, explicit));
        const ENDPOINT: &str = "VPC endpoint policy";
        const RESOURCE: &str = "resource-based policy";
        if let Some(denial) = stated.filter(|d| d.explicit) {
            return deny(&denial.by, true);
        }
        if endpoint == Some(policy::Effect::Denied) {
            return deny(ENDPOINT, true);
        }
        if queue == Some(policy::Effect::Denied) {
            return deny(RESOURCE, true);
        }
        if let Some(denial) = stated {
            return deny(&denial.by, false);
        }
        if endpoint == Some(policy::Effect::Silent) {
            return deny(ENDPOINT, false);
        }
        // Within an account the caller's own policies suffice; across accounts the queue's has to allow it as well.
        let foreign = target.account != self.caller.account;
        if foreign && settings.is_some() && queue != Some(policy::Effect::Allowed) {
            return deny(RESOURCE, false);
        }
        Ok(())
    }

    /// IAM's text; SQS writes its action in small letters.
    fn denied(&self, resource: &str, by: &str, explicit: bool) -> Fault {
        let action = format!("sqs:{}", self.name.to_ascii_lowercase());
        let why = if explicit {
            let article = if by.starts_with("identity") {
                "an"
            } else {
                "a"
            };
            format!("with an explicit deny in {article} {by}")
        } else {
            format!("because no {by} allows the {action} action")
        };
        Fault {
            message_key: "Message",
            ..Fault::coral(
                403,
                "AccessDeniedException",
                "AccessDenied",
                format!(
                    "User: {} is not authorized to perform: {action} on resource: {resource} {why}",
                    self.caller.arn
                ),
            )
        }
    }

    fn queue_url(&self) -> Result<Value, Fault> {
        let account = self
            .optional("QueueOwnerAWSAccountId")
            .unwrap_or(&self.world.account_id);
        let target = Target::named(self.world, account, self.text("QueueName")?);
        let settings = target.settings(self.world);
        self.authorize(&target, settings)?;
        settings.ok_or_else(not_there)?;
        Ok(json!({"QueueUrl": target.url(self.world)}))
    }

    fn list_queues(&self) -> Result<Value, Fault> {
        self.authorize(&Target::named(self.world, &self.world.account_id, ""), None)?;
        let prefix = self.optional("QueueNamePrefix").unwrap_or_default();
        let mut urls: Vec<String> = self
            .world
            .sqs
            .queues
            .keys()
            .filter(|name| !name.contains('/') && name.starts_with(prefix))
            .map(|name| Target::named(self.world, &self.world.account_id, name).url(self.world))
            .collect();
        let most = match self.number("MaxResults") {
            None => 1000,
            Some(n @ 1..=1000) => usize::try_from(n).unwrap_or(1000),
            Some(_) => return Err(invalid("MaxResults must be an integer between 1 and 1000")),
        };
        let start = match self.optional("NextToken") {
            None => 0,
            Some(token) => token
                .parse::<usize>()
                .ok()
                .filter(|start| *start <= urls.len())
                .ok_or_else(|| invalid("Invalid or expired next token."))?,
        };
        let mut urls = urls.split_off(start);
        let mut output = json!({});
        if urls.len() > most {
            urls.truncate(most);
            output["NextToken"] = (start + most).to_string().into();
        }
        if !urls.is_empty() {
            output["QueueUrls"] = urls.into();
        }
        Ok(output)
    }
}

/// An error of the service.
#[derive(Debug)]
struct Fault {
    status: u16,
    /// `__type`.
    kind: String,
    /// The code in `x-amzn-query-error`.
    code: String,
    message: String,
    /// `message`, or `Message` as in denials.
    message_key: &'static str,
    by_sender: bool,
}

impl Fault {
    /// An error of the front end that all services share.
    fn coral(status: u16, kind: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind: format!("com.amazon.coral.service#{kind}"),
            code: code.to_owned(),
            message: message.into(),
            message_key: "message",
            by_sender: status < 500,
        }
    }

    /// An error of SQS itself.
    fn sqs(status: u16, kind: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            kind: format!("com.amazonaws.sqs#{kind}"),
            ..Self::coral(status, kind, code, message)
        }
    }

    fn response(&self) -> HttpResponse {
        let mut body = json!({"__type": self.kind});
        body[self.message_key] = self.message.clone().into();
        let fault = if self.by_sender { "Sender" } else { "Receiver" };
        json_response(self.status, &body.to_string())
            .with("x-amzn-query-error", format!("{};{fault}", self.code))
    }
}

fn rejected(rejection: Rejection) -> Fault {
    let fault = |kind: &str, code: &str, message: String| Fault::coral(403, kind, code, message);
    match rejection {
        Rejection::Unsigned => fault(
            "MissingAuthenticationTokenException",
            "MissingAuthenticationToken",
            "Request is missing Authentication Token".to_owned(),
        ),
        Rejection::Incomplete(message) => fault(
            "IncompleteSignatureException",
            "IncompleteSignature",
            message,
        ),
        Rejection::UnknownKey => fault(
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "The security token included in the request is invalid.".to_owned(),
        ),
        Rejection::ExpiredToken => fault(
            "ExpiredTokenException",
            "ExpiredToken",
            "The security token included in the request is expired".to_owned(),
        ),
        Rejection::Scope(message) | Rejection::Clock(message) => fault(
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            message,
        ),
    }
}

/// What a request that is neither signed nor names an operation gets.
fn without_target(request: &HttpRequest) -> HttpResponse {
    if request.method == "POST" {
        rejected(Rejection::Unsigned).response()
    } else {
        HttpResponse::new(404, "application/xml", "<UnknownOperationException/>\n")
    }
}

fn not_there() -> Fault {
    Fault::sqs(
        400,
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
}

fn missing(parameter: &str) -> Fault {
    Fault::coral(
        400,
        "MissingParameterException",
        "MissingParameter",
        format!("The request must contain the parameter {parameter}."),
    )
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::coral(
        400,
        "InvalidParameterValueException",
        "InvalidParameterValue",
        message,
    )
}

fn bad_receipt(receipt: &str) -> Fault {
    Fault::sqs(
        400,
        "ReceiptHandleIsInvalid",
        "ReceiptHandleIsInvalid",
        format!("The input receipt handle \"{receipt}\" is not a valid receipt handle."),
    )
}

/// The key's refusal; the denial is in IAM's words, the others as KMS says them.
fn kms(world: &World, caller: &Caller, code: &str) -> Fault {
    let key = format!(
        "arn:{}:kms:{}:{}:key/{KEY}",
        world.partition, world.region, world.account_id
    );
    let (kind, message) = match code {
        "KMS.AccessDeniedException" => (
            "KmsAccessDenied",
            format!(
                "User: {} is not authorized to perform: kms:GenerateDataKey on resource: {key} because no identity-based policy allows the kms:GenerateDataKey action (Service: Kms, Status Code: 400)",
                caller.arn
            ),
        ),
        "KMS.DisabledException" => ("KmsDisabled", format!("{key} is disabled.")),
        "KMS.NotFoundException" => ("KmsNotFound", format!("Key '{key}' does not exist")),
        "KMS.InvalidStateException" => ("KmsInvalidState", format!("{key} is pending deletion.")),
        "KMS.InvalidKeyUsageException" => (
            "KmsInvalidKeyUsage",
            format!("{key} key usage is SIGN_VERIFY which is not valid for GenerateDataKey."),
        ),
        "KMS.OptInRequired" => (
            "KmsOptInRequired",
            "The AWS Access Key Id needs a subscription for the service".to_owned(),
        ),
        "KMS.ThrottlingException" => (
            "KmsThrottled",
            "You have exceeded the rate at which you may call KMS.".to_owned(),
        ),
        other => (other, format!("{key} refused.")),
    };
    Fault::sqs(400, kind, code, message)
}

/// The characters SQS takes.
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn digest(text: &str) -> String {
    hexadecimal(&Md5::digest(text.as_bytes()))
}

/// The digest over names, types and values in the order of names, as the SQS guide describes it.
fn attributes_digest(attributes: &Map<String, Value>) -> Result<String, Fault> {
    let mut names: Vec<&String> = attributes.keys().collect();
    names.sort();
    let mut hasher = Md5::new();
    let mut add = |bytes: &[u8], tag: Option<u8>| {
        if let Some(tag) = tag {
            hasher.update([tag]);
        }
        hasher.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(bytes);
    };
    for name in names {
        let attribute = &attributes[name];
        let kind = attribute["DataType"]
            .as_str()
            .ok_or_else(|| missing("DataType"))?;
        let value = attribute["StringValue"].as_str().ok_or_else(|| {
            invalid(format!(
                "The message attribute '{name}' must contain a string value."
            ))
        })?;
        add(name.as_bytes(), None);
        add(kind.as_bytes(), None);
        add(value.as_bytes(), Some(1));
    }
    Ok(hexadecimal(&hasher.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn session(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn json_response(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(status, "application/x-amz-json-1.0", body)
}

#[cfg(test)]
// A program without the test harness has this module but not its tests.
#[allow(unused_imports)]
mod tests;
