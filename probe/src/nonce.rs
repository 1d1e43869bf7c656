//! Nonces: what a probe sends into a region, and how it tells its own from everybody else's.
//!
//! A nonce is the text of a chat message, since that is all that a chat API must pass on unchanged.

use std::fmt;

use decision::RegionName;

/// What every probe message begins with.
const WORD: &str = "probe/1 ";

/// One probe's lifetime: nonces of another run of the same observer are strangers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    observer: RegionName,
    id: u64,
}

/// One message of one round into one region: `probe/1 {observer} {session} {round} {from} {128 random bits}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nonce {
    text: String,
}

/// What a message's text is to a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kin<'a> {
    /// The nonce of this round that was sent into the region with this index.
    Ours(usize),
    /// A nonce of an earlier round of this session, and the region that it was sent into.
    Earlier(&'a str),
    /// Anybody else's.
    Foreign,
}

impl Session {
    pub(crate) fn new(observer: RegionName) -> Self {
        Self { observer, id: fastrand::u64(..) }
    }

    /// A nonce that nobody could have guessed.
    pub(crate) fn nonce(&self, round: u64, from: &RegionName) -> Nonce {
        let Session { observer, id } = self;
        Nonce { text: format!("{WORD}{observer} {id:016x} {round} {from} {:032x}", fastrand::u128(..)) }
    }

    /// What `text` is to the round `round`, into which `sent` was sent.
    pub(crate) fn kin<'a>(&self, round: u64, sent: &[Nonce], text: &'a str) -> Kin<'a> {
        let Some(rest) = text.strip_prefix(WORD) else { return Kin::Foreign };
        if let Some(index) = sent.iter().position(|nonce| nonce.text == text) {
            return Kin::Ours(index);
        }
        let mut words = rest.split(' ');
        let ours = words.next() == Some(self.observer.as_str())
            && words.next().and_then(|id| u64::from_str_radix(id, 16).ok()) == Some(self.id)
            && words.next().and_then(|number| number.parse::<u64>().ok()).is_some_and(|number| number < round);
        match words.next() {
            Some(from) if ours => Kin::Earlier(from),
            Some(_) | None => Kin::Foreign,
        }
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a message's text is any probe's.
pub(crate) fn is_probe(text: &str) -> bool {
    text.starts_with(WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_knows_its_own_its_earlier_ones_and_strangers() {
        let (london, oregon) = (RegionName::new("eu-west-2").unwrap(), RegionName::new("us-west-2").unwrap());
        let session = Session::new(london.clone());
        let sent = [session.nonce(7, &london), session.nonce(7, &oregon)];
        assert_eq!(session.kin(7, &sent, &sent[1].to_string()), Kin::Ours(1));
        assert_eq!(session.kin(7, &sent, &session.nonce(6, &london).to_string()), Kin::Earlier("eu-west-2"));
        assert_eq!(session.kin(7, &sent, &session.nonce(8, &london).to_string()), Kin::Foreign);
        assert_eq!(session.kin(7, &sent, &Session::new(london.clone()).nonce(6, &london).to_string()), Kin::Foreign);
        assert_eq!(session.kin(7, &sent, &Session::new(oregon).nonce(6, &london).to_string()), Kin::Foreign);
        for text in ["", "hello", "probe/1 ", "probe/1 eu-west-2", "probe/1 eu-west-2 zz 6"] {
            assert_eq!(session.kin(7, &sent, text), Kin::Foreign, "{text:?}");
        }
        assert!(is_probe(&sent[0].to_string()) && !is_probe("hello"));
    }

    #[test]
    fn the_longest_nonce_is_a_message_that_chat_takes() {
        let long = RegionName::new("aaaaaaaaa-bbbbbbbb-1").unwrap();
        let nonce = Session::new(long.clone()).nonce(u64::MAX, &long).to_string();
        assert!(nonce.len() <= 1024, "{nonce}");
    }
}
