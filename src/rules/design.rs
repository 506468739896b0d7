//! What the configuration says of itself and of its design.

mod endpoint_not_in_this_az;
mod endpoint_policy_open;
mod endpoint_single_az;
mod imds_unreachable;
mod internet_route_present;
mod inventory_denied;
mod inventory_not_visible;
mod inventory_stale;
mod inventory_unreachable;
mod region_unknown;
mod used_endpoints;

use super::Rule;

/// The rules of this area.
pub const RULES: &[&Rule] = &[
    &internet_route_present::INTERNET_ROUTE_PRESENT,
    &endpoint_single_az::ENDPOINT_SINGLE_AZ,
    &endpoint_not_in_this_az::ENDPOINT_NOT_IN_THIS_AZ,
    &endpoint_policy_open::ENDPOINT_POLICY_OPEN,
    &inventory_stale::INVENTORY_STALE,
    &inventory_not_visible::INVENTORY_NOT_VISIBLE,
    &inventory_denied::INVENTORY_DENIED,
    &inventory_unreachable::INVENTORY_UNREACHABLE,
    &region_unknown::REGION_UNKNOWN,
    &imds_unreachable::IMDS_UNREACHABLE,
];
