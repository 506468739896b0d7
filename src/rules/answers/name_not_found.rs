use crate::rules::cause::{Cause, by_subject};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// The name does not exist, and no private zone is to blame.
    ///
    /// A mistyped target, a service or a kind of name that the region does not have, or DNS Firewall blocking it.
    ///
    /// ## Told apart by
    /// NXDOMAIN, or no address of either family, with the public zone's SOA or none. With a private zone's SOA the
    /// finding is `private-zone-missing-record`.
    ///
    /// ## Fix
    /// Check the name and the region; look at the DNS Firewall rule groups of the VPC.
    ///
    /// ## Source
    /// RFC 2308; AWS General Reference, "Service endpoints and quotas".
    pub NAME_NOT_FOUND, "name-not-found", Fail, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let missing = symptoms.where_kind(|kind| matches!(kind, Kind::NotFound(_)));
    let causes = missing.map(|symptom| {
        let mut cause = Cause::shown_by(&symptom.name, [symptom])
            .follows(symptoms.after_name(scene, &symptom.name))
            .may_be_missing(scene, &symptom.service)
            .title(format!("{} does not resolve to any address", symptom.name))
            .because("The resolver says that the name does not exist or has no address.")
            .fix(
                "Check the name and the region.",
                vec![format!("dig {}", symptom.name)],
            );
        let lookups = scene.facts.name(&symptom.name).map(|name| &name.lookups);
        let soa = lookups
            .into_iter()
            .flatten()
            .filter_map(|lookup| lookup.answer.seen()?.soa.as_ref())
            .next();
        if let Some(soa) = soa {
            cause = cause.evidence(format!(
                "The answer comes from the zone {} ({}).",
                soa.owner, soa.primary
            ));
        }
        cause
    });
    by_subject(causes)
}
