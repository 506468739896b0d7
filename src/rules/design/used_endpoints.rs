//! The endpoints whose design is worth a word: those of services under test.

use crate::facts::inventory::Endpoint;
use crate::symptoms::Scene;

/// This VPC's available endpoints of the services under test, each with the services it is for.
pub(super) fn of<'a>(scene: &Scene<'a>) -> Vec<(&'a Endpoint, Vec<String>)> {
    let mut found: Vec<(&Endpoint, Vec<String>)> = Vec::new();
    for target in &scene.facts.targets {
        for endpoint in scene.endpoints_of(&target.service) {
            if !endpoint.is_available() {
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
