//! HTTPS for the AWS clients: direct, with the roots it is given and no others, answers bounded.

use std::fmt;
use std::sync::LazyLock;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;

use super::budget::Budget;
use super::gzip::Gunzip;
use super::open_ended::OpenEnded;
use super::resolve::Resolver;
use crate::gather::tls::Roots;

/// The longest answer that is read; a page of a thousand records is below it.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;
/// What all answers that are being read may hold together; a dozen are read at a time.
const ALL_ANSWERS: usize = 12 * 1024 * 1024;

/// A client that trusts these roots alone and resolves names like this. It is built when it is first used.
///
/// Proxies are never used: the client reads no proxy variable unless it is told to.
pub(in crate::gather) fn client(roots: &Roots, resolver: Resolver) -> SharedHttpClient {
    let roots = roots.clone();
    bounded(SharedHttpClient::new(Late(LazyLock::new(Box::new(
        move || {
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(context(&roots))
                .build_with_resolver(resolver)
        },
    )))))
}

/// A client that most runs never use.
struct Late(LazyLock<SharedHttpClient, Box<dyn FnOnce() -> SharedHttpClient + Send>>);

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Late")
    }
}

impl HttpClient for Late {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

fn context(roots: &Roots) -> TlsContext {
    let store = roots.to_pem().fold(TrustStore::empty(), |store, pem| {
        store.with_pem_certificate(pem.into_bytes())
    });
    // Invariant: building a context only moves the store into it.
    #[allow(clippy::expect_used)]
    let context = TlsContext::builder()
        .with_trust_store(store)
        .build()
        .expect("a trust store is all a context needs");
    context
}

/// The same client, which reads so much of an answer and no more.
pub(super) fn bounded(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Bounded {
        inner: client,
        budget: Budget::new(ALL_ANSWERS),
    })
}

/// Gives up on answers that are too long, before they are in memory.
#[derive(Debug)]
struct Bounded<T> {
    inner: T,
    budget: Budget,
}

impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded {
            inner: self.inner.http_connector(settings, components),
            budget: self.budget.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, config)
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let lifetime = token_lifetime(&request);
        let answer = self.inner.call(request);
        let budget = self.budget.clone();
        HttpConnectorFuture::new(async move {
            let answer: Result<_, ConnectorError> = answer.await;
            answer.map(|mut response| {
                if let Some(lifetime) = lifetime
                    && response.status().is_success()
                    && response.headers().get(TOKEN_LIFETIME).is_none()
                {
                    response.headers_mut().insert(TOKEN_LIFETIME, lifetime);
                }
                let told: Vec<&str> = ["content-length", "transfer-encoding"]
                    .into_iter()
                    .filter(|name| response.headers().get(*name).is_some())
                    .collect();
                let encoding = response.headers_mut().remove("content-encoding");
                if encoding.is_some() {
                    // It is that of the compressed body.
                    response.headers_mut().remove("content-length");
                }
                response.map(|body| {
                    let body = OpenEnded::new(body, |name| told.contains(&name));
                    let body = Gunzip::new(body, encoding.as_deref());
                    SdkBody::from_body_1_x(budget.feed(Limited::new(body, LONGEST_ANSWER)))
                })
            })
        })
    }
}

/// How long a token for instance metadata lives ("Use the Instance Metadata Service to access instance metadata" in
/// the EC2 user guide).
const TOKEN_LIFETIME: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// The lifetime that a request for a token asks for. The SDK takes no token whose answer does not repeat it, and
/// not everything that poses as the service does.
fn token_lifetime(request: &HttpRequest) -> Option<String> {
    let asked = request.headers().get(TOKEN_LIFETIME)?;
    (request.method() == "PUT").then(|| asked.to_owned())
}
