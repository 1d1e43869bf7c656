//! Everything that is known at one moment, with its age.

use std::collections::BTreeMap;
use std::sync::Arc;

use decision::{Answers, Intent, Matrix, Observation, Observed, RegionName, ServiceView, Verdict, Votes};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::dns::Survey;

/// After this long without a majority of observers, what is shown is no longer live.
pub(crate) const STALE_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Everything that is known at one moment. One that exists is whole: readers never see half of a look.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Counts looks. A page that has this number has all of this.
    pub version: u64,
    /// Counts the looks that found something else than ages and timings changed: a vote, a verdict, an intent, an answer of DNS, a warning.
    pub changes: u64,
    /// When the look ended, by the dashboard's clock.
    pub at: Timestamp,
    /// When a majority of observers last answered. Never, before the first look.
    pub heard_at: Option<Timestamp>,
    /// The service as the votes and intents have it.
    pub view: ServiceView,
    /// The highest generation in anything that was read: one more is newer than all of it.
    pub generation: u64,
    /// The newest document of every region that has one, ended or not.
    pub newest: BTreeMap<RegionName, Intent>,
    /// What each observer last said.
    pub observers: BTreeMap<RegionName, Seen>,
    /// What is known of each region beside its view.
    pub regions: BTreeMap<RegionName, RegionState>,
    /// What DNS says.
    pub dns: DnsState,
}

/// What one observer last said, however long ago.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// When its votes and intents were last read.
    pub heard_at: Option<Timestamp>,
    /// Why they could not be read at the last look.
    pub problem: Option<String>,
    /// Its probe's newest document, of the last look that found one.
    pub observed: Option<Arc<Observed>>,
    /// Its votes and intents, of the last look that could read both.
    pub documents: Option<Arc<Documents>>,
}

/// The votes and intents of one observer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// Its controller's votes, if it ever voted.
    pub votes: Option<Votes>,
    /// The intents that it holds.
    pub intents: BTreeMap<RegionName, Intent>,
}

/// What is known of a region beside its view.
#[derive(Debug, Clone, Default)]
pub struct RegionState {
    /// What happened lately, oldest first: at most [`Point::MOST`] points of ten seconds each.
    pub history: Arc<Vec<Point>>,
    /// Whether a manual failback waits for a person's word.
    pub awaits_resume: bool,
    /// Whether DNS answers with it.
    pub answered: Option<Answered>,
}

/// Whether DNS answers with a region, by every lookup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// At least one lookup says it; else every one says other regions only.
    pub by_dns: bool,
    /// Since when that is seen.
    pub since: Timestamp,
    /// Whether it was seen to turn: else it was so when DNS was first asked.
    pub turned: bool,
}

/// What all observers together saw of one region within ten seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// When the ten seconds began.
    pub at: Timestamp,
    /// Whether users were sent there, by the last look in these ten seconds.
    pub answers: Answers,
    /// The verdict that most observers shared, by that look.
    pub verdict: Verdict,
    /// The slowest REST read that passed, in milliseconds; none if none passed.
    pub rest_ms: Option<u32>,
    /// The slowest delivery within the region or out of it, in milliseconds.
    pub delivery_ms: Option<u32>,
    /// The slowest message between this region and another, in milliseconds.
    pub replication_ms: Option<u32>,
    /// Checks that failed.
    pub failed: u32,
    /// Checks of which nothing can be said.
    pub unknown: u32,
    /// Checks that were made, these included.
    pub made: u32,
}

impl Point {
    /// How many points are kept of each region: an hour.
    pub const MOST: usize = 360;
    /// How long one of them is.
    pub const LENGTH: SignedDuration = SignedDuration::from_secs(10);

    /// A point of which nothing is known yet.
    pub(crate) fn new(at: Timestamp) -> Self {
        let (answers, verdict) = (Answers::Unknown, Verdict::Unknown);
        Self { at, answers, verdict, rest_ms: None, delivery_ms: None, replication_ms: None, failed: 0, unknown: 0, made: 0 }
    }
}

/// What DNS says, asked from here as for clients in several places.
#[derive(Debug, Clone, Default)]
pub struct DnsState {
    /// When it was last asked with success.
    pub asked_at: Option<Timestamp>,
    /// What it said then.
    pub survey: Survey,
    /// Why it cannot be asked now.
    pub problem: Option<String>,
}

impl Snapshot {
    /// How long ago a majority of observers was heard; none if never.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.heard_at.map(|at| now.duration_since(at).max(SignedDuration::ZERO))
    }

    /// Whether this is no longer, or not yet, what is.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.age(now).is_none_or(|age| age > STALE_AFTER)
    }

    /// The generation of the newest document of a region; 0 where there is none. What a form about the region is bound to.
    #[must_use]
    pub fn generation_of(&self, region: &RegionName) -> u64 {
        self.newest.get(region).map_or(0, |intent| intent.generation)
    }

    /// The newest round of every observer that tells of the region: when it ended, and what it saw.
    pub fn observations<'a>(&'a self, region: &'a RegionName) -> impl Iterator<Item = (&'a RegionName, Timestamp, &'a Observation)> {
        self.observers.iter().filter_map(move |(observer, seen)| {
            let round = seen.observed.as_ref()?.rounds.last()?;
            Some((observer, round.produced_at, round.regions.get(region)?))
        })
    }

    /// The delivery matrix that an observer last published.
    #[must_use]
    pub fn matrix(&self, observer: &RegionName) -> Option<&Matrix> {
        self.observers.get(observer)?.observed.as_ref().map(|observed| &observed.matrix)
    }
}
