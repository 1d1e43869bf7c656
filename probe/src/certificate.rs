//! How many days a certificate has left: its `notAfter`, read from the DER.
//!
//! Only that field. Whether the certificate is *good* is for the TLS library to say.

use jiff::Timestamp;

/// Days from `now` until the certificate ends, rounded down; negative when it has ended. `None` when it cannot be read.
#[must_use]
pub fn days_left(der: &[u8], now: Timestamp) -> Option<i64> {
    let end = not_after(der)?;
    Some((end.as_second() - now.as_second()).div_euclid(86_400))
}

/// `Certificate → tbsCertificate → validity → notAfter` (RFC 5280, 4.1).
fn not_after(der: &[u8]) -> Option<Timestamp> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let certificate = Der(der).take(SEQUENCE)?;
    let mut tbs = Der(Der(certificate).take(SEQUENCE)?);
    if tbs.0.first() == Some(&VERSION) {
        tbs.take(VERSION)?;
    }
    tbs.take(0x02)?; // serialNumber
    tbs.take(SEQUENCE)?; // signature
    tbs.take(SEQUENCE)?; // issuer
    let mut validity = Der(tbs.take(SEQUENCE)?);
    validity.any()?; // notBefore
    let (tag, text) = validity.any()?;
    let text = std::str::from_utf8(text).ok()?;
    match tag {
        // UTCTime: two digits of the year, 1950 to 2049.
        0x17 => parse(&format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" })),
        // GeneralizedTime.
        0x18 => parse(text),
        _ => None,
    }
}

/// `YYYYMMDDHHMMSSZ`.
fn parse(text: &str) -> Option<Timestamp> {
    if text.len() != 15 || !text.ends_with('Z') || !text[..14].bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (date, time) = (&text[..8], &text[8..14]);
    format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..]).parse().ok()
}

/// What is left to read of a DER value.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any().and_then(|(found, content)| (found == tag).then_some(content))
    }

    /// The tag and the content of the next element.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            // Long form: no certificate needs more than four bytes of length.
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 || rest.len() < count {
                return None;
            }
            let (bytes, rest) = rest.split_at(count);
            (bytes.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
        };
        if rest.len() < length {
            return None;
        }
        let (content, rest) = rest.split_at(length);
        self.0 = rest;
        Some((tag, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(year: i32) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["chat.test".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 11);
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn days_are_counted_in_both_forms_of_time() {
        for year in [2040, 2060] {
            let now: Timestamp = format!("{year}-01-01T12:00:00Z").parse().unwrap();
            assert_eq!(days_left(&certificate(year), now), Some(9), "{year}");
        }
    }

    #[test]
    fn a_certificate_that_has_ended_has_negative_days() {
        let now: Timestamp = "2040-01-12T00:00:00Z".parse().unwrap();
        assert_eq!(days_left(&certificate(2040), now), Some(-1));
    }

    #[test]
    fn whatever_is_cut_short_or_broken_is_none_and_never_a_panic() {
        let whole = certificate(2040);
        for end in 0..whole.len().min(160) {
            let _ = days_left(&whole[..end], Timestamp::UNIX_EPOCH);
        }
        for position in 0..whole.len() {
            let mut broken = whole.clone();
            broken[position] ^= 0xff;
            let _ = days_left(&broken, Timestamp::UNIX_EPOCH);
        }
        assert_eq!(days_left(&[], Timestamp::UNIX_EPOCH), None);
        assert_eq!(days_left(&whole[..40], Timestamp::UNIX_EPOCH), None);
    }
}
