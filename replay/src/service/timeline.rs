//! The lines of a file in order of time, sorted by what takes them: levels, sockets that are cut, acts. What is history is never among them.

use std::time::Duration;

use super::levels::is_in;
use crate::incident::{Act, Component, Effect, Incident, Place, Tuple};

/// A line that sets a level.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) at: Duration,
    pub(super) component: Component,
    pub(super) place: Place,
    pub(super) effect: Effect,
}

/// The lines of a file.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    pub(super) changes: Vec<Change>,
    /// Shares of live sockets that are cut, by region.
    cuts: Vec<(Duration, [f64; 3])>,
    acts: Vec<(Duration, Place, Act)>,
    /// Every moment at which some line begins, in order, each once.
    moments: Vec<Duration>,
}

impl Timeline {
    pub(super) fn new(incident: &Incident) -> Self {
        let mut lines: Vec<&Tuple> = incident.faults.iter().collect();
        lines.sort_by(|a, b| a.minute.total_cmp(&b.minute));
        let (mut changes, mut cuts, mut acts, mut moments) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Tuple { minute, component, place, effect, .. } in lines {
            let (at, component, place) = (moment(*minute), *component, *place);
            match effect {
                Effect::Act(act) => acts.push((at, place, act.clone())),
                Effect::Drop(share) => cuts.push((at, std::array::from_fn(|r| if is_in(place, r) { share.clamp(0.0, 1.0) } else { 0.0 }))),
                effect => changes.push(Change { at, component, place, effect: effect.clone() }),
            }
            moments.push(at);
        }
        moments.dedup();
        Self { changes, cuts, acts, moments }
    }

    /// The acts at `from` and later, before `to`.
    pub(super) fn acts_in(&self, from: Duration, to: Duration) -> &[(Duration, Place, Act)] {
        between(&self.acts, |act| act.0, from, to)
    }

    /// The cuts at `from` and later, before `to`.
    pub(super) fn cuts_in(&self, from: Duration, to: Duration) -> &[(Duration, [f64; 3])] {
        between(&self.cuts, |cut| cut.0, from, to)
    }

    /// The first line that begins after `after`.
    pub(super) fn next(&self, after: Duration) -> Option<Duration> {
        self.moments.get(self.moments.partition_point(|at| *at <= after)).copied()
    }
}

fn between<T>(sorted: &[T], at: impl Fn(&T) -> Duration, from: Duration, to: Duration) -> &[T] {
    let start = sorted.partition_point(|entry| at(entry) < from);
    let end = sorted.partition_point(|entry| at(entry) < to);
    sorted.get(start..end).unwrap_or_default()
}

/// Minutes of a file as a moment.
fn moment(minute: f64) -> Duration {
    Duration::try_from_secs_f64(minute * 60.0).unwrap_or_default()
}
