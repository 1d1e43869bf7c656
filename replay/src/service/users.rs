//! Where users are, and what they go through: a fluid of nine groups, three homes by three carriers. Nobody decides where answers lead here.
//!
//! A group is two shares per region: to which one its resolvers lead (REST, new sockets), and where its live sockets are. The two are taken as
//! independent. It lives in steps: while somebody moves, of 5 s at most, with the impact taken at both ends; while nothing moves, of any
//! length, exactly. Levels are held over a step.
//!
//! The impact on a user per minute is the greatest of what it feels of the region of its answers and of that of its socket (`felt`); a forced
//! reconnect costs a quarter of a minute. Users without any answer lose everything. A region carries a user half by its requests and half by
//! its socket: which of the two weighs more depends on the room, and no source says.

use std::time::Duration;

use super::caches::{Caches, NOWHERE, PLACES};
use super::felt::Felt;
use super::load::shares;
use super::score::{RECONNECT_MINUTES, Score};
use super::sockets::{Client, Sockets};
use super::truth::Truth;
use crate::engine::Setup;

/// The longest step while somebody moves, in seconds.
const STEP_S: f64 = 5.0;
/// The longest step while sockets move only as they age, in seconds.
const AGEING_STEP_S: f64 = 60.0;
/// From this impact on, service counts as lost.
const LOST: f64 = 0.5;

/// All users of a run.
#[derive(Debug, Clone)]
pub struct Users {
    client: Client,
    /// The share of all users who are at home in each region.
    shares: [f64; 3],
    /// To which place each home is led now.
    answers: [usize; 3],
    caches: [Caches; 3],
    /// What the caches hold, by home.
    led: [[f64; PLACES]; 3],
    /// By home, then carrier.
    sockets: [[Sockets; 3]; 3],
    hurt: [f64; 3],
    settled: bool,
    score: Score,
}

impl Users {
    /// Everybody at home. With `moves_sockets`, clients leave a socket on which their messages do not come back, as the reference client does;
    /// without, somebody has to reload the page.
    #[must_use]
    pub fn new(setup: &Setup, moves_sockets: bool) -> Self {
        let caches: [Caches; 3] = std::array::from_fn(Caches::new);
        Self {
            client: if moves_sockets { Client::Reference } else { Client::Page },
            shares: shares(setup),
            answers: [0, 1, 2],
            led: std::array::from_fn(|home| caches[home].shares()),
            caches,
            sockets: std::array::from_fn(|home| [Sockets::new(home); 3]),
            hurt: [0.0; 3],
            settled: true,
            score: Score::default(),
        }
    }

    /// Lives `dt` on from the moment that `truth` stands at, under `answers`: to which region DNS leads the users of each home, if to any.
    /// Levels are held over `dt`, so stop at [`Truth::next_change`]; sockets cut within it are cut at its beginning. What users load regions with is that
    /// of the last [`Truth::advance`]: while somebody moves, go on in seconds.
    pub fn step(&mut self, truth: &Truth, answers: &[Option<usize>; 3], dt: Duration) {
        self.answers = answers.map(|answer| answer.filter(|region| *region < NOWHERE).unwrap_or(NOWHERE));
        self.coast(truth, dt);
    }

    /// [`Users::step`] under the answers of the last step.
    pub fn coast(&mut self, truth: &Truth, dt: Duration) {
        for (_, cut) in truth.cuts_in(truth.now(), truth.now() + dt) {
            self.cut(truth, cut);
        }
        if (0..3).any(|region| self.answers.contains(&region) && truth.is_overloaded(region)) {
            self.score.overload_minutes += dt.as_secs_f64() / 60.0;
        }
        let mut left = dt.as_secs_f64();
        let mut before = self.impact(truth);
        while left > 0.0 {
            let seconds = left.min(self.stride(truth));
            self.pass(truth, seconds);
            let after = self.impact(truth);
            for (home, (before, after)) in before.into_iter().zip(after).enumerate() {
                let impact = f64::midpoint(before, after);
                self.score.error_minutes[home] += impact * seconds / 60.0;
                if impact >= LOST {
                    self.score.lost_minutes[home] += seconds / 60.0;
                }
            }
            before = after;
            left -= seconds;
        }
        self.hurt = before;
        self.settled = !self.is_moving(truth);
    }

    /// How far the next step may go.
    fn stride(&self, truth: &Truth) -> f64 {
        if self.is_moving(truth) {
            STEP_S
        } else if self.groups().all(|(home, _, sockets)| sockets.are_led(&self.led[home])) {
            f64::INFINITY
        } else {
            AGEING_STEP_S
        }
    }

    fn is_moving(&self, truth: &Truth) -> bool {
        (0..3).any(|home| !self.caches[home].agree_on(self.answers[home]))
            || self.groups().any(|(home, carrier, sockets)| sockets.are_moving(&self.led[home], truth.felt(carrier), self.client))
    }

    fn pass(&mut self, truth: &Truth, seconds: f64) {
        for home in 0..3 {
            let before = self.led[home];
            self.caches[home].pass(self.answers[home], seconds);
            self.led[home] = self.caches[home].shares();
            let led: [f64; PLACES] = std::array::from_fn(|place| f64::midpoint(before[place], self.led[home][place]));
            for carrier in 0..3 {
                let forced = self.sockets[home][carrier].pass(seconds, &led, truth.felt(carrier), self.client);
                self.reconnect(home, forced);
            }
        }
    }

    fn cut(&mut self, truth: &Truth, cut: &[f64; 3]) {
        for home in 0..3 {
            for carrier in 0..3 {
                let forced = self.sockets[home][carrier].cut(cut, &self.led[home], truth.felt(carrier));
                self.reconnect(home, forced);
            }
        }
    }

    /// A share of the users of one group had to connect anew.
    fn reconnect(&mut self, home: usize, of_group: f64) {
        let of_home = of_group / 3.0;
        self.score.reconnects[home] += of_home;
        self.score.error_minutes[home] += of_home * RECONNECT_MINUTES;
    }

    /// The impact on an average user of each home.
    fn impact(&self, truth: &Truth) -> [f64; 3] {
        std::array::from_fn(|home| {
            (0..3).map(|carrier| impact(&self.led[home], &self.sockets[home][carrier].at, truth.felt(carrier))).sum::<f64>() / 3.0
        })
    }

    fn groups(&self) -> impl Iterator<Item = (usize, usize, &Sockets)> {
        self.sockets
            .iter()
            .enumerate()
            .flat_map(|(home, by_carrier)| by_carrier.iter().enumerate().map(move |(carrier, s)| (home, carrier, s)))
    }

    /// The share of all users who are in `region`, half by their answers and half by their sockets.
    #[must_use]
    pub fn placed(&self, region: usize) -> f64 {
        (0..3).map(|home| self.placed_of(home, region)).sum()
    }

    /// The same of those at home in `home`, still as a share of all users.
    pub(super) fn placed_of(&self, home: usize, region: usize) -> f64 {
        self.shares[home] * f64::midpoint(self.led[home][region], self.sockets_of(home, region))
    }

    /// The most of them who can be there while resolvers hold what they hold: sockets end where answers lead.
    pub(super) fn placed_at_most(&self, home: usize, region: usize) -> f64 {
        let led = self.led[home][region];
        self.shares[home] * f64::midpoint(led, if led > 0.0 { 1.0 } else { self.sockets_of(home, region) })
    }

    /// The share of all live sockets that are in `region`.
    #[must_use]
    pub fn sockets_in(&self, region: usize) -> f64 {
        (0..3).map(|home| self.shares[home] * self.sockets_of(home, region)).sum()
    }

    fn sockets_of(&self, home: usize, region: usize) -> f64 {
        self.sockets[home].iter().map(|sockets| sockets.at[region]).sum::<f64>() / 3.0
    }

    /// The share of the users at home in `home` whom resolvers lead to `region`.
    #[must_use]
    pub fn led(&self, home: usize, region: usize) -> f64 {
        self.led[home][region]
    }

    /// What they went through so far.
    #[must_use]
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// How much an average user of each home is hurt, at the end of the last step: 0 to 1.
    #[must_use]
    pub fn hurt(&self) -> [f64; 3] {
        self.hurt
    }

    /// Nobody is on the move, at the end of the last step: resolvers hold the present answers, and no socket is being left but for its age.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.settled
    }
}

/// The impact on an average user of one group.
fn impact(led: &[f64; PLACES], sockets: &[f64; 3], felt: &[Felt; 3]) -> f64 {
    let mut sum = led[NOWHERE];
    for (share, answered) in led.iter().zip(felt).filter(|(share, _)| **share > 0.0) {
        for (socket_share, held) in sockets.iter().zip(felt).filter(|(share, _)| **share > 0.0) {
            sum += share * socket_share * answered.answer.max(held.socket);
        }
    }
    sum.clamp(0.0, 1.0)
}
