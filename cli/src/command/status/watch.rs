//! `status --watch`: redrawn on a terminal, one line per change elsewhere, one JSON object per change for scripts.

use std::time::Duration;

use decision::{RegionName, ServiceView};
use jiff::Timestamp;
use serde::Serialize;

use super::{anyone, only, show, text};
use crate::failure::Failure;
use crate::intent::follow::Interrupt;
use crate::moment;
use crate::out::Out;
use crate::service::Service;

/// Between two looks on real AWS.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks at a demo.
const LOOK_AT_WORLD: Duration = Duration::from_millis(300);

/// One change that somebody may want to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Change {
    command: &'static str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<RegionName>,
    /// What is new: `answers`, `verdict`, `decided-by` or `warning`.
    what: &'static str,
    from: String,
    to: String,
    reason: String,
}

/// Follows until Ctrl-C, or until nobody reads it any more.
pub(super) async fn run(service: &Service, region: Option<&RegionName>, out: &Out) -> Result<u8, Failure> {
    let mut interrupt = Interrupt::catch()?;
    tokio::select! {
        result = follow(service, region, out) => result,
        () = out.reader_gone() => Ok(0),
        () = interrupt.wait() => Err(Failure::Interrupted { stands: "nothing was changed by watching".to_owned() }),
    }
}

async fn follow(service: &Service, region: Option<&RegionName>, out: &Out) -> Result<u8, Failure> {
    let redraws = out.on_terminal() && !out.is_json();
    let look = if service.config.world().is_some() { LOOK_AT_WORLD } else { LOOK };
    let mut last: Option<ServiceView> = None;
    loop {
        let reading = service.read().await;
        if last.is_none() {
            anyone(&reading)?;
        }
        let view = only(reading.view(service.policy()), region);
        match &last {
            _ if redraws => {
                let text = text::status(&service.config.file.names.api, &view, out.look);
                // Home, the text with each line cleared to its end, then everything below: no flicker.
                out.data(&format!("\u{1b}[H{}\u{1b}[J", text.lines().map(|line| format!("{line}\u{1b}[K\n")).collect::<String>()))?;
            }
            None => show(service, &view, out)?,
            Some(last) => {
                for change in changes(last, &view) {
                    if out.is_json() { out.json(&change)? } else { out.data(&line(&change))? }
                }
            }
        }
        if redraws && last.is_none() {
            out.hint("Ctrl-C ends the watching");
        }
        last = Some(view);
        tokio::time::sleep(look).await;
    }
}

/// What differs between two looks, regions first.
fn changes(before: &ServiceView, after: &ServiceView) -> Vec<Change> {
    let mut found = Vec::new();
    for new in &after.regions {
        let Some(old) = before.region(&new.region) else { continue };
        let (old_by, new_by) = (by(old), by(new));
        let pairs = [
            ("answers", old.answers.to_string(), new.answers.to_string()),
            ("verdict", old.verdict.to_string(), new.verdict.to_string()),
            ("decided-by", old_by, new_by),
        ];
        for (what, from, to) in pairs.into_iter().filter(|(_, from, to)| from != to) {
            found.push(Change {
                command: "status",
                at: after.at,
                region: Some(new.region.clone()),
                what,
                from,
                to,
                reason: new.reason.clone(),
            });
        }
    }
    let kinds = |view: &ServiceView| -> Vec<&'static str> { view.warnings.iter().map(decision::Warning::kind).collect() };
    for warning in after.warnings.iter().filter(|warning| !kinds(before).contains(&warning.kind())) {
        let (from, to) = ("none".to_owned(), warning.kind().to_owned());
        found.push(Change { command: "status", at: after.at, region: None, what: "warning", from, to, reason: warning.to_string() });
    }
    found
}

fn by(region: &decision::RegionView) -> String {
    match &region.decided_by {
        decision::DecidedBy::Automatic => "automatic".to_owned(),
        decision::DecidedBy::Person { kind, actor, .. } => format!("{actor} ({kind})"),
    }
}

fn line(change: &Change) -> String {
    let Change { at, region, what, from, to, reason, .. } = change;
    let at = moment::time_of_day(*at);
    match region {
        Some(region) => {
            let reason = if reason.is_empty() { String::new() } else { format!("  ({reason})") };
            format!("{at}  {region:<12} {what}: {from} -> {to}{reason}")
        }
        None => format!("{at}  {what}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{ejecting, serving};

    #[test]
    fn only_what_changed_is_told() {
        let (before, after) = (serving(), ejecting());
        assert_eq!(changes(&before, &before), []);
        let told: Vec<String> = changes(&before, &after).iter().map(line).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        03:22:07  us-east-1    answers: serving -> ejected  (websocket failed in 5 of its last 6 rounds (status-503))
        03:22:07  us-east-1    verdict: healthy -> unhealthy  (websocket failed in 5 of its last 6 rounds (status-503))
        ");
        let json = crate::out::document(&changes(&before, &after)[0]).unwrap();
        insta::assert_snapshot!(json, @r#"{"schema":"failover/v1","command":"status","at":"2026-11-23T03:22:07Z","region":"us-east-1","what":"answers","from":"serving","to":"ejected","reason":"websocket failed in 5 of its last 6 rounds (status-503)"}"#);
    }
}
