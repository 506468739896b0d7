//! What the endpoints would cost beside a NAT gateway. The traffic is not known, so that it is a price for each GB.

use serde::Serialize;

use crate::catalog::EndpointKind;
use crate::catalog::prices::{ENDPOINT_GB, ENDPOINT_HOUR, HOURS, NAT_GB, NAT_HOUR, month};

/// The figures, in US dollars at the list prices of US East (N. Virginia).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The currency.
    pub currency: &'static str,
    /// Whose list prices these are.
    pub prices_of: &'static str,
    /// The hours of a month.
    pub hours: u64,
    /// The Availability Zones that each interface endpoint is taken to have an interface in, and a NAT gateway each.
    pub zones: usize,
    /// True where that many zones have subnets in the VPC's configuration; else one is taken.
    pub zones_known: bool,
    /// How many interface endpoints there would be.
    pub interface_endpoints: usize,
    /// How many gateway endpoints, which are free.
    pub gateway_endpoints: usize,
    /// The interface endpoints a month: endpoints × zones × price of an hour × hours.
    pub endpoints_month: f64,
    /// A GB through an interface endpoint.
    pub endpoint_gb: f64,
    /// The NAT gateways a month: zones × price of an hour × hours.
    pub nat_month: f64,
    /// A GB through a NAT gateway.
    pub nat_gb: f64,
    /// The GB a month, through all these endpoints together, above which they cost less than the same traffic does by
    /// NAT gateways that stay for other things; none without an interface endpoint.
    pub even_gb: Option<f64>,
}

impl Cost {
    /// The cost of these endpoints.
    pub(super) fn of(kinds: &[EndpointKind], zones: Option<usize>) -> Cost {
        let count = |kind| kinds.iter().filter(|k| **k == kind).count();
        let interface_endpoints = count(EndpointKind::Interface);
        let (taken, zones_known) = (zones.unwrap_or(1).max(1), zones.is_some());
        let each_month = month(ENDPOINT_HOUR, interface_endpoints.saturating_mul(taken));
        let even = each_month as f64 / (NAT_GB - ENDPOINT_GB) as f64;
        Cost {
            currency: "USD",
            prices_of: "us-east-1",
            hours: HOURS,
            zones: taken,
            zones_known,
            interface_endpoints,
            gateway_endpoints: count(EndpointKind::Gateway),
            endpoints_month: in_dollars(each_month),
            endpoint_gb: in_dollars(ENDPOINT_GB),
            nat_month: in_dollars(month(NAT_HOUR, taken)),
            nat_gb: in_dollars(NAT_GB),
            even_gb: (interface_endpoints > 0).then(|| even.ceil()),
        }
    }
}

fn in_dollars(thousandths: u64) -> f64 {
    thousandths as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_is_that_of_the_pricing_pages() {
        use EndpointKind::{Gateway, Interface};
        let cost = Cost::of(&[Interface, Interface, Gateway], Some(3));
        assert_eq!(cost.endpoints_month, 2.0 * 3.0 * 0.01 * 730.0);
        assert_eq!(cost.nat_month, 98.55);
        // 43.80 a month are 1252 GB at a difference of 0.035.
        assert_eq!(cost.even_gb, Some(1252.0));
        let free = Cost::of(&[Gateway], None);
        assert_eq!((free.endpoints_month, free.even_gb), (0.0, None));
        assert!(!free.zones_known && free.zones == 1);
    }
}
