//! What if: recorded facts as they would be after a change that is not made yet.
//!
//! The change is made in the recorded configuration; then names, probes and the canary follow as far as configuration
//! decides them. What is not known after the change is skipped and says so, and what the change does not touch stays as
//! it was observed. An address that would be new is a stand-in: a free one of the endpoint's subnet, or, for a public
//! one, [`PUBLIC_STAND_IN`].

mod dns;
mod endpoints;
mod groups;
mod host;
mod network_acls;
mod parse;
mod paths;
mod probes;
mod routes;
mod stand_ins;
mod vpc;

pub use parse::{Assumption, GroupPeer, KINDS, KindOfAssumption};
pub use stand_ins::PUBLIC_STAND_IN;

use crate::facts::Facts;
use crate::symptoms::Scene;

/// An assumption that is none, or that these facts cannot be changed by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--assume {assumption}: {problem}")]
pub struct AssumeError {
    /// The assumption as it was given.
    pub assumption: String,
    /// What is wrong, with what was expected and found.
    pub problem: String,
}

/// The facts after these changes, one after the other.
pub fn assume(mut facts: Facts, assumptions: &[Assumption]) -> Result<Facts, AssumeError> {
    for assumption in assumptions {
        let before = facts.clone();
        if assumption.is_of_the_vpc() && Scene::of(&facts).stale.is_some() {
            return Err(AssumeError {
                assumption: assumption.to_string(),
                problem: "expected an inventory to judge by, found a stale one".to_owned(),
            });
        }
        change(&mut facts, assumption).map_err(|problem| AssumeError {
            assumption: assumption.to_string(),
            problem,
        })?;
        let reason = format!("assumed: {assumption}");
        dns::follow(&before, &mut facts, &reason);
        probes::follow(&before, &mut facts, &reason);
        if let Assumption::Policy { endpoint, .. } = assumption {
            probes::forget_canary_through(&mut facts, endpoint, &reason);
        }
        facts.assumed.push(assumption.to_string());
    }
    Ok(facts)
}

/// Makes the change itself.
fn change(facts: &mut Facts, assumption: &Assumption) -> Result<(), String> {
    match assumption {
        Assumption::PrivateDns { endpoint, on } => endpoints::private_dns(facts, endpoint, *on),
        Assumption::EndpointCreated { service } => endpoints::create(facts, service),
        Assumption::EndpointDeleted { endpoint } => endpoints::delete(facts, endpoint),
        Assumption::EndpointAvailable { endpoint } => endpoints::make_available(facts, endpoint),
        Assumption::Policy {
            endpoint, document, ..
        } => endpoints::replace_policy(facts, endpoint, document),
        Assumption::GroupAllows { group, peer } => groups::allow(facts, group, peer.as_ref()),
        Assumption::GroupDenies { group } => groups::deny(facts, group),
        Assumption::EgressAllows { group } => groups::allow_out(facts, group),
        Assumption::AclAllows { acl } => network_acls::allow(facts, acl),
        Assumption::RouteAdded { service } => routes::add(facts, service),
        Assumption::NoInternet => routes::remove_internet(facts),
        Assumption::VpcDnsOn => vpc::switch_dns_on(facts),
        Assumption::VpcResolver => host::ask_the_vpc_resolver(facts),
        Assumption::HostsLineRemoved { name } => host::remove_line(facts, name),
        Assumption::ProxyRemoved { variable } => host::remove_proxy(facts, variable),
    }
}
