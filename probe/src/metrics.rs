//! CloudWatch metrics: what each round saw, tallied by the minute of the round and published once a minute.
//!
//! By the minute of the round, because publications drift: two in one minute and none in the next would look like silence to an alarm.
//! Nothing waits for CloudWatch: a publication that fails is logged and gone, and so is a tally that was full.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use decision::{Check, Outcome, RegionName, ServiceName};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval_at, timeout};

use crate::seen::{Seen, whole_millis};

/// The namespace of every metric.
pub const NAMESPACE: &str = "Failover";
/// The most different values of one metric in one publication (CloudWatch's limit for `Values`).
const VALUES_MAX: usize = 150;

/// What may be sent to [`publish`].
pub(crate) enum Tell {
    Seen(Arc<Seen>),
    /// Publish now, then answer.
    Flush(oneshot::Sender<()>),
}

/// Whose metrics these are.
pub(crate) struct Source {
    pub(crate) service: ServiceName,
    pub(crate) observer: RegionName,
}

/// The most minutes of which there is a tally. More are only met when nobody publishes.
const MINUTES_MAX: usize = 5;

/// A metric, by region; `None` = of the observer itself.
type Key = (Option<RegionName>, &'static str);

/// Values of each metric and how often each came.
type Values = BTreeMap<Key, (StandardUnit, BTreeMap<i64, u32>)>;

/// What was seen, by the minute in which it was: seconds since the epoch at its beginning.
#[derive(Debug, Default)]
struct Tally(BTreeMap<i64, Values>);

/// Tallies what it is told and publishes it every `period`, until nobody is left to tell.
pub(crate) async fn publish(client: Client, source: Source, period: Duration, deadline: Duration, mut told: mpsc::Receiver<Tell>) {
    let mut tally = Tally::default();
    let mut clock = interval_at(Instant::now() + period, period);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            next = told.recv() => match next {
                Some(Tell::Seen(seen)) => tally.add(&seen),
                Some(Tell::Flush(done)) => {
                    put(&client, &source, std::mem::take(&mut tally), deadline).await;
                    clock.reset();
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
                None => return,
            },
            _ = clock.tick() => put(&client, &source, std::mem::take(&mut tally), deadline).await,
        }
    }
}

async fn put(client: &Client, source: &Source, tally: Tally, deadline: Duration) {
    let data = tally.data(source);
    if data.is_empty() {
        return;
    }
    let count = data.len();
    let sent = client.put_metric_data().namespace(NAMESPACE).set_metric_data(Some(data)).send();
    match timeout(deadline, sent).await {
        Ok(Ok(_)) => tracing::debug!(count, "metrics published"),
        Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, count, "metrics were refused and are dropped"),
        Err(_) => tracing::warn!(count, "CloudWatch did not answer in time: the metrics are dropped"),
    }
}

impl Tally {
    /// What a round says. What is unknown is not said at all: a missing point is not a zero.
    fn add(&mut self, seen: &Seen) {
        let at = seen.round.produced_at.as_second();
        let minute = at - at.rem_euclid(60);
        if self.0.len() >= MINUTES_MAX && !self.0.contains_key(&minute) {
            self.0.pop_first();
        }
        Minute(self.0.entry(minute).or_default()).add(seen);
    }

    fn data(self, source: &Source) -> Vec<MetricDatum> {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let datum = |minute: i64, ((region, name), (unit, values)): (Key, (StandardUnit, BTreeMap<i64, u32>))| {
            let (values, counts): (Vec<f64>, Vec<f64>) = values.into_iter().map(|(value, count)| (value as f64, f64::from(count))).unzip();
            let mut datum = MetricDatum::builder()
                .metric_name(name)
                .timestamp(DateTime::from_secs(minute))
                .unit(unit)
                .set_values(Some(values))
                .set_counts(Some(counts))
                .dimensions(dimension("Service", source.service.as_str()));
            if let Some(region) = region {
                datum = datum.dimensions(dimension("Region", region.as_str()));
            }
            datum.dimensions(dimension("Observer", source.observer.as_str())).build()
        };
        self.0
            .into_iter()
            .flat_map(|(minute, values)| values.into_iter().map(move |value| (minute, value)))
            .map(|(m, v)| datum(m, v))
            .collect()
    }
}

/// The tally of one minute.
struct Minute<'a>(&'a mut Values);

impl Minute<'_> {
    fn add(&mut self, seen: &Seen) {
        let fit = match seen.round.self_check {
            Outcome::Pass | Outcome::Degraded(_) => true,
            Outcome::Fail(_) | Outcome::Unknown(_) => false,
        };
        self.note(None, "ObserverFit", StandardUnit::None, i64::from(fit));
        self.note(None, "LoopLag", StandardUnit::Milliseconds, whole_millis(seen.loop_lag).into());
        self.note(None, "RoundDuration", StandardUnit::Milliseconds, whole_millis(seen.took).into());
        self.note(None, "Leaked", StandardUnit::Count, seen.counts.leaked.into());
        self.note(None, "UnansweredCloses", StandardUnit::Count, seen.counts.unanswered_closes.into());
        if !fit {
            return;
        }
        for (region, observation) in &seen.round.regions {
            let mut healthy = Some(true);
            for (check, result) in observation {
                let works = match result.outcome {
                    Outcome::Pass | Outcome::Degraded(_) => Some(true),
                    Outcome::Fail(_) => Some(false),
                    Outcome::Unknown(_) => None,
                };
                let (metric, latency) = names(*check);
                if let Some(works) = works {
                    self.note(Some(region), metric, StandardUnit::None, works.into());
                }
                if works == Some(true) {
                    self.note(Some(region), latency, StandardUnit::Milliseconds, result.millis.into());
                }
                if check.is_critical() {
                    healthy = match (healthy, works) {
                        (Some(false), _) | (_, Some(false)) => Some(false),
                        (None, _) | (_, None) => None,
                        (Some(true), Some(true)) => Some(true),
                    };
                }
            }
            if let Some(healthy) = healthy {
                self.note(Some(region), "CompositeHealth", StandardUnit::None, healthy.into());
            }
        }
        for (region, skew) in &seen.skews {
            self.note(Some(region), "ClockSkew", StandardUnit::Milliseconds, skew.ahead_ms);
        }
        for (region, steps) in &seen.regions {
            let days = [&steps.rest, &steps.websocket, &steps.table].into_iter().filter_map(|step| step.certificate_days);
            if let Some(days) = days.min() {
                self.note(Some(region), "CertificateDays", StandardUnit::None, days);
            }
        }
    }

    fn note(&mut self, region: Option<&RegionName>, name: &'static str, unit: StandardUnit, value: i64) {
        let (_, values) = self.0.entry((region.cloned(), name)).or_insert_with(|| (unit, BTreeMap::new()));
        if values.len() < VALUES_MAX || values.contains_key(&value) {
            *values.entry(value).or_default() += 1;
        }
    }
}

/// The metrics of a check: whether it works, and how long it took.
fn names(check: Check) -> (&'static str, &'static str) {
    match check {
        Check::Rest => ("Rest", "RestLatency"),
        Check::Websocket => ("Websocket", "WebsocketLatency"),
        Check::Delivery => ("Delivery", "DeliveryLatency"),
        Check::Table => ("Table", "TableLatency"),
        Check::Replication => ("Replication", "ReplicationLatency"),
    }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
