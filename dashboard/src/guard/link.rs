//! Sign-in links: each opens one session, once, for a few minutes.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::secret::{Fingerprint, token};

/// How long a link may be used.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(15);
/// Links that may be used at a time; one more makes the oldest useless.
const LINKS_MAX: usize = 8;

/// The links that were not used yet.
#[derive(Default)]
pub(crate) struct Links(VecDeque<(Fingerprint, Timestamp)>);

impl Links {
    /// The token of a new link.
    pub(crate) fn issue(&mut self, now: Timestamp) -> String {
        while self.0.len() >= LINKS_MAX {
            self.0.pop_front();
        }
        let token = token();
        self.0.push_back((Fingerprint::of(&token), now));
        token
    }

    /// Whether `token` is that of a link which nobody used and which is not too old. Nobody can use it after this.
    pub(crate) fn take(&mut self, token: &str, now: Timestamp) -> bool {
        self.0.retain(|(_, issued)| now.duration_since(*issued) < GOOD_FOR);
        let fingerprint = Fingerprint::of(token);
        let found = self.0.iter().position(|(known, _)| *known == fingerprint);
        found.is_some_and(|at| self.0.remove(at).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_once_and_soon() {
        let (start, mut links) = (Timestamp::UNIX_EPOCH, Links::default());
        let (used, late) = (links.issue(start), links.issue(start));
        assert!(!links.take("", start) && !links.take(&used[1..], start));
        assert!(links.take(&used, start), "a failed guess uses no link up");
        assert!(!links.take(&used, start));
        assert!(!links.take(&late, start + GOOD_FOR));
    }

    #[test]
    fn the_oldest_of_too_many_is_useless() {
        let (now, mut links) = (Timestamp::UNIX_EPOCH, Links::default());
        let issued: Vec<String> = (0..=LINKS_MAX).map(|_| links.issue(now)).collect();
        assert!(!links.take(&issued[0], now) && links.take(&issued[1], now) && links.0.len() == LINKS_MAX - 1);
    }
}
