//! The endpoints whose design is worth a word: those of services under test.

use crate::facts::Target;
use crate::facts::inventory::Endpoint;
use crate::symptoms::Scene;
use crate::symptoms::placement::{Placement, place};

/// This VPC's available endpoints of the services under test, each with the services it is for.
pub(super) fn of<'a>(scene: &Scene<'a>) -> Vec<(&'a Endpoint, Vec<String>)> {
    let mut found: Vec<(&Endpoint, Vec<String>)> = Vec::new();
    for target in &scene.facts.targets {
        let used = in_use(scene, target);
        for endpoint in scene.endpoints_of(&target.service) {
            let stands_by = !used.is_empty() && !used.contains(&endpoint.id.as_str());
            if !endpoint.is_available() || stands_by {
                continue;
            }
            match found.iter_mut().find(|(known, _)| known.id == endpoint.id) {
                Some((_, services)) => services.push(target.service.clone()),
                None => found.push((endpoint, vec![target.service.clone()])),
            }
        }
    }
    found
}

/// The endpoints that the answers of a target's names lead to.
fn in_use<'a>(scene: &Scene<'a>, target: &Target) -> Vec<&'a str> {
    let names = target
        .hostnames
        .iter()
        .filter_map(|hostname| scene.facts.name(&hostname.name));
    names
        .flat_map(|name| {
            let records = name.host_records();
            records.into_iter().filter_map(|record| {
                match place(scene, &target.service, &name.name, record.address) {
                    Placement::Endpoint(endpoint, _) | Placement::Gateway(Some(endpoint)) => {
                        Some(endpoint.id.as_str())
                    }
                    _ => None,
                }
            })
        })
        .collect()
}
