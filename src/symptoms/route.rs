//! How a name is reached, from where its answers lie.

use serde::{Deserialize, Serialize};

use super::placement::{Placement, place};
use super::scene::Scene;
use crate::facts::{NameFacts, Record};

/// How a service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    // The worst first: a service has the worst of its names' routes.
    /// No address.
    Unresolved,
    /// Public addresses.
    Public,
    /// Private and public addresses together.
    Mixed,
    /// Private, outside the VPC, neither allowed nor known.
    PrivateUnlisted,
    /// Inside the VPC, with no inventory to confirm it.
    PrivateUnconfirmed,
    /// Private, outside the VPC, allowed or known.
    CentralEndpoint,
    /// In the prefix list that this subnet's route table sends to a gateway endpoint.
    GatewayEndpoint,
    /// Every answer is an address of an available endpoint of that service.
    InterfaceEndpoint,
}

/// The route of one name, from what the host's resolver answers.
pub fn route_of(scene: &Scene<'_>, name: &NameFacts) -> Route {
    route_of_records(scene, &name.service, &name.name, &name.host_records())
}

/// The route that a set of answers to a name means.
pub fn route_of_records(scene: &Scene<'_>, service: &str, name: &str, records: &[Record]) -> Route {
    let routes: Vec<Route> = records
        .iter()
        .map(|record| {
            let placement = place(scene, service, name, record.address);
            of_placement(&placement, scene.in_vpc(record.address) == Some(true))
        })
        .collect();
    let is_public = |route: &Route| *route == Route::Public;
    match routes.iter().min() {
        None => Route::Unresolved,
        Some(_) if routes.iter().all(is_public) => Route::Public,
        Some(_) if routes.iter().any(is_public) => Route::Mixed,
        Some(worst) => *worst,
    }
}

fn of_placement(placement: &Placement<'_>, in_vpc: bool) -> Route {
    match placement {
        Placement::OtherService(..) if in_vpc => Route::PrivateUnconfirmed,
        Placement::Endpoint(..) => Route::InterfaceEndpoint,
        Placement::Gateway(_) => Route::GatewayEndpoint,
        Placement::KnownElsewhere(..) | Placement::Allowed => Route::CentralEndpoint,
        Placement::InVpc | Placement::InVpcForeign | Placement::NotAvailable(..) => {
            Route::PrivateUnconfirmed
        }
        Placement::OtherService(..)
        | Placement::PrivateElsewhere
        | Placement::PrivateForeign
        | Placement::Sinkhole => Route::PrivateUnlisted,
        Placement::Public | Placement::GatewayUnconfirmed => Route::Public,
    }
}
