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
    for value in 0..1000 {
        tally.note(None, "LoopLag", StandardUnit::Milliseconds, value);
    }
    let source = Source { service: ServiceName::new("chat").unwrap(), observer: region("us-east-1") };
    assert_eq!(tally.data(&source)[0].values().len(), VALUES_MAX);
}
