//! Every level that holds at one moment, by component and region. It stores what the lines say, and combines nothing.

use super::lag::Lag;
use super::paths::Paths;
use crate::incident::{Component, Effect, Place};

/// A level per region, by role.
pub(super) type ByRegion = [f64; 3];

/// What can be wrong with something that answers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Signal {
    pub(super) err: ByRegion,
    pub(super) hole: ByRegion,
    pub(super) lat: ByRegion,
}

/// Every level.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Levels {
    pub(super) rest: Signal,
    pub(super) wsconn: Signal,
    pub(super) wspush: Signal,
    pub(super) lambda: Signal,
    pub(super) ddb: Signal,
    pub(super) probe: Signal,
    pub(super) config: Signal,
    pub(super) config_stale: ByRegion,
    pub(super) dns_hole: ByRegion,
    pub(super) checkers_wrong: ByRegion,
    pub(super) metrics_missing: ByRegion,
    pub(super) skew: ByRegion,
    /// Demand of the users at home in a region.
    pub(super) load: ByRegion,
    pub(super) capacity: ByRegion,
    pub(super) changes_denied: f64,
    pub(super) changes_lat: f64,
    pub(super) net_hole: Paths,
    pub(super) net_lat: Paths,
    pub(super) stream: [Lag; 3],
    /// `repl[from][to]`.
    pub(super) repl: [[Lag; 3]; 3],
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            rest: Signal::default(),
            wsconn: Signal::default(),
            wspush: Signal::default(),
            lambda: Signal::default(),
            ddb: Signal::default(),
            probe: Signal::default(),
            config: Signal::default(),
            config_stale: [0.0; 3],
            dns_hole: [0.0; 3],
            checkers_wrong: [0.0; 3],
            metrics_missing: [0.0; 3],
            skew: [0.0; 3],
            load: [1.0; 3],
            capacity: [1.0; 3],
            changes_denied: 0.0,
            changes_lat: 0.0,
            net_hole: Paths::default(),
            net_lat: Paths::default(),
            stream: [Lag::default(); 3],
            repl: [[Lag::default(); 3]; 3],
        }
    }
}

impl Levels {
    /// Takes in one line. What the files cannot say is left alone.
    pub(super) fn take(&mut self, component: Component, place: Place, effect: &Effect) {
        match (component, effect) {
            (Component::Net, Effect::Hole(level)) => self.net_hole.set(place, *level),
            (Component::Net, Effect::Lat(level)) => self.net_lat.set(place, *level),
            (Component::R53ctl, Effect::Deny(level)) => self.changes_denied = *level,
            (Component::R53ctl, Effect::Lat(level)) => self.changes_lat = *level,
            (Component::Stream, effect) => {
                self.stream.iter_mut().enumerate().filter(|(r, _)| is_in(place, *r)).for_each(|(_, lag)| set_lag(lag, effect))
            }
            (Component::Repl, effect) => self.set_repl(place, effect),
            _ => {
                if let Some((levels, level)) = self.by_region(component, effect) {
                    levels.iter_mut().enumerate().filter(|(r, _)| is_in(place, *r)).for_each(|(_, held)| *held = level);
                }
            }
        }
    }

    fn by_region(&mut self, component: Component, effect: &Effect) -> Option<(&mut ByRegion, f64)> {
        let levels = match (component, effect) {
            (Component::Config, Effect::Stale(_)) => &mut self.config_stale,
            (Component::Config, Effect::Deny(_)) => &mut self.config.err,
            (Component::Dns, Effect::Hole(_)) => &mut self.dns_hole,
            (Component::R53hc, Effect::Wrong(_)) => &mut self.checkers_wrong,
            (Component::Metrics, Effect::Miss(_)) => &mut self.metrics_missing,
            (Component::Clock, Effect::Skew(_)) => &mut self.skew,
            (Component::Load, Effect::Mult(_)) => &mut self.load,
            (Component::Cap, Effect::Mult(_)) => &mut self.capacity,
            (component, effect) => {
                let signal = match component {
                    Component::Rest => &mut self.rest,
                    Component::Wsconn => &mut self.wsconn,
                    Component::Wspush => &mut self.wspush,
                    Component::Lambda => &mut self.lambda,
                    Component::Ddb => &mut self.ddb,
                    Component::Probe => &mut self.probe,
                    Component::Config => &mut self.config,
                    _ => return None,
                };
                match effect {
                    Effect::Err(_) => &mut signal.err,
                    Effect::Hole(_) => &mut signal.hole,
                    Effect::Lat(_) => &mut signal.lat,
                    _ => return None,
                }
            }
        };
        Some((levels, effect.level()?))
    }

    fn set_repl(&mut self, place: Place, effect: &Effect) {
        for from in 0..3 {
            for to in (0..3).filter(|to| *to != from) {
                let meant = match place {
                    Place::Path(a, b) => (a.index(), b.index()) == (from, to),
                    Place::Region(role) => role.index() == from || role.index() == to,
                    Place::Everywhere => true,
                    Place::Vantage(..) => false,
                };
                if meant {
                    set_lag(&mut self.repl[from][to], effect);
                }
            }
        }
    }

    /// Lets `seconds` pass for every lag.
    pub(super) fn pass(&mut self, seconds: f64) {
        self.lags_mut().for_each(|lag| lag.pass(seconds));
    }

    fn lags_mut(&mut self) -> impl Iterator<Item = &mut Lag> {
        self.stream.iter_mut().chain(self.repl.iter_mut().flatten())
    }

    /// Every lag.
    pub(super) fn lags(&self) -> impl Iterator<Item = &Lag> {
        self.stream.iter().chain(self.repl.iter().flatten())
    }

    /// Nothing here can make anything fail, be late or be wrong. Demand and capacity are no fault by themselves, and nothing reads the metrics.
    pub(super) fn is_quiet(&self) -> bool {
        let signals = [&self.rest, &self.wsconn, &self.wspush, &self.lambda, &self.ddb, &self.probe, &self.config];
        let levels = [&self.config_stale, &self.dns_hole, &self.checkers_wrong, &self.skew];
        signals.into_iter().all(|signal| *signal == Signal::default())
            && levels.into_iter().all(|levels| *levels == [0.0; 3])
            && self.changes_denied == 0.0
            && self.changes_lat == 0.0
            && self.net_hole.is_quiet()
            && self.net_lat.is_quiet()
            && self.lags().all(Lag::is_quiet)
    }
}

fn set_lag(lag: &mut Lag, effect: &Effect) {
    match effect {
        Effect::Stall(stalled) => lag.stall(*stalled),
        Effect::Stale(seconds) => lag.pin(*seconds),
        _ => {}
    }
}

/// Whether a place means a region.
pub(super) fn is_in(place: Place, region: usize) -> bool {
    match place {
        Place::Region(role) => role.index() == region,
        Place::Everywhere => true,
        Place::Path(..) | Place::Vantage(..) => false,
    }
}
