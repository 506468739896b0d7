//! Answers that come in pages, read to the end within bounds.

use std::collections::HashSet;

use crate::facts::{Failure, FailureKind};

/// The most pages that are read of one answer.
const MOST_PAGES: usize = 100;

/// One page and the token of the next, if there is one.
pub(super) type Page<T> = (Vec<T>, Option<String>);

/// Reads every page.
///
/// The EC2 API says "no more" by no token or by an empty one. A token that comes a second time would go on for
/// ever, so it ends the reading as a failure, as too many pages do: half a list must not read as all of it.
pub(super) async fn all<T, F>(mut page: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<Page<T>, Failure>>,
{
    let mut items = Vec::new();
    let mut seen = HashSet::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let (more, next) = page(token).await?;
        items.extend(more);
        let Some(next) = next.filter(|next| !next.is_empty()) else {
            return Ok(items);
        };
        if !seen.insert(next.clone()) {
            return Err(Failure::new(
                FailureKind::Malformed,
                "the answer's pages go round in a circle",
            ));
        }
        token = Some(next);
    }
    Err(Failure::new(
        FailureKind::Malformed,
        format!("the answer has more than {MOST_PAGES} pages"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_are_read_until_the_token_is_empty() {
        let items = all(async |token: Option<String>| {
            Ok(match token.as_deref() {
                None => (vec![1], Some("a".to_owned())),
                Some("a") => (vec![2], Some("b".to_owned())),
                Some(_) => (vec![3], Some(String::new())),
            })
        });
        assert_eq!(items.await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn circles_and_endless_answers_end() {
        let circle = all(async |_| Ok((vec![1], Some("a".to_owned())))).await;
        assert_eq!(circle.unwrap_err().kind, FailureKind::Malformed);
        let mut count = 0;
        let endless = all(|_| {
            count += 1;
            std::future::ready(Ok((vec![1], Some(count.to_string()))))
        });
        assert_eq!(endless.await.unwrap_err().kind, FailureKind::Malformed);
        assert_eq!(count, MOST_PAGES);
    }
}
