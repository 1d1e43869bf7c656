//! Probe tickets: what lets a probe's socket, and nobody else's, send and receive probe messages.
//!
//! Signing only; the chat API verifies.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use decision::RegionName;
use jiff::Timestamp;
use ring::hmac;

/// The header that carries a ticket.
pub const TICKET_HEADER: &str = "x-probe-ticket";

/// How long a ticket is good for. The chat API refuses more than 10 minutes; half of that leaves room for two clocks that disagree.
pub const TICKET_LIFE: Duration = Duration::from_secs(300);

/// Signs a ticket: `v1.{observer}.{expires, unix seconds}.{base64url, no padding, of HMAC-SHA256 over all before the last dot}`.
#[must_use]
pub fn sign(secret: &str, observer: &RegionName, expires: Timestamp) -> String {
    let claim = format!("v1.{observer}.{}", expires.as_second());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, claim.as_bytes()));
    format!("{claim}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_what_the_wire_contract_says() {
        let observer = RegionName::new("eu-west-2").unwrap();
        let ticket = sign("sesame", &observer, Timestamp::from_second(1_800_000_000).unwrap());
        // The signature was computed with `openssl dgst -sha256 -hmac sesame`.
        insta::assert_snapshot!(ticket, @"v1.eu-west-2.1800000000.Gmi2kiGIdKXE168i081SStNxdcenmWPLtEXDTtZFjnI");
    }
}
