//! The credentials of the instance's role, asked for as soon as the run begins.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Answer;
use aws_credential_types::provider::{ProvideCredentials, Result};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::chain;
use super::https;
use super::resolve::{Names, Resolver};
use crate::environment::EnvSnapshot;
use crate::gather::Bounds;
use crate::gather::tls::Roots;

/// Whether there is instance metadata here, and what it gives for credentials.
#[derive(Clone)]
pub struct InstanceSource {
    /// None where it is not known yet; a sender that is gone means that there is none.
    available: watch::Receiver<Option<bool>>,
    begun: Arc<Mutex<Option<JoinHandle<Result>>>>,
    begun_at_ms: Option<f64>,
}

impl InstanceSource {
    /// Metadata that is there, or is not; credentials are asked for when somebody wants them.
    pub fn known(available: bool) -> Self {
        InstanceSource {
            available: watch::channel(Some(available)).1,
            begun: Arc::default(),
            begun_at_ms: None,
        }
    }

    /// Metadata of which it is still to be told whether it is there.
    ///
    /// Where it may be there and nothing in the variables comes before the instance's role, its credentials are asked
    /// for `at_once`: they take four round trips that need not be waited for one after the other with everything else.
    pub fn soon(
        bounds: &Bounds,
        env: &EnvSnapshot,
        available: watch::Receiver<Option<bool>>,
        at_once: bool,
    ) -> Self {
        let others = [
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ];
        // The client reads the profile's files as well, for where the service is.
        let comes_first = env.has_access_key()
            || others.iter().any(|name| env.get(name).is_some())
            || chain::unfit_file(|name| env.get(name).map(str::to_owned)).is_some();
        let begun = (at_once && !comes_first).then(|| {
            let provider = provider(bounds);
            tokio::spawn(async move { provider.provide_credentials().await })
        });
        InstanceSource {
            available,
            begun_at_ms: begun.is_some().then(|| bounds.elapsed_ms()),
            begun: Arc::new(Mutex::new(begun)),
        }
    }

    /// True where there is instance metadata, once that is known.
    pub(super) async fn is_available(&self) -> bool {
        let mut available = self.available.clone();
        let told = available.wait_for(Option::is_some).await;
        told.is_ok_and(|told| *told == Some(true))
    }

    /// When its credentials were asked for, in milliseconds from the start of the run, if that was before now.
    pub(super) fn begun_at_ms(&self) -> Option<f64> {
        self.begun_at_ms
    }

    /// The provider of its credentials.
    pub(super) fn provider(&self, bounds: &Bounds) -> Role {
        Role {
            begun: Arc::clone(&self.begun),
            otherwise: provider(bounds),
        }
    }
}

impl fmt::Debug for InstanceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstanceSource({:?})", self.available.borrow())
    }
}

impl Drop for InstanceSource {
    fn drop(&mut self) {
        if Arc::strong_count(&self.begun) == 1
            && let Some(begun) = taken(&self.begun)
        {
            begun.abort();
        }
    }
}

/// The instance's role: the answer that is under way, or one that is asked for now.
#[derive(Debug)]
pub(super) struct Role {
    begun: Arc<Mutex<Option<JoinHandle<Result>>>>,
    otherwise: ImdsCredentialsProvider,
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> Answer<'a>
    where
        Self: 'a,
    {
        Answer::new(async {
            match taken(&self.begun) {
                Some(begun) => begun.await.unwrap_or_else(|error| {
                    // It was stopped, or it panicked: what it would have said is not known.
                    Err::<Credentials, _>(CredentialsError::unhandled(error))
                }),
                None => self.otherwise.provide_credentials().await,
            }
        })
    }
}

fn taken(begun: &Mutex<Option<JoinHandle<Result>>>) -> Option<JoinHandle<Result>> {
    let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
    begun.take()
}

fn provider(bounds: &Bounds) -> ImdsCredentialsProvider {
    // The search as a whole ends first, so that a service that stalls is a timeout and not a missing one.
    let longer: Duration = bounds.timeout().saturating_mul(2);
    // It is asked over plain HTTP, at an address.
    let client = https::client(
        &Roots::from_pem(b""),
        Resolver::new(bounds, Vec::new(), Names::default()),
    );
    let config = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(client)
        .with_retry_config(RetryConfig::disabled());
    let client = imds::Client::builder()
        .configure(&config)
        .max_attempts(1)
        .connect_timeout(longer)
        .read_timeout(longer)
        .operation_timeout(longer)
        .operation_attempt_timeout(longer)
        .build();
    ImdsCredentialsProvider::builder()
        .configure(&config)
        .imds_client(client)
        .build()
}
