use crate::rules::cause::{Cause, region_flag};
use crate::rules::rule;
use crate::symptoms::{Scene, Symptom, Symptoms};

use super::why_public::{WhyPublic, public_names};

rule! {
    /// The VPC's own resolver answers publicly, though an available endpoint has private DNS on.
    ///
    /// A Route 53 Resolver rule that forwards the name, or a Route 53 Profile with such a rule, sends the question
    /// elsewhere before the endpoint's private zone can answer it.
    ///
    /// ## Told apart by
    /// The VPC's resolver, asked directly, answers publicly; the service's endpoint is available, has private DNS on
    /// and lists the name; both DNS attributes of the VPC are on.
    ///
    /// ## Fix
    /// Find the rule and delete it, or add a rule of type SYSTEM for the name, which keeps it local. An endpoint that
    /// was created minutes ago may just need a moment.
    ///
    /// ## Source
    /// Route 53 Developer Guide, "Resolver rules": a forwarding rule for the same name beats a private hosted zone.
    pub RESOLVER_RULE_FORWARDS, "resolver-rule-forwards", Fail, Service, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let shown: Vec<(&Symptom, &str)> = public_names(scene, symptoms)
        .filter_map(|(symptom, why)| match why {
            WhyPublic::RuleForwards(endpoint) => Some((symptom, endpoint.id.as_str())),
            _ => None,
        })
        .collect();
    let Some((first, _)) = shown.first() else {
        return Vec::new();
    };
    let subject = scene.vpc_id.clone().unwrap_or_else(|| first.name.clone());
    let mut cause = Cause::shown_by(subject, shown.iter().map(|(symptom, _)| *symptom));
    for (symptom, endpoint) in &shown {
        cause = cause
            .follows(symptoms.after_name(scene, &symptom.name))
            .evidence(format!(
                "{endpoint} is available, has private DNS on and covers {}.",
                symptom.name
            ));
    }
    let region = region_flag(scene);
    let mut commands = Vec::new();
    if let Some(vpc) = scene.vpc_id.as_deref() {
        commands.push(format!(
            "aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values={vpc}{region}"
        ));
        for (symptom, _) in &shown {
            let name = &symptom.name;
            commands.push(format!(
                "aws route53resolver associate-resolver-rule --resolver-rule-id \"$(aws route53resolver create-resolver-rule --creator-request-id vpcheck-{name} --rule-type SYSTEM --domain-name {name} --query ResolverRule.Id --output text{region})\" --vpc-id {vpc}{region} || aws route53resolver disassociate-resolver-rule --vpc-id {vpc} --resolver-rule-id \"$(aws route53resolver list-resolver-rules --filters Name=DomainName,Values={name}. Name=Type,Values=FORWARD --query 'ResolverRules[0].Id' --output text{region})\"{region}"
            ));
        }
    }
    vec![
        cause
            .title("The VPC's resolver answers publicly although private DNS is on")
            .because(format!(
                "{} is answered publicly by the VPC's own resolver, while its endpoint is available with private DNS on and the VPC's DNS attributes are on: a resolver rule takes the name elsewhere.",
                first.name
            ))
            .fix(
                "Put a SYSTEM rule for each name before the resolver rule that forwards it, or where that rule is for this very name, take it from the VPC.",
                commands,
            ),
    ]
}
