use std::time::{Duration, SystemTime};

use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::chain::{Provider, find};
use super::test_service::{SECRET, Service, access, bounds};
use super::*;

fn missing(name: &'static str) -> Provider<'static> {
    Provider::new(name, || {
        Some(provide_credentials_fn(async || {
            Err(CredentialsError::not_loaded("not set"))
        }))
    })
}

fn held(name: &'static str, expires: Option<SystemTime>) -> Provider<'static> {
    Provider::new(name, move || {
        Some(provide_credentials_fn(move || async move {
            Ok(Credentials::new(
                "AKIDEXAMPLE",
                SECRET,
                None,
                expires,
                "held",
            ))
        }))
    })
}

fn stalled(name: &'static str) -> Provider<'static> {
    Provider::new(name, || {
        Some(provide_credentials_fn(async || {
            std::future::pending().await
        }))
    })
}

/// Answers every request with one response.
#[derive(Debug, Clone)]
struct Canned(u16, &'static str);

impl HttpClient for Canned {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = self.0.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(self.1));
        let headers = response.headers_mut();
        headers.insert("date", "Sat, 21 Nov 2026 05:00:00 GMT");
        headers.insert("x-amzn-requestid", "request-1");
        HttpConnectorFuture::ready(Ok(response))
    }
}

#[tokio::test]
async fn the_first_provider_that_has_credentials_is_named() {
    let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let providers = [
        missing("Environment"),
        held("EcsContainer", Some(expires)),
        stalled("x"),
    ];
    let found = find(&bounds(1000, 1000), &[], &providers).await;
    let source = found.source.seen().unwrap();
    assert_eq!(source.provider, "EcsContainer");
    assert_eq!(source.expires_at.unwrap().as_second(), 1_800_000_000);
    assert!(found.credentials.is_some());
}

#[tokio::test]
async fn no_credentials_names_every_provider_that_was_asked() {
    let found = find(
        &bounds(1000, 1000),
        &[missing("Environment")],
        &[missing("Profile")],
    )
    .await;
    let failure = found.source.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert_eq!(
        failure.detail,
        "no credentials found; tried Environment, Profile; there is no instance metadata here"
    );
}

#[tokio::test]
async fn a_provider_that_stalls_is_named_and_bounded() {
    let providers = [missing("Environment"), stalled("Ec2InstanceMetadata")];
    let found = find(&bounds(30, 10_000), &[], &providers).await;
    let failure = found.source.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(
        failure.detail.starts_with("Ec2InstanceMetadata: "),
        "{failure:?}"
    );
    assert!(found.source.took_ms < 1000.0);
}

#[tokio::test]
async fn what_sts_answers_is_kept() {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "token-that-stays-hidden").unwrap();
    let answer = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
        <Code>InvalidIdentityToken</Code><Message>No OpenIDConnect provider found</Message></Error>\
        <RequestId>request-1</RequestId></ErrorResponse>";
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::new("us-east-1")))
        .with_retry_config(RetryConfig::disabled())
        .with_http_client(Canned(400, answer));
    let provider = || {
        let role = StaticConfiguration {
            web_identity_token_file: token.path().to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/pod".to_owned(),
            session_name: "test".to_owned(),
        };
        let builder = WebIdentityTokenCredentialsProvider::builder().configure(&config);
        Some(builder.static_configuration(role).build())
    };
    let providers = [Provider::new("WebIdentityToken", provider)];
    let found = find(&bounds(2000, 2000), &[], &providers).await;
    assert_eq!(found.source.failure_kind(), Some(FailureKind::Credentials));
    let error = found.error.unwrap();
    assert_eq!(error.code, "InvalidIdentityToken");
    assert_eq!(error.status, Some(400));
    assert_eq!(error.request_id.as_deref(), Some("request-1"));
    assert_eq!(error.date.unwrap().to_string(), "2026-11-21T05:00:00Z");
    assert!(!format!("{:?}", found.source).contains("stays-hidden"));
}

#[tokio::test]
async fn secrets_are_in_no_debug_output() {
    let service = Service::start("localhost", |_| test_service::Answer::Hang).await;
    let access = service.access(Duration::from_secs(1));
    let bounds = bounds(1000, 1000);
    let mut seen = format!("{access:?}{:?}", access.credentials(&bounds).await);
    seen.push_str(&format!("{:?}", access.ec2(&bounds).await.unwrap()));
    let client = access.client(&bounds);
    let sqs = access
        .sqs(&bounds, "us-east-1", &ApiHost::new("localhost"), client)
        .await;
    seen.push_str(&format!("{:?}", sqs.unwrap()));
    assert!(!seen.contains(SECRET));
}

#[tokio::test]
async fn credentials_are_looked_for_once() {
    let access = access("");
    let first = access.credentials(&bounds(1000, 1000)).await;
    assert_eq!(first, access.credentials(&bounds(1000, 1000)).await);
    assert!(first.0.is_seen());
}

#[test]
fn certificates_that_cannot_be_used_are_left_out() {
    let mangled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(Roots::from_pem(b"").is_empty());
    assert!(Roots::from_pem(b"\xff\xfe no certificate").is_empty());
    assert!(Roots::from_pem(mangled.as_bytes()).is_empty());
    // Nothing trusted is no reason to panic.
    let resolver = Resolver::new(&bounds(1000, 1000), Vec::new(), resolve::Names::default());
    let _ = https::client(&Roots::from_pem(mangled.as_bytes()), resolver);
}

/// Only built, never asked: a test must not look for credentials on the machine it runs on.
#[test]
fn the_providers_are_the_sdks_in_its_order() {
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::new("us-east-1")))
        .with_http_client(Canned(500, ""));
    let providers = chain::providers(&config, Duration::from_secs(1));
    let names: Vec<&str> = providers.iter().map(Provider::name).collect();
    // The instance's role comes last, and only where there is an instance.
    assert_eq!(
        names,
        ["Environment", "Profile", "WebIdentityToken", "EcsContainer"]
    );
}

#[tokio::test]
async fn a_container_endpoint_that_is_closed_is_no_missing_credential() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = std::net::TcpStream::connect(("127.0.0.1", {
        let port = unused.local_addr().unwrap().port();
        drop(unused);
        port
    }))
    .unwrap_err();
    let error = std::sync::Arc::new(std::sync::Mutex::new(Some(error)));
    let provider = Provider::new("EcsContainer", move || {
        let error = std::sync::Arc::clone(&error);
        Some(provide_credentials_fn(move || {
            let error = error.lock().unwrap().take().unwrap();
            async move { Err(CredentialsError::provider_error(error)) }
        }))
    });
    let providers = [provider];
    let found = find(&bounds(1000, 1000), &[], &providers).await;
    let failure = found.source.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.detail.starts_with("EcsContainer: "), "{failure:?}");
}
