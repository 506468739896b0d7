use crate::facts::{DnsStatus, FailureKind, ServerRole};
use crate::rules::{Cause, rule};
use crate::symptoms::{Kind, Scene, Symptoms};

use crate::verdict::finding::Severity;

use super::change_resolver;
use super::silent_resolver::{self, Ending};

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
    silent_resolver::find(scene, symptoms, Ending::NoAnswer, "does not answer")
        .into_iter()
        .map(|cause| {
            let title = format!("The resolver {} does not answer", cause.subject);
            cause.title(title)
        })
        .chain(dead_first(scene, symptoms))
        .collect()
}

/// A configured resolver that never answers while another one does: lookups work, each after a wait.
fn dead_first(scene: &Scene<'_>, symptoms: &Symptoms) -> Option<Cause> {
    let lookups = || {
        scene
            .facts
            .names
            .iter()
            .flat_map(|name| name.by_role(ServerRole::Host))
    };
    let first = lookups().next()?.server;
    let of_first = || lookups().filter(|lookup| lookup.server == first);
    let silent = of_first().all(|lookup| lookup.status() == DnsStatus::Timeout);
    let other =
        lookups().find(|lookup| lookup.server != first && lookup.status() == DnsStatus::Ok)?;
    // Calls that look their host up as applications do wait for it, too.
    let unread: Vec<_> = symptoms
        .where_kind(|kind| {
            matches!(
                kind,
                Kind::InventoryUnreachable | Kind::CanaryFailed(FailureKind::Timeout)
            )
        })
        .map(|symptom| symptom.id)
        .collect();
    let mut services: Vec<String> = Vec::new();
    for name in scene.facts.names.iter().filter(|name| !name.comparison) {
        if !services.contains(&name.service) {
            services.push(name.service.clone());
        }
    }
    silent.then(|| {
        Cause::alone(first.ip().to_string(), Severity::Fail, services)
            .follows(unread)
            .title(format!("The first resolver {} does not answer", first.ip()))
            .because(format!(
                "{} stands first in the resolver configuration and never answers; {} does, after a wait at each lookup.",
                first.ip(),
                other.server.ip()
            ))
            .fix(
                "Repair the resolver, or take it out of the configuration.",
                [
                    change_resolver::commands(scene, first.ip(), None),
                    vec![format!("dig +tries=1 @{} amazonaws.com", first.ip())],
                ]
                .concat(),
            )
    })
}
