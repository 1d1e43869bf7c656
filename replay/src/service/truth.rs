//! What is wrong at one moment, and what one fresh attempt meets. It moves forward only, draws nothing, and knows no verdict.
//!
//! What a line means stands with its part: `levels` (which line sets what), `lag` (streams and replication), `paths` (who is behind which
//! link), `load` (overload), `felt` (how much it hurts). Three things are put together here:
//!
//! * *Names* (`dns`). Look-ups that would lead to the region fail. Resolvers hold an answer for 60 s, so the share of users without one grows to the
//!   whole of the level in a minute, and is gone at once with the fault: failed look-ups are asked again.
//! * *Isolation* (`net`) touches ways, not tables: a region's replication stands still when its own line says so, as the files say it.
//! * *Stores* (`config`) share the fate of their region's link for everybody outside it.

use std::time::Duration;

use super::caches::TTL;
use super::felt::Felt;
use super::levels::Levels;
use super::load::Room;
use super::met::{Met, StoreState, Vantage};
use super::timeline::Timeline;
use super::users::Users;
use crate::engine::Setup;
use crate::incident::{Act, Place};

/// The compiled timeline of a run, at one moment.
#[derive(Debug, Clone)]
pub struct Truth {
    timeline: Timeline,
    room: Room,
    now: Duration,
    /// How many changes were taken in.
    taken: usize,
    levels: Levels,
    /// By region: since when look-ups fail.
    unnamed_since: [Option<Duration>; 3],
    overload: [Option<f64>; 3],
    /// Where live sockets are, in shares of all users.
    sockets_at: [f64; 3],
    /// By carrier, then region.
    felt: [[Felt; 3]; 3],
}

impl Truth {
    /// The timeline of a run at its zero, with everybody at home.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let mut truth = Self {
            timeline: Timeline::new(&setup.incident),
            room: Room::new(setup),
            now: Duration::ZERO,
            taken: 0,
            levels: Levels::default(),
            unnamed_since: [None; 3],
            overload: [None; 3],
            sockets_at: [0.0; 3],
            felt: [[Felt::default(); 3]; 3],
        };
        truth.advance(Duration::ZERO, &Users::new(setup, false));
        truth
    }

    /// The moment it stands at, since the incident's zero.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Moves on to `to`, never back: levels, lags, and what `users` load the regions with.
    pub fn advance(&mut self, to: Duration, users: &Users) {
        while let Some(change) = self.timeline.changes.get(self.taken).filter(|change| change.at <= to) {
            let at = change.at.max(self.now);
            self.levels.pass((at - self.now).as_secs_f64());
            self.levels.take(change.component, change.place, &change.effect);
            self.now = at;
            self.taken += 1;
            for (since, hole) in self.unnamed_since.iter_mut().zip(self.levels.dns_hole) {
                *since = if hole > 0.0 { since.or(Some(at)) } else { None };
            }
        }
        if to > self.now {
            self.levels.pass((to - self.now).as_secs_f64());
            self.now = to;
        }
        self.overload = self.room.overload(&self.levels, users);
        self.sockets_at = std::array::from_fn(|region| users.sockets_in(region));
        self.felt = std::array::from_fn(|carrier| std::array::from_fn(|region| self.feel(carrier, region)));
    }

    fn feel(&self, carrier: usize, region: usize) -> Felt {
        Felt::new(&self.levels, self.overload[region], self.expired(region), &self.sockets_at, carrier, region)
    }

    /// The share of users led to `region` who have no answer any more.
    fn expired(&self, region: usize) -> f64 {
        let since = self.unnamed_since[region].map_or(0.0, |since| (self.now.saturating_sub(since)).as_secs_f64());
        self.levels.dns_hole[region] * (since / TTL.as_secs_f64()).min(1.0)
    }

    /// What one fresh attempt from `from` to `region` meets now. Names are not in it: see [`Truth::dns_hole`].
    #[must_use]
    pub fn met(&self, from: Vantage, region: usize) -> Met {
        let levels = &self.levels;
        let over = self.overload[region].unwrap_or(0.0);
        let (lambda, table) = (levels.lambda.err[region], levels.ddb.err[region]);
        let rest = levels.rest.err[region].max(lambda).max(over);
        Met {
            hole: levels.net_hole.to(from, region),
            rest,
            rest_hole: levels.rest.hole[region],
            table,
            handshake: levels.wsconn.err[region].max(lambda).max(table).max(over),
            handshake_hole: levels.wsconn.hole[region],
            send: lambda.max(table),
            push: levels.wspush.err[region].max(over),
            health: rest,
            probe_only: levels.probe.err[region],
            latency_ms: levels.rest.lat[region].max(levels.lambda.lat[region]).max(levels.ddb.lat[region])
                + levels.net_lat.to(from, region),
            stream_lag: levels.stream[region].length(),
        }
    }

    /// How much later than written something appears in the tables of `to` that was written in those of `from`.
    #[must_use]
    pub fn replication_lag(&self, from: usize, to: usize) -> Duration {
        self.levels.repl[from][to].length()
    }

    /// Seconds by which the clocks of the probe and the controller in `region` are ahead; negative when behind.
    #[must_use]
    pub fn clock_ahead(&self, region: usize) -> f64 {
        self.levels.skew[region]
    }

    /// What the store in `region` does with a call.
    #[must_use]
    pub fn store(&self, region: usize) -> StoreState {
        let inside = self.levels.config.hole[region];
        StoreState {
            refused: self.levels.config.err[region],
            stale: Duration::try_from_secs_f64(self.levels.config_stale[region]).unwrap_or_default(),
            unreachable: inside.max(self.levels.net_hole.around(region)),
            unreachable_inside: inside,
        }
    }

    /// The share of what one region sends to another that is swallowed, there or back.
    #[must_use]
    pub fn way(&self, one: usize, other: usize) -> f64 {
        self.levels.net_hole.among(one, other)
    }

    /// Share of Route 53's checkers that falsely call `region` unhealthy.
    #[must_use]
    pub fn checkers_wrong(&self, region: usize) -> f64 {
        self.levels.checkers_wrong[region]
    }

    /// Share of record changes that are refused.
    #[must_use]
    pub fn changes_denied(&self) -> f64 {
        self.levels.changes_denied
    }

    /// How much longer than usual a record change takes.
    #[must_use]
    pub fn changes_delayed(&self) -> Duration {
        Duration::try_from_secs_f64(self.levels.changes_lat / 1000.0).unwrap_or_default()
    }

    /// Share of look-ups led to `region` that fail.
    #[must_use]
    pub fn dns_hole(&self, region: usize) -> f64 {
        self.levels.dns_hole[region]
    }

    /// Share of `region`'s metrics that are missing.
    #[must_use]
    pub fn metrics_missing(&self, region: usize) -> f64 {
        self.levels.metrics_missing[region]
    }

    /// `region` carries more than it can.
    #[must_use]
    pub fn is_overloaded(&self, region: usize) -> bool {
        self.overload[region].is_some()
    }

    /// The acts at `from` and later, before `to`, in order.
    #[must_use]
    pub fn acts_in(&self, from: Duration, to: Duration) -> &[(Duration, Place, Act)] {
        self.timeline.acts_in(from, to)
    }

    /// The shares of live sockets that are cut, by region, at `from` and later, before `to`.
    pub(super) fn cuts_in(&self, from: Duration, to: Duration) -> &[(Duration, [f64; 3])] {
        self.timeline.cuts_in(from, to)
    }

    /// The next moment after `after`, which is now or later, at which something changes by itself: a line of the file begins, a lag becomes
    /// late, stops being late or is gone, or the last cached answer of a name that fails is used up.
    #[must_use]
    pub fn next_change(&self, after: Duration) -> Option<Duration> {
        let line = self.timeline.next(after);
        let lags = self.levels.lags().filter_map(|lag| Some(self.now + Duration::try_from_secs_f64(lag.passes_in()?).ok()?));
        let names = self.unnamed_since.iter().flatten().map(|since| *since + TTL);
        lags.chain(names).filter(|at| *at > after).chain(line).min()
    }

    /// Every level is zero, every lag is gone, no region is overloaded: nothing can fail.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.levels.is_quiet() && self.overload == [None; 3]
    }

    /// [`Truth::is_quiet`], and no region will be overloaded by users who follow present answers as their sockets age.
    #[must_use]
    pub fn stays_quiet(&self, users: &Users) -> bool {
        self.is_quiet() && self.room.is_enough(&self.levels, users)
    }

    /// How much a user is hurt now whose answers and socket are all in `region`: 0 to 1, over the carriers.
    #[must_use]
    pub fn impact_at(&self, region: usize) -> f64 {
        self.felt.iter().map(|by_region| by_region[region].whole()).sum::<f64>() / 3.0
    }

    /// What users behind `carrier` feel of each region.
    pub(super) fn felt(&self, carrier: usize) -> &[Felt; 3] {
        &self.felt[carrier]
    }
}
