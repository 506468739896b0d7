//! Answers that come compressed: the EC2 API compresses its answers where it is asked to (aws-sdk-java, pull request 256),
//! to a tenth of their length. What fits the first packets that TCP sends is there a round trip earlier.

use std::error::Error;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use flate2::write::GzDecoder;
use hyper::body::{Body, Bytes, Frame, SizeHint};

/// What a request says that may be answered so.
pub(super) const ACCEPT: (&str, &str) = ("accept-encoding", "gzip");

/// How much of a body is taken at a time: what comes of it is a thousand times as long at the most.
const PIECE: usize = 1024;

/// A body, plain whatever it comes as.
pub(super) struct Gunzip<B> {
    body: B,
    coding: Coding,
    /// What has come and is still compressed.
    rest: Bytes,
}

/// How a body comes.
enum Coding {
    Plain,
    /// The decoder is made when there is something to decode: it takes fifty kilobytes, and many answers are waited for at
    /// a time.
    Gzip(Option<Box<GzDecoder<Vec<u8>>>>),
}

impl<B> Gunzip<B> {
    /// The body of an answer whose `Content-Encoding` is this.
    pub(super) fn new(body: B, encoding: Option<&str>) -> Self {
        let is_gzip = encoding.is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case("gzip"));
        Gunzip {
            body,
            coding: match is_gzip {
                true => Coding::Gzip(None),
                false => Coding::Plain,
            },
            rest: Bytes::new(),
        }
    }
}

impl<B> Body for Gunzip<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        loop {
            let Coding::Gzip(decoder) = &mut this.coding else {
                let frame = Pin::new(&mut this.body).poll_frame(context);
                return frame.map(|frame| Some(frame?.map_err(Into::into)));
            };
            if !this.rest.is_empty() {
                let piece = this.rest.split_to(PIECE.min(this.rest.len()));
                let decoder = decoder.get_or_insert_with(begun);
                decoder.write_all(&piece)?;
                let plain = std::mem::take(decoder.get_mut());
                if !plain.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(plain.into()))));
                }
                continue;
            }
            match std::task::ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => {
                    // An end that comes too early is an error.
                    let decoder = decoder.get_or_insert_with(begun);
                    decoder.try_finish()?;
                    let plain = std::mem::take(decoder.get_mut());
                    this.coding = Coding::Plain;
                    if !plain.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(plain.into()))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.coding, Coding::Plain) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.coding {
            Coding::Plain => self.body.size_hint(),
            Coding::Gzip(_) => SizeHint::default(),
        }
    }
}

fn begun() -> Box<GzDecoder<Vec<u8>>> {
    Box::new(GzDecoder::new(Vec::new()))
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http_body_util::{BodyExt, Full, Limited, StreamBody};

    use super::*;

    fn compressed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    async fn read(bytes: Vec<u8>, encoding: Option<&str>) -> Result<Bytes, String> {
        let pieces = bytes.chunks(7).map(Bytes::copy_from_slice);
        let frames: Vec<_> = pieces.map(|b| Ok::<_, String>(Frame::data(b))).collect();
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let read = Gunzip::new(body, encoding).collect().await;
        read.map(|body| body.to_bytes())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn an_answer_is_the_same_plain_and_compressed() {
        let text: Vec<u8> = (0..5000u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        assert_eq!(read(text.clone(), None).await.unwrap(), text);
        assert_eq!(read(compressed(&text), Some("gzip")).await.unwrap(), text);
        assert_eq!(read(Vec::new(), None).await.unwrap(), "");
    }

    #[tokio::test]
    async fn what_is_cut_short_or_is_none_is_an_error() {
        let whole = compressed(b"an answer");
        for cut in [4, whole.len() / 2, whole.len() - 1] {
            let cut = whole[..cut].to_vec();
            assert!(read(cut, Some("gzip")).await.is_err());
        }
        assert!(read(b"<plain/>".to_vec(), Some("gzip")).await.is_err());
    }

    /// A hundred megabytes in a hundred kilobytes: read to the limit and no further.
    #[tokio::test]
    async fn a_bomb_is_given_up() {
        const LIMIT: usize = 1 << 20;
        let body = Full::new(Bytes::from(compressed(&vec![0; 100 << 20])));
        let mut body = Limited::new(Gunzip::new(body, Some("gzip")), LIMIT);
        let mut read = 0;
        let error = loop {
            match body.frame().await.unwrap() {
                Ok(frame) => read += frame.data_ref().map_or(0, Bytes::len),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("limit"), "{error}");
        assert!(read <= LIMIT);
    }
}
