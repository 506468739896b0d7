use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, SymptomId, Symptoms};

use super::why_public::{WhyPublic, attributes_off, public_names};

rule! {
    /// The VPC's DNS attributes are off.
    ///
    /// Without `enableDnsSupport` the VPC's resolver does not answer; without `enableDnsHostnames` it ignores private
    /// hosted zones, those behind private DNS included, so every service's name stays public.
    ///
    /// ## Told apart by
    /// The attributes themselves. Names answer publicly although their endpoints are available with private DNS on, or
    /// nothing resolves at all. Where the attributes cannot be read, the finding is `public-answer` or `dns-timeout`.
    ///
    /// ## Fix
    /// Set both attributes of the VPC.
    ///
    /// ## Source
    /// Amazon VPC User Guide, "DNS attributes for your VPC".
    pub VPC_DNS_ATTRIBUTES_OFF, "vpc-dns-attributes-off", Fail, Shared, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    if attributes_off(scene) != Some(true) {
        return Vec::new();
    }
    let Some(vpc) = scene.vpc_id.as_deref() else {
        return Vec::new();
    };
    let own = scene
        .inventory()
        .and_then(|inventory| inventory.vpc_attributes.seen())
        .and_then(|all| all.iter().find(|attributes| attributes.vpc_id == vpc));
    let support_off = own.is_some_and(|own| own.dns_support == Some(false));
    let mut shown: Vec<SymptomId> = public_names(scene, symptoms)
        .filter(|(_, why)| *why == WhyPublic::AttributesOff)
        .map(|(symptom, _)| symptom.id)
        .collect();
    if support_off {
        let silent = symptoms.where_kind(|kind| matches!(kind, Kind::DnsFailed(_)));
        shown.extend(silent.map(|symptom| symptom.id));
    }
    if shown.is_empty() {
        return Vec::new();
    }
    let shown: Vec<_> = shown
        .into_iter()
        .filter_map(|id| symptoms.get(id))
        .collect();
    let mut cause = Cause::shown_by(vpc, shown.iter().copied());
    for symptom in &shown {
        cause = cause.follows(symptoms.after_name(scene, &symptom.name));
    }
    let region = region_flag(scene);
    let mut off = Vec::new();
    let mut commands = Vec::new();
    let attributes = [
        (
            "enableDnsSupport",
            "--enable-dns-support",
            own.and_then(|own| own.dns_support),
        ),
        (
            "enableDnsHostnames",
            "--enable-dns-hostnames",
            own.and_then(|own| own.dns_hostnames),
        ),
    ];
    for (attribute, flag, value) in attributes {
        if value == Some(false) {
            off.push(attribute);
            commands.push(format!(
                "aws ec2 modify-vpc-attribute --vpc-id {vpc} {flag} '{{\"Value\":true}}'{region}"
            ));
        }
    }
    let off = off.join(" and ");
    vec![
        cause
            .evidence(format!("{off} of {vpc} is false."))
            .title(format!("DNS is switched off in {vpc}: {off} is false"))
            .because(format!(
                "Private DNS works only where both DNS attributes of the VPC are on; {off} of {vpc} is off."
            ))
            .fix("Switch the VPC's DNS attributes on.", commands)
            .assume("vpc-dns=on"),
    ]
}
