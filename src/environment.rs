//! Where the agent can run: how each place is recognised, and what it can tell.
//!
//! Nothing here does I/O: `gather` reads variables, files and metadata services, this room judges what
//! they said. A new place is one file here and one line in [`PLACES`].

pub mod arn;
pub mod ec2;
pub mod ecs;
pub mod eks;
pub mod lambda;
pub mod no_proxy;
pub mod other;
pub mod snapshot;

pub use no_proxy::bypasses;
pub use snapshot::EnvSnapshot;

use crate::facts::EnvironmentKind;

/// What a place is recognised by.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// The process's variables.
    pub env: &'a EnvSnapshot,
    /// The launch type that ECS task metadata told.
    pub launch_type: Option<&'a str>,
    /// True where the instance metadata service answered with something usable.
    pub instance_metadata: bool,
    /// The vendor of the machine as its firmware (DMI) has it.
    pub vendor: Option<&'a str>,
}

impl<'a> Signs<'a> {
    /// The signs that the variables alone give.
    pub fn of(env: &'a EnvSnapshot) -> Self {
        Signs {
            env,
            launch_type: None,
            instance_metadata: false,
            vendor: None,
        }
    }
}

/// One place the agent can run in.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The kind, where the signs are those of this place.
    pub recognise: fn(&Signs) -> Option<EnvironmentKind>,
    /// Why the instance metadata service is not worth asking; `None` where it is.
    pub no_instance_metadata: fn(EnvironmentKind) -> Option<&'static str>,
    /// The account, where this place's variables tell it.
    pub account_id: fn(&EnvSnapshot) -> Option<String>,
    /// True where whatever runs there runs in a container.
    pub container: bool,
}

/// Every place, in the order in which they are tried; the last takes whatever is left.
///
/// An ECS or Kubernetes container on an instance sees the instance's metadata too, so the narrower
/// place comes first.
pub const PLACES: [&Place; 5] = [
    &lambda::PLACE,
    &ecs::PLACE,
    &eks::PLACE,
    &ec2::PLACE,
    &other::PLACE,
];

/// Recognises where the agent runs.
pub fn recognise(signs: &Signs) -> (EnvironmentKind, &'static Place) {
    PLACES
        .iter()
        .find_map(|place| (place.recognise)(signs).map(|kind| (kind, *place)))
        .unwrap_or((EnvironmentKind::Other, &other::PLACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(vars: &[(&str, &str)], change: impl Fn(&mut Signs)) -> EnvironmentKind {
        let env = EnvSnapshot::new(vars.iter().copied());
        let mut signs = Signs::of(&env);
        change(&mut signs);
        recognise(&signs).0
    }

    #[test]
    fn the_narrowest_place_wins() {
        let lambda = ("AWS_LAMBDA_FUNCTION_NAME", "f");
        let ecs = ("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x");
        let eks = ("KUBERNETES_SERVICE_HOST", "172.20.0.1");
        let imds = |signs: &mut Signs| signs.instance_metadata = true;
        use EnvironmentKind::*;
        assert_eq!(kind(&[lambda, ecs, eks], imds), Lambda);
        assert_eq!(kind(&[ecs, eks], imds), EcsEc2);
        assert_eq!(kind(&[eks], imds), Eks);
        assert_eq!(kind(&[], imds), Ec2);
        assert_eq!(kind(&[], |_| ()), Other);
    }

    #[test]
    fn the_launch_type_tells_fargate_from_an_instance() {
        let ecs = ("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x");
        let fargate = ("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE");
        use EnvironmentKind::*;
        assert_eq!(kind(&[ecs], |s| s.launch_type = Some("FARGATE")), Fargate);
        assert_eq!(
            kind(&[ecs, fargate], |s| s.launch_type = Some("EC2")),
            EcsEc2
        );
        assert_eq!(kind(&[ecs], |s| s.launch_type = Some("EXTERNAL")), EcsEc2);
        assert_eq!(kind(&[ecs, fargate], |_| ()), Fargate);
        assert_eq!(kind(&[fargate], |_| ()), Fargate);
        assert_eq!(kind(&[ecs], |_| ()), EcsEc2);
        let v3 = ("ECS_CONTAINER_METADATA_URI", "http://169.254.170.2/v3/x");
        assert_eq!(kind(&[v3], |_| ()), EcsEc2);
    }

    #[test]
    fn an_instance_without_metadata_is_still_one() {
        let seen = kind(&[], |signs| signs.vendor = Some("Amazon EC2"));
        assert_eq!(seen, EnvironmentKind::Ec2);
    }

    #[test]
    fn empty_variables_are_no_signs() {
        let seen = kind(
            &[
                ("AWS_LAMBDA_FUNCTION_NAME", ""),
                ("KUBERNETES_SERVICE_HOST", ""),
            ],
            |_| (),
        );
        assert_eq!(seen, EnvironmentKind::Other);
    }
}
