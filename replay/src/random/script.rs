//! A timeline in the making: faults that begin and end, acts, and lines that do not contradict each other. What happens is not drawn here.

use std::collections::BTreeSet;

use crate::incident::{Act, Component, Effect, Evidence, Kind, Place, Tuple};

/// Moments are told to a hundredth of a minute.
const PER_MINUTE: f64 = 100.0;

/// Lines so far, in the order in which they were thought of.
#[derive(Debug, Default)]
pub(super) struct Script {
    lines: Vec<(u64, Component, Place, Effect)>,
}

impl Script {
    /// A level that holds from one minute to another, and is back at rest then.
    pub(super) fn during(&mut self, from: f64, to: f64, component: Component, place: Place, effect: Effect) {
        let rest = at_rest(&effect);
        let (from, to) = (ticks(from), ticks(to));
        self.lines.push((from, component, place, effect));
        if let Some(rest) = rest {
            self.lines.push((to.max(from + 1), component, place, rest));
        }
    }

    /// Something that is over as it happens.
    pub(super) fn at(&mut self, minute: f64, component: Component, place: Place, effect: Effect) {
        self.lines.push((ticks(minute), component, place, effect));
    }

    /// An act.
    pub(super) fn act(&mut self, minute: f64, place: Place, act: Act) {
        self.at(minute, Component::Control, place, Effect::Act(act));
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The lines in order of time. Of two that say different things of the same in one moment, the one thought of later is told a moment later.
    pub(super) fn tuples(mut self) -> Vec<Tuple> {
        self.lines.sort_by_key(|(at, ..)| *at);
        let mut told: BTreeSet<(u64, Component, Place, Kind)> = BTreeSet::new();
        for (at, component, place, effect) in &mut self.lines {
            while !told.insert((*at, *component, *place, effect.kind())) {
                *at += 1;
            }
        }
        self.lines.sort_by_key(|(at, ..)| *at);
        let tuple = |(at, component, place, effect)| {
            let minute = at as f64 / PER_MINUTE;
            Tuple { minute, component, place, effect, time: Evidence::Estimated, level: Evidence::Estimated, line: 0 }
        };
        self.lines.into_iter().map(tuple).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes of an incident; the cast saturates")]
fn ticks(minute: f64) -> u64 {
    (minute * PER_MINUTE).round() as u64
}

/// The effect as it is on an ordinary day; `None` for what is a moment.
fn at_rest(effect: &Effect) -> Option<Effect> {
    Some(match effect {
        Effect::Err(_) => Effect::Err(0.0),
        Effect::Lat(_) => Effect::Lat(0.0),
        Effect::Hole(_) => Effect::Hole(0.0),
        Effect::Stall(_) => Effect::Stall(false),
        Effect::Stale(_) => Effect::Stale(0.0),
        Effect::Miss(_) => Effect::Miss(0.0),
        Effect::Wrong(_) => Effect::Wrong(0.0),
        Effect::Mult(_) => Effect::Mult(1.0),
        Effect::Skew(_) => Effect::Skew(0.0),
        Effect::Deny(_) => Effect::Deny(0.0),
        Effect::Drop(_) | Effect::Act(_) => return None,
    })
}
