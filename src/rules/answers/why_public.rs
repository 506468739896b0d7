//! Why a name answers publicly: one reading of the facts, so that the rules about it exclude each other.

use std::net::IpAddr;

use crate::catalog::NameForm;
use crate::facts::inventory::{Destination, Endpoint, RouteTable};
use crate::facts::{DnsStatus, NameFacts, ServerRole};
use crate::symptoms::gateway;
use crate::symptoms::route::{Route, route_of, route_of_records};
use crate::symptoms::{Kind, Scene, Symptom, Symptoms};

/// Why a name answers publicly, as far as the facts decide it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WhyPublic<'a> {
    /// The host asks this resolver, and the VPC's own answers privately.
    Bypass(IpAddr),
    /// Its form is not covered by the endpoint that covers the plain name.
    Uncovered(NameForm),
    /// No endpoint of the service is in this VPC.
    Missing,
    /// The endpoint is there and not available.
    NotAvailable(&'a Endpoint),
    /// The endpoint is available, its private DNS is off.
    PrivateDnsOff(&'a Endpoint),
    /// The VPC's DNS attributes are off.
    AttributesOff,
    /// The VPC's resolver answers publicly though an available endpoint has private DNS on.
    RuleForwards(&'a Endpoint),
    /// A gateway endpoint is there, this subnet's route table is not on it.
    GatewayRouteMissing(&'a Endpoint),
    /// What would say why was not read.
    Unreadable,
}

/// The symptoms of names that answer publicly, each with its reason.
pub(crate) fn public_names<'s, 'a>(
    scene: &'s Scene<'a>,
    symptoms: &'s Symptoms,
) -> impl Iterator<Item = (&'s Symptom, WhyPublic<'a>)> {
    symptoms
        .where_kind(|kind| *kind == Kind::Public)
        .map(move |symptom| (symptom, why(scene, symptom)))
}

fn why<'a>(scene: &Scene<'a>, symptom: &Symptom) -> WhyPublic<'a> {
    let Some(name) = scene.facts.name(&symptom.name) else {
        return WhyPublic::Unreadable;
    };
    if let Some(server) = bypassing_resolver(scene, name) {
        return WhyPublic::Bypass(server);
    }
    if let Some(form) = uncovered_form(scene, name) {
        return WhyPublic::Uncovered(form);
    }
    if !scene.endpoint_list_is_complete() {
        return WhyPublic::Unreadable;
    }
    by_endpoints(scene, name)
}

fn by_endpoints<'a>(scene: &Scene<'a>, name: &NameFacts) -> WhyPublic<'a> {
    let Some(service) = scene.service(&name.service) else {
        return WhyPublic::Unreadable;
    };
    let form = scene.form_of(&name.name);
    let is_fips = matches!(form, Some(NameForm::Fips | NameForm::FipsDualStack));
    let endpoints: Vec<&Endpoint> = scene
        .endpoints_of_name(name)
        .into_iter()
        // FIPS endpoints of a service are a service of their own and cover FIPS names alone.
        .filter(|endpoint| is_fips || !endpoint.service_name.ends_with("-fips"))
        .collect();
    let mut available = endpoints.iter().copied().filter(|e| e.is_available());
    if let Some(gateway) = available.clone().find(|endpoint| endpoint.is_gateway()) {
        // Where the table leads to the endpoint, the address lies outside its prefix list: nobody can say why.
        let leads_there = |table: &RouteTable| {
            let mut routes = table.routes.iter();
            routes.any(|route| route.target == gateway.id && !route.blackhole)
        };
        return match gateway::table(scene) {
            Some(table) if !leads_there(table) || is_shadowed(scene, table, name, gateway) => {
                WhyPublic::GatewayRouteMissing(gateway)
            }
            _ => WhyPublic::Unreadable,
        };
    }
    let mut interfaces = available.clone().filter(|endpoint| endpoint.is_interface());
    let inbound_only = |endpoint: &Endpoint| endpoint.inbound_resolver_only == Some(true);
    if let Some(endpoint) = interfaces
        .clone()
        .find(|endpoint| endpoint.private_dns_enabled && !inbound_only(endpoint))
    {
        return match attributes_off(scene) {
            Some(true) => WhyPublic::AttributesOff,
            Some(false) if vpc_resolver_is_public(scene, name) && covers(endpoint, name) => {
                WhyPublic::RuleForwards(endpoint)
            }
            _ => WhyPublic::Unreadable,
        };
    }
    match (interfaces.next(), endpoints.first()) {
        // An interface endpoint of DynamoDB has no private DNS to switch on: a gateway endpoint is what lacks.
        (Some(_), _) if !service.interface_private_dns() => WhyPublic::Missing,
        (Some(endpoint), _) if endpoint.private_dns_enabled => WhyPublic::Missing,
        (Some(endpoint), _) => WhyPublic::PrivateDnsOff(endpoint),
        (None, Some(endpoint)) if available.next().is_none() => WhyPublic::NotAvailable(endpoint),
        _ => WhyPublic::Missing,
    }
}

/// A more specific route beats the one to the gateway endpoint, although its prefix list holds the address.
fn is_shadowed(
    scene: &Scene<'_>,
    table: &RouteTable,
    name: &NameFacts,
    gateway: &Endpoint,
) -> bool {
    let lists = scene
        .inventory()
        .and_then(|inventory| inventory.prefix_lists.seen());
    let holds = |address: IpAddr| {
        table.routes.iter().any(|route| match &route.destination {
            Destination::PrefixList(id) if route.target == gateway.id => lists
                .into_iter()
                .flatten()
                .filter(|list| list.id == *id)
                .any(|list| list.cidrs.iter().any(|cidr| cidr.contains(&address))),
            _ => false,
        })
    };
    name.host_records()
        .iter()
        .all(|record| holds(record.address))
}

/// Whether one of the VPC's DNS attributes is off; none where they were not read.
pub(crate) fn attributes_off(scene: &Scene<'_>) -> Option<bool> {
    let attributes = scene.inventory()?.vpc_attributes.seen()?;
    let own = attributes
        .iter()
        .find(|attributes| Some(&attributes.vpc_id) == scene.vpc_id.as_ref())?;
    match (own.dns_support, own.dns_hostnames) {
        (Some(false), _) | (_, Some(false)) => Some(true),
        (Some(true), Some(true)) => Some(false),
        _ => None,
    }
}

/// The host's resolver, where it answers wrongly while the VPC's own gives the endpoint's addresses.
pub(crate) fn bypassing_resolver(scene: &Scene<'_>, name: &NameFacts) -> Option<IpAddr> {
    let asked = name
        .by_role(ServerRole::Host)
        .find(|lookup| {
            matches!(
                lookup.status(),
                DnsStatus::Ok | DnsStatus::NxDomain | DnsStatus::NoData
            )
        })?
        .server
        .ip();
    let mut vpc_servers = name
        .by_role(ServerRole::Vpc)
        .map(|lookup| lookup.server.ip());
    if vpc_servers.any(|server| server == asked) || name.vpc_status() != Some(DnsStatus::Ok) {
        return None;
    }
    let vpc_route = route_of_records(scene, &name.service, &name.name, &name.vpc_records());
    let host_route = route_of(scene, name);
    let better = matches!(
        vpc_route,
        Route::InterfaceEndpoint
            | Route::GatewayEndpoint
            | Route::CentralEndpoint
            | Route::PrivateUnconfirmed
            | Route::PrivateUnlisted
    );
    let worse = matches!(host_route, Route::Public | Route::Unresolved | Route::Mixed);
    // A wrong private address is as wrong, where the VPC's resolver gives the endpoint's own.
    let confirmed = matches!(vpc_route, Route::InterfaceEndpoint | Route::GatewayEndpoint);
    let foreign = host_route < Route::CentralEndpoint && host_route != vpc_route;
    (better && worse || confirmed && foreign).then_some(asked)
}

/// The form of a name that the endpoint of the plain name does not cover, where the plain name is private.
pub(crate) fn uncovered_form(scene: &Scene<'_>, name: &NameFacts) -> Option<NameForm> {
    let identified = scene.identified(&name.name)?;
    let special = matches!(
        identified.form,
        NameForm::Legacy
            | NameForm::Global
            | NameForm::Fips
            | NameForm::FipsDualStack
            | NameForm::DualStack
    );
    if !special {
        return None;
    }
    let region = identified.region.as_ref().or(scene.region.as_ref())?;
    let account = scene.account_id();
    let plain = identified
        .service
        .hostnames(region, account, NameForm::Standard);
    let is_private = |plain: &String| {
        *plain != name.name
            && scene.facts.name(plain).is_some_and(|plain| {
                matches!(
                    route_of(scene, plain),
                    Route::InterfaceEndpoint
                        | Route::CentralEndpoint
                        | Route::PrivateUnconfirmed
                        | Route::PrivateUnlisted
                        | Route::GatewayEndpoint
                )
            })
    };
    plain.iter().any(is_private).then_some(identified.form)
}

fn vpc_resolver_is_public(scene: &Scene<'_>, name: &NameFacts) -> bool {
    name.vpc_status() == Some(DnsStatus::Ok)
        && route_of_records(scene, &name.service, &name.name, &name.vpc_records()) == Route::Public
}

/// An endpoint whose list of private names was not told is taken to cover the service's names.
fn covers(endpoint: &Endpoint, name: &NameFacts) -> bool {
    endpoint.private_names().next().is_none() || endpoint.covers(&name.name)
}
