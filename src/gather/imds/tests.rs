use super::*;
use crate::environment::ec2;
use crate::gather::fake_metadata::{Answer, serve};

const MAC: &str = "02:00:00:00:00:01";

fn bounds() -> Bounds {
    let (_, stop) = tokio::sync::watch::channel(false);
    Bounds::new(Duration::from_millis(300), Duration::from_secs(10), stop)
}

async fn asked_of(server: SocketAddr, sources: &[IpAddr]) -> Asked {
    let asker = Asker {
        sources: sources.to_vec(),
        macs: Vec::new(),
    };
    ask(&bounds(), &env(server), &asker, None).await
}

fn env(server: SocketAddr) -> EnvSnapshot {
    let endpoint = format!("http://{server}/");
    EnvSnapshot::new([("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)])
}

/// An instance with one interface, which checks tokens.
fn good(head: &str, path: &str) -> Answer {
    if path == "/latest/api/token" {
        let asked =
            head.starts_with("PUT ") && head.contains("x-aws-ec2-metadata-token-ttl-seconds: ");
        return if asked {
            Answer::ok("TOKEN==")
        } else {
            Answer::status(400)
        };
    }
    if !head.contains("x-aws-ec2-metadata-token: TOKEN==\r\n") {
        return Answer::status(401);
    }
    let item = path.strip_prefix("/latest/").unwrap();
    if item == ec2::MACS {
        return Answer::ok(&format!("{MAC}/\n"));
    }
    if let Some(name) = item.strip_prefix(&format!("{}{MAC}/", ec2::MACS)) {
        return match name {
            "interface-id" => Answer::ok("eni-1"),
            "vpc-id" => Answer::ok("vpc-1"),
            "vpc-ipv4-cidr-blocks" => Answer::ok("10.0.0.0/16\n10.1.0.0/16"),
            "subnet-id" => Answer::ok("subnet-1"),
            "subnet-ipv4-cidr-block" => Answer::ok("10.0.1.0/24"),
            "security-group-ids" => Answer::ok("sg-1\nsg-2"),
            "local-ipv4s" => Answer::ok("10.0.1.10"),
            _ => Answer::status(404),
        };
    }
    match item {
        "meta-data/placement/region" => Answer::ok("eu-west-1"),
        "meta-data/instance-id" => Answer::ok("i-1"),
        "meta-data/mac" => Answer::ok(MAC),
        _ => Answer::status(404),
    }
}

#[tokio::test]
async fn a_good_service_tells_all_it_has() {
    let server = serve(good).await;
    let asked = asked_of(server, &[]).await;
    let instance = asked.instance.seen().unwrap();
    assert_eq!(instance.region.as_ref().unwrap().as_str(), "eu-west-1");
    assert_eq!(instance.availability_zone, None);
    assert_eq!(instance.interfaces[0].vpc_cidrs.len(), 2);
    assert_eq!(instance.interfaces[0].group_ids, ["sg-1", "sg-2"]);
    assert!(!asked.token_stalled);
}

#[tokio::test]
async fn connections_that_close_after_every_answer_are_opened_again() {
    let server = serve(|head, path| match good(head, path) {
        Answer::Reply(status, body) => Answer::Last(status, body),
        other => other,
    })
    .await;
    let asked = asked_of(server, &[]).await;
    let instance = asked.instance.seen().unwrap();
    assert_eq!(
        instance.interfaces[0].subnet_id.as_deref(),
        Some("subnet-1")
    );
}

#[tokio::test]
async fn many_interfaces_are_told_apart_before_they_are_asked() {
    let server = serve(|head, path| {
        let macs = format!("/latest/{}", ec2::MACS);
        match path.strip_prefix(&macs) {
            Some("") => Answer::ok(
                &(1..=9)
                    .map(|n| format!("02:00:00:00:00:0{n}/\n"))
                    .collect::<String>(),
            ),
            Some(item) => match item.split_once('/').unwrap() {
                (mac, "local-ipv4s") => Answer::ok(&format!("10.0.{}.10", &mac[16..])),
                (mac, "interface-id") => Answer::ok(&format!("eni-{}", &mac[16..])),
                _ => Answer::status(404),
            },
            None => good(head, path),
        }
    })
    .await;
    let source = "10.0.7.10".parse().unwrap();
    let asked = asked_of(server, &[source]).await;
    let instance = asked.instance.seen().unwrap();
    let asked_about: Vec<_> = instance
        .interfaces
        .iter()
        .filter_map(|one| one.id.as_deref())
        .collect();
    assert_eq!(asked_about, ["eni-1", "eni-7"]);
    let Some(ec2::Standing::Own(own)) = instance.interface_of(None, &[source]) else {
        panic!("the interface that holds the address is not found");
    };
    assert_eq!(own.id.as_deref(), Some("eni-7"));
}

#[tokio::test]
async fn faults_of_the_token_are_told_apart() {
    for (answer, kind, stalled) in [
        (Answer::status(403), FailureKind::Denied, false),
        (Answer::status(401), FailureKind::Denied, false),
        (Answer::status(404), FailureKind::Service, false),
        (Answer::status(503), FailureKind::Throttled, false),
        (Answer::ok(""), FailureKind::Malformed, false),
        (
            Answer::ok("<html>sign in</html> "),
            FailureKind::Malformed,
            false,
        ),
        (Answer::ok("two words"), FailureKind::Malformed, false),
        (
            Answer::Raw("\u{1}\u{2}garbage\r\n\r\n"),
            FailureKind::Malformed,
            false,
        ),
        (Answer::Raw(""), FailureKind::Reset, false),
        (Answer::Stall, FailureKind::Timeout, true),
        // Something came back, so that no hop limit is to blame.
        (Answer::Trickle, FailureKind::Timeout, false),
        (Answer::Endless, FailureKind::Malformed, false),
    ] {
        let told = format!("{answer:?}");
        let server = serve(move |_, path| match path {
            "/latest/api/token" => answer.clone(),
            _ => Answer::status(401),
        })
        .await;
        let began = std::time::Instant::now();
        let asked = asked_of(server, &[]).await;
        assert!(asked.instance.failure().is_some(), "{told}");
        assert_eq!(asked.instance.failure_kind(), Some(kind), "{told}");
        assert_eq!(asked.token_stalled, stalled, "{told}");
        assert!(began.elapsed() < Duration::from_secs(2), "{told}");
    }
}

#[tokio::test]
async fn items_that_misbehave_do_not_hide_the_others() {
    for answer in [
        Answer::status(401),
        Answer::status(500),
        Answer::ok("\u{0}<html>"),
        Answer::Raw("garbage\r\n\r\n"),
        Answer::Stall,
        Answer::Trickle,
        Answer::Endless,
    ] {
        let told = format!("{answer:?}");
        let server = serve(move |head, path| match path {
            "/latest/meta-data/services/partition" => answer.clone(),
            _ => good(head, path),
        })
        .await;
        let asked = asked_of(server, &[]).await;
        let instance = asked
            .instance
            .seen()
            .unwrap_or_else(|| panic!("{told}: {asked:?}"));
        assert_eq!(instance.partition, None, "{told}");
        assert!(instance.region.is_some(), "{told}");
    }
}

#[tokio::test]
async fn a_service_that_only_gives_tokens_fails() {
    for (answer, kind) in [
        (Answer::status(401), FailureKind::Denied),
        (Answer::ok("<html>"), FailureKind::Malformed),
        (Answer::Stall, FailureKind::Timeout),
    ] {
        let server = serve(move |head, path| match path {
            "/latest/api/token" => good(head, path),
            _ => answer.clone(),
        })
        .await;
        let asked = asked_of(server, &[]).await;
        assert_eq!(asked.instance.failure_kind(), Some(kind));
        assert!(!asked.token_stalled);
    }
}

#[tokio::test]
async fn what_cannot_be_asked_says_so() {
    let off = EnvSnapshot::new([("AWS_EC2_METADATA_DISABLED", "True")]);
    let asked = ask(&bounds(), &off, &Asker::default(), None).await;
    assert!(asked.instance.skip_reason().unwrap().contains("DISABLED"));
    for odd in ["https://169.254.169.254", "nonsense", "file:///etc/passwd"] {
        let env = EnvSnapshot::new([("AWS_EC2_METADATA_SERVICE_ENDPOINT", odd)]);
        let asked = ask(&bounds(), &env, &Asker::default(), None).await;
        assert_eq!(
            asked.instance.failure_kind(),
            Some(FailureKind::Other),
            "{odd}"
        );
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let asked = asked_of(closed, &[]).await;
    assert_eq!(asked.instance.failure_kind(), Some(FailureKind::Refused));
}

#[tokio::test]
async fn the_family_that_answers_first_wins() {
    let good = Endpoint::fixed(serve(good).await);
    let dead = Endpoint::fixed(serve(|_, _| Answer::Stall).await);
    let stalled = AtomicBool::new(false);
    let phase = Duration::from_secs(5);
    let began = std::time::Instant::now();
    let both = [dead, good.clone()];
    let client = first_token(&both, phase, &stalled).await.ok().unwrap();
    assert_eq!(client.endpoint.address, good.address);
    assert!(began.elapsed() < phase);
    assert!(!stalled.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_service_that_is_off_is_not_waited_for() {
    let off = Endpoint::fixed(serve(|_, _| Answer::status(403)).await);
    let dead = Endpoint::fixed(serve(|_, _| Answer::Stall).await);
    let stalled = AtomicBool::new(false);
    let phase = Duration::from_secs(5);
    let began = std::time::Instant::now();
    let failure = first_token(&[dead, off], phase, &stalled).await.err();
    assert_eq!(failure.unwrap().kind, FailureKind::Denied);
    assert!(began.elapsed() < phase && !stalled.load(Ordering::Relaxed));
}

#[tokio::test]
async fn the_mode_chooses_the_family() {
    for (mode, addresses) in [
        ("IPv4", &[IPV4][..]),
        ("ipv6", &[IPV6]),
        ("", &[IPV4, IPV6]),
    ] {
        let env = EnvSnapshot::new([("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", mode)]);
        let chosen = endpoints(&env, PHASE).await.unwrap();
        let chosen: Vec<_> = chosen.iter().map(|one| one.address).collect();
        assert_eq!(chosen, addresses);
    }
}

#[tokio::test]
async fn what_others_wait_for_is_told_before_the_rest_is_there() {
    let server = serve(|head, path| match path {
        "/latest/dynamic/instance-identity/rsa2048" => Answer::Stall,
        _ => good(head, path),
    })
    .await;
    let (early, told) = oneshot::channel();
    let asker = Asker {
        sources: Vec::new(),
        macs: vec![MAC.to_owned()],
    };
    let (bounds, env) = (bounds(), env(server));
    let mut whole = std::pin::pin!(ask(&bounds, &env, &asker, Some(early)));
    let instance = tokio::select! {
        biased;
        _ = &mut whole => panic!("nothing was told before the end"),
        told = told => told.unwrap(),
    };
    assert_eq!(instance.region.as_ref().unwrap().as_str(), "eu-west-1");
    assert_eq!(instance.interfaces[0].vpc_id.as_deref(), Some("vpc-1"));
    let asked = whole.await;
    assert_eq!(
        asked.instance.seen().unwrap().interfaces[0].group_ids.len(),
        2
    );
}
