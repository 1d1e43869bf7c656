//! What a run is judged by, noted as it goes: who became ejected and when, what was forbidden, which promises were broken, and the transcript.
//!
//! Nothing here moves anything.

use std::time::Duration;

use decision::{DOCUMENT_BYTES_MAX, Policy, Reason, RegionName, Round, Snapshot, Verdict, Vote, Votes};
use jiff::{SignedDuration, Timestamp};

use super::alike::Alike;
use super::answers::Answers;
use super::broken::{Broken, decide};
use super::clock::{WARM_UP, moment, of_incident};
use super::gates::Gate;
use super::report::{Invariant, Report, Violation};
use super::seen::Seen;
use super::transcript::{Event, Happening, Minute, Transcript};
use crate::incident::{Act, Component, Effect, Forbidden, ForbiddenAct, Incident, Role, Tuple};
use crate::service::{Truth, Users, Vantage};

/// From this impact on a user, a fault is real.
pub(super) const REAL: f64 = 0.10;
/// How long a region must have been well for its ejection to be wrong.
const WELL_FOR: Duration = Duration::from_secs(60);
/// A gate is heard while fewer polls than these fail.
const HEARD: f64 = 0.05;
/// How long answers take to follow gates and votes, at the most.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(180);
/// The most violations that are told of one run.
const VIOLATIONS_MAX: usize = 20;

/// Everything that is noted.
#[derive(Debug)]
pub(super) struct Watch {
    names: [RegionName; 3],
    transcript: Option<Transcript>,
    violations: Vec<Violation>,
    forbidden: Vec<Forbidden>,
    broken: Vec<String>,
    /// By observer, then region.
    pub(super) verdicts: [[Verdict; 3]; 3],
    pub(super) votes: [[Vote; 3]; 3],
    /// By observer, then region: the vote carries out a drain.
    drained: [[bool; 3]; 3],
    /// Which regions are out: ejected by a majority, or for others than us no longer answered to their own users.
    pub(super) out: [bool; 3],
    by_a_person: [bool; 3],
    ejections: [u32; 3],
    returns: [u32; 3],
    wrong_ejects: u32,
    /// When a user wholly in a region was last hurt for real.
    hurt_at: [Option<Duration>; 3],
    onset: Option<(Duration, usize)>,
    voted: Option<Duration>,
    answered: Option<Duration>,
    nothing_served: Duration,
    rested: Duration,
    seen: Seen,
    /// By observer, then region: it was ejected for what was seen of it, and no person has had a say since.
    left: [[bool; 3]; 3],
    /// The shortest hold-down, where every clock, store and controller can be relied on.
    hold_down: Option<Duration>,
    /// Since when a majority of gates is heard.
    heard_since: Option<Duration>,
    /// By region: since when no majority ejects it.
    in_since: [Option<Duration>; 3],
    /// None is answered though one ought to be: told already.
    unanswered: bool,
    answers: Answers,
    alike: Alike,
}

impl Watch {
    pub(super) fn new(names: &[RegionName; 3], incident: &Incident, policy: Option<&Policy>, tells: bool) -> Self {
        // Whoever misses rounds, or does not know the time, holds down as well as it can.
        let blurs = |tuple: &Tuple| {
            matches!(tuple.component, Component::Clock | Component::Config) || matches!(tuple.effect, Effect::Act(Act::Crash))
        };
        let knows_all = !incident.faults.iter().any(blurs);
        Self {
            names: names.clone(),
            transcript: tells.then(Transcript::default),
            violations: Vec::new(),
            forbidden: incident.forbidden.clone(),
            broken: Vec::new(),
            verdicts: [[Verdict::Healthy; 3]; 3],
            votes: [[Vote::Serve; 3]; 3],
            drained: [[false; 3]; 3],
            out: [false; 3],
            by_a_person: [false; 3],
            ejections: [0; 3],
            returns: [0; 3],
            wrong_ejects: 0,
            hurt_at: [None; 3],
            onset: None,
            voted: None,
            answered: None,
            nothing_served: Duration::ZERO,
            rested: Duration::ZERO,
            seen: Seen::default(),
            left: [[false; 3]; 3],
            hold_down: policy.filter(|_| knows_all).and_then(shortest),
            heard_since: None,
            in_since: [None; 3],
            unanswered: false,
            answers: Answers::HOME,
            alike: Alike::new(&incident.faults),
        }
    }

    /// Whether anybody will read a transcript.
    pub(super) fn tells(&self) -> bool {
        self.transcript.is_some()
    }

    pub(super) fn tell(&mut self, at: Duration, what: Happening) {
        if let Some(transcript) = &mut self.transcript {
            // An observer's first rounds are no part of the incident.
            if at >= WARM_UP {
                transcript.events.push(Event { at: of_incident(at), what });
            }
        }
    }

    pub(super) fn violated(&mut self, at: Duration, invariant: Invariant, what: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation { at: of_incident(at), invariant, what });
        }
    }

    /// Time passed, and the truth stands at its end.
    pub(super) fn lived(&mut self, truth: &Truth, dt: Duration) {
        let now = truth.now();
        // Where Route 53's own checks reach nothing anywhere, it answers as though all were well: that is nobody's move.
        if self.answers.emptied {
            self.nothing_served += dt;
        }
        for region in 0..3 {
            if truth.impact_at(region) >= REAL {
                self.hurt_at[region] = Some(now);
                if self.onset.is_none() {
                    self.onset = Some((now, region));
                    self.voted = self.out[region].then_some(now);
                    self.answered = (self.answers.regions[region] != Some(region)).then_some(now);
                }
            }
        }
    }

    /// So much time is passed over.
    pub(super) fn rested(&mut self, time: Duration) {
        self.rested += time;
    }

    /// A probe's round ended.
    pub(super) fn looked(&mut self, observer: usize, round: &Round, now: Duration) {
        self.seen.take(observer, round, &self.names, now);
    }

    /// Whether a majority of gates speaks, and checkers hear it. Answers follow that, with a delay.
    pub(super) fn heard(&mut self, gates: &[Gate; 3], truth: &Truth) {
        let now = truth.now();
        let heard = |index: usize| {
            let met = truth.met(Vantage::Checker, index);
            gates[index].is_alive() && met.hole.max(met.health) < HEARD
        };
        let is_heard = (0..3).filter(|index| heard(*index)).count() >= 2;
        self.heard_since = if is_heard { self.heard_since.or(Some(now)) } else { None };
        for region in 0..3 {
            self.in_since[region] = if self.out[region] { None } else { self.in_since[region].or(Some(now)) };
        }
        let long = |since: &Option<Duration>| since.is_some_and(|since| now.saturating_sub(since) >= FOLLOWS_WITHIN);
        let ought = long(&self.heard_since) && self.in_since.iter().any(long) && self.answers.nothing_served();
        if ought && !std::mem::replace(&mut self.unanswered, true) {
            self.violated(now, Invariant::SomethingAnswers, "a region is not ejected, and none is answered".to_owned());
        }
        self.unanswered &= ought;
    }

    /// Users are answered otherwise.
    pub(super) fn answered(&mut self, now: Duration, answers: &Answers) {
        for home in 0..3 {
            let (from, to) = (self.answers.regions[home], answers.regions[home]);
            if from != to || self.answers.last_resort[home] != answers.last_resort[home] {
                self.tell(now, Happening::Answer { home, from, to, last_resort: answers.last_resort[home] });
            }
        }
        self.answers = *answers;
        if self.onset.is_some_and(|(_, region)| answers.regions[region] != Some(region)) {
            self.answered.get_or_insert(now);
        }
    }

    /// One observer's votes were stored. Returns whether any vote differs from before.
    pub(super) fn voted(&mut self, now: Duration, observer: usize, votes: &Votes, changes: &[decision::Change]) -> bool {
        let mut moved = false;
        for region in 0..3 {
            let Some(entry) = votes.regions.get(&self.names[region]) else { continue };
            let from = self.verdicts[observer][region];
            if from != entry.verdict {
                self.verdicts[observer][region] = entry.verdict;
                self.tell(now, Happening::Verdict { observer, region, from, to: entry.verdict });
            }
            self.drained[observer][region] = matches!(entry.reason, Reason::Drained { .. });
            let was_left = self.left[observer][region];
            self.left[observer][region] = match (&entry.reason, entry.vote) {
                (Reason::Drained { .. }, _) | (_, Vote::Serve) => false,
                (Reason::Failing(_), Vote::Eject) if self.votes[observer][region] == Vote::Serve => true,
                (_, Vote::Eject) => was_left,
            };
            if self.votes[observer][region] != entry.vote {
                self.votes[observer][region] = entry.vote;
                moved = true;
                let automatic = entry.vote == Vote::Eject && !self.drained[observer][region];
                if automatic && !self.seen.speaks_against(observer, region, now) {
                    let what = format!("{} ejects {}, which it has not seen fail", self.names[observer], self.names[region]);
                    self.violated(now, Invariant::SilenceIsUnknown, what);
                }
                let clean = self.seen.clean_for(observer, region, now);
                if was_left && entry.vote == Vote::Serve && entry.refused.is_none() && self.hold_down.is_some_and(|held| clean < held) {
                    let (observer, region) = (&self.names[observer], &self.names[region]);
                    let what = format!("{observer} lets {region} serve again {} s after it saw it fail", clean.as_secs());
                    self.violated(now, Invariant::ReturnsAreHeld, what);
                }
                if !fits(entry.vote, &entry.reason) {
                    let what = format!("{} votes {} on {} because {}", self.names[observer], entry.vote, self.names[region], entry.reason);
                    self.violated(now, Invariant::ReasonsFit, what);
                }
                if self.tells() {
                    let change = changes.iter().find(|change| change.region == self.names[region]);
                    let reason = change.map_or_else(|| entry.reason.to_string(), |change| change.reason.to_string());
                    self.tell(now, Happening::Vote { observer, region, to: entry.vote, reason });
                }
            }
        }
        moved
    }

    /// Which regions a majority of these votes ejects.
    pub(super) fn majorities(&self) -> [bool; 3] {
        std::array::from_fn(|region| (0..3).filter(|observer| self.votes[*observer][region] == Vote::Eject).count() >= 2)
    }

    /// Whether it takes the votes that carry out a drain to eject a region.
    fn takes_a_drain(&self, region: usize) -> bool {
        let by_itself = |observer: &usize| self.votes[*observer][region] == Vote::Eject && !self.drained[*observer][region];
        self.drained.iter().any(|of| of[region]) && (0..3).filter(by_itself).count() < 2
    }

    /// Regions are out, or back.
    pub(super) fn moved(&mut self, truth: &Truth, out: [bool; 3], now: Duration) {
        for (region, is_out) in out.into_iter().enumerate() {
            if self.out[region] == is_out {
                continue;
            }
            self.out[region] = is_out;
            let hurt = truth.impact_at(region);
            self.tell(now, Happening::Majority { region, ejected: is_out, hurt });
            let by_a_person = if is_out { self.takes_a_drain(region) } else { self.by_a_person[region] };
            self.by_a_person[region] = by_a_person;
            if is_out {
                if self.onset.is_some_and(|(_, of)| of == region) {
                    self.voted.get_or_insert(now);
                }
                let was_well = self.hurt_at[region].is_none_or(|at| now.saturating_sub(at) >= WELL_FOR);
                if !by_a_person && self.alike.at(now) {
                    self.violated(now, Invariant::AllAlikeStay, format!("{} is ejected while all fail alike", self.names[region]));
                }
                if !by_a_person {
                    self.ejections[region] += 1;
                    self.wrong_ejects += u32::from(hurt < REAL && was_well);
                }
            } else if !by_a_person {
                self.returns[region] += 1;
            }
            if !by_a_person {
                self.check_forbidden(now, region, is_out);
            }
        }
        if self.out == [true; 3] {
            self.violated(now, Invariant::SomethingServes, "a majority ejects every region".to_owned());
        }
    }

    fn check_forbidden(&mut self, now: Duration, region: usize, ejected: bool) {
        let now = of_incident(now);
        let out = self.out.iter().filter(|out| **out).count();
        for forbidden in &self.forbidden {
            let applies = match forbidden.act {
                ForbiddenAct::Eject => ejected,
                ForbiddenAct::Return => !ejected,
                ForbiddenAct::EjectTwo => ejected && out >= 2,
            };
            let here = forbidden.region.is_none_or(|role| role.index() == region);
            let within = now >= moment(forbidden.from) && forbidden.to.is_none_or(|to| now <= moment(to));
            if applies && here && within {
                let minute = now.as_secs_f64() / 60.0;
                let what = match forbidden.act {
                    ForbiddenAct::Eject => "was ejected",
                    ForbiddenAct::Return => "was served again",
                    ForbiddenAct::EjectTwo => "was ejected beside another",
                };
                self.broken.push(format!("{} {what} at minute {minute:.1}", Role::ALL[region]));
            }
        }
    }

    /// Looks at what was stored: whether it fits, can be read again, and settles.
    pub(super) fn inspect(&mut self, at: Duration, (policy, broken): (&Policy, Option<Broken>), snapshot: &mut Snapshot, now: Timestamp) {
        let Some(votes) = &snapshot.votes else { return };
        let observer = snapshot.observer.clone();
        match serde_json::to_vec(votes) {
            Ok(json) if json.len() > DOCUMENT_BYTES_MAX => {
                self.violated(at, Invariant::DocumentsFit, format!("the votes of {observer} have {} bytes", json.len()));
            }
            Ok(json) => {
                if serde_json::from_slice::<Votes>(&json).ok().as_ref() != Some(votes) {
                    self.violated(at, Invariant::DocumentsFit, format!("the votes of {observer} are not read as they were written"));
                }
            }
            Err(error) => self.violated(at, Invariant::DocumentsFit, format!("the votes of {observer} cannot be written: {error}")),
        }
        let again = decide(broken, policy, snapshot, now);
        if again.write || !again.changes.is_empty() {
            self.violated(at, Invariant::Settles, format!("{observer} decides otherwise on what it has just stored"));
        }
    }

    /// A minute has ended.
    pub(super) fn minute(&mut self, truth: &Truth, users: &Users) {
        if truth.now() <= WARM_UP {
            return;
        }
        let minute = Minute {
            verdicts: self.verdicts,
            votes: self.votes,
            ejected: self.out,
            answers: self.answers.regions,
            sick: std::array::from_fn(|region| truth.impact_at(region)),
            hurt: users.hurt(),
            placed: std::array::from_fn(|region| users.placed(region)),
        };
        if let Some(transcript) = &mut self.transcript {
            transcript.minutes.push(minute);
        }
    }

    /// Everything that was noted.
    pub(super) fn report(self, users: &Users) -> Report {
        let beyond_first = |counts: [u32; 3]| counts.iter().map(|count| count.saturating_sub(1)).sum::<u32>();
        let since = |at: Option<Duration>| Some((at? - self.onset?.0).as_secs_f64());
        Report {
            score: *users.score(),
            wrong_ejects: self.wrong_ejects,
            ejections: self.ejections.iter().sum(),
            flips: beyond_first(self.ejections) + beyond_first(self.returns),
            minutes_nothing_served: self.nothing_served.as_secs_f64() / 60.0,
            coasted_minutes: self.rested.as_secs_f64() / 60.0,
            onset: self.onset.map(|(at, _)| of_incident(at).as_secs_f64()),
            vote_after: since(self.voted),
            answers_after: since(self.answered),
            forbidden: self.broken,
            violations: self.violations,
            transcript: self.transcript,
            documents: None,
        }
    }
}

/// How long every region stays out at the least.
fn shortest(policy: &Policy) -> Option<Duration> {
    // What was seen is stored, and decided on, a little later than it was seen.
    let held = Duration::try_from(policy.thresholds().hold_down(SignedDuration::ZERO, 0)).ok()?;
    Some(held.saturating_sub(Duration::from_secs(5)))
}

/// Whether a reason is one for this vote.
fn fits(vote: Vote, reason: &Reason) -> bool {
    let explained = match reason {
        Reason::Failing(_)
        | Reason::HeldDown { .. }
        | Reason::Returning { .. }
        | Reason::Replication { .. }
        | Reason::AwaitsResume
        | Reason::Drained { .. } => Vote::Eject,
        Reason::Held { kept, .. }
        | Reason::Silent { kept, .. }
        | Reason::Future { kept, .. }
        | Reason::Unfit { kept, .. }
        | Reason::Blind { kept, .. }
        | Reason::NotJudged { kept, .. } => *kept,
        _ => Vote::Serve,
    };
    explained == vote
}
