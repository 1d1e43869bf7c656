//! Turns: what stood when the votes last turned, kept beside `votes` and `observed`.
//!
//! Those two are written with every round, so that SSM's 100 versions are a quarter of an hour. Turns are written only when there is something to tell, so
//! that 100 versions are days. When that is, is the writer's to say. Nothing is decided by them: there is no compare-and-set, the last write stands, and one
//! that is lost is only less history.

use decision::{Observed, Votes};
use jiff::Timestamp;

use super::Store;
use crate::document::Document;
use crate::error::StoreError;
use crate::failure::Failure;
use crate::history::{History, Version};
use crate::parameter::Parameter;

/// The turns that SSM still has: 100 writes of each document.
#[derive(Debug, Default)]
pub struct Turns {
    /// The votes. A version may have been stored long after it was decided: then it is the last word before a silence.
    pub votes: History<Votes>,
    /// What the probe had seen. Stored with the votes, where that was possible.
    pub observed: History<Observed>,
}

/// The votes that stood at a moment, as a turn tells it.
#[derive(Debug, Clone, Copy)]
pub struct Turned<'a> {
    /// The turn.
    pub version: &'a Version<Votes>,
    /// When the next one was kept, by SSM's clock. `None` when there is none yet.
    pub until: Option<Timestamp>,
    /// Whether it is the last word before a silence: decided until the moment, and kept only afterwards, when its controller was back. Of any other turn
    /// it is taken that its controller decided the same again and again until the next.
    pub last_word: bool,
}

impl Turns {
    /// The turn that tells of a moment. `None` when the moment is from before the first one that SSM still has.
    #[must_use]
    pub fn votes_at(&self, at: Timestamp) -> Option<Turned<'_>> {
        let versions = self.votes.versions();
        let stood = versions.iter().rposition(|version| version.stored_at <= at);
        let next = versions.get(stood.map_or(0, |stood| stood + 1));
        let last_word = next.filter(|next| next.document.as_ref().is_ok_and(|votes| votes.decided_at <= at));
        match (last_word, stood.and_then(|stood| versions.get(stood))) {
            (Some(version), _) => Some(Turned { version, until: Some(version.stored_at), last_word: true }),
            (None, Some(version)) => Some(Turned { version, until: next.map(|next| next.stored_at), last_word: false }),
            (None, None) => None,
        }
    }
}

impl Store {
    /// The votes as they last turned. `None` if none were ever kept.
    ///
    /// # Errors
    /// Unreachable, throttled, denied or malformed.
    pub async fn last_turn(&self) -> Result<Option<Votes>, StoreError> {
        self.read(Parameter::TurnedVotes).await
    }

    /// Keeps votes that turned, and what had been seen when they did. Both are sent once and at the same time, over whatever stands.
    ///
    /// # Errors
    /// Every case of [`StoreError`] but [`StoreError::Behind`], of the votes first: one of the two may stand all the same.
    pub async fn put_turn(&self, votes: &Votes, observed: Option<&Observed>) -> Result<(), StoreError> {
        let seen = async {
            match observed {
                Some(observed) => self.put(Parameter::TurnedObserved, observed).await,
                None => Ok(()),
            }
        };
        let (votes, seen) = tokio::join!(self.put(Parameter::TurnedVotes, votes), seen);
        votes.and(seen)
    }

    /// Every turn that SSM still has.
    ///
    /// # Errors
    /// Unreachable, throttled or denied.
    pub async fn turns_history(&self) -> Result<Turns, StoreError> {
        let votes = self.history(Parameter::TurnedVotes).await?.in_order();
        Ok(Turns { votes, observed: self.history(Parameter::TurnedObserved).await?.in_order() })
    }

    async fn put<D: Document>(&self, parameter: Parameter<'_>, document: &D) -> Result<(), StoreError> {
        let (name, text) = self.printed(parameter, document)?;
        match self.ssm().put(&name, &text, true).await {
            Ok(_) => Ok(()),
            Err(Failure::Unclear(source)) => Err(StoreError::Indefinite { observer: self.observer().clone(), parameter: name, source }),
            Err(failure) => Err(failure.into_error(self.observer(), &name)),
        }
    }
}
