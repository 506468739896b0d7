use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::answers::was_throttled;
use crate::symptoms::{Kind, Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// The network interface sends more packets to the VPC's resolver than it may, and the rest are dropped.
    ///
    /// An interface may send 1024 packets a second to Amazon's link-local services, DNS before all; time and metadata
    /// count as well. What exceeds that gets no answer, so lookups time out in bursts. A name that could not be
    /// resolved for this reason says nothing of its service, so the run is then inconclusive.
    ///
    /// ## Told apart by
    /// `linklocal_allowance_exceeded` in the statistics of the interface's driver rose during the run. Where no driver
    /// keeps that count (in most containers), a resolver that does not answer is `dns-timeout`.
    ///
    /// ## Fix
    /// Run a caching resolver on the host or, on EKS, NodeLocal DNSCache; lower `ndots` where each name is searched in many
    /// domains; spread the workload over more interfaces.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "DNS quotas"; Amazon EC2 User Guide, "Monitor network performance for ENA settings on your
    /// EC2 instance"; coredns issue 4327.
    pub DNS_THROTTLED, "dns-throttled", Warn, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let rising = scene.facts.host.link_local_drops.iter();
    let Some(worst) = rising.max_by_key(|drops| drops.dropped()) else {
        return Vec::new();
    };
    if worst.dropped() == 0 {
        return Vec::new();
    }
    let interface = &worst.interface;
    let unresolved: Vec<_> = symptoms
        .iter()
        .filter(|symptom| match symptom.kind {
            Kind::DnsFailed(status) => {
                let name = scene.facts.name(&symptom.name);
                name.is_some_and(|name| was_throttled(scene, name, status))
            }
            _ => false,
        })
        .collect();
    let mut cause = if unresolved.is_empty() {
        Cause::alone(interface, Severity::Warn, Vec::new())
    } else {
        let mut cause = Cause::shown_by(interface, unresolved.iter().copied());
        cause.at_most = Some(Severity::Warn);
        for symptom in &unresolved {
            cause = cause.follows(symptoms.after_name(scene, &symptom.name));
        }
        // Other calls look their hosts up through the same interface.
        let rest = symptoms.where_kind(|kind| {
            matches!(
                kind,
                Kind::CanaryNoPath | Kind::CanaryFailed(_) | Kind::InventoryUnreachable
            )
        });
        cause.follows(rest.map(|symptom| symptom.id))
    };
    cause = cause
        .title(format!(
            "{interface} sends more DNS packets than it may, and some are dropped"
        ))
        .because(format!(
            "The driver of {interface} dropped {} packets to the VPC's resolver and the other link-local services during this run.",
            worst.dropped()
        ))
        .evidence(format!(
            "{interface}: linklocal_allowance_exceeded was {} before the run and {} after it.",
            worst.before, worst.after
        ))
        .fix(
            "Run a caching resolver on this host, and watch the count.",
            vec![format!("ethtool -S {interface} | grep linklocal_allowance_exceeded")],
        );
    vec![cause]
}
