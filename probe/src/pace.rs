//! When a round starts, and how long each of its steps may take. Every interval and deadline of the probe is a field here.
//!
//! Pure: the clock and the dice are the caller's.

use std::collections::BTreeSet;
use std::time::Duration;

use decision::{Cause, Check, Outcome, RegionName, Round, ServiceName};

use crate::settings::Place;

/// How many rounds in a row a region that is wholly gone is looked at again at once.
pub const CONFIRMATIONS: usize = 5;
/// How many rounds in a row one failing check keeps rounds fast. Longer faults are known well enough.
pub const FAST_ROUNDS: usize = 10;
/// How many rounds after a failure rounds stay fast, so that a leaky count fills (or empties) soon.
pub const SETTLE_ROUNDS: usize = 4;
/// How many past rounds [`next_delay`] needs to see.
pub const LOOKS_MAX: usize = 16;

/// Every interval and every deadline. Every default stands at its field.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Between two rounds while all is well. 10 s.
    pub round: Duration,
    /// Between two rounds after the first failure. 3 s.
    pub fast: Duration,
    /// Between two rounds while a region refuses every connection. 0.7 s.
    pub confirm: Duration,
    /// How much later than its tick a round starts at the most, as a part of the interval: so that observers drift through
    /// each other's gaps. 0.1.
    pub jitter: f64,

    /// A name is resolved. 1 s.
    pub dns: Duration,
    /// A TCP connection stands. 1 s.
    pub connect: Duration,
    /// A TLS handshake is done. 1 s.
    pub tls: Duration,
    /// The answer to a REST request is there, body included. 2 s, for the table check too: a cold start must not look like a fault.
    pub answer: Duration,
    /// The answer to a WebSocket upgrade is there. 2 s.
    pub upgrade: Duration,
    /// A socket is ready, from its name on, retry included. Sockets that are not ready by then are left out of the matrix. 3 s.
    pub socket: Duration,
    /// A message is back at the region it was sent into. 3 s.
    pub own: Duration,
    /// A message is at every other region. 5 s.
    pub across: Duration,
    /// A message that takes longer than this is late. 2 s.
    pub late: Duration,
    /// A REST, table or WebSocket check that takes longer than this is late. 1.5 s.
    pub slow: Duration,
    /// A WebSocket close is answered. 1 s, in the background.
    pub close: Duration,
    /// The whole round. 8 s.
    pub deadline: Duration,

    /// The runtime's loop lag above which the observer is unfit to judge. 1 s.
    pub loop_lag: Duration,
    /// The observation is written. 3 s.
    pub publish: Duration,
    /// Between two publications of metrics. 60 s.
    pub metrics: Duration,
    /// Metrics are published. 5 s.
    pub metrics_deadline: Duration,

    /// Between two rounds that a tripwire started. 1 s.
    pub early: Duration,
    /// How many rounds tripwires may start within [`Pace::early_window`]. 10.
    pub early_max: usize,
    /// 60 s.
    pub early_window: Duration,
    /// A tripwire is tried again after this at the earliest; doubles up to [`Pace::rewire_max`]. 1 s.
    pub rewire: Duration,
    /// 30 s.
    pub rewire_max: Duration,
    /// A tripwire is renewed after this: below API Gateway's limits of 10 min idle and 2 h of life. 9 min.
    pub renew: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            round: seconds(10),
            fast: seconds(3),
            confirm: Duration::from_millis(700),
            jitter: 0.1,
            dns: seconds(1),
            connect: seconds(1),
            tls: seconds(1),
            answer: seconds(2),
            upgrade: seconds(2),
            socket: seconds(3),
            own: seconds(3),
            across: seconds(5),
            late: seconds(2),
            slow: Duration::from_millis(1500),
            close: seconds(1),
            deadline: seconds(8),
            loop_lag: seconds(1),
            publish: seconds(3),
            metrics: seconds(60),
            metrics_deadline: seconds(5),
            early: seconds(1),
            early_max: 10,
            early_window: seconds(60),
            rewire: seconds(1),
            rewire_max: seconds(30),
            renew: seconds(9 * 60),
        }
    }
}

impl Pace {
    /// The same pace with rounds every `round`; what follows from the interval keeps its proportion.
    #[must_use]
    pub fn every(self, round: Duration) -> Self {
        Self { round, fast: self.fast.min(round), confirm: self.confirm.min(round), ..self }
    }

    /// How long a run may go on after it was told to end: the round that has begun, and then all that waits to be published.
    #[must_use]
    pub fn longest_goodbye(&self) -> Duration {
        self.deadline + self.publish.max(self.metrics_deadline)
    }

    /// The same pace on a clock that runs `speed` times as fast.
    ///
    /// Intervals are divided as they are. Deadlines have floors, because machines do not get faster with the clock: no
    /// step gets less than 500 ms and no delivery less than a second. The loop-lag bound and the wait for SSM and CloudWatch stay.
    #[must_use]
    pub fn at_speed(&self, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        let part = |full: Duration, floor: u64| full.div_f64(speed).max(full.min(Duration::from_millis(floor)));
        let socket = part(self.socket, 1000);
        let across = part(self.across, 1500);
        Self {
            round: part(self.round, 200),
            fast: part(self.fast, 200),
            confirm: part(self.confirm, 200),
            jitter: self.jitter,
            dns: part(self.dns, 500),
            connect: part(self.connect, 500),
            tls: part(self.tls, 500),
            answer: part(self.answer, 500),
            upgrade: part(self.upgrade, 500),
            socket,
            own: part(self.own, 1000),
            across,
            late: part(self.late, 600),
            slow: part(self.slow, 400),
            close: part(self.close, 250),
            deadline: part(self.deadline, 0).max((socket + across).min(self.deadline)),
            loop_lag: self.loop_lag,
            publish: self.publish,
            metrics: part(self.metrics, 1000),
            metrics_deadline: self.metrics_deadline,
            early: part(self.early, 200),
            early_max: self.early_max,
            early_window: part(self.early_window, 5000),
            rewire: part(self.rewire, 200),
            rewire_max: part(self.rewire_max, 1000),
            renew: part(self.renew, 10_000),
        }
    }
}

/// What one finished round means for the time of the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// The critical checks whose first attempt failed.
    pub failing: BTreeSet<(RegionName, Check)>,
    /// The regions that refused every connection.
    pub hard: BTreeSet<RegionName>,
}

impl Look {
    /// What this round means. A round whose observer is unfit means nothing.
    #[must_use]
    pub fn of(round: &Round) -> Self {
        let mut look = Self::default();
        match round.self_check {
            Outcome::Pass | Outcome::Degraded(_) => {}
            Outcome::Fail(_) | Outcome::Unknown(_) => return look,
        }
        for (region, observation) in &round.regions {
            let failed =
                observation.iter().filter(|(check, result)| check.is_critical() && (result.outcome.is_fail() || result.attempts > 1));
            look.failing.extend(failed.map(|(check, _)| (region.clone(), *check)));
            let refused = |check: Check| observation.get(&check).is_some_and(|result| result.outcome == Outcome::Fail(Cause::Connect));
            if [Check::Rest, Check::Websocket, Check::Table].into_iter().all(refused) {
                look.hard.insert(region.clone());
            }
        }
        look
    }
}

/// How long after the start of the last round the next one starts. `history` is oldest first; its last [`LOOKS_MAX`] are enough.
///
/// A region that is wholly gone is confirmed at once, a failing check soon, and a fault that is known for long
/// costs no more than health does. [`Pace::round`] means: at the next tick.
#[must_use]
pub fn next_delay(pace: &Pace, history: &[Look]) -> Duration {
    let Some(last) = history.last() else { return pace.round };
    let gone_for = |region: &RegionName| history.iter().rev().take_while(|look| look.hard.contains(region)).count();
    if last.hard.iter().any(|region| gone_for(region) <= CONFIRMATIONS) {
        return pace.confirm;
    }
    let failing_for = |key: &(RegionName, Check)| history.iter().rev().take_while(|look| look.failing.contains(key)).count();
    if last.failing.iter().any(|key| failing_for(key) <= FAST_ROUNDS) {
        return pace.fast;
    }
    let just_ended = history.iter().rev().take(SETTLE_ROUNDS + 1).any(|look| look.failing.difference(&last.failing).next().is_some());
    if just_ended { pace.fast } else { pace.round }
}

/// This observer's place in the interval: observers of one service are spread evenly over it, services by a hash.
#[must_use]
pub fn phase(service: &ServiceName, observer: &RegionName, place: Option<Place>, interval: Duration) -> Duration {
    let (hashed, offset) = match place {
        Some(Place { index, of }) if of > 0 => (hash(service.as_str()), (index % of) as f64 / of as f64),
        Some(_) | None => (hash(&format!("{service}/{observer}")), 0.0),
    };
    // 53 bits: what a double holds exactly.
    let share = (hashed >> 11) as f64 / (1_u64 << 53) as f64;
    interval.mul_f64((share + offset).fract())
}

/// From `now` (since the epoch) to the next tick of this interval and phase; never zero.
#[must_use]
pub fn until_tick(now: Duration, interval: Duration, phase: Duration) -> Duration {
    let interval_nanos = interval.as_nanos().max(1);
    let since = (now.as_nanos() + interval_nanos - phase.as_nanos() % interval_nanos) % interval_nanos;
    Duration::from_nanos(u64::try_from(interval_nanos - since).unwrap_or(u64::MAX))
}

/// FNV-1a: the same on every machine and build, which `std`'s hasher does not promise.
fn hash(text: &str) -> u64 {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // FNV's high bits move little for short texts; one round of a finalizer spreads them.
    (sum ^ (sum >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> RegionName {
        RegionName::new(name).unwrap()
    }

    fn clean() -> Look {
        Look::default()
    }

    fn failing(check: Check) -> Look {
        Look { failing: BTreeSet::from([(region("eu-west-2"), check)]), hard: BTreeSet::new() }
    }

    fn gone() -> Look {
        let failing = [Check::Rest, Check::Websocket, Check::Table].map(|check| (region("eu-west-2"), check));
        Look { failing: failing.into(), hard: BTreeSet::from([region("eu-west-2")]) }
    }

    /// The delays after each round of a history that grows.
    fn delays(history: &[Look]) -> Vec<Duration> {
        let pace = Pace::default();
        (1..=history.len()).map(|end| next_delay(&pace, &history[end.saturating_sub(LOOKS_MAX)..end])).collect()
    }

    #[test]
    fn all_well_means_the_next_tick() {
        let pace = Pace::default();
        assert_eq!(next_delay(&pace, &[]), pace.round);
        assert_eq!(next_delay(&pace, &[clean(), clean()]), pace.round);
    }

    #[test]
    fn a_failing_check_is_looked_at_every_three_seconds_for_ten_rounds_and_then_is_known() {
        let pace = Pace::default();
        let history = vec![failing(Check::Delivery); 14];
        let delays = delays(&history);
        assert!(delays[..FAST_ROUNDS].iter().all(|delay| *delay == pace.fast));
        assert!(delays[FAST_ROUNDS..].iter().all(|delay| *delay == pace.round));
    }

    #[test]
    fn a_second_fault_beside_a_known_one_is_fast_again() {
        let pace = Pace::default();
        let mut history = vec![failing(Check::Delivery); 14];
        let mut both = failing(Check::Delivery);
        both.failing.insert((region("us-west-2"), Check::Rest));
        history.push(both);
        assert_eq!(next_delay(&pace, &history), pace.fast);
    }

    #[test]
    fn after_a_failure_rounds_stay_fast_until_the_window_is_clean() {
        let pace = Pace::default();
        let mut history = vec![failing(Check::Rest)];
        history.extend(vec![clean(); 6]);
        let delays = delays(&history);
        assert!(delays[1..=SETTLE_ROUNDS].iter().all(|delay| *delay == pace.fast), "{delays:?}");
        assert!(delays[SETTLE_ROUNDS + 1..].iter().all(|delay| *delay == pace.round), "{delays:?}");
    }

    #[test]
    fn a_region_that_refuses_everything_is_confirmed_at_once_but_not_for_ever() {
        let pace = Pace::default();
        let delays = delays(&vec![gone(); 20]);
        assert!(delays[..CONFIRMATIONS].iter().all(|delay| *delay == pace.confirm));
        assert!(delays[CONFIRMATIONS..FAST_ROUNDS].iter().all(|delay| *delay == pace.fast));
        assert!(delays[FAST_ROUNDS..].iter().all(|delay| *delay == pace.round));
    }

    #[test]
    fn three_observers_are_a_third_of_the_interval_apart() {
        let (service, interval) = (ServiceName::new("chat").unwrap(), Duration::from_secs(9));
        let mut phases: Vec<_> = ["eu-west-2", "us-east-1", "us-west-2"]
            .iter()
            .enumerate()
            .map(|(index, name)| phase(&service, &region(name), Some(Place { index, of: 3 }), interval))
            .collect();
        phases.sort();
        for pair in phases.windows(2) {
            assert!((pair[1] - pair[0]).abs_diff(Duration::from_secs(3)) < Duration::from_millis(1), "{phases:?}");
        }
        assert!(phases.iter().all(|phase| *phase < interval));
    }

    #[test]
    fn a_tick_is_always_ahead_and_at_most_an_interval() {
        let (interval, phase) = (Duration::from_secs(10), Duration::from_millis(2500));
        for millis in [0_u64, 1, 2499, 2500, 2501, 9999, 10_000, 1_800_000_002_500] {
            let now = Duration::from_millis(millis);
            let wait = until_tick(now, interval, phase);
            assert!(wait > Duration::ZERO && wait <= interval, "{millis}");
            assert_eq!((now + wait).as_nanos() % interval.as_nanos(), phase.as_nanos(), "{millis}");
        }
    }

    #[test]
    fn speed_divides_intervals_and_leaves_deadlines_that_a_machine_can_keep() {
        let slow = Pace::default();
        let fast = slow.at_speed(10.0);
        assert_eq!(fast.round, Duration::from_secs(1));
        assert_eq!(fast.connect, Duration::from_millis(500));
        assert_eq!(fast.deadline, fast.socket + fast.across);
        assert_eq!(slow.at_speed(1.0), slow);
        assert_eq!(slow.at_speed(f64::NAN), slow);
        assert!(slow.socket + slow.across <= slow.deadline);
    }
}
