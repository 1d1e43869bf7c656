//! What can go wrong, one kind of episode at a time: each draws its own lines. That the same person or fault has no say twice is not held here;
//! the world does not hold it either.

use super::dice::{Dice, two_digits};
use super::script::Script;
use crate::incident::{Act, Component, Effect, Place, Role};

/// Where users are served from, and what can fail there.
const SERVING: [Component; 5] = [Component::Rest, Component::Wsconn, Component::Wspush, Component::Lambda, Component::Ddb];
/// What can be slow.
const SLOW: [Component; 6] = [Component::Rest, Component::Wsconn, Component::Lambda, Component::Ddb, Component::Net, Component::Probe];

/// A kind of episode: draws its lines from this minute on.
pub(super) type Episode = fn(&mut Script, &mut Dice, f64);

/// Every kind, with its weight.
pub(super) const EPISODES: [(u32, Episode); 19] = [
    (6, breakdown),
    (4, ramp),
    (4, flap),
    (5, network),
    (3, disagreement),
    (4, lag),
    (2, cut),
    (2, names),
    (2, checkers),
    (5, stores),
    (4, clocks),
    (3, demand),
    (3, probes),
    (2, bystanders),
    (3, slowness),
    (5, operators),
    (4, processes),
    (3, relay),
    (2, last_region),
];

/// Any kind.
pub(super) fn any(dice: &mut Dice) -> Episode {
    let sum: u32 = EPISODES.iter().map(|(weight, _)| weight).sum();
    let mut lot = dice.0.u32(..sum);
    let drawn = EPISODES.iter().find(|(weight, _)| {
        let is_it = lot < *weight;
        lot = lot.saturating_sub(*weight);
        is_it
    });
    drawn.map_or(breakdown, |(_, episode)| *episode)
}

/// Something that serves fails, in part or in full.
fn breakdown(script: &mut Script, dice: &mut Dice, from: f64) {
    let (component, place) = (dice.one_of(&SERVING), dice.place());
    let hangs = matches!(component, Component::Rest | Component::Wsconn) && dice.chance(0.3);
    let share = dice.share();
    let effect = if hangs { Effect::Hole(share) } else { Effect::Err(share) };
    script.during(from, from + dice.length(), component, place, effect);
}

/// It gets worse step by step.
fn ramp(script: &mut Script, dice: &mut Dice, from: f64) {
    let (component, place, most) = (dice.one_of(&SERVING), dice.place(), dice.log_between(0.03, 1.0));
    let (steps, over) = (dice.0.u8(3..=12), dice.log_between(3.0, 60.0));
    for step in 1..=steps {
        let part = f64::from(step) / f64::from(steps);
        script.at(from + over * part, component, place, Effect::Err(two_digits(most * part)));
    }
    script.at(from + over * 1.01 + dice.length(), component, place, Effect::Err(0.0));
}

/// On and off.
fn flap(script: &mut Script, dice: &mut Dice, from: f64) {
    let (component, place, level) = (dice.one_of(&SERVING), dice.place(), dice.share());
    let (on, off) = (dice.log_between(0.15, 6.0), dice.log_between(0.15, 6.0));
    let mut at = from;
    for _ in 0..dice.0.u8(3..=20) {
        script.during(at, at + on, component, place, Effect::Err(level));
        at += on + off;
    }
}

/// A link, a way or a carrier swallows.
fn network(script: &mut Script, dice: &mut Dice, from: f64) {
    let (place, share) = (dice.link(), dice.share());
    script.during(from, from + dice.length(), Component::Net, place, Effect::Hole(share));
}

/// Each carrier, and the observer behind it, loses regions of its own.
fn disagreement(script: &mut Script, dice: &mut Dice, from: f64) {
    let to = from + dice.log_between(2.0, 60.0);
    // Two of three each, one after the other: if every observer believed its own eyes, no region would be left.
    let in_turn = dice.chance(0.5);
    for carrier in 1..=3u8 {
        for (index, role) in Role::ALL.into_iter().enumerate() {
            let spared = index == usize::from(carrier % 3);
            if if in_turn { !spared } else { dice.chance(0.5) } {
                let late = dice.between(0.0, 2.0);
                script.during(from + late, to + late, Component::Net, Place::Vantage(carrier, Some(role)), Effect::Hole(1.0));
            }
        }
    }
}

/// Streams and replication fall behind.
fn lag(script: &mut Script, dice: &mut Dice, from: f64) {
    let component = dice.one_of(&[Component::Stream, Component::Repl]);
    let [one, other, _] = dice.roles();
    let place = if component == Component::Repl && dice.chance(0.5) { Place::Path(one, other) } else { dice.place() };
    let effect = if dice.chance(0.6) { Effect::Stall(true) } else { Effect::Stale(dice.log_between(1.0, 7200.0).round()) };
    script.during(from, from + dice.length(), component, place, effect);
}

/// Live sockets are cut, perhaps again and again.
fn cut(script: &mut Script, dice: &mut Dice, from: f64) {
    let (place, share) = (dice.place(), dice.share());
    let mut at = from;
    for _ in 0..dice.0.u8(1..=6) {
        script.at(at, Component::Sockets, place, Effect::Drop(share));
        at += dice.log_between(0.05, 10.0);
    }
}

/// Look-ups of our names fail.
fn names(script: &mut Script, dice: &mut Dice, from: f64) {
    let (place, share) = (dice.place(), dice.share());
    script.during(from, from + dice.length(), Component::Dns, place, Effect::Hole(share));
}

/// Route 53's checkers lie.
fn checkers(script: &mut Script, dice: &mut Dice, from: f64) {
    let (place, share) = (dice.place(), dice.share());
    script.during(from, from + dice.length(), Component::R53hc, place, Effect::Wrong(share));
}

/// Stores throttle, vanish, or answer with what was.
fn stores(script: &mut Script, dice: &mut Dice, from: f64) {
    let place = if dice.chance(0.4) { Place::Everywhere } else { Place::Region(dice.role()) };
    let (share, old) = (dice.share(), dice.log_between(10.0, 14_400.0).round());
    let effect = dice.one_of(&[0, 1, 2]);
    let effect = match effect {
        0 => Effect::Deny(share),
        1 => Effect::Hole(share),
        _ => Effect::Stale(old),
    };
    script.during(from, from + dice.length(), Component::Config, place, effect);
}

/// A clock is wrong, and perhaps jumps.
fn clocks(script: &mut Script, dice: &mut Dice, from: f64) {
    let place = dice.place();
    let mut at = from;
    for _ in 0..dice.0.u8(1..=3) {
        let sign = if dice.chance(0.5) { -1.0 } else { 1.0 };
        let to = at + dice.length();
        script.during(at, to, Component::Clock, place, Effect::Skew(sign * dice.log_between(0.5, 7200.0).round()));
        at = to;
    }
}

/// A surge, or room that is gone.
fn demand(script: &mut Script, dice: &mut Dice, from: f64) {
    let (place, to) = (dice.place(), from + dice.length());
    let (component, times) =
        if dice.chance(0.5) { (Component::Load, dice.log_between(0.3, 6.0)) } else { (Component::Cap, dice.between(0.1, 1.0)) };
    script.during(from, to, component, place, Effect::Mult(two_digits(times)));
}

/// Only probes fail.
fn probes(script: &mut Script, dice: &mut Dice, from: f64) {
    let place = if dice.chance(0.5) { Place::Everywhere } else { Place::Region(dice.role()) };
    let share = dice.share();
    script.during(from, from + dice.length(), Component::Probe, place, Effect::Err(share));
}

/// What our users do not notice.
fn bystanders(script: &mut Script, dice: &mut Dice, from: f64) {
    let (place, share, to) = (dice.place(), dice.share(), from + dice.length());
    match dice.0.u8(..4) {
        0 => script.during(from, to, Component::Metrics, place, Effect::Miss(share)),
        1 => script.during(from, to, Component::Auth, place, Effect::Err(share)),
        2 => script.during(from, to, Component::R53ctl, Place::Everywhere, Effect::Deny(share)),
        _ => script.during(from, to, Component::R53ctl, Place::Everywhere, Effect::Lat(dice.log_between(10.0, 60_000.0).round())),
    }
}

/// It takes long.
fn slowness(script: &mut Script, dice: &mut Dice, from: f64) {
    let component = dice.one_of(&SLOW);
    let place = if component == Component::Net { dice.link() } else { dice.place() };
    let millis = dice.log_between(20.0, 30_000.0).round();
    script.during(from, from + dice.length(), component, place, Effect::Lat(millis));
}

/// People at work, not all of whom know of each other.
fn operators(script: &mut Script, dice: &mut Dice, from: f64) {
    let mut at = from;
    for _ in 0..dice.0.u8(1..=6) {
        let role = dice.role();
        let act = match dice.0.u8(..5) {
            0 => Act::Hold,
            1 | 2 => Act::Resume,
            _ => Act::Drain,
        };
        script.act(at, Place::Region(role), act);
        at += if dice.chance(0.4) { dice.between(0.01, 0.1) } else { dice.log_between(0.5, 60.0) };
    }
    // Most clear up behind them.
    if dice.chance(0.7) {
        for role in dice.roles() {
            at += dice.log_between(0.05, 20.0);
            script.act(at, Place::Region(role), Act::Resume);
        }
    }
}

/// Controllers die and come back, and late writers wake.
fn processes(script: &mut Script, dice: &mut Dice, from: f64) {
    let mut at = from;
    for _ in 0..dice.0.u8(1..=5) {
        let place = dice.place();
        if dice.chance(0.3) {
            script.act(at, place, Act::StaleWriter);
        } else {
            script.act(at, place, Act::Crash);
            script.act(at + dice.log_between(0.05, 30.0), place, Act::Restart);
        }
        at += dice.log_between(0.05, 20.0);
    }
}

/// One region after the other catches the same.
fn relay(script: &mut Script, dice: &mut Dice, from: f64) {
    let (component, level, length) = (dice.one_of(&SERVING), dice.share(), dice.length());
    let mut at = from;
    for role in dice.roles() {
        script.during(at, at + length, component, Place::Region(role), Effect::Err(level));
        at += dice.log_between(0.05, 10.0);
    }
}

/// Two are drained, and the third fails.
fn last_region(script: &mut Script, dice: &mut Dice, from: f64) {
    let [one, other, last] = dice.roles();
    let apart = dice.log_between(0.02, 5.0);
    script.act(from, Place::Region(one), Act::Drain);
    script.act(from + apart, Place::Region(other), Act::Drain);
    let fails = from + apart + dice.between(0.0, 10.0);
    let to = fails + dice.log_between(3.0, 30.0);
    script.during(fails, to, dice.one_of(&SERVING), Place::Region(last), Effect::Err(1.0));
    script.act(fails + dice.between(0.0, 5.0), Place::Region(last), Act::Drain);
    for role in [one, other] {
        script.act(to + dice.log_between(0.1, 30.0), Place::Region(role), Act::Resume);
    }
}

/// Every region catches the same at the same moment, and nothing else happens: nobody has anywhere better to go.
pub(super) fn everywhere(script: &mut Script, dice: &mut Dice, from: f64) {
    let component = dice.one_of(&[Component::Rest, Component::Wsconn, Component::Lambda, Component::Ddb, Component::Probe]);
    let share = two_digits(dice.between(0.5, 1.0));
    if dice.chance(0.3) {
        let (on, off) = (dice.log_between(0.3, 6.0), dice.log_between(0.3, 6.0));
        for turn in 0..dice.0.u8(3..=8) {
            let at = from + f64::from(turn) * (on + off);
            script.during(at, at + on, component, Place::Everywhere, Effect::Err(share));
        }
    } else {
        script.during(from, from + dice.log_between(1.0, 60.0), component, Place::Everywhere, Effect::Err(share));
    }
}
