//! Answers from several places, without waiting long for the slowest once enough are there.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};

/// Waits for all, but for no more than `grace` after the `enough`th answer that is `good`. Who is missing then is missing from the result.
pub(crate) async fn gather<K: Ord, T>(
    asked: impl IntoIterator<Item = impl Future<Output = (K, T)>>,
    enough: usize,
    good: impl Fn(&T) -> bool,
    grace: Duration,
) -> BTreeMap<K, T> {
    let mut pending: FuturesUnordered<_> = asked.into_iter().collect();
    let mut answers = BTreeMap::new();
    let mut until: Option<Instant> = None;
    loop {
        let next = async {
            match until {
                Some(until) => tokio::select! {
                    biased;
                    next = pending.next() => next,
                    () = sleep_until(until) => None,
                },
                None => pending.next().await,
            }
        };
        let Some((key, answer)) = next.await else { return answers };
        answers.insert(key, answer);
        if until.is_none() && answers.values().filter(|answer| good(answer)).count() >= enough {
            until = Some(Instant::now() + grace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_millis(500);

    /// Who answered, and after how long all of it was over, in milliseconds. Who answers within 5 ms has only refused.
    async fn after(delays: [u64; 3]) -> (Vec<usize>, u128) {
        let started = Instant::now();
        let asked = delays.into_iter().enumerate().map(|(place, delay)| async move {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            (place, delay > 5)
        });
        let answers = gather(asked, 2, |good| *good, GRACE).await;
        (answers.into_keys().collect(), started.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_is_waited_for_a_little_and_no_longer() {
        assert_eq!(after([10, 20, 30]).await, (vec![0, 1, 2], 30));
        assert_eq!(after([10, 20, 400]).await, (vec![0, 1, 2], 400));
        assert_eq!(after([10, 2000, 20]).await, (vec![0, 2], 520));
    }

    #[tokio::test(start_paused = true)]
    async fn until_there_are_enough_it_waits_as_long_as_they_take() {
        assert_eq!(after([10, 2000, 3000]).await, (vec![0, 1], 2500));
        assert_eq!(after([1, 10, 2000]).await, (vec![0, 1, 2], 2000), "a refusal is no answer");
    }
}
