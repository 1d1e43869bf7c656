//! `log` as text: one line per entry, newest first.

use jiff::Timestamp;

use crate::moment::{date_time, utc};
use crate::out::{Look, Mark};
use crate::table::Rows;
use store::log::{Entry, What};

/// The whole log.
pub(in crate::command) fn text(entries: &[Entry], now: Timestamp, look: Look) -> String {
    if entries.is_empty() {
        return "nothing happened in that time".to_owned();
    }
    let mut rows = Rows::new(look, &["TIME (UTC)", "REGION", "WHAT", "WHO", "GEN", "WHY"]);
    for entry in entries {
        let mark = match entry.what {
            What::Resumed | What::Ended | What::VotedServe => Mark::Good,
            What::Drained | What::Held | What::Extended | What::Refused => Mark::Warn,
            What::VotedEject => Mark::Bad,
        };
        let until = entry.until.map(|until| format!(" until {}", utc(until, now))).unwrap_or_default();
        let ticket = entry.ticket.as_ref().map(|ticket| format!(" {ticket}")).unwrap_or_default();
        rows.row(
            mark,
            [
                date_time(entry.at),
                entry.region.to_string(),
                format!("{}{until}", entry.what.as_str()),
                entry.actor.clone(),
                entry.generation.to_string(),
                format!("{}{ticket}", entry.reason).trim().to_owned(),
            ],
        );
    }
    rows.text()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use store::intent::{ended, extended};
    use store::log::entries;

    use super::super::History;
    use super::*;
    use crate::sample::{NAMES, ago, drain, drained, failing, fine, now, region, votes};

    fn regions() -> Vec<decision::RegionName> {
        NAMES.iter().map(|name| region(name)).collect()
    }

    #[test]
    fn one_drain_is_one_line_however_many_observers_hold_it() {
        let first = drain("eu-west-2");
        let longer = extended(&first, 119, None, SignedDuration::from_hours(6), ago(40));
        let over = ended(&longer, 120, "bob".to_owned(), "fixed".to_owned(), ago(5));
        let mut refusing = fine();
        refusing.reason = decision::Reason::DrainRefused { by: "cron".to_owned(), generation: 121, rule: decision::SafetyRule::LastRegion };
        let all = History {
            intents: vec![first.clone(), longer, over],
            votes: vec![
                votes("eu-west-1", [fine(), fine(), fine()]),
                votes("eu-west-1", [fine(), drained(), failing()]),
                votes("eu-west-1", [refusing, drained(), failing()]),
            ],
        };
        let late = History { intents: vec![first], votes: vec![] };
        let found = entries(&[all, late], &regions(), ago(3600), now());
        insta::assert_snapshot!(text(&found, now(), Look::PLAIN), @"
          TIME (UTC)           REGION     WHAT                      WHO                 GEN  WHY
        ! 2026-11-23 03:22:05  eu-west-1  refused                   observer eu-west-1  7    drain by cron, generation 121, is refused by last-region
        ✓ 2026-11-23 03:22:02  eu-west-2  resumed                   bob                 120  fixed OPS-918
        ! 2026-11-23 03:21:27  eu-west-2  extended until 09:21 UTC  ana                 119  p99 over 3 s after deploy 4471 OPS-918
        ✗ 2026-11-23 03:21:07  eu-west-2  votes eject               observer eu-west-1  7    drained by ana until Mon 05:10 UTC, generation 118
        ✗ 2026-11-23 03:21:06  us-east-1  votes eject               observer eu-west-1  7    websocket failed in 5 of its last 6 rounds (status-503)
        ! 2026-11-23 03:21:05  eu-west-2  drained until 05:10 UTC   ana                 118  p99 over 3 s after deploy 4471 OPS-918
        ");
        insta::assert_snapshot!(serde_json::to_string(&found[0]).unwrap(), @r#"{"at":"2026-11-23T03:22:05Z","region":"eu-west-1","what":"refused","actor":"observer eu-west-1","reason":"drain by cron, generation 121, is refused by last-region","generation":7}"#);
    }

    #[test]
    fn a_drain_whose_time_is_over_ends_in_the_log_unless_it_was_replaced() {
        let mut short = drain("eu-west-2");
        (short.recorded_at, short.ends_at) = (ago(7200), ago(3600));
        let alone = History { intents: vec![short.clone()], votes: vec![] };
        let told = |history: &History| {
            entries(std::slice::from_ref(history), &regions(), ago(86_400), now()).iter().map(|entry| entry.what).collect::<Vec<_>>()
        };
        assert_eq!(told(&alone), [What::Ended, What::Drained]);
        let mut next = drain("eu-west-2");
        (next.id, next.generation, next.recorded_at) = ("d2".to_owned(), 119, ago(5000));
        let replaced = History { intents: vec![short, next], votes: vec![] };
        assert_eq!(told(&replaced), [What::Drained, What::Drained]);
    }

    #[test]
    fn what_is_too_old_or_elsewhere_is_left_out() {
        let history = History { intents: vec![drain("eu-west-2")], votes: vec![] };
        assert_eq!(entries(std::slice::from_ref(&history), &regions(), ago(10), now()), []);
        assert_eq!(entries(&[history], &[region("eu-west-1")], ago(3600), now()), []);
        assert_eq!(text(&[], now(), Look::PLAIN), "nothing happened in that time");
    }
}
