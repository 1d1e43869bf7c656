//! Random texts that open something, and keys that prove that we made a text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Bytes of randomness in a token: no number of guesses finds one.
const BYTES: usize = 32;

/// A fresh token, as 43 letters, digits, `-` and `_`.
///
/// # Panics
/// Where the operating system has no randomness: then nothing here can be kept secret, TLS included.
pub(crate) fn token() -> String {
    URL_SAFE_NO_PAD.encode(random())
}

fn random() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

/// What is kept of a token: who reads our memory, or measures how long a look-up takes, learns nothing that opens anything.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// Makes the token that forms carry, and knows its own again. Keeps nothing per session.
pub(crate) struct Seal(hmac::Key);

impl Seal {
    /// With a key of this process alone, or one that several processes share (a Lambda's instances), whatever its length.
    pub(crate) fn new(shared: Option<&[u8]>) -> Self {
        let own = random();
        Self(hmac::Key::new(hmac::HMAC_SHA256, shared.unwrap_or(&own)))
    }

    /// The token of the forms of whom `parts` names.
    pub(crate) fn of(&self, parts: &[&str]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &Self::joined(parts)).as_ref())
    }

    /// Whether `token` is that of `parts`; takes equally long wherever they differ.
    pub(crate) fn is_of(&self, token: &str, parts: &[&str]) -> bool {
        URL_SAFE_NO_PAD.decode(token).is_ok_and(|token| hmac::verify(&self.0, &Self::joined(parts), &token).is_ok())
    }

    /// Each part behind its length: no two lists of parts look alike.
    fn joined(parts: &[&str]) -> Vec<u8> {
        parts.iter().flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.bytes())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_knows_its_own_and_no_other() {
        let (ours, theirs) = (Seal::new(None), Seal::new(None));
        let token = ours.of(&["ana", "session"]);
        assert!(ours.is_of(&token, &["ana", "session"]));
        assert!(!ours.is_of(&token, &["an", "asession"]), "parts run together");
        assert!(!theirs.is_of(&token, &["ana", "session"]));
        assert!(!ours.is_of("", &["ana", "session"]) && !ours.is_of(&token[1..], &["ana", "session"]));
        assert!(Seal::new(Some(b"k")).is_of(&Seal::new(Some(b"k")).of(&["ana"]), &["ana"]));
    }

    #[test]
    fn no_two_tokens_are_alike() {
        assert_ne!(token(), token());
        assert_eq!(token().len(), 43);
    }
}
