//! The automatic lane: what one observer would vote on a region from its memory alone, before intents and safety rules.
//!
//! No rule across regions lives here.

use jiff::{SignedDuration, Timestamp};

use crate::check::{Cause, Check, Outcome};
use crate::hysteresis::{Evidence, Eyes, Mark, Sight, mark};
use crate::memory::Memory;
use crate::name::RegionName;
use crate::observation::Observation;
use crate::policy::{Failback, Policy};
use crate::reason::{Failing, Reason};
use crate::time::{later, millis};
use crate::vote::{Verdict, Vote};

/// One region as the automatic lane sees it.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    policy: &'a Policy,
    region: &'a RegionName,
    sight: &'a Sight<'a>,
    memory: &'a Memory,
    mark: Mark,
}

impl<'a> Look<'a> {
    pub(crate) fn at(policy: &'a Policy, sight: &'a Sight<'a>, region: &'a RegionName, memory: &'a Memory) -> Self {
        let mark = mark(sight.newest().and_then(|round| round.regions.get(region)));
        Self { policy, region, sight, memory, mark }
    }

    /// This observer's judgement.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.mark {
            Mark::Unknown => Verdict::Unknown,
            _ if self.memory.down => Verdict::Unhealthy,
            Mark::Clean if self.sight.failing(self.policy, self.region).is_none_or(|failing| matches!(failing, Failing::Count { .. })) => {
                Verdict::Healthy
            }
            Mark::Clean | Mark::Degraded | Mark::Failed(_) | Mark::Gone | Mark::Retried(_) => Verdict::Degraded,
        }
    }

    /// Why this region's vote is kept, when nothing can be said of it.
    pub(crate) fn unknown(&self, kept: Vote) -> Option<Reason> {
        match &self.sight.eyes {
            Eyes::Open => match self.mark {
                Mark::Unknown => Some(Reason::NotJudged { check: self.not_judged(), kept }),
                Mark::Clean | Mark::Degraded | Mark::Failed(_) | Mark::Gone | Mark::Retried(_) => None,
            },
            Eyes::Silent(since) => Some(Reason::Silent { since: *since, kept }),
            Eyes::Future(at) => Some(Reason::Future { at: *at, kept }),
            Eyes::Unfit(cause) => Some(Reason::Unfit { cause: cause.clone(), kept }),
            Eyes::Blind(cause) => Some(Reason::Blind { cause: cause.clone(), kept }),
        }
    }

    /// Whether enough speaks against a region that serves to eject it, its newest round included: nobody is ejected after a clean round.
    pub(crate) fn is_failing(&self) -> bool {
        self.evidence().is_some()
    }

    /// What speaks for an ejection now, if it is enough.
    pub(crate) fn evidence(&self) -> Option<Evidence> {
        self.memory.evidence(self.policy).filter(|_| self.memory.down && self.memory.just_failed())
    }

    /// Whether all that failed of it lately failed on the way to it, if anything did.
    pub(crate) fn is_lost_on_the_way(&self) -> Option<bool> {
        self.sight.is_lost_on_the_way(self.region)
    }

    /// Why a region that serves does so, whatever its memory.
    pub(crate) fn serving(&self) -> Reason {
        match self.sight.failing(self.policy, self.region) {
            Some(failing) => Reason::Suspect(failing),
            None => match self.degraded() {
                Some((check, cause)) => Reason::Degraded { check, cause },
                None => Reason::Healthy,
            },
        }
    }

    /// The vote on a region that serves.
    pub(crate) fn leave_or_stay(&self) -> (Vote, Reason) {
        match self.sight.failing(self.policy, self.region) {
            Some(failing) if self.is_failing() => (Vote::Eject, Reason::Failing(failing)),
            _ => (Vote::Serve, self.serving()),
        }
    }

    /// The vote on a region that is out: the failback gates, in order. `pressed` says that another region is unhealthy: a long hold-down is for those who have
    /// room.
    pub(crate) fn return_or_stay(&self, excused: impl Fn(&RegionName) -> bool, pressed: bool, now: Timestamp) -> (Vote, Reason) {
        let needed = self.policy.thresholds().up_after;
        let clean = self.memory.clean.min(needed);
        if self.is_failing()
            && let Some(failing) = self.sight.failing(self.policy, self.region)
        {
            return (Vote::Eject, Reason::Failing(failing));
        }
        let held_until = self.memory.held_until.map(|until| if pressed { until.min(self.shortest_hold(until)) } else { until });
        match held_until {
            Some(until) if clean < needed || now < until => return (Vote::Eject, Reason::HeldDown { until, clean, needed }),
            _ if clean < needed || self.memory.down => return (Vote::Eject, Reason::Returning { clean, needed }),
            _ => {}
        }
        if let Some(cause) = self.replication_fails(excused).or_else(|| self.streams_are_late()) {
            return (Vote::Eject, Reason::Replication { cause });
        }
        match self.policy.failback(self.region) {
            Failback::Manual if !self.memory.resumed => (Vote::Eject, Reason::AwaitsResume),
            Failback::Manual | Failback::Automatic | Failback::AfterHold => (Vote::Serve, self.serving()),
        }
    }

    /// When the shortest hold-down ends, as often doubled as it relapsed.
    fn shortest_hold(&self, until: Timestamp) -> Timestamp {
        match (self.policy.failback(self.region), self.memory.clean_since) {
            (Failback::Automatic | Failback::Manual, Some(since)) => {
                let hold = self.policy.thresholds().hold_down(SignedDuration::ZERO, self.memory.relapses.saturating_sub(1));
                millis(later(since, hold))
            }
            (Failback::AfterHold, _) | (_, None) => until,
        }
    }

    fn observation(&self) -> Option<&Observation> {
        self.sight.newest()?.regions.get(self.region)
    }

    /// The first check of the newest round that works, but not as it should.
    fn degraded(&self) -> Option<(Check, Cause)> {
        let observation = self.observation()?;
        Check::ALL.into_iter().find_map(|check| match &observation.get(&check)?.outcome {
            Outcome::Degraded(cause) | Outcome::Fail(cause) => Some((check, cause.clone())),
            Outcome::Pass | Outcome::Unknown(_) => None,
        })
    }

    fn not_judged(&self) -> Check {
        let outcome = |check: &Check| self.observation().and_then(|observation| observation.get(check)).map(|result| &result.outcome);
        let unjudged = |check: &Check| check.is_critical() && matches!(outcome(check), None | Some(Outcome::Unknown(_)));
        Check::ALL.into_iter().find(unjudged).unwrap_or(Check::Rest)
    }

    /// Messages that arrive late are the end of a backlog: those who return now would wait behind it.
    fn streams_are_late(&self) -> Option<Cause> {
        match &self.observation()?.get(&Check::Delivery)?.outcome {
            Outcome::Degraded(cause) => Some(cause.clone()),
            Outcome::Pass | Outcome::Fail(_) | Outcome::Unknown(_) => None,
        }
    }

    /// How replication fails, unless the other side of the pair is one that is `excused`: a region that is out cannot keep others out with it.
    fn replication_fails(&self, excused: impl Fn(&RegionName) -> bool) -> Option<Cause> {
        match &self.observation()?.get(&Check::Replication)?.outcome {
            Outcome::Fail(Cause::From(other) | Cause::To(other)) if excused(other) => None,
            Outcome::Fail(cause) => Some(cause.clone()),
            Outcome::Pass | Outcome::Degraded(_) | Outcome::Unknown(_) => None,
        }
    }
}
