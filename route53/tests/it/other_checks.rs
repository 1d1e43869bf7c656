//! Calculated, alarm and recovery-control checks. Facts 16–21.

use std::time::Duration;

use crate::checks::alarm_spec;
use crate::given::{FAILED, calculated, checkers, endpoint, id, run, seconds};
use route53::{
    Alarm, AlarmSpec, CHILDREN_MAX, Calculated, Check, CheckSet, CheckSetError, Checkers, Comparison, Control, Datapoint, InsufficientData,
    InvalidCheck, Kind, Outcome, Statistic, Update, UpdateError, UpdateRefused,
};

fn count(children: &[(&str, bool)], threshold: u16) -> bool {
    let names: Vec<&str> = children.iter().map(|(name, _)| *name).collect();
    let mut checks: Vec<Check> = names.iter().map(|name| endpoint(name, 30, 3)).collect();
    checks.dedup_by(|one, other| one.id() == other.id());
    checks.push(calculated("k of n", &names, threshold));
    let set = CheckSet::new(checks).unwrap();
    set.is_healthy(&id("k of n"), |child| children.iter().any(|(name, healthy)| *name == child.as_str() && *healthy))
}

#[test]
fn k_of_n_with_its_edges() {
    let children = [("a", true), ("b", true), ("c", false)];
    assert!(count(&children, 2));
    assert!(!count(&children, 3));
    assert!(count(&[("a", false)], 0), "0 is always healthy");
    assert!(!count(&children, 4), "more than there are is never");
    assert!(!count(&[], 1));
}

#[test]
fn children_number_255_at_most_and_thresholds_reach_256() {
    let children = |count: usize| (0..count).map(|number| id(&number.to_string())).collect();
    assert!(Calculated::new(children(CHILDREN_MAX), 256).is_ok());
    assert_eq!(Calculated::new(children(256), 1), Err(InvalidCheck::Children(256)));
    assert_eq!(Calculated::new(children(1), 257), Err(InvalidCheck::HealthThreshold(257)));
}

#[test]
fn a_calculated_check_counts_no_other() {
    let nested = CheckSet::new(vec![endpoint("a", 30, 3), calculated("inner", &["a"], 1), calculated("outer", &["inner"], 1)]);
    assert_eq!(nested, Err(CheckSetError::Nested { parent: id("outer"), child: id("inner") }));
    let itself = CheckSet::new(vec![calculated("self", &["self"], 1)]);
    assert_eq!(itself, Err(CheckSetError::Nested { parent: id("self"), child: id("self") }));
    let mut checkers = checkers(vec![endpoint("a", 30, 3), calculated("one", &["a"], 1), calculated("other", &["a"], 1)], 1);
    let update = Update { calculated: Some((vec![id("other")], 1)), ..Update::default() };
    assert!(matches!(checkers.update(&id("one"), update, Duration::ZERO), Err(UpdateRefused::Set(CheckSetError::Nested { .. }))));
}

#[test]
fn a_disabled_child_counts_as_healthy_unless_it_is_inverted() {
    let with = |child: Check| {
        let set = CheckSet::new(vec![child, calculated("c", &["a"], 1)]).unwrap();
        set.is_healthy(&id("c"), |_| false)
    };
    assert!(!with(endpoint("a", 30, 3)));
    assert!(with(endpoint("a", 30, 3).disabled()));
    assert!(!with(endpoint("a", 30, 3).disabled().inverted()));
}

#[test]
fn a_child_named_twice_counts_twice() {
    assert!(count(&[("a", true), ("a", true), ("b", false)], 2));
    assert!(!count(&[("a", false), ("a", false), ("b", true)], 2));
}

fn alarm(spec: &AlarmSpec) -> Checkers {
    checkers(vec![Check::new(id("alarm"), Kind::Alarm(Alarm::copy(spec).unwrap()))], 1)
}

/// Brings one datapoint per minute from minute 0 on; a datapoint is there when its minute is over.
fn feed(checkers: &mut Checkers, values: &[f64]) -> bool {
    let mut now = Duration::ZERO;
    for (minute, &value) in values.iter().enumerate() {
        let of = seconds(60 * minute as u64);
        now = of + seconds(60);
        checkers.datapoint(&id("alarm"), of, Datapoint::single(value), now).unwrap();
    }
    checkers.is_healthy(&id("alarm"), now)
}

#[test]
fn route_53_evaluates_the_stream_by_itself() {
    let spec = alarm_spec();
    assert!(feed(&mut alarm(&spec), &[1.0, 1.0]));
    assert!(feed(&mut alarm(&spec), &[1.0, 0.0]), "one of two periods is not enough");
    assert!(!feed(&mut alarm(&spec), &[1.0, 0.0, 0.0]));
    assert!(feed(&mut alarm(&spec), &[0.0, 0.0, 1.0]));
}

#[test]
fn only_standard_resolution_and_plain_n_of_n_alarms_are_taken() {
    let with = |change: fn(&mut AlarmSpec)| {
        let mut spec = alarm_spec();
        change(&mut spec);
        Alarm::copy(&spec).map(|_| ())
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|spec| spec.period_s = 10), Err(InvalidCheck::Period(10)));
    assert_eq!(with(|spec| spec.period_s = 90), Err(InvalidCheck::Period(90)));
    assert_eq!(with(|spec| spec.datapoints_to_alarm = 1), Err(InvalidCheck::OutOfN { datapoints: 1, periods: 2 }));
    assert_eq!(with(|spec| spec.evaluation_periods = 0), Err(InvalidCheck::EvaluationPeriods(0)));
    assert_eq!(with(|spec| spec.threshold = f64::NAN), Err(InvalidCheck::Threshold));
}

#[test]
fn the_five_statistics_are_those_of_cloudwatch() {
    let datapoint = Datapoint { sum: 12.0, count: 4.0, min: 1.0, max: 6.0 };
    let all = [
        (Statistic::Average, 3.0),
        (Statistic::Minimum, 1.0),
        (Statistic::Maximum, 6.0),
        (Statistic::Sum, 12.0),
        (Statistic::SampleCount, 4.0),
    ];
    for (statistic, threshold) in all {
        for (comparison, alarms) in [
            (Comparison::GreaterThanThreshold, false),
            (Comparison::LessThanThreshold, false),
            (Comparison::GreaterThanOrEqualToThreshold, true),
            (Comparison::LessThanOrEqualToThreshold, true),
        ] {
            let spec = AlarmSpec { statistic, threshold, comparison, evaluation_periods: 1, datapoints_to_alarm: 1, ..alarm_spec() };
            let mut checkers = alarm(&spec);
            checkers.datapoint(&id("alarm"), Duration::ZERO, datapoint, seconds(60)).unwrap();
            assert_eq!(checkers.is_healthy(&id("alarm"), seconds(60)), !alarms, "{statistic:?} {comparison:?} {threshold}");
        }
    }
}

#[test]
fn editing_the_alarm_changes_nothing_until_the_check_is_updated() {
    let mut spec = alarm_spec();
    let mut checkers = alarm(&spec);
    spec.threshold = 0.0;
    assert!(!feed(&mut checkers, &[0.0, 0.0]), "still held to the copied threshold");
    checkers.update(&id("alarm"), Update { alarm: Some(spec), ..Update::default() }, seconds(120)).unwrap();
    assert!(checkers.is_healthy(&id("alarm"), seconds(120)));
}

#[test]
fn silence_means_what_the_check_says_it_means() {
    let with = |insufficient_data| AlarmSpec { insufficient_data, ..alarm_spec() };
    for (insufficient_data, new, after_bad) in
        [(InsufficientData::Healthy, true, true), (InsufficientData::Unhealthy, false, false), (InsufficientData::LastKnown, true, false)]
    {
        let mut checkers = alarm(&with(insufficient_data));
        assert_eq!(checkers.is_healthy(&id("alarm"), Duration::ZERO), new, "{insufficient_data:?} and new");
        assert!(!feed(&mut checkers, &[0.0, 0.0]));
        assert_eq!(checkers.is_healthy(&id("alarm"), seconds(3600)), after_bad, "{insufficient_data:?} after trouble");
        let mut checkers = alarm(&with(insufficient_data));
        assert!(feed(&mut checkers, &[1.0, 1.0]));
        let after_good = insufficient_data != InsufficientData::Unhealthy;
        assert_eq!(checkers.is_healthy(&id("alarm"), seconds(3600)), after_good, "{insufficient_data:?} after good times");
    }
}

#[test]
fn a_metric_that_falls_silent_is_told_by_time_alone() {
    let mut checkers = alarm(&alarm_spec());
    assert!(feed(&mut checkers, &[1.0, 1.0]));
    assert!(checkers.tick(seconds(121)).is_empty());
    let changes = checkers.tick(seconds(600));
    assert_eq!(changes.iter().map(|change| change.healthy).collect::<Vec<_>>(), [false]);
}

#[test]
fn a_recovery_control_is_healthy_while_on_and_takes_no_update() {
    let mut checkers = checkers(vec![Check::new(id("switch"), Kind::Control(Control)), endpoint("e", 30, 3)], 1);
    assert!(checkers.is_healthy(&id("switch"), Duration::ZERO));
    let changes = checkers.switch(&id("switch"), false, seconds(1)).unwrap();
    assert_eq!(changes.len(), 1);
    assert!(!checkers.is_healthy(&id("switch"), seconds(1)));
    let update = Update { inverted: Some(true), ..Update::default() };
    assert_eq!(checkers.update(&id("switch"), update, seconds(1)), Err(UpdateRefused::Check(UpdateError::NotSupported)));
    assert!(checkers.switch(&id("e"), false, seconds(1)).is_err());
    run(&mut checkers, (Duration::ZERO, seconds(90)), |name, _, _| if name == "e" { FAILED } else { Outcome::Passed }, ("e", false));
    assert!(!checkers.is_healthy(&id("switch"), seconds(90)), "no poll touches it");
}
