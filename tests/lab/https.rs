//! HTTPS on port 443 of every address that answers: TLS as the address has it, then the service's HTTP.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;

use super::ec2::Ec2;
use super::hostile::{self, Cut};
use super::http::{Answer, HttpRequest, HttpResponse};
use super::physics::{Fate, Peer};
use super::pki::{Leaf, Pki};
use super::public_names;
use super::sockets;
use super::sqs::Sqs;
use super::store::Store;
use super::wire;
use super::world::World;

/// How long a stalled connection is kept open: longer than anybody's patience.
const STALL: Duration = Duration::from_secs(600);
/// A ClientHello beyond this does not fit one packet: it carries a post-quantum key share.
const LARGE_HELLO: usize = 1100;
/// A request beyond this takes several full packets.
const LARGE_REQUEST: usize = 8 * 1024;

/// What the servers share.
pub struct Services {
    /// The world.
    pub world: Arc<World>,
    /// Its certificates.
    pub pki: Pki,
    /// The EC2 API.
    pub ec2: Ec2,
    /// SQS with its messages.
    pub sqs: Sqs,
    /// What is kept for many agents.
    pub store: Store,
}

/// Listens for every peer that accepts connections. One of a family that the host has no address of is nobody.
pub fn serve(services: Arc<Services>, peers: Vec<Peer>) -> io::Result<()> {
    let own = &services.world.host.addresses;
    let (v4, v6) = (
        own.iter().any(IpAddr::is_ipv4),
        own.iter().any(IpAddr::is_ipv6),
    );
    let accepting = peers
        .into_iter()
        .filter(|p| matches!(p.fate, Fate::Answers | Fate::Resets))
        .filter(|p| if p.address.is_ipv4() { v4 } else { v6 });
    for peer in accepting {
        let listener = sockets::listen(peer.address, 443)?;
        let (services, peer) = (Arc::clone(&services), Arc::new(peer));
        tokio::spawn(async move {
            while let Ok((stream, client)) = listener.accept().await {
                // Answers are not held back for an acknowledgement, as services do not hold theirs.
                let _ = stream.set_nodelay(true);
                // On the heap from the start: what it may have to do makes it large, and most connections do little of it.
                let (services, peer) = (Arc::clone(&services), Arc::clone(&peer));
                tokio::spawn(Box::pin(connection(services, peer, stream, client.ip())));
            }
        });
    }
    Ok(())
}

/// The services' time of day as a `Date` header has it.
pub fn date(world: &World) -> String {
    let ahead = jiff::SignedDuration::from_secs(world.clock.services_ahead_seconds);
    let now = jiff::Timestamp::now()
        .saturating_add(ahead)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A fresh request id in the form most services use.
pub fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn reset(stream: &TcpStream) {
    // A connection that is gone already needs no reset.
    let _ = stream.set_zero_linger();
}

async fn connection(services: Arc<Services>, peer: Arc<Peer>, stream: TcpStream, client: IpAddr) {
    if peer.fate == Fate::Resets {
        reset(&stream);
        return;
    }
    // A client that goes away ends its connection; nobody needs to hear of it.
    let _ = handshake(&services, &peer, stream, client).await;
}

async fn handshake(
    services: &Services,
    peer: &Peer,
    stream: TcpStream,
    client: IpAddr,
) -> io::Result<()> {
    let behaviour = peer.behaviour.tls.as_str();
    if behaviour == "stall" && peer.behaviour.tls_names.is_empty() {
        tokio::time::sleep(STALL).await;
        return Ok(());
    }
    if behaviour == "stall-large-hello" && hello_size(&stream).await? > LARGE_HELLO {
        tokio::time::sleep(STALL).await;
        return Ok(());
    }
    let stream = Cut::new(stream);
    let mut start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let name = start
        .client_hello()
        .server_name()
        .map(str::to_ascii_lowercase);
    let concerned = peer.behaviour.tls_names.is_empty()
        || name
            .as_ref()
            .is_some_and(|name| peer.behaviour.tls_names.contains(name));
    let behaviour = if concerned { behaviour } else { "ok" };
    let leaf = match behaviour {
        "stall" => {
            tokio::time::sleep(STALL).await;
            return Ok(());
        }
        "reset" => {
            reset(start.io.inner());
            return Ok(());
        }
        // A fatal handshake_failure and a fatal protocol_version, as a server sends that finds nothing in common.
        "alert" => return start.io.write_all(&[21, 3, 3, 0, 2, 2, 40]).await,
        "old-version" => return start.io.write_all(&[21, 3, 1, 0, 2, 2, 70]).await,
        manner if hostile::TLS.contains(&manner) => {
            return hostile::instead_of_tls(start.io.into_inner(), manner).await;
        }
        "intercepted" => Leaf::Intercepted,
        "expired" => Leaf::Expired,
        "not-yet-valid" => Leaf::NotYetValid,
        "wrong-name" => Leaf::WrongName,
        "many-names" => Leaf::ManyNames,
        "too-many-names" => Leaf::TooManyNames,
        "long-chain" => Leaf::LongChain,
        "circle" => Leaf::Circle,
        "malformed-certificate" => Leaf::Malformed,
        "no-certificate" => Leaf::Nothing,
        _ => Leaf::Genuine,
    };
    let label = peer.label.as_deref().map(str::to_owned).or_else(|| {
        let name = name.as_deref()?;
        public_names::lookup(&services.world, name).map(|found| found.label)
    });
    let config = services
        .pki
        .config(&services.world, leaf, label.as_deref(), name.as_deref())
        .map_err(io::Error::other)?;
    // Amid the server's flight: behind the ServerHello, within the certificates.
    match behaviour {
        "stall-half-way" => start.io.cut_after(600, false),
        "reset-half-way" => start.io.cut_after(600, true),
        _ => {}
    }
    let mut tls = start.into_stream(config).await?;
    let mut buffer = Vec::new();
    while let Some(received) = wire::read(&mut tls, &mut buffer, peer.address, client).await? {
        let answer = match peer.behaviour.http.as_str() {
            "stall" => Answer::Hang,
            "stall-large" if received.size > LARGE_REQUEST => Answer::Hang,
            "reset" => {
                reset(tls.get_ref().0.inner());
                return Ok(());
            }
            "close" => Answer::Close,
            "garbage" => Answer::Raw(b"\x00\x01\x02 this is not HTTP\r\n\r\n".to_vec()),
            "not-aws" => web_server().into(),
            // A service that quotes what it was told, and refuses it.
            "echo" => hostile::echo(&received.request).into(),
            // Elsewhere, and never to be followed.
            "redirect-away" => hostile::redirect_away().into(),
            manner => {
                if manner == "slow" {
                    tokio::time::sleep(Duration::from_millis(1500)).await;
                }
                match answer(services, label.as_deref(), &received.request) {
                    Answer::Respond(response) if hostile::HTTP.contains(&manner) => {
                        Answer::Badly(manner.to_owned(), response)
                    }
                    answer => answer,
                }
            }
        };
        match answer {
            Answer::Respond(response) => {
                let date = date(&services.world);
                let head = received.request.method == "HEAD";
                wire::write(&mut tls, &response, head, received.keep_alive, Some(&date)).await?;
                if !received.keep_alive {
                    break;
                }
            }
            Answer::Hang => {
                tokio::time::sleep(STALL).await;
                return Ok(());
            }
            Answer::Raw(bytes) => {
                tls.write_all(&bytes).await?;
                break;
            }
            Answer::Badly(manner, response) => {
                let whole = wire::bytes(&response, false, true, Some(&date(&services.world)));
                if hostile::respond(&mut tls, &manner, &whole).await? == hostile::Then::Reset {
                    reset(tls.get_ref().0.inner());
                    return Ok(());
                }
                break;
            }
            Answer::Close => break,
        }
    }
    tls.shutdown().await
}

/// The length of the ClientHello's record, looked at and left in place.
async fn hello_size(stream: &TcpStream) -> io::Result<usize> {
    let mut header = [0_u8; 5];
    for _ in 0..100 {
        if stream.peek(&mut header).await? == header.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(usize::from(u16::from_be_bytes([header[3], header[4]])))
}

fn answer(services: &Services, label: Option<&str>, request: &HttpRequest) -> Answer {
    let asks = request.header("authorization").is_some()
        || !matches!(request.method.as_str(), "GET" | "HEAD")
        || request.query.contains("Action=");
    match label {
        Some("sqs") if asks => services.sqs.answer(request),
        Some("ec2") if asks => services.ec2.answer(request),
        Some(label @ ("s3" | "ssm")) if asks => services
            .store
            .answer(&services.world, label, request)
            .unwrap_or_else(|| unsigned(&services.world, label, request).into()),
        Some(label) => unsigned(&services.world, label, request).into(),
        None => web_server().into(),
    }
}

/// What AWS's services say to somebody who shows no signature.
fn unsigned(world: &World, label: &str, request: &HttpRequest) -> HttpResponse {
    let id = request_id();
    let region = &world.region;
    match label {
        "s3" | "s3-control" | "s3-accesspoint" => {
            let response = if request.path == "/" {
                HttpResponse {
                    status: 307,
                    headers: vec![("Location".into(), "https://aws.amazon.com/s3/".into())],
                    body: Vec::new(),
                }
            } else {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>{id}</RequestId></Error>"
                );
                HttpResponse::new(403, "application/xml", body)
            };
            let short: String = id
                .replace('-', "")
                .to_uppercase()
                .chars()
                .take(16)
                .collect();
            response
                .with("x-amz-request-id", short)
                .with("x-amz-id-2", "bGFi")
                .with("Server", "AmazonS3")
        }
        "dynamodb" => HttpResponse::new(
            200,
            "text/plain",
            format!("healthy: dynamodb.{region}.{} ", world.dns_suffix()),
        )
        .with("x-amzn-RequestId", id.replace('-', "").to_uppercase())
        .with("x-amz-crc32", "3128867991")
        .with("Server", "Server"),
        "dkr.ecr" => HttpResponse::new(401, "text/plain; charset=utf-8", "Not Authorized\n")
            .with("Docker-Distribution-Api-Version", "registry/2.0")
            .with(
                "Www-Authenticate",
                format!(
                    "Basic realm=\"https://{}/\",service=\"ecr.amazonaws.com\"",
                    request.host()
                ),
            ),
        "ec2" | "sts" | "iam" if matches!(request.method.as_str(), "GET" | "HEAD") => {
            let page = if label == "ec2" {
                "https://aws.amazon.com/ec2"
            } else {
                "https://aws.amazon.com/iam"
            };
            HttpResponse {
                status: 302,
                headers: vec![("Location".into(), page.into())],
                body: Vec::new(),
            }
            .with("x-amzn-RequestId", id)
        }
        _ if request.path == "/ping" => {
            HttpResponse::new(200, "text/plain", "healthy").with("x-amzn-RequestId", id)
        }
        _ if request.header("authorization").is_some() => {
            let body = "{\"__type\":\"AccessDeniedException\",\"Message\":\"not for this caller\"}";
            HttpResponse::new(400, "application/x-amz-json-1.1", body).with("x-amzn-RequestId", id)
        }
        _ => HttpResponse::new(404, "application/xml", "<UnknownOperationException/>\n")
            .with("x-amzn-RequestId", id),
    }
}

/// Some web server that is not AWS.
fn web_server() -> HttpResponse {
    HttpResponse::new(
        200,
        "text/html",
        "<html><head><title>Welcome</title></head><body>It works.</body></html>\n",
    )
    .with("Server", "nginx")
}
