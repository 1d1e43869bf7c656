//! Checks that were made from CloudWatch alarms: Route 53 copied the alarm's settings then, and follows no change.
//!
//! The template makes none. Who adds one is told when it no longer says what its alarm says.

use crate::doctor::facts::{AlarmSettings, Facts, Kind};
use crate::doctor::finding::{Anchor, Finding, Findings, Section};

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Findings::of(Section::Checks);
    let Some(Ok(checks)) = &facts.checks else { return Vec::new() };
    for (id, check) in checks {
        let Kind::Alarm { region, name, copy } = &check.kind else { continue };
        match facts.alarms.get(&(region.clone(), name.clone())) {
            Some(Ok(Some(alarm))) => {
                let differences = differences(copy, alarm);
                if differences.is_empty() {
                    found.ok(Anchor::AlarmCopy, format!("the check {id} says what its alarm {name} in {region} says"));
                } else {
                    found.error(
                        Anchor::AlarmCopy,
                        format!("the check {id} is an old copy of the alarm {name} in {region}: {}", differences.join("; ")),
                        format!("aws route53 update-health-check --health-check-id {id} --alarm-identifier Region={region},Name={name}"),
                    );
                }
            }
            Some(Ok(None)) => found.error(
                Anchor::AlarmCopy,
                format!("the check {id} was made of the alarm {name} in {region}, which does not exist any more"),
                "make the alarm again, or delete the check",
            ),
            Some(Err(why)) => super::unread(&mut found, &format!("the alarm {name} in {region}"), why),
            None => {}
        }
    }
    found.into_list()
}

fn differences(copy: &AlarmSettings, alarm: &AlarmSettings) -> Vec<String> {
    let mut list = Vec::new();
    let mut note = |what: &str, copy: String, alarm: String| {
        if copy != alarm {
            list.push(format!("{what} {copy} there, {alarm} now"));
        }
    };
    note("namespace", copy.namespace.clone(), alarm.namespace.clone());
    note("metric", copy.metric.clone(), alarm.metric.clone());
    note("statistic", copy.statistic.clone(), alarm.statistic.clone());
    note("comparison", copy.comparison.clone(), alarm.comparison.clone());
    note("threshold", copy.threshold.clone(), alarm.threshold.clone());
    note("period", format!("{} s", copy.period), format!("{} s", alarm.period));
    note("evaluation periods", copy.evaluation_periods.to_string(), alarm.evaluation_periods.to_string());
    note("dimensions", format!("{:?}", copy.dimensions), format!("{:?}", alarm.dimensions));
    list
}
