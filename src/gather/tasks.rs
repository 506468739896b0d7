//! Work on as many processors as there are: each piece a task of its own, which ends with whoever waits for it.

use std::future::pending;

use tokio::task::{JoinError, JoinSet};

/// All outcomes, in any order.
pub(super) async fn all<F>(work: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut running: JoinSet<_> = work.into_iter().collect();
    let mut outcomes = Vec::with_capacity(running.len());
    while let Some(one) = running.join_next().await {
        outcomes.push(outcome(one).await);
    }
    outcomes
}

/// The one outcome.
pub(crate) async fn one<F>(work: F) -> F::Output
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut running: JoinSet<_> = std::iter::once(work).collect();
    match running.join_next().await {
        Some(one) => outcome(one).await,
        None => pending().await,
    }
}

async fn outcome<T>(ended: Result<T, JoinError>) -> T {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(outcome) => outcome,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // Only the end of the process stops a task that is waited for.
        Err(Err(_)) => pending().await,
    }
}
