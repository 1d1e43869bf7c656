//! Probe tickets: what lets a probe write rows that no user sees.
//!
//! A ticket is `v1.{observer}.{expires, unix seconds}.{signature}`, the signature being base64url without padding of
//! HMAC-SHA256 over everything before the last dot. It is a bearer token with a short life; it is checked once, when a
//! socket connects or a heartbeat is written, never again while the socket lives.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac;

/// The header that carries a ticket.
pub const TICKET_HEADER: &str = "x-probe-ticket";

/// How far ahead a ticket may expire. It bounds how long a leaked one is good for.
pub const TICKET_AHEAD_MAX: Duration = Duration::from_secs(600);

/// Longer than any ticket: the name of a region, ten digits and 43 characters of signature.
const TICKET_BYTES_MAX: usize = 160;

/// The longest observer name, as long as the longest region name allowed elsewhere.
const OBSERVER_BYTES_MAX: usize = 32;

/// Why a ticket is not good.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum TicketError {
    /// There is none.
    #[error("this needs a probe ticket")]
    Missing,
    /// Not of the form of a ticket.
    #[error("the probe ticket is malformed")]
    Malformed,
    /// No configured secret signed it.
    #[error("the probe ticket is not signed by a known secret")]
    Forged,
    /// Its time is over.
    #[error("the probe ticket has expired")]
    Expired,
    /// It would be good for too long.
    #[error("the probe ticket expires more than {} minutes ahead", TICKET_AHEAD_MAX.as_secs() / 60)]
    TooFar,
}

/// A ticket for `observer`, good until `expires` (whole seconds).
#[must_use]
pub fn sign(secret: &str, observer: &str, expires: Timestamp) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = format!("v1.{observer}.{}", expires.as_second());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The secrets that sign tickets.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<hmac::Key>);

impl Secrets {
    pub(crate) fn new(secrets: &[String]) -> Self {
        // An empty secret is nobody's: everyone could sign with it.
        let secrets = secrets.iter().filter(|secret| !secret.is_empty());
        Self(secrets.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())).collect())
    }

    /// The observer a ticket belongs to. The signature is judged first, in constant time, so that an answer about the
    /// time tells nothing to somebody without a secret.
    pub(crate) fn observer(&self, ticket: &str, now: Timestamp) -> Result<String, TicketError> {
        if ticket.len() > TICKET_BYTES_MAX {
            return Err(TicketError::Malformed);
        }
        let (signed, signature) = ticket.rsplit_once('.').ok_or(TicketError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TicketError::Malformed)?;
        let (observer, expires) = signed.strip_prefix("v1.").and_then(|rest| rest.split_once('.')).ok_or(TicketError::Malformed)?;
        if !is_observer(observer) || expires.is_empty() || !expires.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TicketError::Malformed);
        }
        let expires: i64 = expires.parse().map_err(|_| TicketError::Malformed)?;
        let expires = Timestamp::from_second(expires).map_err(|_| TicketError::Malformed)?;

        if !self.0.iter().any(|key| hmac::verify(key, signed.as_bytes(), &signature).is_ok()) {
            return Err(TicketError::Forged);
        }
        if expires <= now {
            return Err(TicketError::Expired);
        }
        if expires.duration_since(now).unsigned_abs() > TICKET_AHEAD_MAX {
            return Err(TicketError::TooFar);
        }
        Ok(observer.to_owned())
    }
}

fn is_observer(name: &str) -> bool {
    (1..=OBSERVER_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_760_000_000).unwrap()
    }

    fn secrets() -> Secrets {
        Secrets::new(&["the next secret".into(), "the old secret".into(), String::new()])
    }

    fn ahead(seconds: i64) -> Timestamp {
        Timestamp::from_second(now().as_second() + seconds).unwrap()
    }

    #[test]
    fn a_ticket_of_any_known_secret_is_good_for_its_time() {
        for secret in ["the next secret", "the old secret"] {
            for seconds in [1, 60, 600] {
                let ticket = sign(secret, "eu-west-2", ahead(seconds));
                assert_eq!(secrets().observer(&ticket, now()), Ok("eu-west-2".to_owned()), "{ticket}");
            }
        }
    }

    #[test]
    fn a_known_ticket_has_a_known_form() {
        // Computed apart from this crate: printf v1.eu-west-2.1760000060 | openssl dgst -sha256 -hmac secret -binary | basenc --base64url
        assert_eq!(sign("secret", "eu-west-2", ahead(60)), "v1.eu-west-2.1760000060.pGcJrYF-5wcwWik_3fjOP0bySql-Aaf9GZHgprMwd0E");
    }

    #[test]
    fn a_ticket_that_is_forged_old_too_long_lived_or_anothers_is_refused() {
        let good = sign("the old secret", "eu-west-2", ahead(60));
        let cases = [
            ("another secret", sign("unknown", "eu-west-2", ahead(60)), TicketError::Forged),
            ("the empty secret", sign("", "eu-west-2", ahead(60)), TicketError::Forged),
            ("another's name", good.replace("eu-west-2", "us-east-1"), TicketError::Forged),
            ("a longer life", good.replace(&ahead(60).as_second().to_string(), &ahead(61).as_second().to_string()), TicketError::Forged),
            ("no signature", good.rsplit_once('.').unwrap().0.to_owned() + ".", TicketError::Forged),
            ("at its end", sign("the old secret", "eu-west-2", ahead(0)), TicketError::Expired),
            ("long ago", sign("the old secret", "eu-west-2", ahead(-90_000)), TicketError::Expired),
            ("too far", sign("the old secret", "eu-west-2", ahead(601)), TicketError::TooFar),
            ("empty", String::new(), TicketError::Malformed),
            ("another version", good.replacen("v1", "v2", 1), TicketError::Malformed),
            ("padding", format!("{good}="), TicketError::Malformed),
            ("no observer", sign("the old secret", "", ahead(60)), TicketError::Malformed),
            ("a key of the table", sign("the old secret", "a#b", ahead(60)), TicketError::Malformed),
            ("a sign", good.replace(".1760", ".+1760"), TicketError::Malformed),
            ("beyond all time", good.replace(".1760", ".9999999991760"), TicketError::Malformed),
            ("endless", good.clone() + &"A".repeat(500), TicketError::Malformed),
        ];
        for (name, ticket, expected) in cases {
            assert_eq!(secrets().observer(&ticket, now()), Err(expected), "{name}: {ticket}");
        }
        let without = Secrets::new(&[]);
        assert_eq!(without.observer(&good, now()), Err(TicketError::Forged));
    }

    #[test]
    fn refusals_read_well() {
        let all = [TicketError::Missing, TicketError::Malformed, TicketError::Forged, TicketError::Expired, TicketError::TooFar];
        insta::assert_snapshot!(all.map(|error| error.to_string()).join("\n"), @r"
        this needs a probe ticket
        the probe ticket is malformed
        the probe ticket is not signed by a known secret
        the probe ticket has expired
        the probe ticket expires more than 10 minutes ahead
        ");
    }

    proptest! {
        #[test]
        fn no_text_panics_or_passes(ticket in "\\PC{0,200}") {
            prop_assert!(secrets().observer(&ticket, now()).is_err());
        }

        #[test]
        fn one_changed_character_spoils_a_ticket(at in 0_usize..70, with in "[ -~]") {
            let good = sign("the old secret", "eu-west-2", ahead(60));
            let at = at.min(good.len() - 1);
            let mut changed = good.clone();
            changed.replace_range(at..=at, &with);
            // The last character of 32 bytes in base64 has two unused bits; a decoder that is not strict would take three others for it.
            prop_assert!(changed == good || secrets().observer(&changed, now()).is_err(), "{changed}");
        }
    }
}
