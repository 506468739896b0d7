//! How much of all answers together may be in memory at a time: a container may have little of it.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// Bytes that answers being read may still take.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// A budget of this many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Budget(Arc::new(AtomicUsize::new(bytes)))
    }

    /// A body that lives on this budget.
    pub(super) fn feed<B>(&self, body: B) -> Fed<B> {
        Fed {
            body,
            budget: self.clone(),
            taken: 0,
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

/// A body that takes what it holds from a budget, and gives it back when it has been read.
#[derive(Debug)]
pub(super) struct Fed<B> {
    body: B,
    budget: Budget,
    taken: usize,
}

impl<B> Body for Fed<B>
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
        frame.map(|frame| {
            let frame = match frame? {
                Ok(frame) => frame,
                Err(error) => return Some(Err(error.into())),
            };
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            if !self.budget.take(bytes) {
                return Some(Err("the answers are longer together than is read".into()));
            }
            self.taken = self.taken.saturating_add(bytes);
            Some(Ok(frame))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Fed<B> {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn what_was_read_is_given_back_and_what_is_too_much_is_not_read() {
        let budget = Budget::new(10);
        let body = |bytes: usize| Full::new(Bytes::from(vec![0; bytes]));
        for _ in 0..3 {
            assert!(budget.feed(body(10)).collect().await.is_ok());
        }
        assert!(budget.feed(body(11)).collect().await.is_err());
        let mut held = budget.feed(body(6));
        assert!(held.frame().await.unwrap().is_ok());
        assert!(budget.feed(body(6)).collect().await.is_err());
        drop(held);
        assert!(budget.feed(body(6)).collect().await.is_ok());
    }
}
