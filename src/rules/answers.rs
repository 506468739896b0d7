//! Why names answer as they do.

mod answer_not_endpoint;
mod central_endpoint_unroutable;
mod change_resolver;
mod create_endpoint;
mod custom_resolver_bypass;
mod dns_refused;
mod dns_servfail;
mod dns_tcp_blocked;
mod dns_throttled;
mod dns_timeout;
mod dualstack_hostname_uncovered;
mod endpoint_missing;
mod endpoint_not_available;
mod fips_hostname_uncovered;
mod gateway_unconfirmed;
mod global_hostname;
mod hosts_file_override;
mod legacy_hostname;
mod legacy_name_public;
mod mixed_answers;
mod name_not_found;
mod private_address_unlisted;
mod private_dns_disabled;
mod private_zone_missing_record;
mod public_answer;
mod resolver_rule_forwards;
mod silent_resolver;
mod uncovered;
mod vpc_dns_attributes_off;
pub(crate) mod why_public;
mod zone_record;

use super::Rule;

/// The rules of this area.
pub const RULES: &[&Rule] = &[
    &vpc_dns_attributes_off::VPC_DNS_ATTRIBUTES_OFF,
    &custom_resolver_bypass::CUSTOM_RESOLVER_BYPASS,
    &hosts_file_override::HOSTS_FILE_OVERRIDE,
    &dns_tcp_blocked::DNS_TCP_BLOCKED,
    &dns_throttled::DNS_THROTTLED,
    &endpoint_not_available::ENDPOINT_NOT_AVAILABLE,
    &endpoint_missing::ENDPOINT_MISSING,
    &private_dns_disabled::PRIVATE_DNS_DISABLED,
    &resolver_rule_forwards::RESOLVER_RULE_FORWARDS,
    &legacy_hostname::LEGACY_HOSTNAME,
    &global_hostname::GLOBAL_HOSTNAME,
    &fips_hostname_uncovered::FIPS_HOSTNAME_UNCOVERED,
    &dualstack_hostname_uncovered::DUALSTACK_HOSTNAME_UNCOVERED,
    &private_zone_missing_record::PRIVATE_ZONE_MISSING_RECORD,
    &answer_not_endpoint::ANSWER_NOT_ENDPOINT,
    &mixed_answers::MIXED_ANSWERS,
    &central_endpoint_unroutable::CENTRAL_ENDPOINT_UNROUTABLE,
    &dns_timeout::DNS_TIMEOUT,
    &dns_servfail::DNS_SERVFAIL,
    &dns_refused::DNS_REFUSED,
    &name_not_found::NAME_NOT_FOUND,
    &public_answer::PUBLIC_ANSWER,
    &gateway_unconfirmed::GATEWAY_UNCONFIRMED,
    &private_address_unlisted::PRIVATE_ADDRESS_UNLISTED,
    &legacy_name_public::LEGACY_NAME_PUBLIC,
];
