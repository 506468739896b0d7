//! The network ACLs that packets between this host and an endpoint pass.

use std::net::IpAddr;

use crate::configuration::network_acl::{EPHEMERAL, HTTPS, guarding};
use crate::facts::inventory::{NetworkAcl, PortRange};
use crate::symptoms::Scene;

/// One passage through an ACL: out of a subnet or into it.
#[derive(Debug, Clone, Copy)]
pub struct AclPassage<'a> {
    /// The ACL.
    pub acl: &'a NetworkAcl,
    /// True for packets that leave its subnet.
    pub egress: bool,
    /// The address at the other end.
    pub other: IpAddr,
    /// The ports the packets go to.
    pub ports: PortRange,
}

/// The passages of a request to 443 of an address and of its answer, in the order of the packets, as far as the ACLs
/// are known; none within one subnet, whose ACL such packets never meet. ACLs keep no state, so the answer counts as
/// well (Amazon VPC User Guide, "Network ACL rules").
pub fn acl_passages<'a>(scene: &Scene<'a>, there: IpAddr) -> Vec<AclPassage<'a>> {
    let acls = scene.inventory().and_then(|one| one.network_acls.seen());
    let (Some(acls), Some(here)) = (acls, scene.source_towards(there)) else {
        return Vec::new();
    };
    let own_subnet = scene.subnet_id.as_deref();
    let at = scene.endpoint_at(there);
    let their_subnet = at.and_then(|(_, interface)| interface.subnet_id.as_deref());
    if own_subnet.is_some() && own_subnet == their_subnet {
        return Vec::new();
    }
    let own = own_subnet.and_then(|subnet| guarding(acls, subnet));
    let theirs = their_subnet.and_then(|subnet| guarding(acls, subnet));
    let passages = [
        (own, true, there, HTTPS),
        (theirs, false, here, HTTPS),
        (theirs, true, here, EPHEMERAL),
        (own, false, there, EPHEMERAL),
    ];
    let known = |(acl, egress, other, ports): (Option<&'a NetworkAcl>, _, _, _)| {
        Some(AclPassage {
            acl: acl?,
            egress,
            other,
            ports,
        })
    };
    passages.into_iter().filter_map(known).collect()
}
