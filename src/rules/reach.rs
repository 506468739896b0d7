//! Why addresses cannot be reached on 443.

mod acl_entries;
mod address_failures;
mod caller_egress_blocked;
mod endpoint_address_down;
mod gateway_route_missing;
mod network_acl_blocks_443;
mod proxy_in_path;
mod security_group_blocks_443;
mod tcp_refused;
mod tcp_timeout;
mod tcp_unreachable;

use super::Rule;

/// The rules of this area.
pub const RULES: &[&Rule] = &[
    &proxy_in_path::PROXY_IN_PATH,
    &gateway_route_missing::GATEWAY_ROUTE_MISSING,
    &security_group_blocks_443::SECURITY_GROUP_BLOCKS_443,
    &caller_egress_blocked::CALLER_EGRESS_BLOCKED,
    &network_acl_blocks_443::NETWORK_ACL_BLOCKS_443,
    &endpoint_address_down::ENDPOINT_ADDRESS_DOWN,
    &tcp_refused::TCP_REFUSED,
    &tcp_unreachable::TCP_UNREACHABLE,
    &tcp_timeout::TCP_TIMEOUT,
];
