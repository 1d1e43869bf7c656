//! Pages as they are read, state by state, and how much they weigh.

mod evil;
mod markup;
mod sample;

use askama::Template as _;
use insta::assert_snapshot;

use self::sample::{drained, fine, log, now, overview, preview, progress, region, region_page, sick, unknown};
use super::shell::Shell;
use super::view::{ActView, Failed, LogView, LostView, OverviewView, ProgressView, RegionView};
use crate::guard::{Person, Role};
use crate::model::{
    Act, Fields, Line, Live, LiveState, LogPage, Mark, ObserverLine, Overview, Preview, Problem, Progress, Refused, RegionPage, RuleLine,
};

fn person() -> Person {
    Person { actor: "ana".to_owned(), role: Role::Operator, csrf: "c5rf".to_owned() }
}

fn shown_overview(page: &Overview) -> String {
    let person = person();
    let shell = Shell::new(&page.header, &person, page.banner.mark, &page.banner.word).kept_by("/fragment".to_owned());
    OverviewView { shell: &shell, page }.render().unwrap()
}

fn shown_region(page: &RegionPage) -> String {
    let person = person();
    RegionView { shell: &Shell::new(&page.header, &person, page.row.mark, "region"), page }.render().unwrap()
}

fn shown_act(page: &Preview, failed: Option<Failed>) -> String {
    let person = person();
    ActView { shell: &Shell::new(&page.header, &person, Mark::Warn, "Preview"), page, failed }.render().unwrap()
}

fn shown_progress(page: &Progress) -> String {
    let person = person();
    ProgressView { shell: &Shell::new(&page.header, &person, page.mark, &page.title), page }.render().unwrap()
}

fn shown_log(page: &LogPage) -> String {
    let person = person();
    LogView { shell: &Shell::new(&page.header, &person, Mark::Unknown, "Log"), page }.render().unwrap()
}

fn healthy() -> Overview {
    let rows = ["eu-west-1", "eu-west-2", "us-east-1"].map(fine).into();
    let mut page = overview(rows, Mark::Good, "ALL WELL", "Every region serves, and every observer says so.");
    page.banner.notes.clear();
    page
}

fn trouble() -> Overview {
    let rows = vec![sick("us-east-1"), drained("eu-west-2"), fine("eu-west-1")];
    overview(rows, Mark::Bad, "USERS AT RISK", "us-east-1 is ejected for 1m 1s, eu-west-2 is drained by ana: eu-west-1 serves everybody.")
}

fn stale() -> Overview {
    let mut page =
        overview(vec![unknown("us-east-1"), fine("eu-west-1")], Mark::Unknown, "NOT LIVE", "Two of three observers do not answer.");
    page.header.live =
        Live { state: LiveState::Stale, text: "NOT LIVE, last heard 03:21:41 UTC (26s ago)".to_owned(), heard_at: Some(now()) };
    page.header.observers[1] =
        ObserverLine { observer: region("eu-west-2"), mark: Mark::Unknown, heard: "unreachable", text: "no answer within 2s".to_owned() };
    page
}

fn refused() -> Preview {
    let mut page = preview(Act::Drain, "eu-west-2");
    page.moved = vec!["us-east-1 was drained by bob 12s ago, generation 118".to_owned()];
    page.problems = vec![
        Problem { field: "reason", text: "must not be empty".to_owned() },
        Problem { field: "for", text: "is at most 72h".to_owned() },
        Problem { field: "confirm", text: "must be eu-west-2".to_owned() },
    ];
    page.fields = Fields { confirm: "eu-west-1".to_owned(), ticket: "OPS-918".to_owned(), length: "100h".to_owned(), ..page.fields };
    page.lengths.iter_mut().for_each(|choice| choice.chosen = false);
    page
}

fn last() -> Preview {
    let mut page = preview(Act::Drain, "eu-west-1");
    page.refused = Some(Refused {
        rule: Some(decision::SafetyRule::LastRegion),
        text: "eu-west-1 is the last region serving. Nothing was changed.".to_owned(),
        hints: vec!["bring one back: failover resume eu-west-2".to_owned()],
    });
    page.rules[0] = RuleLine { rule: "last-region", mark: Mark::Bad, word: "refuses", why: "no region would be left serving".to_owned() };
    page.can_write = false;
    page
}

fn failed() -> Failed {
    let missing = vec![Line { word: "eu-west-1".to_owned(), text: "no answer".to_owned() }];
    Failed {
        title: "It is not known whether it was done",
        text: "recorded at 1 of 3 observers".to_owned(),
        missing,
        hints: vec!["see failover status".to_owned()],
    }
}

fn past() -> RegionPage {
    let mut page = region_page();
    page.explained.past = true;
    page.explained.headline = Some("as of 2026-11-23 03:21:06 UTC, 1m ago, by what SSM still has".to_owned());
    page.explained.before = log().entries;
    page
}

/// Every page in every state, by name.
fn all() -> Vec<(&'static str, String)> {
    let mut viewed = preview(Act::Resume, "eu-west-2");
    (viewed.header.may_write, viewed.header.role, viewed.can_write) = (false, "viewer", false);
    vec![
        ("healthy", shown_overview(&healthy())),
        ("trouble", shown_overview(&trouble())),
        ("stale", shown_overview(&stale())),
        ("region", shown_region(&region_page())),
        ("past", shown_region(&past())),
        ("preview", shown_act(&preview(Act::Drain, "eu-west-2"), None)),
        ("viewed", shown_act(&viewed, None)),
        ("refused", shown_act(&refused(), None)),
        ("last", shown_act(&last(), None)),
        ("failed", shown_act(&preview(Act::Resume, "eu-west-2"), Some(failed()))),
        ("progress", shown_progress(&progress())),
        ("log", shown_log(&log())),
        ("lost", LostView { style: "/static/style.css" }.render().unwrap()),
    ]
}

/// A page as it is read aloud: what is in `main`, a line per block, what a mark says by its name.
fn read(html: &str) -> String {
    let main = html.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>")).expect("a main").0;
    let mut text = String::new();
    let (mut rest, mut skip) = (&main[main.find('>').unwrap() + 1..], 0);
    while let Some((before, after)) = rest.split_once('<') {
        let (tag, behind) = after.split_once('>').expect("a tag ends");
        if skip == 0 {
            text.push_str(&before.replace('\n', " "));
        }
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        match name {
            "svg" if tag.starts_with('/') => skip -= 1,
            "svg" => {
                skip += 1;
                let mark = tag.split("class=\"mark ").nth(1).and_then(|class| class.split('"').next());
                let label = tag.split("aria-label=\"").nth(1).and_then(|label| label.split('"').next());
                text.push_str(&mark.or(label).map(|word| format!("[{word}] ")).unwrap_or_default());
            }
            "input" if tag.contains("hidden") => {}
            "input" => {
                let value = tag.split("value=\"").nth(1).and_then(|value| value.split('"').next()).unwrap_or_default();
                let checked = if tag.contains(" checked") { "*" } else { "" };
                text.push_str(&format!("[{value}{checked}] "));
            }
            "p" | "tr" | "li" | "h1" | "h2" | "h3" | "section" | "dt" | "div" | "caption" | "thead" | "legend" | "label" => text.push('\n'),
            "td" | "th" | "dd" | "button" => text.push(' '),
            _ => {}
        }
        rest = behind;
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_first_screen_in_trouble_reads_in_the_order_of_the_questions() {
    assert_snapshot!(read(&shown_overview(&trouble())), @"
    [bad] USERS AT RISK
    us-east-1 is ejected for 1m 1s, eu-west-2 is drained by ana: eu-west-1 serves everybody.
    users: served by 1 of 3 regions
    eu-west-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)
    Regions
    Region Answers Verdict Since Slowest read · last 30 min Replication DNS lookups Decided by
    [bad] us-east-1 ejected unhealthy 2/3 1m 1s [REST read: nothing passes now, at most 142 ms in the last 30 minutes] - - 0 of 16 automatic
    websocket failed in 5 of its last 6 rounds (status-503) 2 of 3 eject, 1 serve
    Preview drain of us-east-1 Preview hold of us-east-1 Explain us-east-1
    [warn] eu-west-2 drained healthy 3/3 12m [REST read: 131 ms now, at most 142 ms in the last 30 minutes] 131 ms 92 ms 0 of 16 ana, until 05:10 UTC (1h 48m)
    [warn] drain by ana: p99 over 3 s after deploy 4471 OPS-918 · in force · ends in 1h 48m, 05:10 UTC generation 118, stored at 3 of 3: eu-west-1, eu-west-2, us-east-1
    3 of 3 eject
    Preview resume of eu-west-2 Preview extend of eu-west-2 Explain eu-west-2
    [good] eu-west-1 serving healthy 3/3 6d 2h [REST read: 131 ms now, at most 142 ms in the last 30 minutes] 131 ms 92 ms 8 of 16 automatic
    3 of 3 serve
    Preview drain of eu-west-1 Preview hold of eu-west-1 Explain eu-west-1
    Last moves
    [warn] ana drained until 05:10 UTC eu-west-2: p99 over 3 s after deploy 4471 OPS-918 · recorded at 3 of 3 observers 12m ago · 2026-11-23 03:10:07 · gen 118
    [bad] observer eu-west-1 votes eject eu-west-2: websocket failed in 5 of its last 6 rounds (status-503) · recorded at 3 of 3 observers 12m ago · 2026-11-23 03:10:07 · gen 118
    votes are known from 2026-11-23 02:31:10 UTC on
    All of the log
    What DNS says
    [good] 16 lookups 3s ago: eu-west-1 8, eu-west-2 0, us-east-1 8
    By place of the client
    Answers of DNS by place of the client
    Clients in api.chat.example.com api-ws.chat.example.com
    London [good] eu-west-1 [good] eu-west-1
    Portland [good] us-east-1 [good] us-east-1
    Observers
    [good] eu-west-1 fresh votes 2s ago, rounds 4s ago
    [good] eu-west-2 fresh votes 2s ago, rounds 4s ago
    [good] us-east-1 fresh votes 2s ago, rounds 4s ago
    ");
}

#[test]
fn all_well_is_said_once() {
    assert_snapshot!(read(&shown_overview(&healthy())).lines().take(12).collect::<Vec<_>>().join("\n"), @"
    [good] ALL WELL
    Every region serves, and every observer says so.
    users: served by 3 of 3 regions
    Regions
    Region Answers Verdict Since Slowest read · last 30 min Replication DNS lookups Decided by
    [good] eu-west-1 serving healthy 3/3 6d 2h [REST read: 131 ms now, at most 142 ms in the last 30 minutes] 131 ms 92 ms 8 of 16 automatic
    3 of 3 serve
    Preview drain of eu-west-1 Preview hold of eu-west-1 Explain eu-west-1
    [good] eu-west-2 serving healthy 3/3 6d 2h [REST read: 131 ms now, at most 142 ms in the last 30 minutes] 131 ms 92 ms 8 of 16 automatic
    3 of 3 serve
    Preview drain of eu-west-2 Preview hold of eu-west-2 Explain eu-west-2
    [good] us-east-1 serving healthy 3/3 6d 2h [REST read: 131 ms now, at most 142 ms in the last 30 minutes] 131 ms 92 ms 8 of 16 automatic
    ");
}

#[test]
fn what_is_stale_is_said_before_anything_else_and_unknown_has_its_own_mark() {
    let html = shown_overview(&stale());
    assert!(html.contains(r#"<p id="seen" class="stale">seen from <b>eu-west-1</b> · <span id="live-text">NOT LIVE, last heard 03:21:41 UTC (26s ago)</span></p>"#));
    assert!(html.find("NOT LIVE") < html.find("<main"));
    assert_snapshot!(read(&html).lines().take(12).collect::<Vec<_>>().join("\n"), @"
    [unknown] NOT LIVE
    Two of three observers do not answer.
    users: served by 1 of 3 regions
    eu-west-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)
    Regions, as they were last known
    Region Answers Verdict Since Slowest read · last 30 min Replication DNS lookups Decided by
    [unknown] us-east-1 unknown unknown 2/3 - no values - 92 ms - automatic
    1 of 3 serve, 2 cannot be read
    Preview drain of us-east-1 Preview hold of us-east-1 Explain us-east-1
    [good] eu-west-1 serving healthy 3/3 6d 2h [REST read: 131 ms now, at most 142 ms in the last 30 minutes] 131 ms 92 ms 8 of 16 automatic
    3 of 3 serve
    Preview drain of eu-west-1 Preview hold of eu-west-1 Explain eu-west-1
    ");
}

#[test]
fn a_preview_shows_what_follows_and_asks_for_the_name() {
    assert_snapshot!(read(&shown_act(&preview(Act::Drain, "eu-west-2"), None)), @"
    eu-west-2 · preview: drain; looking changes nothing
    Drain eu-west-2 of api.chat.example.com until 07:22 UTC (4h)?
    now
    3 of 3 regions serve: eu-west-1, eu-west-2, us-east-1
    after
    2 of 3 regions serve: eu-west-1, us-east-1
    moves
    new lookups; clients that are connected stay until they reconnect
    undo
    failover resume eu-west-2
    rules
    [good] last-region ok: 2 regions would be left serving
    [good] capacity ok: 2 of 3 regions would be left undrained; the policy wants 1
    as a command
    failover drain eu-west-2 --reason … --for 4h --confirm eu-west-2
    Reason
    Everybody reads it, here and in the log. At most 200 characters.
    []
    Ticket (optional)
    []
    It ends after
    [1h] 1h, until 04:22 UTC
    [4h*] 4h, until 07:22 UTC
    [12h] 12h, until 15:22 UTC
    [own] another length
    Another length, such as 2h30m, at most 72h
    []
    Type the name of the region to go on: eu-west-2
    []
    Drain eu-west-2 until 07:22 UTCDrain eu-west-2 until 04:22 UTCDrain eu-west-2 until 07:22 UTCDrain eu-west-2 until 15:22 UTCDrain eu-west-2 Leave it as it is
    ");
}

#[test]
fn a_form_that_comes_back_says_why_and_keeps_what_was_typed() {
    assert_snapshot!(read(&shown_act(&refused(), None)), @"
    eu-west-2 · preview: drain; looking changes nothing
    [warn] Not done: the world moved since you looked
    us-east-1 was drained by bob 12s ago, generation 118
    Nothing was changed. What follows is how it is now; what you typed is still there. Read it again, then decide.
    Drain eu-west-2 of api.chat.example.com until 07:22 UTC (4h)?
    [bad] Not done yet. Nothing was changed.
    The reason: must not be empty
    The length: is at most 72h
    The typed name: must be eu-west-2
    now
    3 of 3 regions serve: eu-west-1, eu-west-2, us-east-1
    after
    2 of 3 regions serve: eu-west-1, us-east-1
    moves
    new lookups; clients that are connected stay until they reconnect
    undo
    failover resume eu-west-2
    rules
    [good] last-region ok: 2 regions would be left serving
    [good] capacity ok: 2 of 3 regions would be left undrained; the policy wants 1
    as a command
    failover drain eu-west-2 --reason … --for 4h --confirm eu-west-2
    Reason
    Everybody reads it, here and in the log. At most 200 characters.
    []
    The reason: must not be empty
    Ticket (optional)
    [OPS-918]
    It ends after
    [1h] 1h, until 04:22 UTC
    [4h] 4h, until 07:22 UTC
    [12h] 12h, until 15:22 UTC
    [own*] another length
    Another length, such as 2h30m, at most 72h
    [100h]
    The length: is at most 72h
    Type the name of the region to go on: eu-west-2
    [eu-west-1]
    The name: must be eu-west-2
    Drain eu-west-2 until 07:22 UTCDrain eu-west-2 until 04:22 UTCDrain eu-west-2 until 07:22 UTCDrain eu-west-2 until 15:22 UTCDrain eu-west-2 Leave it as it is
    ");
}

#[test]
fn what_a_rule_refuses_has_no_form() {
    let html = shown_act(&last(), None);
    assert!(!html.contains("name=\"confirm\""));
    assert_snapshot!(read(&html), @"
    eu-west-1 · preview: drain; looking changes nothing
    Drain eu-west-1 of api.chat.example.com until 07:22 UTC (4h)?
    [bad] Refused by the rule last-region
    eu-west-1 is the last region serving. Nothing was changed.
    bring one back: failover resume eu-west-2
    now
    3 of 3 regions serve: eu-west-1, eu-west-2, us-east-1
    after
    2 of 3 regions serve: eu-west-1, us-east-1
    moves
    new lookups; clients that are connected stay until they reconnect
    undo
    failover resume eu-west-1
    rules
    [bad] last-region refuses: no region would be left serving
    [good] capacity ok: 2 of 3 regions would be left undrained; the policy wants 1
    as a command
    failover drain eu-west-1 --reason … --for 4h --confirm eu-west-1
    ");
}

#[test]
fn a_viewer_sees_the_preview_and_no_form() {
    let mut page = preview(Act::Drain, "eu-west-2");
    (page.header.may_write, page.can_write) = (false, false);
    let html = shown_act(&page, None);
    assert!(!html.contains("method=\"post\" action=\"/regions"));
    assert!(read(&html).contains("You may look here, and not write."));
}

#[test]
fn the_stages_of_a_drain() {
    assert_snapshot!(read(&shown_progress(&progress())), @"
    [going] Drain of eu-west-2 by ana, until 07:22 UTC
    The votes have turned; 3 of 16 lookups still say eu-west-2.
    Stages
    [good] recordeddone03:22:073 of 3 observers, generation 118
    [good] votes turneddone03:22:09 (2s after it was recorded)3 of 3 observers vote eject
    [going] answers movedunder way3 of 16 lookups say eu-west-2
    [unknown] settledcomes later60 s after the last answer
    This page may be closed: what stands goes on without it.
    reason
    p99 over 3 s after deploy 4471
    undo
    failover resume eu-west-2
    Undo: Preview resume Explain eu-west-2 Overview
    ");
}

#[test]
fn a_region_is_told_by_observer_check_and_way() {
    assert_snapshot!(read(&shown_region(&region_page())), @"
    [bad] us-east-1 is ejected since 03:21 UTC (1m 1s ago)
    votes
    2 of 3 eject, 1 serve
    because
    websocket failed in 5 of its last 6 rounds (status-503)
    Preview drain Preview hold
    Explain another moment
    From 2026-11-23 02:32:07 to now, UTC: now
    [1795404127]
    Explain
    Or type it, in UTC
    []
    Explain Change before Moments at which something changed (1)
    [bad] 03:21:06 observer eu-west-1 votes eject
    Who says what
    [bad] eu-west-1
    votes eject since 03:21:06 (1m 1s ago)
    lane
    automatic
    memory
    .....www, 0 clean rounds
    [bad] eu-west-2
    votes eject since 03:21:06 (1m 1s ago)
    lane
    automatic
    memory
    .....www, 0 clean rounds
    [bad] us-east-1
    votes eject since 03:21:06 (1m 1s ago)
    lane
    automatic
    memory
    .....www, 0 clean rounds
    Checks in each observer’s newest round
    Observer rest websocket delivery table replication
    [bad] eu-west-1round 412 at 03:22:03 (4s ago) [good] pass42 ms [bad] fail:status-50331 ms, attempt 2 [unknown] unknown:not-tried [good] pass51 ms [warn] degraded:late1204 ms
    [bad] eu-west-2round 412 at 03:22:03 (4s ago) [good] pass42 ms [bad] fail:status-50331 ms, attempt 2 [unknown] unknown:not-tried [good] pass51 ms [warn] degraded:late1204 ms
    [bad] us-east-1round 412 at 03:22:03 (4s ago) [good] pass42 ms [bad] fail:status-50331 ms, attempt 2 [unknown] unknown:not-tried [good] pass51 ms [warn] degraded:late1204 ms
    Which messages arrive where
    One message is sent into each region, and looked for at the sockets of every region. A row without arrivals blames that region’s writes, a column its streams or sockets, a single cell that way.
    seen from eu-west-1, 4s ago: 6 of 9 messages arrived; nothing sent into us-east-1 arrives [seen from eu-west-1, 4s ago: 6 of 9 messages arrived; nothing sent into us-east-1 arrives. from eu-west-1: to eu-west-1 90 ms, to eu-west-2 90 ms, to us-east-1 90 ms. from eu-west-2: to eu-west-1 90 ms, to eu-west-2 90 ms, to us-east-1 90 ms. from us-east-1: to eu-west-1 lost, to eu-west-2 lost, to us-east-1 lost] seen from eu-west-2, 4s ago: 6 of 9 messages arrived; nothing sent into us-east-1 arrives [seen from eu-west-2, 4s ago: 6 of 9 messages arrived; nothing sent into us-east-1 arrives. from eu-west-1: to eu-west-1 90 ms, to eu-west-2 90 ms, to us-east-1 90 ms. from eu-west-2: to eu-west-1 90 ms, to eu-west-2 90 ms, to us-east-1 90 ms. from us-east-1: to eu-west-1 lost, to eu-west-2 lost, to us-east-1 lost] seen from us-east-1, 4s ago: 6 of 9 messages arrived; nothing sent into us-east-1 arrives [seen from us-east-1, 4s ago: 6 of 9 messages arrived; nothing sent into us-east-1 arrives. from eu-west-1: to eu-west-1 90 ms, to eu-west-2 90 ms, to us-east-1 90 ms. from eu-west-2: to eu-west-1 90 ms, to eu-west-2 90 ms, to us-east-1 90 ms. from us-east-1: to eu-west-1 lost, to eu-west-2 lost, to us-east-1 lost]
    Timings of the last hour
    REST read: - [REST read: nothing passes now, at most 142 ms in the last 30 minutes]
    REST read: nothing passes now, at most 142 ms in the last 30 minutes
    delivery: 2900 ms [delivery: 2900 ms now, at most 2900 ms in the last 30 minutes]
    delivery: 2900 ms now, at most 2900 ms in the last 30 minutes
    replication: 1204 ms [replication: 1204 ms now, at most 1204 ms in the last 30 minutes]
    replication: 1204 ms now, at most 1204 ms in the last 30 minutes
    Ticks below the line: a check failed. Dots on it: nothing passed or nothing was asked. Shaded: users were sent elsewhere.
    ");
}

#[test]
fn the_past_is_marked_as_past_and_offers_nothing_to_do() {
    let html = shown_region(&past());
    assert!(read(&html).starts_with("The past: as of 2026-11-23 03:21:06 UTC"));
    assert!(!html.contains("Preview drain") && !html.contains("data-fragment"));
}

#[test]
fn the_log_shows_refusals_too() {
    assert_snapshot!(read(&shown_log(&log())), @"
    Log
    Region
    alleu-west-1eu-west-2us-east-1
    What
    everythingwhat people didvotesrefusals
    How far back
    1h24h7d
    Who or why
    []
    Show As JSON
    2 entries since 2026-11-16 03:22:07 UTC
    What happened, newest first
    Time (UTC) Region What Who Why Result
    2026-11-23 03:10:0712m ago eu-west-2 [warn] drained until 05:10 UTC ana p99 over 3 s after deploy 4471 OPS-918 recorded at 3 of 3 observers gen 118
    2026-11-23 03:10:0712m ago eu-west-2 [bad] drain refused bob last-region nothing was changed
    votes of eu-west-1 are known from 2026-11-23 02:31:10 UTC on
    ");
}

#[test]
fn the_first_screen_is_light() {
    let html = shown_overview(&trouble());
    let (mut plain, mut rest) = (0, html.as_str());
    while let Some((before, after)) = rest.split_once("<svg") {
        plain += before.len();
        rest = after.split_once("</svg>").unwrap().1;
    }
    plain += rest.len();
    let (style, script) = (include_str!("../../static/style.css").len(), include_str!("../../static/live.js").len());
    let weight = plain + style + script;
    assert!(weight < 40_000, "{plain} of HTML, {style} of CSS, {script} of script: {weight} bytes");
}
