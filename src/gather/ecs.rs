//! The ECS task metadata service.
//!
//! Source: "Task metadata endpoint version 4" in the ECS developer guide.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{Method, StatusCode};

use super::Bounds;
use super::metadata_http::{Connection, status_failure};
use crate::environment::EnvSnapshot;
use crate::environment::ecs::{Task, metadata_uri};
use crate::facts::{Failure, FailureKind, Observation, Outcome};

/// A task may have many containers with many labels.
const LONGEST_BODY: usize = 1024 * 1024;

/// Asks for the task, where ECS gave an address to ask.
pub async fn ask(bounds: &Bounds, env: &EnvSnapshot) -> Observation<Task> {
    let Some(uri) = metadata_uri(env) else {
        return Observation::skipped("not in an ECS task");
    };
    let (address, authority, path) = match destination(uri) {
        Ok(destination) => destination,
        Err(reason) => return Observation::skipped(reason),
    };
    bounds
        .observe(async {
            match task(address, &authority, &path).await {
                Ok(task) => Outcome::Seen(task),
                Err(failure) => Outcome::Failed(failure),
            }
        })
        .await
}

async fn task(address: SocketAddr, authority: &str, path: &str) -> Result<Task, Failure> {
    let mut connection = Connection::open(address, authority).await?;
    let reply = connection
        .request(Method::GET, path, None, LONGEST_BODY)
        .await?;
    if reply.status != StatusCode::OK {
        return Err(status_failure(reply.status));
    }
    let odd = || Failure::new(FailureKind::Malformed, "the answer is no task's metadata");
    Task::read(&reply.body).ok_or_else(odd)
}

/// Where to ask; only an address of this machine is, since the variable could name anything.
pub(crate) fn destination(uri: &str) -> Result<(SocketAddr, String, String), String> {
    let ignored = |why: &str| Err(format!("the task metadata address is ignored: {why}"));
    let Ok(url) = url::Url::parse(uri) else {
        return ignored("it is no URL");
    };
    if url.scheme() != "http" {
        return ignored("it is no http URL");
    }
    let (address, host) = match url.host() {
        Some(url::Host::Ipv4(ip)) => (IpAddr::V4(ip), ip.to_string()),
        Some(url::Host::Ipv6(ip)) => (IpAddr::V6(ip), format!("[{ip}]")),
        _ => return ignored("its host is a name"),
    };
    if !is_own(address) {
        return ignored("it is neither link-local nor loopback");
    }
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    let path = format!("{}/task", url.path().trim_end_matches('/'));
    let socket = SocketAddr::new(address, url.port().unwrap_or(80));
    Ok((socket, authority, path))
}

/// Loopback, link-local, or the unique local range that AWS keeps for services on the host.
fn is_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => {
            let aws = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0).segments()[..2]
                == ip.segments()[..2];
            ip.is_loopback() || ip.is_unicast_link_local() || aws
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::gather::fake_metadata::{Answer, serve};

    fn bounds() -> Bounds {
        let (_, stop) = tokio::sync::watch::channel(false);
        Bounds::new(Duration::from_millis(300), Duration::from_secs(10), stop)
    }

    fn env(uri: &str) -> EnvSnapshot {
        EnvSnapshot::new([("ECS_CONTAINER_METADATA_URI_V4", uri)])
    }

    const TASK: &str =
        r#"{"TaskARN": "arn:aws:ecs:us-west-2:111122223333:task/d/1", "LaunchType": "FARGATE"}"#;

    #[tokio::test]
    async fn the_task_is_asked_below_its_address() {
        let server = serve(|_, path| match path {
            "/v4/abc/task" => Answer::ok(TASK),
            _ => Answer::status(404),
        })
        .await;
        let env = env(&format!("http://{server}/v4/abc"));
        let task = ask(&bounds(), &env).await;
        assert_eq!(task.seen().unwrap().launch_type.as_deref(), Some("FARGATE"));
    }

    #[tokio::test]
    async fn faults_are_told_apart() {
        for (answer, kind) in [
            (Answer::status(404), FailureKind::Service),
            (Answer::ok("<html>"), FailureKind::Malformed),
            (Answer::Stall, FailureKind::Timeout),
            (Answer::Trickle, FailureKind::Timeout),
            (Answer::Endless, FailureKind::Malformed),
            (Answer::Raw("garbage\r\n\r\n"), FailureKind::Malformed),
        ] {
            let server = serve(move |_, _| answer.clone()).await;
            let task = ask(&bounds(), &env(&format!("http://{server}/v4/abc"))).await;
            assert_eq!(task.failure_kind(), Some(kind));
        }
        let closed = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let task = ask(&bounds(), &env(&format!("http://{closed}/v4/abc"))).await;
        assert_eq!(task.failure_kind(), Some(FailureKind::Refused));
    }

    #[tokio::test]
    async fn foreign_addresses_are_not_asked() {
        for uri in [
            "http://203.0.113.1/v4/x",
            "https://169.254.170.2/v4/x",
            "http://metadata.example/v4",
            "file:///etc/passwd",
            "nonsense",
        ] {
            let task = ask(&bounds(), &env(uri)).await;
            assert!(task.skip_reason().unwrap().contains("ignored"), "{uri}");
        }
        assert!(destination("http://169.254.170.2/v4/x").is_ok());
        assert!(destination("http://[fd00:ec2::23]/v4/x").is_ok());
    }
}
