use crate::rules::{Cause, rule};
use crate::symptoms::{Scene, Symptoms};

use super::silent_resolver::{self, Ending};

rule! {
    /// The resolver refuses this host.
    ///
    /// It answers REFUSED: its access list does not hold this host, or it does not recurse.
    ///
    /// ## Told apart by
    /// The response code. Whether the VPC's own resolver answers is in the evidence.
    ///
    /// ## Fix
    /// Admit this host's range on the resolver, or use the VPC's own resolver.
    ///
    /// ## Source
    /// RFC 1035, section 4.1.1.
    pub DNS_REFUSED, "dns-refused", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    silent_resolver::find(scene, symptoms, Ending::Refusal, "refuses to answer")
        .into_iter()
        .map(|cause| {
            let title = format!("The resolver {} refuses this host", cause.subject);
            cause.title(title)
        })
        .collect()
}
