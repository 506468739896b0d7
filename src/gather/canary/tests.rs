use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::gather::aws::test_service::{
    Answer, Request, SECRET, Service, access, access_without_credentials, bounds,
};

const HOST: &str = "sqs.us-east-1.amazonaws.com";
const URL: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/canary";

fn plan(service: &Service, mode: CanaryMode) -> CanaryPlan {
    CanaryPlan {
        queue_url: URL.to_owned(),
        mode,
        region: "us-east-1".to_owned(),
        host: ApiHost {
            name: HOST.to_owned(),
            port: service.address.port(),
            https: true,
        },
        address: service.address.ip(),
        run_id: "run-1".to_owned(),
        version: "0.1.0".to_owned(),
        service_roots: Roots::from_pem(service.root.as_bytes()),
    }
}

fn json_answer(body: &Value) -> Answer {
    let headers = vec![
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amzn-requestid", "request-1".to_owned()),
        ("date", "Sat, 21 Nov 2026 05:00:00 GMT".to_owned()),
    ];
    Answer::Http(200, headers, body.to_string())
}

fn error_answer(status: u16, code: &str, message: &str) -> Answer {
    let Answer::Http(_, mut headers, _) = json_answer(&Value::Null) else {
        unreachable!()
    };
    headers.push(("x-amzn-query-error", format!("{code};Sender")));
    let body = json!({"__type": "com.amazon.coral.service#Exception", "Message": message});
    Answer::Http(status, headers, body.to_string())
}

fn field(request: &Request, name: &str) -> String {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    body[name].as_str().unwrap_or_default().to_owned()
}

fn sent(request: &Request) -> Answer {
    let digest = digest_of(&field(request, "MessageBody"));
    json_answer(&json!({"MessageId": "message-1", "MD5OfMessageBody": digest}))
}

async fn send_to(service: &Service, mode: CanaryMode) -> Canary {
    send(
        &bounds(3000, 5000),
        &access(""),
        &plan(service, mode),
        Lines::default(),
    )
    .await
}

#[tokio::test]
async fn a_message_is_sent_signed_to_the_pinned_address() {
    let service = Service::start(HOST, sent).await;
    let canary = send_to(&service, CanaryMode::Send).await;
    let seen = canary.result.seen().unwrap();
    assert_eq!(seen.message_id, "message-1");
    assert_eq!(seen.request_id.as_deref(), Some("request-1"));
    assert!(seen.digest_matches && seen.round_trip.is_none());
    assert_eq!(canary.remote_address, Some(service.address.ip()));
    assert_eq!(canary.host.as_deref(), Some(HOST));
    let arn = "arn:aws:sqs:us-east-1:123456789012:canary";
    assert_eq!(canary.queue_arn.as_deref(), Some(arn));
    let requests = service.requests.lock().unwrap();
    let request = &requests[0];
    assert_eq!(field(request, "QueueUrl"), URL);
    assert!(!request.body.contains("MessageGroupId"));
    let body: Value = serde_json::from_str(&field(request, "MessageBody")).unwrap();
    assert_eq!(body["vpcheck"]["run_id"], "run-1");
    assert_eq!(body["vpcheck"].as_object().unwrap().len(), 3);
    assert!(!format!("{canary:?}").contains(SECRET));
}

#[tokio::test]
async fn a_fifo_queue_gets_its_group_and_a_fresh_id() {
    let service = Service::start(HOST, sent).await;
    let mut plan = plan(&service, CanaryMode::Send);
    plan.queue_url.push_str(".fifo");
    let canary = send(&bounds(3000, 5000), &access(""), &plan, Lines::default()).await;
    assert!(canary.result.is_seen());
    let requests = service.requests.lock().unwrap();
    assert_eq!(field(&requests[0], "MessageGroupId"), "vpcheck");
    assert_eq!(field(&requests[0], "MessageDeduplicationId"), "run-1");
}

#[tokio::test]
async fn a_wrong_digest_is_seen() {
    let answer = json!({"MessageId": "m", "MD5OfMessageBody": "00"});
    let service = Service::start(HOST, move |_| json_answer(&answer)).await;
    let canary = send_to(&service, CanaryMode::Send).await;
    assert!(!canary.result.seen().unwrap().digest_matches);
}

#[tokio::test]
async fn errors_are_told_apart_and_kept() {
    let denied = "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: sqs:sendmessage on \
        resource: arn:aws:sqs:us-east-1:123456789012:canary because no identity-based policy allows the action";
    for (status, code, kind) in [
        (403, "AccessDenied", FailureKind::Denied),
        (400, "RequestThrottled", FailureKind::Throttled),
        (403, "InvalidClientTokenId", FailureKind::Credentials),
        (403, "ExpiredToken", FailureKind::Credentials),
        (
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
            FailureKind::Service,
        ),
        (400, "KMS.AccessDeniedException", FailureKind::Service),
    ] {
        let service = Service::start(HOST, move |_| error_answer(status, code, denied)).await;
        let canary = send_to(&service, CanaryMode::Send).await;
        assert_eq!(canary.result.failure_kind(), Some(kind), "{code}");
        let error = canary.error.unwrap();
        assert_eq!((error.code.as_str(), error.status), (code, Some(status)));
        assert_eq!(error.message, denied);
        assert_eq!(error.request_id.as_deref(), Some("request-1"));
        assert_eq!(error.date.unwrap().to_string(), "2026-11-21T05:00:00Z");
        // An identity policy is to blame: the queue's is not asked for, and nothing is tried again.
        assert_eq!(service.requests.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_error_in_xml_is_understood_as_well() {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not \
        authorized</Message></Error></ErrorResponse>";
    let service = Service::start(HOST, move |_| Answer::Http(403, vec![], body.to_owned())).await;
    let canary = send_to(&service, CanaryMode::Send).await;
    assert_eq!(canary.result.failure_kind(), Some(FailureKind::Denied));
    assert_eq!(canary.error.unwrap().message, "User is not authorized");
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let service = Service::start(HOST, |_| error_answer(400, "Odd", &"é".repeat(9000))).await;
    let canary = send_to(&service, CanaryMode::Send).await;
    assert!(canary.error.unwrap().message.len() <= 2048);
}

#[tokio::test]
async fn the_queues_policy_is_read_where_it_may_be_to_blame() {
    for message in [
        "not authorized, with an explicit deny in a resource-based policy",
        "Access to the resource is denied.",
    ] {
        let service = Service::start(HOST, move |request| match request.operation().as_str() {
            "GetQueueAttributes" => json_answer(&json!({"Attributes": {"Policy": "{}"}})),
            _ => error_answer(403, "AccessDenied", message),
        })
        .await;
        let canary = send_to(&service, CanaryMode::Send).await;
        assert_eq!(canary.queue_policy.as_deref(), Some("{}"));
        assert_eq!(canary.result.failure_kind(), Some(FailureKind::Denied));
        assert_eq!(canary.error.unwrap().message, message);
    }
}

#[tokio::test]
async fn nothing_is_sent_over_a_connection_that_is_not_verified() {
    let service = Service::start(HOST, sent).await;
    let other = Service::start(HOST, sent).await;
    let mut plan = plan(&service, CanaryMode::Send);
    plan.service_roots = Roots::from_pem(other.root.as_bytes());
    let canary = send(&bounds(3000, 5000), &access(""), &plan, Lines::default()).await;
    let reason = canary.result.skip_reason().unwrap();
    assert_eq!(
        reason,
        "the certificate of sqs.us-east-1.amazonaws.com at 127.0.0.1 does not chain to the service roots"
    );
    assert!(service.requests.lock().unwrap().is_empty());
    // Right roots, wrong name.
    let service = Service::start("proxy.example", sent).await;
    let canary = send_to(&service, CanaryMode::Send).await;
    assert!(
        canary
            .result
            .skip_reason()
            .unwrap()
            .contains("is for another name")
    );
    assert!(service.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_makes_sending_pointless_is_a_skip() {
    let service = Service::start(HOST, sent).await;
    let skipped = async |change: fn(&mut CanaryPlan)| {
        let mut plan = plan(&service, CanaryMode::Send);
        change(&mut plan);
        let canary = send(&bounds(3000, 5000), &access(""), &plan, Lines::default()).await;
        canary.result.skip_reason().map(str::to_owned)
    };
    assert!(skipped(|plan| plan.mode = CanaryMode::Off).await.is_some());
    assert!(skipped(|plan| plan.host.https = false).await.is_some());
    assert!(
        skipped(|plan| plan.service_roots = Roots::of([]))
            .await
            .is_some()
    );
    assert!(
        skipped(|plan| plan.queue_url = "https://example.com/".to_owned())
            .await
            .is_some()
    );
    assert!(service.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn hangs_garbage_and_closed_ports_are_told_apart() {
    for (answer, kind) in [
        (Answer::Hang, FailureKind::Timeout),
        (
            Answer::Raw("this is no HTTP\r\n\r\n"),
            FailureKind::Malformed,
        ),
        (
            Answer::Http(200, vec![], "<<not json".to_owned()),
            FailureKind::Malformed,
        ),
        (
            Answer::Http(503, vec![], "<html>".to_owned()),
            FailureKind::Malformed,
        ),
    ] {
        let service = Service::start(HOST, move |_| answer.clone()).await;
        let canary = send(
            &bounds(500, 5000),
            &access(""),
            &plan(&service, CanaryMode::Send),
            Lines::default(),
        )
        .await;
        assert_eq!(
            canary.result.failure_kind(),
            Some(kind),
            "{:?}",
            canary.result
        );
        assert!(canary.result.took_ms < 2000.0);
    }
    let service = Service::start(HOST, sent).await;
    let mut plan = plan(&service, CanaryMode::Send);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    plan.host.port = unused.local_addr().unwrap().port();
    drop(unused);
    let canary = send(&bounds(500, 5000), &access(""), &plan, Lines::default()).await;
    assert_eq!(canary.result.failure_kind(), Some(FailureKind::Refused));
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let service = Service::start(HOST, sent).await;
    let failure = Failure::new(FailureKind::Timeout, "EcsContainer: no answer within 2 ms");
    let access = access_without_credentials("", failure);
    let canary = send(
        &bounds(500, 5000),
        &access,
        &plan(&service, CanaryMode::Send),
        Lines::default(),
    )
    .await;
    let failure = canary.result.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert_eq!(failure.detail, "EcsContainer: no answer within 2 ms");
    assert!(service.requests.lock().unwrap().is_empty());
}

/// A queue with somebody else's message in it; the canary comes with the second receipt.
fn queue(request: &Request, own_comes: bool, receipts: usize) -> Answer {
    match request.operation().as_str() {
        "SendMessage" => sent(request),
        "ReceiveMessage" => {
            let own = r#"{"vpcheck":{"run_id":"run-1","sent_at":"","version":""}}"#;
            let others = r#"{"vpcheck":{"run_id":"run-2","sent_at":"","version":""}}"#;
            let mut messages = vec![];
            if receipts == 1 {
                messages.push(json!({"ReceiptHandle": "other", "Body": others}));
                messages.push(json!({"ReceiptHandle": "foreign", "Body": "an order"}));
            } else if own_comes {
                messages.push(json!({"ReceiptHandle": "own", "Body": own}));
            }
            json_answer(&json!({"Messages": messages}))
        }
        "ChangeMessageVisibilityBatch" => json_answer(&json!({"Successful": [], "Failed": []})),
        _ => json_answer(&json!({})),
    }
}

#[tokio::test]
async fn a_round_trip_deletes_its_own_message_and_gives_the_others_back() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let service = Service::start(HOST, move |request| {
        let is_receipt = request.operation() == "ReceiveMessage";
        let before = count.fetch_add(usize::from(is_receipt), std::sync::atomic::Ordering::SeqCst);
        queue(request, true, before + usize::from(is_receipt))
    })
    .await;
    let canary = send_to(&service, CanaryMode::RoundTrip).await;
    let seen = canary.result.seen().unwrap();
    assert!(seen.round_trip.as_ref().unwrap().is_seen(), "{seen:?}");
    let requests = service.requests.lock().unwrap();
    let of = |operation: &str| -> Vec<&Request> {
        requests
            .iter()
            .filter(|r| r.operation() == operation)
            .collect()
    };
    let deleted = of("DeleteMessage");
    assert_eq!(deleted.len(), 1);
    assert_eq!(field(deleted[0], "ReceiptHandle"), "own");
    let given: Value = serde_json::from_str(&of("ChangeMessageVisibilityBatch")[0].body).unwrap();
    let entries = given["Entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry["VisibilityTimeout"] == 0));
}

#[tokio::test]
async fn a_message_that_never_comes_back_is_a_timeout() {
    let service = Service::start(HOST, |request| queue(request, false, 2)).await;
    let plan = plan(&service, CanaryMode::RoundTrip);
    let canary = send(&bounds(700, 5000), &access(""), &plan, Lines::default()).await;
    let back = canary.result.seen().unwrap().round_trip.clone().unwrap();
    assert_eq!(back.failure_kind(), Some(FailureKind::Timeout));
    assert_eq!(service.count("DeleteMessage"), 0);
}

#[tokio::test]
async fn a_denied_receipt_is_kept_beside_the_message_that_was_sent() {
    let service = Service::start(HOST, |request| match request.operation().as_str() {
        "SendMessage" => sent(request),
        _ => error_answer(
            403,
            "AccessDenied",
            "because no identity-based policy allows it",
        ),
    })
    .await;
    let canary = send_to(&service, CanaryMode::RoundTrip).await;
    let back = canary.result.seen().unwrap().round_trip.clone().unwrap();
    assert_eq!(back.failure_kind(), Some(FailureKind::Denied));
    assert_eq!(canary.error.unwrap().code, "AccessDenied");
}

#[tokio::test]
async fn the_deadline_holds_whatever_hangs() {
    let service = Service::start(HOST, |request| match request.operation().as_str() {
        "SendMessage" => sent(request),
        _ => Answer::Hang,
    })
    .await;
    let began = std::time::Instant::now();
    let plan = plan(&service, CanaryMode::RoundTrip);
    let canary = send(&bounds(10_000, 1200), &access(""), &plan, Lines::default()).await;
    assert!(canary.result.is_seen());
    assert!(began.elapsed() < Duration::from_millis(2500));
}

#[tokio::test]
async fn sending_can_move_between_threads_and_is_small() {
    fn size_of_sent<T: Send>(value: &T) -> usize {
        size_of_val(value)
    }
    let service = Service::start(HOST, sent).await;
    let (bounds, plan) = (bounds(500, 1000), plan(&service, CanaryMode::Send));
    assert!(size_of_sent(&send(&bounds, &access(""), &plan, Lines::default())) < 64 * 1024);
}
