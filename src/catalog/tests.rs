//! The catalogue against what AWS's own data says, and against itself.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const ACCOUNT: &str = "123456789012";

fn region(code: &str) -> Region {
    Region::parse(code).unwrap()
}

fn service(id: &str) -> &'static Service {
    Catalog::get().service(id).unwrap()
}

fn names(id: &str, code: &str, form: NameForm) -> Vec<String> {
    service(id).hostnames(&region(code), Some(ACCOUNT), form)
}

/// Every region of every partition, and one that is newer than the table.
fn regions() -> Vec<Region> {
    Catalog::get()
        .partitions()
        .iter()
        .flat_map(|p| p.regions.clone())
        .chain([region("eu-east-9"), region("us-gov-north-2")])
        .collect()
}

fn identified(hostname: &str) -> Option<(&'static str, NameForm, Option<String>)> {
    Catalog::get()
        .identify(hostname)
        .map(|i| (i.service.id(), i.form, i.region.map(String::from)))
}

#[test]
fn the_table_parses() {
    let catalog = parse(TABLE).unwrap();
    assert!(!catalog.services().is_empty());
    assert_eq!(catalog.partitions()[0].name, "aws");
}

#[test]
fn a_misspelt_key_is_an_error() {
    for key in [
        "dualstack = []",
        "names.dualstack = []",
        "in.aws.gobal = []",
    ] {
        let text = format!("partition = []\n[[service]]\nid = \"x\"\nname = \"X\"\n{key}\n");
        let table: serde_json::Value = toml::from_str(&text).unwrap();
        let error = parse(table.to_string().leak()).unwrap_err().to_string();
        assert!(error.contains("unknown field"), "{key}: {error}");
    }
}

#[test]
fn ids_aliases_and_names_are_unique() {
    let mut seen = BTreeSet::new();
    for s in Catalog::get().services() {
        let words = std::iter::once(s.id()).chain(s.aliases().iter().copied());
        for word in words {
            assert!(seen.insert(word), "{word} twice");
        }
        assert!(seen.insert(s.human_name()), "{} twice", s.human_name());
    }
}

#[test]
fn every_place_the_table_names_exists() {
    let catalog = Catalog::get();
    let places: BTreeSet<&str> = catalog
        .partitions()
        .iter()
        .flat_map(|p| std::iter::once(p.name.as_str()).chain(p.regions.iter().map(Region::as_str)))
        .collect();
    for s in catalog.services() {
        for place in s.places() {
            assert!(places.contains(place), "{}: {place}", s.id());
        }
    }
}

#[test]
fn names_by_partition() {
    use NameForm::*;
    let table: &[(&str, &str, NameForm, &[&str])] = &[
        (
            "sqs",
            "us-east-1",
            Standard,
            &["sqs.us-east-1.amazonaws.com"],
        ),
        ("sqs", "us-east-1", DualStack, &["sqs.us-east-1.api.aws"]),
        (
            "sqs",
            "us-east-1",
            Fips,
            &["sqs-fips.us-east-1.amazonaws.com"],
        ),
        (
            "sqs",
            "us-east-1",
            FipsDualStack,
            &["sqs-fips.us-east-1.api.aws"],
        ),
        (
            "sqs",
            "us-east-1",
            Legacy,
            &["us-east-1.queue.amazonaws.com", "queue.amazonaws.com"],
        ),
        (
            "sqs",
            "eu-west-1",
            Legacy,
            &["eu-west-1.queue.amazonaws.com"],
        ),
        ("sqs", "ap-southeast-7", Legacy, &[]),
        ("sqs", "us-east-1", Vpce, &[]),
        ("sqs", "us-east-1", Global, &[]),
        (
            "sqs",
            "cn-north-1",
            Standard,
            &["sqs.cn-north-1.amazonaws.com.cn"],
        ),
        (
            "sqs",
            "cn-north-1",
            DualStack,
            &["sqs.cn-north-1.api.amazonwebservices.com.cn"],
        ),
        (
            "sqs",
            "cn-north-1",
            Legacy,
            &["cn-north-1.queue.amazonaws.com.cn"],
        ),
        (
            "sqs",
            "us-gov-west-1",
            Fips,
            &["sqs.us-gov-west-1.amazonaws.com"],
        ),
        (
            "sqs",
            "us-gov-west-1",
            FipsDualStack,
            &["sqs-fips.us-gov-west-1.api.aws"],
        ),
        (
            "sqs",
            "eusc-de-east-1",
            Standard,
            &["sqs.eusc-de-east-1.amazonaws.eu"],
        ),
        (
            "sqs",
            "eusc-de-east-1",
            DualStack,
            &["sqs.eusc-de-east-1.api.amazonwebservices.eu"],
        ),
        (
            "sqs",
            "us-iso-east-1",
            Standard,
            &["sqs.us-iso-east-1.c2s.ic.gov"],
        ),
        ("sqs", "us-iso-east-1", Legacy, &[]),
        (
            "sqs",
            "us-isob-east-1",
            Standard,
            &["sqs.us-isob-east-1.sc2s.sgov.gov"],
        ),
        (
            "sqs",
            "eu-isoe-west-1",
            Standard,
            &["sqs.eu-isoe-west-1.cloud.adc-e.uk"],
        ),
        (
            "sqs",
            "us-isof-south-1",
            DualStack,
            &["sqs.us-isof-south-1.api.aws.hci.ic.gov"],
        ),
        (
            "kms",
            "us-gov-west-1",
            Fips,
            &["kms-fips.us-gov-west-1.amazonaws.com"],
        ),
        (
            "s3",
            "us-east-1",
            DualStack,
            &["s3.dualstack.us-east-1.amazonaws.com"],
        ),
        (
            "s3",
            "us-east-1",
            Fips,
            &["s3-fips.us-east-1.amazonaws.com"],
        ),
        (
            "s3",
            "us-east-1",
            FipsDualStack,
            &["s3-fips.dualstack.us-east-1.amazonaws.com"],
        ),
        ("s3", "us-east-1", Global, &["s3.amazonaws.com"]),
        ("s3", "us-east-1", Legacy, &[]),
        (
            "s3",
            "cn-north-1",
            Standard,
            &["s3.cn-north-1.amazonaws.com.cn"],
        ),
        (
            "s3",
            "cn-north-1",
            DualStack,
            &["s3.dualstack.cn-north-1.amazonaws.com.cn"],
        ),
        ("s3", "cn-north-1", Fips, &[]),
        ("s3", "cn-north-1", Global, &[]),
        ("sts", "eu-west-1", Global, &["sts.amazonaws.com"]),
        ("sts", "us-gov-west-1", Global, &[]),
        ("sts", "cn-north-1", Global, &[]),
        ("secretsmanager", "us-east-1", DualStack, &[]),
        (
            "secretsmanager",
            "us-east-1",
            Fips,
            &["secretsmanager-fips.us-east-1.amazonaws.com"],
        ),
        ("cognito-idp", "us-east-1", DualStack, &[]),
        (
            "ssmmessages",
            "us-east-1",
            DualStack,
            &["ssmmessages.us-east-1.api.aws"],
        ),
        ("ssmmessages", "us-east-1", Fips, &[]),
        ("ec2messages", "us-east-1", DualStack, &[]),
        (
            "ecr.api",
            "us-east-1",
            Standard,
            &["api.ecr.us-east-1.amazonaws.com"],
        ),
        (
            "ecr.api",
            "us-east-1",
            DualStack,
            &["ecr.us-east-1.api.aws"],
        ),
        (
            "ecr.api",
            "us-east-1",
            Fips,
            &["api.ecr-fips.us-east-1.amazonaws.com"],
        ),
        (
            "ecr.dkr",
            "us-east-1",
            Standard,
            &["123456789012.dkr.ecr.us-east-1.amazonaws.com"],
        ),
        (
            "ecr.dkr",
            "us-east-1",
            DualStack,
            &["123456789012.dkr-ecr.us-east-1.on.aws"],
        ),
        (
            "ecr.dkr",
            "cn-north-1",
            Standard,
            &["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"],
        ),
        ("ecr.dkr", "cn-north-1", DualStack, &[]),
        (
            "ecs-agent",
            "us-east-1",
            Standard,
            &["ecs-a.us-east-1.amazonaws.com"],
        ),
        (
            "ecs-telemetry",
            "us-east-1",
            Standard,
            &["ecs-t.us-east-1.amazonaws.com"],
        ),
        (
            "elasticfilesystem",
            "us-east-1",
            Standard,
            &["elasticfilesystem.us-east-1.amazonaws.com"],
        ),
        (
            "elasticfilesystem",
            "us-east-1",
            DualStack,
            &["efs.us-east-1.api.aws"],
        ),
        (
            "eks",
            "us-east-1",
            Fips,
            &["fips.eks.us-east-1.amazonaws.com"],
        ),
        (
            "eks",
            "us-gov-west-1",
            Fips,
            &["eks.us-gov-west-1.amazonaws.com"],
        ),
        (
            "batch",
            "us-east-1",
            Fips,
            &["fips.batch.us-east-1.amazonaws.com"],
        ),
        (
            "eks-auth",
            "us-east-1",
            Standard,
            &["eks-auth.us-east-1.api.aws"],
        ),
        (
            "eks-auth",
            "eusc-de-east-1",
            Standard,
            &["eks-auth.eusc-de-east-1.api.amazonwebservices.eu"],
        ),
        (
            "dynamodb-streams",
            "us-east-1",
            Standard,
            &["streams.dynamodb.us-east-1.amazonaws.com"],
        ),
        (
            "dynamodb-streams",
            "us-east-1",
            DualStack,
            &["streams-dynamodb.us-east-1.api.aws"],
        ),
        (
            "kinesis-streams",
            "us-east-1",
            Standard,
            &["kinesis.us-east-1.amazonaws.com"],
        ),
        (
            "kinesis-firehose",
            "us-east-1",
            Standard,
            &["firehose.us-east-1.amazonaws.com"],
        ),
        (
            "email-smtp",
            "us-east-1",
            Standard,
            &["email-smtp.us-east-1.amazonaws.com"],
        ),
        (
            "aps-workspaces",
            "us-east-1",
            Standard,
            &["aps-workspaces.us-east-1.amazonaws.com"],
        ),
        (
            "codeartifact.api",
            "us-east-1",
            Standard,
            &["codeartifact.us-east-1.amazonaws.com"],
        ),
        (
            "sagemaker.api",
            "us-east-1",
            Standard,
            &["api.sagemaker.us-east-1.amazonaws.com"],
        ),
        (
            "sagemaker.runtime",
            "us-east-1",
            Fips,
            &["runtime-fips.sagemaker.us-east-1.amazonaws.com"],
        ),
        (
            "states",
            "us-gov-west-1",
            DualStack,
            &["states-fips.us-gov-west-1.api.aws"],
        ),
        (
            "states",
            "us-gov-west-1",
            Fips,
            &["states.us-gov-west-1.amazonaws.com"],
        ),
        (
            "states",
            "us-gov-east-1",
            Fips,
            &["states-fips.us-gov-east-1.amazonaws.com"],
        ),
        ("iam", "eu-west-1", Standard, &["iam.amazonaws.com"]),
        ("iam", "eu-west-1", Global, &["iam.amazonaws.com"]),
        ("iam", "eu-west-1", DualStack, &["iam.global.api.aws"]),
        (
            "iam",
            "cn-northwest-1",
            Standard,
            &["iam.cn-north-1.amazonaws.com.cn"],
        ),
        (
            "iam",
            "us-gov-east-1",
            Standard,
            &["iam.us-gov.amazonaws.com"],
        ),
        (
            "organizations",
            "eu-west-1",
            Standard,
            &["organizations.us-east-1.amazonaws.com"],
        ),
    ];
    for (id, code, form, expected) in table {
        assert_eq!(&names(id, code, *form), expected, "{id} {code} {form:?}");
    }
}

#[test]
fn a_registry_without_an_account_has_the_bare_name() {
    let bare = service("ecr.dkr").hostnames(&region("us-east-1"), None, NameForm::Standard);
    assert_eq!(bare, ["dkr.ecr.us-east-1.amazonaws.com"]);
}

#[test]
fn every_name_leads_back_to_its_service() {
    for s in Catalog::get().services() {
        for r in regions() {
            for account in [None, Some(ACCOUNT)] {
                let mut seen = BTreeSet::new();
                for form in NameForm::ALL {
                    for name in s.hostnames(&r, account, form) {
                        // A name of two forms, such as IAM's, counts as the plainer one.
                        if !seen.insert(name.clone()) {
                            continue;
                        }
                        let found = Catalog::get().identify(&name);
                        let found = found.unwrap_or_else(|| panic!("{name} is nobody's"));
                        assert_eq!(found.service.id(), s.id(), "{name}");
                        assert_eq!(found.form, form, "{name}");
                        if s.id() != "iam" && name.contains(r.as_str()) {
                            assert_eq!(found.region.as_ref(), Some(&r), "{name}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_service_has_a_standard_name_or_is_known_by_what_is_below() {
    for s in Catalog::get().services() {
        let none = names(s.id(), "us-east-1", NameForm::Standard).is_empty();
        assert_eq!(none, s.id() == "codeartifact.repositories", "{}", s.id());
    }
}

#[test]
fn hostnames_are_identified() {
    use NameForm::*;
    let table: &[(&str, &str, NameForm, Option<&str>)] = &[
        (
            "SQS.US-EAST-1.AmazonAWS.com",
            "sqs",
            Standard,
            Some("us-east-1"),
        ),
        (
            "sqs.us-east-1.amazonaws.com.",
            "sqs",
            Standard,
            Some("us-east-1"),
        ),
        (
            "sqs.us-gov-west-1.amazonaws.com",
            "sqs",
            Standard,
            Some("us-gov-west-1"),
        ),
        ("sqs.xx-east-1.amazonaws.com.cn", "", Standard, None),
        ("queue.amazonaws.com", "sqs", Legacy, Some("us-east-1")),
        (
            "eu-west-1.queue.amazonaws.com",
            "sqs",
            Legacy,
            Some("eu-west-1"),
        ),
        (
            "ap-southeast-7.queue.amazonaws.com",
            "sqs",
            Legacy,
            Some("ap-southeast-7"),
        ),
        (
            "cn-north-1.queue.amazonaws.com.cn",
            "sqs",
            Legacy,
            Some("cn-north-1"),
        ),
        ("sts.amazonaws.com", "sts", Global, None),
        ("s3.amazonaws.com", "s3", Global, None),
        ("my.bucket.s3.amazonaws.com", "s3", Global, None),
        (
            "bucket.s3.us-west-2.amazonaws.com",
            "s3",
            Subdomain,
            Some("us-west-2"),
        ),
        (
            "my_old.bucket.s3.us-west-2.amazonaws.com",
            "s3",
            Subdomain,
            Some("us-west-2"),
        ),
        (
            "bucket.s3.dualstack.us-west-2.amazonaws.com",
            "s3",
            DualStack,
            Some("us-west-2"),
        ),
        (
            "bucket.s3-fips.us-west-2.amazonaws.com",
            "s3",
            Fips,
            Some("us-west-2"),
        ),
        (
            "s3-us-west-2.amazonaws.com",
            "s3",
            Legacy,
            Some("us-west-2"),
        ),
        (
            "bucket.s3-us-west-2.amazonaws.com",
            "s3",
            Legacy,
            Some("us-west-2"),
        ),
        (
            "s3-us-gov-west-1.amazonaws.com",
            "s3",
            Legacy,
            Some("us-gov-west-1"),
        ),
        (
            "123456789012.s3-control.us-east-1.amazonaws.com",
            "s3",
            Subdomain,
            Some("us-east-1"),
        ),
        (
            "sqs.us-east-1.s3.eu-west-1.amazonaws.com",
            "s3",
            Subdomain,
            Some("eu-west-1"),
        ),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "ecr.dkr",
            Standard,
            Some("us-east-1"),
        ),
        (
            "dkr.ecr.us-east-1.amazonaws.com",
            "ecr.dkr",
            Standard,
            Some("us-east-1"),
        ),
        (
            "123456789012.dkr-ecr.us-east-1.on.aws",
            "ecr.dkr",
            DualStack,
            Some("us-east-1"),
        ),
        (
            "ecr-fips.us-east-1.amazonaws.com",
            "ecr.api",
            Fips,
            Some("us-east-1"),
        ),
        (
            "a1b2.execute-api.eu-west-1.amazonaws.com",
            "execute-api",
            Subdomain,
            Some("eu-west-1"),
        ),
        (
            "a1-vpce-0a.execute-api.eu-west-1.amazonaws.com",
            "execute-api",
            Subdomain,
            Some("eu-west-1"),
        ),
        (
            "123456789012.ddb.us-east-1.amazonaws.com",
            "dynamodb",
            Subdomain,
            Some("us-east-1"),
        ),
        (
            "x.control-kinesis.us-east-1.amazonaws.com",
            "kinesis-streams",
            Subdomain,
            Some("us-east-1"),
        ),
        (
            "d-111122223333.d.codeartifact.us-east-1.amazonaws.com",
            "codeartifact.repositories",
            Subdomain,
            Some("us-east-1"),
        ),
        (
            "ecs-a-7.us-east-1.amazonaws.com",
            "ecs-agent",
            Subdomain,
            Some("us-east-1"),
        ),
        (
            "vpce-0abc-xyz.sqs.us-east-1.vpce.amazonaws.com",
            "sqs",
            Vpce,
            Some("us-east-1"),
        ),
        (
            "vpce-0abc-xyz-us-east-1a.sqs.us-east-1.vpce.amazonaws.com",
            "sqs",
            Vpce,
            Some("us-east-1"),
        ),
        (
            "vpce-0abc-xyz.sqs-fips.us-east-1.vpce.amazonaws.com",
            "sqs",
            Vpce,
            Some("us-east-1"),
        ),
        (
            "vpce-0abc-xyz.api.ecr.us-east-1.vpce.amazonaws.com",
            "ecr.api",
            Vpce,
            Some("us-east-1"),
        ),
        (
            "vpce-0abc-xyz.dkr.ecr.us-east-1.vpce.amazonaws.com",
            "ecr.dkr",
            Vpce,
            Some("us-east-1"),
        ),
        (
            "vpce-0abc-xyz.ecs-a.us-east-1.vpce.amazonaws.com",
            "ecs-agent",
            Vpce,
            Some("us-east-1"),
        ),
        (
            "b.bucket.vpce-0abc-xyz.s3.us-east-1.vpce.amazonaws.com",
            "s3",
            Vpce,
            Some("us-east-1"),
        ),
        (
            "vpce-0abc-xyz.ec2.cn-north-1.vpce.amazonaws.com.cn",
            "ec2",
            Vpce,
            Some("cn-north-1"),
        ),
        ("iam.amazonaws.com", "iam", Standard, None),
        ("iam.us-gov.amazonaws.com", "iam", Standard, None),
        (
            "organizations.us-east-1.amazonaws.com",
            "organizations",
            Standard,
            Some("us-east-1"),
        ),
    ];
    for (name, id, form, code) in table {
        let expected = (!id.is_empty()).then(|| (*id, *form, code.map(String::from)));
        assert_eq!(identified(name), expected, "{name}");
    }
}

#[test]
fn look_alikes_are_nobodys() {
    for name in [
        "",
        ".",
        "..",
        "amazonaws.com",
        "notsqs.us-east-1.amazonaws.com",
        "sqs.us-east-1.amazonaws.com.evil.example",
        "sqs.us-east-1.notamazonaws.com",
        "x.sqs.us-east-1.amazonaws.com",
        "sqs..us-east-1.amazonaws.com",
        "sqs.us-east-1.amazonaws.com..",
        "*.s3.us-east-1.amazonaws.com",
        "sqs.amazonaws.com",
        "sqs.us-east-1.amazonaws.com.cn",
        "sqs.cn-north-1.amazonaws.com",
        "sqs.us-iso-east-1.amazonaws.com",
        "sqs.east.amazonaws.com",
        "sts.amazonaws.com.cn",
        "queue.amazonaws.com.cn",
        "foo.queue.amazonaws.com",
        "vpce-svc-0abc.us-east-1.vpce.amazonaws.com",
        "vpce-svc-0abc.sqs.us-east-1.vpce.amazonaws.com",
        "sqs.us-east-1.vpce.amazonaws.com",
        "x.vpce-0abc-xyz.sqs.us-east-1.vpce.amazonaws.com",
        "0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com",
        "fs-0123.efs.us-east-1.amazonaws.com",
        "ecs-a-x.us-east-1.amazonaws.com",
        "control-kinesis.us-east-1.amazonaws.com",
        "d.codeartifact.us-east-1.amazonaws.com",
        "1234.ddb.us-east-1.amazonaws.com",
        "10.0.0.1",
        "example.com",
    ] {
        assert_eq!(identified(name), None, "{name}");
    }
}

#[test]
fn endpoint_service_names_by_partition() {
    for (id, code, expected) in [
        ("sqs", "us-east-1", "com.amazonaws.us-east-1.sqs"),
        ("ecr.dkr", "eu-west-1", "com.amazonaws.eu-west-1.ecr.dkr"),
        ("sqs", "us-gov-west-1", "com.amazonaws.us-gov-west-1.sqs"),
        ("sqs", "cn-north-1", "cn.com.amazonaws.cn-north-1.sqs"),
        ("sns", "cn-north-1", "com.amazonaws.cn-north-1.sns"),
        ("logs", "cn-north-1", "com.amazonaws.cn-north-1.logs"),
        ("s3", "cn-north-1", "com.amazonaws.cn-north-1.s3"),
        ("sqs", "us-iso-east-1", "gov.ic.c2s.us-iso-east-1.sqs"),
        ("kms", "us-iso-east-1", "com.amazonaws.us-iso-east-1.kms"),
        ("sqs", "us-isob-east-1", "gov.sgov.sc2s.us-isob-east-1.sqs"),
        ("sqs", "us-isob-west-1", "com.amazonaws.us-isob-west-1.sqs"),
        (
            "ecr.api",
            "us-isof-south-1",
            "gov.ic.hci.csp.us-isof-south-1.ecr.api",
        ),
        (
            "ecr.api",
            "eu-isoe-west-1",
            "uk.adc-e.cloud.eu-isoe-west-1.ecr.api",
        ),
        (
            "ecr.api",
            "eusc-de-east-1",
            "eu.amazonaws.eusc-de-east-1.ecr.api",
        ),
        ("sqs", "eusc-de-east-1", "com.amazonaws.eusc-de-east-1.sqs"),
        ("iam", "eu-west-1", "com.amazonaws.iam"),
    ] {
        assert_eq!(service(id).endpoint_service_name(&region(code)), expected);
    }
    assert_eq!(
        service("s3").endpoint_service_name_for(&region("cn-north-1"), EndpointKind::Interface),
        "cn.com.amazonaws.cn-north-1.s3"
    );
}

#[test]
fn every_service_matches_its_own_endpoint_service_name_and_no_other() {
    let all = Catalog::get().services();
    for r in regions() {
        for s in all {
            let name = s.endpoint_service_name(&r);
            for other in all {
                let same = other.id() == s.id();
                assert_eq!(other.matches_service_name(&name, &r), same, "{name}");
                assert!(!other.matches_fips_service_name(&name, &r), "{name}");
            }
        }
    }
}

#[test]
fn service_names_match_by_what_follows_the_region() {
    let r = region("us-east-1");
    let is = |id: &str, name: &str| service(id).matches_service_name(name, &r);
    assert!(is("sqs", "com.amazonaws.us-east-1.sqs"));
    assert!(is("sqs", "COM.AmazonAWS.us-east-1.SQS"));
    assert!(is("sqs", "any.prefix.at.all.us-east-1.sqs"));
    assert!(is("iam", "com.amazonaws.iam"));
    assert!(!is("ec2", "com.amazonaws.us-east-1.ec2messages"));
    assert!(!is("sqs", "com.amazonaws.us-east-1.sqs-fips"));
    assert!(!is("ssm", "com.amazonaws.us-east-1.ssmmessages"));
    assert!(!is("ecr.api", "com.amazonaws.us-east-1.api"));
    assert!(!is("sqs", "com.amazonaws.us-east-11.sqs"));
    assert!(!is("sqs", "com.amazonaws.eu-west-1.sqs"));
    assert!(!is("sqs", "us-east-1.sqs"));
    assert!(!is("sqs", "com.amazonaws.vpce.us-east-1.vpce-svc-0abc"));
    assert!(!is("iam", "com.amazonaws.us-east-1.iam-fips"));
    assert!(service("sqs").matches_fips_service_name("com.amazonaws.us-east-1.sqs-fips", &r));
    assert!(!service("sqs").matches_fips_service_name("com.amazonaws.us-east-1.sqs", &r));
    assert_eq!(service("sqs").fips_suffix().as_deref(), Some("sqs-fips"));
    assert_eq!(service("ec2messages").fips_suffix(), None);
}

#[test]
fn gateways_and_private_dns() {
    let gateways: Vec<&str> = Catalog::get()
        .services()
        .iter()
        .filter(|s| s.has_gateway())
        .map(Service::id)
        .collect();
    assert_eq!(gateways, ["s3", "dynamodb"]);
    for s in Catalog::get().services() {
        assert!(s.endpoint_kinds().contains(&EndpointKind::Interface));
        assert_eq!(
            s.interface_private_dns(),
            s.id() != "dynamodb",
            "{}",
            s.id()
        );
    }
}

#[test]
fn workloads_need_what_is_documented() {
    for (workload, required, optional) in [
        (
            Workload::Essential,
            "sqs, sts, logs, kms, s3",
            "monitoring, secretsmanager, sns, dynamodb, events",
        ),
        (
            Workload::EcsFargate,
            "sqs, ecr.api, ecr.dkr, s3, logs",
            "sts, secretsmanager, kms, ssm, ssmmessages, monitoring",
        ),
        (
            Workload::Lambda,
            "sqs",
            "s3, dynamodb, sns, kms, secretsmanager, sts, events, lambda",
        ),
        (
            Workload::Ec2Ssm,
            "sqs, ssm, ssmmessages, s3",
            "ec2messages, logs, kms, monitoring, sts",
        ),
        (
            Workload::EksPrivate,
            "sqs, ecr.api, ecr.dkr, s3, ec2, sts",
            "eks, eks-auth, elasticloadbalancing, autoscaling, logs, ssm, secretsmanager, \
             elasticfilesystem, xray",
        ),
    ] {
        let set = |wanted: bool| -> BTreeSet<&str> {
            Catalog::get()
                .workload_services(&[workload])
                .into_iter()
                .filter(|(_, required)| *required == wanted)
                .map(|(s, _)| s.id())
                .collect()
        };
        assert_eq!(set(true), required.split(", ").collect(), "{workload}");
        assert_eq!(set(false), optional.split(", ").collect(), "{workload}");
    }
}

#[test]
fn required_by_one_workload_is_required() {
    let both = Catalog::get().workload_services(&[Workload::EcsFargate, Workload::Essential]);
    let of = |id: &str| both.iter().find(|(s, _)| s.id() == id).map(|(_, r)| *r);
    assert_eq!(of("kms"), Some(true));
    assert_eq!(of("ssm"), Some(false));
    assert_eq!(of("eks"), None);
    let none = Catalog::get().workload_services(&[]);
    assert_eq!(none.len(), 1);
    assert_eq!((none[0].0.id(), none[0].1), ("sqs", true));
    let turned = Catalog::get().workload_services(&[Workload::Essential, Workload::EcsFargate]);
    let ids = |list: &[(&'static Service, bool)]| -> Vec<&str> {
        list.iter().map(|(s, _)| s.id()).collect()
    };
    assert_eq!(ids(&both), ids(&turned));
}

#[test]
fn suggestions() {
    let nearest = |word| Catalog::get().nearest(word);
    assert_eq!(nearest("sqs"), Some("sqs"));
    assert_eq!(nearest("SQS "), Some("sqs"));
    assert_eq!(nearest("qss"), Some("sqs"));
    assert_eq!(nearest("ecr"), Some("ecr.api"));
    assert_eq!(nearest("ecr-dkr"), Some("ecr.dkr"));
    assert_eq!(nearest("efs"), Some("elasticfilesystem"));
    assert_eq!(nearest("cloudwatch"), Some("monitoring"));
    assert_eq!(nearest("secretmanager"), Some("secretsmanager"));
    assert_eq!(nearest("sqs-fips"), Some("sqs"));
    assert_eq!(nearest("dynamo"), Some("dynamodb"));
    assert_eq!(nearest("zzzzzzzz"), None);
    assert_eq!(nearest(""), None);
    assert_eq!(nearest(&"s".repeat(100_000)), None);
}

proptest! {
    #[test]
    fn identify_never_panics(name in "\\PC{0,300}") {
        let _ = Catalog::get().identify(&name);
    }

    #[test]
    fn identify_never_panics_on_nearly_names(
        labels in prop::collection::vec(
            prop::sample::select(vec![
                "sqs", "s3", "queue", "dkr", "ecr", "us-east-1", "cn-north-1", "vpce", "vpce-1",
                "amazonaws", "com", "cn", "api", "aws", "s3-", "ecs-a-", "123456789012", "*", "",
                "é", "us-", "-1",
            ]),
            0..9,
        )
    ) {
        let name = labels.join(".");
        if let Some(found) = Catalog::get().identify(&name) {
            prop_assert!(!found.service.id().is_empty());
        }
    }

    #[test]
    fn service_names_and_suggestions_never_panic(text in "\\PC{0,80}") {
        let _ = Catalog::get().nearest(&text);
        let _ = service("sqs").matches_service_name(&text, &region("us-east-1"));
        let _ = service("sqs").matches_fips_service_name(&text, &region("us-east-1"));
    }
}
