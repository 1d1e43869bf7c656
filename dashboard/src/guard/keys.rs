//! The public keys that are known: fetched at start, again when a key is asked for that is not known, and now and then.
//!
//! Whoever sends tokens with made-up key ids makes us ask no more often than the pace below.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::fetch::{Address, Fetcher};
use super::key::{KEYS_MAX, PublicKey, of_set};
use super::token::TokenFault;

/// A set is fetched again in the background once it is this old, so that a key that was withdrawn is soon not taken any more.
const REFRESH_AFTER: Duration = Duration::from_secs(3600);
/// A key is no longer taken this long after it was last seen published.
const FORGET_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How keys are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// All at one address, as a JSON Web Key Set.
    Set(Address),
    /// Each below the address, by its id, as PEM: the way of load balancers.
    Each(Address),
}

impl Source {
    /// The least time between two fetches.
    fn pace(&self) -> Duration {
        Duration::from_secs(match self {
            Source::Set(_) => 30,
            Source::Each(_) => 2,
        })
    }
}

/// Known keys.
#[derive(Debug)]
pub(crate) struct Keys {
    source: Source,
    fetcher: Fetcher,
    known: Mutex<Known>,
    /// Held while keys are fetched: one fetch at a time, and those who need it wait for it.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Vec<(String, PublicKey, Instant)>,
    asked: Option<Instant>,
}

impl Keys {
    pub(crate) fn new(source: Source, fetcher: Fetcher) -> Arc<Self> {
        Arc::new(Self { source, fetcher, known: Mutex::default(), fetching: tokio::sync::Mutex::default() })
    }

    /// The key of this id.
    pub(crate) async fn key(self: &Arc<Self>, kid: &str) -> Result<PublicKey, TokenFault> {
        if let Some((key, age)) = self.find(kid) {
            if age > REFRESH_AFTER && matches!(self.source, Source::Set(_)) && self.may_ask() {
                let keys = Arc::clone(self);
                tokio::spawn(async move { keys.fetch("").await });
            }
            return Ok(key);
        }
        self.fetch(kid).await;
        let is_empty = self.known().keys.is_empty();
        self.find(kid).map(|(key, _)| key).ok_or(if is_empty { TokenFault::NoKeys } else { TokenFault::UnknownKey })
    }

    /// Fetches the set ahead of the first token.
    pub(crate) async fn warm(&self) {
        if matches!(self.source, Source::Set(_)) {
            self.fetch("").await;
        }
    }

    fn find(&self, kid: &str) -> Option<(PublicKey, Duration)> {
        let mut known = self.known();
        known.keys.retain(|(_, _, seen)| seen.elapsed() < FORGET_AFTER);
        known.keys.iter().find(|(id, ..)| id == kid).map(|(_, key, seen)| (key.clone(), seen.elapsed()))
    }

    fn may_ask(&self) -> bool {
        self.known().asked.is_none_or(|asked| asked.elapsed() >= self.source.pace())
    }

    /// Fetches, unless that was just done, or another did while this one waited.
    async fn fetch(&self, kid: &str) {
        let _alone = self.fetching.lock().await;
        if self.find(kid).is_some() || !self.may_ask() {
            return;
        }
        let address = match &self.source {
            Source::Set(address) => address.clone(),
            Source::Each(base) => match base.below(kid) {
                Some(address) => address,
                None => return,
            },
        };
        self.known().asked = Some(Instant::now());
        let found = self.fetcher.fetch(&address).await.map(|body| match &self.source {
            Source::Set(_) => of_set(&body),
            Source::Each(_) => std::str::from_utf8(&body).ok().and_then(PublicKey::from_pem).map(|key| vec![(kid.to_owned(), key)]),
        });
        match found {
            Ok(Some(found)) => self.learn(found),
            Ok(None) => tracing::warn!("what is published where the sign-in keys should be is no key of a kind that is taken"),
            Err(error) => tracing::warn!(%error, "the sign-in keys cannot be fetched"),
        }
    }

    /// A set stands for all there was; a single key is one more.
    fn learn(&self, found: Vec<(String, PublicKey)>) {
        let mut known = self.known();
        match self.source {
            Source::Set(_) => known.keys.clear(),
            Source::Each(_) if known.keys.len() >= KEYS_MAX => drop(known.keys.remove(0)),
            Source::Each(_) => {}
        }
        let now = Instant::now();
        known.keys.extend(found.into_iter().map(|(kid, key)| (kid, key, now)));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
