//! The policy: who is served from where, watched by whom, and the thresholds. A `Policy` that exists is valid.
//!
//! No rule lives here, only the numbers that rules use.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::name::{RegionName, ServiceName};

/// The most regions one service may have: with more, a document could outgrow a standard SSM parameter.
pub const REGIONS_MAX: usize = 6;
/// The most observers one service may have.
pub const OBSERVERS_MAX: usize = 7;

/// How a region comes back after an ejection or a drain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failback {
    /// Through the gates, hold-down included, by itself.
    #[default]
    Automatic,
    /// As `automatic`, with the longest hold-down every time.
    AfterHold,
    /// Only when a person resumes it.
    Manual,
}

/// The policy as it is written: every field but the names has a default. Durations are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// The service.
    pub service: ServiceName,
    /// The regions that serve it, 2 to [`REGIONS_MAX`].
    pub regions: BTreeSet<RegionName>,
    /// The observers: odd, 3 to [`OBSERVERS_MAX`], every serving region among them unless there are more regions than that.
    pub observers: BTreeSet<RegionName>,
    /// The thresholds.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// How single regions come back; the others return automatically.
    #[serde(default)]
    pub failback: BTreeMap<RegionName, Failback>,
    /// How much of the whole service's usual load each region can carry: 1 = all of it. A region that is not named counts as unknown, which is
    /// no room at all where room is asked for: a missing figure must not let anybody move.
    #[serde(default)]
    pub capacity: BTreeMap<RegionName, f64>,
}

/// The numbers that rules use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Seconds between two rounds of one observer while all is well. Default 10.
    pub round_seconds: f64,
    /// Rounds in a row in which nothing of a region worked that make it unhealthy. Default 3.
    pub gone_after: u8,
    /// Rounds among the last `down_window` in which one and the same critical check failed that make a region unhealthy. Default 5.
    pub down_after: u8,
    /// How many rounds the leaky count looks at. Default 6, at most 8.
    pub down_window: u8,
    /// The share of first attempts that may fail before anybody would mind. Default 0.02.
    pub error_budget: f64,
    /// How many times its budget a critical check must fail over the fast window to make a region unhealthy. Default 12.
    pub fast_burn: f64,
    /// The fast window, in seconds. Default 300.
    pub fast_window_seconds: f64,
    /// As `fast_burn`, over the slow window. Default 6.
    pub slow_burn: f64,
    /// The slow window, in seconds. Default 1200.
    pub slow_window_seconds: f64,
    /// Consecutive clean rounds before a region may return. Default 6.
    pub up_after: u8,
    /// Shortest hold-down after an automatic ejection, in seconds. Default 120.
    pub hold_down_seconds: f64,
    /// Part of the time that a region was out and failing for which it must stay clean, if that is longer. Default 0.5.
    pub hold_down_share: f64,
    /// Longest hold-down, in seconds: it doubles with each relapse up to here. Default 3600.
    pub hold_down_max_seconds: f64,
    /// Clean time that halves the hold-down again, in seconds. Default 3600.
    pub hold_down_decay_seconds: f64,
    /// At most one automatic ejection per this many seconds. Default 60.
    pub ejection_window_seconds: f64,
    /// Rounds that may be missed before an observer's view counts as silence. Default 3.
    pub silent_after_rounds: u8,
    /// Fewest regions that must stay undrained. Default 1.
    pub min_serving: u8,
    /// Age at which votes are no longer fresh and the gate stops saying `alive`, in seconds. Default 180.
    pub votes_fresh_seconds: f64,
    /// How long Route 53's checkers may go on seeing an ejection that is taken back, in seconds. Default 45.
    pub settle_seconds: f64,
    /// How old unchanged votes get before they are written again, in seconds. Default 30.
    pub votes_refresh_seconds: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            round_seconds: 10.0,
            gone_after: 3,
            down_after: 5,
            down_window: 6,
            error_budget: 0.02,
            fast_burn: 12.0,
            fast_window_seconds: 300.0,
            slow_burn: 6.0,
            slow_window_seconds: 1200.0,
            up_after: 6,
            hold_down_seconds: 120.0,
            hold_down_share: 0.5,
            hold_down_max_seconds: 3600.0,
            hold_down_decay_seconds: 3600.0,
            ejection_window_seconds: 60.0,
            silent_after_rounds: 3,
            min_serving: 1,
            votes_fresh_seconds: 180.0,
            settle_seconds: 45.0,
            votes_refresh_seconds: 30.0,
        }
    }
}

/// A valid policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    spec: PolicySpec,
    /// Of `spec`: every decision is stored with it, and writing the policy out each time would take longer than deciding.
    fingerprint: String,
}

/// Why a policy is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// Fewer than two or more than [`REGIONS_MAX`] regions.
    #[error("a service has 2 to {REGIONS_MAX} regions; this one has {0}")]
    Regions(usize),
    /// An even number of observers, or fewer than three, or too many.
    #[error("observers are odd in number, 3 to {OBSERVERS_MAX}; these are {0} (a two-region service adds a witness)")]
    Observers(usize),
    /// A serving region without an observer.
    #[error("{0} serves but has no observer; every serving region is an observer too")]
    NotObserved(RegionName),
    /// A failback entry for a region that does not serve.
    #[error("failback names {0}, which is not one of the regions")]
    FailbackRegion(RegionName),
    /// A capacity entry for a region that does not serve.
    #[error("capacity names {0}, which is not one of the regions")]
    CapacityRegion(RegionName),
    /// A capacity that is no share of the service's load.
    #[error("the capacity of {0} is {1}: it is a share of the whole service's usual load, more than 0 and at most 100")]
    Capacity(RegionName, f64),
    /// A threshold out of range.
    #[error("{name} = {value}: {rule}")]
    Threshold {
        /// The field.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        rule: &'static str,
    },
}

impl Policy {
    /// Checks a policy as written.
    ///
    /// # Errors
    /// The first thing in it that cannot hold.
    pub fn new(spec: PolicySpec) -> Result<Self, PolicyError> {
        let (regions, observers) = (spec.regions.len(), spec.observers.len());
        if !(2..=REGIONS_MAX).contains(&regions) {
            return Err(PolicyError::Regions(regions));
        }
        if observers.is_multiple_of(2) || !(3..=OBSERVERS_MAX).contains(&observers) {
            return Err(PolicyError::Observers(observers));
        }
        if let Some(region) = spec.regions.iter().find(|region| !spec.observers.contains(*region)) {
            return Err(PolicyError::NotObserved(region.clone()));
        }
        if let Some(region) = spec.failback.keys().find(|region| !spec.regions.contains(*region)) {
            return Err(PolicyError::FailbackRegion(region.clone()));
        }
        if let Some(region) = spec.capacity.keys().find(|region| !spec.regions.contains(*region)) {
            return Err(PolicyError::CapacityRegion(region.clone()));
        }
        if let Some((region, share)) = spec.capacity.iter().find(|(_, share)| !(**share > 0.0 && **share <= 100.0)) {
            return Err(PolicyError::Capacity(region.clone(), *share));
        }
        spec.thresholds.check(regions)?;
        Ok(Self::checked(spec))
    }

    /// A policy as written that was checked, or follows from one that was.
    fn checked(spec: PolicySpec) -> Self {
        // FNV-1a: stable over builds and machines, which `std`'s hasher does not promise.
        let text = format!("{spec:?}");
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self { spec, fingerprint: format!("{hash:016x}") }
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.spec.service
    }

    /// The regions that serve, in order of name.
    #[must_use]
    pub fn regions(&self) -> &BTreeSet<RegionName> {
        &self.spec.regions
    }

    /// The observers, in order of name.
    #[must_use]
    pub fn observers(&self) -> &BTreeSet<RegionName> {
        &self.spec.observers
    }

    /// The thresholds.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.spec.thresholds
    }

    /// The policy as written.
    #[must_use]
    pub fn spec(&self) -> &PolicySpec {
        &self.spec
    }

    /// How a region comes back.
    #[must_use]
    pub fn failback(&self, region: &RegionName) -> Failback {
        self.spec.failback.get(region).copied().unwrap_or_default()
    }

    /// Whether these regions are known to be able to carry the whole service.
    #[must_use]
    pub fn has_room<'a>(&self, survivors: impl IntoIterator<Item = &'a RegionName>) -> bool {
        // A hair of slack: three capacities of a third are a whole.
        survivors.into_iter().map(|region| self.spec.capacity.get(region)).sum::<Option<f64>>().is_some_and(|room| room > 0.999)
    }

    /// How many observers are a majority.
    #[must_use]
    pub fn majority(&self) -> usize {
        self.spec.observers.len() / 2 + 1
    }

    /// How many regions one observer may eject without a look at the others: so few cannot help to empty the answer, whatever all the others eject.
    ///
    /// With three observers one, however many regions there are. With more observers than that, none where there are more than two regions.
    #[must_use]
    pub fn free(&self) -> usize {
        let (regions, others) = (self.spec.regions.len(), self.spec.observers.len() - 1);
        (regions * self.majority()).saturating_sub(1 + others * (regions - 1)).min(regions - 1)
    }

    /// How many regions drains may take at the most.
    #[must_use]
    pub fn drains_max(&self) -> usize {
        self.spec.regions.len().saturating_sub(usize::from(self.spec.thresholds.min_serving))
    }

    /// The same policy on a clock that runs `speed` times as fast: every duration divided.
    #[must_use]
    pub fn at_speed(&self, speed: f64) -> Self {
        let mut spec = self.spec.clone();
        let t = &mut spec.thresholds;
        for seconds in [
            &mut t.round_seconds,
            &mut t.fast_window_seconds,
            &mut t.slow_window_seconds,
            &mut t.hold_down_seconds,
            &mut t.hold_down_max_seconds,
            &mut t.hold_down_decay_seconds,
            &mut t.ejection_window_seconds,
            &mut t.votes_fresh_seconds,
            &mut t.settle_seconds,
            &mut t.votes_refresh_seconds,
        ] {
            *seconds /= speed;
        }
        Self::checked(spec)
    }

    /// A short fingerprint of everything in the policy, stored beside each decision.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}

impl Thresholds {
    fn check(&self, regions: usize) -> Result<(), PolicyError> {
        let rule = |name, value: f64, fine: bool, rule| if fine { Ok(()) } else { Err(PolicyError::Threshold { name, value, rule }) };
        let seconds =
            |name, value: f64| rule(name, value, value > 0.0 && value <= 7.0 * 86_400.0, "seconds, more than 0 and at most a week");
        seconds("round_seconds", self.round_seconds)?;
        seconds("fast_window_seconds", self.fast_window_seconds)?;
        seconds("slow_window_seconds", self.slow_window_seconds)?;
        seconds("hold_down_seconds", self.hold_down_seconds)?;
        seconds("hold_down_max_seconds", self.hold_down_max_seconds)?;
        seconds("hold_down_decay_seconds", self.hold_down_decay_seconds)?;
        seconds("ejection_window_seconds", self.ejection_window_seconds)?;
        seconds("votes_fresh_seconds", self.votes_fresh_seconds)?;
        seconds("settle_seconds", self.settle_seconds)?;
        seconds("votes_refresh_seconds", self.votes_refresh_seconds)?;
        rule("gone_after", self.gone_after.into(), (1..=8).contains(&self.gone_after), "1 to 8 rounds")?;
        let share = |name, value: f64| rule(name, value, value > 0.0 && value <= 1.0, "a share, more than 0 and at most 1");
        share("error_budget", self.error_budget)?;
        let burn = |name, value: f64| rule(name, value, (1.0..=1000.0).contains(&value), "times the error budget, 1 to 1000");
        burn("fast_burn", self.fast_burn)?;
        burn("slow_burn", self.slow_burn)?;
        rule("hold_down_share", self.hold_down_share, (0.0..=1.0).contains(&self.hold_down_share), "a share, 0 to 1")?;
        rule("down_window", self.down_window.into(), (1..=8).contains(&self.down_window), "1 to 8 rounds")?;
        rule("down_after", self.down_after.into(), (1..=self.down_window).contains(&self.down_after), "1 to down_window rounds")?;
        rule("up_after", self.up_after.into(), (1..=100).contains(&self.up_after), "1 to 100 rounds")?;
        rule("silent_after_rounds", self.silent_after_rounds.into(), self.silent_after_rounds >= 1, "at least 1")?;
        let fewer = usize::from(self.min_serving) < regions;
        rule("min_serving", self.min_serving.into(), self.min_serving >= 1 && fewer, "at least 1, and fewer than the regions")?;
        rule(
            "hold_down_max_seconds",
            self.hold_down_max_seconds,
            self.hold_down_max_seconds >= self.hold_down_seconds,
            "at least hold_down_seconds",
        )
    }

    /// The time between two rounds while all is well.
    #[must_use]
    pub fn round(&self) -> SignedDuration {
        duration(self.round_seconds)
    }

    /// The age after which an observer's view counts as silence.
    #[must_use]
    pub fn silent_after(&self) -> SignedDuration {
        duration(self.round_seconds * f64::from(self.silent_after_rounds))
    }

    /// The fast and the slow window of the error budget.
    #[must_use]
    pub fn windows(&self) -> [SignedDuration; 2] {
        [duration(self.fast_window_seconds), duration(self.slow_window_seconds)]
    }

    /// How long a region must stay clean after an automatic ejection: its part of the time that it was `out` and failing, or the shortest hold-down,
    /// doubled so many times, up to the longest.
    #[must_use]
    pub fn hold_down(&self, out: SignedDuration, doublings: u8) -> SignedDuration {
        let shortest = self.hold_down_seconds.max(out.as_secs_f64() * self.hold_down_share);
        duration((shortest * 2_f64.powi(doublings.into())).min(self.hold_down_max_seconds))
    }

    /// The clean time that takes back one doubling.
    #[must_use]
    pub fn hold_down_decay(&self) -> SignedDuration {
        duration(self.hold_down_decay_seconds)
    }

    /// The time in which at most one region is ejected automatically.
    #[must_use]
    pub fn ejection_window(&self) -> SignedDuration {
        duration(self.ejection_window_seconds)
    }

    /// The age at which votes are no longer fresh.
    #[must_use]
    pub fn votes_fresh(&self) -> SignedDuration {
        duration(self.votes_fresh_seconds)
    }

    /// How long the checkers may go on seeing an ejection that is taken back.
    #[must_use]
    pub fn settle(&self) -> SignedDuration {
        duration(self.settle_seconds)
    }

    /// The age at which unchanged votes are written again.
    #[must_use]
    pub fn votes_refresh(&self) -> SignedDuration {
        duration(self.votes_refresh_seconds)
    }
}

/// Seconds, checked to be in range by [`Thresholds::check`], as a duration.
pub(crate) fn duration(seconds: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)
}
