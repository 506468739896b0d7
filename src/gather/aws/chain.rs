//! Where AWS credentials come from here: the SDK's providers, in the SDK's order, each asked once.

use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::failure;
use crate::facts::host::CredentialSource;
use crate::facts::{Failure, FailureKind, Observation, Outcome, ServiceError};
use crate::gather::{Bounds, secrets, small_file};

/// What came of looking for credentials.
#[derive(Clone)]
pub(super) struct Found {
    /// Where they came from, or why there are none.
    pub(super) source: Observation<CredentialSource>,
    /// The error AWS STS answered with, if it did.
    pub(super) error: Option<ServiceError>,
    /// The credentials themselves; never printed.
    pub(super) credentials: Option<Credentials>,
    /// True where none of those asked is set up here.
    pub(super) nobody: bool,
}

/// The name of the instance's role among the providers.
pub(super) const INSTANCE: &str = "Ec2InstanceMetadata";

/// One provider of credentials.
pub(super) struct Provider<'a> {
    name: &'static str,
    /// Makes it, when it is its turn; `None` where it is not set up here.
    make: Box<dyn Fn() -> Option<SharedCredentialsProvider> + Send + Sync + 'a>,
}

impl<'a> Provider<'a> {
    /// A provider that is made by this.
    pub(super) fn new<P: ProvideCredentials + 'static>(
        name: &'static str,
        make: impl Fn() -> Option<P> + Send + Sync + 'a,
    ) -> Self {
        Provider {
            name,
            make: Box::new(move || make().map(SharedCredentialsProvider::new)),
        }
    }

    /// What it is told by.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

/// The providers of the SDK's default chain, in its order, but for instance metadata, which is the last.
///
/// The order is that of "AWS SDKs and tools standardized credential providers". Credential processes and
/// single sign-on are left out: they are for people at desks.
pub(super) fn providers(config: &ProviderConfig, timeout: Duration) -> Vec<Provider<'_>> {
    vec![
        Provider::new("Environment", || {
            Some(EnvironmentVariableCredentialsProvider::new())
        }),
        Provider::new("Profile", || {
            Some(
                ProfileFileCredentialsProvider::builder()
                    .configure(config)
                    .build(),
            )
        }),
        // With it comes a client of AWS STS.
        Provider::new("WebIdentityToken", || {
            std::env::var_os("AWS_WEB_IDENTITY_TOKEN_FILE").map(|_| {
                WebIdentityTokenCredentialsProvider::builder()
                    .configure(config)
                    .build()
            })
        }),
        Provider::new("EcsContainer", move || {
            Some(
                EcsCredentialsProvider::builder()
                    .configure(config)
                    .connect_timeout(timeout)
                    .read_timeout(timeout)
                    .build(),
            )
        }),
    ]
}

/// Why none of the providers may be asked: a file that they would read without an end.
///
/// The files are those of the AWS SDKs and Tools Reference Guide, "Location of the shared config and credentials
/// files" and "Container credential provider".
pub(super) fn unfit_file(variable: impl Fn(&str) -> Option<String>) -> Option<Failure> {
    let home = variable("HOME").map(PathBuf::from);
    let named = |name: &'static str, beside: Option<&str>| {
        let path = match (variable(name), beside) {
            (Some(path), _) => match (path.strip_prefix("~/"), &home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => PathBuf::from(path),
            },
            (None, Some(beside)) => home.as_ref()?.join(beside),
            (None, None) => return None,
        };
        small_file::unfit(&path, LARGEST_FILE)
    };
    [
        ("AWS_CONFIG_FILE", Some(".aws/config")),
        ("AWS_SHARED_CREDENTIALS_FILE", Some(".aws/credentials")),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", None),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", None),
    ]
    .into_iter()
    .find_map(|(name, beside)| named(name, beside))
    .map(|reason| Failure::new(FailureKind::Credentials, reason))
}

/// The largest file that a provider may read.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Asks one provider after the other, all of them within the time limit of one probe.
///
/// As in the SDK, a provider that is not set up here leaves the turn to the next, and one that is and fails
/// ends the search. `before` have been asked already.
pub(super) async fn find(
    bounds: &Bounds,
    before: &[Provider<'_>],
    providers: &[Provider<'_>],
) -> Found {
    let turn = AtomicUsize::new(0);
    let mut error = None;
    let mut credentials = None;
    let mut nobody = false;
    let asked = async {
        for (at, Provider { name, make }) in providers.iter().enumerate() {
            turn.store(at, Ordering::Relaxed);
            let Some(provider) = make() else {
                continue;
            };
            match provider.provide_credentials().await {
                Ok(found) => {
                    let source = CredentialSource {
                        provider: (*name).to_owned(),
                        expires_at: found
                            .expiry()
                            .and_then(|expiry| jiff::Timestamp::try_from(expiry).ok()),
                    };
                    secrets::note_credentials(&found);
                    credentials = Some(found);
                    return Outcome::Seen(source);
                }
                Err(CredentialsError::CredentialsNotLoaded(_)) => {}
                Err(failed) => {
                    let (failure, answered) = of_provider(name, &failed);
                    error = answered;
                    return Outcome::Failed(failure);
                }
            }
        }
        nobody = true;
        Outcome::Failed(none_found(before.iter().chain(providers)))
    };
    let mut source = bounds.observe(asked).await;
    if let Outcome::Failed(failure) = &mut source.outcome
        && failure.kind == FailureKind::Timeout
        && let Some(Provider { name, .. }) = providers.get(turn.load(Ordering::Relaxed))
        && !failure.detail.starts_with(name)
    {
        failure.detail = format!("{name}: {}", failure.detail);
    }
    Found {
        source,
        error,
        credentials,
        nobody,
    }
}

fn none_found<'a>(providers: impl Iterator<Item = &'a Provider<'a>>) -> Failure {
    let names: Vec<&str> = providers.map(Provider::name).collect();
    let mut detail = format!("no credentials found; tried {}", names.join(", "));
    if !names.contains(&INSTANCE) {
        detail.push_str("; there is no instance metadata here");
    }
    Failure::new(FailureKind::Credentials, detail)
}

fn of_provider(name: &str, error: &CredentialsError) -> (Failure, Option<ServiceError>) {
    if let CredentialsError::ProviderTimedOut(_) = error {
        let detail = format!("{name}: no answer in time");
        return (Failure::new(FailureKind::Timeout, detail), None);
    }
    let answered = of_sts::<AssumeRoleWithWebIdentityError>(error)
        .or_else(|| of_sts::<AssumeRoleError>(error));
    if let Some((failure, answered)) = answered {
        let kind = match (failure.kind, &answered) {
            (FailureKind::Throttled, _) => FailureKind::Throttled,
            (_, Some(_)) => FailureKind::Credentials,
            (kind, None) => kind,
        };
        let detail = format!("{name}: {}", failure.detail);
        return (Failure::new(kind, detail), answered);
    }
    let kind = match failure::kind_of_transport(error) {
        FailureKind::Other if is_timeout(error) => FailureKind::Timeout,
        FailureKind::Other => FailureKind::Credentials,
        kind => kind,
    };
    let detail = format!("{name}: {}", failure::text_of(error));
    (Failure::new(kind, detail), None)
}

/// What AWS STS answered, or why it could not be asked.
fn of_sts<E>(error: &CredentialsError) -> Option<(Failure, Option<ServiceError>)>
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + Error + 'static,
{
    let error = failure::cause::<SdkError<E, HttpResponse>>(error)?;
    Some(failure::of_call("AWS STS", error))
}

fn is_timeout(error: &CredentialsError) -> bool {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    failure::cause::<ConnectorError>(error).is_some_and(ConnectorError::is_timeout)
}
