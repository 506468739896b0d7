//! The VPC's DNS attributes.

use crate::facts::Facts;

/// Switches both on.
pub(super) fn switch_dns_on(facts: &mut Facts) -> Result<(), String> {
    let attributes = facts.inventory.vpc_attributes.seen_mut();
    let attributes = attributes.ok_or("expected facts with the VPC's attributes, found none")?;
    for attributes in attributes {
        (attributes.dns_support, attributes.dns_hostnames) = (Some(true), Some(true));
    }
    Ok(())
}
