//! Access to the AWS APIs: credentials found once, and the clients that use them.
//!
//! Types of the AWS SDK stay in this module, in `canary` and in `inventory`.

mod budget;
mod call;
mod chain;
mod channel;
mod endpoint;
pub(in crate::gather) mod failure;
mod gzip;
pub(in crate::gather) mod https;
mod instance;
pub mod kms;
mod open_ended;
mod resolve;
pub mod s3_object;
pub mod ssm_parameter;
mod steady_time;
#[cfg(test)]
pub(in crate::gather) mod test_service;
pub(in crate::gather) mod warm;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_types::region::Region;
use tokio::sync::OnceCell;

use crate::facts::host::{CredentialSource, Variable};
use crate::facts::{Failure, FailureKind, Observation, Outcome, ServiceError};
use crate::gather::tls::{Hello, Roots};
use crate::gather::{Bounds, open_files};

pub use call::{ApiAnswer, ApiCall};
pub use channel::{Channel, Reply};
pub use instance::InstanceSource;
use resolve::Resolver;
use steady_time::SteadyTime;
use warm::{Answers, To, Warm};

pub use endpoint::{ApiHost, api_host};
pub(in crate::gather) use endpoint::{form, overridden, regional};

/// The calls that an inventory begins with; that of a host with IPv6, whose interface is looked for by either family, with
/// one more.
const FIRST_CALLS: usize = 13;

/// Access to the AWS APIs of one region with whatever credentials there are here.
///
/// Nothing is read or asked before the first use; credentials are looked for once and shared.
pub struct AwsAccess {
    region: String,
    roots: Roots,
    instance: InstanceSource,
    resolvers: Vec<SocketAddr>,
    names: resolve::Names,
    switches: Vec<Variable>,
    time: SteadyTime,
    shared: OnceCell<SdkConfig>,
    found: OnceCell<chain::Found>,
    inventory: OnceCell<Warm>,
}

impl AwsAccess {
    /// Access in this region, trusting these certificates alone for connecting.
    ///
    /// Instance metadata is asked for credentials only where `instance` says that there is any, so that no time is
    /// lost waiting for it elsewhere. These resolvers of the host's are asked on the wire where the system takes too
    /// long to ask them.
    pub fn new(
        region: &str,
        roots: Roots,
        instance: InstanceSource,
        resolvers: Vec<SocketAddr>,
    ) -> Self {
        AwsAccess {
            region: region.to_owned(),
            roots,
            instance,
            resolvers,
            names: resolve::Names::default(),
            switches: endpoint::switches_here(),
            time: SteadyTime::start(),
            shared: OnceCell::new(),
            found: OnceCell::new(),
            inventory: OnceCell::new(),
        }
    }

    /// Where credentials come from, or why there are none, with the error of AWS STS where it answered with one.
    ///
    /// The first call looks for them, within the time limit of one probe; later ones repeat its answer.
    pub async fn credentials(
        &self,
        bounds: &Bounds,
    ) -> (Observation<CredentialSource>, Option<ServiceError>) {
        let found = self.found(bounds).await;
        (found.source.clone(), found.error.clone())
    }

    /// The region the APIs are called in.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The host the EC2 API is called at.
    pub fn inventory_host(&self) -> ApiHost {
        api_host("ec2", &self.region, &self.switches)
    }

    /// Makes the connections that the inventory's first calls will be made on, while it is not yet known what they
    /// ask: those are made at the same time, and over HTTP/1.1 each takes one. Without credentials, or an instance that
    /// is being asked for them, none is made.
    pub async fn prepare_inventory(&self, bounds: &Bounds, with_ipv6: bool) {
        let host = self.inventory_host();
        // What fails here is told by the call that it fails for.
        let _ = self.resolver(bounds).addresses(&host.name).await;
        let under_way = self.instance.begun_at_ms().is_some() && self.instance.is_available().await;
        if host.https && (under_way || self.usable(bounds).await.is_ok()) {
            let count = open_files::at_once(FIRST_CALLS + usize::from(with_ipv6), 1);
            self.warm_inventory(bounds).await.open(count);
        }
    }

    async fn warm_inventory(&self, bounds: &Bounds) -> &Warm {
        let make = async || {
            let to = To::Name(self.resolver(bounds));
            // Where a firewall drops the larger hello, the configuration can be read all the same.
            let (host, hello) = (self.inventory_host(), Hello::Classical);
            Warm::new(&host, to, &self.roots, hello, bounds.timeout())
        };
        self.inventory.get_or_init(make).await
    }

    /// The host another API is called at.
    pub fn api_host(&self, service: &str) -> ApiHost {
        api_host(service, &self.region, &self.switches)
    }

    /// A client of the EC2 API, or why there is none.
    pub(in crate::gather) async fn ec2(
        &self,
        bounds: &Bounds,
    ) -> Result<aws_sdk_ec2::Client, Outcome<()>> {
        let credentials = self.usable(bounds).await?;
        let shared = self.shared(bounds).await;
        let client = match self.inventory_host().https {
            true => self
                .warm_inventory(bounds)
                .await
                .client(Answers::Compressed),
            false => self.client(bounds),
        };
        let config = aws_sdk_ec2::config::Builder::from(shared)
            .http_client(client)
            .timeout_config(patient(bounds.timeout()))
            .retry_config(again())
            .retry_classifier(NotAfterSilence)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        Ok(aws_sdk_ec2::Client::from_conf(config))
    }

    /// A client of the SQS API at this endpoint over this connection alone, or why there is none.
    pub(in crate::gather) async fn sqs(
        &self,
        bounds: &Bounds,
        region: &str,
        endpoint: &ApiHost,
        client: SharedHttpClient,
    ) -> Result<aws_sdk_sqs::Client, Outcome<()>> {
        let credentials = self.usable(bounds).await?;
        let config = aws_sdk_sqs::config::Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .time_source(self.time)
            .endpoint_url(endpoint.url())
            .http_client(client)
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(bounds.timeout())
                    .build(),
            )
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        Ok(aws_sdk_sqs::Client::from_conf(config))
    }

    /// The credentials, or why a call cannot be made.
    async fn usable(&self, bounds: &Bounds) -> Result<Credentials, Outcome<()>> {
        let found = self.found(bounds).await;
        match (&found.credentials, &found.source.outcome) {
            (Some(credentials), _) => Ok(credentials.clone()),
            (None, Outcome::Skipped(reason)) => Err(Outcome::Skipped(reason.clone())),
            (None, Outcome::Failed(failure)) => Err(Outcome::Failed(Failure::new(
                FailureKind::Credentials,
                failure.detail.clone(),
            ))),
            (None, Outcome::Seen(_)) => Err(Outcome::Failed(Failure::new(
                FailureKind::Credentials,
                "the credentials found are gone",
            ))),
        }
    }

    async fn found(&self, bounds: &Bounds) -> &chain::Found {
        let find = async || {
            if let Some(failure) = chain::unfit_file(|name| std::env::var(name).ok()) {
                return chain::Found {
                    source: bounds.observe(async { Outcome::Failed(failure) }).await,
                    error: None,
                    credentials: None,
                    nobody: false,
                };
            }
            let shared = self.shared(bounds).await;
            let config = ProviderConfig::without_region()
                .with_region(Some(Region::new(self.region.clone())))
                .with_behavior_version(Some(BehaviorVersion::latest()))
                .with_use_fips(shared.use_fips())
                .with_use_dual_stack(shared.use_dual_stack())
                .with_http_client(self.client(bounds))
                .with_time_source(self.time)
                .with_retry_config(RetryConfig::disabled())
                .with_timeout_config(timeouts(bounds.timeout()));
            let providers = chain::providers(&config, bounds.timeout());
            let found = chain::find(bounds, &[], &providers).await;
            if !found.nobody || !self.instance.is_available().await {
                return found;
            }
            let role = || Some(self.instance.provider(bounds));
            let role = chain::Provider::new(chain::INSTANCE, role);
            let mut found = chain::find(bounds, &providers, &[role]).await;
            if let Some(begun) = self.instance.begun_at_ms() {
                found.source.took_ms += found.source.at_ms - begun;
                found.source.at_ms = begun;
            }
            found
        };
        self.found.get_or_init(find).await
    }

    /// What the environment and the profile files say of endpoints, with our own connections and limits.
    async fn shared(&self, bounds: &Bounds) -> &SdkConfig {
        let load = async || {
            aws_config::defaults(BehaviorVersion::latest())
                .region(Region::new(self.region.clone()))
                .http_client(self.client(bounds))
                .time_source(self.time)
                .no_credentials()
                .retry_config(RetryConfig::disabled())
                .timeout_config(timeouts(bounds.timeout()))
                .load()
                .await
        };
        self.shared.get_or_init(load).await
    }

    fn client(&self, bounds: &Bounds) -> SharedHttpClient {
        https::client(&self.roots, self.resolver(bounds))
    }

    fn resolver(&self, bounds: &Bounds) -> Resolver {
        Resolver::new(bounds, self.resolvers.clone(), self.names.clone())
    }
}

impl fmt::Debug for AwsAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsAccess")
            .field("region", &self.region)
            .field("roots", &self.roots)
            .field("credentials", &self.found.get().map(|found| &found.source))
            .finish()
    }
}

/// The inventory has until the deadline: one call that connects may take longer than a probe, as long lists do.
fn patient(limit: Duration) -> TimeoutConfig {
    let longer = limit.saturating_mul(5) / 2;
    TimeoutConfig::builder()
        .connect_timeout(limit)
        .read_timeout(longer)
        .operation_timeout(longer)
        .build()
}

/// How often a call to the EC2 API is made at the most, and the longest pause before the second time; the SDK draws it.
pub(in crate::gather) const fn attempts_at_ec2() -> (u32, Duration) {
    (2, Duration::from_millis(200))
}

/// A throttled or failed call is made once more, soon and within the same limit: the EC2 API throttles by account.
fn again() -> RetryConfig {
    let (attempts, pause) = attempts_at_ec2();
    RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(pause)
}

/// Who did not answer within one limit is not waited for once more.
#[derive(Debug)]
struct NotAfterSilence;

impl ClassifyRetry for NotAfterSilence {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let silent = error.is_timeout_error()
            || error.as_connector_error().is_some_and(|error| {
                error.is_timeout() || failure::kind_of_transport(error) == FailureKind::Timeout
            });
        match silent {
            true => RetryAction::RetryForbidden,
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "not after silence"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// One call may take as long as one probe.
fn timeouts(limit: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limit)
        .read_timeout(limit)
        .operation_timeout(limit)
        .build()
}

#[cfg(test)]
mod tests;
