//! What kinds of workload vpcheck has a set of services for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A kind of workload, whose services the catalogue lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// What nearly every workload on a queue needs.
    Essential,
    /// Containers on Fargate, started by ECS.
    EcsFargate,
    /// Functions attached to a VPC.
    Lambda,
    /// Instances managed by Systems Manager.
    Ec2Ssm,
    /// An EKS cluster without internet access.
    EksPrivate,
}

impl Workload {
    /// Every workload, in the order help and documentation list them.
    pub const ALL: [Workload; 5] = [
        Workload::Essential,
        Workload::EcsFargate,
        Workload::Lambda,
        Workload::Ec2Ssm,
        Workload::EksPrivate,
    ];

    /// The name used on the command line, in settings and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Workload::Essential => "essential",
            Workload::EcsFargate => "ecs-fargate",
            Workload::Lambda => "lambda",
            Workload::Ec2Ssm => "ec2-ssm",
            Workload::EksPrivate => "eks-private",
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Workload {
    type Err = UnknownWorkload;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Workload::ALL
            .into_iter()
            .find(|workload| workload.as_str() == name)
            .ok_or_else(|| UnknownWorkload(name.to_owned()))
    }
}

/// A workload's name that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown workload `{0}`: expected essential, ecs-fargate, lambda, ec2-ssm or eks-private")]
pub struct UnknownWorkload(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_agree_with_serde() {
        for workload in Workload::ALL {
            assert_eq!(workload.to_string().parse(), Ok(workload));
            let json = serde_json::to_string(&workload).unwrap();
            assert_eq!(json, format!("\"{workload}\""));
        }
    }

    #[test]
    fn an_unknown_name_lists_every_known_one() {
        let error = "ecs".parse::<Workload>().unwrap_err().to_string();
        for workload in Workload::ALL {
            assert!(error.contains(workload.as_str()), "{error}");
        }
    }
}
