use crate::rules::{Cause, rule};
use crate::symptoms::{Scene, Symptoms};

use super::silent_resolver::{self, Ending};

rule! {
    /// The resolver fails: it answers SERVFAIL, or something that is no proper answer.
    ///
    /// A forwarding rule whose target is down, a broken custom resolver, or DNS Firewall that fails closed.
    ///
    /// ## Told apart by
    /// The response code. Whether the VPC's own resolver answers is in the evidence.
    ///
    /// ## Fix
    /// Repair the resolver, the forwarding rule's target, or use the VPC's own resolver.
    ///
    /// ## Source
    /// Route 53 Developer Guide, "Resolver rules" and "DNS Firewall VPC configuration".
    pub DNS_SERVFAIL, "dns-servfail", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    silent_resolver::find(scene, symptoms, Ending::Failure, "fails to answer")
        .into_iter()
        .map(|cause| {
            let title = format!("The resolver {} fails", cause.subject);
            cause.title(title)
        })
        .collect()
}
