//! By when a handler has to be done: before Lambda ends the invocation, which it does without a word.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

/// How long before the invocation's end everything has to be done, so that the answer still gets out.
pub const MARGIN: Duration = Duration::from_millis(250);

/// When a handler has to be done: [`MARGIN`] before the end of the invocation; a fifth of what is left, where that is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// Something was not done by the [`Deadline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not done within {0:.1?}, before the end of the invocation: look for the call that did not answer, or give the function more time")]
pub struct Overdue(Duration);

impl Deadline {
    /// The deadline of an invocation that ends at `end`, when it is `now`.
    #[must_use]
    pub fn of(end: SystemTime, now: SystemTime) -> Self {
        let left = end.duration_since(now).unwrap_or_default();
        // A test's end of time is centuries away.
        let left = left.min(Duration::from_secs(24 * 3600));
        Self(Instant::now() + left.saturating_sub(MARGIN.min(left / 5)))
    }

    /// The moment itself.
    #[must_use]
    pub fn at(self) -> Instant {
        self.0
    }

    /// How long until then.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The outcome of `work` if it is done in time. Else it is dropped, and every call that it waits for with it.
    ///
    /// # Errors
    /// [`Overdue`].
    pub async fn within<T>(self, work: impl Future<Output = T>) -> Result<T, Overdue> {
        let left = self.left();
        timeout_at(self.0, work).await.map_err(|_| Overdue(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_margin_is_a_quarter_of_a_second_and_never_more_than_a_fifth() {
        let now = SystemTime::now();
        for (invocation, expected) in [(10_000, 9_750), (2_000, 1_750), (500, 400), (0, 0)] {
            let left = Deadline::of(now + Duration::from_millis(invocation), now).left();
            let expected = Duration::from_millis(expected);
            assert!(left <= expected && expected - left < Duration::from_millis(100), "{invocation}: {left:?}");
        }
        assert_eq!(Deadline::of(now, now + Duration::from_secs(1)).left(), Duration::ZERO, "an invocation that is over");
    }

    #[tokio::test]
    async fn what_is_late_is_dropped_and_said() {
        let now = SystemTime::now();
        let deadline = Deadline::of(now + Duration::from_millis(50), now);
        let error = deadline.within(std::future::pending::<()>()).await.unwrap_err();
        assert!(error.to_string().starts_with("not done within"), "{error}");
        assert_eq!(deadline.within(std::future::ready(1)).await, Ok(1), "what is ready is taken even then");
    }
}
