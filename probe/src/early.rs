//! How many rounds tripwires may start. No clock: moments are counted from whatever the caller counts from.

use std::collections::VecDeque;
use std::time::Duration;

use crate::pace::Pace;

/// How many rounds tripwires may start: a flapping socket must not become a storm.
#[derive(Debug, Clone)]
pub struct EarlyRounds {
    gap: Duration,
    max: usize,
    window: Duration,
    starts: VecDeque<Duration>,
}

impl EarlyRounds {
    /// None was started yet.
    #[must_use]
    pub fn new(pace: &Pace) -> Self {
        Self { gap: pace.early, max: pace.early_max, window: pace.early_window, starts: VecDeque::new() }
    }

    /// When the early round may start that a loss at `now` asks for; `None` = there were enough.
    pub fn admit(&mut self, now: Duration) -> Option<Duration> {
        while self.starts.front().is_some_and(|start| now.saturating_sub(*start) >= self.window) {
            self.starts.pop_front();
        }
        let last = self.starts.back().copied();
        // One that is still to come serves this loss too.
        if let Some(planned) = last.filter(|last| *last > now) {
            return Some(planned);
        }
        if self.starts.len() >= self.max {
            return None;
        }
        let start = last.map_or(now, |last| now.max(last + self.gap));
        self.starts.push_back(start);
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_rounds_are_a_second_apart_and_ten_a_minute() {
        let mut early = EarlyRounds::new(&Pace::default());
        let at = Duration::from_millis;
        assert_eq!(early.admit(at(0)), Some(at(0)), "the first at once");
        assert_eq!(early.admit(at(100)), Some(at(1000)), "the second a second later");
        assert_eq!(early.admit(at(200)), Some(at(1000)), "one round serves both");
        let admitted = (2..58).filter(|second| early.admit(at(second * 1000)).is_some()).count();
        assert_eq!(admitted, 8, "ten in the first minute");
        assert_eq!(early.admit(at(61_500)), Some(at(61_500)), "and again when the minute is over");
    }
}
