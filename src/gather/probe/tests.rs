use std::sync::Arc;

use bytes_of::{ALERT_PROTOCOL_VERSION, ALERT_UNRECOGNIZED_NAME, SERVER_HELLO_TLS_1_0};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::peer::{Authority, NAME, OK, bounds, https, listen, read_head, respond};
use super::*;
use crate::facts::FailureKind;

mod bytes_of {
    pub(super) const ALERT_PROTOCOL_VERSION: &[u8] = &[21, 3, 1, 0, 2, 2, 70];
    pub(super) const ALERT_UNRECOGNIZED_NAME: &[u8] = &[21, 3, 3, 0, 2, 2, 112];
    /// A ServerHello of TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA and no session.
    pub(super) const SERVER_HELLO_TLS_1_0: &[u8] = &[
        22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
        9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0x2f, 0,
    ];
}

const NOW: (i32, i32) = (2020, 2050);

/// Probes a peer that reads a hello and answers it with these bytes, then closes.
async fn probe_raw(answer: &'static [u8]) -> AddressProbe {
    let socket = listen(move |mut stream| async move {
        let _ = stream.read(&mut [0; 8192]).await;
        let _ = stream.write_all(answer).await;
        let _ = stream.flush().await;
        // Whatever else the peer says is read, so that closing is no reset.
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    probe_at(
        &bounds(),
        &Authority::new("root").trust(),
        NAME,
        socket,
        |_| (),
    )
    .await
    .0
}

/// Probes a server with a right certificate that answers a request with these bytes and waits.
async fn probe_http(answer: impl Into<Vec<u8>>) -> AddressProbe {
    let root = Authority::new("root");
    let socket = https(root.leaf(&[NAME], NOW, &[]).config(&["http/1.1"]), answer).await;
    probe_at(&bounds(), &root.trust(), NAME, socket, |_| ())
        .await
        .0
}

#[tokio::test]
async fn a_healthy_service_is_seen_in_all_three_phases() {
    let probe = probe_http(OK).await;
    assert!(probe.tcp.seen().unwrap().local.is_loopback());
    let tls = probe.tls.seen().unwrap();
    assert_eq!(tls.version, "TLSv1.3");
    assert_eq!(tls.alpn.as_deref(), Some("http/1.1"));
    assert_eq!(tls.leaf().unwrap().issuer, "CN=root,O=Amazon,C=US");
    assert_eq!(tls.leaf().unwrap().names, [NAME]);
    assert!(tls.system_roots.reaches() && tls.service_roots.reaches() && tls.name_matches);
    let http = probe.http.seen().unwrap();
    assert_eq!(http.code, 404);
    assert_eq!(http.header("x-amzn-requestid"), Some("1"));
    assert_eq!(http.body, "hello");
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_agreed_on() {
    let root = Authority::new("root");
    let config = root.leaf(&[NAME], NOW, &[]).config(&["h2"]);
    let socket = listen(move |stream| {
        let config = config.clone();
        async move {
            let mut stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
            stream.read_exact(&mut [0; 24]).await.unwrap(); // the preface
            const HEADERS: u8 = 1;
            let mut kind = None;
            while kind != Some(HEADERS) {
                let mut head = [0; 9];
                stream.read_exact(&mut head).await.unwrap();
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; length as usize];
                stream.read_exact(&mut payload).await.unwrap();
                kind = Some(head[3]);
            }
            // SETTINGS, its acknowledgement, HEADERS with `:status: 200`, DATA that ends the stream.
            let frames = b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0\
                \0\0\x01\x01\x04\0\0\0\x01\x88\0\0\x08\0\x01\0\0\0\x01over two";
            stream.write_all(frames).await.unwrap();
            std::future::pending::<()>().await
        }
    })
    .await;
    let probe = probe_at(&bounds(), &root.trust(), NAME, socket, |_| ())
        .await
        .0;
    assert_eq!(probe.tls.seen().unwrap().alpn.as_deref(), Some("h2"));
    assert_eq!(probe.http.seen().unwrap().body, "over two");
}

#[tokio::test]
async fn the_request_is_unsigned_and_says_who_asks() {
    let root = Authority::new("root");
    let config = root.leaf(&[NAME], NOW, &[]).config(&["http/1.1"]);
    let (sender, mut heads) = mpsc::unbounded_channel();
    let socket = listen(move |stream| {
        let (config, sender) = (config.clone(), sender.clone());
        async move {
            let mut stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
            sender.send(read_head(&mut stream).await).unwrap();
        }
    })
    .await;
    probe_at(&bounds(), &root.trust(), NAME, socket, |_| ()).await;
    let head = String::from_utf8(heads.recv().await.unwrap()).unwrap();
    assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {NAME}\r\n")), "{head}");
    assert!(head.contains("user-agent: vpcheck/"), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
}

#[tokio::test]
async fn a_wrong_certificate_is_seen_and_the_request_sent_nonetheless() {
    let root = Authority::new("root");
    let expired = root.leaf(&["elsewhere.example.com"], (2020, 2021), &[]);
    let socket = https(expired.config(&[]), OK).await;
    let probe = probe_at(
        &bounds(),
        &Authority::new("other").trust(),
        NAME,
        socket,
        |_| (),
    )
    .await
    .0;
    let tls = probe.tls.seen().unwrap();
    assert!(!tls.name_matches);
    assert!(!tls.service_roots.reaches() && !tls.system_roots.reaches());
    assert_eq!(
        tls.leaf().unwrap().not_after.to_string(),
        "2021-01-01T00:00:00Z"
    );
    assert_eq!(tls.alpn, None);
    assert!(probe.http.is_seen());
}

#[tokio::test]
async fn a_closed_port_is_refused_and_nothing_follows() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = listener.local_addr().unwrap();
    drop(listener);
    let probe = probe_at(
        &bounds(),
        &Authority::new("root").trust(),
        NAME,
        socket,
        |_| (),
    )
    .await
    .0;
    assert_eq!(probe.tcp.failure_kind(), Some(FailureKind::Refused));
    assert_eq!(probe.tls.skip_reason(), Some(NO_CONNECTION));
    assert_eq!(probe.http.skip_reason(), Some(NO_CONNECTION));
}

#[tokio::test]
async fn an_ipv6_address_without_a_route_is_skipped_and_not_tried() {
    let (bounds, trust) = (bounds(), Authority::new("root").trust());
    let address = "2001:db8::1".parse().unwrap();
    let probe = probe(&bounds, &trust, NAME, address, false, |_| ()).await.0;
    for reason in [
        probe.tcp.skip_reason(),
        probe.tls.skip_reason(),
        probe.http.skip_reason(),
    ] {
        assert_eq!(reason, Some("this host has no IPv6 route"));
    }
}

#[tokio::test]
async fn a_peer_that_accepts_and_says_nothing_is_a_handshake_timeout() {
    let socket = listen(async |_stream| std::future::pending().await).await;
    let probe = probe_at(
        &bounds(),
        &Authority::new("root").trust(),
        NAME,
        socket,
        |_| (),
    )
    .await
    .0;
    assert!(probe.tcp.is_seen());
    assert_eq!(probe.tls.failure_kind(), Some(FailureKind::Timeout));
    assert_eq!(probe.http.skip_reason(), Some(NO_HANDSHAKE));
}

#[tokio::test]
async fn a_connection_that_is_closed_in_the_handshake_is_a_reset() {
    assert_eq!(
        probe_raw(b"").await.tls.failure_kind(),
        Some(FailureKind::Reset)
    );
    // Closing with the hello unread makes the kernel send a reset.
    let socket = listen(async |stream| {
        let _ = stream.readable().await;
    })
    .await;
    let probe = probe_at(
        &bounds(),
        &Authority::new("root").trust(),
        NAME,
        socket,
        |_| (),
    )
    .await
    .0;
    assert_eq!(probe.tls.failure_kind(), Some(FailureKind::Reset));
}

#[tokio::test]
async fn an_alert_is_named() {
    let probe = probe_raw(ALERT_UNRECOGNIZED_NAME).await;
    let failure = probe.tls.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Alert);
    assert!(
        failure.detail.contains("UnrecognisedName"),
        "{}",
        failure.detail
    );
}

#[tokio::test]
async fn a_peer_without_tls_1_2_is_too_old_by_alert_and_by_hello() {
    for answer in [ALERT_PROTOCOL_VERSION, SERVER_HELLO_TLS_1_0] {
        let probe = probe_raw(answer).await;
        assert_eq!(
            probe.tls.failure_kind(),
            Some(FailureKind::TooOld),
            "{:?}",
            probe.tls
        );
    }
}

#[tokio::test]
async fn what_is_no_tls_is_malformed() {
    let probe = probe_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(probe.tls.failure_kind(), Some(FailureKind::Malformed));
}

#[tokio::test]
async fn a_peer_that_closes_instead_of_answering_the_request_is_a_reset() {
    let root = Authority::new("root");
    let config = root.leaf(&[NAME], NOW, &[]).config(&["http/1.1"]);
    let socket = listen(move |stream| {
        let config = config.clone();
        async move {
            let mut stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
            read_head(&mut stream).await;
        }
    })
    .await;
    let probe = probe_at(&bounds(), &root.trust(), NAME, socket, |_| ())
        .await
        .0;
    assert!(probe.tls.is_seen());
    assert_eq!(probe.http.failure_kind(), Some(FailureKind::Reset));
}

#[tokio::test]
async fn a_request_without_an_answer_is_a_timeout_and_garbage_is_malformed() {
    let silent = probe_http("").await;
    assert_eq!(silent.http.failure_kind(), Some(FailureKind::Timeout));
    let garbage = probe_http("220 mail.example.com ESMTP\r\n").await;
    assert_eq!(garbage.http.failure_kind(), Some(FailureKind::Malformed));
}

#[tokio::test]
async fn a_body_that_stalls_does_not_cost_the_head() {
    let probe = probe_http("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart").await;
    assert_eq!(probe.http.seen().unwrap().body, "part");
}

#[tokio::test]
async fn headers_and_bodies_are_kept_up_to_a_bound() {
    let mut answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n".to_owned();
    for n in 0..100 {
        answer.push_str(&format!("x-{n}: {}\r\n", "v".repeat(600)));
    }
    answer.push_str("\r\n");
    answer.push_str(&"b".repeat(100_000));
    let probe = probe_http(answer).await;
    let http = probe.http.seen().unwrap();
    assert_eq!(http.headers.len(), 64);
    assert!(http.headers.iter().all(|(_, value)| value.len() <= 512));
    assert_eq!(http.body.len(), 2048);
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let head = format!("HTTP/1.1 200 OK\r\nx: {}", "v".repeat(1_000_000));
    let probe = probe_http(head).await;
    assert_eq!(probe.http.failure_kind(), Some(FailureKind::Malformed));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let answer =
        "HTTP/1.1 302 Found\r\nLocation: https://aws.amazon.com/\r\nContent-Length: 0\r\n\r\n";
    let probe = probe_http(answer).await;
    let http = probe.http.seen().unwrap();
    assert_eq!(
        (http.code, http.header("location")),
        (302, Some("https://aws.amazon.com/"))
    );
}

#[tokio::test]
async fn a_version_1_certificate_of_a_middlebox_is_seen_and_reaches_nothing() {
    let config = peer_presenting(CertificateDer::from_pem_slice(VERSION_1).unwrap());
    let socket = listen(move |stream| respond(config.clone(), stream, OK)).await;
    let probe = probe_at(
        &bounds(),
        &Authority::new("root").trust(),
        NAME,
        socket,
        |_| (),
    )
    .await
    .0;
    let tls = probe.tls.seen().expect("a handshake");
    assert_eq!(tls.leaf().unwrap().issuer, "CN=middlebox");
    assert!(!tls.service_roots.reaches() && !tls.name_matches);
}

#[tokio::test]
async fn a_right_certificate_without_its_key_is_worth_nothing() {
    let root = Authority::new("root");
    let certificate = root.leaf(&[NAME], NOW, &[]).chain.remove(0);
    let config = peer_presenting(certificate);
    let socket = listen(move |stream| respond(config.clone(), stream, OK)).await;
    let probe = probe_at(&bounds(), &root.trust(), NAME, socket, |_| ())
        .await
        .0;
    let tls = probe.tls.seen().expect("a handshake");
    assert!(!tls.service_roots.reaches() && !tls.system_roots.reaches());
}

#[derive(Debug)]
struct Fixed(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Fixed {
    fn resolve(
        &self,
        _: rustls::server::ClientHello<'_>,
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server that presents this certificate and holds another key.
fn peer_presenting(certificate: CertificateDer<'static>) -> Arc<rustls::ServerConfig> {
    let key = rcgen::KeyPair::generate().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let certified = rustls::sign::CertifiedKey::new(vec![certificate], key);
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Fixed(Arc::new(certified))));
    Arc::new(config)
}

/// A certificate of X.509 version 1, as a self-signing `openssl x509 -req` makes it.
const VERSION_1: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBIjCByQIUby7jqTmTGxJ1XJvZqv64/79RduswCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbWlkZGxlYm94MB4XDTI2MTEyMTA4NDI0MFoXDTQ2MDEyMDA4NDI0MFow
FDESMBAGA1UEAwwJbWlkZGxlYm94MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
GOBcIahGBM1VL5pGmdZi3ti9rmlaWttriRdOqaXCdZIiKg5KxrgM3yz54VGF+DwY
9yjQh2GpvjW7uaaEhSkuPTAKBggqhkjOPQQDAgNIADBFAiBqhV4EE5KsILoTIPWp
0VnlPPDTB+tgm+qoKRaHn2+gRgIhALqc4yGisQ/9OULnnVArkywPe3OCWj5rVe2g
v7YbMDI+
-----END CERTIFICATE-----";
