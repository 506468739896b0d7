//! Answers whoever asks over HTTP: few at a time, shortly, and what is on the board.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{AppError, Shown, board, now};
use crate::watch::{Answer, LARGEST_REQUEST, Read, Status, read, refusal};

/// Who comes while so many are being answered is turned away.
const AT_ONCE: usize = 16;
/// How long a request may take to come, and an answer to go.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much is still read of what is not answered, so that the refusal arrives.
const LEFTOVER: usize = 64 * 1024;

/// A listener, until it is dropped.
pub(super) struct Server(JoinHandle<()>);

impl Server {
    /// Listens, and answers from what is shown.
    pub(super) fn start(place: SocketAddr, shown: &Shown) -> Result<Server, AppError> {
        let failed = |error| AppError::Unknown(format!("cannot listen on {place}: {error}"));
        let listener = TcpListener::bind(place).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        if !place.ip().is_loopback() {
            tracing::warn!(
                "whoever reaches {place} can read the report: it is plain HTTP and asks nobody who they are"
            );
        }
        let shown = Arc::clone(shown);
        Ok(Server(tokio::spawn(async move {
            let room = Arc::new(Semaphore::new(AT_ONCE));
            loop {
                let stream = match listener.accept().await {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::debug!("a connection was not accepted: {error}");
                        // Where no file is left, the next attempt fails as well.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let Ok(place_in_room) = Arc::clone(&room).try_acquire_owned() else {
                    continue;
                };
                let shown = Arc::clone(&shown);
                let is_private = place.ip().is_loopback();
                tokio::spawn(async move {
                    // Whoever does not wait for the answer does not need it.
                    let _ = tokio::time::timeout(PATIENCE * 2, answer(stream, &shown, is_private))
                        .await;
                    drop(place_in_room);
                });
            }
        })))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn answer(mut stream: TcpStream, shown: &Shown, is_private: bool) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let request = tokio::time::timeout(PATIENCE, request(&mut stream, &mut bytes)).await;
    let (answer, is_head) = match request {
        Err(_) => (refusal(Status::Timeout), false),
        Ok(Err(error)) => return Err(error),
        Ok(Ok(Read::Part)) => return Ok(()),
        Ok(Ok(Read::Refused(status))) => (refusal(status), false),
        Ok(Ok(Read::Whole(request))) if is_private && !request.is_for_this_host() => {
            (refusal(Status::Misdirected), request.is_head)
        }
        Ok(Ok(Read::Whole(request))) => (found(shown, &request.path), request.is_head),
    };
    stream.write_all(&answer.bytes(is_head)).await?;
    stream.shutdown().await?;
    // A connection that is closed with something unread on it is reset, and the answer with it.
    let mut left = LEFTOVER;
    let mut rest = [0; 1024];
    while left > 0 {
        match tokio::time::timeout(PATIENCE / 5, stream.read(&mut rest)).await {
            Ok(Ok(length)) if length > 0 => left = left.saturating_sub(length),
            _ => break,
        }
    }
    Ok(())
}

fn found(shown: &Shown, path: &str) -> Answer {
    let answer = board(shown).answer(path, now());
    answer.unwrap_or_else(|| refusal(Status::NotFound))
}

/// Reads until there is a request, or what cannot become one.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<Read> {
    let mut part = [0; 1024];
    loop {
        let length = stream.read(&mut part).await?;
        if length == 0 {
            return Ok(Read::Part);
        }
        let room = LARGEST_REQUEST.saturating_sub(bytes.len());
        bytes.extend(part.iter().take(length.min(room)));
        match read(bytes) {
            Read::Part => {}
            whole => return Ok(whole),
        }
    }
}
