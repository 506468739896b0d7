use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

use super::used_endpoints;

rule! {
    /// The endpoint has an interface in one zone only.
    ///
    /// If that zone fails, the service is gone for the whole VPC.
    ///
    /// ## Told apart by
    /// The zones of the endpoint's interfaces and subnets, and no other available endpoint of the service in another zone.
    ///
    /// ## Fix
    /// Add a subnet of another zone.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Subnets and Availability Zones".
    pub ENDPOINT_SINGLE_AZ, "endpoint-single-az", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let endpoints = used_endpoints::of(scene);
    let interfaces: Vec<_> = endpoints
        .iter()
        .filter(|(endpoint, _)| endpoint.is_interface())
        .collect();
    interfaces
        .iter()
        .filter_map(|(endpoint, services)| {
            let zones = scene.zones_of(endpoint);
            // Siblings of the same service in other zones stand in for it.
            let elsewhere = interfaces.iter().any(|(other, _)| {
                other.id != endpoint.id
                    && other.service_name == endpoint.service_name
                    && scene.zones_of(other) != zones
            });
            let [zone] = zones.as_slice() else {
                return None;
            };
            if elsewhere || !scene.zones_are_known(endpoint) {
                return None;
            }
            let subnets = scene
                .inventory()
                .and_then(|inventory| inventory.subnets.seen())
                .into_iter()
                .flatten();
            let other = subnets
                .filter(|subnet| subnet.vpc_id.is_none() || subnet.vpc_id == endpoint.vpc_id)
                .find(|subnet| subnet.availability_zone.as_ref().is_some_and(|z| z != zone))
                .map_or("SUBNET_ID", |subnet| subnet.id.as_str());
            Some(
                Cause::alone(&endpoint.id, Severity::Warn, services.clone())
                    .title(format!("{} has an interface in {zone} only", endpoint.id))
                    .because("If this zone fails, the service cannot be reached from the whole VPC.")
                    .evidence(format!("{} is in {}.", endpoint.id, endpoint.subnet_ids.join(", ")))
                    .fix(
                        "Add a subnet of another zone to the endpoint.",
                        vec![format!(
                            "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --add-subnet-ids {other}{}",
                            endpoint.id,
                            region_flag(scene)
                        )],
                    ),
            )
        })
        .collect()
}
