use crate::rules::cause::{Cause, by_subject, quoted, region_flag};
use crate::rules::rule;
use crate::symptoms::{Kind, Scene, Symptoms};

rule! {
    /// A private address outside the VPC that nobody vouched for.
    ///
    /// It may well be a hub's endpoint, and it may be a proxy. It works, so this is no failure; whether it is right is
    /// for the operator to say, and until then the verdict is unknown.
    ///
    /// ## Told apart by
    /// The address is in no CIDR of the VPC, in no `--allow-cidr`, and on no endpoint of the service in the inventory.
    /// Where no CIDR of the VPC is known at all (a Fargate task without EC2 access), every private address is such a one.
    ///
    /// ## Fix
    /// Vouch for the hub's range with `--allow-cidr`, or say which CIDRs are this VPC's with `--vpc-cidr`.
    ///
    /// ## Source
    /// AWS whitepaper "Building a Scalable and Secure Multi-VPC AWS Network Infrastructure", centralized endpoints.
    pub PRIVATE_ADDRESS_UNLISTED, "private-address-unlisted", Warn, Undistinguished, find
}

fn find(scene: &Scene<'_>, symptoms: &Symptoms) -> Vec<Cause> {
    let unlisted = symptoms.where_kind(|kind| *kind == Kind::Unlisted);
    let causes = unlisted.map(|symptom| {
        let records = scene
            .facts
            .name(&symptom.name)
            .map(|name| name.host_records())
            .unwrap_or_default();
        let ranges: Vec<String> = records
            .iter()
            .filter(|record| scene.in_vpc(record.address) != Some(true))
            .map(|record| match record.address.is_ipv4() {
                true => format!("{}/32", record.address),
                false => format!("{}/128", record.address),
            })
            .collect();
        let no_cidrs = scene.vpc_cidrs.is_empty();
        let flag: String = ranges
            .iter()
            .map(|range| format!(" --allow-cidr {range}"))
            .collect();
        let queue = match &scene.facts.request.queue_url {
            Some(url) => format!(" --queue-url {}", quoted(url)),
            None => String::new(),
        };
        // Without the VPC's CIDRs the cause is one, whatever the names.
        let subject = match no_cidrs {
            true => scene.vpc_id.clone().unwrap_or_else(|| "vpc-cidr".to_owned()),
            false => symptom.name.clone(),
        };
        Cause::shown_by(subject, [symptom])
            .title(match no_cidrs {
                true => "The answers are private, and this VPC's CIDRs are not known".to_owned(),
                false => format!("{} answers with a private address outside this VPC", symptom.name),
            })
            .because(match no_cidrs {
                true => "Neither metadata nor EC2 nor a flag says which CIDRs are this VPC's, so nothing tells whether the address lies inside.".to_owned(),
                false => format!(
                    "The address lies outside {}, and neither a flag nor the inventory vouches for it.",
                    scene.vpc_cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                ),
            })
            .fix(
                match no_cidrs {
                    true => "Say which CIDRs are this VPC's, with --vpc-cidr for each. To see them:".to_owned(),
                    false => format!("If this is a central endpoint, vouch for its range, as in --allow-cidr {}.", ranges.join(", ")),
                },
                match no_cidrs {
                    true => describe_vpc(scene),
                    false => vec![format!("vpcheck check{flag}{queue}")],
                },
            )
    });
    by_subject(causes)
}

fn describe_vpc(scene: &Scene<'_>) -> Vec<String> {
    let vpc = match &scene.vpc_id {
        Some(vpc) => format!(" --vpc-ids {vpc}"),
        None => String::new(),
    };
    vec![format!(
        "aws ec2 describe-vpcs{vpc} --query 'Vpcs[].CidrBlockAssociationSet[].CidrBlock' --output text{}",
        region_flag(scene)
    )]
}
