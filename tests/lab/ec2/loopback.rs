//! The real AWS SDK against the lab's APIs, over plain HTTP on the loopback address: for unit tests only.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;

use super::super::http::{HttpRequest, HttpResponse};
use super::super::metadata;

/// Serves on a free port and gives its URL; requests seem to come from the lab's host to `server_address`.
pub fn serve(
    server_address: IpAddr,
    handler: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let handler = Arc::new(handler);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handler = Arc::clone(&handler);
            std::thread::spawn(move || converse(stream, server_address, &*handler));
        }
    });
    url
}

/// The lab's own credentials.
pub fn credentials() -> Credentials {
    Credentials::new(
        metadata::ACCESS_KEY_ID,
        metadata::SECRET_ACCESS_KEY,
        Some(metadata::SESSION_TOKEN.to_owned()),
        None,
        "lab",
    )
}

/// An EC2 client that calls `url` once per call.
pub fn ec2(url: &str) -> aws_sdk_ec2::Client {
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version(aws_sdk_ec2::config::BehaviorVersion::latest())
        .region(aws_sdk_ec2::config::Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(credentials())
        .http_client(http())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_ec2::Client::from_conf(config)
}

/// An SQS client that calls `url` once per call, with these credentials.
pub fn sqs(url: &str, credentials: Credentials) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(credentials)
        .http_client(http())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// Runs a test's future.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn http() -> SharedHttpClient {
    Builder::new().build_http()
}

/// One request, one response, one connection.
fn converse(
    mut stream: TcpStream,
    server_address: IpAddr,
    handler: &dyn Fn(&HttpRequest) -> HttpResponse,
) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            None => break,
        }
    }
    let mut request = HttpRequest {
        method,
        path,
        query,
        headers,
        body: Vec::new(),
        server_address,
        client_address: IpAddr::from([10, 0, 1, 10]),
    };
    let length = request.header("content-length").unwrap_or("0");
    request.body = vec![0; length.parse().expect("a length")];
    reader.read_exact(&mut request.body).expect("the body");
    let response = handler(&request);
    let mut head = format!("HTTP/1.1 {} Lab\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        response.body.len()
    ));
    stream.write_all(head.as_bytes()).expect("the head");
    stream.write_all(&response.body).expect("the body");
}
