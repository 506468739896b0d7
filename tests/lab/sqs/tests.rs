//! What the real SDK makes of the answers.

use std::net::IpAddr;

use aws_credential_types::Credentials;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};

use super::super::ec2::loopback::{block_on, credentials, serve, sqs};
use super::*;

/// The lab's SQS endpoint, and an address of none.
const THROUGH: [u8; 4] = [10, 0, 10, 55];
const AROUND: [u8; 4] = [3, 80, 1, 1];
const URL: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/canary";

fn world(changes: &str) -> World {
    World::overlay(&changes.parse().expect("TOML")).expect("a world")
}

fn at(world: World, address: [u8; 4]) -> (aws_sdk_sqs::Client, Arc<Sqs>) {
    let service = Arc::new(Sqs::new(Arc::new(world)));
    let serving = Arc::clone(&service);
    let url = serve(IpAddr::from(address), move |request| {
        match serving.answer(request) {
            Answer::Respond(response) => response,
            other => panic!("{other:?}"),
        }
    });
    (sqs(&url, credentials()), service)
}

fn client(world: World) -> aws_sdk_sqs::Client {
    at(world, THROUGH).0
}

/// The code and message a send is refused with.
fn refusal(client: &aws_sdk_sqs::Client, url: &str) -> (String, String) {
    let error = block_on(
        client
            .send_message()
            .queue_url(url)
            .message_body("hello")
            .send(),
    )
    .expect_err("a refusal");
    (
        error.code().unwrap_or_default().to_owned(),
        error.message().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_message_makes_the_round_trip_among_others() {
    let (client, service) = at(World::default(), THROUGH);
    service.put("canary", "somebody else's");
    block_on(async {
        let attribute = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("v")
            .build()
            .expect("an attribute");
        let sent = client
            .send_message()
            .queue_url(URL)
            .message_body("hello")
            .message_attributes("k", attribute)
            .send()
            .await
            .expect("sent");
        assert_eq!(
            sent.md5_of_message_body(),
            Some("5d41402abc4b2a76b9719d911017c592")
        );
        assert_eq!(sent.md5_of_message_attributes().map(str::len), Some(32));
        assert!(sent.sequence_number().is_none());
        let received = client
            .receive_message()
            .queue_url(URL)
            .max_number_of_messages(10)
            .message_attribute_names("All")
            .send()
            .await
            .expect("received");
        assert_eq!(received.messages().len(), 2);
        let again = client
            .receive_message()
            .queue_url(URL)
            .send()
            .await
            .expect("received");
        assert!(again.messages().is_empty(), "in flight");
        let (mine, other): (Vec<_>, Vec<_>) = received
            .messages()
            .iter()
            .partition(|m| m.message_id() == sent.message_id());
        assert_eq!(mine[0].body(), Some("hello"));
        assert_eq!(
            mine[0].md5_of_message_attributes(),
            sent.md5_of_message_attributes()
        );
        client
            .delete_message()
            .queue_url(URL)
            .receipt_handle(mine[0].receipt_handle().expect("a handle"))
            .send()
            .await
            .expect("deleted");
        client
            .change_message_visibility()
            .queue_url(URL)
            .receipt_handle(other[0].receipt_handle().expect("a handle"))
            .visibility_timeout(0)
            .send()
            .await
            .expect("released");
        let again = client
            .receive_message()
            .queue_url(URL)
            .send()
            .await
            .expect("received");
        assert_eq!(again.messages()[0].body(), Some("somebody else's"));
        let never = client
            .delete_message()
            .queue_url(URL)
            .receipt_handle("x")
            .send()
            .await;
        assert_eq!(
            never.expect_err("no handle").code(),
            Some("ReceiptHandleIsInvalid")
        );
    });
    assert_eq!(service.bodies("canary"), ["somebody else's"]);
}

#[test]
fn fifo_queues_want_their_ids_and_drop_repeats() {
    let (client, service) = at(world("sqs.queues.\"canary.fifo\" = {}"), THROUGH);
    let url = format!("{URL}.fifo");
    let (code, message) = refusal(&client, &url);
    assert_eq!(code, "MissingParameter");
    assert_eq!(
        message,
        "The request must contain the parameter MessageGroupId."
    );
    block_on(async {
        let send = || {
            client
                .send_message()
                .queue_url(&url)
                .message_body("m")
                .message_group_id("g")
        };
        let error = send().send().await.expect_err("no deduplication id");
        assert_eq!(error.code(), Some("InvalidParameterValue"));
        let first = send()
            .message_deduplication_id("1")
            .send()
            .await
            .expect("sent");
        let second = send()
            .message_deduplication_id("1")
            .send()
            .await
            .expect("sent");
        assert_eq!(first.message_id(), second.message_id());
        assert!(first.sequence_number().is_some());
    });
    assert_eq!(service.bodies("canary.fifo"), ["m"]);
}

#[test]
fn queues_are_found_or_not() {
    let client = client(world(
        r#"sqs.queues.canary.policy = '{"Statement":[]}'
        sqs.queues."999999999999/theirs" = {}"#,
    ));
    for url in [
        "https://sqs.us-east-1.amazonaws.com/123456789012/Canary",
        "https://sqs.us-east-1.amazonaws.com/999999999999/canary",
    ] {
        let (code, message) = refusal(&client, url);
        assert_eq!(code, "AWS.SimpleQueueService.NonExistentQueue");
        assert_eq!(message, "The specified queue does not exist.");
    }
    for url in [
        "canary",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/canary",
    ] {
        assert_eq!(refusal(&client, url).0, "InvalidAddress", "{url}");
    }
    block_on(async {
        let legacy = "https://queue.amazonaws.com/123456789012/canary";
        let sent = client
            .send_message()
            .queue_url(legacy)
            .message_body("x")
            .send()
            .await;
        assert!(sent.is_ok(), "{sent:?}");
        let told = client
            .get_queue_attributes()
            .queue_url(URL)
            .attribute_names(QueueAttributeName::Policy)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .expect("attributes");
        let told = told.attributes().expect("some");
        assert_eq!(told[&QueueAttributeName::Policy], "{\"Statement\":[]}");
        assert_eq!(
            told[&QueueAttributeName::QueueArn],
            "arn:aws:sqs:us-east-1:123456789012:canary"
        );
        let url = client
            .get_queue_url()
            .queue_name("canary")
            .send()
            .await
            .expect("a URL");
        assert_eq!(url.queue_url(), Some(URL));
        let all = client.list_queues().send().await.expect("queues");
        assert_eq!(all.queue_urls(), [URL]);
    });
    let (code, message) = refusal(
        &client,
        "https://sqs.us-east-1.amazonaws.com/999999999999/theirs",
    );
    assert_eq!(code, "AccessDenied");
    assert!(
        message.ends_with("because no resource-based policy allows the sqs:sendmessage action"),
        "{message}"
    );
}

#[test]
fn policies_deny_in_the_words_of_aws() {
    let who = "User: arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0 is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:canary";
    let id = World::default().endpoints["sqs"].id.clone();
    let only = |endpoint: &str| {
        format!(
            r#"sqs.queues.canary.policy = '{{"Statement":[{{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{{"StringNotEquals":{{"aws:SourceVpce":"{endpoint}"}}}}}}]}}'"#
        )
    };
    let queue_denies = format!("{who} with an explicit deny in a resource-based policy");
    let sent = client(world(&only(&id)))
        .send_message()
        .queue_url(URL)
        .message_body("x");
    assert!(block_on(sent.send()).is_ok());
    assert_eq!(
        refusal(&client(world(&only("vpce-other"))), URL).1,
        queue_denies
    );
    assert_eq!(
        refusal(&at(world(&only(&id)), AROUND).0, URL).1,
        queue_denies
    );

    let policy = |action: &str| {
        format!(
            r#"endpoints.sqs.policy = '{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"{action}","Resource":"*"}}]}}'"#
        )
    };
    let silent = world(&policy("sqs:Receive*"));
    let text = format!("{who} because no VPC endpoint policy allows the sqs:sendmessage action");
    assert_eq!(
        refusal(&client(silent.clone()), URL),
        ("AccessDenied".into(), text)
    );
    let sent = at(silent, AROUND)
        .0
        .send_message()
        .queue_url(URL)
        .message_body("x");
    assert!(
        block_on(sent.send()).is_ok(),
        "no endpoint, no endpoint policy"
    );
    let denying = world(&policy("sqs:*").replace("Allow", "Deny"));
    let text = format!("{who} with an explicit deny in a VPC endpoint policy");
    assert_eq!(refusal(&client(denying), URL).1, text);

    for (by, explicit, end) in [
        (
            "identity-based policy",
            false,
            "because no identity-based policy allows the sqs:sendmessage action",
        ),
        (
            "identity-based policy",
            true,
            "with an explicit deny in an identity-based policy",
        ),
        (
            "permissions boundary",
            false,
            "because no permissions boundary allows the sqs:sendmessage action",
        ),
        (
            "service control policy",
            true,
            "with an explicit deny in a service control policy",
        ),
    ] {
        let stated = world(&format!(
            "sqs.denied = {{ by = \"{by}\", explicit = {explicit}, actions = [\"SendMessage\"] }}"
        ));
        assert_eq!(refusal(&client(stated), URL).1, format!("{who} {end}"));
    }
}

#[test]
fn the_service_has_its_moods() {
    for (changes, code) in [
        ("sqs.temper = \"throttled\"", "RequestThrottled"),
        ("sqs.temper = \"500\"", "InternalFailure"),
        (
            "sqs.queues.canary.kms_error = \"KMS.AccessDeniedException\"",
            "KMS.AccessDeniedException",
        ),
        (
            "sqs.error = { status = 400, code = \"OverLimit\", message = \"<too> \\\"many\\\"\" }",
            "OverLimit",
        ),
        ("credentials.known = false", "InvalidClientTokenId"),
        ("credentials.expired = true", "ExpiredToken"),
        (
            "clock.services_ahead_seconds = 900",
            "SignatureDoesNotMatch",
        ),
        ("region = \"eu-west-1\"", "SignatureDoesNotMatch"),
    ] {
        assert_eq!(refusal(&client(world(changes)), URL).0, code, "{changes}");
    }
    let odd = client(world("sqs.temper = \"wrong-md5\""));
    let sent = block_on(
        odd.send_message()
            .queue_url(URL)
            .message_body("hello")
            .send(),
    )
    .expect("sent");
    assert_ne!(
        sent.md5_of_message_body(),
        Some("5d41402abc4b2a76b9719d911017c592")
    );
    let garbled = client(world("sqs.temper = \"garbage\""));
    assert!(
        block_on(
            garbled
                .send_message()
                .queue_url(URL)
                .message_body("x")
                .send()
        )
        .is_err()
    );
}

#[test]
fn unknown_keys_and_unsigned_requests_are_turned_away() {
    let service = Arc::new(Sqs::new(Arc::new(World::default())));
    let serving = Arc::clone(&service);
    let url = serve(IpAddr::from(THROUGH), move |request| {
        serving.response(request, &Arrival::default())
    });
    let stranger = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
    assert_eq!(refusal(&sqs(&url, stranger), URL).0, "InvalidClientTokenId");
    let mut request = HttpRequest {
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: vec![("x-amz-target".into(), "AmazonSQS.ListQueues".into())],
        body: b"{}".to_vec(),
        server_address: IpAddr::from(THROUGH),
        client_address: IpAddr::from([10, 0, 1, 10]),
    };
    let Answer::Respond(response) = service.answer(&request) else {
        panic!("no answer");
    };
    assert_eq!(response.status, 403);
    let header = |name: &str| {
        let found = response.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(
        header("x-amzn-query-error"),
        Some("MissingAuthenticationToken;Sender")
    );
    assert!(header("x-amzn-requestid").is_some());
    request.method = "GET".into();
    request.headers.clear();
    let Answer::Respond(response) = service.answer(&request) else {
        panic!("no answer");
    };
    assert_eq!(response.status, 404);
}

#[test]
fn only_signed_calls_hang() {
    let service = Sqs::new(Arc::new(world("sqs.temper = \"hang\"")));
    let mut request = HttpRequest {
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: Vec::new(),
        body: Vec::new(),
        server_address: IpAddr::from(THROUGH),
        client_address: IpAddr::from([10, 0, 1, 10]),
    };
    assert!(matches!(service.answer(&request), Answer::Respond(_)));
    request
        .headers
        .push(("authorization".into(), "AWS4-HMAC-SHA256 …".into()));
    assert!(matches!(service.answer(&request), Answer::Hang));
}
