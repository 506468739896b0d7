//! What the calls come to: the workload's services, and the endpoints that their traffic would need.

use std::collections::BTreeSet;

use serde::Serialize;

use super::whose::form;
use super::{Remote, ServiceCalls, Whose};
use crate::catalog::{Catalog, EndpointKind, NameForm};
use crate::symptoms::scene::Scene;

/// An endpoint that traffic would need which goes publicly now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// The service.
    pub service: String,
    /// The endpoint service's name.
    pub service_name: String,
    /// `gateway` or `interface`.
    pub kind: &'static str,
    /// What there is of it.
    pub state: State,
    /// Endpoints of the service that this VPC has already.
    pub existing: Vec<String>,
    /// The names that the traffic may be under, where an endpoint covers none of them.
    pub uncovered_names: Vec<String>,
}

/// What there is of an endpoint that traffic would need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The VPC has none.
    Missing,
    /// The VPC has one, and this traffic goes past it: `vpcheck check` says why.
    PassedBy,
    /// Whether the VPC has one could not be read.
    NotRead,
    /// It would not help: the traffic is under names that no endpoint covers.
    OtherName,
}

/// The targets for a configuration file: ids, and hostnames where the traffic is under special names alone.
pub(super) fn targets(services: &[ServiceCalls], remotes: &[Remote]) -> Vec<String> {
    let mut targets = Vec::new();
    for service in Catalog::get().services() {
        if !services.iter().any(|calls| calls.service == service.id()) {
            continue;
        }
        let special = special_names(service.id(), remotes);
        match special {
            Some(names) => targets.extend(names),
            None => targets.push(service.id().to_owned()),
        }
    }
    targets
}

/// The endpoints that the services' public traffic would need.
pub(super) fn endpoints(
    scene: &Scene<'_>,
    services: &[ServiceCalls],
    remotes: &[Remote],
) -> Vec<Needed> {
    let mut needed = Vec::new();
    for calls in services.iter().filter(|calls| calls.leaves()) {
        let (Some(service), Some(region)) = (Catalog::get().service(&calls.service), &scene.region)
        else {
            continue;
        };
        let kind = match service.has_gateway() {
            true => EndpointKind::Gateway,
            false => EndpointKind::Interface,
        };
        let outside: Vec<Remote> = remotes
            .iter()
            .filter(|remote| remote.way.leaves())
            .cloned()
            .collect();
        let special = special_names(&calls.service, &outside).unwrap_or_default();
        let is = |name: &String, forms: &[NameForm]| form(name).is_some_and(|f| forms.contains(&f));
        let all_are =
            |forms: &[NameForm]| !special.is_empty() && special.iter().all(|name| is(name, forms));
        let fips = (service.endpoint_service_names(region).into_iter())
            .find(|name| service.matches_fips_service_name(name, region))
            .filter(|_| all_are(&[NameForm::Fips, NameForm::FipsDualStack]));
        let uncovered = all_are(&[NameForm::Global, NameForm::Legacy]);
        let service_name = fips
            .or_else(|| scene.endpoint_service_name(service.id()))
            .unwrap_or_else(|| service.endpoint_service_name(region));
        let existing: Vec<String> = scene
            .endpoints_of(service.id())
            .iter()
            .filter(|endpoint| endpoint.service_name.eq_ignore_ascii_case(&service_name))
            .map(|endpoint| endpoint.id.clone())
            .collect();
        let is_public = calls.ways.iter().any(|way| way.is_public());
        let state = match () {
            () if !is_public => State::NotRead,
            () if uncovered => State::OtherName,
            () if !existing.is_empty() => State::PassedBy,
            () if scene.endpoint_list_is_complete() => State::Missing,
            () => State::NotRead,
        };
        needed.push(Needed {
            service: calls.service.clone(),
            service_name,
            kind: match kind {
                EndpointKind::Gateway => "gateway",
                EndpointKind::Interface => "interface",
            },
            state,
            existing,
            uncovered_names: if uncovered { special } else { Vec::new() },
        });
    }
    needed
}

/// The names of a service's addresses where it was met under special names alone: global, legacy, FIPS or dual-stack.
fn special_names(service: &str, remotes: &[Remote]) -> Option<Vec<String>> {
    let own: Vec<&Remote> = remotes
        .iter()
        .filter(|remote| matches!(&remote.whose, Whose::Service { service: of } if of == service))
        .collect();
    let is_plain = |name: &String| {
        matches!(
            form(name),
            None | Some(NameForm::Standard | NameForm::Subdomain)
        )
    };
    let plain = |remote: &&Remote| remote.names.is_empty() || remote.names.iter().any(is_plain);
    if own.is_empty() || own.iter().any(plain) {
        return None;
    }
    let names: BTreeSet<&String> = own.iter().flat_map(|remote| &remote.names).collect();
    Some(names.into_iter().cloned().collect())
}
