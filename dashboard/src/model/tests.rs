//! What the pages say in each state, read as sentences.

use std::collections::BTreeMap;

use decision::{Ended, RegionVote};
use jiff::SignedDuration;
use store::explain::{Documents, Held, Source, account};
use store::log::{History, entries};

use super::sample::{ago, drain, drained, failing, fine, known, known_by_two, names, now, policy, region, scene, sick, votes};
use super::*;
use crate::state::Snapshot;

fn page(snapshot: &Snapshot) -> Overview {
    let (policy, names) = (policy(), names());
    overview(&scene(&policy, &names, snapshot), vec![], vec![])
}

fn banner(snapshot: &Snapshot) -> String {
    let overview = page(snapshot);
    let banner = overview.banner;
    let mut text = format!("{} {}: {}\n{}", banner.mark.sign(), banner.word, banner.text, banner.users);
    for note in banner.notes {
        text.push_str(&format!("\n- {note}"));
    }
    text
}

#[test]
fn the_banner_answers_whether_users_are_hurt() {
    let said: [(&str, [RegionVote; 3]); 4] = [
        ("well", [fine(), fine(), fine()]),
        ("sick and serving", [fine(), fine(), sick()]),
        ("ejected", [fine(), fine(), failing()]),
        ("all out", [failing(), failing(), failing()]),
    ];
    let told: Vec<String> = said.into_iter().map(|(what, votes)| format!("[{what}]\n{}", banner(&known(votes, &[])))).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    [well]
    ✓ ALL WELL: every region serves and is healthy
    users: served by 3 of 3 regions
    [sick and serving]
    ✗ USERS AT RISK: us-east-1 is unhealthy and still serves, though no lookup says it
    users: served by 3 of 3 regions
    - us-east-1: websocket failed in 3 of its last 6 rounds (status-503), not enough to eject
    [ejected]
    ! USERS ARE SERVED: us-east-1 is ejected and unhealthy for 1m 1s; users are served elsewhere
    users: served by 2 of 3 regions
    [all out]
    ✗ USERS AT RISK: no region passes, so DNS answers with every region, sick ones included
    users: no region passes, so every region is answered
    - no region passes: Route 53 answers with every region, sick ones included (fail-open)
    ");
}

#[test]
fn a_drain_and_a_silent_observer_are_told_beside_it() {
    let snapshot = known_by_two([fine(), drained(), failing()], &[drain("eu-west-2")], "us-east-1");
    insta::assert_snapshot!(banner(&snapshot), @"
    ! USERS ARE SERVED: eu-west-2 is drained by ana for 1m; us-east-1 is ejected and unhealthy for 1m 1s; users are served elsewhere
    users: served by 1 of 3 regions
    - eu-west-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)
    - observer us-east-1 does not answer; its votes count as unknown
    ");
}

#[test]
fn what_is_not_live_says_so_before_anything_else() {
    let mut snapshot = known([fine(), fine(), fine()], &[]);
    snapshot.heard_at = Some(ago(26));
    let live = page(&snapshot).header.live;
    insta::assert_snapshot!(format!("{}\n{}", live.text, banner(&snapshot)), @"
    NOT LIVE, last heard 03:21:41 UTC (26s ago)
    ? NOT LIVE: below is what was known at 03:21:41 UTC, 26s ago: no majority of observers answers since
    users: served by 3 of 3 regions
    ");
    snapshot.heard_at = None;
    insta::assert_snapshot!(banner(&snapshot), @"
    ? NOTHING KNOWN: no majority of observers has been heard yet
    users: served by 3 of 3 regions
    ");
}

#[test]
fn the_sick_come_first_and_nothing_is_told_by_its_sign_alone() {
    let overview = page(&known([fine(), drained(), failing()], &[drain("eu-west-2")]));
    let told: Vec<String> = overview
        .rows
        .iter()
        .map(|row| {
            let buttons: Vec<&str> = row.buttons.iter().map(|button| button.label.as_str()).collect();
            format!(
                "{} {} {} {} {} {} | {} | {} | repl {} dns {} | {} | {:?} | {:?}",
                row.mark.sign(),
                row.region,
                row.answers,
                row.since,
                row.verdict,
                row.says,
                row.votes,
                row.rest.title,
                row.replication,
                row.lookups,
                row.decided_by,
                row.reason,
                buttons
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    ✗ us-east-1 ejected 1m 1s unhealthy 3/3 | 3 of 3 eject, 0 serve | REST read: 94 ms now, 40 to 94 ms over 30m; checks failed in 20s | repl 92 ms dns 0 of 4 | automatic | Some("websocket failed in 5 of its last 6 rounds (status-503)") | ["Preview hold", "Preview drain"]
    ! eu-west-2 drained 1m healthy 3/3 | 3 of 3 eject, 0 serve | REST read: 98 ms now, 40 to 98 ms over 30m | repl 92 ms dns 0 of 4 | ana, until 05:10 UTC (1h 48m) | None | ["Preview resume", "Preview extend"]
    ✓ eu-west-1 serving 6d 2h healthy 3/3 | 0 of 3 eject, 3 serve | REST read: 98 ms now, 40 to 98 ms over 30m | repl 92 ms dns 4 of 4 | automatic | None | ["Preview drain", "Preview hold"]
    "#);
    let standing = overview.rows[1].standing.clone().unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&standing).unwrap(), @r#"
    {
      "kind": "drain",
      "actor": "ana",
      "reason": "p99 over 3 s after deploy 4471",
      "ticket": "OPS-918",
      "state": "in force",
      "mark": "good",
      "ends": "ends in 1h 48m, 05:10 UTC",
      "ends_at": "2026-11-23T05:10:07Z",
      "stored": "generation 118, stored at 3 of 3: eu-west-1, eu-west-2, us-east-1",
      "generation": 118,
      "progress": "/regions/eu-west-2/progress"
    }
    "#);
}

#[test]
fn dns_is_told_by_place_and_marks_who_is_still_sent_to_a_region_that_is_out() {
    let mut snapshot = known([fine(), fine(), failing()], &[]);
    snapshot.dns.survey.lookups[0].said = crate::dns::Said::Regions([region("us-east-1")].into());
    snapshot.dns.survey.lookups[1].said = crate::dns::Said::Stranger("192.0.2.7".parse().unwrap());
    let dns = page(&snapshot).dns;
    let mut told = vec![format!("{} {}", dns.mark.sign(), dns.text)];
    for place in &dns.places {
        told.extend(place.answers.iter().map(|answer| format!("{} {} {}: {}", answer.mark.sign(), place.place, answer.name, answer.text)));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    ? 4 lookups 3s ago: eu-west-1 0, eu-west-2 2, us-east-1 1, 1 unclear
    ! London api.chat.example.com: us-east-1, which is out
    ? London api-ws.chat.example.com: 192.0.2.7 is no region's
    ✓ Tokyo api.chat.example.com: eu-west-2
    ✓ Tokyo api-ws.chat.example.com: eu-west-2
    ");
}

#[test]
fn votes_that_turn_together_are_one_move() {
    let observer = |name: &str, ago_seconds: i64| {
        let mut late = failing();
        late.since = ago(ago_seconds);
        History {
            intents: vec![drain("eu-west-2")],
            votes: vec![votes(name, [fine(), fine(), fine()]), votes(name, [fine(), fine(), late])],
        }
    };
    let logs = [observer("eu-west-1", 61), observer("eu-west-2", 60), observer("us-east-1", 59)];
    let known_logs = Known { logs: &logs, missing: BTreeMap::new(), reach: BTreeMap::new(), attempts: &[] };
    let regions: Vec<_> = policy().regions().iter().cloned().collect();
    let all = lines(&known_logs, &regions, ago(86_400), now());
    assert_eq!(all.len(), 4);
    let (policy, names, snapshot) = (policy(), names(), known([fine(), fine(), failing()], &[]));
    let moves = overview(&scene(&policy, &names, &snapshot), all, vec![]).moves;
    let told: Vec<String> =
        moves.iter().map(|line| format!("{} {} {} {}: {}", line.time, line.region, line.who, line.what, line.why)).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    2026-11-23 03:21:06 us-east-1 3 observers vote eject: websocket failed in 5 of its last 6 rounds (status-503)
    2026-11-23 03:21:05 eu-west-2 ana drained until 05:10 UTC: p99 over 3 s after deploy 4471 OPS-918
    ");
}

#[test]
fn the_region_page_shows_checks_messages_and_who_decided() {
    let snapshot = known([fine(), fine(), failing()], &[]);
    let (policy, names) = (policy(), names());
    let held = |observer: &str| {
        let documents = snapshot.observers[&region(observer)].documents.as_deref().unwrap();
        Held::plain(None, documents.votes.clone(), documents.intents.clone())
    };
    let observers = sample::NAMES.iter().map(|name| (region(name), held(name))).collect();
    let documents = Documents { at: now(), source: Source::Now, observers, before: vec![] };
    let name = region("us-east-1");
    let telling = Telling::Account(Box::new(account(&policy, &documents, &name).unwrap()));
    let moves = entries(
        &[History {
            intents: vec![],
            votes: vec![votes("eu-west-1", [fine(), fine(), fine()]), votes("eu-west-1", [fine(), fine(), failing()])],
        }],
        std::slice::from_ref(&name),
        ago(86_400),
        now(),
    );
    let page = region_page(&scene(&policy, &names, &snapshot), &name, Some(ago(30)), telling, &moves).unwrap();
    let mut told = vec![page.explained.title.clone()];
    told.extend(page.explained.lines.iter().map(|line| format!("  {}: {}", line.word, line.text)));
    told.extend(page.explained.says.iter().map(|says| format!("{} {} {}", says.mark.sign(), says.observer, says.title)));
    let row = &page.checks[0];
    told.push(format!("{} {} {}", row.mark.sign(), row.observer, row.round));
    told.extend(row.cells.iter().map(|cell| format!("  {} {} {} {}", cell.mark.sign(), cell.check, cell.outcome, cell.took)));
    told.push(page.grids[0].title.clone());
    told.extend(page.grids[0].rows.iter().map(|row| {
        let cells: Vec<String> = row.cells.iter().map(|cell| format!("{} ({})", cell.text, cell.shade)).collect();
        format!("  {}{} {}", if row.here { "> " } else { "" }, row.from, cells.join(" | "))
    }));
    told.extend(page.timings.iter().map(|spark| spark.title.clone()));
    told.push(format!("{:?} {:?} {:?}", page.slider.value, page.slider.earlier, page.slider.later));
    told.extend(page.slider.moments.iter().map(|moment| format!("{} {} {}", moment.text, moment.what, moment.href)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    us-east-1 is ejected since 03:21 UTC (1m 1s ago)
      votes: 3 of 3 eject, 0 serve
      verdict: unhealthy 3/3 say so
      decided by: automatic
      because: websocket failed in 5 of its last 6 rounds (status-503)
    ✗ eu-west-1 votes eject since 03:21:06 (1m 1s ago)
    ✗ eu-west-2 votes eject since 03:21:06 (1m 1s ago)
    ✗ us-east-1 votes eject since 03:21:06 (1m 1s ago)
    ✗ eu-west-1 round 412 at 03:22:03 (4s ago), observer itself pass
      ✓ rest pass 42 ms
      ✗ websocket fail:status-503 12 ms, attempt 2
      ? delivery - 
      ? table - 
      ? replication - 
    seen from eu-west-1, 4s ago: 8 of 9 messages arrived; lost: eu-west-2 to us-east-1
      eu-west-1 20 ms (0) | 92 ms (2) | 180 ms (4)
      eu-west-2 95 ms (2) | 18 ms (0) | lost (0)
      > us-east-1 170 ms (4) | 175 ms (4) | 22 ms (0)
    REST read: 94 ms now, 40 to 94 ms over 1h; checks failed in 20s
    delivery: 90 ms now, 90 to 90 ms over 1h; checks failed in 20s
    replication: 92 ms now, 92 to 92 ms over 1h; checks failed in 20s
    "2026-11-23 03:21:37" Some("/regions/us-east-1?at=2026-11-23T03:21:27Z") Some("/regions/us-east-1?at=2026-11-23T03:21:47Z")
    03:21:06 observer eu-west-1: votes eject /regions/us-east-1?at=2026-11-23T03:21:08Z
    "#);
}

fn stages(snapshot: &Snapshot) -> String {
    let (policy, names) = (policy(), names());
    let progress = progress(&scene(&policy, &names, snapshot), &region("eu-west-2")).unwrap();
    let mut told = vec![format!("{} {} | over {}", progress.mark.sign(), progress.title, progress.over), progress.text];
    told.extend(progress.stages.iter().map(|line| format!("{} {} {} | {}", line.mark.sign(), line.label, line.time, line.text)));
    told.join("\n")
}

#[test]
fn a_drain_goes_through_four_stages() {
    let recorded = known([fine(), fine(), fine()], &[drain("eu-west-2")]);
    let mut voted = known([fine(), drained(), fine()], &[drain("eu-west-2")]);
    voted.regions.get_mut(&region("eu-west-2")).unwrap().answered.as_mut().unwrap().by_dns = true;
    let moved = known([fine(), drained(), fine()], &[drain("eu-west-2")]);
    let mut settled = moved.clone();
    settled.regions.get_mut(&region("eu-west-2")).unwrap().answered.as_mut().unwrap().since = ago(90);
    let told = [stages(&recorded), stages(&voted), stages(&moved), stages(&settled)];
    insta::assert_snapshot!(told.join("\n\n"), @"
    … Drain of eu-west-2 by ana, until 05:10 UTC | over false
    A drain of eu-west-2 is recorded until 05:10 UTC. Votes and answers follow.
    ✓ recorded 03:21:05 | 3 of 3 observers, generation 118
    … votes turned  | 0 of 3 eject, 3 serve: every critical check passes
    ? answers moved  | 
    ? settled  | 

    … Drain of eu-west-2 by ana, until 05:10 UTC | over false
    eu-west-2 is drained until 05:10 UTC. Answers follow as DNS moves.
    ✓ recorded 03:21:05 | 3 of 3 observers, generation 118
    ✓ votes turned 03:21:07 (2s after it was recorded) | 3 of 3 eject, 0 serve
    … answers moved  | 0 of 4 lookups say eu-west-2
    ? settled  | 

    … Drain of eu-west-2 by ana, until 05:10 UTC | over false
    eu-west-2 is drained until 05:10 UTC. Who still has an old answer moves within 60 s.
    ✓ recorded 03:21:05 | 3 of 3 observers, generation 118
    ✓ votes turned 03:21:07 (2s after it was recorded) | 3 of 3 eject, 0 serve
    ✓ answers moved 03:21:36 (31s after it was recorded) | 0 of 4 lookups say eu-west-2
    … settled  | answers from before run out within 29s; clients that are connected re-resolve

    ✓ Drain of eu-west-2 by ana, until 05:10 UTC | over true
    eu-west-2 is drained until 05:10 UTC. Then it returns through its failback gates; nobody is sent back by a clock alone.
    ✓ recorded 03:21:05 | 3 of 3 observers, generation 118
    ✓ votes turned 03:21:07 (2s after it was recorded) | 3 of 3 eject, 0 serve
    ✓ answers moved 03:21:07 (2s after it was recorded) | 0 of 4 lookups say eu-west-2
    ✓ settled 03:22:07 (1m 2s after it was recorded) | answers from before have run out (60 s)
    ");
}

#[test]
fn a_drain_that_the_controllers_refuse_or_that_was_ended_says_so() {
    let mut taken_back = drain("eu-west-2");
    taken_back.ended = Some(Ended { at: ago(5), by: "ana".to_owned(), reason: "refused by last-region".to_owned() });
    let mut resumed = drain("eu-west-2");
    resumed.ended = Some(Ended { at: ago(100), by: "bob".to_owned(), reason: "fixed".to_owned() });
    let told = [stages(&known([fine(), fine(), fine()], &[taken_back])), stages(&known([fine(), fine(), fine()], &[resumed]))];
    insta::assert_snapshot!(told.join("\n\n"), @"
    ✗ Drain of eu-west-2 by ana, ended by ana | over true
    The drain of eu-west-2 does not stand: refused by last-region; it was taken back.
    ✓ recorded 03:22:02 | ended by ana, generation 118
    ✗ votes turned  | refused by last-region; it was taken back
    ? answers moved  | 
    ? settled  | 

    … Drain of eu-west-2 by ana, ended by bob | over false
    The drain of eu-west-2 is ended. eu-west-2 is answered again.
    ✓ recorded 03:20:27 | ended by bob, generation 118
    ✓ votes turned 03:20:27 (0s after it was recorded) | 0 of 3 eject, 3 serve
    ✓ answers moved 03:21:36 (1m 9s after it was recorded) | 2 of 4 lookups say eu-west-2
    … settled  | answers from before run out within 29s; clients that are connected re-resolve
    ");
}

fn sheet(snapshot: &Snapshot, act: Act, name: &str, fields: Fields) -> String {
    let (policy, names) = (policy(), names());
    let preview = preview(&scene(&policy, &names, snapshot), act, &region(name), fields, "k1".to_owned(), vec![], vec![]).unwrap();
    let mut told = vec![preview.title];
    told.extend(preview.lines.iter().map(|line| format!("  {:<7} {}", line.word, line.text)));
    told.extend(preview.rules.iter().map(|rule| format!("  {} {} {}: {}", rule.mark.sign(), rule.rule, rule.word, rule.why)));
    if let Some(refused) = preview.refused {
        told.push(format!("refused: {}", refused.text));
        told.extend(refused.hints.iter().map(|hint| format!("hint: {hint}")));
    }
    told.extend(preview.problems.iter().map(|problem| format!("{} {}", problem.field, problem.text)));
    told.extend(preview.lengths.iter().map(|choice| format!("{} {}", if choice.chosen { "(*)" } else { "( )" }, choice.label)));
    told.push(format!("[{}] can {} name {}", preview.button, preview.can_write, preview.needs_name));
    told.push(preview.command);
    told.push(format!("{} {} {}", preview.fields.generation, preview.fields.key, preview.fields.seen));
    told.join("\n")
}

#[test]
fn what_nobody_could_know_is_not_said_to_be_so() {
    let mut snapshot = known([fine(), fine(), fine()], &[]);
    for act in [Act::Resume, Act::Extend] {
        assert!(sheet(&snapshot, act, "eu-west-1", Fields::default()).contains("eu-west-1 is neither drained nor held"));
    }
    snapshot.heard_at = None;
    for act in [Act::Resume, Act::Extend] {
        let told = sheet(&snapshot, act, "eu-west-1", Fields::default());
        assert!(told.contains("whether eu-west-1 is drained or held is not known") && !told.contains("neither"), "{told}");
    }
}

#[test]
fn who_does_not_answer_is_not_fresh_for_what_was_known_of_it() {
    let mut snapshot = known([fine(), fine(), fine()], &[]);
    let silent = region("eu-west-2");
    snapshot.observers.get_mut(&silent).unwrap().problem = Some("no answer from SSM".to_owned());
    let lines = page(&snapshot).header.observers;
    let told: Vec<String> = lines.iter().map(|line| format!("{} {} {}", line.mark.sign(), line.observer, line.heard)).collect();
    assert!(told.contains(&"? eu-west-2 unreachable".to_owned()), "{told:?}");
}

#[test]
fn a_preview_says_what_a_drain_does_and_is_bound_to_what_it_says() {
    let fields = Fields { reason: "it's slow".to_owned(), length: "2h".to_owned(), generation: "99".to_owned(), ..Fields::default() };
    insta::assert_snapshot!(sheet(&known([fine(), fine(), fine()], &[]), Act::Drain, "eu-west-2", fields), @r#"
    Drain eu-west-2 of api.chat.example.com until 05:22 UTC (2h)?
      now     3 of 3 regions serve: eu-west-1, eu-west-2, us-east-1
      after   2 of 3 regions serve: eu-west-1, us-east-1
      moves   new lookups; clients that are connected stay until they reconnect
      undo    failover resume eu-west-2
      ✓ last-region ok: 2 regions would be left serving
      ✓ capacity ok: 2 of 3 regions would be left undrained; the policy wants 1
    ( ) 1h, until 04:22 UTC
    ( ) 4h, until 07:22 UTC
    ( ) 12h, until 15:22 UTC
    (*) 2h, until 05:22 UTC
    [Drain eu-west-2 until 05:22 UTC] can true name true
    failover drain eu-west-2 --reason 'it'\''s slow' --for 2h --expect-generation 0 --confirm eu-west-2
    0 k1 eu-west-1=serving.0 eu-west-2=serving.0 us-east-1=serving.0
    "#);
}

#[test]
fn the_last_region_is_refused_with_the_way_back_and_no_way_past_the_rule() {
    let snapshot = known([fine(), drained(), failing()], &[drain("eu-west-2")]);
    insta::assert_snapshot!(sheet(&snapshot, Act::Drain, "eu-west-1", Fields::default()), @"
    Drain eu-west-1 of api.chat.example.com until 07:22 UTC (4h)?
      now     1 of 3 regions serve: eu-west-1
      after   0 of 3 regions serve: none
      moves   new lookups; clients that are connected stay until they reconnect
      undo    failover resume eu-west-1
      ✗ last-region refuses: no region would be left serving
      ✓ capacity ok: 1 of 3 regions would be left undrained; the policy wants 1
    refused: eu-west-1 is the last region serving (rule last-region). Nothing was changed.
    hint: bring one back: failover resume eu-west-2
    hint: see why one is out: failover explain us-east-1
    hint: only the command line goes past a rule: failover drain eu-west-1 --override last-region --for 15m --reason … --confirm eu-west-1
    ( ) 1h, until 04:22 UTC
    (*) 4h, until 07:22 UTC
    ( ) 12h, until 15:22 UTC
    [Drain eu-west-1 until 07:22 UTC] can false name true
    failover drain eu-west-1 --reason … --for 4h --expect-generation 0 --confirm eu-west-1
    0 k1 eu-west-1=serving.0 eu-west-2=drained.118 us-east-1=ejected.0
    ");
}

#[test]
fn the_other_acts_say_what_they_change() {
    let snapshot = known([fine(), drained(), fine()], &[drain("eu-west-2")]);
    let told = [
        sheet(&snapshot, Act::Resume, "eu-west-2", Fields::default()),
        sheet(&snapshot, Act::Extend, "eu-west-2", Fields { length: "1h".to_owned(), ..Fields::default() }),
        sheet(&snapshot, Act::Hold, "eu-west-1", Fields { length: "73h".to_owned(), ..Fields::default() }),
        sheet(&snapshot, Act::Hold, "eu-west-2", Fields::default()),
    ];
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    End the drain of eu-west-2 by ana?
      now     eu-west-2 is drained; 3/3 say healthy
      after   it returns through its failback gates: clean rounds, and the hold-down if it was ejected
      stands  a drain by ana until 05:10 UTC, in force: "p99 over 3 s after deploy 4471"
      undo    failover drain eu-west-2 --reason … drains it again
    [End the drain of eu-west-2] can true name false
    failover resume eu-west-2 --expect-generation 118 --confirm eu-west-2
    118 k1 eu-west-1=serving.0 eu-west-2=drained.118 us-east-1=serving.0

    Extend the drain of eu-west-2 until 04:22 UTC (1h from now)?
      now     the drain of eu-west-2 by ana ends in 1h 48m (05:10 UTC)
      after   it stands until 05:10 UTC already, which is no earlier; nothing changes
      stands  a drain by ana until 05:10 UTC, in force: "p99 over 3 s after deploy 4471"
      undo    failover resume eu-west-2 ends it at any time; an end is never brought nearer
    (*) 1h, until 04:22 UTC
    ( ) 4h, until 07:22 UTC
    ( ) 12h, until 15:22 UTC
    [Extend until 04:22 UTC] can true name false
    failover extend eu-west-2 --for 1h
    118 k1 eu-west-1=serving.0 eu-west-2=drained.118 us-east-1=serving.0

    Hold eu-west-1 of api.chat.example.com until 04:22 UTC (1h)?
      now     eu-west-1 is serving and healthy, automatic
      after   automation keeps the votes as they are; people may still act
      undo    failover resume eu-west-1
    for at most 72h; extend it later if it takes longer
    ( ) 1h, until 04:22 UTC
    ( ) 4h, until 07:22 UTC
    ( ) 12h, until 15:22 UTC
    [Hold eu-west-1 until 04:22 UTC] can true name false
    failover hold eu-west-1 --reason … --for 1h --yes
    0 k1 eu-west-1=serving.0 eu-west-2=drained.118 us-east-1=serving.0

    Hold eu-west-2 of api.chat.example.com until 04:22 UTC (1h)?
      now     eu-west-2 is drained and healthy, ana, until 05:10 UTC (1h 48m)
      after   automation keeps the votes as they are; people may still act
      stands  a drain by ana until 05:10 UTC, in force: "p99 over 3 s after deploy 4471"
      undo    failover resume eu-west-2
    refused: eu-west-2 is drained by ana until 05:10 UTC already, and a drain outranks automation
    hint: keep it longer: failover extend eu-west-2 --for 1h
    (*) 1h, until 04:22 UTC
    ( ) 4h, until 07:22 UTC
    ( ) 12h, until 15:22 UTC
    [Hold eu-west-2 until 04:22 UTC] can false name false
    failover hold eu-west-2 --reason … --for 1h --yes
    118 k1 eu-west-1=serving.0 eu-west-2=drained.118 us-east-1=serving.0
    "#);
}

#[test]
fn what_moved_since_a_person_looked_is_named() {
    let before = known([fine(), fine(), fine()], &[]);
    let seen = preview::seen(&before.view, |region| before.newest.get(region));
    assert_eq!(seen, "eu-west-1=serving.0 eu-west-2=serving.0 us-east-1=serving.0");
    let after = known([fine(), drained(), failing()], &[drain("eu-west-2")]);
    let newest = |region: &decision::RegionName| after.newest.get(region);
    insta::assert_snapshot!(moved(&seen, &after.view, newest, now()).join("\n"), @r#"
    ana asked for a drain of eu-west-2 1m 2s ago, until 05:10 UTC: "p99 over 3 s after deploy 4471"
    eu-west-2 was serving and is drained: drained by ana until Mon 05:10 UTC, generation 118
    us-east-1 was serving and is ejected: websocket failed in 5 of its last 6 rounds (status-503)
    "#);
    assert_eq!(moved(&seen, &before.view, |region| before.newest.get(region), now()), Vec::<String>::new());
    assert_eq!(moved("<script> a=b.c =.", &after.view, newest, now()), ["this form was made for other regions than there are"]);
}

#[test]
fn what_was_filled_in_is_checked_field_by_field() {
    let fields = |reason: &str, length: &str| Fields { reason: reason.to_owned(), length: length.to_owned(), ..Fields::default() };
    let faults = |fields: Fields| {
        let (_, problems) = fields.given(Act::Drain, false);
        problems.iter().map(|problem| format!("{} {}", problem.field, problem.text)).collect::<Vec<_>>().join("; ")
    };
    let told = [
        faults(fields("slow", "4h")),
        faults(fields("  ", "")),
        faults(fields("two\nlines", "73h")),
        faults(fields(&"x".repeat(201), "soon")),
        faults(fields("right\u{202e}left", "-1h")),
    ];
    insta::assert_snapshot!(told.join("\n"), @"

    reason must not be empty; for must be given: when does it end?
    reason must be one line of plain text; for at most 72h; extend it later if it takes longer
    reason 201 characters; at most 200; for not a duration; one looks like 90s, 4h, 2h30m or 7d
    reason must be one line of plain text; for too short or too long; 1s to 366d
    ");
    let (given, _) = fields(" slow ", "90m").given(Act::Drain, false);
    assert_eq!((given.reason.as_str(), given.length), ("slow", SignedDuration::from_mins(90)));
}

#[test]
fn the_log_tells_what_was_tried_here_and_what_came_of_it() {
    let attempt = |result: &str, generation: Option<u64>, done: bool| Attempt {
        at: ago(62),
        region: region("eu-west-2"),
        act: Act::Drain,
        actor: "ana".to_owned(),
        reason: "slow".to_owned(),
        ticket: String::new(),
        result: result.to_owned(),
        generation,
        done,
    };
    let attempts =
        [attempt("recorded at 3 of 3 observers", Some(118), true), attempt("nothing was changed; moved since: bob …", None, false)];
    let logs = [History { intents: vec![drain("eu-west-2")], votes: vec![] }];
    let (policy, names, snapshot) = (policy(), names(), known([fine(), fine(), fine()], &[]));
    let known = Known {
        logs: &logs,
        missing: [(region("us-east-1"), "no answer".to_owned())].into(),
        reach: [(region("eu-west-1"), ago(900))].into(),
        attempts: &attempts,
    };
    let show = |filter: LogFilter| {
        let page = log_page(&scene(&policy, &names, &snapshot), filter, &known);
        let mut told = vec![page.text, page.json];
        told.extend(page.problems);
        told.extend(page.entries.iter().map(|line| {
            format!("{} {} {} {} {}: {} -> {}", line.mark.sign(), line.time, line.region, line.who, line.what, line.why, line.result)
        }));
        told.extend(page.notes);
        told.join("\n")
    };
    let odd = LogFilter { region: "<b>".to_owned(), since: "soon".to_owned(), text: "4471".to_owned(), what: "x".to_owned() };
    insta::assert_snapshot!([show(LogFilter::default()), show(odd)].join("\n\n"), @r#"
    2 entries since 2026-11-16 03:22:07 UTC
    /api/v1/log?region=&since=&text=&what=
    ! 2026-11-23 03:21:05 eu-west-2 ana drained until 05:10 UTC: p99 over 3 s after deploy 4471 OPS-918 -> recorded at 3 of 3 observers
    ! 2026-11-23 03:21:05 eu-west-2 ana drain refused: slow -> nothing was changed; moved since: bob …
    votes of eu-west-1 reach back to 03:07 UTC
    the history of us-east-1 is missing: no answer

    1 entry since 2026-11-16 03:22:07 UTC
    /api/v1/log?region=%3Cb%3E&since=soon&text=4471&what=x
    "<b>" is not a region; all are shown
    "soon" is not a duration; one looks like 90s, 4h, 2h30m or 7d; the last 7 days are shown
    "x" is none of people, votes, refusals; everything is shown
    ! 2026-11-23 03:21:05 eu-west-2 ana drained until 05:10 UTC: p99 over 3 s after deploy 4471 OPS-918 -> recorded at 3 of 3 observers
    votes of eu-west-1 reach back to 03:07 UTC
    the history of us-east-1 is missing: no answer
    "#);
}
