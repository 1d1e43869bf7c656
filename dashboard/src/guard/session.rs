//! Sessions of people who came by a sign-in link. Bounded in number and in time, ended by sign-out.
//!
//! People who come through a sign-in proxy have their session there, and none here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::secret::{Fingerprint, token};

/// Sessions at a time; one more ends the one that was idle longest.
const SESSIONS_MAX: usize = 64;
/// A session ends when it was not used for this long: an on-call shift's meal, not its night.
const IDLE_MAX: SignedDuration = SignedDuration::from_hours(4);
/// A session ends this long after its sign-in, used or not.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(12);

/// The sessions that are open.
pub(crate) struct Sessions {
    open: BTreeMap<Fingerprint, Session>,
    closing: CancellationToken,
}

struct Session {
    since: Timestamp,
    used: Timestamp,
    ended: CancellationToken,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.used) >= IDLE_MAX || now.duration_since(self.since) >= AGE_MAX
    }
}

impl Sessions {
    /// None yet. `closing` ends all.
    pub(crate) fn new(closing: CancellationToken) -> Self {
        Self { open: BTreeMap::new(), closing }
    }

    /// A new session's token. The session of `before`, which this browser had, ends: what is known of it opens nothing any more.
    pub(crate) fn start(&mut self, before: Option<&str>, now: Timestamp) -> String {
        if let Some(before) = before {
            self.end(before);
        }
        self.sweep(now);
        while self.open.len() >= SESSIONS_MAX {
            let Some(idle) = self.open.iter().min_by_key(|(_, session)| session.used).map(|(fingerprint, _)| fingerprint.clone()) else {
                break;
            };
            self.remove(&idle);
        }
        let token = token();
        self.open.insert(Fingerprint::of(&token), Session { since: now, used: now, ended: self.closing.child_token() });
        token
    }

    /// Whether `token` is that of an open session, which is used by this; and what fires when that session ends.
    pub(crate) fn find(&mut self, token: &str, now: Timestamp) -> Option<CancellationToken> {
        self.sweep(now);
        let session = self.open.get_mut(&Fingerprint::of(token))?;
        session.used = now.max(session.used);
        Some(session.ended.clone())
    }

    /// Ends the session of `token`, with its streams.
    pub(crate) fn end(&mut self, token: &str) {
        self.remove(&Fingerprint::of(token));
    }

    fn sweep(&mut self, now: Timestamp) {
        let over: Vec<Fingerprint> = self.open.iter().filter(|(_, session)| session.is_over(now)).map(|(key, _)| key.clone()).collect();
        for key in over {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &Fingerprint) {
        if let Some(session) = self.open.remove(key) {
            session.ended.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn sessions() -> Sessions {
        Sessions::new(CancellationToken::new())
    }

    #[test]
    fn signing_in_again_ends_the_session_before() {
        let mut sessions = sessions();
        let first = sessions.start(None, START);
        let ended = sessions.find(&first, START).unwrap();
        let second = sessions.start(Some(&first), START);
        assert!(sessions.find(&first, START).is_none() && ended.is_cancelled());
        assert!(sessions.find(&second, START).is_some());
    }

    #[test]
    fn a_session_ends_when_idle_and_when_old() {
        let mut sessions = sessions();
        let (idle, busy) = (sessions.start(None, START), sessions.start(None, START));
        let hour = |hours| START + SignedDuration::from_hours(hours);
        for hours in 1..12 {
            assert!(sessions.find(&busy, hour(hours)).is_some(), "hour {hours}");
        }
        assert!(sessions.find(&idle, hour(4)).is_none());
        assert!(sessions.find(&busy, hour(12)).is_none());
    }

    #[test]
    fn one_session_too_many_ends_the_idlest() {
        let mut sessions = sessions();
        let tokens: Vec<String> = (0..SESSIONS_MAX).map(|_| sessions.start(None, START)).collect();
        let later = START + SignedDuration::from_secs(1);
        for token in &tokens[1..] {
            assert!(sessions.find(token, later).is_some());
        }
        sessions.start(None, later);
        assert!(sessions.find(&tokens[0], later).is_none() && sessions.find(&tokens[1], later).is_some());
        assert_eq!(sessions.open.len(), SESSIONS_MAX);
    }

    #[test]
    fn a_guess_is_no_session_and_the_end_of_the_server_ends_all() {
        let closing = CancellationToken::new();
        let mut sessions = Sessions::new(closing.clone());
        let token = sessions.start(None, START);
        let ended = sessions.find(&token, START).unwrap();
        assert!(sessions.find("", START).is_none() && sessions.find(&token[1..], START).is_none() && !ended.is_cancelled());
        closing.cancel();
        assert!(ended.is_cancelled());
    }
}
