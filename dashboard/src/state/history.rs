//! The last hour of each region in steps of ten seconds, folded from what probes saw. Bounded, whatever comes in.
//!
//! Pure.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use decision::{Check, Observation, Observed, Outcome, RegionName, RegionView};
use jiff::Timestamp;

use super::snapshot::Point;

/// The last hour of every region.
#[derive(Debug, Default)]
pub(crate) struct Hour {
    regions: BTreeMap<RegionName, VecDeque<Point>>,
    /// Per observer, when the newest round that is in here ended.
    folded: BTreeMap<RegionName, Timestamp>,
}

impl Hour {
    /// Adds a region as it stands now.
    pub(crate) fn stands(&mut self, view: &RegionView, now: Timestamp) {
        let points = self.regions.entry(view.region.clone()).or_default();
        let point = at(points, start_of(now), now);
        if let Some(point) = point {
            (point.answers, point.verdict) = (view.answers, view.verdict);
        }
    }

    /// Adds the rounds of one observer that are not in here yet. A round from the future counts as now's: probes have clocks of their own.
    pub(crate) fn saw(&mut self, observed: &Observed, now: Timestamp) {
        let folded = self.folded.get(&observed.observer).copied();
        let new = observed.rounds.iter().filter(|round| folded.is_none_or(|folded| round.produced_at > folded));
        let mut newest = folded;
        for round in new {
            newest = newest.max(Some(round.produced_at.min(now)));
            let fit = matches!(round.self_check, Outcome::Pass | Outcome::Degraded(_));
            for (region, seen) in round.regions.iter().filter(|_| fit) {
                // Only regions of the policy have points, so a document cannot make this grow.
                let Some(points) = self.regions.get_mut(region) else { continue };
                if let Some(point) = at(points, start_of(round.produced_at.min(now)), now) {
                    fold(point, seen);
                }
            }
        }
        if let Some(newest) = newest {
            self.folded.insert(observed.observer.clone(), newest);
        }
    }

    /// A region's points, oldest first.
    pub(crate) fn of(&self, region: &RegionName) -> Arc<Vec<Point>> {
        Arc::new(self.regions.get(region).map(|points| points.iter().cloned().collect()).unwrap_or_default())
    }
}

/// When the ten seconds began in which `time` lies.
fn start_of(time: Timestamp) -> Timestamp {
    let length = Point::LENGTH.as_secs();
    Timestamp::from_second(time.as_second().div_euclid(length) * length).unwrap_or(time)
}

/// The point that begins at `start`, made if it is missing; none where it is too old to be kept.
fn at(points: &mut VecDeque<Point>, start: Timestamp, now: Timestamp) -> Option<&mut Point> {
    let oldest = now.checked_sub(Point::LENGTH * i32::try_from(Point::MOST).unwrap_or(i32::MAX)).unwrap_or(Timestamp::MIN);
    while points.front().is_some_and(|point| point.at <= oldest) || points.len() > Point::MOST {
        points.pop_front();
    }
    if start <= oldest {
        return None;
    }
    let place = points.partition_point(|point| point.at < start);
    if points.get(place).is_none_or(|point| point.at != start) {
        points.insert(place, Point::new(start));
    }
    points.get_mut(place)
}

fn fold(point: &mut Point, seen: &Observation) {
    for (check, result) in seen {
        point.made += 1;
        match &result.outcome {
            Outcome::Pass | Outcome::Degraded(_) => {
                let slowest = match check {
                    Check::Rest => &mut point.rest_ms,
                    Check::Delivery => &mut point.delivery_ms,
                    Check::Replication => &mut point.replication_ms,
                    Check::Websocket | Check::Table => continue,
                };
                *slowest = (*slowest).max(Some(result.millis));
            }
            Outcome::Fail(_) => point.failed += 1,
            Outcome::Unknown(_) => point.unknown += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use decision::{Cause, CheckResult, Round, Schema, ServiceName};
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn region() -> RegionName {
        RegionName::new("eu-west-2").unwrap()
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn observed(rounds: &[(i64, Outcome, u32)]) -> Observed {
        let rounds = rounds.iter().enumerate().map(|(number, (at, outcome, millis))| Round {
            number: number as u64,
            produced_at: second(*at),
            self_check: Outcome::Pass,
            regions: [(region(), [(Check::Rest, CheckResult { outcome: outcome.clone(), millis: *millis, attempts: 1 })].into())].into(),
        });
        Observed {
            schema: Schema::V1,
            service: ServiceName::new("chat").unwrap(),
            observer: RegionName::new("eu-west-1").unwrap(),
            generation: 1,
            rounds: rounds.collect(),
            matrix: BTreeMap::new(),
        }
    }

    fn hour() -> Hour {
        Hour { regions: [(region(), VecDeque::new())].into(), ..Hour::default() }
    }

    #[test]
    fn a_round_is_counted_once_however_often_it_is_read() {
        let mut hour = hour();
        let document = observed(&[(0, Outcome::Pass, 40), (3, Outcome::Fail(Cause::Timeout), 900), (12, Outcome::Pass, 60)]);
        hour.saw(&document, second(15));
        hour.saw(&document, second(16));
        let points = hour.of(&region());
        let told: Vec<_> = points.iter().map(|point| (point.at, point.rest_ms, point.failed, point.made)).collect();
        assert_eq!(told, [(second(0), Some(40), 1, 2), (second(10), Some(60), 0, 1)], "a failure's time is no answer's");
    }

    #[test]
    fn an_observer_that_is_unfit_says_nothing_of_regions() {
        let mut hour = hour();
        let mut document = observed(&[(0, Outcome::Fail(Cause::Timeout), 40)]);
        document.rounds[0].self_check = Outcome::Fail(Cause::Observer);
        hour.saw(&document, second(1));
        assert!(hour.of(&region()).is_empty());
    }

    proptest! {
        #[test]
        fn it_is_in_order_and_never_grows_past_an_hour(times in proptest::collection::vec((0..20_000_i64, 0..20_000_i64), 1..200)) {
            let mut hour = hour();
            for (produced, now) in times {
                hour.saw(&observed(&[(produced, Outcome::Pass, 1)]), second(now));
                let points = hour.of(&region());
                prop_assert!(points.len() <= Point::MOST);
                prop_assert!(points.windows(2).all(|pair| pair[0].at < pair[1].at));
                prop_assert!(points.iter().all(|point| point.at > second(0) - SignedDuration::from_secs(10)));
            }
        }
    }
}
