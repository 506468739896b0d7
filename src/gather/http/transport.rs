//! A TLS stream that remembers how it ended, since HTTP libraries do not tell.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::facts::{Failure, FailureKind};
use crate::gather::tls;

/// How a stream ended, if it has.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending(Arc<OnceLock<Failure>>);

impl Ending {
    /// The first thing that ended the stream.
    pub(super) fn get(&self) -> Option<Failure> {
        self.0.get().cloned()
    }

    fn note(&self, failure: Failure) {
        // Only the first counts; what follows is its consequence.
        let _ = self.0.set(failure);
    }

    fn watch<T>(&self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &poll {
            self.note(tls::failure(error));
        }
        poll
    }
}

/// The stream that is watched.
pub(super) struct Watched {
    stream: TlsStream<TcpStream>,
    ending: Ending,
    /// How much more may be read.
    left: usize,
    /// How much has been read since others had their turn.
    in_turn: usize,
}

/// The most that is read of an answer and of whatever precedes it: interim answers (1xx) may come without an end,
/// and each of them is short enough for every other limit.
const MOST: usize = 256 * 1024;
/// How much is read before others have their turn: who reads tiny answers without an end is busy with each of them.
const TURN: usize = 4 * 1024;

impl Watched {
    pub(super) fn new(stream: TlsStream<TcpStream>) -> (Self, Ending) {
        let ending = Ending::default();
        let watched = Watched {
            stream,
            ending: ending.clone(),
            left: MOST,
            in_turn: 0,
        };
        (watched, ending)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let text = format!("no end of the answer within {MOST} bytes");
            self.ending
                .note(Failure::new(FailureKind::Malformed, text.as_str()));
            return Poll::Ready(Err(io::Error::other(text)));
        }
        if self.in_turn >= TURN {
            self.in_turn = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        self.left = self.left.saturating_sub(read);
        self.in_turn += read;
        let at_end = matches!(poll, Poll::Ready(Ok(())))
            && buffer.filled().len() == before
            && buffer.remaining() > 0;
        if at_end {
            let text = "the peer closed the connection without an answer";
            self.ending.note(Failure::new(FailureKind::Reset, text));
        }
        self.ending.watch(poll)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.ending.watch(poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.ending.watch(poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
