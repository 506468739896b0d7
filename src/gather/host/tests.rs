use std::time::{Duration, Instant};

use super::*;
use crate::gather::fake_metadata::{Answer, serve};

fn bounds() -> Bounds {
    let (_, stop) = tokio::sync::watch::channel(false);
    Bounds::new(Duration::from_millis(500), Duration::from_secs(10), stop)
}

fn question(vars: &[(&str, &str)]) -> HostQuestion {
    HostQuestion {
        region: None,
        env: EnvSnapshot::new(vars.iter().copied()),
    }
}

async fn host_of(bounds: &Bounds, question: &HostQuestion) -> Host {
    let (progress, _) = watch::channel(Progress::default());
    Host::clone(&*host(bounds, question, &progress).await)
}

const TASK: &str = r#"{"TaskARN": "arn:aws-cn:ecs:cn-north-1:111122223333:task/d/1", "LaunchType": "FARGATE",
    "AvailabilityZone": "cn-north-1a", "Containers": [{"Networks": [{"NetworkMode": "awsvpc",
    "IPv4Addresses": ["10.0.0.222"], "MACAddress": "0a:61:1f:6c:50:a7", "IPv4SubnetCIDRBlock": "10.0.0.0/24"}]}]}"#;

#[tokio::test]
async fn a_lambda_function_is_told_by_variables_alone() {
    let question = question(&[
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"),
    ]);
    let host = host_of(&bounds(), &question).await;
    assert_eq!(host.kind, EnvironmentKind::Lambda);
    assert_eq!(host.region.as_deref(), Some("eu-central-1"));
    assert_eq!(host.partition.as_deref(), Some("aws"));
    assert!(host.imds.skip_reason().unwrap().contains("Lambda"));
    assert!(host.task_metadata.skip_reason().is_some());
}

#[tokio::test]
async fn a_fargate_task_does_not_wait_for_instance_metadata() {
    let tasks = serve(|_, path| match path {
        "/v4/a/task" => Answer::ok(TASK),
        _ => Answer::status(404),
    })
    .await;
    let dead = serve(|_, _| Answer::Stall).await;
    let question = question(&[
        (
            "ECS_CONTAINER_METADATA_URI_V4",
            &format!("http://{tasks}/v4/a"),
        ),
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            &format!("http://{dead}"),
        ),
    ]);
    let (_, stop) = tokio::sync::watch::channel(false);
    let patient = Bounds::new(Duration::from_secs(5), Duration::from_secs(10), stop);
    let began = Instant::now();
    let host = host_of(&patient, &question).await;
    // Waiting for the instance's token would take a second.
    assert!(began.elapsed() < Duration::from_millis(900));
    assert_eq!(host.kind, EnvironmentKind::Fargate);
    assert_eq!(host.region.as_deref(), Some("cn-north-1"));
    assert_eq!(host.partition.as_deref(), Some("aws-cn"));
    assert_eq!(host.account_id.as_deref(), Some("111122223333"));
    assert_eq!(host.mac.as_deref(), Some("0a:61:1f:6c:50:a7"));
    assert_eq!(host.subnet_cidrs.len(), 1);
    assert!(host.vpc_cidrs.is_empty());
    assert!(host.imds.skip_reason().unwrap().contains("Fargate"));
    assert!(!host.imds_token_stalled && host.container);
}

#[tokio::test]
async fn a_pod_behind_a_low_hop_limit_shows_the_stall() {
    let dead = serve(|_, _| Answer::Stall).await;
    let question = question(&[
        ("KUBERNETES_SERVICE_HOST", "172.20.0.1"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod"),
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            &format!("http://{dead}"),
        ),
    ]);
    let host = host_of(&bounds(), &question).await;
    assert_eq!(host.kind, EnvironmentKind::Eks);
    assert_eq!(host.account_id.as_deref(), Some("123456789012"));
    assert_eq!(host.imds.failure_kind(), Some(FailureKind::Timeout));
    assert!(host.imds_token_stalled && host.container);
}

#[tokio::test]
async fn an_instance_is_told_by_its_metadata() {
    let source = Ways::look().routes(&[], &[]).sources.first().copied();
    let address = source.map_or("10.0.1.10".to_owned(), |source| source.to_string());
    let imds = serve(move |_, path| {
        let path = path.strip_prefix("/latest/").unwrap();
        match path.strip_prefix("meta-data/network/interfaces/macs/") {
            Some("") => Answer::ok("02:00:00:00:00:01/"),
            Some("02:00:00:00:00:01/local-ipv4s") => Answer::ok(&address),
            Some("02:00:00:00:00:01/vpc-id") => Answer::ok("vpc-1"),
            Some("02:00:00:00:00:01/vpc-ipv4-cidr-blocks") => {
                Answer::ok("10.0.0.0/16\n10.1.0.0/16")
            }
            Some("02:00:00:00:00:01/security-group-ids") => Answer::ok("sg-1"),
            Some(_) => Answer::status(404),
            None => match path {
                "api/token" => Answer::ok("T"),
                "meta-data/placement/region" => Answer::ok("us-gov-west-1"),
                "dynamic/instance-identity/document" => {
                    Answer::ok(r#"{"accountId": "123456789012"}"#)
                }
                _ => Answer::status(404),
            },
        }
    })
    .await;
    let mut question = question(&[(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        &format!("http://{imds}"),
    )]);
    let seen = host_of(&bounds(), &question).await;
    assert_eq!(seen.kind, EnvironmentKind::Ec2);
    assert_eq!(seen.region.as_deref(), Some("us-gov-west-1"));
    assert_eq!(seen.partition.as_deref(), Some("aws-us-gov"));
    assert_eq!(seen.account_id.as_deref(), Some("123456789012"));
    assert_eq!(seen.vpc_cidrs.len(), 2);
    assert_eq!(seen.group_ids, ["sg-1"]);
    assert!(seen.imds.is_seen());
    question.region = Some("eu-west-3".to_owned());
    let seen = host_of(&bounds(), &question).await;
    assert_eq!(seen.region.as_deref(), Some("eu-west-3"));
}

#[test]
fn the_first_valid_region_counts() {
    let local = Local {
        profile_region: Some("sa-east-1".to_owned()),
        ..Local::default()
    };
    let found = |flag: Option<&str>, vars: &[(&str, &str)]| {
        let question = HostQuestion {
            region: flag.map(str::to_owned),
            ..question(vars)
        };
        region(&question, &local, None, None).map(String::from)
    };
    let both = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-2"),
    ];
    assert_eq!(
        found(Some("eu-west-3"), &both).as_deref(),
        Some("eu-west-3")
    );
    assert_eq!(found(None, &both).as_deref(), Some("eu-west-1"));
    assert_eq!(found(None, &both[1..]).as_deref(), Some("eu-west-2"));
    assert_eq!(
        found(None, &[("AWS_REGION", "No Region")]).as_deref(),
        Some("sa-east-1")
    );
}

#[test]
fn a_task_in_another_vpc_takes_nothing_from_its_instance() {
    let interface = Interface {
        mac: "02:00:00:00:00:01".to_owned(),
        vpc_id: Some("vpc-1".to_owned()),
        vpc_cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        ..Interface::default()
    };
    let instance = Instance {
        interfaces: vec![interface],
        ..Instance::default()
    };
    let json = r#"{"TaskARN": "arn:aws:ecs:us-west-2:111122223333:task/d/1", "VPCID": "vpc-2"}"#;
    let task = Task::read(json.as_bytes()).unwrap();
    let place = NetworkPlace::of(Some(&instance), Some(&task), None, &[]);
    assert_eq!(place.vpc_id.as_deref(), Some("vpc-2"));
    assert!(place.vpc_cidrs.is_empty() && place.mac.is_none());
}

#[test]
fn cgroups_tell_containers_from_services() {
    for (text, container) in [
        ("0::/\n", false),
        ("0::/system.slice/docker.service\n", false),
        ("0::/system.slice/vpcheck.service\n", false),
        ("0::/user.slice/user-1000.slice/session-2.scope\n", false),
        ("12:cpu:/docker/0123abcd\n", true),
        ("0::/system.slice/docker-0123abcd.scope\n", true),
        ("5:memory:/ecs/0123/0456\n", true),
        (
            "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n",
            true,
        ),
        ("0::/machine.slice/libpod-01.scope\n", true),
        ("nonsense\n\u{0}::", false),
    ] {
        assert_eq!(is_container_cgroup(text), container, "{text}");
    }
}
