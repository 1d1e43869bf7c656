//! `explain` as text: the region, the intent, then one block per observer. The sentences are those of `store::explain`.

use store::explain::Account;

use crate::command::log;
use crate::out::{Look, Mark};

/// The whole account.
pub(super) fn text(account: &Account, look: Look) -> String {
    let told = account.told();
    let row = |(word, text): &(&str, String)| format!("  {word:<11} {text}");
    let mut lines: Vec<String> = told.headline.into_iter().collect();
    lines.push(told.title);
    lines.extend(told.rows.iter().map(row));
    for block in &told.blocks {
        let mark = Mark::from(block.news);
        lines.push(format!("\n{} {} {}", look.paint(mark, look.symbol(mark)), block.observer, block.title));
        lines.extend(block.rows.iter().map(row));
    }
    if !account.before.is_empty() {
        lines.push("\nuntil then".to_owned());
        lines.push(log::text::text(&account.before, account.at, look));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use decision::{Cause, Check, CheckResult, Observed, Outcome, Round, Schema, Votes};
    use store::explain::{Kept, Turn};

    use super::*;
    use crate::sample::{ago, drain, drained, failing, fine, now, policy, region, service_name, trouble, unreachable, votes};
    use crate::service::Read;
    use store::explain::{Documents, Missing, Source, Stored, account};
    use store::log;

    fn observed() -> Read<Option<Observed>> {
        let passes = CheckResult { outcome: Outcome::Pass, millis: 42, attempts: 1 };
        let fails = CheckResult { outcome: Outcome::Fail(Cause::Status(503)), millis: 12, attempts: 2 };
        let seen = [(Check::Rest, passes.clone()), (Check::Websocket, fails), (Check::Table, passes)].into();
        let round =
            Round { number: 412, produced_at: ago(4), self_check: Outcome::Pass, regions: BTreeMap::from([(region("us-east-1"), seen)]) };
        let document = |name: &str| Observed {
            schema: Schema::V1,
            service: service_name(),
            observer: region(name),
            generation: 9,
            rounds: vec![round.clone()],
            matrix: BTreeMap::new(),
        };
        [
            (region("eu-west-1"), Ok(Some(document("eu-west-1")))),
            (region("eu-west-2"), Ok(None)),
            (region("us-east-1"), Err(unreachable("us-east-1"))),
        ]
        .into()
    }

    #[test]
    fn an_ejected_region_is_accounted_for_observer_by_observer() {
        let account = account(&policy(), &Documents::now(trouble(), observed()), &region("us-east-1")).unwrap();
        insta::assert_snapshot!(text(&account, Look::PLAIN), @"
        us-east-1 is ejected since 03:21 UTC (1m 1s ago)
          votes       2 of 3 eject, 0 serve, 1 unknown
          verdict     unhealthy 2/3 say so
          decided by  automatic
          because     websocket failed in 5 of its last 6 rounds (status-503)

        ✗ eu-west-1 votes eject since 03:21:06 (1m 1s ago)
          lane        automatic: websocket failed in 5 of its last 6 rounds (status-503)
          verdict     unhealthy since 03:21:06 (1m 1s ago)
          memory      [.....www], 0 clean, ejected once
          decided     03:22:05 (2s ago), generation 7
          round       412 at 03:22:03 (4s ago), observer itself pass
          saw         rest pass 42 ms, websocket fail:status-503 12 ms, attempt 2, table pass 42 ms

        ✗ eu-west-2 votes eject since 03:21:06 (1m 1s ago)
          lane        automatic: websocket failed in 5 of its last 6 rounds (status-503)
          verdict     unhealthy since 03:21:06 (1m 1s ago)
          memory      [.....www], 0 clean, ejected once
          decided     03:22:05 (2s ago), generation 7

        ? us-east-1 does not answer
          failure     /failover/chat/votes: no answer from SSM in us-east-1: no answer within 2s
        ");
    }

    #[test]
    fn a_drained_region_shows_the_intent_and_who_holds_it() {
        let account = account(&policy(), &Documents::now(trouble(), observed()), &region("eu-west-2")).unwrap();
        let text = text(&account, Look::PLAIN);
        let head: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
        insta::assert_snapshot!(head.join("\n"), @r#"
        eu-west-2 is drained since 03:21 UTC (1m ago)
          votes       2 of 3 eject, 0 serve, 1 unknown
          verdict     healthy 2/3 say so
          decided by  ana, until 05:10 UTC (1h 48m)
          because     drained by ana until Mon 05:10 UTC, generation 118
          intent      drain by ana, in force: "p99 over 3 s after deploy 4471" OPS-918
                      1m 2s ago until 05:10 UTC
                      generation 118, stored at 2 of 3: eu-west-1, eu-west-2
        "#);
        let json = serde_json::to_value(&account).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&json["intent"]).unwrap(), @r#"
        {
          "actor": "ana",
          "ends_at": "2026-11-23T05:10:07Z",
          "generation": 118,
          "id": "d1",
          "kind": "drain",
          "reason": "p99 over 3 s after deploy 4471",
          "recorded_at": "2026-11-23T03:21:05Z",
          "region": "eu-west-2",
          "schema": "failover/v1",
          "service": "chat",
          "state": "in-force",
          "stored_at": [
            "eu-west-1",
            "eu-west-2"
          ],
          "ticket": "OPS-918"
        }
        "#);
        let mut vote = json["observers"][0]["vote"].clone();
        assert_eq!(vote["memory"].take(), serde_json::to_value(drained().memory).unwrap());
        insta::assert_snapshot!(serde_json::to_string_pretty(&vote).unwrap(), @r#"
        {
          "decided_at": "2026-11-23T03:22:05Z",
          "generation": 7,
          "lane": "intent",
          "memory": null,
          "reason": "drained by ana until Mon 05:10 UTC, generation 118",
          "since": "2026-11-23T03:21:07Z",
          "verdict": "healthy",
          "verdict_since": "2026-11-17T01:20:27Z",
          "vote": "eject"
        }
        "#);
    }

    /// What stood a minute ago: one observer told of everything, one's votes are forgotten, one had a late write.
    fn past() -> Documents {
        let mut documents = Documents::now(crate::sample::reading([fine(), drained(), failing()], &[drain("eu-west-2")]), observed());
        documents.source = Source::History { asked_at: now() + jiff::SignedDuration::from_mins(312) };
        let version = |number: i64, seconds: i64| Some(Stored { version: number, stored_at: ago(seconds), late: false, turn: None });
        let held = |documents: &mut Documents, name: &str, late: bool| {
            let held = documents.observers.get_mut(&region(name)).unwrap();
            let votes = held.votes.as_mut().unwrap().as_mut().unwrap();
            (votes.version, votes.document.policy) = (version(812, 1).map(|version| Stored { late, ..version }), policy().fingerprint());
            if let Ok(Some(observed)) = &mut held.observed {
                observed.version = version(800, 3);
            }
            held.intents.as_mut().unwrap().get_mut(&region("eu-west-2")).unwrap().as_mut().unwrap().version = version(3, 61);
        };
        held(&mut documents, "eu-west-1", false);
        held(&mut documents, "us-east-1", true);
        let elsewhere = documents.observers.get_mut(&region("us-east-1")).unwrap();
        elsewhere.votes.as_mut().unwrap().as_mut().unwrap().document.policy = "beforethelastchange".to_owned();
        let forgetful = documents.observers.get_mut(&region("eu-west-2")).unwrap();
        forgetful.votes = Err(Missing::Forgotten(now() + jiff::SignedDuration::from_mins(297)));
        forgetful.observed = Err(Missing::Unreadable("it cannot be parsed".to_owned()));
        documents.before = log::entries(
            &[log::History {
                intents: vec![drain("eu-west-2")],
                votes: vec![votes("eu-west-1", [fine(), fine(), fine()]), votes("eu-west-1", [fine(), drained(), fine()])],
            }],
            &[region("eu-west-2")],
            ago(3600),
            now(),
        );
        documents
    }

    #[test]
    fn a_past_moment_says_which_it_is_how_old_each_document_was_and_what_is_forgotten() {
        let account = account(&policy(), &past(), &region("eu-west-2")).unwrap();
        insta::assert_snapshot!(text(&account, Look::PLAIN), @r#"
        as of 2026-11-23 03:22:07 UTC, 5h 12m ago, by what SSM still has. Ages count from then.
        eu-west-2 is drained since 03:21 UTC (1m ago)
          votes       2 of 3 eject, 0 serve, 1 unknown
          verdict     healthy 2/3 say so
          decided by  ana, until 05:10 UTC (1h 48m)
          because     drained by ana until Mon 05:10 UTC, generation 118
          intent      drain by ana, in force: "p99 over 3 s after deploy 4471" OPS-918
                      1m 2s ago until 05:10 UTC
                      generation 118, stored at 3 of 3: eu-west-1, eu-west-2, us-east-1

        ! eu-west-1 votes eject since 03:21:07 (1m ago)
          lane        intent: drained by ana until Mon 05:10 UTC, generation 118
          verdict     healthy since 01:20:27 (6d 2h ago)
          memory      [........], 255 clean
          decided     03:22:05 (2s ago), generation 7
          round       412 at 03:22:03 (4s ago), observer itself pass
          saw         nothing about it
          stored      intent 03:21:06 (1m 1s ago), observed 03:22:04 (3s ago), votes 03:22:06 (1s ago)

        ? eu-west-2 is not known so far back
          votes       forgotten; its versions are kept from 2026-11-23 08:19:07 UTC on
          observed    what stood then is no valid document: it cannot be parsed

        ! us-east-1 votes eject since 03:21:07 (1m ago)
          lane        intent: drained by ana until Mon 05:10 UTC, generation 118
          policy      another one than is configured here
          verdict     healthy since 01:20:27 (6d 2h ago)
          memory      [........], 255 clean
          decided     03:22:05 (2s ago), generation 7
          observed    /failover/chat/votes: no answer from SSM in us-east-1: no answer within 2s
          stored      intent 03:21:06 (1m 1s ago), votes 03:22:06 (1s ago), a late write that was put right

        until then
          TIME (UTC)           REGION     WHAT                     WHO                 GEN  WHY
        ✗ 2026-11-23 03:21:07  eu-west-2  votes eject              observer eu-west-1  7    drained by ana until Mon 05:10 UTC, generation 118
        ! 2026-11-23 03:21:05  eu-west-2  drained until 05:10 UTC  ana                 118  p99 over 3 s after deploy 4471 OPS-918
        "#);
        let json = serde_json::to_value(&account).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&json["source"]).unwrap(), @r#"
        {
          "asked_at": "2026-11-23T08:34:07Z",
          "from": "history"
        }
        "#);
        let forgetful = &json["observers"][1];
        insta::assert_snapshot!(serde_json::to_string_pretty(forgetful).unwrap(), @r#"
        {
          "evidence": null,
          "failure": "forgotten; its versions are kept from 2026-11-23 08:19:07 UTC on",
          "heard": "unreachable",
          "missing": {
            "observed": "what stood then is no valid document: it cannot be parsed"
          },
          "observer": "eu-west-2",
          "vote": null
        }
        "#);
        insta::assert_snapshot!(serde_json::to_string(&json["observers"][2]["stored"]).unwrap(), @r#"{"intent":{"late":false,"stored_at":"2026-11-23T03:21:06Z","version":3},"votes":{"late":true,"stored_at":"2026-11-23T03:22:06Z","version":812}}"#);
    }

    #[test]
    fn a_turn_says_when_it_was_kept_and_a_last_word_that_silence_followed() {
        let mut documents = past();
        let turn = |last_word: bool, until: Option<i64>| Some(Turn { until: until.map(|seconds| ago(-seconds)), last_word });
        for (name, seconds, said, turn) in [
            ("eu-west-1", 31_000, [fine(), fine(), fine()], turn(false, Some(600))),
            ("eu-west-2", -1200, [fine(), fine(), fine()], turn(true, Some(1200))),
            ("us-east-1", 200_000, [fine(), fine(), failing()], turn(false, None)),
        ] {
            let decided_at = ago(if seconds < 0 { 900 } else { seconds + 1 });
            let document = Votes { decided_at, policy: policy().fingerprint(), ..votes(name, said) };
            let version = Some(Stored { version: 41, stored_at: ago(seconds), late: false, turn });
            documents.observers.get_mut(&region(name)).unwrap().votes = Ok(Some(Kept { document, version }));
        }
        documents.before.clear();
        let account = account(&policy(), &documents, &region("us-east-1")).unwrap();
        insta::assert_snapshot!(text(&account, Look::PLAIN), @"
        as of 2026-11-23 03:22:07 UTC, 5h 12m ago, by what SSM still has. Ages count from then.
        us-east-1 is serving since 2026-11-17 01:20 UTC (6d 2h ago)
          votes       1 of 3 eject, 2 serve
          verdict     unhealthy 1/3 say so
          decided by  automatic
          because     every critical check passes

        ✓ eu-west-1 votes serve since 01:20:27 (6d 2h ago)
          turn        kept 2026-11-22 18:45:27 (8h 36m ago), and the next one 2026-11-23 03:32:07 (in 10m)
          lane        automatic: every critical check passes
          verdict     healthy since 01:20:27 (6d 2h ago)
          memory      [........], 255 clean
          decided     18:45:26 (8h 36m ago), generation 7
          round       412 at 03:22:03 (4s ago), observer itself pass
          saw         rest pass 42 ms, websocket fail:status-503 12 ms, attempt 2, table pass 42 ms
          stored      observed 03:22:04 (3s ago), turns/votes 18:45:27 (8h 36m ago)

        ? eu-west-2 votes serve since 01:20:27 (6d 2h ago), stale
          turn        the last word before a silence, kept 2026-11-23 03:42:07 (in 20m)
          lane        automatic: every critical check passes
          verdict     healthy since 01:20:27 (6d 2h ago)
          memory      [........], 255 clean
          decided     03:07:07 (15m ago), generation 7
          observed    what stood then is no valid document: it cannot be parsed
          stored      turns/votes 03:42:07 (in 20m)

        ✗ us-east-1 votes eject since 03:21:06 (1m 1s ago)
          turn        kept 2026-11-20 19:48:47 (2d 7h ago), and none since
          lane        automatic: websocket failed in 5 of its last 6 rounds (status-503)
          verdict     unhealthy since 03:21:06 (1m 1s ago)
          memory      [.....www], 0 clean, ejected once
          decided     19:48:46 (2d 7h ago), generation 7
          observed    /failover/chat/votes: no answer from SSM in us-east-1: no answer within 2s
          stored      turns/votes 19:48:47 (2d 7h ago)
        ");
        let json = serde_json::to_value(&account).unwrap();
        insta::assert_snapshot!(serde_json::to_string(&json["observers"][1]["stored"]).unwrap(), @r#"{"votes":{"late":false,"stored_at":"2026-11-23T03:42:07Z","turn":{"last_word":true,"until":"2026-11-23T03:42:07Z"},"version":41}}"#);
    }

    #[test]
    fn a_drain_is_told_of_although_every_vote_of_that_time_is_forgotten() {
        let mut documents = past();
        for held in documents.observers.values_mut() {
            held.votes = Err(Missing::Forgotten(now() + jiff::SignedDuration::from_mins(297)));
            held.observed = Err(Missing::Forgotten(now() + jiff::SignedDuration::from_mins(300)));
        }
        let account = account(&policy(), &documents, &region("eu-west-2")).unwrap();
        let text = text(&account, Look::PLAIN);
        insta::assert_snapshot!(text.lines().take(13).collect::<Vec<_>>().join("\n"), @r#"
        as of 2026-11-23 03:22:07 UTC, 5h 12m ago, by what SSM still has. Ages count from then.
        eu-west-2 is unknown
          votes       0 of 3 eject, 0 serve, 3 unknown
          verdict     unknown 3/3 say so
          decided by  ana, until 05:10 UTC (1h 48m)
          intent      drain by ana, in force: "p99 over 3 s after deploy 4471" OPS-918
                      1m 2s ago until 05:10 UTC
                      generation 118, stored at 3 of 3: eu-west-1, eu-west-2, us-east-1

        ? eu-west-1 is not known so far back
          votes       forgotten; its versions are kept from 2026-11-23 08:19:07 UTC on
          observed    forgotten; its versions are kept from 2026-11-23 08:22:07 UTC on
          stored      intent 03:21:06 (1m 1s ago)
        "#);
        assert!(documents.tell_of(&region("eu-west-2")) && !documents.tell_of(&region("eu-west-1")));
    }

    #[test]
    fn a_replay_is_told_in_the_same_words() {
        let documents = Documents { source: Source::Replay { file: "incidents/D02.toml".to_owned(), minute: 12.5 }, ..past() };
        let account = account(&policy(), &documents, &region("eu-west-2")).unwrap();
        let text = text(&account, Look::PLAIN);
        insta::assert_snapshot!(text.lines().take(2).collect::<Vec<_>>().join("\n"), @"
        as of minute 12.5 of incidents/D02.toml, 2026-11-23 03:22:07 UTC there. Ages count from then.
        eu-west-2 is drained since 03:21 UTC (1m ago)
        ");
    }
}
