//! From raw facts to passed or failed. Facts 6–9.

use std::time::Duration;

use crate::given::http;
use proptest::prelude::*;
use route53::{
    BODY_BYTES, ClockSpeed, Deadlines, Encoding, Facts, Failure, HEADER_BYTES_MAX, NoConnection, Outcome, Response, Speaks, judge,
};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn search(text: &str) -> Speaks {
    Speaks::Http { secure: false, path: "/".to_owned(), search: Some(text.to_owned()) }
}

fn ok(body: &[u8]) -> Response<'_> {
    Response {
        status: 200,
        status_after: MS(10),
        header_bytes: 200,
        header_valid: true,
        encoding: Encoding::Identity,
        body,
        body_after: Some(MS(10)),
    }
}

fn verdict(speaks: &Speaks, connected_after: Duration, response: Response<'_>) -> Outcome {
    judge(speaks, &Deadlines::AWS, &Facts::Answered { connected_after, response })
}

#[test]
fn connect_in_4_s_then_status_in_2_s() {
    let plain = http("/");
    let late = |connect, status| verdict(&plain, MS(connect), Response { status_after: MS(status), ..ok(b"") });
    assert_eq!(late(4000, 2000), Outcome::Passed);
    assert_eq!(late(4001, 0), Outcome::Failed(Failure::ConnectTimeout));
    assert_eq!(late(0, 2001), Outcome::Failed(Failure::StatusTimeout));
    let silent = Facts::Silent { connected_after: MS(1) };
    assert_eq!(judge(&plain, &Deadlines::AWS, &silent), Outcome::Failed(Failure::StatusTimeout));
    let connected = Facts::Connected { connected_after: MS(1) };
    assert_eq!(judge(&plain, &Deadlines::AWS, &connected), Outcome::Failed(Failure::StatusTimeout));
}

#[test]
fn the_body_is_only_awaited_by_a_string_match() {
    let never = Response { body_after: None, ..ok(b"") };
    assert_eq!(verdict(&http("/"), MS(1), never), Outcome::Passed);
    assert_eq!(verdict(&search("alive"), MS(1), never), Outcome::Failed(Failure::BodyTimeout));
    let at = |ms| verdict(&search("alive"), MS(1), Response { body_after: Some(MS(ms)), ..ok(b"alive") });
    assert_eq!(at(2000), Outcome::Passed);
    assert_eq!(at(2001), Outcome::Failed(Failure::BodyTimeout));
}

#[test]
fn a_tcp_check_has_10_s_and_asks_for_nothing_more() {
    let at = |ms| judge(&Speaks::Tcp, &Deadlines::AWS, &Facts::Connected { connected_after: MS(ms) });
    assert_eq!(at(10_000), Outcome::Passed);
    assert_eq!(at(10_001), Outcome::Failed(Failure::ConnectTimeout));
    let refused = Facts::NotConnected(NoConnection::Refused);
    assert_eq!(judge(&Speaks::Tcp, &Deadlines::AWS, &refused), Outcome::Failed(Failure::Refused));
}

#[test]
fn status_2xx_and_3xx_pass_and_redirects_are_not_followed() {
    for status in 100..600 {
        let passed = verdict(&http("/"), MS(1), Response { status, ..ok(b"") }).passed();
        assert_eq!(passed, (200..400).contains(&status), "{status}");
    }
}

#[test]
fn the_string_must_lie_wholly_in_the_first_5120_bytes() {
    let body = |before: usize| [vec![b'.'; before], b"alive chat".to_vec()].concat();
    assert!(verdict(&search("alive chat"), MS(1), ok(&body(BODY_BYTES - 10))).passed());
    assert_eq!(verdict(&search("alive chat"), MS(1), ok(&body(BODY_BYTES - 9))), Outcome::Failed(Failure::StringMissing));
    assert_eq!(verdict(&search("alive chat"), MS(1), ok(b"Alive chat")), Outcome::Failed(Failure::StringMissing), "case matters");
    assert_eq!(verdict(&search("alive chat"), MS(1), ok(b"")), Outcome::Failed(Failure::StringMissing));
}

#[test]
fn gzip_and_deflate_are_read_and_other_encodings_fail() {
    let with = |encoding| verdict(&search("alive"), MS(1), Response { encoding, ..ok(b"alive") });
    assert_eq!(with(Encoding::Decompressed), Outcome::Passed);
    assert_eq!(with(Encoding::Other), Outcome::Failed(Failure::Encoding));
}

#[test]
fn headers_are_well_formed_and_16384_bytes_at_most() {
    let with = |header_bytes, header_valid| verdict(&http("/"), MS(1), Response { header_bytes, header_valid, ..ok(b"") });
    assert_eq!(with(HEADER_BYTES_MAX, true), Outcome::Passed);
    assert_eq!(with(HEADER_BYTES_MAX + 1, true), Outcome::Failed(Failure::Headers));
    assert_eq!(with(100, false), Outcome::Failed(Failure::Headers));
}

#[test]
fn https_needs_a_session_and_looks_at_no_certificate() {
    // `Facts` has no place for a certificate: the only thing that can go wrong is the handshake.
    let https = Speaks::Http { secure: true, path: "/".to_owned(), search: None };
    assert_eq!(verdict(&https, MS(1), ok(b"")), Outcome::Passed);
    let no_tls = Facts::NoTls { connected_after: MS(1) };
    assert_eq!(judge(&https, &Deadlines::AWS, &no_tls), Outcome::Failed(Failure::Tls));
}

#[test]
fn a_name_without_an_a_record_is_a_failure_with_aws_words() {
    let outcome = judge(&http("/"), &Deadlines::AWS, &Facts::NotConnected(NoConnection::NotResolved));
    assert_eq!(outcome, Outcome::Failed(Failure::NotResolved));
    assert_eq!(Failure::NotResolved.to_string(), "DNS resolution failed");
}

#[test]
fn deadlines_follow_the_clock_and_stop_at_the_floor() {
    let at = |speed, floor| Deadlines::at(ClockSpeed::new(speed).unwrap(), MS(floor));
    assert_eq!(at(1.0, 0), Deadlines::AWS);
    assert_eq!(at(10.0, 0).status, MS(200));
    assert_eq!(at(10.0, 250).status, MS(250));
    assert_eq!(at(10.0, 250).connect, MS(400));
    assert_eq!(at(10.0, 250).tcp_connect, MS(1000));
}

proptest! {
    /// A mistaken checker is always wrong, and no facts make the judge panic.
    #[test]
    fn a_mistaken_checker_reports_the_opposite(
        status in 0u16..1000, connect in 0u64..12_000, late in 0u64..4_000, body in prop::collection::vec(any::<u8>(), 0..64), text in "[a-c]{1,3}",
    ) {
        let outcome = verdict(&search(&text), MS(connect), Response { status, status_after: MS(late), ..ok(&body) });
        prop_assert_ne!(outcome.passed(), outcome.mistaken().passed());
    }
}
