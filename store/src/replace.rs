//! Compare-and-set on a service that has none: the late writer loses, by generation.
//!
//! SSM's PutParameter overwrites unconditionally, but it counts: every write returns the parameter's new version, and
//! older versions can be read. So a write goes
//!
//! 1. read what stands (document and version *v*); refuse if it does not rank below ours;
//! 2. put, and learn our own version *w*;
//! 3. *w* = *v*+1: nobody was in between, done. Else read the versions in between. If one of them ranks above ours (or
//!    as high, for then it was first), we have overwritten a better document: put it back, say `Behind`, and go on at 3 for
//!    the write that put it back.
//!
//! If all writers get to their end, the document of the highest rank stands: whoever wrote last either saw it, or wrote
//! after somebody who did. A first write uses `Overwrite=false`, which *is* conditional.
//!
//! What remains: between 2 and 3 a reader may see the late document (two round trips). A writer that dies between 2 and 3
//! leaves it standing until the next write, and so does a request that was sent, given up, and arrives much later. All three
//! are repaired from elsewhere: votes are written again within seconds, and controllers take the highest generation of an
//! intent among all observers and their own memory.

use std::time::Duration;

use decision::RegionName;

use crate::error::{BoxError, StoreError};
use crate::failure::Failure;
use crate::rank::{Rank, same};
use crate::ssm::{Put, Ssm, Stored};

/// How often a write starts over: another first writer, throttling, an unclear answer.
const TRIES: u32 = 6;
/// How often a better document is put back before the write gives up.
const RESTORES: u32 = 16;
/// How many versions in between are looked at, the newest ones. SSM's quota allows a handful within a deadline.
const BETWEEN_MAX: i64 = 50;
/// The first pause before another try; doubles, with jitter, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(40);
/// The longest pause before another try.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// A better document was overwritten and could not be put back.
#[derive(Debug, thiserror::Error)]
#[error("a document of generation {generation} was overwritten and is not back yet")]
struct Buried {
    generation: u64,
    #[source]
    source: BoxError,
}

/// The tries are used up.
#[derive(Debug, thiserror::Error)]
#[error("others kept writing")]
struct Contended;

/// One write to one parameter of one observer.
pub(crate) struct Replace<'a> {
    pub(crate) ssm: Ssm<'a>,
    pub(crate) observer: &'a RegionName,
    pub(crate) name: &'a str,
    /// What a write that has overwritten something better may take to repair it.
    pub(crate) repair_within: Duration,
}

/// What should stand at the end, and how it ranks.
struct Winner {
    text: String,
    rank: Rank,
}

impl Replace<'_> {
    /// Makes `text` stand unless something of its rank or above does.
    pub(crate) async fn run(&self, text: &str) -> Result<(), StoreError> {
        let ours = Rank::of(text);
        // Set from the first write whose answer is not clear: it may have arrived on top of this version.
        let mut unclear: Option<(i64, BoxError)> = None;
        let mut last: Option<Failure> = None;
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.ssm.pause(pause(attempt)).await;
            }
            if self.ssm.remaining().is_zero() {
                break;
            }
            let base = match self.ssm.get(self.name).await {
                Ok(base) => base,
                Err(failure) if failure.is_passing() && attempt + 1 < TRIES => {
                    last = Some(failure);
                    continue;
                }
                Err(failure) => return Err(self.ended(unclear, failure)),
            };
            if let Some(stored) = &base {
                if same(&stored.text, text) {
                    return match &unclear {
                        Some((below, _)) => self.settle(text, ours, *below, stored.version).await,
                        None => Ok(()),
                    };
                }
                let theirs = Rank::of(&stored.text);
                if theirs >= ours {
                    return Err(self.behind(&theirs, &ours));
                }
            }
            let below = base.as_ref().map_or(0, |stored| stored.version);
            match self.ssm.put(self.name, text, base.is_some()).await {
                Ok(Put::Written(version)) => {
                    let below = unclear.map_or(below, |(first, _)| first);
                    return self.settle(text, ours, below, version).await;
                }
                Ok(Put::Exists) => {}
                Err(Failure::Unclear(source)) => unclear = Some((unclear.map_or(below, |(first, _)| first), source)),
                Err(failure) if failure.is_passing() => last = Some(failure),
                Err(failure) => return Err(self.ended(unclear, failure)),
            }
        }
        Err(self.ended(unclear, last.unwrap_or_else(|| Failure::Throttled(Contended.into()))))
    }

    /// After a write that became `version`, made on top of `below`: whatever is better in between comes back.
    async fn settle(&self, text: &str, ours: Rank, mut below: i64, mut version: i64) -> Result<(), StoreError> {
        let repair = self.ssm.extended(self.repair_within);
        let mut winner = Winner { text: text.to_owned(), rank: ours.clone() };
        let mut lost = false;
        for _ in 0..RESTORES {
            // A count that did not go up is that of a parameter deleted and made again.
            let first = if version > below { below + 1 } else { 1 };
            let rival = match self.best_between(repair, first, version, &winner, !lost).await {
                Ok(rival) => rival,
                Err(failure) => return Err(self.indefinite(failure.into_source())),
            };
            let Some(rival) = rival else {
                return if lost { Err(self.behind(&winner.rank, &ours)) } else { Ok(()) };
            };
            tracing::warn!(
                observer = %self.observer,
                parameter = self.name,
                "generation {} was overwritten by generation {}; putting it back", rival.rank.generation, winner.rank.generation
            );
            (winner, lost) = (rival, true);
            below = version;
            version = match self.restore(repair, &winner.text).await {
                Ok(version) => version,
                Err(failure) => {
                    let (generation, source) = (winner.rank.generation, failure.into_source());
                    return Err(self.indefinite(Buried { generation, source }.into()));
                }
            };
        }
        Err(self.indefinite(Buried { generation: winner.rank.generation, source: Contended.into() }.into()))
    }

    /// The best of the versions from `first` to below `end` that should stand in the winner's place.
    ///
    /// `ties_win`: against our own document, an equal rank that was there first wins. Against one that is put back, it does not,
    /// because that one was there earlier still.
    async fn best_between(&self, ssm: Ssm<'_>, first: i64, end: i64, winner: &Winner, ties_win: bool) -> Result<Option<Winner>, Failure> {
        let mut best: Option<Winner> = None;
        for version in first.max(end - BETWEEN_MAX)..end {
            let Some(stored) = self.version(ssm, version).await? else { continue };
            if same(&stored.text, &winner.text) {
                continue;
            }
            let rank = Rank::of(&stored.text);
            let better = match &best {
                Some(best) => rank > best.rank,
                None => rank > winner.rank || (ties_win && rank == winner.rank),
            };
            if better {
                best = Some(Winner { text: stored.text, rank });
            }
        }
        Ok(best)
    }

    /// One older version. Asked for more than once, because a version that was counted a moment ago may not be visible yet.
    async fn version(&self, ssm: Ssm<'_>, version: i64) -> Result<Option<Stored>, Failure> {
        let name = format!("{}:{version}", self.name);
        let mut attempt = 0;
        loop {
            attempt += 1;
            match ssm.get(&name).await {
                Ok(Some(stored)) => return Ok(Some(stored)),
                Ok(None) if attempt >= 3 => return Ok(None),
                Err(failure) if attempt >= TRIES || !failure.is_passing() || ssm.remaining().is_zero() => return Err(failure),
                Ok(None) | Err(_) => ssm.pause(pause(attempt)).await,
            }
        }
    }

    /// Puts a better document back on top. An unclear answer is tried again: writing it twice does no harm.
    async fn restore(&self, ssm: Ssm<'_>, text: &str) -> Result<i64, Failure> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match ssm.put(self.name, text, true).await {
                Ok(Put::Written(version)) => return Ok(version),
                Ok(Put::Exists) => return Err(Failure::Unclear(Contended.into())),
                Err(failure) if attempt >= TRIES || !failure.is_passing() || ssm.remaining().is_zero() => return Err(failure),
                Err(_) => ssm.pause(pause(attempt)).await,
            }
        }
    }

    fn behind(&self, stored: &Rank, offered: &Rank) -> StoreError {
        StoreError::Behind {
            observer: self.observer.clone(),
            parameter: self.name.to_owned(),
            stored: stored.generation,
            offered: offered.generation,
        }
    }

    fn indefinite(&self, source: BoxError) -> StoreError {
        StoreError::Indefinite { observer: self.observer.clone(), parameter: self.name.to_owned(), source }
    }

    /// The error at the end of all tries. One unclear write makes the whole unclear, whatever came after it.
    fn ended(&self, unclear: Option<(i64, BoxError)>, failure: Failure) -> StoreError {
        match unclear {
            Some((_, source)) => self.indefinite(source),
            None => failure.into_error(self.observer, self.name),
        }
    }
}

/// Half of it is fixed and half is drawn, so that writers that collided do not collide again.
fn pause(attempt: u32) -> Duration {
    let longest = PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(8)).min(PAUSE_MAX);
    longest / 2 + (longest / 2).mul_f64(fastrand::f64())
}
