use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};

use std::time::Duration;

use super::*;
use crate::facts::host::Variable;
use crate::gather::aws::test_service::{
    Answer, SECRET, Service, access_without_credentials, bounds,
};

const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Access that calls this service for KMS.
fn leading_to(service: &Service) -> AwsAccess {
    let mut access = service.access(Duration::from_secs(5));
    access.switches = vec![Variable {
        name: "AWS_ENDPOINT_URL_KMS".to_owned(),
        value: format!("https://localhost:{}", service.address.port()),
    }];
    access
}

fn action(head: &str) -> &str {
    let target = head.find("TrentService.").unwrap() + "TrentService.".len();
    head[target..].lines().next().unwrap().trim()
}

/// A KMS with an ECC_NIST_P256 key.
fn kms(pair: EcdsaKeyPair) -> impl Fn(&super::super::test_service::Request) -> Answer {
    move |request| {
        let question: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(question["KeyId"], ARN);
        let answer = match action(&request.head) {
            "GetPublicKey" => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
                json!({
                    "KeyId": ARN, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY",
                    "PublicKey": STANDARD.encode(der.as_ref()), "SigningAlgorithms": ["ECDSA_SHA_256"],
                })
            }
            "Sign" => {
                assert_eq!(question["MessageType"], "DIGEST");
                assert_eq!(question["SigningAlgorithm"], "ECDSA_SHA_256");
                let sha256 = STANDARD
                    .decode(question["Message"].as_str().unwrap())
                    .unwrap();
                let sha256 = digest::Digest::import_less_safe(&sha256, &digest::SHA256).unwrap();
                let signature = pair.sign_digest(&sha256).unwrap();
                json!({ "KeyId": ARN, "Signature": STANDARD.encode(signature.as_ref()) })
            }
            other => panic!("{other}"),
        };
        Answer::Http(200, Vec::new(), answer.to_string())
    }
}

#[tokio::test]
async fn a_key_is_asked_for_its_public_half_and_signs() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let service = Service::start("localhost", kms(pair)).await;
    let access = leading_to(&service);
    let bounds = bounds(5000, 20_000);
    let key = KmsSigningKey::open(&bounds, &access, ARN).await.unwrap();
    let sha256 = digest::digest(&digest::SHA256, b"message");
    let signature = key.sign(&bounds, sha256.as_ref()).await.unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.spki())
        .verify(b"message", &signature)
        .unwrap();
    let requests = service.requests.lock().unwrap();
    for request in requests.iter() {
        let head = request.head.to_ascii_lowercase();
        assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
        assert!(head.contains("/us-east-1/kms/aws4_request"), "{head}");
        assert!(
            head.contains(
                "signedheaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
            ),
            "{head}"
        );
    }
    assert!(!format!("{key:?}").contains(SECRET));
}

#[tokio::test]
async fn what_kms_refuses_is_said_in_its_words() {
    let answer = |status, body: &'static str| {
        move |_: &super::super::test_service::Request| Answer::Http(status, Vec::new(), body.into())
    };
    for (status, body, said) in [
        (
            400,
            r#"{"__type":"AccessDeniedException","Message":"User: x is not authorized"}"#,
            "kms:GetPublicKey: AccessDeniedException: User: x is not authorized",
        ),
        (
            400,
            r#"{"__type":"com.amazonaws.kms#NotFoundException","message":"Key 'x' does not exist"}"#,
            "kms:GetPublicKey: NotFoundException: Key 'x' does not exist",
        ),
        (
            200,
            r#"{"PublicKey":"MAA=","SigningAlgorithms":["ED25519_SHA_512"]}"#,
            "kms:GetPublicKey: expected a key that signs with one of ECDSA_SHA_256, RSASSA_PSS_SHA_256, RSASSA_PKCS1_V1_5_SHA_256, found ED25519_SHA_512",
        ),
        (
            200,
            r#"{"PublicKey":"!","SigningAlgorithms":["ECDSA_SHA_256"]}"#,
            "kms:GetPublicKey: no public key came",
        ),
        (
            502,
            "<html>",
            "kms:GetPublicKey: status 502, and no answer of AWS KMS",
        ),
    ] {
        let service = Service::start("localhost", answer(status, body)).await;
        let access = leading_to(&service);
        let failure = KmsSigningKey::open(&bounds(5000, 20_000), &access, ARN)
            .await
            .unwrap_err();
        assert_eq!(failure.detail, said);
    }
}

#[tokio::test]
async fn nothing_is_waited_for_longer_than_a_probe() {
    let service = Service::start("localhost", |_: &_| Answer::Hang).await;
    let access = leading_to(&service);
    let failure = KmsSigningKey::open(&bounds(200, 20_000), &access, ARN)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout);
    let port = service.address.port();
    let said = format!("kms:GetPublicKey: localhost:{port}: no answer within 200 ms");
    assert_eq!(failure.detail, said);
}

#[tokio::test]
async fn a_stranger_gets_no_request() {
    let service = Service::start("elsewhere.example", |_: &_| Answer::Hang).await;
    let access = leading_to(&service);
    let failure = KmsSigningKey::open(&bounds(5000, 20_000), &access, ARN)
        .await
        .unwrap_err();
    assert!(failure.detail.contains("certificate"), "{}", failure.detail);
    assert!(service.requests.lock().unwrap().is_empty());

    let none = Failure::new(FailureKind::Credentials, "no provider has credentials");
    let mut access = access_without_credentials(&service.root, none);
    access.switches = Vec::new();
    let failure = KmsSigningKey::open(&bounds(5000, 20_000), &access, ARN)
        .await
        .unwrap_err();
    assert_eq!(
        failure.detail,
        "kms:GetPublicKey: no provider has credentials"
    );
}
