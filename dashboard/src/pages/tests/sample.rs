//! Pages to show in tests: one service in the states that matter, as literals. Compiled for tests only.

use decision::RegionName;
use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Act, Banner, Button, CheckCell, CheckRow, Choice, DnsAnswer, DnsPlace, DnsTable, Explained, Fields, Grid, GridCell, GridRow, Header,
    Line, Live, LiveState, LogFilter, LogLine, LogPage, Mark, Moment, ObserverLine, Overview, Preview, Progress, RegionPage, Row, RuleLine,
    Says, Slider, Spark, Stage, StageLine, StageState, Standing, path,
};

pub(super) fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

pub(super) fn now() -> Timestamp {
    "2026-11-23T03:22:07Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(super) fn header() -> Header {
    let observer = |name: &str| ObserverLine {
        observer: region(name),
        mark: Mark::Good,
        heard: "fresh",
        text: "votes 2s ago, rounds 4s ago".to_owned(),
    };
    Header {
        service: "chat".to_owned(),
        api: "api.chat.example.com".to_owned(),
        websocket: "api-ws.chat.example.com".to_owned(),
        here: "eu-west-1".to_owned(),
        actor: "ana".to_owned(),
        role: "operator",
        may_write: true,
        live: Live { state: LiveState::Live, text: "live, 2 s old".to_owned(), heard_at: Some(ago(2)) },
        version: 412,
        at: now(),
        at_text: "03:22:07 UTC".to_owned(),
        observers: ["eu-west-1", "eu-west-2", "us-east-1"].map(observer).into(),
    }
}

/// A curve that jumps at its end.
pub(super) fn curve(label: &str, usual: u32, last: Option<u32>) -> Spark {
    let wave = (0..180).map(|step| Some(usual + (step * 7919 % 23)));
    let values: Vec<Option<u32>> = wave.take(160).chain(std::iter::repeat_n(last, 20)).collect();
    let max = values.iter().flatten().copied().max().unwrap_or(1);
    let told = last.map_or("nothing passes now".to_owned(), |last| format!("{last} ms now"));
    Spark {
        label: label.to_owned(),
        now: last.map_or("-".to_owned(), |last| format!("{last} ms")),
        title: format!("{label}: {told}, at most {max} ms in the last 30 minutes"),
        from: Some(ago(1800)),
        step_seconds: 10,
        failed: values.iter().map(|value| value.is_none_or(|value| value > 1000)).collect(),
        out: vec![false; values.len()],
        values,
        max,
    }
}

pub(super) fn button(act: Act, name: &str) -> Button {
    Button {
        act,
        region: region(name),
        label: format!("Preview {}", act.as_str()),
        href: path::act(&region(name), act),
        command: format!("failover {} {name}", act.as_str()),
    }
}

pub(super) fn fine(name: &str) -> Row {
    Row {
        region: region(name),
        mark: Mark::Good,
        href: path::region(&region(name)),
        answers: "serving",
        since: "6d 2h".to_owned(),
        since_at: Some(ago(6 * 86_400 + 7300)),
        since_title: "since 2026-11-17 01:20 UTC (6d 2h ago)".to_owned(),
        verdict: "healthy",
        says: "3/3".to_owned(),
        votes: "3 of 3 serve".to_owned(),
        rest: curve("REST read", 120, Some(131)),
        replication: "92 ms".to_owned(),
        lookups: "8 of 16".to_owned(),
        decided_by: "automatic".to_owned(),
        reason: None,
        standing: None,
        buttons: vec![button(Act::Drain, name), button(Act::Hold, name)],
    }
}

pub(super) fn sick(name: &str) -> Row {
    Row {
        mark: Mark::Bad,
        answers: "ejected",
        since: "1m 1s".to_owned(),
        since_at: Some(ago(61)),
        verdict: "unhealthy",
        says: "2/3".to_owned(),
        votes: "2 of 3 eject, 1 serve".to_owned(),
        rest: curve("REST read", 120, None),
        replication: "-".to_owned(),
        lookups: "0 of 16".to_owned(),
        reason: Some("websocket failed in 5 of its last 6 rounds (status-503)".to_owned()),
        ..fine(name)
    }
}

pub(super) fn drained(name: &str) -> Row {
    Row {
        mark: Mark::Warn,
        answers: "drained",
        since: "12m".to_owned(),
        since_at: Some(ago(720)),
        votes: "3 of 3 eject".to_owned(),
        lookups: "0 of 16".to_owned(),
        decided_by: "ana, until 05:10 UTC (1h 48m)".to_owned(),
        standing: Some(standing()),
        buttons: vec![button(Act::Resume, name), button(Act::Extend, name)],
        ..fine(name)
    }
}

pub(super) fn unknown(name: &str) -> Row {
    Row {
        mark: Mark::Unknown,
        answers: "unknown",
        since: "-".to_owned(),
        since_at: None,
        since_title: String::new(),
        verdict: "unknown",
        says: "2/3".to_owned(),
        votes: "1 of 3 serve, 2 cannot be read".to_owned(),
        rest: Spark { values: vec![], failed: vec![], out: vec![], now: "-".to_owned(), ..curve("REST read", 1, None) },
        lookups: "-".to_owned(),
        ..fine(name)
    }
}

pub(super) fn standing() -> Standing {
    Standing {
        kind: "drain",
        actor: "ana".to_owned(),
        reason: "p99 over 3 s after deploy 4471".to_owned(),
        ticket: Some("OPS-918".to_owned()),
        state: "in force".to_owned(),
        mark: Mark::Warn,
        ends: "ends in 1h 48m, 05:10 UTC".to_owned(),
        ends_at: now() + SignedDuration::from_mins(108),
        stored: "generation 118, stored at 3 of 3: eu-west-1, eu-west-2, us-east-1".to_owned(),
        generation: 118,
        progress: path::progress(&region("eu-west-2")),
    }
}

pub(super) fn entry(mark: Mark, who: &str, what: &str, why: &str) -> LogLine {
    LogLine {
        at: ago(720),
        time: "2026-11-23 03:10:07".to_owned(),
        ago: "12m ago".to_owned(),
        region: region("eu-west-2"),
        mark,
        what: what.to_owned(),
        who: who.to_owned(),
        why: why.to_owned(),
        result: "recorded at 3 of 3 observers".to_owned(),
        generation: Some(118),
    }
}

pub(super) fn overview(rows: Vec<Row>, mark: Mark, word: &str, text: &str) -> Overview {
    let answer = |name: &str, mark, text: &str| DnsAnswer { name: name.to_owned(), mark, text: text.to_owned() };
    let place = |place: &str, text: &str| DnsPlace {
        place: place.to_owned(),
        answers: vec![answer("api.chat.example.com", Mark::Good, text), answer("api-ws.chat.example.com", Mark::Good, text)],
    };
    Overview {
        header: header(),
        banner: Banner {
            mark,
            word: word.to_owned(),
            text: text.to_owned(),
            users: format!("users: served by {} of 3 regions", rows.iter().filter(|row| row.answers == "serving").count()),
            notes: vec![
                "eu-west-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)".to_owned(),
            ],
        },
        rows,
        moves: vec![
            entry(Mark::Warn, "ana", "drained until 05:10 UTC", "p99 over 3 s after deploy 4471 OPS-918"),
            entry(Mark::Bad, "observer eu-west-1", "votes eject", "websocket failed in 5 of its last 6 rounds (status-503)"),
        ],
        moves_notes: vec!["votes are known from 2026-11-23 02:31:10 UTC on".to_owned()],
        dns: DnsTable {
            mark: Mark::Good,
            text: "16 lookups 3s ago: eu-west-1 8, eu-west-2 0, us-east-1 8".to_owned(),
            places: vec![place("London", "eu-west-1"), place("Portland", "us-east-1")],
        },
    }
}

pub(super) fn region_page() -> RegionPage {
    let regions = ["eu-west-1", "eu-west-2", "us-east-1"];
    let line = |word: &str, text: &str| Line { word: word.to_owned(), text: text.to_owned() };
    let cell = |check, mark, outcome: &str, took: &str| CheckCell { check, mark, outcome: outcome.to_owned(), took: took.to_owned() };
    let names = vec!["rest", "websocket", "delivery", "table", "replication"];
    let checks = regions.map(|name| CheckRow {
        observer: region(name),
        round: "round 412 at 03:22:03 (4s ago)".to_owned(),
        mark: Mark::Bad,
        cells: vec![
            cell("rest", Mark::Good, "pass", "42 ms"),
            cell("websocket", Mark::Bad, "fail:status-503", "31 ms, attempt 2"),
            cell("delivery", Mark::Unknown, "unknown:not-tried", ""),
            cell("table", Mark::Good, "pass", "51 ms"),
            cell("replication", Mark::Warn, "degraded:late", "1204 ms"),
        ],
    });
    let grids = regions.map(|name| Grid {
        observer: region(name),
        title: format!("seen from {name}, 4s ago: 6 of 9 messages arrived; nothing sent into us-east-1 arrives"),
        columns: regions.map(region).into(),
        rows: regions
            .iter()
            .enumerate()
            .map(|(index, from)| GridRow {
                from: region(from),
                here: index == 2,
                cells: regions
                    .iter()
                    .enumerate()
                    .map(|(column, to)| match index {
                        2 => GridCell { to: region(to), mark: Mark::Bad, millis: None, text: "lost".to_owned(), shade: 0 },
                        _ => GridCell {
                            to: region(to),
                            mark: Mark::Good,
                            millis: Some(90),
                            text: "90 ms".to_owned(),
                            shade: u8::try_from(index + column).unwrap(),
                        },
                    })
                    .collect(),
            })
            .collect(),
    });
    RegionPage {
        header: header(),
        row: sick("us-east-1"),
        checks: checks.into(),
        check_names: names,
        grids: grids.into(),
        timings: vec![curve("REST read", 120, None), curve("delivery", 80, Some(2900)), curve("replication", 900, Some(1204))],
        explained: Explained {
            past: false,
            at: now(),
            mark: Mark::Bad,
            headline: None,
            title: "us-east-1 is ejected since 03:21 UTC (1m 1s ago)".to_owned(),
            lines: vec![line("votes", "2 of 3 eject, 1 serve"), line("because", "websocket failed in 5 of its last 6 rounds (status-503)")],
            says: regions
                .map(|name| Says {
                    observer: region(name),
                    mark: Mark::Bad,
                    title: "votes eject since 03:21:06 (1m 1s ago)".to_owned(),
                    lines: vec![line("lane", "automatic"), line("memory", ".....www, 0 clean rounds")],
                })
                .into(),
            before: vec![],
            problem: None,
        },
        slider: Slider {
            from: ago(3000),
            to: now(),
            at: None,
            value: String::new(),
            earlier: Some("/regions/us-east-1?at=2026-11-23T03:21:06Z".to_owned()),
            later: None,
            now: "/regions/us-east-1".to_owned(),
            moments: vec![Moment {
                at: ago(61),
                text: "03:21:06".to_owned(),
                what: "observer eu-west-1 votes eject".to_owned(),
                href: "/regions/us-east-1?at=2026-11-23T03:21:06Z".to_owned(),
                mark: Mark::Bad,
                permille: 980,
            }],
        },
    }
}

pub(super) fn preview(act: Act, name: &str) -> Preview {
    let line = |word: &str, text: &str| Line { word: word.to_owned(), text: text.to_owned() };
    let choice =
        |value: &str, until: &str, chosen| Choice { value: value.to_owned(), label: format!("{value}, until {until} UTC"), chosen };
    let rule = |rule, why: &str| RuleLine { rule, mark: Mark::Good, word: "ok", why: why.to_owned() };
    Preview {
        header: header(),
        act,
        region: region(name),
        title: format!("Drain {name} of api.chat.example.com until 07:22 UTC (4h)?"),
        lines: vec![
            line("now", "3 of 3 regions serve: eu-west-1, eu-west-2, us-east-1"),
            line("after", "2 of 3 regions serve: eu-west-1, us-east-1"),
            line("moves", "new lookups; clients that are connected stay until they reconnect"),
            line("undo", &format!("failover resume {name}")),
        ],
        rules: vec![
            rule("last-region", "2 regions would be left serving"),
            rule("capacity", "2 of 3 regions would be left undrained; the policy wants 1"),
        ],
        refused: None,
        moved: vec![],
        problems: vec![],
        fields: Fields {
            length: "4h".to_owned(),
            generation: "117".to_owned(),
            seen: "abc".to_owned(),
            key: "k1".to_owned(),
            ..Fields::default()
        },
        lengths: if act.has_length() {
            vec![choice("1h", "04:22", false), choice("4h", "07:22", true), choice("12h", "15:22", false)]
        } else {
            vec![]
        },
        needs_name: true,
        needs_reason: true,
        button: format!("Drain {name} until 07:22 UTC"),
        can_write: true,
        action: path::act(&region(name), act),
        command: format!("failover drain {name} --reason … --for 4h --confirm {name}"),
    }
}

pub(super) fn progress() -> Progress {
    let stage = |stage: Stage, state, mark, time: &str, text: &str| StageLine {
        stage,
        label: stage.label(),
        state,
        mark,
        time: time.to_owned(),
        at: None,
        text: text.to_owned(),
    };
    Progress {
        header: header(),
        region: region("eu-west-2"),
        title: "Drain of eu-west-2 by ana, until 07:22 UTC".to_owned(),
        text: "The votes have turned; 3 of 16 lookups still say eu-west-2.".to_owned(),
        mark: Mark::Going,
        stages: vec![
            stage(Stage::Recorded, StageState::Done, Mark::Good, "03:22:07", "3 of 3 observers, generation 118"),
            stage(Stage::Health, StageState::Done, Mark::Good, "03:22:09 (2s after it was recorded)", "3 of 3 observers vote eject"),
            stage(Stage::Answers, StageState::Going, Mark::Going, "", "3 of 16 lookups say eu-west-2"),
            stage(Stage::Settled, StageState::Waiting, Mark::Unknown, "", "60 s after the last answer"),
        ],
        over: false,
        lines: vec![Line { word: "reason".to_owned(), text: "p99 over 3 s after deploy 4471".to_owned() }],
        undo: Some(button(Act::Resume, "eu-west-2")),
        row: drained("eu-west-2"),
    }
}

pub(super) fn log() -> LogPage {
    LogPage {
        header: header(),
        filter: LogFilter { since: "7d".to_owned(), ..LogFilter::default() },
        problems: vec![],
        regions: ["eu-west-1", "eu-west-2", "us-east-1"].map(region).into(),
        lengths: vec!["1h", "24h", "7d"],
        entries: vec![
            entry(Mark::Warn, "ana", "drained until 05:10 UTC", "p99 over 3 s after deploy 4471 OPS-918"),
            LogLine {
                generation: None,
                result: "nothing was changed".to_owned(),
                ..entry(Mark::Bad, "bob", "drain refused", "last-region")
            },
        ],
        text: "2 entries since 2026-11-16 03:22:07 UTC".to_owned(),
        notes: vec!["votes of eu-west-1 are known from 2026-11-23 02:31:10 UTC on".to_owned()],
        json: "/api/v1/log?since=7d".to_owned(),
    }
}
