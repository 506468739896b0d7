//! What can begin before everything is known of the host.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::host::Progress;
use super::plan::Plan;
use super::{Options, planned, questions};
use crate::facts::Host;

/// The host as soon as it is known well enough, or else whole; and whether it is whole.
pub(super) async fn known(
    watching: &watch::Receiver<Progress>,
    enough: impl Fn(&Host) -> bool,
) -> (Arc<Host>, bool) {
    let mut watching = watching.clone();
    let told = watching
        .wait_for(|told| told.whole || told.host.as_deref().is_some_and(&enough))
        .await
        .map(|told| (told.host.clone(), told.whole));
    match told {
        Ok((Some(host), whole)) => (host, whole),
        // The sender tells everything before it goes: whoever waits past that waits for a run that is over.
        _ => std::future::pending().await,
    }
}

/// True where metadata has told the VPC, without a doubt left: one interface, and an address of its own.
pub(super) fn knows_vpc(host: &Host) -> bool {
    host.vpc_id.is_some() && host.mac.is_some() && !host.addresses.is_empty()
}

/// The names that stay the same whatever is still to be learned of the host: its account, above all.
pub(super) fn settled(
    options: &Options,
    host: &Host,
    plan: &Plan,
    canary: Option<&str>,
) -> BTreeSet<String> {
    let names = |plan: &Plan| -> BTreeSet<String> {
        questions(plan, canary)
            .into_iter()
            .map(|q| q.name)
            .collect()
    };
    let mut settled = names(plan);
    if host.account_id.is_none() {
        let stranger = Host {
            account_id: Some("000000000000".to_owned()),
            ..host.clone()
        };
        let theirs = names(&planned(options, &stranger));
        settled.retain(|name| theirs.contains(name));
    }
    settled
}
