//! A Kubernetes pod.

use super::arn::Arn;
use super::{EnvSnapshot, Place, Signs};
use crate::facts::EnvironmentKind;

/// Recognised by the variables Kubernetes gives every container.
///
/// Source: "Accessing the Kubernetes API from a Pod" in the Kubernetes documentation. The node's metadata may
/// answer or not, as its hop limit says. With IAM roles for service accounts the role's ARN holds an account
/// (EKS user guide, "Configure Pods to use a Kubernetes service account").
pub const PLACE: Place = Place {
    recognise,
    no_instance_metadata: |_| None,
    account_id,
    container: true,
};

fn recognise(signs: &Signs) -> Option<EnvironmentKind> {
    signs
        .env
        .get("KUBERNETES_SERVICE_HOST")
        .map(|_| EnvironmentKind::Eks)
}

fn account_id(env: &EnvSnapshot) -> Option<String> {
    Arn::parse(env.get("AWS_ROLE_ARN")?)?.account_id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_tells_the_account() {
        let env = EnvSnapshot::new([("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod")]);
        assert_eq!(account_id(&env).as_deref(), Some("123456789012"));
        let env = EnvSnapshot::new([("AWS_ROLE_ARN", "nonsense")]);
        assert_eq!(account_id(&env), None);
    }
}
