//! Each service: its verdict, its route, and the endpoint it is reached through.

use super::change::Kind;
use super::ledger::{Ledger, pairs, switch, word};
use crate::verdict::Report;
use crate::verdict::report::{EndpointReport, ServiceReport};

/// Compares the services that both runs checked; `with_endpoints` where nothing else tells of the endpoints' state.
pub(super) fn compare((old, new): (&Report, &Report), with_endpoints: bool, ledger: &mut Ledger) {
    let services = pairs(&old.services, &new.services, |service| &service.service);
    for (name, pair) in services {
        let (Some(old), Some(new)) = pair else {
            continue;
        };
        let mut value = |attribute: &str, was: String, is: String| {
            ledger.value(Kind::Service, name, attribute, (Some(was), Some(is)));
        };
        value("verdict", word(&old.verdict), word(&new.verdict));
        value("route", word(&old.route), word(&new.route));
        value("endpoint", endpoint_id(old), endpoint_id(new));
        if let (true, Some(old), Some(new)) = (with_endpoints, &old.endpoint, &new.endpoint)
            && old.id == new.id
        {
            endpoint(old, new, ledger);
        }
    }
}

fn endpoint_id(service: &ServiceReport) -> String {
    let endpoint = service.endpoint.as_ref();
    endpoint.map_or("none".to_owned(), |endpoint| endpoint.id.clone())
}

fn endpoint(old: &EndpointReport, new: &EndpointReport, ledger: &mut Ledger) {
    let (kind, id) = (Kind::Endpoint, old.id.as_str());
    let mut value = |attribute: &str, of: &dyn Fn(&EndpointReport) -> String| {
        ledger.value(kind, id, attribute, (Some(of(old)), Some(of(new))));
    };
    value("state", &|endpoint| endpoint.state.to_ascii_lowercase());
    value("type", &|endpoint| endpoint.kind.to_ascii_lowercase());
    value("private DNS", &|e| switch(e.private_dns_enabled));
}
