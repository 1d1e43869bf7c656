//! What `explain` is told from: every observer's documents at one moment, read just now, found in SSM's histories, or left by a replay.
//!
//! Nothing is added here: what is not stored stays missing, with the reason.

use std::collections::BTreeMap;
use std::fmt;

use decision::moment::date_time;
use decision::{Intent, Observed, RegionName, Votes};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::{StoreError, in_one_line};
use crate::history::{History, Stood, Version};
use crate::log::{self, Entry, entries};
use crate::past::Histories;
use crate::reading::{Read, Reading};
use crate::store::Turned;

/// How many entries of the log are told beside a past moment.
const ENTRIES_MAX: usize = 5;

/// Every observer's documents at one moment.
#[derive(Debug)]
pub struct Documents {
    /// The moment. By SSM's clock where it is past.
    pub at: Timestamp,
    /// Where they are from.
    pub source: Source,
    /// By observer. One that is missing counts as silent.
    pub observers: BTreeMap<RegionName, Held>,
    /// The last of what had happened until then, newest first; empty for now.
    pub before: Vec<Entry>,
}

/// Where documents are from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Source {
    /// What stands now.
    Now,
    /// What SSM says to have stood.
    History {
        /// When it was asked.
        asked_at: Timestamp,
    },
    /// What a replay left.
    Replay {
        /// The incident's file.
        file: String,
        /// The minute of the incident.
        minute: f64,
    },
}

/// What one observer held.
#[derive(Debug)]
pub struct Held {
    /// Its controller's votes.
    pub votes: Result<Option<Kept<Votes>>, Missing>,
    /// Its probe's last rounds.
    pub observed: Result<Option<Kept<Observed>>, Missing>,
    /// The intents that it held, by region; a region without one is missing.
    pub intents: Result<BTreeMap<RegionName, Result<Kept<Intent>, Missing>>, Missing>,
}

/// A document and, where that is known, how it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<D> {
    /// The document.
    pub document: D,
    /// How it was stored, where that is known.
    pub version: Option<Stored>,
}

/// How SSM stored a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// SSM's count.
    pub version: i64,
    /// By SSM's clock.
    pub stored_at: Timestamp,
    /// A late write: it stood until the better document before it was put back.
    pub late: bool,
    /// Set where the version that stood is forgotten, and this is the turn that tells of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
}

/// What a document that was kept as a turn tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// When the next turn was kept, by SSM's clock. `None` when this is the newest.
    pub until: Option<Timestamp>,
    /// Whether its controller was silent from this document on until it was kept. Of any other turn it is taken that its controller decided the same
    /// again and again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub last_word: bool,
}

/// Why a document is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The observer's SSM did not answer, or not with that.
    Silent(String),
    /// SSM has forgotten what stood then. Its versions are known from this time on.
    Forgotten(Timestamp),
    /// What stood then is no valid document.
    Unreadable(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Silent(why) => f.write_str(why),
            Missing::Forgotten(since) => write!(f, "forgotten; its versions are kept from {} UTC on", date_time(*since)),
            Missing::Unreadable(flaw) => write!(f, "what stood then is no valid document: {flaw}"),
        }
    }
}

impl<D> Kept<D> {
    /// A document of which nothing else is known.
    #[must_use]
    pub fn plain(document: D) -> Self {
        Self { document, version: None }
    }

    /// What it tells of, if it is a turn.
    pub(super) fn turn(&self) -> Option<Turn> {
        self.version.and_then(|version| version.turn)
    }
}

impl Held {
    /// What one observer held where nothing was in the way.
    #[must_use]
    pub fn plain(observed: Option<Observed>, votes: Option<Votes>, intents: BTreeMap<RegionName, Intent>) -> Self {
        let intents = intents.into_iter().map(|(region, intent)| (region, Ok(Kept::plain(intent)))).collect();
        Self { votes: Ok(votes.map(Kept::plain)), observed: Ok(observed.map(Kept::plain)), intents: Ok(intents) }
    }

    /// An observer of which nothing could be read.
    #[must_use]
    pub fn silent(why: &str) -> Self {
        let missing = Missing::Silent(why.to_owned());
        Self { votes: Err(missing.clone()), observed: Err(missing.clone()), intents: Err(missing) }
    }

    /// The intent for a region, if one stood or is not known.
    #[must_use]
    pub fn intent(&self, region: &RegionName) -> Option<Result<&Kept<Intent>, &Missing>> {
        match &self.intents {
            Ok(intents) => intents.get(region).map(Result::as_ref),
            Err(missing) => Some(Err(missing)),
        }
    }
}

impl Documents {
    /// What was read just now.
    #[must_use]
    pub fn now(reading: Reading, mut observed: Read<Option<Observed>>) -> Self {
        let Reading { at, mut intents, votes } = reading;
        let observers = votes.into_iter().map(|(observer, votes)| {
            let intents = match intents.remove(&observer) {
                Some(Ok(intents)) => Ok(intents.into_iter().map(|(region, intent)| (region, Ok(Kept::plain(intent)))).collect()),
                Some(Err(error)) => Err(silent(&error)),
                None => Err(Missing::Silent("not asked".to_owned())),
            };
            let observed = observed.remove(&observer).unwrap_or(Ok(None));
            (observer, Held { votes: read(votes), observed: read(observed), intents })
        });
        Self { at, source: Source::Now, observers: observers.collect(), before: Vec::new() }
    }

    /// What stood at a moment, by the histories of every observer's documents; `region` is the one of which the log is told.
    #[must_use]
    pub fn past(histories: &Read<Histories>, region: &RegionName, at: Timestamp, asked_at: Timestamp) -> Self {
        let mut known = Vec::new();
        let observers = histories.iter().map(|(observer, histories)| {
            let held = match histories {
                Ok(histories) => {
                    known.push(log::History::until(histories, at));
                    held_at(histories, at)
                }
                Err(error) => {
                    let missing = silent(error);
                    Held { votes: Err(missing.clone()), observed: Err(missing.clone()), intents: Err(missing) }
                }
            };
            (observer.clone(), held)
        });
        let observers = observers.collect();
        let mut before = entries(&known, std::slice::from_ref(region), Timestamp::MIN, at);
        before.truncate(ENTRIES_MAX);
        Self { at, source: Source::History { asked_at }, observers, before }
    }

    /// Whether any observer's documents say anything of the region: votes, rounds, or an intent.
    #[must_use]
    pub fn tell_of(&self, region: &RegionName) -> bool {
        self.observers.values().any(|held| {
            held.votes.as_ref().is_ok_and(Option::is_some)
                || held.observed.as_ref().is_ok_and(Option::is_some)
                || held.intent(region).is_some_and(|intent| intent.is_ok())
        })
    }
}

/// Per observer, how far back anything of it is known.
#[must_use]
pub fn reach(histories: &Read<Histories>) -> BTreeMap<RegionName, String> {
    let told = histories.iter().map(|(observer, read)| {
        let told = match read {
            Ok(histories) => {
                let since = |first: Option<Timestamp>| first.map_or("none".to_owned(), |at| format!("from {} UTC on", date_time(at)));
                let votes = since(histories.votes.versions().first().map(|version| version.stored_at));
                let observed = since(histories.observed.versions().first().map(|version| version.stored_at));
                let turns = since(histories.turns.votes.versions().first().map(|version| version.stored_at));
                format!("votes {votes}, their turns {turns}, observed {observed}")
            }
            Err(error) => in_one_line(error),
        };
        (observer.clone(), told)
    });
    told.collect()
}

fn read<D>(read: Result<Option<D>, StoreError>) -> Result<Option<Kept<D>>, Missing> {
    read.map(|document| document.map(Kept::plain)).map_err(|error| silent(&error))
}

fn silent(error: &StoreError) -> Missing {
    Missing::Silent(in_one_line(error))
}

/// What one observer held at a moment.
fn held_at(histories: &Histories, at: Timestamp) -> Held {
    let intents = histories.intents.iter().filter_map(|(region, history)| Some((region.clone(), stood(history, at).transpose()?)));
    let turns = &histories.turns;
    let votes = or_turn(stood(&histories.votes, at), &turns.votes, || {
        turns.votes_at(at).map(|Turned { version, until, last_word }| kept(version, Some(Turn { until, last_word })))
    });
    let observed = or_turn(stood(&histories.observed, at), &turns.observed, || match turns.observed.stood_at(at) {
        Stood::Version(version) => {
            let until = turns.observed.versions().iter().map(|version| version.stored_at).find(|stored_at| *stored_at > at);
            Some(kept(version, Some(Turn { until, last_word: false })))
        }
        Stood::Nothing | Stood::Forgotten { .. } => None,
    });
    Held { votes, observed, intents: Ok(intents.collect()) }
}

/// What stood, or where that is forgotten the turn that tells of it, or from when on one of the two is known.
fn or_turn<D>(
    stood: Result<Option<Kept<D>>, Missing>,
    turns: &History<D>,
    turn: impl FnOnce() -> Option<Result<Kept<D>, Missing>>,
) -> Result<Option<Kept<D>>, Missing> {
    let Err(Missing::Forgotten(kept_since)) = stood else { return stood };
    let first = turns.versions().first().map_or(kept_since, |first| first.stored_at.min(kept_since));
    turn().map_or(Err(Missing::Forgotten(first)), |kept| kept.map(Some))
}

fn stood<D: Clone>(history: &History<D>, at: Timestamp) -> Result<Option<Kept<D>>, Missing> {
    match history.stood_at(at) {
        Stood::Version(found) => kept(found, None).map(Some),
        Stood::Nothing => Ok(None),
        Stood::Forgotten { kept_since } => Err(Missing::Forgotten(kept_since)),
    }
}

fn kept<D: Clone>(found: &Version<D>, turn: Option<Turn>) -> Result<Kept<D>, Missing> {
    let version = Stored { version: found.number, stored_at: found.stored_at, late: found.late, turn };
    match &found.document {
        Ok(document) => Ok(Kept { document: document.clone(), version: Some(version) }),
        Err(flaw) => Err(Missing::Unreadable(in_one_line(flaw))),
    }
}
