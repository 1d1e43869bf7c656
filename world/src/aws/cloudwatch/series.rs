//! Metrics of one region: bounded series of samples, and the statistics over a period. No wire.

use std::collections::{BTreeMap, VecDeque};

/// The series a region keeps.
pub(super) const SERIES_MAX: usize = 512;
/// The samples a series keeps; the oldest go first.
const SAMPLES_MAX: usize = 2048;
/// The points of one answer, as AWS limits `GetMetricStatistics` [CW].
const POINTS_MAX: i64 = 1440;

/// What names a series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) namespace: String,
    pub(super) metric: String,
    /// Sorted by name.
    pub(super) dimensions: Vec<(String, String)>,
}

/// One sample, or a summary of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Seconds since the epoch.
    pub(super) at: f64,
    pub(super) count: f64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// One period with data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// The period's start, in seconds since the epoch.
    pub(super) at: i64,
    samples: Vec<Sample>,
}

impl Point {
    /// A statistic by its AWS name, `p99` and the like included. `None` if there is no such statistic.
    pub(super) fn statistic(&self, name: &str) -> Option<f64> {
        let count: f64 = self.samples.iter().map(|sample| sample.count).sum();
        let sum: f64 = self.samples.iter().map(|sample| sample.sum).sum();
        match name {
            "SampleCount" => Some(count),
            "Sum" => Some(sum),
            "Average" => Some(sum / count),
            "Minimum" => self.samples.iter().map(|sample| sample.min).reduce(f64::min),
            "Maximum" => self.samples.iter().map(|sample| sample.max).reduce(f64::max),
            _ => self.percentile(name.strip_prefix('p')?.parse().ok()?, count),
        }
    }

    fn percentile(&self, percent: f64, count: f64) -> Option<f64> {
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        let mut samples = self.samples.clone();
        samples.sort_by(|a, b| a.max.total_cmp(&b.max));
        let rank = (percent / 100.0 * count).max(1.0);
        let mut seen = 0.0;
        samples.iter().find_map(|sample| {
            seen += sample.count;
            (seen >= rank).then_some(sample.max)
        })
    }
}

/// All series of a region.
#[derive(Debug, Default)]
pub(super) struct Series(BTreeMap<Key, VecDeque<Sample>>);

impl Series {
    /// Adds a sample. Returns false when the region holds as many series as it can.
    pub(super) fn push(&mut self, key: Key, sample: Sample) -> bool {
        if self.0.len() >= SERIES_MAX && !self.0.contains_key(&key) {
            return false;
        }
        let samples = self.0.entry(key).or_default();
        if samples.len() == SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back(sample);
        true
    }

    /// The names of the series.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }

    /// The periods of `start <= at < end` that have data, oldest first. At most [`POINTS_MAX`].
    pub(super) fn points(&self, key: &Key, start: f64, end: f64, period: i64) -> Vec<Point> {
        let mut periods: BTreeMap<i64, Vec<Sample>> = BTreeMap::new();
        for sample in self.0.get(key).into_iter().flatten().filter(|sample| sample.at >= start && sample.at < end) {
            periods.entry((sample.at.floor() as i64).div_euclid(period) * period).or_default().push(*sample);
        }
        let surplus = periods.len().saturating_sub(usize::try_from(POINTS_MAX).unwrap_or(usize::MAX));
        periods.into_iter().skip(surplus).map(|(at, samples)| Point { at, samples }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(metric: &str) -> Key {
        Key { namespace: "n".to_owned(), metric: metric.to_owned(), dimensions: Vec::new() }
    }

    fn sample(at: f64, value: f64) -> Sample {
        Sample { at, count: 1.0, sum: value, min: value, max: value }
    }

    #[test]
    fn statistics_are_per_period() {
        let mut series = Series::default();
        for (at, value) in [(60.0, 1.0), (61.5, 3.0), (119.9, 2.0), (120.0, 10.0)] {
            assert!(series.push(key("m"), sample(at, value)));
        }
        let points = series.points(&key("m"), 60.0, 180.0, 60);
        assert_eq!(points.iter().map(|point| point.at).collect::<Vec<_>>(), [60, 120]);
        let of = |name| points[0].statistic(name);
        assert_eq!(of("Average"), Some(2.0));
        assert_eq!(of("Sum"), Some(6.0));
        assert_eq!(of("SampleCount"), Some(3.0));
        assert_eq!((of("Minimum"), of("Maximum")), (Some(1.0), Some(3.0)));
        assert_eq!((of("p50"), of("p99"), of("p0")), (Some(2.0), Some(3.0), Some(1.0)));
        assert_eq!((of("median"), of("p101"), of("px")), (None, None, None));
    }

    #[test]
    fn memory_is_bounded() {
        let mut series = Series::default();
        for at in 0..2 * SAMPLES_MAX {
            series.push(key("m"), sample(at as f64, 1.0));
        }
        assert_eq!(series.0[&key("m")].len(), SAMPLES_MAX);
        for number in 0..2 * SERIES_MAX {
            series.push(key(&format!("m{number}")), sample(0.0, 1.0));
        }
        assert_eq!(series.0.len(), SERIES_MAX);
        assert!(series.push(key("m"), sample(0.0, 1.0)), "a known series still takes samples");
    }
}
