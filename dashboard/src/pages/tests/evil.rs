//! Script in every field of every page: whatever people or documents say stays text.

use std::collections::BTreeSet;

use super::markup::parse;
use super::sample::{entry, header, log, progress, standing};
use super::{all, past, refused, shown_act, shown_log, shown_overview, shown_progress, shown_region, trouble};
use crate::model::{Banner, Button, Explained, Fields, Line, LogFilter, LogLine, Mark, Refused, RegionPage, Row, Says, Spark, Standing};
use crate::pages::view::Failed;

/// What people and documents could be made to say.
const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&{{7*7}}</title></textarea>";

/// The same pages with [`EVIL`] in every text that comes from outside.
fn evil() -> Vec<(&'static str, String)> {
    let bad = || EVIL.to_owned();
    let line = || Line { word: bad(), text: bad() };
    let mut header = header();
    (header.service, header.api, header.websocket, header.here, header.actor) = (bad(), bad(), bad(), bad(), bad());
    (header.live.text, header.at_text) = (bad(), bad());
    header.observers.iter_mut().for_each(|observer| observer.text = bad());
    let standing = Standing {
        actor: bad(),
        reason: bad(),
        ticket: Some(bad()),
        state: bad(),
        ends: bad(),
        stored: bad(),
        progress: bad(),
        ..standing()
    };
    let spark = |curve: Spark| Spark { label: bad(), now: bad(), title: bad(), ..curve };
    let row = |row: Row| Row {
        href: bad(),
        since: bad(),
        since_title: bad(),
        says: bad(),
        votes: bad(),
        rest: spark(row.rest),
        replication: bad(),
        lookups: bad(),
        decided_by: bad(),
        reason: Some(bad()),
        standing: Some(standing.clone()),
        buttons: row.buttons.into_iter().map(|button| Button { label: bad(), href: bad(), command: bad(), ..button }).collect(),
        ..row
    };
    let entry = || LogLine { time: bad(), ago: bad(), what: bad(), who: bad(), why: bad(), result: bad(), ..entry(Mark::Bad, "", "", "") };
    let mut screen = trouble();
    screen.header = header.clone();
    screen.banner = Banner { mark: Mark::Bad, word: bad(), text: bad(), users: bad(), notes: vec![bad()] };
    screen.rows = screen.rows.into_iter().map(row).collect();
    (screen.moves, screen.moves_notes, screen.dns.text) = (vec![entry()], vec![bad()], bad());
    for place in &mut screen.dns.places {
        place.place = bad();
        place.answers.iter_mut().for_each(|answer| (answer.name, answer.text) = (bad(), bad()));
    }
    let mut region = past();
    region.header = header.clone();
    region.row = row(region.row);
    region.checks.iter_mut().for_each(|check| check.round = bad());
    region.checks.iter_mut().flat_map(|check| &mut check.cells).for_each(|cell| (cell.outcome, cell.took) = (bad(), bad()));
    region.grids.iter_mut().for_each(|grid| grid.title = bad());
    region.grids.iter_mut().flat_map(|grid| &mut grid.rows).flat_map(|row| &mut row.cells).for_each(|cell| cell.text = bad());
    region.timings = region.timings.into_iter().map(spark).collect();
    region.explained = Explained {
        headline: Some(bad()),
        title: bad(),
        lines: vec![line()],
        before: vec![entry()],
        problem: Some(bad()),
        says: region.explained.says.into_iter().map(|says| Says { title: bad(), lines: vec![line()], ..says }).collect(),
        ..region.explained
    };
    let slider = &mut region.slider;
    (slider.value, slider.earlier, slider.later, slider.now) = (bad(), Some(bad()), Some(bad()), bad());
    slider.moments.iter_mut().for_each(|moment| (moment.text, moment.what, moment.href) = (bad(), bad(), bad()));
    let live = RegionPage { explained: Explained { past: false, ..region.explained.clone() }, ..region.clone() };
    let mut form = refused();
    (form.header, form.title, form.button, form.action, form.command) = (header.clone(), bad(), bad(), bad(), bad());
    (form.lines, form.moved) = (vec![line()], vec![bad()]);
    form.rules.iter_mut().for_each(|rule| rule.why = bad());
    form.refused = Some(Refused { rule: None, text: bad(), hints: vec![bad()] });
    form.problems.iter_mut().for_each(|problem| problem.text = bad());
    form.lengths.iter_mut().for_each(|choice| (choice.value, choice.label) = (bad(), bad()));
    form.fields = Fields { reason: bad(), ticket: bad(), length: bad(), confirm: bad(), generation: bad(), seen: bad(), key: bad() };
    let failed = Failed { title: "x", text: bad(), missing: vec![line()], hints: vec![bad()] };
    let mut stages = progress();
    (stages.header, stages.title, stages.text, stages.lines) = (header.clone(), bad(), bad(), vec![line()]);
    stages.stages.iter_mut().for_each(|stage| (stage.time, stage.text) = (bad(), bad()));
    let mut told = log();
    (told.header, told.text, told.notes, told.problems, told.json) = (header, bad(), vec![bad()], vec![bad()], bad());
    told.filter = LogFilter { region: bad(), since: bad(), text: bad(), what: bad() };
    told.entries = vec![entry()];
    vec![
        ("overview", shown_overview(&screen)),
        ("past", shown_region(&region)),
        ("region", shown_region(&live)),
        ("form", shown_act(&form, Some(failed))),
        ("progress", shown_progress(&stages)),
        ("log", shown_log(&told)),
    ]
}

#[test]
fn script_in_every_field_stays_text() {
    let known: BTreeSet<String> = all().iter().flat_map(|(_, html)| parse(html)).map(|tag| tag.name).collect();
    let attributes: BTreeSet<String> =
        all().iter().flat_map(|(_, html)| parse(html)).flat_map(|tag| tag.attributes).map(|(name, _)| name).collect();
    assert!(!known.contains("img") && !attributes.contains("onerror"));
    for (name, html) in evil() {
        assert!(html.matches("&#60;script").count() > 10, "{name}: the text did not get there");
        for tag in parse(&html) {
            assert!(known.contains(&tag.name), "{name}: a tag {}", tag.name);
            assert!(tag.name != "script" || tag.get("src").is_some(), "{name}: a script");
            for (attribute, _) in tag.attributes {
                assert!(attributes.contains(&attribute), "{name}: an attribute {attribute} on {}", tag.name);
            }
        }
    }
}
