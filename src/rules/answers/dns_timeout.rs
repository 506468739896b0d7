use crate::facts::DnsStatus;
use crate::rules::{Cause, rule};
use crate::symptoms::{Scene, Symptoms};

use super::silent_resolver;

rule! {
    /// The resolver does not answer.
    ///
    /// No name can be looked up, so nothing of AWS can be reached. Security groups and network ACLs do not filter
    /// the VPC's own resolver; a custom one they do.
    ///
    /// ## Told apart by
    /// The host's resolvers gave no answer in time, over several attempts. Whether the VPC's resolver answers from
    /// the same host is in the evidence. With the VPC's attributes readable and `enableDnsSupport` false, the finding is
    /// `vpc-dns-attributes-off` instead.
    ///
    /// ## Fix
    /// Repair the resolver or the way to it, or use the VPC's own. If names time out in bursts only, a local cache helps:
    /// an interface may send 1024 packets a second to the VPC's resolver.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "DNS quotas"; Route 53 Developer Guide, "Resolver endpoints".
    pub DNS_TIMEOUT, "dns-timeout", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let statuses = [DnsStatus::Timeout];
    silent_resolver::find(scene, symptoms, &statuses, "does not answer")
        .into_iter()
        .map(|cause| {
            let title = format!("The resolver {} does not answer", cause.subject);
            cause.title(title)
        })
        .collect()
}
