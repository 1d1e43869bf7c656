//! What a round saw: the document part, and everything a person may want to know beside it.
//!
//! Values only. The round fills them, `matrix` judges the delivery matrix.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use decision::{Cause, Check, CheckResult, Outcome, RegionName, Round};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::matrix::{Blame, Matrix};

/// Everything that one round saw.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// The part that is published: every check of every region, and the observer's judgement of itself.
    pub round: Round,
    /// The steps behind the checks, by region.
    pub regions: BTreeMap<RegionName, RegionSeen>,
    /// The delivery matrix.
    pub matrix: Matrix,
    /// What the matrix blames.
    pub blamed: Vec<Blame>,
    /// Frames that decided nothing.
    pub counts: Counts,
    /// The clocks of the regions that took a message. Evidence, never a verdict.
    pub skews: BTreeMap<RegionName, Skew>,
    /// What the public names resolve to from here. Evidence of routing, never a verdict.
    pub public_names: BTreeMap<String, PublicName>,
    /// The ordinary socket that must not see a probe.
    pub distractor: Option<Distractor>,
    /// The longest time by which the runtime ran behind, in milliseconds.
    #[serde(rename = "loop_lag_ms", serialize_with = "millis")]
    pub loop_lag: Duration,
    /// How long the round took, in milliseconds.
    #[serde(rename = "took_ms", serialize_with = "millis")]
    pub took: Duration,
}

/// The connections that one round made to a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RegionSeen {
    /// The REST read.
    pub rest: Step,
    /// The WebSocket, up to the answer to the upgrade.
    pub websocket: Step,
    /// The table check.
    pub table: Step,
}

/// One check that is a connection of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Step {
    /// How long each phase took, in the last attempt.
    pub phases: Phases,
    /// How many connections were tried, at most two.
    pub attempts: u8,
    /// Why the first attempt failed, when there was a second.
    pub first_failure: Option<Failure>,
    /// Why the last attempt failed.
    pub failure: Option<Failure>,
    /// Days until the server's certificate ends; negative when it has ended. Absent without TLS.
    pub certificate_days: Option<i64>,
}

/// How long each phase of a connection took, in milliseconds. Absent = not reached, or not needed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Phases {
    /// Resolving the name.
    #[serde(rename = "dns_ms", serialize_with = "maybe_millis")]
    pub dns: Option<Duration>,
    /// TCP connect.
    #[serde(rename = "connect_ms", serialize_with = "maybe_millis")]
    pub connect: Option<Duration>,
    /// TLS handshake.
    #[serde(rename = "tls_ms", serialize_with = "maybe_millis")]
    pub tls: Option<Duration>,
    /// From the request to the head of the answer.
    #[serde(rename = "first_byte_ms", serialize_with = "maybe_millis")]
    pub first_byte: Option<Duration>,
    /// From the start of the first attempt to the end of the last.
    #[serde(rename = "total_ms", serialize_with = "millis")]
    pub total: Duration,
}

/// Where a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The name.
    Dns,
    /// TCP.
    Connect,
    /// TLS.
    Tls,
    /// Waiting for the head of the answer.
    FirstByte,
    /// Reading or understanding the answer.
    Answer,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Where.
    pub phase: Phase,
    /// Why.
    #[serde(serialize_with = "display")]
    pub cause: Cause,
    /// Whether a second attempt on a new connection makes sense: nothing was answered, and no deadline passed.
    #[serde(skip)]
    pub(crate) retriable: bool,
    /// What the system or the answer said, for people. Short.
    pub detail: String,
}

/// Frames that decided nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages of other observers and strangers.
    pub foreign: u32,
    /// Nonces of this round that arrived again: streams deliver at least once.
    pub duplicates: u32,
    /// Nonces of earlier rounds of this probe that arrived only now: slow, not lost.
    pub earlier: u32,
    /// Probe messages where no probe message may be: at the distractor or in the history. Not a verdict, but a broken promise.
    pub leaked: u32,
    /// Nonces of earlier rounds that arrived at a socket after this round's of the same region: users saw the new before the old.
    pub inversions: u32,
    /// Sockets of earlier rounds whose close was not answered with 1000 in time.
    pub unanswered_closes: u32,
}

/// How far a region's clock is ahead of this observer's; behind, when negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// Milliseconds.
    pub ahead_ms: i64,
    /// By how much that may be wrong in either direction, in milliseconds: half the round trip, and the rounding.
    pub error_ms: u32,
}

/// What one public name resolved to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicName {
    /// These addresses, in the order of the answer.
    Addresses(Vec<IpAddr>),
    /// None.
    Failure(Failure),
}

impl Skew {
    /// From the timestamp (milliseconds since the epoch, rounded down) of a message that was sent at `sent` and back `after` that.
    pub(crate) fn of(ts: i64, sent: Timestamp, after: Duration) -> Self {
        let half = i64::try_from(after.as_micros() / 2).unwrap_or(i64::MAX);
        let written = ts.saturating_mul(1000).saturating_add(500);
        let ahead = written.saturating_sub(sent.as_microsecond().saturating_add(half));
        // Half a millisecond for the timestamp, and half for the offset: both are whole milliseconds.
        let error = half.saturating_add(1000).saturating_add(999) / 1000;
        Self { ahead_ms: ahead.saturating_add(500).div_euclid(1000), error_ms: u32::try_from(error).unwrap_or(u32::MAX) }
    }
}

/// The ordinary socket of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Distractor {
    /// Where it was connected.
    pub region: RegionName,
    /// Whether it stood while messages were delivered. If not, nothing is known of leaks.
    pub stood: bool,
}

impl Step {
    /// A single attempt that did what it should.
    #[must_use]
    pub fn passed(total: Duration) -> Self {
        Self { phases: Phases { total, ..Phases::default() }, attempts: 1, ..Self::default() }
    }

    /// A single attempt that failed after so long, and that no second one follows.
    #[must_use]
    pub fn failed(phase: Phase, cause: Cause, total: Duration) -> Self {
        let failure = Failure { phase, cause, retriable: false, detail: String::new() };
        Self { failure: Some(failure), ..Self::passed(total) }
    }

    /// The step as a check's result; a pass that took longer than `slow` is late.
    #[must_use]
    pub fn result(&self, slow: Duration) -> CheckResult {
        let outcome = match &self.failure {
            Some(failure) => Outcome::Fail(failure.cause.clone()),
            None if self.attempts == 0 => Outcome::Unknown(Cause::NotTried),
            None if self.phases.total > slow => Outcome::Degraded(Cause::Late),
            None => Outcome::Pass,
        };
        CheckResult { outcome, millis: whole_millis(self.phases.total), attempts: self.attempts }
    }

    /// Whether every attempt ended before the far side's application could have said anything.
    #[must_use]
    pub fn reached_nothing(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| match failure.phase {
            Phase::Dns | Phase::Connect | Phase::Tls => true,
            Phase::FirstByte | Phase::Answer => false,
        })
    }
}

impl RegionSeen {
    /// The step behind a check; delivery and replication have none of their own.
    #[must_use]
    pub fn step(&self, check: Check) -> Option<&Step> {
        match check {
            Check::Rest => Some(&self.rest),
            Check::Websocket => Some(&self.websocket),
            Check::Table => Some(&self.table),
            Check::Delivery | Check::Replication => None,
        }
    }
}

impl Seen {
    /// Whether any check failed, or the observer itself did.
    #[must_use]
    pub fn anything_failed(&self) -> bool {
        let unfit = match self.round.self_check {
            Outcome::Pass | Outcome::Degraded(_) => false,
            Outcome::Fail(_) | Outcome::Unknown(_) => true,
        };
        unfit || self.round.regions.values().flat_map(BTreeMap::values).any(|result| result.outcome.is_fail())
    }
}

/// Milliseconds as documents hold them.
pub(crate) fn whole_millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Milliseconds with microseconds behind the point, for display and `--json`.
fn millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_micros() as f64 / 1000.0)
}

fn maybe_millis<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => millis(duration, serializer),
        None => serializer.serialize_none(),
    }
}

fn display<S: Serializer>(cause: &Cause, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cause)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Wherever between sending and hearing the timestamp was taken, the true skew is within the error.
        #[test]
        fn the_true_skew_is_within_the_error(skew_us in -5_000_000_i64..5_000_000, after_us in 0_i64..5_000_000, taken in 0.0..=1.0_f64) {
            let sent = Timestamp::from_microsecond(1_800_000_000_000_123).unwrap();
            let written_us = sent.as_microsecond() + (after_us as f64 * taken) as i64 + skew_us;
            let skew = Skew::of(written_us.div_euclid(1000), sent, Duration::from_micros(after_us.unsigned_abs()));
            prop_assert!((skew.ahead_ms * 1000 - skew_us).abs() <= i64::from(skew.error_ms) * 1000, "{skew:?}");
            prop_assert!(i64::from(skew.error_ms) <= after_us / 2000 + 2, "{skew:?}");
        }

        #[test]
        fn no_timestamp_is_too_wild(ts: i64) {
            let _ = Skew::of(ts, Timestamp::MAX, Duration::MAX);
        }
    }
}
