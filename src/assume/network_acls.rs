//! Network ACLs that pass HTTPS and its replies.

use crate::facts::Facts;
use crate::facts::inventory::{AclEntry, PortRange};

use super::groups::everywhere;

/// Puts rules that pass 443 and the ephemeral ports, both ways, before all others.
pub(super) fn allow(facts: &mut Facts, id: &str) -> Result<(), String> {
    let acls = facts.inventory.network_acls.seen_mut();
    let acls = acls.ok_or("expected facts with the network ACLs, found none")?;
    let acl = acls.iter_mut().find(|acl| acl.id == id);
    let acl = acl.ok_or_else(|| format!("expected a recorded network ACL, found {id}"))?;
    for egress in [false, true] {
        for (from, to) in [(443, 443), (1024, u16::MAX)] {
            for cidr in everywhere() {
                acl.entries.push(AclEntry {
                    // Before the first number that anybody can give a rule.
                    number: 0,
                    egress,
                    protocol: 6,
                    allow: true,
                    cidr,
                    ports: Some(PortRange { from, to }),
                });
            }
        }
    }
    Ok(())
}
