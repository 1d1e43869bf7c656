//! A picture as SVG: one file, readable by itself, in the reader's own colour scheme, with no script and nothing fetched.

use std::fmt::Write;

use super::picture::{Group, Lane, Picture, Shade, Stretch, clock, letter, step_of_at_least};
use super::table::wrap;

/// The picture's width; it scales.
const WIDTH: f64 = 1200.0;
/// Where lanes begin.
const LEFT: f64 = 150.0;
/// Where they end.
const RIGHT: f64 = WIDTH - 20.0;
/// From one lane to the next.
const PITCH: f64 = 22.0;
/// How high a lane is.
const LANE: f64 = 14.0;
/// How high a lane of votes is, and one of users hurt.
const CURVES: (f64, f64) = (21.0, 34.0);
/// From one line of text to the next.
const LINE: f64 = 18.0;
/// The narrowest that anything is drawn: what lasts seconds in a day shows all the same.
const SPECK: f64 = 1.5;
/// The most sentences that are listed.
const SENTENCES_MAX: usize = 40;
/// Characters in a line of text.
const CHARACTERS: usize = 138;
/// How wide what is written at a tick may be.
const TICK: f64 = 40.0;
/// Ticks on the axis, about.
const TICKS: f64 = 12.0;

/// Colours by meaning, in both schemes. Blue and orange tell well from bad for more people than green and red do.
const STYLE: &str = "\
svg{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#5b6672;--line:#d5dae0;--lane:#f1f3f5;--fault:#c2410c;--degraded:#e0a100;\
--unhealthy:#b3261e;--unknown:#8a63c4;--one:#e0a100;--majority:#46566a;--a:#7a4fc0;--b:#1f6feb;--c:#0a8577;--nothing:#b3261e;--hurt:#c2410c}\
@media(prefers-color-scheme:dark){svg{--paper:#14181d;--ink:#e8ebee;--soft:#a0abb7;--line:#333b44;--lane:#1e242b;--fault:#f2793c;--degraded:#d9a520;\
--unhealthy:#ff7b72;--unknown:#b79bea;--one:#d9a520;--majority:#b9c6d4;--a:#b79bea;--b:#6cb0ff;--c:#3fc1ae;--nothing:#ff7b72;--hurt:#f2793c}}\
text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink)}.title{font-size:17px;font-weight:600}.soft{fill:var(--soft)}\
.head{font-weight:600}.end{text-anchor:end}.time{font-variant-numeric:tabular-nums}.in{font-size:11px;font-weight:600;fill:var(--paper)}.on-yellow{fill:#1b1f24}\
.grid{stroke:var(--line)}.bed{fill:var(--lane)}.fault{fill:var(--fault)}.degraded{fill:var(--degraded)}.unhealthy{fill:var(--unhealthy)}\
.unknown{fill:var(--unknown)}.one{fill:var(--one)}.majority{fill:var(--majority)}.a{fill:var(--a)}.b{fill:var(--b)}.c{fill:var(--c)}\
.nothing{fill:var(--nothing)}.hurt{fill:var(--hurt)}";

/// The whole picture.
pub(super) fn svg(picture: &Picture) -> String {
    let mut body = String::new();
    let mut y = 34.0;
    text(&mut body, 20.0, y, "title", &format!("{}  {}", picture.id, picture.title));
    y += 22.0;
    let names: Vec<String> = picture.regions.iter().enumerate().map(|(role, name)| format!("{} = {name}", letter(role))).collect();
    let run = picture.run.as_ref().map(|run| format!(" · {run}")).unwrap_or_default();
    text(&mut body, 20.0, y, "soft", &format!("{}{run}", names.join(" · ")));
    y += 32.0;
    let top = y;
    let mut lanes = String::new();
    y += 12.0;
    for group in Group::ALL {
        y = block(&mut lanes, picture, group, y);
    }
    axis(&mut body, picture.minutes, top, y);
    body.push_str(&lanes);
    y = legend(&mut body, picture, y + 26.0);
    y = sentences(&mut body, picture, y + 30.0);
    let height = y + 16.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"t\">\n<title id=\"t\">{}</title>\n<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" \
         style=\"fill:var(--paper)\"/>\n{body}</svg>\n",
        escaped(&format!("{}: {}", picture.id, picture.title))
    )
}

/// Text that can stand in XML.
fn escaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

fn text(out: &mut String, x: f64, y: f64, class: &str, what: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escaped(what));
}

fn x(minute: f64, minutes: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * (minute / minutes.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
}

fn axis(out: &mut String, minutes: f64, top: f64, bottom: f64) {
    let step = step_of_at_least(minutes / TICKS);
    let mut tick = 0.0;
    while tick <= minutes {
        let at = x(tick, minutes);
        let _ = writeln!(out, "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\" class=\"grid\"/>");
        if at + TICK < RIGHT {
            text(out, at + 3.0, top + 2.0, "soft time", &format!("{}:{:02}", (tick / 60.0) as u64, tick as u64 % 60));
        }
        tick += step;
    }
}

/// One group of lanes under its heading; where the next begins.
fn block(out: &mut String, picture: &Picture, group: Group, mut y: f64) -> f64 {
    let lanes: Vec<&Lane> = picture.lanes.iter().filter(|lane| lane.group == group).collect();
    y += 18.0;
    let quiet = if lanes.is_empty() { ": nothing" } else { "" };
    text(out, 20.0, y, "head", &format!("{}{quiet}", group.heading()));
    y += 8.0;
    for lane in lanes {
        let high = match group {
            Group::Votes => CURVES.0,
            Group::Hurt => CURVES.1,
            Group::Faults | Group::Verdicts | Group::Answers => LANE,
        };
        let _ = writeln!(out, "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{high}\" class=\"bed\"/>", RIGHT - LEFT);
        text(out, LEFT - 8.0, y + high / 2.0 + 4.5, "end", &lane.label);
        lane.stretches.iter().for_each(|stretch| part(out, stretch, picture.minutes, y, high, &lane.label));
        y += high + PITCH - LANE;
    }
    y
}

fn part(out: &mut String, stretch: &Stretch, minutes: f64, y: f64, high: f64, label: &str) {
    let (from, to) = (x(stretch.from, minutes), x(stretch.to, minutes));
    let wide = (to - from).max(SPECK);
    let (class, level, opacity) = match stretch.shade {
        Shade::Fault(level) => ("fault", 1.0, 0.35 + 0.65 * level),
        Shade::Degraded => ("degraded", 1.0, 1.0),
        Shade::Unhealthy => ("unhealthy", 1.0, 1.0),
        Shade::Unknown => ("unknown", 1.0, 1.0),
        Shade::Votes(votes) => (if votes > 1 { "majority" } else { "one" }, f64::from(votes) / 3.0, 1.0),
        Shade::Away(role) => (["a", "b", "c"].get(role).copied().unwrap_or("unknown"), 1.0, 1.0),
        Shade::LastResort | Shade::Nothing => ("nothing", 1.0, 1.0),
        Shade::Hurt(level) => ("hurt", level, 1.0),
    };
    let tall = (high * level).max(SPECK);
    let tip = format!("{label}: {}, {} to {}", stretch.says, clock(stretch.from * 60.0), clock(stretch.to * 60.0));
    let _ = writeln!(
        out,
        "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{tall:.1}\" class=\"{class}\" fill-opacity=\"{opacity:.2}\"><title>{}</title></rect>",
        y + high - tall,
        escaped(&tip)
    );
    // Colour alone must not carry it: what there is room for is written, too.
    let said = match stretch.shade {
        Shade::Fault(_) | Shade::Hurt(_) => return,
        Shade::Votes(votes) => votes.to_string(),
        Shade::Degraded | Shade::Unhealthy | Shade::Unknown | Shade::Away(_) | Shade::LastResort | Shade::Nothing => stretch.says.clone(),
    };
    if wide > 8.0 * said.chars().count() as f64 + 6.0 && tall > 12.0 {
        let class = if matches!(stretch.shade, Shade::Degraded) { "in on-yellow" } else { "in" };
        text(out, from + 4.0, y + high - 3.0, class, &said);
    }
}

fn legend(out: &mut String, picture: &Picture, mut y: f64) -> f64 {
    let has = |holds: fn(&Shade) -> bool| picture.lanes.iter().flat_map(|lane| &lane.stretches).any(|stretch| holds(&stretch.shade));
    let entries = [
        ("fault", "broken; fainter is less", has(|shade| matches!(shade, Shade::Fault(_)))),
        ("degraded", "degraded", has(|shade| matches!(shade, Shade::Degraded))),
        ("unhealthy", "unhealthy", has(|shade| matches!(shade, Shade::Unhealthy))),
        ("unknown", "unknown", has(|shade| matches!(shade, Shade::Unknown))),
        ("one", "one vote to eject", has(|shade| matches!(shade, Shade::Votes(1)))),
        ("majority", "a majority", has(|shade| matches!(shade, Shade::Votes(2..)))),
        ("a", "answered with A", has(|shade| matches!(shade, Shade::Away(0)))),
        ("b", "with B", has(|shade| matches!(shade, Shade::Away(1)))),
        ("c", "with C", has(|shade| matches!(shade, Shade::Away(2)))),
        ("nothing", "no answer, or a last resort", has(|shade| matches!(shade, Shade::Nothing | Shade::LastResort))),
        ("hurt", "share of what users do that fails", has(|shade| matches!(shade, Shade::Hurt(_)))),
    ];
    let mut at = LEFT;
    for (class, word, _) in entries.iter().filter(|(_, _, occurs)| *occurs) {
        let wide = 17.0 + 7.0 * word.chars().count() as f64;
        if at + wide > RIGHT {
            (at, y) = (LEFT, y + LINE + 2.0);
        }
        let _ = writeln!(out, "<rect x=\"{at:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" class=\"{class}\"/>", y - 10.0);
        text(out, at + 17.0, y, "soft", word);
        at += wide + 18.0;
    }
    y
}

/// What happened, as sentences; verdicts stand in the lanes.
fn sentences(out: &mut String, picture: &Picture, mut y: f64) -> f64 {
    let told: Vec<_> = picture.events.iter().filter(|told| told.kind != "verdict").collect();
    for event in told.iter().take(SENTENCES_MAX) {
        text(out, 72.0, y, "soft time end", &clock(event.seconds));
        text(out, 84.0, y, "soft", event.kind);
        for line in wrap(&event.what, CHARACTERS) {
            text(out, LEFT, y, "", &line);
            y += LINE;
        }
    }
    if told.len() > SENTENCES_MAX {
        text(out, LEFT, y, "soft", &format!("and {} more", told.len() - SENTENCES_MAX));
        y += LINE;
    }
    y
}
