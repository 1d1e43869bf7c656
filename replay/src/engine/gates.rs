//! What one observer's gate shows: votes as it last read them, and whether they are fresh.
//!
//! Whether anybody gets through to a gate is not its business.

use std::time::Duration;

use decision::{RegionName, Vote, Votes};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

/// How long one read of the votes is good for.
const CACHED_FOR: Duration = Duration::from_secs(1);

/// One observer's gate. Sixty-four checkers ask it within ten seconds, so that it reads about once a second.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    /// By region; nothing before the first read.
    shown: Option<[Vote; 3]>,
    generation: u64,
    decided_at: Option<Timestamp>,
    alive: bool,
}

impl Gate {
    /// Reads the votes, unless they are an old copy of what it knows. Returns whether it shows anything else now.
    pub(super) fn read(&mut self, votes: &Votes, names: &[RegionName; 3]) -> bool {
        let is_old = self.decided_at.is_some_and(|known| votes.generation < self.generation && votes.decided_at < known);
        if is_old {
            return false;
        }
        (self.generation, self.decided_at) = (votes.generation, Some(votes.decided_at));
        let shown = Some(names.each_ref().map(|name| votes.regions.get(name).map_or(Vote::Serve, |entry| entry.vote)));
        std::mem::replace(&mut self.shown, shown) != shown
    }

    /// Looks how old the votes are. Returns whether it says otherwise than before of being alive.
    pub(super) fn look_at_the_clock(&mut self, now: Timestamp, fresh: SignedDuration) -> bool {
        let alive = self.decided_at.is_some_and(|at| now.duration_since(at).abs() < fresh);
        std::mem::replace(&mut self.alive, alive) != alive
    }

    /// The longest time until the votes that it knows are no longer fresh.
    pub(super) fn fresh_for(&self, now: Timestamp, fresh: SignedDuration) -> Duration {
        let left = self.decided_at.map(|at| fresh - now.duration_since(at));
        left.and_then(|left| Duration::try_from(left).ok()).unwrap_or_default().max(CACHED_FOR)
    }

    /// Whether it says to eject a region.
    pub(super) fn ejects(&self, region: usize) -> bool {
        self.shown.is_some_and(|shown| shown[region] == Vote::Eject)
    }

    /// Whether it says that its controller is alive.
    pub(super) fn is_alive(&self) -> bool {
        self.alive
    }

    /// When it next reads.
    pub(super) fn next_read(rng: &mut Rng) -> Duration {
        CACHED_FOR.mul_f64(rng.f64())
    }
}
