//! Access to the AWS APIs for whoever runs vpcheck by hand, anywhere.

use std::sync::Arc;

use tokio::sync::watch;

use super::aws::{AwsAccess, InstanceSource};
use super::host::{self, HostQuestion, Progress};
use super::observe::Bounds;
use super::tls::Trust;
use crate::environment::EnvSnapshot;
use crate::facts::Host;

/// Access in the region that is said or found here, and this host; none where no region is known.
///
/// It connects as the AWS CLI would: by the system's roots and `--ca-file`. A container may have none: the service roots
/// do for the AWS APIs themselves.
pub async fn access(
    bounds: &Bounds,
    region: Option<String>,
    trust: &Trust,
    env: EnvSnapshot,
) -> Option<(AwsAccess, Arc<Host>)> {
    let (progress, _) = watch::channel(Progress::default());
    let host = host::host(bounds, &HostQuestion { region, env }, &progress).await;
    let roots = match trust.connect_roots().is_empty() {
        true => trust.service_roots(),
        false => trust.connect_roots(),
    };
    let imds = InstanceSource::known(host.imds.is_seen());
    let region = host.region.as_deref()?;
    let resolvers = super::host_resolvers(&host);
    let access = AwsAccess::new(region, roots.clone(), imds, resolvers);
    Some((access, host))
}
