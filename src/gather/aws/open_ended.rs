//! Answers that end with their connection, as HTTP/1.0 has them.
//!
//! A server that says neither how long its answer is nor where it ends closes the connection instead, and not
//! every one says goodbye in TLS first. What was cut short on the way is no whole JSON or XML, which its reader
//! notices; so the missing goodbye alone is no reason to throw an answer away.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::failure;

/// A body whose end may be that of its connection.
#[derive(Debug)]
pub(super) struct OpenEnded<B> {
    body: B,
    /// False where the answer's head tells where it ends.
    may_end: bool,
}

impl<B> OpenEnded<B> {
    /// The body of an answer with these headers.
    pub(super) fn new(body: B, header: impl Fn(&'static str) -> bool) -> Self {
        let told = header("content-length") || header("transfer-encoding");
        OpenEnded {
            body,
            may_end: !told,
        }
    }
}

impl<B> Body for OpenEnded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        frame.map(|frame| match frame?.map_err(Into::into) {
            Err(error) if self.may_end && is_end(error.as_ref()) => None,
            frame => Some(frame),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn is_end(error: &(dyn Error + 'static)) -> bool {
    failure::causes(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    async fn read(kind: io::ErrorKind, told: bool) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
        let frames = [
            Ok(Frame::data(Bytes::from_static(b"{}"))),
            Err(io::Error::from(kind)),
        ];
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let body = OpenEnded::new(body, |name| told && name == "content-length");
        body.collect().await.map(|body| body.to_bytes())
    }

    #[tokio::test]
    async fn the_end_of_the_connection_ends_what_has_no_other_end() {
        let eof = io::ErrorKind::UnexpectedEof;
        assert_eq!(read(eof, false).await.unwrap(), "{}");
        assert!(read(eof, true).await.is_err());
        let reset = io::ErrorKind::ConnectionReset;
        assert!(read(reset, false).await.is_err());
    }
}
