//! The metadata services: the instance's, an ECS task's, and EKS pod identity.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::hostile;
use super::http::{Answer, HttpRequest, HttpResponse};
use super::sockets;
use super::wire;
use super::world::{EnvironmentKind, World};

/// The access key every credential source of the lab gives.
pub const ACCESS_KEY_ID: &str = "ASIALABEXAMPLE000001";
/// Its secret.
pub const SECRET_ACCESS_KEY: &str = "labSecretAccessKeyThatOpensNothing000000";
/// Its session token.
pub const SESSION_TOKEN: &str = "labSessionTokenThatOpensNothing==";
/// The identifier in the task metadata's path.
pub const TASK_PATH: &str = "0123456789abcdef0123456789abcdef-0000000001";
/// The path of a task's credentials.
pub const TASK_CREDENTIALS: &str = "/v2/credentials/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
/// The bearer token of pod identity.
pub const POD_TOKEN: &str = "lab.pod.identity.token";

/// The token that instance metadata gives.
pub const IMDS_TOKEN: &str = "AQAEALabInstanceMetadataToken0123456789abcdefghijklmnop==";

/// Which service an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Instance metadata, version 2.
    Instance,
    /// Task metadata, version 4, and the task's credentials.
    Task,
    /// EKS pod identity.
    Pod,
}

/// The addresses (port 80) that are the host's in this world; without a service nobody listens there.
pub fn servers(world: &World) -> Vec<(IpAddr, Option<Kind>)> {
    use EnvironmentKind::{EcsEc2, Eks, Fargate};
    let kind = world.environment.kind;
    let mut servers = Vec::new();
    let instance = matches!(kind, EnvironmentKind::Ec2 | EcsEc2 | Eks);
    if instance && world.metadata.imds != "swallow" {
        let service = (world.metadata.imds != "off").then_some(Kind::Instance);
        servers.push((IpAddr::from([169, 254, 169, 254]), service));
        if world.metadata.imds_ipv6 {
            servers.push((IpAddr::from([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]), service));
        }
    }
    if matches!(kind, Fargate | EcsEc2) {
        servers.push((
            IpAddr::from([169, 254, 170, 2]),
            (world.metadata.ecs != "off").then_some(Kind::Task),
        ));
    }
    if kind == Eks {
        servers.push((IpAddr::from([169, 254, 170, 23]), Some(Kind::Pod)));
    }
    servers
}

/// Serves one of them.
pub fn serve(world: Arc<World>, address: IpAddr, kind: Kind) -> io::Result<()> {
    let listener = sockets::listen(address, 80)?;
    tokio::spawn(async move {
        while let Ok((stream, client)) = listener.accept().await {
            // Answers are not held back for an acknowledgement, as services do not hold theirs.
            let _ = stream.set_nodelay(true);
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                // A client that goes away ends its connection; nobody needs to hear of it.
                let _ = connection(&world, kind, address, stream, client.ip()).await;
            });
        }
    });
    Ok(())
}

async fn connection(
    world: &World,
    kind: Kind,
    address: IpAddr,
    mut stream: TcpStream,
    client: IpAddr,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    let tree = OnceCell::new();
    while let Some(received) = wire::read(&mut stream, &mut buffer, address, client).await? {
        wire::delayed(Duration::from_millis(world.metadata.delay_ms)).await;
        let (answer, manner) = match kind {
            Kind::Instance => (
                instance(world, &tree, &received.request),
                world.metadata.imds.as_str(),
            ),
            Kind::Task => (task(world, &received.request), world.metadata.ecs.as_str()),
            Kind::Pod => (
                pod(world, &received.request).into(),
                world.metadata.pod.as_str(),
            ),
        };
        let concerns = world.metadata.imds_paths.is_empty()
            || kind != Kind::Instance
            || (world.metadata.imds_paths.iter()).any(|path| received.request.path.contains(path));
        let asks_for_token = received.request.method == "PUT";
        let answer = match (manner, answer) {
            // What is quoted is an answer like any other.
            ("echo", Answer::Respond(response)) if !asks_for_token => HttpResponse {
                status: response.status,
                ..hostile::echo(&received.request)
            }
            .into(),
            ("redirect-away", Answer::Respond(_)) if !asks_for_token => {
                hostile::redirect_away().into()
            }
            (_, answer) => answer,
        };
        let answer = match answer {
            Answer::Respond(response) if concerns && hostile::HTTP.contains(&manner) => {
                Answer::Badly(manner.to_owned(), response)
            }
            answer => answer,
        };
        match answer {
            Answer::Respond(response) => {
                let head = received.request.method == "HEAD";
                wire::write(&mut stream, &response, head, received.keep_alive, None).await?;
                if !received.keep_alive {
                    return Ok(());
                }
            }
            Answer::Hang => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                return Ok(());
            }
            Answer::Raw(bytes) => return stream.write_all(&bytes).await,
            Answer::Badly(manner, response) => {
                let whole = wire::bytes(&response, false, true, None);
                if hostile::respond(&mut stream, &manner, &whole).await? == hostile::Then::Reset {
                    stream.set_zero_linger()?;
                }
                return Ok(());
            }
            Answer::Close => return Ok(()),
        }
    }
    Ok(())
}

/// The tree is made when it is first asked for.
fn instance(world: &World, tree: &OnceCell<Tree>, request: &HttpRequest) -> Answer {
    let token_request = request.method == "PUT" && request.path == "/latest/api/token";
    match world.metadata.imds.as_str() {
        "hang" => return Answer::Hang,
        "token-timeout" if token_request => return Answer::Hang,
        "garbage" => return Answer::Raw(b"\x16\x03\x01\xff\xfe not what you asked for\n".to_vec()),
        "disabled" => return plain(403, "").into(),
        _ => {}
    }
    if world.metadata.imds == "version-1" && request.method != "GET" {
        return plain(404, "").into();
    }
    if token_request {
        let ttl = request
            .header("x-aws-ec2-metadata-token-ttl-seconds")
            .and_then(|v| v.parse::<u32>().ok());
        return match ttl.filter(|ttl| (1..=21600).contains(ttl)) {
            Some(_) if request.header("x-forwarded-for").is_some() => plain(403, "").into(),
            Some(ttl) => plain(200, IMDS_TOKEN)
                .with("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl.to_string())
                .into(),
            None => plain(400, "").into(),
        };
    }
    if request.method == "PUT" {
        return plain(403, "").into();
    }
    if world.metadata.imds != "version-1"
        && request.header("x-aws-ec2-metadata-token") != Some(IMDS_TOKEN)
    {
        return plain(401, "").into();
    }
    let Some(path) = request.path.strip_prefix("/latest/") else {
        return plain(404, "").into();
    };
    let missing = world.metadata.imds_missing.iter();
    if missing.clone().any(|gone| {
        path == gone
            || path
                .strip_prefix(gone.as_str())
                .is_some_and(|p| p.starts_with('/'))
    }) {
        return plain(404, "").into();
    }
    let tree = tree.get_or_init(|| instance_tree(world));
    match tree.get(path.trim_end_matches('/')) {
        Some(value)
            if path.starts_with("dynamic/instance-identity/document") || value.starts_with('{') =>
        {
            HttpResponse::new(200, "text/plain", value.clone()).into()
        }
        Some(value) => plain(200, value).into(),
        None => match listing(tree, path.trim_end_matches('/')) {
            Some(listing) => plain(200, &listing).into(),
            None => plain(404, "").into(),
        },
    }
}

/// The entries directly below a path, directories with a slash; none where there is nothing.
fn listing(tree: &Tree, path: &str) -> Option<String> {
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let mut entries: Vec<String> = Vec::new();
    for key in tree.keys().filter_map(|key| key.strip_prefix(&prefix)) {
        let entry = match key.split_once('/') {
            Some((directory, _)) => format!("{directory}/"),
            None => key.to_owned(),
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    (!entries.is_empty()).then(|| entries.join("\n"))
}

/// What instance metadata tells, by its path.
type Tree = BTreeMap<String, String>;

fn instance_tree(world: &World) -> Tree {
    let host = &world.host;
    let (zone, zone_id) = world.zone_of(&host.subnet);
    let subnet = world.subnets.get(&host.subnet);
    let vpc = world.vpcs.get(world.own_vpc());
    let of = |v4: bool| {
        let family = host
            .addresses
            .iter()
            .filter(move |address| address.is_ipv4() == v4);
        family
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let primary = host
        .addresses
        .iter()
        .find(|a| a.is_ipv4())
        .map(ToString::to_string)
        .unwrap_or_default();
    let hostname = format!("ip-{}.ec2.internal", primary.replace('.', "-"));
    let list = |items: &[ipnet::IpNet]| {
        items
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let names = host
        .groups
        .iter()
        .filter_map(|id| world.security_groups.get(id))
        .map(|g| g.name.as_str());
    let names = names.collect::<Vec<_>>().join("\n");
    let mut tree = Tree::new();
    let mut put = |key: &str, value: String| {
        if !value.is_empty() {
            tree.insert(key.to_owned(), value);
        }
    };
    let public = host
        .public_address
        .map(|a| a.to_string())
        .unwrap_or_default();
    for (key, value) in [
        ("ami-id", "ami-0abcdef1234567890".to_owned()),
        ("hostname", hostname.clone()),
        ("instance-id", host.instance_id.clone()),
        ("instance-type", "m7g.large".to_owned()),
        (
            "ipv6",
            of(false).lines().next().unwrap_or_default().to_owned(),
        ),
        ("local-hostname", hostname),
        ("local-ipv4", primary.clone()),
        ("mac", host.mac.clone()),
        ("placement/availability-zone", zone.to_owned()),
        ("placement/availability-zone-id", zone_id.to_owned()),
        ("placement/region", world.region.clone()),
        ("public-ipv4", public.clone()),
        ("security-groups", names.clone()),
        ("services/domain", world.dns_suffix().to_owned()),
        ("services/partition", world.partition.clone()),
    ] {
        put(&format!("meta-data/{key}"), value);
    }
    for (key, value) in [
        ("device-number", "0".to_owned()),
        ("interface-id", host.interface_id.clone()),
        ("ipv6s", of(false)),
        ("local-ipv4s", of(true)),
        ("mac", host.mac.clone()),
        ("owner-id", world.account_id.clone()),
        ("public-ipv4s", public),
        ("security-group-ids", host.groups.join("\n")),
        ("security-groups", names),
        ("subnet-id", host.subnet.clone()),
        (
            "subnet-ipv4-cidr-block",
            subnet
                .and_then(|s| s.cidr)
                .map(|c| c.to_string())
                .unwrap_or_default(),
        ),
        (
            "subnet-ipv6-cidr-blocks",
            subnet
                .and_then(|s| s.ipv6_cidr)
                .map(|c| c.to_string())
                .unwrap_or_default(),
        ),
        ("vpc-id", world.own_vpc().to_owned()),
        (
            "vpc-ipv4-cidr-block",
            vpc.and_then(|v| v.cidrs.first())
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        (
            "vpc-ipv4-cidr-blocks",
            vpc.map(|v| list(&v.cidrs)).unwrap_or_default(),
        ),
        (
            "vpc-ipv6-cidr-blocks",
            vpc.map(|v| list(&v.ipv6_cidrs)).unwrap_or_default(),
        ),
    ] {
        put(
            &format!("meta-data/network/interfaces/macs/{}/{key}", host.mac),
            value,
        );
    }
    if world.credentials.source == "default" {
        let role = &world.credentials.role;
        let info = json!({
            "Code": "Success",
            "LastUpdated": stamp(-600),
            "InstanceProfileArn": format!("arn:{}:iam::{}:instance-profile/{role}", world.partition, world.account_id),
            "InstanceProfileId": "AIPALABEXAMPLE000001",
        });
        put("meta-data/iam/info", pretty(&info));
        put(
            &format!("meta-data/iam/security-credentials/{role}"),
            pretty(&instance_credentials(world)),
        );
    }
    let document = json!({
        "accountId": world.account_id,
        "architecture": "arm64",
        "availabilityZone": zone,
        "billingProducts": null,
        "devpayProductCodes": null,
        "marketplaceProductCodes": null,
        "imageId": "ami-0abcdef1234567890",
        "instanceId": host.instance_id,
        "instanceType": "m7g.large",
        "kernelId": null,
        "pendingTime": "2026-11-01T08:00:00Z",
        "privateIp": primary,
        "ramdiskId": null,
        "region": world.region,
        "version": "2017-09-30",
    });
    put("dynamic/instance-identity/document", pretty(&document));
    put(
        "dynamic/instance-identity/signature",
        "bGFiIHNpZ25hdHVyZSB0aGF0IHByb3ZlcyBub3RoaW5n".to_owned(),
    );
    for kind in ["pkcs7", "rsa2048"] {
        // In lines, as the service gives them.
        put(
            &format!("dynamic/instance-identity/{kind}"),
            "TGFiIFBLQ1MgIzcgc2lnbmF0dXJlIHRoYXQgcHJvdmVzIG5vdGhpbmcsIGluIGxp\nbmVzIG9mIDY0"
                .to_owned(),
        );
    }
    for (path, value) in &world.metadata.imds_values {
        tree.insert(path.replace("{mac}", &host.mac), value.clone());
    }
    tree
}

fn instance_credentials(world: &World) -> serde_json::Value {
    json!({
        "Code": "Success",
        "LastUpdated": stamp(-600),
        "Type": "AWS-HMAC",
        "AccessKeyId": ACCESS_KEY_ID,
        "SecretAccessKey": SECRET_ACCESS_KEY,
        "Token": SESSION_TOKEN,
        "Expiration": expiration(world),
    })
}

fn role_credentials(world: &World) -> HttpResponse {
    let body = json!({
        "RoleArn": format!("arn:{}:iam::{}:role/{}", world.partition, world.account_id, world.credentials.role),
        "AccessKeyId": ACCESS_KEY_ID,
        "SecretAccessKey": SECRET_ACCESS_KEY,
        "Token": SESSION_TOKEN,
        "Expiration": expiration(world),
    });
    HttpResponse::new(200, "application/json", body.to_string())
}

fn task(world: &World, request: &HttpRequest) -> Answer {
    match world.metadata.ecs.as_str() {
        "hang" => return Answer::Hang,
        "garbage" => {
            return HttpResponse::new(200, "application/json", "{\"Cluster\": <oops>").into();
        }
        _ => {}
    }
    if request.path == TASK_CREDENTIALS {
        return match world.credentials.source.as_str() {
            "default" => role_credentials(world).into(),
            _ => HttpResponse::new(
                404,
                "application/json",
                "{\"code\":\"NoIdInRequest\",\"message\":\"CredentialsV2Request: no task\"}",
            )
            .into(),
        };
    }
    let Some(rest) = request
        .path
        .strip_prefix("/v4/")
        .and_then(|p| p.strip_prefix(TASK_PATH))
    else {
        return plain(404, "404 page not found").into();
    };
    let body = match rest.trim_end_matches('/') {
        "" => container(world),
        "/task" | "/taskWithTags" => task_document(world),
        _ => return plain(404, "404 page not found").into(),
    };
    HttpResponse::new(200, "application/json", body.to_string()).into()
}

fn task_document(world: &World) -> serde_json::Value {
    let (zone, _) = world.zone_of(&world.host.subnet);
    let fargate = world.environment.kind == EnvironmentKind::Fargate;
    let arn = |kind: &str, id: &str| {
        format!(
            "arn:{}:ecs:{}:{}:{kind}/{id}",
            world.partition, world.region, world.account_id
        )
    };
    let mut document = json!({
        "Cluster": arn("cluster", "app"),
        "TaskARN": arn("task", "app/0123456789abcdef0123456789abcdef"),
        "Family": "app",
        "Revision": "7",
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": 0.25, "Memory": 512},
        "PullStartedAt": stamp(-900),
        "PullStoppedAt": stamp(-890),
        "AvailabilityZone": zone,
        "LaunchType": if fargate { "FARGATE" } else { "EC2" },
        "Containers": [container(world)],
        "ClockDrift": {"ClockErrorBound": 0.5, "ReferenceTimestamp": stamp(0), "ClockSynchronizationStatus": "SYNCHRONIZED"},
        "EphemeralStorageMetrics": {"Utilized": 261, "Reserved": 20496},
        "FaultInjectionEnabled": false,
    });
    if !fargate && world.metadata.ecs_vpc_id {
        document["VPCID"] = json!(world.own_vpc());
    }
    document
}

fn container(world: &World) -> serde_json::Value {
    let host = &world.host;
    let subnet = world.subnets.get(&host.subnet);
    let (v4, v6): (Vec<&IpAddr>, Vec<&IpAddr>) = host.addresses.iter().partition(|a| a.is_ipv4());
    let gateway = subnet.and_then(|s| s.cidr).map(|cidr| match cidr {
        ipnet::IpNet::V4(cidr) => format!(
            "{}/{}",
            std::net::Ipv4Addr::from(u32::from(cidr.network()) + 1),
            cidr.prefix_len()
        ),
        ipnet::IpNet::V6(cidr) => cidr.to_string(),
    });
    json!({
        "DockerId": "0123456789abcdef0123456789abcdef-0000000001",
        "Name": "vpcheck",
        "DockerName": "vpcheck",
        "Image": "vpcheck:latest",
        "ImageID": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "Labels": {"com.amazonaws.ecs.task-definition-family": "app"},
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": 2},
        "CreatedAt": stamp(-880),
        "StartedAt": stamp(-880),
        "Type": "NORMAL",
        "Networks": [{
            "NetworkMode": "awsvpc",
            "IPv4Addresses": v4,
            "IPv6Addresses": v6,
            "AttachmentIndex": 0,
            "MACAddress": host.mac,
            "IPv4SubnetCIDRBlock": subnet.and_then(|s| s.cidr),
            "DomainNameServers": host.resolvers,
            "DomainNameSearchList": ["ec2.internal"],
            "PrivateDNSName": format!("ip-{}.ec2.internal", v4.first().map(|a| a.to_string().replace('.', "-")).unwrap_or_default()),
            "SubnetGatewayIpv4Address": gateway,
        }],
    })
}

fn pod(world: &World, request: &HttpRequest) -> HttpResponse {
    if request.path != "/v1/credentials" {
        return plain(404, "404 page not found");
    }
    if request.header("authorization") != Some(POD_TOKEN) {
        return plain(400, "Service account token cannot be empty");
    }
    match world.credentials.source.as_str() {
        "default" => role_credentials(world),
        _ => plain(404, "no association"),
    }
}

fn plain(status: u16, text: &str) -> HttpResponse {
    HttpResponse::new(status, "text/plain", text).with("Server", "EC2ws")
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn expiration(world: &World) -> String {
    stamp(if world.credentials.expired {
        -3600
    } else {
        6 * 3600
    })
}

/// A moment this many seconds from now, to the second.
fn stamp(seconds: i64) -> String {
    let moment = jiff::Timestamp::now().as_second().saturating_add(seconds);
    jiff::Timestamp::from_second(moment)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}
