//! When every region fails alike, by the lines of the incident alone: then nobody has anywhere better to go, and automation must leave none.
//!
//! What observers make of it is `decision`'s; here is only what the truth was.

use std::time::Duration;

use super::clock::moment;
use crate::incident::{Component, Effect, Place, Tuple};

/// The longest window of the policy's memory, with a little to spare: what is further back decides nothing any more.
const MEMORY: Duration = Duration::from_secs(25 * 60);
/// From this share on, that all regions fail alike shows in a few rounds, whoever looks.
const PLAIN: f64 = 0.5;

/// When every region fails plainly and alike, and has done nothing else for as long as anybody remembers.
#[derive(Debug)]
pub(super) struct Alike {
    /// From when to when something is not the same everywhere, or leaves something behind that is not.
    apart: Vec<(Duration, Duration)>,
    /// From when to when all regions fail plainly and alike.
    plain: Vec<(Duration, Duration)>,
}

impl Alike {
    pub(super) fn new(faults: &[Tuple]) -> Self {
        let (mut apart, mut plain) = (Vec::new(), Vec::new());
        for (index, tuple) in faults.iter().enumerate().filter(|(_, tuple)| matters(tuple.component) && !is_at_rest(&tuple.effect)) {
            let same =
                |later: &&Tuple| (later.component, later.place, later.effect.kind()) == (tuple.component, tuple.place, tuple.effect.kind());
            let from = moment(tuple.minute);
            let to = faults.iter().skip(index + 1).find(same).map_or(Duration::MAX, |later| moment(later.minute));
            match (tuple.component, tuple.place, &tuple.effect) {
                (component, Place::Everywhere, Effect::Err(share)) if is_one_fault(component) => {
                    if *share >= PLAIN {
                        plain.push((from, to));
                    }
                }
                // Acts and lags leave something behind: whoever was drained for hours returns at any time.
                (Component::Control, ..) => apart.push((from, Duration::MAX)),
                (Component::Stream | Component::Repl, ..) => {
                    apart.push((from, to.saturating_add(to.saturating_sub(from)).saturating_add(MEMORY)))
                }
                _ => apart.push((from, to.saturating_add(MEMORY))),
            }
        }
        Self { apart, plain }
    }

    /// Whether it is so at this moment.
    pub(super) fn at(&self, now: Duration) -> bool {
        let during = |spans: &[(Duration, Duration)]| spans.iter().any(|(from, to)| (*from..*to).contains(&now));
        during(&self.plain) && !during(&self.apart)
    }
}

/// Whether the same share of it everywhere is the same to every user and every probe.
fn is_one_fault(component: Component) -> bool {
    matches!(component, Component::Rest | Component::Wsconn | Component::Lambda | Component::Ddb | Component::Probe)
}

/// Whether probes or controllers can notice it.
fn matters(component: Component) -> bool {
    !matches!(component, Component::Metrics | Component::Auth | Component::R53ctl | Component::R53hc | Component::Dns)
}

fn is_at_rest(effect: &Effect) -> bool {
    match effect {
        Effect::Err(level)
        | Effect::Lat(level)
        | Effect::Hole(level)
        | Effect::Stale(level)
        | Effect::Miss(level)
        | Effect::Wrong(level)
        | Effect::Drop(level)
        | Effect::Skew(level)
        | Effect::Deny(level) => *level == 0.0,
        Effect::Mult(level) => *level == 1.0,
        Effect::Stall(stalled) => !stalled,
        Effect::Act(_) => false,
    }
}
