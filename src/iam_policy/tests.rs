use std::collections::BTreeMap;
use std::ffi::OsString;

use super::*;
use crate::config::Disk;

fn settings(words: &[&str]) -> Settings {
    let all = ["vpcheck", "iam-policy", "--config", "/dev/null"];
    let cli = crate::cli::parse(all.iter().chain(words).map(OsString::from)).unwrap();
    Settings::resolve(&cli, &BTreeMap::new(), &Disk, &[]).unwrap()
}

fn statement(document: &Value, sid: &str) -> Option<Value> {
    let statements = document["Statement"].as_array().unwrap();
    statements.iter().find(|s| s["Sid"] == sid).cloned()
}

#[test]
fn the_inventory_alone() {
    let document = policy(&settings(&[])).unwrap();
    assert_eq!(document["Version"], "2012-10-17");
    assert_eq!(document["Statement"].as_array().unwrap().len(), 1);
    let read = statement(&document, "ReadVpcConfiguration").unwrap();
    assert_eq!(read["Resource"], "*");
    let actions: Vec<&str> = read["Action"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a.as_str().unwrap())
        .collect();
    for (action, _) in Inventory::none("").calls() {
        assert!(actions.contains(&action), "{action}");
    }
    assert!(actions.is_sorted());
    assert!(actions.iter().all(|action| action.starts_with("ec2:")));
}

#[test]
fn the_canary_alone() {
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/Canary.fifo";
    let document = policy(&settings(&["--queue-url", url, "--inventory", "off"])).unwrap();
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(
        text,
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"SendCanary","Effect":"Allow","Action":["sqs:GetQueueAttributes","sqs:SendMessage"],"Resource":"arn:aws:sqs:eu-west-1:123456789012:Canary.fifo"}]}"#
    );
    let document = policy(&settings(&["--queue-url", url, "--canary", "round-trip"])).unwrap();
    let canary = statement(&document, "SendCanary").unwrap();
    assert_eq!(
        canary["Action"],
        json!([
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage"
        ])
    );
    let document = policy(&settings(&["--queue-url", url, "--canary", "off"])).unwrap();
    assert_eq!(statement(&document, "SendCanary"), None);
}

#[test]
fn nothing_at_all() {
    assert_eq!(
        policy(&settings(&["--inventory", "off"])),
        Err(IamPolicyError::NothingNeeded)
    );
}

#[test]
fn arns_of_queues() {
    let region = Region::parse("eu-north-1").unwrap();
    for (url, arn) in [
        (
            "https://sqs.us-east-1.amazonaws.com/123456789012/q",
            Some("arn:aws:sqs:us-east-1:123456789012:q"),
        ),
        (
            "https://sqs.us-east-1.amazonaws.com/123456789012/q/",
            Some("arn:aws:sqs:us-east-1:123456789012:q"),
        ),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q",
            Some("arn:aws-cn:sqs:cn-north-1:123456789012:q"),
        ),
        (
            "https://sqs.us-gov-west-1.amazonaws.com/123456789012/q",
            Some("arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q"),
        ),
        (
            "https://queue.amazonaws.com/123456789012/q",
            Some("arn:aws:sqs:us-east-1:123456789012:q"),
        ),
        (
            "https://eu-west-1.queue.amazonaws.com/123456789012/q",
            Some("arn:aws:sqs:eu-west-1:123456789012:q"),
        ),
        (
            "https://sqs-fips.us-east-1.amazonaws.com/123456789012/q",
            Some("arn:aws:sqs:us-east-1:123456789012:q"),
        ),
        (
            "https://queue.internal.example/123456789012/q",
            Some("arn:aws:sqs:eu-north-1:123456789012:q"),
        ),
        ("https://sns.us-east-1.amazonaws.com/123456789012/q", None),
        ("https://sqs.us-east-1.amazonaws.com/q", None),
        ("https://sqs.us-east-1.amazonaws.com/12345/q", None),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/q/x", None),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/*", None),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/", None),
        (
            "https://sqs.us-east-1.amazonaws.com/123456789012/.fifo",
            None,
        ),
    ] {
        assert_eq!(queue_arn(url, Some(&region)).as_deref(), arn, "{url}");
    }
    assert_eq!(
        queue_arn("https://queue.internal.example/123456789012/q", None),
        None
    );
    let error = policy(&settings(&["--queue-url", "https://example.com/x"])).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("found \"https://example.com/x\"")
    );
}

#[test]
fn a_key_that_signs_evidence() {
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let document = policy(&settings(&["--inventory", "off", "--signing-key", arn])).unwrap();
    let sign = statement(&document, "SignEvidence").unwrap();
    assert_eq!(sign["Action"], json!(["kms:GetPublicKey", "kms:Sign"]));
    assert_eq!(sign["Resource"], arn);
    let alias = "arn:aws:kms:eu-west-1:123456789012:alias/evidence";
    let document = policy(&settings(&["--signing-key", alias])).unwrap();
    let sign = statement(&document, "SignEvidence").unwrap();
    assert_eq!(sign["Resource"], "arn:aws:kms:eu-west-1:123456789012:key/*");
    let aliases = &sign["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"];
    assert_eq!(aliases, "alias/evidence");
    let document = policy(&settings(&["--signing-key", "/etc/vpcheck/signing-key"])).unwrap();
    assert_eq!(statement(&document, "SignEvidence"), None);
}

#[test]
fn every_destination() {
    let words = |deliver: &str| {
        let deliver = [
            "--inventory",
            "off",
            "--region",
            "cn-north-1",
            "--deliver",
            deliver,
        ];
        policy(&settings(&deliver))
    };
    let put = statement(&words("s3://evidence/vpc").unwrap(), "DeliverToS3").unwrap();
    assert_eq!(put["Action"], json!(["s3:PutObject"]));
    assert_eq!(put["Resource"], "arn:aws-cn:s3:::evidence/vpc/*");
    let put = statement(&words("s3://evidence").unwrap(), "DeliverToS3").unwrap();
    assert_eq!(put["Resource"], "arn:aws-cn:s3:::evidence/*");
    for (deliver, sid, action) in [
        (
            "security-hub",
            "DeliverToSecurityHub",
            "securityhub:BatchImportFindings",
        ),
        (
            "ssm-compliance",
            "DeliverToSystemsManager",
            "ssm:PutComplianceItems",
        ),
    ] {
        let allowed = statement(&words(deliver).unwrap(), sid).unwrap();
        assert_eq!(allowed["Action"], json!([action]));
        assert_eq!(allowed["Resource"], "*");
    }
    for local in ["journald", "syslog"] {
        assert_eq!(words(local), Err(IamPolicyError::NothingNeeded));
    }
}

#[test]
fn a_key_that_encrypts_in_s3() {
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234";
    let by_alias = json!({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/evidence"}});
    for (query, resource, condition) in [
        (format!("kms-key={arn}"), Some(arn), None),
        (
            "kms-key=arn:aws:kms:eu-west-1:123456789012:alias/evidence".to_owned(),
            Some("arn:aws:kms:eu-west-1:123456789012:key/*"),
            Some(&by_alias),
        ),
        (
            "kms-key=alias/evidence".to_owned(),
            Some("arn:aws:kms:eu-west-1:*:key/*"),
            Some(&by_alias),
        ),
        (
            "kms-key=1234&region=eu-north-1".to_owned(),
            Some("arn:aws:kms:eu-north-1:*:key/1234"),
            None,
        ),
        ("sse=aws:kms".to_owned(), None, None),
        ("sse=AES256".to_owned(), None, None),
    ] {
        let deliver = format!("s3://evidence/vpc?{query}");
        let words = ["--region", "eu-west-1", "--deliver", &deliver];
        let document = policy(&settings(&words)).unwrap();
        let encrypt = statement(&document, "EncryptInS3");
        assert_eq!(encrypt.is_some(), resource.is_some(), "{query}");
        let Some(encrypt) = encrypt else { continue };
        assert_eq!(encrypt["Action"], json!(["kms:GenerateDataKey"]));
        assert_eq!(encrypt["Resource"], resource.unwrap(), "{query}");
        assert_eq!(encrypt.get("Condition"), condition, "{query}");
    }
}

#[test]
fn a_shared_inventory_takes_its_own_call_and_none_of_ec2() {
    let document = policy(&settings(&["--inventory", "s3://config/prod/vpc.json"])).unwrap();
    assert_eq!(document["Statement"].as_array().unwrap().len(), 1);
    let fetch = statement(&document, "FetchInventory").unwrap();
    assert_eq!(fetch["Action"], json!(["s3:GetObject"]));
    assert_eq!(fetch["Resource"], "arn:aws:s3:::config/prod/vpc.json");
    let words = ["--inventory", "ssm:/vpc", "--region", "cn-north-1"];
    let document = policy(&settings(&words)).unwrap();
    let fetch = statement(&document, "FetchInventory").unwrap();
    assert_eq!(fetch["Action"], json!(["ssm:GetParameters"]));
    assert_eq!(
        fetch["Resource"],
        json!([
            "arn:aws-cn:ssm:cn-north-1:*:parameter/vpc",
            "arn:aws-cn:ssm:cn-north-1:*:parameter/vpc/*"
        ])
    );
}
