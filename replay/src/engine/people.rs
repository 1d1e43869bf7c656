//! Answers that people move: an operator by hand, and somebody who knows everything.
//!
//! The operator sees a region that hurts for real while another is better, needs the time that people need, edits records, and goes back when it has
//! been well for long enough. Who knows everything moves after so many minutes, and only where the hour after it is better for it.

use std::time::Duration;

use super::answers::{Answers, NEAREST};
use super::clock::{For, draws, moment};
use super::watch::REAL;
use crate::service::{Truth, Users};

/// Minutes from onset to the act of an operator: the least, the most likely, the most (corpus, section 1).
const ACTS_AFTER: (f64, f64, f64) = (20.0, 60.0, 150.0);
/// From an edit of records until they are answered.
const PROPAGATION: Duration = Duration::from_secs(60);
/// How long a refused edit waits for the next try.
const RETRY: Duration = Duration::from_secs(300);
/// How long a region must have been well before its users go home.
const BACK_AFTER: Duration = Duration::from_secs(30 * 60);
/// How far who knows everything looks ahead, and in what steps.
const AHEAD: Duration = Duration::from_secs(3600);
const AHEAD_STEP: Duration = Duration::from_secs(10);
/// Between two looks while something hurts.
const LOOK: Duration = Duration::from_secs(10);

/// Who moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Who {
    Nobody,
    Operator,
    /// Somebody who knows everything, so long after a fault becomes real.
    Oracle(Duration),
}

/// The answers, and what is about to become of them.
#[derive(Debug, Clone)]
pub(super) struct People {
    who: Who,
    seed: u64,
    homes: [Home; 3],
    pub(super) answers: Answers,
    looks: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Home {
    /// Since when the region hurts for real while another is better.
    hurts: Option<Duration>,
    /// Since when it has been well.
    well: Option<Duration>,
    /// When somebody acts on what hurts since then.
    acts: Option<Duration>,
    /// An edit under way: when it is answered, and to where.
    edit: Option<(Duration, usize)>,
}

impl People {
    pub(super) fn new(who: Who, seed: u64) -> Self {
        Self { who, seed, homes: [Home::default(); 3], answers: Answers::HOME, looks: None }
    }

    /// When they look next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.looks
    }

    /// Looks, and acts if it is time to. Returns whether answers changed.
    pub(super) fn look(&mut self, truth: &Truth, users: &Users) -> bool {
        if self.who == Who::Nobody {
            return false;
        }
        let now = truth.now();
        let before = self.answers;
        for home in 0..3 {
            self.look_at(home, truth, users, now);
        }
        let hurts = (0..3).any(|region| truth.impact_at(region) > 0.0);
        let waits = self.homes.iter().any(|home| home.edit.is_some()) || self.answers != Answers::HOME;
        self.looks = (hurts || waits).then(|| now + LOOK);
        self.answers != before
    }

    fn look_at(&mut self, home: usize, truth: &Truth, users: &Users, now: Duration) {
        let impact = truth.impact_at(home);
        let is_home = self.answers.regions[home] == Some(home);
        let state = &mut self.homes[home];
        let hurts = impact >= REAL && better(truth, home).is_some();
        state.hurts = if hurts { state.hurts.or(Some(now)) } else { None };
        state.well = if impact < REAL { state.well.or(Some(now)) } else { None };
        if let Some((at, to)) = state.edit {
            if now >= at {
                state.edit = None;
                self.answers.regions[home] = Some(to);
            }
            return;
        }
        if is_home {
            match state.hurts {
                None => state.acts = None,
                Some(since) => {
                    let after = match self.who {
                        Who::Nobody => return,
                        Who::Operator => by_hand(self.seed, home, since),
                        Who::Oracle(after) => after,
                    };
                    let acts = *state.acts.get_or_insert(since + after);
                    if now >= acts {
                        self.act(home, truth, users, now);
                    }
                }
            }
        } else if state.well.is_some_and(|since| now >= since + BACK_AFTER) {
            self.edit(home, home, truth, now);
        }
    }

    fn act(&mut self, home: usize, truth: &Truth, users: &Users, now: Duration) {
        match self.who {
            Who::Nobody => {}
            Who::Operator => {
                if let Some(to) = better(truth, home) {
                    self.edit(home, to, truth, now);
                }
            }
            Who::Oracle(_) => match best(truth, users, &self.answers, home) {
                Some(to) => self.answers.regions[home] = Some(to),
                None => self.homes[home].acts = Some(now + RETRY),
            },
        }
    }

    /// Edits the records of a home, if edits are taken.
    fn edit(&mut self, home: usize, to: usize, truth: &Truth, now: Duration) {
        if self.who != Who::Operator {
            self.answers.regions[home] = Some(to);
            return;
        }
        let denied = truth.changes_denied();
        if denied > 0.0 && draws(self.seed, For::Manual, 3 + home, now).f64() < denied {
            self.homes[home].acts = Some(now + RETRY);
            self.homes[home].well = self.homes[home].well.map(|_| (now + RETRY).saturating_sub(BACK_AFTER));
            return;
        }
        self.homes[home].edit = Some((now + PROPAGATION + truth.changes_delayed(), to));
    }
}

/// How long an operator takes who is called at `since`.
fn by_hand(seed: u64, home: usize, since: Duration) -> Duration {
    let (least, likely, most) = ACTS_AFTER;
    let u = draws(seed, For::Manual, home, since).f64();
    let turn = (likely - least) / (most - least);
    let minutes = if u < turn {
        least + (u * (most - least) * (likely - least)).sqrt()
    } else {
        most - ((1.0 - u) * (most - least) * (most - likely)).sqrt()
    };
    moment(minutes)
}

/// The nearest region in which a user is hurt at most half as much as at home.
fn better(truth: &Truth, home: usize) -> Option<usize> {
    NEAREST[home].into_iter().skip(1).find(|other| truth.impact_at(*other) <= truth.impact_at(home) / 2.0)
}

/// Where the users of a home are better off over the hour ahead than at home, everybody counted.
fn best(truth: &Truth, users: &Users, answers: &Answers, home: usize) -> Option<usize> {
    let stay = ahead(truth, users, answers.regions);
    let candidates = NEAREST[home].into_iter().skip(1).map(|other| {
        let mut moved = answers.regions;
        moved[home] = Some(other);
        (ahead(truth, users, moved), other)
    });
    candidates.filter(|(errors, _)| *errors < stay).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

/// The error-minutes of everybody in the hour ahead, if answers stay as these.
fn ahead(truth: &Truth, users: &Users, answers: [Option<usize>; 3]) -> f64 {
    let (mut truth, mut users) = (truth.clone(), users.clone());
    let end = truth.now() + AHEAD;
    while truth.now() < end {
        let next = truth.next_change(truth.now()).unwrap_or(end).min(truth.now() + AHEAD_STEP).min(end);
        users.step(&truth, &answers, next - truth.now());
        truth.advance(next, &users);
    }
    users.score().error_minutes.iter().sum()
}
