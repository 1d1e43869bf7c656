//! `status` as text: the line for users, one row per region, reasons and warnings below.

use decision::{Heard, IntentState, RegionView, ServiceView};

use crate::moment::{length, relative};
use crate::out::{Look, Mark};
use crate::table::Rows;

/// The whole screen.
pub(crate) fn status(api: &str, view: &ServiceView, look: Look) -> String {
    let mut blocks = vec![format!("{api}    {}    {}", view.service_line(), seen(view))];
    let mut rows = Rows::new(look, &["REGION", "ANSWERS", "VERDICT", "SINCE", "DECIDED BY"]);
    for region in &view.regions {
        rows.row(mark(region), cells(region, view));
    }
    blocks.push(rows.text());
    let reasons: Vec<String> = view.regions.iter().filter_map(reason).collect();
    if !reasons.is_empty() {
        blocks.push(reasons.join("\n"));
    }
    let warnings: Vec<String> =
        view.warnings.iter().map(|warning| format!("{} {warning}", look.paint(Mark::Warn, look.symbol(Mark::Warn)))).collect();
    if !warnings.is_empty() {
        blocks.push(warnings.join("\n"));
    }
    blocks.join("\n\n")
}

/// How good a region's news is.
pub(crate) fn mark(region: &RegionView) -> Mark {
    region.news().into()
}

/// How old the news is, and from how many observers.
fn seen(view: &ServiceView) -> String {
    let heard = view.observers.iter().filter(|observer| observer.heard != Heard::Unreachable).count();
    let newest = view.observers.iter().filter_map(|observer| observer.decided_at).max();
    let age = newest.map_or_else(|| "no votes yet".to_owned(), |at| format!("newest votes {}", relative(at.min(view.at), view.at)));
    format!("{heard} of {} observers answer, {age}", view.observers.len())
}

fn cells(region: &RegionView, view: &ServiceView) -> [String; 5] {
    [
        region.region.to_string(),
        region.answers.to_string(),
        format!("{} {}/{} say so", region.verdict, region.agreeing, region.observers.len()),
        region.since.map_or_else(|| "-".to_owned(), |since| length(view.at.duration_since(since))),
        region.decided_by.sentence(view.at),
    ]
}

/// Why a region is not plainly serving: the person's words, and the observers' sentence.
fn reason(region: &RegionView) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(standing) = &region.intent {
        let ticket = standing.intent.ticket.as_ref().map(|ticket| format!(" {ticket}")).unwrap_or_default();
        let state = match standing.state {
            IntentState::InForce => String::new(),
            IntentState::Pending { .. } | IntentState::Refused { .. } => format!(", {}", standing.state.sentence()),
        };
        parts.push(format!("{} by {}: {:?}{ticket}{state}", standing.intent.kind, standing.intent.actor, standing.intent.reason));
    }
    parts.extend(region.because().map(str::to_owned));
    if parts.is_empty() { None } else { Some(format!("  {}  {}", region.region, parts.join("; "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{drain, drained, ejecting, fine, policy, reading, serving, trouble};

    const API: &str = "api.chat.example.com";

    #[test]
    fn all_well_is_three_lines_and_no_more() {
        insta::assert_snapshot!(status(API, &serving(), Look::PLAIN), @"
        api.chat.example.com    users: served by 3 of 3 regions    3 of 3 observers answer, newest votes 2s ago

          REGION     ANSWERS  VERDICT             SINCE  DECIDED BY
        ✓ eu-west-1  serving  healthy 3/3 say so  6d 2h  automatic
        ✓ eu-west-2  serving  healthy 3/3 say so  6d 2h  automatic
        ✓ us-east-1  serving  healthy 3/3 say so  6d 2h  automatic
        ");
    }

    #[test]
    fn a_drain_shows_its_person_and_words() {
        let view = reading([fine(), drained(), fine()], &[drain("eu-west-2")]).view(&policy());
        insta::assert_snapshot!(status(API, &view, Look::PLAIN), @r#"
        api.chat.example.com    users: served by 2 of 3 regions    3 of 3 observers answer, newest votes 2s ago

          REGION     ANSWERS  VERDICT             SINCE  DECIDED BY
        ✓ eu-west-1  serving  healthy 3/3 say so  6d 2h  automatic
        ! eu-west-2  drained  healthy 3/3 say so  1m     ana, until 05:10 UTC (1h 48m)
        ✓ us-east-1  serving  healthy 3/3 say so  6d 2h  automatic

          eu-west-2  drain by ana: "p99 over 3 s after deploy 4471" OPS-918
        "#);
    }

    #[test]
    fn trouble_says_what_why_and_how_near_the_edge() {
        insta::assert_snapshot!(status(API, &trouble().view(&policy()), Look::PLAIN), @r#"
        api.chat.example.com    users: served by 1 of 3 regions    2 of 3 observers answer, newest votes 2s ago

          REGION     ANSWERS  VERDICT               SINCE  DECIDED BY
        ✓ eu-west-1  serving  healthy 2/3 say so    6d 2h  automatic
        ! eu-west-2  drained  healthy 2/3 say so    1m     ana, until 05:10 UTC (1h 48m)
        ✗ us-east-1  ejected  unhealthy 2/3 say so  1m 1s  automatic

          eu-west-2  drain by ana: "p99 over 3 s after deploy 4471" OPS-918
          us-east-1  websocket failed in 5 of its last 6 rounds (status-503)

        ! eu-west-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)
        ! observer us-east-1 does not answer; its votes count as unknown
        "#);
    }

    #[test]
    fn every_symbol_has_a_word_in_plain_ascii_too() {
        let text = status(API, &ejecting(), Look { unicode: false, color: false });
        assert!(text.is_ascii(), "{text}");
        insta::assert_snapshot!(text, @"
        api.chat.example.com    users: served by 2 of 3 regions    3 of 3 observers answer, newest votes 2s ago

             REGION     ANSWERS  VERDICT               SINCE  DECIDED BY
        ok   eu-west-1  serving  healthy 3/3 say so    6d 2h  automatic
        ok   eu-west-2  serving  healthy 3/3 say so    6d 2h  automatic
        FAIL us-east-1  ejected  unhealthy 3/3 say so  1m 1s  automatic

          us-east-1  websocket failed in 5 of its last 6 rounds (status-503)
        ");
    }
}
