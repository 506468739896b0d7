use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

use super::used_endpoints;

rule! {
    /// None of the endpoint's interfaces is in the caller's zone.
    ///
    /// It works, across zones: a little slower, and it depends on the other zones.
    ///
    /// ## Told apart by
    /// The zones of the endpoint's interfaces and the caller's own.
    ///
    /// ## Fix
    /// Add the caller's subnet, or another one of its zone, if the service is offered there.
    ///
    /// ## Source
    /// AWS PrivateLink Guide, "Subnets and Availability Zones"; EC2 API, `DescribeVpcEndpointServices`.
    pub ENDPOINT_NOT_IN_THIS_AZ, "endpoint-not-in-this-az", Info, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let Some(own) = scene.availability_zone() else {
        return Vec::new();
    };
    let endpoints = used_endpoints::of(scene);
    let near = |service_name: &str| {
        endpoints.iter().any(|(endpoint, _)| {
            endpoint.service_name == service_name
                && scene.zones_of(endpoint).iter().any(|zone| zone == own)
        })
    };
    endpoints
        .iter()
        .filter(|(endpoint, _)| endpoint.is_interface())
        .filter_map(|(endpoint, services)| {
            let zones = scene.zones_of(endpoint);
            let unknown = zones.is_empty() || !scene.zones_are_known(endpoint);
            if unknown || near(&endpoint.service_name) {
                return None;
            }
            let subnet = scene.subnet_id.as_deref().unwrap_or("SUBNET_ID");
            Some(
                Cause::alone(&endpoint.id, Severity::Info, services.clone())
                    .title(format!("{} has no interface in {own}", endpoint.id))
                    .because(format!("This host is in {own}, the endpoint in {}.", zones.join(", ")))
                    .fix(
                        "Add a subnet of this zone to the endpoint, if the service is offered there.",
                        vec![format!(
                            "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --add-subnet-ids {subnet}{}",
                            endpoint.id,
                            region_flag(scene)
                        )],
                    ),
            )
        })
        .collect()
}
