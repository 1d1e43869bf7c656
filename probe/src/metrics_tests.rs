//! What a round becomes in CloudWatch.

use super::*;

fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

/// A round of one region with these outcomes, as `observed` would hold them.
fn seen(self_check: &str, checks: &[(&str, &str)]) -> Seen {
    let checks: Vec<String> = checks.iter().map(|(check, outcome)| format!("\"{check}\":[\"{outcome}\",40,1]")).collect();
    let round = format!(
        r#"{{"number":1,"produced_at":"2026-01-01T00:00:00Z","self":"{self_check}","regions":{{"eu-west-2":{{{}}}}}}}"#,
        checks.join(",")
    );
    Seen {
        round: serde_json::from_str(&round).unwrap(),
        regions: BTreeMap::new(),
        matrix: crate::Matrix::default(),
        blamed: vec![],
        counts: crate::Counts::default(),
        skews: BTreeMap::from([(region("eu-west-2"), crate::Skew { ahead_ms: -7, error_ms: 21 })]),
        public_names: BTreeMap::new(),
        distractor: None,
        loop_lag: Duration::ZERO,
        took: Duration::from_millis(90),
    }
}

fn printed(rounds: &[Seen]) -> Vec<String> {
    let mut tally = Tally::default();
    for seen in rounds {
        tally.add(seen);
    }
    let source = Source { service: ServiceName::new("chat").unwrap(), observer: region("us-east-1") };
    let print = |datum: &MetricDatum| {
        let dimensions: Vec<_> = datum.dimensions().iter().map(|one| one.value().unwrap_or_default()).collect();
        format!("{} {} {:?} x {:?}", dimensions.join("/"), datum.metric_name().unwrap_or_default(), datum.values(), datum.counts())
    };
    tally.data(&source).iter().map(print).collect()
}

#[test]
fn equal_values_are_counted_and_the_unknown_is_left_out() {
    let good = || seen("pass", &[("rest", "pass"), ("websocket", "degraded:late"), ("delivery", "pass"), ("table", "pass")]);
    let bad = seen("pass", &[("rest", "pass"), ("websocket", "fail:status-503"), ("delivery", "unknown:not-tried"), ("table", "pass")]);
    insta::assert_snapshot!(printed(&[good(), good(), bad]).join("\n"), @r"
    chat/us-east-1 Leaked [0.0] x [3.0]
    chat/us-east-1 LoopLag [0.0] x [3.0]
    chat/us-east-1 ObserverFit [1.0] x [3.0]
    chat/us-east-1 RoundDuration [90.0] x [3.0]
    chat/us-east-1 UnansweredCloses [0.0] x [3.0]
    chat/eu-west-2/us-east-1 ClockSkew [-7.0] x [3.0]
    chat/eu-west-2/us-east-1 CompositeHealth [0.0, 1.0] x [1.0, 2.0]
    chat/eu-west-2/us-east-1 Delivery [1.0] x [2.0]
    chat/eu-west-2/us-east-1 DeliveryLatency [40.0] x [2.0]
    chat/eu-west-2/us-east-1 Rest [1.0] x [3.0]
    chat/eu-west-2/us-east-1 RestLatency [40.0] x [3.0]
    chat/eu-west-2/us-east-1 Table [1.0] x [3.0]
    chat/eu-west-2/us-east-1 TableLatency [40.0] x [3.0]
    chat/eu-west-2/us-east-1 Websocket [0.0, 1.0] x [1.0, 2.0]
    chat/eu-west-2/us-east-1 WebsocketLatency [40.0] x [2.0]
    ");
}

#[test]
fn an_unfit_observer_says_nothing_of_regions() {
    let unfit = seen("fail:observer", &[("rest", "fail:connect")]);
    assert!(printed(&[unfit]).iter().all(|line| line.starts_with("chat/us-east-1 ")));
}

#[test]
fn a_health_that_is_not_known_is_not_told() {
    let half = seen("pass", &[("rest", "pass"), ("websocket", "pass"), ("delivery", "unknown:observer"), ("table", "pass")]);
    assert!(!printed(&[half]).iter().any(|line| line.contains("CompositeHealth")));
}

#[test]
fn a_metric_holds_as_many_different_values_as_cloudwatch_takes() {
    let mut tally = Tally::default();
    let values = tally.0.entry(0).or_default();
    for value in 0..1000 {
        Minute(values).note(None, "LoopLag", StandardUnit::Milliseconds, value);
    }
    let source = Source { service: ServiceName::new("chat").unwrap(), observer: region("us-east-1") };
    assert_eq!(tally.data(&source)[0].values().len(), VALUES_MAX);
}

#[test]
fn each_round_counts_for_the_minute_it_was_made_in_however_late_it_is_published() {
    let mut tally = Tally::default();
    for second in [59_i64, 60, 61, 119, 180] {
        let mut seen = seen("pass", &[("rest", "pass")]);
        seen.round.produced_at = jiff::Timestamp::from_second(1_767_225_600 + second).unwrap();
        tally.add(&seen);
    }
    let source = Source { service: ServiceName::new("chat").unwrap(), observer: region("us-east-1") };
    let fit: Vec<_> = tally.data(&source).into_iter().filter(|datum| datum.metric_name() == Some("ObserverFit")).collect();
    let of = |datum: &MetricDatum| (datum.timestamp().unwrap().secs() - 1_767_225_600, datum.counts()[0]);
    assert_eq!(fit.iter().map(of).collect::<Vec<_>>(), [(0, 1.0), (60, 3.0), (180, 1.0)]);
}

#[test]
fn what_nobody_publishes_is_let_go_of_minute_by_minute() {
    let mut tally = Tally::default();
    for minute in 0..100 {
        let mut seen = seen("pass", &[("rest", "pass")]);
        seen.round.produced_at = jiff::Timestamp::from_second(60 * minute).unwrap();
        tally.add(&seen);
    }
    assert_eq!(tally.0.keys().copied().collect::<Vec<_>>(), [95, 96, 97, 98, 99].map(|minute| minute * 60));
}
