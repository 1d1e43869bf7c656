//! `drain` as text: the sheet that is shown before, and the line that is printed after.

use decision::{DrainPreview, IntentView, RegionName};
use jiff::{SignedDuration, Timestamp};

use crate::args::Stage;
use crate::moment::{typed, utc};
use crate::out::{Look, Mark};

/// Everything that is on the sheet.
pub(super) struct Sheet<'a> {
    pub(super) api: &'a str,
    pub(super) region: &'a RegionName,
    pub(super) length: SignedDuration,
    pub(super) now: Timestamp,
    /// Regions of the service.
    pub(super) of: usize,
    pub(super) preview: &'a DrainPreview,
    /// What stands for the region already.
    pub(super) before: Option<&'a IntentView>,
}

/// What will happen, before it is confirmed.
pub(super) fn preview(sheet: &Sheet<'_>, look: Look) -> String {
    let Sheet { api, region, length, now, of, preview, before } = sheet;
    let mut lines = vec![format!("Drain {region} of {api} until {} ({})?", utc(*now + *length, *now), typed(*length)), String::new()];
    let mut row = |word: &str, text: String| lines.push(format!("  {word:<8} {text}"));
    for (word, text) in preview.lines(*of) {
        row(word, text);
    }
    for (index, check) in preview.rules.iter().enumerate() {
        let mark = match (check.passes, check.overridden) {
            (true, _) => Mark::Good,
            (false, true) => Mark::Warn,
            (false, false) => Mark::Bad,
        };
        let word = look.paint(mark, check.word());
        row(if index == 0 { "rules" } else { "" }, format!("{} {word}: {}", check.rule, check.why));
    }
    if let Some(standing) = before {
        let intent = &standing.intent;
        row("stands", format!("a {} by {} until {}: {:?}", intent.kind, intent.actor, utc(intent.ends_at, *now), intent.reason));
    }
    row("undo", format!("failover resume {region}"));
    lines.push(String::new());
    lines.join("\n")
}

/// What has happened, once the stage that was asked for is reached.
pub(super) fn done(region: &RegionName, stage: Stage, until: &str) -> String {
    match stage {
        Stage::Recorded => format!("A drain of {region} is recorded until {until}. Votes and answers follow; see failover status."),
        Stage::Health => format!("{region} is drained until {until}. Answers follow as DNS moves."),
        Stage::Answers => {
            format!("{region} is drained until {until}. Then it returns through its failback gates; nobody is sent back by a clock alone.")
        }
    }
}

#[cfg(test)]
mod tests {
    use decision::SafetyRule;

    use super::*;
    use crate::sample::{drain, drained, ejecting, fine, now, policy, reading, region, serving};

    fn sheet(view: &decision::ServiceView, name: &str, overrides: &[SafetyRule]) -> String {
        let (policy, region) = (policy(), region(name));
        let preview_of = view.preview_drain(&policy, &region, overrides);
        let before = view.region(&region).and_then(|region| region.intent.as_ref());
        let length = SignedDuration::from_hours(4);
        let sheet = Sheet { api: "api.chat.example.com", region: &region, length, now: now(), of: 3, preview: &preview_of, before };
        preview(&sheet, Look::PLAIN)
    }

    #[test]
    fn the_sheet_says_now_after_rules_and_the_way_back() {
        insta::assert_snapshot!(sheet(&serving(), "eu-west-2", &[]), @"
        Drain eu-west-2 of api.chat.example.com until 07:22 UTC (4h)?

          now      3 of 3 regions serve: eu-west-1, eu-west-2, us-east-1
          after    2 of 3 regions serve: eu-west-1, us-east-1
          moves    new lookups; clients that are connected stay until they reconnect
          rules    last-region ok: 2 regions would be left serving
                   capacity ok: 2 of 3 regions would be left undrained; the policy wants 1
          undo     failover resume eu-west-2
        ");
    }

    #[test]
    fn a_rule_that_refuses_is_on_the_sheet_as_is_one_that_is_gone_past() {
        let view = reading([fine(), drained(), crate::sample::failing()], &[drain("eu-west-2")]).view(&policy());
        insta::assert_snapshot!(sheet(&view, "eu-west-1", &[]), @"
        Drain eu-west-1 of api.chat.example.com until 07:22 UTC (4h)?

          now      1 of 3 regions serve: eu-west-1
          after    0 of 3 regions serve: none
          moves    new lookups; clients that are connected stay until they reconnect
          rules    last-region refuses: no region would be left serving
                   capacity ok: 1 of 3 regions would be left undrained; the policy wants 1
          undo     failover resume eu-west-1
        ");
        insta::assert_snapshot!(sheet(&view, "eu-west-1", &[SafetyRule::LastRegion]), @"
        Drain eu-west-1 of api.chat.example.com until 07:22 UTC (4h)?

          now      1 of 3 regions serve: eu-west-1
          after    0 of 3 regions serve: none
          moves    new lookups; clients that are connected stay until they reconnect
          rules    last-region gone past: no region would be left serving
                   capacity ok: 1 of 3 regions would be left undrained; the policy wants 1
          undo     failover resume eu-west-1
        ");
    }

    #[test]
    fn what_stands_already_is_on_the_sheet() {
        let view = reading([fine(), drained(), fine()], &[drain("eu-west-2")]).view(&policy());
        insta::assert_snapshot!(sheet(&view, "eu-west-2", &[]), @r#"
        Drain eu-west-2 of api.chat.example.com until 07:22 UTC (4h)?

          now      2 of 3 regions serve: eu-west-1, us-east-1
          after    2 of 3 regions serve: eu-west-1, us-east-1
          moves    new lookups; clients that are connected stay until they reconnect
          rules    last-region ok: 2 regions would be left serving
                   capacity ok: 2 of 3 regions would be left undrained; the policy wants 1
          stands   a drain by ana until 05:10 UTC: "p99 over 3 s after deploy 4471"
          undo     failover resume eu-west-2
        "#);
        assert!(sheet(&ejecting(), "us-east-1", &[]).contains("2 of 3 regions serve"));
    }

    #[test]
    fn the_last_line_claims_what_was_seen_and_no_more() {
        let all = [Stage::Recorded, Stage::Health, Stage::Answers].map(|stage| done(&region("eu-west-2"), stage, "07:22 UTC"));
        insta::assert_snapshot!(all.join("\n"), @"
        A drain of eu-west-2 is recorded until 07:22 UTC. Votes and answers follow; see failover status.
        eu-west-2 is drained until 07:22 UTC. Answers follow as DNS moves.
        eu-west-2 is drained until 07:22 UTC. Then it returns through its failback gates; nobody is sent back by a clock alone.
        ");
    }
}
