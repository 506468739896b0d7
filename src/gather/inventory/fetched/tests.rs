use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::super::{publish, write};
use super::*;
use crate::facts::inventory::InventorySource;
use crate::gather::aws::test_service::{Answer as Reply, Request, Service, bounds};
use jiff::SignedDuration;

const DAY: Duration = Duration::from_secs(86_400);

fn inventory() -> Inventory {
    let mut inventory = Inventory::none("not looked at");
    inventory.source = InventorySource::Ec2Api;
    inventory.taken_at = Some(Timestamp::now());
    inventory.vpc_id = Some("vpc-1".to_owned());
    inventory.vpcs = Observation::known(Vec::new());
    inventory
}

fn question(place: &str, keep_in: Option<PathBuf>) -> FetchQuestion {
    FetchQuestion {
        place: place.parse().unwrap(),
        keep_in,
        max_age: DAY,
    }
}

fn access(service: &Service) -> AwsAccess {
    service.access_to(&["S3", "SSM"], Duration::from_secs(2))
}

fn object(status: u16, body: impl Into<String>) -> Reply {
    Reply::Http(status, vec![("etag", "\"one\"".to_owned())], body.into())
}

fn text() -> String {
    String::from_utf8(write(&inventory())).unwrap()
}

/// Lets a copy be due.
fn let_be_due(directory: &std::path::Path, change: impl Fn(&mut Kept)) {
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let mut kept = Kept::read(&bytes, "s3://config/vpc.json us-east-1").unwrap();
        kept.head.ask_again_at = Timestamp::UNIX_EPOCH;
        change(&mut kept);
        std::fs::write(&path, kept.written()).unwrap();
    }
}

#[tokio::test]
async fn an_object_is_fetched_and_kept_and_asked_for_again_by_its_tag() {
    let service = Service::start("localhost", move |request: &Request| {
        let head = request.head.to_ascii_lowercase();
        assert!(head.starts_with("get /config/vpc.json http/1.1"), "{head}");
        match head.contains("if-none-match: \"one\"") {
            true => object(304, ""),
            false => object(200, text()),
        }
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let question = question("s3://config/vpc.json", Some(directory.path().to_owned()));
    let (access, bounds) = (access(&service), bounds(2000, 20_000));
    let asked = || service.requests.lock().unwrap().len();

    let first = fetch(&bounds, Some(&access), &question).await;
    assert_eq!(first.source, InventorySource::File, "{first:?}");
    assert_eq!(first.vpc_id.as_deref(), Some("vpc-1"));
    let how = first.fetch.clone().unwrap();
    assert_eq!(
        (how.asked.seen(), how.kept_since),
        (Some(&Fetched::New), None)
    );

    // It stands: nobody is asked.
    let second = fetch(&bounds, Some(&access), &question).await;
    assert_eq!(asked(), 1);
    let how = second.fetch.clone().unwrap();
    assert!(how.asked.skip_reason().is_some() && how.kept_since.is_some());
    assert_eq!(second.taken_at, first.taken_at);

    let_be_due(directory.path(), |_| {});
    let third = fetch(&bounds, Some(&access), &question).await;
    assert_eq!(asked(), 2);
    let how = third.fetch.unwrap();
    assert_eq!(how.asked.seen(), Some(&Fetched::Unchanged));
    assert!(how.kept_since.is_some());
    fetch(&bounds, Some(&access), &question).await;
    assert_eq!(asked(), 2, "what is unchanged stands anew");
}

#[tokio::test]
async fn a_copy_does_where_asking_fails_and_no_longer_than_it_may_be_old() {
    let refuses = std::sync::Arc::new(AtomicUsize::new(0));
    let told = refuses.clone();
    let service = Service::start("localhost", move |_: &Request| {
        match told.load(Ordering::SeqCst) {
            0 => object(200, text()),
            1 => object(503, "<Error><Code>SlowDown</Code></Error>"),
            _ => object(403, "<Error><Code>AccessDenied</Code></Error>"),
        }
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let question = question("s3://config/vpc.json", Some(directory.path().to_owned()));
    let (access, bounds) = (access(&service), bounds(2000, 20_000));
    fetch(&bounds, Some(&access), &question).await;

    for (answer, kind) in [(1, FailureKind::Throttled), (2, FailureKind::Denied)] {
        refuses.store(answer, Ordering::SeqCst);
        let_be_due(directory.path(), |_| {});
        let before = service.requests.lock().unwrap().len();
        let found = fetch(&bounds, Some(&access), &question).await;
        assert_eq!(found.source, InventorySource::File);
        let how = found.fetch.unwrap();
        assert_eq!(how.asked.failure_kind(), Some(kind));
        assert!(how.kept_since.is_some());
        // Who has a copy asks once, and not again until it is due.
        fetch(&bounds, Some(&access), &question).await;
        assert_eq!(service.requests.lock().unwrap().len(), before + 1);
    }

    let old = inventory().taken_at.unwrap() - SignedDuration::from_hours(25);
    let_be_due(directory.path(), |kept| {
        let mut old_one = inventory();
        old_one.taken_at = Some(old);
        kept.bytes = write(&old_one);
    });
    let found = fetch(&bounds, Some(&access), &question).await;
    assert_eq!(found.source, InventorySource::None);
    let how = found.fetch.as_ref().unwrap();
    assert_eq!(how.asked.failure_kind(), Some(FailureKind::Denied));
    assert_eq!(found.denied(), ["s3:GetObject"]);
    assert!(
        found
            .endpoints
            .skip_reason()
            .unwrap()
            .contains("s3://config/vpc.json")
    );
}

#[tokio::test]
async fn who_has_nothing_asks_again_after_a_pause() {
    let count = AtomicUsize::new(0);
    let service = Service::start("localhost", move |_: &Request| {
        match count.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => object(503, "<Error><Code>SlowDown</Code></Error>"),
            _ => object(200, text()),
        }
    })
    .await;
    let (access, bounds) = (access(&service), bounds(2000, 20_000));
    let found = fetch(
        &bounds,
        Some(&access),
        &question("s3://config/vpc.json", None),
    )
    .await;
    assert_eq!(found.source, InventorySource::File);
    let how = found.fetch.unwrap();
    assert!(how.asked.took_ms >= 750.0, "{how:?}");
}

#[tokio::test]
async fn what_is_no_inventory_is_told_and_nothing_is_kept_of_it() {
    for (body, said) in [
        ("<html>", "line 1"),
        ("{\"inventory_version\": 7}", "inventory version 7"),
        ("", "line 1"),
    ] {
        let service = Service::start("localhost", move |_: &Request| object(200, body)).await;
        let directory = tempfile::tempdir().unwrap();
        let question = question("s3://config/vpc.json", Some(directory.path().to_owned()));
        let (access, bounds) = (access(&service), bounds(2000, 20_000));
        let found = fetch(&bounds, Some(&access), &question).await;
        let failure = found.fetch.unwrap().asked.failure().cloned().unwrap();
        assert_eq!(failure.kind, FailureKind::Malformed);
        assert!(
            failure.detail.starts_with("s3://config/vpc.json: "),
            "{failure:?}"
        );
        assert!(failure.detail.contains(said), "{failure:?}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}

/// Parameter Store, as far as it is asked here.
fn parameters() -> impl Fn(&Request) -> Reply {
    let held: Mutex<std::collections::BTreeMap<String, String>> = Mutex::default();
    move |request: &Request| {
        let input: Value = serde_json::from_str(&request.body).unwrap();
        let mut held = held.lock().unwrap();
        let answer = if request.head.contains("AmazonSSM.PutParameter") {
            let value = input["Value"].as_str().unwrap().to_owned();
            assert!(value.len() <= 4096);
            held.insert(input["Name"].as_str().unwrap().to_owned(), value);
            json!({"Version": 1})
        } else {
            let names = input["Names"].as_array().unwrap();
            assert!(names.len() <= 10);
            let found = names.iter().filter_map(|name| {
                let value = held.get(name.as_str().unwrap())?;
                Some(json!({"Name": name, "Value": value}))
            });
            json!({"Parameters": found.collect::<Vec<_>>(), "InvalidParameters": []})
        };
        Reply::Http(200, Vec::new(), answer.to_string())
    }
}

#[tokio::test]
async fn an_inventory_comes_back_from_as_many_parameters_as_it_takes() {
    let service = Service::start("localhost", parameters()).await;
    let (access, bounds) = (access(&service), bounds(2000, 20_000));
    let directory = tempfile::tempdir().unwrap();
    let question = question("ssm:/vpcheck/inventory", Some(directory.path().to_owned()));
    let nothing = fetch(&bounds, Some(&access), &question).await;
    let failure = nothing.fetch.unwrap().asked.failure().cloned().unwrap();
    assert_eq!(failure.kind, FailureKind::Service);

    let mut large = inventory();
    large.account_id = Some("é\"\\ {{x}} ".repeat(3000));
    publish(&bounds, &access, &question.place, &large)
        .await
        .unwrap();
    let written = service.requests.lock().unwrap().len() - 1;
    assert!((11..20).contains(&written), "{written}");
    let found = fetch(&bounds, Some(&access), &question).await;
    assert_eq!(found.account_id, large.account_id, "{:?}", found.fetch);
    // Two calls: ten parameters, and the rest.
    assert_eq!(service.requests.lock().unwrap().len(), written + 3);

    let too_large = Inventory {
        account_id: Some("x".repeat(100_000)),
        ..inventory()
    };
    let refused = publish(&bounds, &access, &question.place, &too_large).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("s3://BUCKET/KEY"), "{said}");
}
