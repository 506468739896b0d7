//! The public side of AWS's names: which exist, and the invented but stable addresses they have.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::world::{World, number};

/// Host labels of the services whose regional names exist publicly, as they stand before the region.
const LABELS: &[&str] = &[
    "sqs",
    "sns",
    "s3",
    "s3-control",
    "s3-accesspoint",
    "dynamodb",
    "streams.dynamodb",
    "kms",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "ec2messages",
    "ec2",
    "api.ecr",
    "dkr.ecr",
    "api.ecr-public",
    "logs",
    "monitoring",
    "sts",
    "events",
    "scheduler",
    "pipes",
    "states",
    "sync-states",
    "lambda",
    "ecs",
    "ecs-a",
    "ecs-t",
    "autoscaling",
    "application-autoscaling",
    "elasticloadbalancing",
    "elasticfilesystem",
    "eks",
    "guardduty",
    "guardduty-data",
    "xray",
    "execute-api",
    "apigateway",
    "kinesis",
    "firehose",
    "email",
    "elasticmapreduce",
    "codeartifact",
    "api.sagemaker",
    "runtime.sagemaker",
    "aps",
    "aps-workspaces",
    "cloudformation",
    "cloudtrail",
    "config",
    "securityhub",
    "inspector2",
    "access-analyzer",
    "rds",
    "rds-data",
    "redshift-data",
    "elasticache",
    "athena",
    "glue",
    "bedrock-runtime",
    "batch",
    "servicediscovery",
    "cognito-idp",
    "synthetics",
    "transfer",
    "storagegateway",
    "tagging",
    "organizations",
];

/// Labels below which every further label exists as well: buckets, registries, APIs.
const WILDCARDS: &[&str] = &[
    "s3",
    "s3-control",
    "s3-accesspoint",
    "dkr.ecr",
    "execute-api",
];

/// Regions with FIPS names for most services.
const FIPS_REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "ca-west-1",
];

/// What a public name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicName {
    /// The service's host label: `sqs`, `api.ecr`.
    pub label: String,
    /// The region; empty for a global name.
    pub region: String,
    /// Its IPv4 addresses.
    pub v4: Vec<Ipv4Addr>,
    /// Its IPv6 addresses: dual-stack names only.
    pub v6: Vec<Ipv6Addr>,
}

/// What the public internet knows by a name (lower case, no final dot).
pub fn lookup(world: &World, name: &str) -> Option<PublicName> {
    let suffix = world.dns_suffix();
    match name
        .strip_suffix(suffix)
        .and_then(|head| head.strip_suffix('.'))
    {
        Some("queue") => return Some(public("sqs", "us-east-1", "legacy", false)),
        Some(global @ ("sts" | "iam" | "s3")) => return Some(public(global, "", "global", false)),
        Some(head) => {
            if let Some(region) = head.strip_suffix(".queue") {
                return is_region(region).then(|| public("sqs", region, "legacy", false));
            }
            if head.ends_with(".s3") {
                return Some(public("s3", "", "global", false));
            }
            let (label, region) = head
                .rsplit_once('.')
                .filter(|(_, region)| is_region(region))?;
            return regional(label, region);
        }
        None => {}
    }
    if let Some(head) = name
        .strip_suffix(world.dual_stack_suffix())
        .and_then(|h| h.strip_suffix('.'))
    {
        let (label, region) = head
            .rsplit_once('.')
            .filter(|(_, region)| is_region(region))?;
        let label = match label {
            "ecr" => "api.ecr",
            "efs" => "elasticfilesystem",
            "eks-auth" => return Some(public("eks-auth", region, "dual-stack", true)),
            // Secrets Manager and Cognito have no name under this suffix; the message services neither.
            "secretsmanager" | "cognito-idp" | "ec2messages" | "ecs-a" | "ecs-t" => return None,
            label => label,
        };
        return if let Some(plain) = label.strip_suffix("-fips") {
            (LABELS.contains(&plain) && FIPS_REGIONS.contains(&region))
                .then(|| public(plain, region, "fips-dual-stack", true))
        } else {
            LABELS
                .contains(&label)
                .then(|| public(label, region, "dual-stack", true))
        };
    }
    let head = name.strip_suffix(".on.aws")?;
    let (label, region) = head
        .rsplit_once('.')
        .filter(|(_, region)| is_region(region))?;
    (label == "dkr-ecr" || label.ends_with(".dkr-ecr"))
        .then(|| public("dkr.ecr", region, "dual-stack", true))
}

/// Every public address of the world's region (and SQS, S3 and STS of two more) with the service behind it.
pub fn every_address(world: &World) -> BTreeMap<IpAddr, String> {
    let region = world.region.as_str();
    let mut names = vec![public("eks-auth", region, "dual-stack", true)];
    for label in LABELS {
        names.push(public(label, region, "", false));
        names.push(public(label, region, "dual-stack", true));
        if FIPS_REGIONS.contains(&region) {
            names.push(public(label, region, "fips", false));
            names.push(public(label, region, "fips-dual-stack", true));
        }
    }
    for label in ["sts", "iam", "s3"] {
        names.push(public(label, "", "global", false));
    }
    for region in [region, "us-east-1", "eu-west-1"] {
        names.push(public("sqs", region, "legacy", false));
        for label in ["sqs", "s3", "sts"] {
            names.push(public(label, region, "", false));
        }
    }
    names
        .into_iter()
        .flat_map(|name| {
            let label = name.label;
            let v4 = name.v4.into_iter().map(IpAddr::V4);
            let v6 = name.v6.into_iter().map(IpAddr::V6);
            v4.chain(v6)
                .map(move |address| (address, label.clone()))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn regional(label: &str, region: &str) -> Option<PublicName> {
    if LABELS.contains(&label) {
        return Some(public(label, region, "", false));
    }
    if label.ends_with(".ddb") {
        return Some(public("dynamodb", region, "", false));
    }
    if label == "s3.dualstack" || label.ends_with(".s3.dualstack") {
        return Some(public("s3", region, "dual-stack", true));
    }
    if let Some(plain) = label.strip_suffix("-fips") {
        let plain = if plain == "ecr" { "api.ecr" } else { plain };
        return (LABELS.contains(&plain) && FIPS_REGIONS.contains(&region))
            .then(|| public(plain, region, "fips", false));
    }
    WILDCARDS
        .iter()
        .find(|wild| {
            label
                .strip_suffix(**wild)
                .is_some_and(|head| head.ends_with('.'))
        })
        .map(|wild| public(wild, region, "", false))
}

fn public(label: &str, region: &str, variant: &str, v6: bool) -> PublicName {
    let seed = number(&format!("{label}/{region}/{variant}"));
    let [x, y, z, ..] = seed.to_be_bytes();
    // Never .0 or .255, so that no one takes an address for a network's.
    let last = |byte: u8| byte % 253 + 1;
    let v4 = match label {
        "s3" if region == "us-east-1" => {
            vec![
                Ipv4Addr::new(52, 216, x, last(y)),
                Ipv4Addr::new(52, 217, x, last(z)),
            ]
        }
        "s3" => vec![Ipv4Addr::new(52, 218, x, last(y))],
        "dynamodb" if region == "us-east-1" => vec![Ipv4Addr::new(52, 119, 224 + x % 8, last(y))],
        _ => vec![Ipv4Addr::new(52, 94, x, last(y))],
    };
    let v6 = if v6 {
        vec![Ipv6Addr::new(
            0x2600,
            0x1f18,
            u16::from(x),
            u16::from(y),
            0,
            0,
            0,
            u16::from(last(z)),
        )]
    } else {
        Vec::new()
    };
    PublicName {
        label: label.into(),
        region: region.into(),
        v4,
        v6,
    }
}

/// Whether a label has the form of a region: `us-east-1`, `ap-southeast-2`, `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    parts.len() >= 3
        && parts
            .last()
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
        && parts
            .iter()
            .take(parts.len() - 1)
            .all(|p| p.bytes().all(|b| b.is_ascii_lowercase()))
}
