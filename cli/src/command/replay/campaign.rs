//! Every incident, every run, every side: what is run, on how many threads, and how the results become rows.

use std::sync::atomic::AtomicBool;

use replay::engine::{Detail, Report, Setup, Strategy, run};
use replay::incident::Incident;

use super::draw::{Draw, bound};
use super::figures::Figures;
use super::picture::Picture;
use super::pool;
use super::row::{Offence, OffenceKind, Row, Side, Tally};
use crate::args::Against;
use crate::config::{ConfigError, Trial};

/// How long somebody who knows all waits.
const ACTS_AFTER_MINUTES: f64 = 3.0;

/// What is to be run.
#[derive(Debug)]
pub(super) struct Campaign {
    incidents: Vec<Incident>,
    trial: Trial,
    sides: Vec<Side>,
    runs: Vec<u32>,
    seed: u64,
    draws: bool,
    threads: usize,
}

/// One run, done.
struct Done {
    figures: Figures,
    offences: Vec<(OffenceKind, String)>,
    picture: Option<Picture>,
}

impl Campaign {
    /// Every run of every incident, for every side.
    ///
    /// # Errors
    /// The policy cannot hold in one of them.
    pub(super) fn new(incidents: Vec<Incident>, trial: Trial, sides: Vec<Side>, runs: Vec<u32>, seed: u64) -> Result<Self, ConfigError> {
        for incident in &incidents {
            trial.policy(&Draw::new(incident, seed, 0).setup(incident))?;
        }
        Ok(Self { incidents, trial, sides, runs, seed, draws: false, threads: 1 })
    }

    /// Whether the first run of each incident is drawn.
    pub(super) fn drawing(self, draws: bool) -> Self {
        Self { draws, ..self }
    }

    /// On so many threads.
    pub(super) fn on(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Who moves users, ours first.
    pub(super) fn sides(&self) -> &[Side] {
        &self.sides
    }

    /// How many minutes all runs take together, in virtual time.
    pub(super) fn minutes(&self) -> f64 {
        (0..self.count()).map(|number| self.horizon(number)).sum()
    }

    /// How many minutes run `number` takes.
    fn horizon(&self, number: usize) -> f64 {
        let incident = self.incidents.get(number / (self.runs.len() * self.sides.len()).max(1));
        incident.map_or(0.0, |incident| incident.horizon)
    }

    /// How many runs there are.
    fn count(&self) -> usize {
        self.incidents.len() * self.runs.len() * self.sides.len()
    }

    /// Runs everything; `None` when it is told to stop. `done` hears of each run how many minutes it took.
    pub(super) fn rows(&self, stop: &AtomicBool, done: impl Fn(f64) + Sync) -> Option<Vec<Row>> {
        let per_incident = self.runs.len() * self.sides.len();
        let mut order: Vec<usize> = (0..self.count()).collect();
        // The longest first, so that no thread is left alone with one at the end.
        order.sort_by(|a, b| self.horizon(*b).total_cmp(&self.horizon(*a)));
        let results = pool::each(self.threads, &order, stop, |number| done(self.horizon(number)), |number| self.one(number))?;
        let mut results = results.into_iter().collect::<Option<Vec<Done>>>()?.into_iter();
        Some(self.incidents.iter().map(|incident| self.row(incident, results.by_ref().take(per_incident).collect())).collect())
    }

    /// Run `number`: by incident, then run, then side.
    fn one(&self, number: usize) -> Option<Done> {
        let (sides, runs) = (self.sides.len(), self.runs.len());
        let side = *self.sides.get(number % sides)?;
        let which = number / sides % runs;
        let incident = self.incidents.get(number / sides / runs)?;
        let draw = Draw::new(incident, self.seed, *self.runs.get(which)?);
        let setup = draw.setup(incident);
        let drawn = self.draws && which == 0 && side == Side::Ours;
        let report = run(&setup, &strategy(side, &setup, &self.trial)?, if drawn { Detail::Transcript } else { Detail::Score });
        let picture = report.transcript.as_ref().map(|transcript| Picture::new(&setup.incident, &draw, transcript));
        Some(Done { figures: Figures::from(&report), offences: offences(&report), picture })
    }

    /// `done` is by run, then side.
    fn row(&self, incident: &Incident, done: Vec<Done>) -> Row {
        let sides = self.sides.len();
        let tallies = self.sides.iter().enumerate().map(|(which, side)| {
            let figures: Vec<Figures> = done.iter().skip(which).step_by(sides).map(|done| done.figures.clone()).collect();
            let worst = figures.iter().zip(&self.runs).max_by(|(a, _), (b, _)| a.error_minutes[0].total_cmp(&b.error_minutes[0]));
            let worst_run = worst.map_or(0, |(_, run)| *run);
            Tally {
                side: *side,
                median: Figures::median(&figures),
                worst: Figures::worst(&figures),
                worst_draw: Draw::new(incident, self.seed, worst_run),
            }
        });
        let tallies = tallies.collect();
        let ours = done.into_iter().step_by(sides).zip(&self.runs);
        let (mut offences, mut picture): (Vec<Offence>, _) = (vec![], None);
        for (done, run) in ours {
            for (kind, what) in done.offences {
                match offences.iter_mut().find(|offence| offence.kind == kind && offence.what == what) {
                    Some(known) => known.runs += 1,
                    None => offences.push(Offence { kind, what, run: *run, runs: 1 }),
                }
            }
            picture = picture.or(done.picture);
        }
        Row {
            id: incident.id.clone(),
            title: incident.title.clone(),
            call: incident.call,
            regions: bound(incident),
            tallies,
            offences,
            picture,
        }
    }
}

/// `None` when the policy cannot hold in this run; that it can in the plain one is known.
fn strategy(side: Side, setup: &Setup, trial: &Trial) -> Option<Strategy> {
    Some(match side {
        Side::Ours => Strategy::Failover(Box::new(trial.policy(setup).ok()?)),
        Side::Other(Against::None) => Strategy::Nothing,
        Side::Other(Against::Act) => Strategy::ActAt(ACTS_AFTER_MINUTES),
        Side::Other(Against::Talk) => Strategy::Talk,
        Side::Other(Against::Manual) => Strategy::Manual,
    })
}

/// What must not have happened: each sentence once, and of each promise its first breach.
fn offences(report: &Report) -> Vec<(OffenceKind, String)> {
    let mut told: Vec<(OffenceKind, String)> = Vec::new();
    for what in &report.forbidden {
        if !told.iter().any(|(_, known)| known == what) {
            told.push((OffenceKind::Forbidden, what.clone()));
        }
    }
    let mut seen = Vec::new();
    for violation in &report.violations {
        if !seen.contains(&violation.invariant) {
            seen.push(violation.invariant);
            let at = super::picture::clock(violation.at.as_secs_f64());
            told.push((OffenceKind::Violation, format!("{} at {at}", violation.what)));
        }
    }
    told
}
