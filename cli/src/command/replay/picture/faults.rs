//! The lanes of what broke: one per component, effect and place, with the level over time.

use std::collections::BTreeMap;

use replay::incident::{Act, Component, Effect, Incident, Kind, Place, Role, Tuple};

use super::{Group, Lane, Shade, Stretch};

/// The added latency that is drawn as the worst, in milliseconds.
const WORST_LATENCY_MS: f64 = 5_000.0;
/// The lag or skew that is drawn as the worst, in seconds.
const WORST_SECONDS: f64 = 60.0;
/// The least that is drawn of anything that is not as it should be.
const FAINT: f64 = 0.15;

/// What holds until the next of the same.
type Key = (Component, Kind, Place);

/// One lane per component, effect and place that is ever other than well, in the order in which they begin.
pub(super) fn lanes(incident: &Incident) -> Vec<Lane> {
    let mut open: BTreeMap<Key, Vec<(f64, &Tuple)>> = BTreeMap::new();
    let mut order: Vec<Key> = Vec::new();
    for tuple in &incident.faults {
        for place in places(tuple.place) {
            let key = (tuple.component, tuple.effect.kind(), place);
            if !order.contains(&key) {
                order.push(key);
            }
            open.entry(key).or_default().push((tuple.minute, tuple));
        }
    }
    let stretched = order.iter().filter_map(|key| Some((*key, stretches(open.get(key)?, incident.horizon))));
    merged(stretched.filter(|(_, stretches)| !stretches.is_empty()).collect())
}

/// What is said of every region is said of each, so that one of them may end first.
fn places(place: Place) -> Vec<Place> {
    match place {
        Place::Everywhere => Role::ALL.map(Place::Region).to_vec(),
        Place::Vantage(number, None) => Role::ALL.map(|role| Place::Vantage(number, Some(role))).to_vec(),
        Place::Region(_) | Place::Path(..) | Place::Vantage(_, Some(_)) => vec![place],
    }
}

fn stretches(said: &[(f64, &Tuple)], horizon: f64) -> Vec<Stretch> {
    let ends = said.iter().skip(1).map(|(minute, _)| *minute).chain([horizon]);
    let held = said.iter().zip(ends).filter_map(|((from, tuple), end)| {
        let level = level(&tuple.effect)?;
        let at_once = matches!(tuple.effect, Effect::Drop(_) | Effect::Act(_) | Effect::Stale(_));
        let to = if at_once { *from } else { end.min(horizon) };
        let says = format!("{} {} in {}", tuple.component, tuple.effect, tuple.place);
        (*from <= horizon).then_some(Stretch { from: *from, to, shade: Shade::Fault(level), says })
    });
    held.collect()
}

/// How bad it is, 0 to 1; nothing if all is well.
fn level(effect: &Effect) -> Option<f64> {
    let level = match effect {
        Effect::Err(share)
        | Effect::Hole(share)
        | Effect::Miss(share)
        | Effect::Wrong(share)
        | Effect::Drop(share)
        | Effect::Deny(share) => *share,
        Effect::Lat(ms) => ms / WORST_LATENCY_MS,
        Effect::Stale(seconds) | Effect::Skew(seconds) => seconds.abs() / WORST_SECONDS,
        Effect::Stall(on) => f64::from(u8::from(*on)),
        Effect::Mult(factor) => (factor - 1.0).abs(),
        Effect::Act(Act::Note(_)) => FAINT,
        Effect::Act(_) => 1.0,
    };
    (level > 0.0).then(|| level.clamp(FAINT, 1.0))
}

/// Joins the lanes of all three regions into one where they say the same.
fn merged(lanes: Vec<(Key, Vec<Stretch>)>) -> Vec<Lane> {
    let mut done: Vec<Key> = Vec::new();
    let mut out = Vec::new();
    for (key, stretches) in &lanes {
        if done.contains(key) {
            continue;
        }
        let (component, kind, place) = *key;
        let whole = match place {
            Place::Region(_) => Some(Place::Everywhere),
            Place::Vantage(number, _) => Some(Place::Vantage(number, None)),
            Place::Everywhere | Place::Path(..) => None,
        };
        let siblings: Vec<Key> = whole.map(places).unwrap_or_default().into_iter().map(|place| (component, kind, place)).collect();
        let same = siblings.len() == 3
            && siblings.iter().all(|sibling| lanes.iter().any(|(other, theirs)| other == sibling && theirs == stretches));
        let shown = whole.filter(|_| same).unwrap_or(place);
        done.extend(if same { siblings } else { vec![*key] });
        out.push(Lane { group: Group::Faults, label: format!("{component} {kind} {shown}"), stretches: stretches.clone() });
    }
    out
}
