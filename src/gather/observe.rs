//! The bounds of a run in time, and the one way to observe inside them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::sync::watch;

use super::pace::Pace;
use crate::facts::{Failure, FailureKind, Observation, Outcome};

/// When the run began, when it must end, and whether someone asked it to stop.
#[derive(Debug, Clone)]
pub struct Bounds {
    start: Instant,
    deadline: Instant,
    timeout: Duration,
    stop: watch::Receiver<bool>,
    pace: Arc<Pace>,
}

impl Bounds {
    /// Bounds of a run that begins now: one probe may take `timeout`, the whole `deadline`; `stop` turns true
    /// when the run is asked to end.
    pub fn new(timeout: Duration, deadline: Duration, stop: watch::Receiver<bool>) -> Self {
        let start = Instant::now();
        Bounds {
            start,
            deadline: start + deadline,
            timeout,
            stop,
            pace: Arc::default(),
        }
    }

    /// The same bounds, in which DNS packets count together with those of the runs before, of this host's interface as well.
    pub fn with_pace(self, pace: Arc<Pace>) -> Self {
        Bounds { pace, ..self }
    }

    /// The time limit of one probe.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The time left until the deadline.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Milliseconds since the run began.
    pub fn elapsed_ms(&self) -> f64 {
        millis(self.start.elapsed())
    }

    /// True once the run was asked to stop.
    pub fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until so many DNS packets may leave, the deadline or the wish to stop; no observation's time goes by.
    pub async fn pace(&self, packets: usize) {
        let wait = self.pace.book(packets, Instant::now());
        if wait.is_zero() {
            return;
        }
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(wait.min(self.left())) => {}
            () = stopped(&mut stop) => {}
        }
    }

    /// Counts DNS packets that leave at once, so that others wait for them.
    pub fn count_packets(&self, packets: usize) {
        self.pace.book(packets, Instant::now());
    }

    /// Waits for so long, until the deadline or the wish to stop.
    pub async fn pause(&self, length: Duration) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(length.min(self.left())) => {}
            () = stopped(&mut stop) => {}
        }
    }

    /// Observes within one probe's time limit.
    pub fn observe<T>(
        &self,
        what: impl Future<Output = Outcome<T>>,
    ) -> impl Future<Output = Observation<T>> {
        self.observe_within(self.timeout, what)
    }

    /// Observes within `limit`, the deadline and the wish to stop, whichever comes first.
    ///
    /// The probe's own limit and the deadline both give [`FailureKind::Timeout`]; what never began since
    /// the time was up or the run was stopped is skipped, with that reason.
    pub fn observe_within<T>(
        &self,
        limit: Duration,
        what: impl Future<Output = Outcome<T>>,
    ) -> impl Future<Output = Observation<T>> {
        Observing {
            bounds: self,
            began: None,
            what,
            end: self.end(limit),
        }
    }

    /// What an observation comes to that is still going on when its time is up, or the run is stopped.
    async fn end<T>(&self, limit: Duration) -> Outcome<T> {
        let left = self.left();
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            () = tokio::time::sleep(limit.min(left)) => {
                let detail = match limit <= left {
                    true => format!("no answer within {} ms", limit.as_millis()),
                    false => "no answer before the deadline".to_owned(),
                };
                Outcome::Failed(Failure::new(FailureKind::Timeout, detail))
            }
            () = stopped(&mut stop) => Outcome::Skipped("the run was interrupted".to_owned()),
        }
    }
}

pin_project! {
    /// An observation that goes on. What it observes lies in it once: an `async fn` would hold an argument twice that it
    /// waits for, and at each further level twice as often.
    struct Observing<'b, W, E> {
        bounds: &'b Bounds,
        began: Option<(f64, Instant)>,
        #[pin]
        what: W,
        #[pin]
        end: E,
    }
}

impl<T, W, E> Future for Observing<'_, W, E>
where
    W: Future<Output = Outcome<T>>,
    E: Future<Output = Outcome<T>>,
{
    type Output = Observation<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Observation<T>> {
        let this = self.project();
        let (at_ms, began) = match *this.began {
            Some(began) => began,
            None => {
                let at_ms = this.bounds.elapsed_ms();
                if this.bounds.stopped() {
                    return Poll::Ready(skipped(at_ms, "the run was interrupted"));
                }
                if this.bounds.left().is_zero() {
                    return Poll::Ready(skipped(at_ms, "the deadline had passed"));
                }
                *this.began.insert((at_ms, Instant::now()))
            }
        };
        let outcome = match this.what.poll(context) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => ready!(this.end.poll(context)),
        };
        Poll::Ready(Observation {
            at_ms,
            took_ms: millis(began.elapsed()),
            outcome,
        })
    }
}

/// A duration in milliseconds, to the microsecond.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

fn skipped<T>(at_ms: f64, reason: &str) -> Observation<T> {
    Observation {
        at_ms,
        took_ms: 0.0,
        outcome: Outcome::Skipped(reason.to_owned()),
    }
}

/// Resolves when the run is asked to stop; never, if nobody can ask any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(timeout_ms: u64, deadline_ms: u64) -> (watch::Sender<bool>, Bounds) {
        let (sender, receiver) = watch::channel(false);
        let bounds = Bounds::new(
            Duration::from_millis(timeout_ms),
            Duration::from_millis(deadline_ms),
            receiver,
        );
        (sender, bounds)
    }

    #[tokio::test]
    async fn what_hangs_times_out() {
        let (_sender, bounds) = bounds(5, 10_000);
        let observation = bounds.observe(std::future::pending::<Outcome<()>>()).await;
        assert_eq!(observation.failure_kind(), Some(FailureKind::Timeout));
    }

    #[tokio::test]
    async fn an_interruption_ends_what_runs_and_skips_what_follows() {
        let (sender, bounds) = bounds(10_000, 10_000);
        sender.send(true).unwrap();
        let observation = bounds.observe(std::future::pending::<Outcome<()>>()).await;
        assert!(observation.skip_reason().is_some());
    }

    #[tokio::test]
    async fn packets_beyond_what_may_leave_wait_no_longer_than_the_run() {
        let (_sender, bounds) = bounds(5, 50);
        let began = Instant::now();
        bounds.pace(1).await;
        assert!(began.elapsed() < Duration::from_millis(20));
        bounds.count_packets(1_000_000);
        bounds.pace(1).await;
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(bounds.left().is_zero());
    }

    #[tokio::test]
    async fn nothing_begins_after_the_deadline() {
        let (_sender, bounds) = bounds(5, 0);
        let observation = bounds.observe(async { Outcome::Seen(()) }).await;
        assert!(observation.skip_reason().is_some());
    }
}
