//! CLOUDWATCH_METRIC checks: the alarm's settings are copied, and Route 53 evaluates the metric stream itself.
//!
//! There is no way in for an alarm's state: `SetAlarmState` has no effect on a check. `[R-TYP]`

use std::collections::BTreeMap;
use std::time::Duration;

use super::InvalidCheck;

/// A statistic that Route 53 takes; percentiles and metric math it does not. `[R-VAL]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of CloudWatch")]
pub enum Statistic {
    Average,
    Minimum,
    Maximum,
    Sum,
    SampleCount,
}

/// How the statistic is compared with the threshold; true means alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of CloudWatch")]
pub enum Comparison {
    GreaterThanThreshold,
    GreaterThanOrEqualToThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
}

/// What silence means: `InsufficientDataHealthStatus`. `[R-VAL]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsufficientData {
    /// Silence is healthy.
    Healthy,
    /// Silence is unhealthy.
    Unhealthy,
    /// Silence changes nothing; a new check with no history is healthy.
    LastKnown,
}

/// An alarm as CloudWatch has it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmSpec {
    /// What is computed over a period.
    pub statistic: Statistic,
    /// 60 s or a multiple.
    pub period_s: u32,
    /// How many periods in a row must breach.
    pub evaluation_periods: u32,
    /// Must be all of them.
    pub datapoints_to_alarm: u32,
    /// What the statistic is compared with.
    pub threshold: f64,
    /// How.
    pub comparison: Comparison,
    /// What silence means for the check.
    pub insufficient_data: InsufficientData,
}

/// The copy of an alarm's settings in a check. Editing the alarm does not reach it. `[R-CWU]`
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm(AlarmSpec);

/// One period of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the fields of CloudWatch's statistic set")]
pub struct Datapoint {
    pub sum: f64,
    pub count: f64,
    pub min: f64,
    pub max: f64,
}

impl Datapoint {
    /// A period with a single sample.
    #[must_use]
    pub fn single(value: f64) -> Self {
        Self { sum: value, count: 1.0, min: value, max: value }
    }
}

impl Alarm {
    /// Copies an alarm.
    ///
    /// # Errors
    /// [`InvalidCheck`] for the alarms that Route 53 does not take.
    pub fn copy(alarm: &AlarmSpec) -> Result<Self, InvalidCheck> {
        if alarm.period_s < 60 || !alarm.period_s.is_multiple_of(60) {
            return Err(InvalidCheck::Period(alarm.period_s));
        }
        if !(1..=1440).contains(&alarm.evaluation_periods) {
            return Err(InvalidCheck::EvaluationPeriods(alarm.evaluation_periods));
        }
        if alarm.datapoints_to_alarm != alarm.evaluation_periods {
            return Err(InvalidCheck::OutOfN { datapoints: alarm.datapoints_to_alarm, periods: alarm.evaluation_periods });
        }
        if !alarm.threshold.is_finite() {
            return Err(InvalidCheck::Threshold);
        }
        Ok(Self(alarm.clone()))
    }

    /// The settings as copied.
    #[must_use]
    pub fn spec(&self) -> &AlarmSpec {
        &self.0
    }

    fn breaches(&self, datapoint: &Datapoint) -> bool {
        let value = match self.0.statistic {
            Statistic::Average => datapoint.sum / datapoint.count,
            Statistic::Minimum => datapoint.min,
            Statistic::Maximum => datapoint.max,
            Statistic::Sum => datapoint.sum,
            Statistic::SampleCount => datapoint.count,
        };
        match self.0.comparison {
            Comparison::GreaterThanThreshold => value > self.0.threshold,
            Comparison::GreaterThanOrEqualToThreshold => value >= self.0.threshold,
            Comparison::LessThanThreshold => value < self.0.threshold,
            Comparison::LessThanOrEqualToThreshold => value <= self.0.threshold,
        }
    }
}

/// The datapoints that a check has received.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct History {
    /// By number of the period since start.
    periods: BTreeMap<u64, Datapoint>,
    last_known: Option<bool>,
}

impl History {
    /// Takes the datapoint of the period that `at` lies in, `now`.
    pub(crate) fn take(&mut self, alarm: &Alarm, period: Duration, at: Duration, datapoint: Datapoint, now: Duration) {
        self.periods.insert(number(at, period), datapoint);
        while self.periods.len() > alarm.0.evaluation_periods as usize {
            self.periods.pop_first();
        }
        if let Some(healthy) = self.judge(alarm, period, now) {
            self.last_known = Some(healthy);
        }
    }

    pub(crate) fn is_healthy(&self, alarm: &Alarm, period: Duration, now: Duration) -> bool {
        self.judge(alarm, period, now).unwrap_or(match alarm.0.insufficient_data {
            InsufficientData::Healthy => true,
            InsufficientData::Unhealthy => false,
            InsufficientData::LastKnown => self.last_known.unwrap_or(true),
        })
    }

    /// `None` while there is not enough data: fewer datapoints than periods, or the newest of them older than the evaluation.
    fn judge(&self, alarm: &Alarm, period: Duration, now: Duration) -> Option<bool> {
        let needed = alarm.0.evaluation_periods;
        let oldest = number(now, period).saturating_sub(u64::from(needed));
        let recent: Vec<&Datapoint> = self.periods.range(oldest..).map(|(_, datapoint)| datapoint).collect();
        if recent.is_empty() {
            return None;
        }
        if recent.iter().any(|datapoint| !alarm.breaches(datapoint)) {
            return Some(true);
        }
        (recent.len() >= needed as usize).then_some(false)
    }
}

/// The number of the period that a time lies in.
fn number(at: Duration, period: Duration) -> u64 {
    u64::try_from(at.as_nanos() / period.as_nanos().max(1)).unwrap_or(u64::MAX)
}
