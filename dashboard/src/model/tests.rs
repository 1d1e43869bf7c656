//! What the pages say in each state, read as sentences.

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
    insta::assert_snapshot!(told.join("\n"), @"");
}

#[test]
fn a_drain_and_a_silent_observer_are_told_beside_it() {
    let snapshot = known_by_two([fine(), drained(), failing()], &[drain("eu-west-2")], "us-east-1");
    insta::assert_snapshot!(banner(&snapshot), @"");
}

#[test]
fn what_is_not_live_says_so_before_anything_else() {
    let mut snapshot = known([fine(), fine(), fine()], &[]);
    snapshot.heard_at = Some(ago(26));
    let live = page(&snapshot).header.live;
    insta::assert_snapshot!(format!("{}\n{}", live.text, banner(&snapshot)), @"");
    snapshot.heard_at = None;
    insta::assert_snapshot!(banner(&snapshot), @"");
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
    insta::assert_snapshot!(told.join("\n"), @"");
    let standing = overview.rows[1].standing.clone().unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&standing).unwrap(), @"");
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
    insta::assert_snapshot!(told.join("\n"), @"");
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
    let known_logs = Known { logs: &logs, missing: Default::default(), reach: Default::default(), attempts: &[] };
    let regions: Vec<_> = policy().regions().iter().cloned().collect();
    let all = lines(&known_logs, &regions, ago(86_400), now());
    assert_eq!(all.len(), 4);
    let (policy, names, snapshot) = (policy(), names(), known([fine(), fine(), failing()], &[]));
    let moves = overview(&scene(&policy, &names, &snapshot), all, vec![]).moves;
    let told: Vec<String> =
        moves.iter().map(|line| format!("{} {} {} {}: {}", line.time, line.region, line.who, line.what, line.why)).collect();
    insta::assert_snapshot!(told.join("\n"), @"");
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
    insta::assert_snapshot!(told.join("\n"), @"");
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
    let mut old = drain("eu-west-2");
    old.recorded_at = ago(300);
    settled.newest.insert(region("eu-west-2"), old);
    let mut early = drained();
    early.since = ago(290);
    let told = [stages(&recorded), stages(&voted), stages(&moved)];
    insta::assert_snapshot!(told.join("\n\n"), @"");
}

#[test]
fn a_drain_that_the_controllers_refuse_or_that_was_ended_says_so() {
    let mut taken_back = drain("eu-west-2");
    taken_back.ended = Some(Ended { at: ago(5), by: "ana".to_owned(), reason: "refused by last-region".to_owned() });
    let mut resumed = drain("eu-west-2");
    resumed.ended = Some(Ended { at: ago(100), by: "bob".to_owned(), reason: "fixed".to_owned() });
    let told = [stages(&known([fine(), fine(), fine()], &[taken_back])), stages(&known([fine(), fine(), fine()], &[resumed]))];
    insta::assert_snapshot!(told.join("\n\n"), @"");
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
fn a_preview_says_what_a_drain_does_and_is_bound_to_what_it_says() {
    let fields = Fields { reason: "it's slow".to_owned(), length: "2h".to_owned(), generation: "99".to_owned(), ..Fields::default() };
    insta::assert_snapshot!(sheet(&known([fine(), fine(), fine()], &[]), Act::Drain, "eu-west-2", fields), @"");
}

#[test]
fn the_last_region_is_refused_with_the_way_back_and_no_way_past_the_rule() {
    let snapshot = known([fine(), drained(), failing()], &[drain("eu-west-2")]);
    insta::assert_snapshot!(sheet(&snapshot, Act::Drain, "eu-west-1", Fields::default()), @"");
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
    insta::assert_snapshot!(told.join("\n\n"), @"");
}

#[test]
fn what_moved_since_a_person_looked_is_named() {
    let before = known([fine(), fine(), fine()], &[]);
    let seen = preview::seen(&before.view, |region| before.newest.get(region));
    assert_eq!(seen, "eu-west-1=serving.0 eu-west-2=serving.0 us-east-1=serving.0");
    let after = known([fine(), drained(), failing()], &[drain("eu-west-2")]);
    let newest = |region: &decision::RegionName| after.newest.get(region);
    insta::assert_snapshot!(moved(&seen, &after.view, newest, now()).join("\n"), @"");
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
    insta::assert_snapshot!(told.join("\n"), @"");
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
    insta::assert_snapshot!([show(LogFilter::default()), show(odd)].join("\n\n"), @"");
}
