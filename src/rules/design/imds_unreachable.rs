use crate::facts::EnvironmentKind;
use crate::rules::cause::Cause;
use crate::rules::rule;
use crate::symptoms::{Scene, Symptoms};
use crate::verdict::finding::Severity;

rule! {
    /// There is no instance metadata where some was expected.
    ///
    /// It may be switched off, blocked, or out of reach from a container. The VPC's CIDRs then come from EC2 or from flags.
    ///
    /// ## Told apart by
    /// On an EC2 instance, an ECS task on one or a pod, the metadata service gave no token. In a container where the
    /// connection is made and the reply never arrives, the finding is `imds-hop-limit`.
    ///
    /// ## Fix
    /// Switch instance metadata on, or say what it would tell with `--region` and `--vpc-cidr`.
    ///
    /// ## Source
    /// Amazon EC2 User Guide, "Configure the instance metadata options".
    pub IMDS_UNREACHABLE, "imds-unreachable", Info, Undistinguished, find
}

fn find(scene: &Scene<'_>, _: &Symptoms) -> Vec<Cause> {
    let host = &scene.facts.host;
    let expected = matches!(
        host.kind,
        EnvironmentKind::Ec2 | EnvironmentKind::EcsEc2 | EnvironmentKind::Eks
    );
    let hop_limit = host.imds_token_stalled && host.container;
    let Some(failure) = host.imds.failure().filter(|_| expected && !hop_limit) else {
        return Vec::new();
    };
    vec![
        Cause::alone(
            host.instance_id.as_deref().unwrap_or("169.254.169.254"),
            Severity::Info,
            Vec::new(),
        )
        .title("Instance metadata does not answer")
        .because("This host is one where instance metadata is expected, and none came.")
        .evidence(failure.detail.clone())
        .fix(
            "Switch instance metadata on, or give vpcheck what it would tell.",
            vec!["vpcheck check --region REGION --vpc-cidr VPC_CIDR".to_owned()],
        ),
    ]
}
