//! Metadata services that misbehave in every way, for the tests of this room.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a fake service does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status and a body, and the connection stays open.
    Reply(u16, String),
    /// The same, and the connection is closed.
    Last(u16, String),
    /// These bytes, and the connection is closed.
    Raw(&'static str),
    /// Nothing, ever.
    Stall,
    /// A right beginning, then a byte now and then.
    Trickle,
    /// A body of 100 MB.
    Endless,
}

impl Answer {
    pub(crate) fn ok(body: &str) -> Answer {
        Answer::Reply(200, body.to_owned())
    }

    pub(crate) fn status(status: u16) -> Answer {
        Answer::Reply(status, String::new())
    }
}

/// Serves on an address of this machine until the test's runtime ends; the function is given the head of the
/// request and its path.
pub(crate) async fn serve(
    answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                // The other side may close whenever it likes.
                let _ = connection(stream, &*answer).await;
            });
        }
    });
    address
}

async fn connection(
    mut stream: TcpStream,
    answer: &(impl Fn(&str, &str) -> Answer + Sync),
) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap();
        match answer(&head, path) {
            Answer::Reply(status, body) => {
                let length = body.len();
                let reply =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(reply.as_bytes()).await?;
            }
            Answer::Last(status, body) => {
                let reply = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n\r\n{body}");
                return stream.write_all(reply.as_bytes()).await;
            }
            Answer::Raw(bytes) => return stream.write_all(bytes.as_bytes()).await,
            Answer::Stall => std::future::pending().await,
            Answer::Trickle => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                    .await?;
                loop {
                    stream.write_all(b"a").await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Answer::Endless => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
                    .await?;
                for _ in 0..100 {
                    stream.write_all(&vec![b'a'; 1_000_000]).await?;
                }
                return Ok(());
            }
        }
    }
}
