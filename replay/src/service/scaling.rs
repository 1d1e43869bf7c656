//! The same incident, had the estimates been others: how much hangs on them. What is documented or recalled stays as it is.

use fastrand::Rng;

use crate::incident::{Effect, Evidence, Incident, Tuple};

/// An estimated time is off by no more than this share of it.
const JITTER: f64 = 0.2;
/// At least this share of the distance between two moments is kept: what began and ended still did, in that order.
const KEPT: f64 = 0.25;

/// The incident with its estimated levels times `level`, shares capped at 1, and, with `jitter`, its estimated times moved by up to a fifth.
///
/// A factor of demand or capacity is scaled by its distance from 1, and is never negative. Lines of one minute belong together: they move
/// together, and not at all when the time of one of them is documented or recalled. What lies between two lines, such as
/// the end of what is forbidden, moves in proportion.
#[must_use]
pub fn scaled(incident: &Incident, level: f64, jitter: Option<&mut Rng>) -> Incident {
    let mut incident = incident.clone();
    for tuple in incident.faults.iter_mut().filter(|tuple| tuple.level == Evidence::Estimated) {
        tuple.effect = effect_times(&tuple.effect, level.max(0.0));
    }
    if let Some(rng) = jitter {
        let warp = Warp::drawn(&incident.faults, rng);
        for tuple in incident.faults.iter_mut().chain(&mut incident.history) {
            tuple.minute = warp.of(tuple.minute);
        }
        for forbidden in &mut incident.forbidden {
            forbidden.from = warp.of(forbidden.from);
            forbidden.to = forbidden.to.map(|to| warp.of(to));
        }
        incident.horizon = warp.of(incident.horizon);
    }
    incident
}

fn effect_times(effect: &Effect, by: f64) -> Effect {
    let share = |level: f64| (level * by).clamp(0.0, 1.0);
    match effect {
        Effect::Err(level) => Effect::Err(share(*level)),
        Effect::Hole(level) => Effect::Hole(share(*level)),
        Effect::Miss(level) => Effect::Miss(share(*level)),
        Effect::Wrong(level) => Effect::Wrong(share(*level)),
        Effect::Drop(level) => Effect::Drop(share(*level)),
        Effect::Deny(level) => Effect::Deny(share(*level)),
        Effect::Lat(level) => Effect::Lat(level * by),
        Effect::Stale(level) => Effect::Stale(level * by),
        Effect::Skew(level) => Effect::Skew(level * by),
        Effect::Mult(level) => Effect::Mult((1.0 + (level - 1.0) * by).max(0.0)),
        Effect::Stall(_) | Effect::Act(_) => effect.clone(),
    }
}

/// Where each moment of the file goes: through the points in a straight line, and past the last one by the same distance.
struct Warp(Vec<(f64, f64)>);

impl Warp {
    fn drawn(tuples: &[Tuple], rng: &mut Rng) -> Self {
        let mut moments: Vec<(f64, bool)> = Vec::new();
        let mut lines: Vec<(f64, bool)> = tuples.iter().map(|tuple| (tuple.minute, tuple.time != Evidence::Estimated)).collect();
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (minute, fixed) in lines {
            match moments.last_mut() {
                Some(last) if last.0 >= minute => last.1 |= fixed,
                _ => moments.push((minute, fixed)),
            }
        }
        let mut points = vec![(0.0, 0.0)];
        for (index, &(minute, fixed)) in moments.iter().enumerate().filter(|(_, moment)| moment.0 > 0.0) {
            if fixed {
                points.push((minute, minute));
                continue;
            }
            let drawn = minute * (1.0 + JITTER * (2.0 * rng.f64() - 1.0));
            let (before, moved) = points.last().copied().unwrap_or_default();
            let earliest = moved + KEPT * (minute - before);
            let next_fixed = moments.iter().skip(index).find(|later| later.1).map(|later| later.0);
            let latest = next_fixed.map_or(f64::INFINITY, |next| next - KEPT * (next - minute));
            points.push((minute, drawn.max(earliest).min(latest.max(earliest))));
        }
        Self(points)
    }

    fn of(&self, minute: f64) -> f64 {
        let next = self.0.partition_point(|point| point.0 < minute);
        match (next.checked_sub(1).and_then(|before| self.0.get(before)), self.0.get(next)) {
            (_, Some(point)) if point.0 <= minute => point.1,
            (Some(before), Some(after)) => before.1 + (minute - before.0) / (after.0 - before.0) * (after.1 - before.1),
            (Some(last), None) => last.1 + (minute - last.0),
            (None, _) => minute,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::incident::{Call, Component, Forbidden, ForbiddenAct, Place, Role, ServiceShape};

    fn line(minute: f64, level: f64, time: Evidence, of_level: Evidence) -> Tuple {
        let place = Place::Region(Role::A);
        Tuple { minute, component: Component::Ddb, place, effect: Effect::Err(level), time, level: of_level, line: 1 }
    }

    fn incident(faults: Vec<Tuple>) -> Incident {
        let text = String::new;
        Incident {
            id: text(),
            title: text(),
            source: text(),
            chat: text(),
            right: text(),
            trap: text(),
            call: Call::Move,
            regions: BTreeMap::new(),
            horizon: 300.0,
            forbidden: vec![Forbidden { act: ForbiddenAct::Return, region: None, from: 0.0, to: Some(150.0) }],
            shape: ServiceShape::default(),
            faults,
            history: Vec::new(),
        }
    }

    #[test]
    fn only_estimates_are_scaled_and_shares_stop_at_one() {
        use Evidence::{Documented, Estimated, Recalled};
        let levels = [(0.5, Documented), (0.5, Recalled), (0.5, Estimated), (0.8, Estimated), (0.0, Estimated)];
        let before = incident(levels.iter().map(|(level, evidence)| line(0.0, *level, Documented, *evidence)).collect());
        let after: Vec<Effect> = scaled(&before, 1.5, None).faults.into_iter().map(|tuple| tuple.effect).collect();
        assert_eq!(after, [0.5, 0.5, 0.75, 1.0, 0.0].map(Effect::Err));
        assert_eq!(scaled(&before, 1.0, None), before);
    }

    #[test]
    fn a_factor_is_scaled_by_its_distance_from_one() {
        assert_eq!(effect_times(&Effect::Mult(3.0), 1.5), Effect::Mult(4.0));
        assert_eq!(effect_times(&Effect::Mult(0.6), 0.5), Effect::Mult(0.8));
        assert_eq!(effect_times(&Effect::Mult(0.1), 1.5), Effect::Mult(0.0));
        assert_eq!(effect_times(&Effect::Stall(true), 0.5), Effect::Stall(true));
    }

    proptest! {
        #[test]
        fn times_keep_their_order_their_documents_and_their_pairs(
            lines in prop::collection::vec((0.0f64..1000.0, any::<bool>()), 1..30), seed in any::<u64>(),
        ) {
            let evidence = |fixed| if fixed { Evidence::Documented } else { Evidence::Estimated };
            let mut lines = lines;
            lines.sort_by(|a, b| a.0.total_cmp(&b.0));
            lines.dedup_by(|a, b| a.0 == b.0);
            let before = incident(lines.iter().map(|(minute, fixed)| line(*minute, 0.5, evidence(*fixed), Evidence::Documented)).collect());
            let after = scaled(&before, 1.0, Some(&mut fastrand::Rng::with_seed(seed)));
            for (pair, old) in after.faults.windows(2).zip(before.faults.windows(2)) {
                let kept = (pair[1].minute - pair[0].minute) / (old[1].minute - old[0].minute);
                prop_assert!(kept >= KEPT - 1e-6, "{kept} of the distance is left after {}", old[0].minute);
            }
            for (after, before) in after.faults.iter().zip(&before.faults) {
                match before.time {
                    Evidence::Estimated => {}
                    _ => prop_assert_eq!(after.minute, before.minute),
                }
            }
            let in_time = |incident: &Incident| incident.faults.iter().map(|tuple| tuple.minute <= incident.horizon).collect::<Vec<_>>();
            prop_assert_eq!(in_time(&after), in_time(&before), "the horizon moves along");
        }
    }
}
