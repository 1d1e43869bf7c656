//! Histories become entries: intents merged over all observers, votes that moved, refusals.
//!
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use decision::{Intent, IntentKind, Reason, RegionName, Vote, Votes};
use jiff::Timestamp;
use serde::Serialize;

use crate::past::Histories;
use crate::reading::Read;

/// The documents that one observer's SSM remembers, oldest first.
#[derive(Debug, Default)]
pub struct History {
    /// What people asked for.
    pub intents: Vec<Intent>,
    /// What its controller voted.
    pub votes: Vec<Votes>,
}

impl From<Histories> for History {
    fn from(histories: Histories) -> Self {
        Self::until(&histories, Timestamp::MAX)
    }
}

impl History {
    /// What one observer's SSM remembered at that moment, of what it remembers now.
    #[must_use]
    pub fn until(histories: &Histories, at: Timestamp) -> Self {
        let intents = histories.intents.values().flat_map(|history| history.documents_until(at));
        let recent = histories.votes.documents_until(at);
        // A turn is a copy: the younger ones are among the votes still.
        let mut votes = histories.turns.votes.documents_until(at);
        votes.retain(|turn| !recent.contains(turn));
        votes.extend(recent);
        Self { intents: intents.collect(), votes }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A drain was asked for.
    Drained,
    /// A hold was asked for.
    Held,
    /// The end, or the reason, was moved.
    Extended,
    /// A person ended it.
    Resumed,
    /// Its time was over.
    Ended,
    /// An observer votes to eject.
    VotedEject,
    /// An observer votes to serve again.
    VotedServe,
    /// An observer refuses, by a rule.
    Refused,
}

impl What {
    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            What::Drained => "drained",
            What::Held => "held",
            What::Extended => "extended",
            What::Resumed => "resumed",
            What::Ended => "ended",
            What::VotedEject => "votes eject",
            What::VotedServe => "votes serve",
            What::Refused => "refused",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub region: RegionName,
    /// What.
    pub what: What,
    /// Who: a person, or `observer REGION`.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The ticket, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Its end, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The generation of the document that tells of it.
    pub generation: u64,
}

/// Everything since `since`, newest first.
#[must_use]
pub fn entries(histories: &[History], regions: &[RegionName], since: Timestamp, now: Timestamp) -> Vec<Entry> {
    let mut found = Vec::new();
    for region in regions {
        found.extend(of_intents(histories, region, now));
    }
    for history in histories {
        found.extend(of_votes(&history.votes, regions));
    }
    found.retain(|entry| entry.at >= since);
    found.sort_by(|a, b| (b.at, b.generation, &b.actor, &b.region).cmp(&(a.at, a.generation, &a.actor, &a.region)));
    found
}

/// Observers whose oldest votes are younger than `since`: SSM keeps 100 versions of the votes and 100 of their turns.
#[must_use]
pub fn votes_reach_back_to(histories: &Read<History>, since: Timestamp) -> BTreeMap<RegionName, Timestamp> {
    let oldest = |history: &History| history.votes.iter().map(|votes| votes.decided_at).min().filter(|oldest| *oldest > since);
    histories.iter().filter_map(|(observer, history)| Some((observer.clone(), oldest(history.as_ref().ok()?)?))).collect()
}

/// The intents of one region, each document once however many observers hold it.
fn of_intents(histories: &[History], region: &RegionName, now: Timestamp) -> Vec<Entry> {
    let all = histories.iter().flat_map(|history| &history.intents).filter(|intent| intent.region == *region);
    let documents: BTreeMap<(u64, Timestamp, &str), &Intent> =
        all.map(|intent| ((intent.generation, intent.recorded_at, intent.id.as_str()), intent)).collect();
    let documents: Vec<&Intent> = documents.into_values().collect();
    let mut found = Vec::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (index, intent) in documents.iter().enumerate() {
        let again = !known.insert(&intent.id);
        let (what, at, actor, reason) = match (&intent.ended, again, intent.kind) {
            (Some(ended), _, _) => (What::Resumed, ended.at, &ended.by, &ended.reason),
            (None, true, _) => (What::Extended, intent.recorded_at, &intent.actor, &intent.reason),
            (None, false, IntentKind::Drain) => (What::Drained, intent.recorded_at, &intent.actor, &intent.reason),
            (None, false, IntentKind::Hold) => (What::Held, intent.recorded_at, &intent.actor, &intent.reason),
        };
        let until = intent.ended.is_none().then_some(intent.ends_at);
        let entry = Entry {
            at,
            region: region.clone(),
            what,
            actor: actor.clone(),
            reason: reason.clone(),
            ticket: intent.ticket.clone(),
            until,
            generation: intent.generation,
        };
        found.push(entry.clone());
        // Over by its time, if nothing took its place before that.
        let next = documents.get(index + 1).map(|next| next.recorded_at);
        if intent.ended.is_none() && intent.ends_at <= now && next.is_none_or(|next| next > intent.ends_at) {
            found.push(Entry {
                at: intent.ends_at,
                what: What::Ended,
                until: None,
                reason: format!("the {} was over", intent.kind),
                ..entry
            });
        }
    }
    found
}

/// The votes of one observer that moved, and the refusals that it gave.
fn of_votes(history: &[Votes], regions: &[RegionName]) -> Vec<Entry> {
    let mut found = Vec::new();
    for pair in history.windows(2) {
        let [before, after] = pair else { continue };
        for region in regions {
            let (Some(old), Some(new)) = (before.regions.get(region), after.regions.get(region)) else { continue };
            let refuses = |reason: &Reason| matches!(reason, Reason::Refused { .. } | Reason::DrainRefused { .. });
            let what = match (old.vote, new.vote) {
                (Vote::Serve, Vote::Eject) => What::VotedEject,
                (Vote::Eject, Vote::Serve) => What::VotedServe,
                (Vote::Serve, Vote::Serve) | (Vote::Eject, Vote::Eject) if refuses(&new.reason) && !refuses(&old.reason) => What::Refused,
                (Vote::Serve, Vote::Serve) | (Vote::Eject, Vote::Eject) => continue,
            };
            found.push(Entry {
                at: if what == What::Refused { after.decided_at } else { new.since },
                region: region.clone(),
                what,
                actor: format!("observer {}", after.observer),
                reason: new.reason.to_string(),
                ticket: None,
                until: None,
                generation: after.generation,
            });
        }
    }
    found
}
