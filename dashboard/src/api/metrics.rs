//! What machines read: the snapshot in the text format of Prometheus (0.0.4). Only what is known is there: silence is a missing line, or `unknown`.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use decision::{Answers, Heard, Outcome, Verdict};
use http::header;
use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::guard::Person;
use crate::state::Snapshot;

pub(super) async fn get(State(app): State<App>, _: Person) -> Response {
    // A scraper is nobody who watches: where the task looks by itself, what it saw last is told.
    let snapshot = if app.watch().is_running() { app.watch().snapshot() } else { app.watch().current().await };
    let watchers = app.watch().listeners();
    let text = text(&snapshot, app.settings.clock.now(), watchers, app.watch().looks());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// A page of metrics under way.
struct Page {
    text: String,
    service: String,
}

impl Page {
    /// One family with its lines: labels and value.
    fn family(&mut self, name: &str, kind: &str, help: &str, lines: impl IntoIterator<Item = (Vec<(&'static str, String)>, f64)>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        let _ = writeln!(self.text, "# HELP {name} {}", help.replace('\\', "\\\\").replace('\n', "\\n"));
        let _ = writeln!(self.text, "# TYPE {name} {kind}");
        for (labels, value) in lines {
            let labels = labels.iter().map(|(label, value)| format!(",{label}=\"{}\"", escaped(value))).collect::<String>();
            let _ = writeln!(self.text, "{name}{{service=\"{}\"{labels}}} {value}", escaped(&self.service));
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(duration: SignedDuration) -> f64 {
    duration.as_secs_f64().max(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of regions, observers, lookups and looks are far below 2^52")]
fn text(snapshot: &Snapshot, now: Timestamp, watchers: usize, looks: u64) -> String {
    let view = &snapshot.view;
    let mut page = Page { text: String::new(), service: view.service.to_string() };
    let regions = || view.regions.iter();
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let answers = [Answers::Serving, Answers::Ejected, Answers::Drained, Answers::Unknown];
    page.family(
        "failover_region_answers",
        "gauge",
        "Whether users are sent to the region: 1 for the state it is in.",
        regions().flat_map(|region| {
            let labels = move |state: Answers| vec![("region", region.region.to_string()), ("answers", state.to_string())];
            answers.into_iter().map(move |state| (labels(state), flag(region.answers == state)))
        }),
    );
    let verdicts = [Verdict::Healthy, Verdict::Degraded, Verdict::Unhealthy, Verdict::Unknown];
    page.family(
        "failover_region_verdict",
        "gauge",
        "The verdict that most observers share: 1 for the one that it is.",
        regions().flat_map(|region| {
            let labels = move |verdict: Verdict| vec![("region", region.region.to_string()), ("verdict", verdict.to_string())];
            verdicts.into_iter().map(move |verdict| (labels(verdict), flag(region.verdict == verdict)))
        }),
    );
    page.family(
        "failover_region_votes",
        "gauge",
        "How many observers vote so; unknown are those whose votes cannot be read.",
        regions().flat_map(|region| {
            let votes = [("serve", region.votes.serve), ("eject", region.votes.eject), ("unknown", region.votes.unknown)];
            votes
                .into_iter()
                .map(move |(vote, count)| (vec![("region", region.region.to_string()), ("vote", vote.to_owned())], count as f64))
        }),
    );
    page.family(
        "failover_region_since_timestamp_seconds",
        "gauge",
        "Since when the region's answers are what they are, by the vote that made the majority.",
        regions().filter_map(|region| Some((vec![("region", region.region.to_string())], region.since?.as_second() as f64))),
    );
    page.family(
        "failover_region_intent_ends_timestamp_seconds",
        "gauge",
        "When the drain or hold that stands for the region ends.",
        regions().filter_map(|region| {
            let intent = &region.intent.as_ref()?.intent;
            Some((vec![("region", region.region.to_string()), ("kind", intent.kind.to_string())], intent.ends_at.as_second() as f64))
        }),
    );
    let heard = [Heard::Fresh, Heard::Stale, Heard::Absent, Heard::Unreachable];
    page.family(
        "failover_observer_heard",
        "gauge",
        "What could be read of the observer's votes: 1 for the state it is in.",
        view.observers.iter().flat_map(|observer| {
            let labels = move |state: Heard| vec![("observer", observer.observer.to_string()), ("heard", state.to_string())];
            heard.into_iter().map(move |state| (labels(state), flag(observer.heard == state)))
        }),
    );
    page.family(
        "failover_observer_votes_age_seconds",
        "gauge",
        "How long ago the observer's controller decided.",
        view.observers.iter().filter_map(|observer| {
            Some((vec![("observer", observer.observer.to_string())], seconds(now.duration_since(observer.decided_at?))))
        }),
    );
    let rounds = || snapshot.observers.iter().filter_map(|(observer, seen)| Some((observer, seen.observed.as_ref()?.rounds.last()?)));
    page.family(
        "failover_observer_round_age_seconds",
        "gauge",
        "How long ago the observer's probe ended its newest round.",
        rounds().map(|(observer, round)| (vec![("observer", observer.to_string())], seconds(now.duration_since(round.produced_at)))),
    );
    let checks = || {
        rounds().flat_map(|(observer, round)| {
            round.regions.iter().flat_map(move |(region, made)| {
                made.iter().map(move |(check, result)| {
                    let labels = vec![("observer", observer.to_string()), ("region", region.to_string()), ("check", check.to_string())];
                    (labels, result)
                })
            })
        })
    };
    page.family(
        "failover_check_passed",
        "gauge",
        "Whether the check passed in the observer's newest round, if only just; missing where nothing can be said.",
        checks().filter_map(|(labels, result)| match result.outcome {
            Outcome::Pass | Outcome::Degraded(_) => Some((labels, 1.0)),
            Outcome::Fail(_) => Some((labels, 0.0)),
            Outcome::Unknown(_) => None,
        }),
    );
    page.family(
        "failover_check_duration_seconds",
        "gauge",
        "How long the check took in the observer's newest round.",
        checks()
            .filter(|(_, result)| !matches!(result.outcome, Outcome::Unknown(_)))
            .map(|(labels, result)| (labels, f64::from(result.millis) / 1000.0)),
    );
    let survey = &snapshot.dns.survey;
    page.family(
        "failover_dns_lookups",
        "gauge",
        "How many of the lookups as from every configured place are answered with the region.",
        regions()
            .filter(|_| !survey.lookups.is_empty())
            .map(|region| (vec![("region", region.region.to_string())], survey.saying(&region.region) as f64)),
    );
    page.family(
        "failover_dns_lookups_unclear",
        "gauge",
        "How many of the lookups say nothing that can be read as a region.",
        Some((vec![], survey.unclear() as f64)).filter(|_| !survey.lookups.is_empty()),
    );
    page.family(
        "failover_dns_age_seconds",
        "gauge",
        "How long ago DNS was asked with success.",
        snapshot.dns.asked_at.map(|at| (vec![], seconds(now.duration_since(at)))),
    );
    page.family(
        "failover_dashboard_age_seconds",
        "gauge",
        "How long ago a majority of observers answered this dashboard; missing if none ever did.",
        snapshot.heard_at.map(|at| (vec![], seconds(now.duration_since(at)))),
    );
    page.family(
        "failover_dashboard_warnings",
        "gauge",
        "How many warnings the first screen shows.",
        Some((vec![], view.warnings.len() as f64)),
    );
    page.family("failover_dashboard_watchers", "gauge", "How many pages are open and listen.", Some((vec![], watchers as f64)));
    page.family("failover_dashboard_looks_total", "counter", "How often the observers were read.", Some((vec![], looks as f64)));
    page.text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::sample::{drain, drained, failing, fine, known_by_two, now};

    #[test]
    fn a_silent_observer_leaves_its_lines_out_and_says_unreachable() {
        let snapshot = known_by_two([fine(), drained(), failing()], &[drain("eu-west-2")], "us-east-1");
        let text = text(&snapshot, now(), 2, 7);
        let about: Vec<&str> = text.lines().filter(|line| line.contains("us-east-1\"") && line.contains("observer")).collect();
        insta::assert_snapshot!(about.join("\n"), @r#"
        failover_observer_heard{service="chat",observer="us-east-1",heard="fresh"} 0
        failover_observer_heard{service="chat",observer="us-east-1",heard="stale"} 0
        failover_observer_heard{service="chat",observer="us-east-1",heard="absent"} 0
        failover_observer_heard{service="chat",observer="us-east-1",heard="unreachable"} 1
        failover_check_passed{service="chat",observer="eu-west-1",region="us-east-1",check="rest"} 1
        failover_check_passed{service="chat",observer="eu-west-1",region="us-east-1",check="websocket"} 0
        failover_check_passed{service="chat",observer="eu-west-2",region="us-east-1",check="rest"} 1
        failover_check_passed{service="chat",observer="eu-west-2",region="us-east-1",check="websocket"} 0
        failover_check_duration_seconds{service="chat",observer="eu-west-1",region="us-east-1",check="rest"} 0.042
        failover_check_duration_seconds{service="chat",observer="eu-west-1",region="us-east-1",check="websocket"} 0.012
        failover_check_duration_seconds{service="chat",observer="eu-west-2",region="us-east-1",check="rest"} 0.042
        failover_check_duration_seconds{service="chat",observer="eu-west-2",region="us-east-1",check="websocket"} 0.012
        "#);
    }

    #[test]
    fn every_family_has_its_help_and_type_once_and_before_its_lines_and_no_series_is_there_twice() {
        let snapshot = known_by_two([fine(), drained(), failing()], &[drain("eu-west-2")], "us-east-1");
        let text = text(&snapshot, now(), 2, 7);
        let (mut family, mut families, mut series) = (String::new(), BTreeSet::new(), BTreeSet::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                family = rest.split_once(' ').unwrap().0.to_owned();
                assert!(families.insert(family.clone()), "{family} twice");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                assert!(rest == format!("{family} gauge") || rest == format!("{family} counter"), "{rest}");
            } else {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(name.starts_with(&format!("{family}{{service=\"chat\"")) && series.insert(name.to_owned()), "{line}");
                value.parse::<f64>().unwrap();
            }
        }
        assert!(families.len() > 14 && text.ends_with('\n'));
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
