//! A picture as text: lanes over time in as many columns as the terminal has, a legend, and what happened as sentences.

use super::picture::{Group, Lane, Picture, Shade, Told, clock, letter, step_of_at_least};
use super::table::{cut, wrap};
use crate::out::{Look, Mark};

/// The most sentences that are listed.
const SENTENCES_MAX: usize = 60;
/// The fewest columns that lanes are drawn in.
const COLUMNS_MIN: usize = 30;
/// Columns between two ticks, at least.
const TICK_MIN: usize = 9;

/// The whole drawing, in lines of at most `width` characters where the names allow it.
pub(super) fn timeline(picture: &Picture, width: usize, look: Look) -> String {
    let labels = picture.lanes.iter().map(|lane| lane.label.chars().count() + 2);
    let headings = Group::ALL.iter().map(|group| group.heading().len());
    let label = labels.chain(headings).max().unwrap_or_default() + 2;
    let columns = width.saturating_sub(label + 1).max(COLUMNS_MIN);
    let mut lines = vec![cut(&format!("{}  {}", picture.id, picture.title), width, look), roles(picture)];
    lines.extend(picture.run.as_ref().map(|run| cut(run, width, look)));
    lines.push(String::new());
    lines.push(axis(picture.minutes, label, columns));
    for group in Group::ALL {
        let lanes: Vec<&Lane> = picture.lanes.iter().filter(|lane| lane.group == group).collect();
        if lanes.is_empty() {
            lines.push(format!("{:<label$}{}", group.heading(), nothing(group)));
            continue;
        }
        lines.push(group.heading().to_owned());
        lines.extend(lanes.iter().map(|lane| {
            let name = format!("  {}", lane.label);
            format!("{name:<label$}{}", drawn(lane, picture.minutes, columns, look))
        }));
    }
    lines.push(String::new());
    lines.extend(legend(picture, width, look));
    if !picture.events.is_empty() {
        lines.push(String::new());
        lines.extend(sentences(&picture.events, width, look));
    }
    lines.join("\n")
}

fn roles(picture: &Picture) -> String {
    let names: Vec<String> = picture.regions.iter().enumerate().map(|(role, name)| format!("{} {name}", letter(role))).collect();
    names.join("   ")
}

/// What stands where a group has no lane.
fn nothing(group: Group) -> &'static str {
    match group {
        Group::Faults => "nothing",
        Group::Verdicts => "healthy, by everybody and throughout",
        Group::Votes => "none",
        Group::Answers => "everybody with their own region throughout",
        Group::Hurt => "nobody",
    }
}

/// Hours and minutes above where they are.
fn axis(minutes: f64, label: usize, columns: usize) -> String {
    let per_column = minutes / columns as f64;
    let step = step_of_at_least(per_column * TICK_MIN as f64);
    let mut line = " ".repeat(label);
    let mut tick = 0.0;
    while tick < minutes {
        let at = label + (tick / per_column).round() as usize;
        let text = format!("|{}:{:02}", (tick / 60.0) as u64, tick as u64 % 60);
        if at + text.len() > label + columns {
            break;
        }
        line.extend(std::iter::repeat_n(' ', at.saturating_sub(line.len())));
        line.push_str(&text);
        tick += step;
    }
    line
}

/// One lane in so many columns. What is shorter than a column shows all the same.
fn drawn(lane: &Lane, minutes: f64, columns: usize, look: Look) -> String {
    let per_column = minutes / columns as f64;
    let cells = (0..columns).map(|column| {
        let (from, to) = (column as f64 * per_column, (column + 1) as f64 * per_column);
        let here = lane.stretches.iter().filter(|stretch| stretch.from < to && (stretch.to > from || stretch.from >= from));
        here.map(|stretch| stretch.shade).max_by(|a, b| a.rank().total_cmp(&b.rank()))
    });
    let mut text = String::new();
    let mut same: (Option<Mark>, String) = (None, String::new());
    let flush = |(mark, cells): &(Option<Mark>, String), text: &mut String| match mark {
        Some(mark) => text.push_str(&look.paint(*mark, cells)),
        None => text.push_str(cells),
    };
    for cell in cells {
        let mark = cell.map(mark);
        if mark != same.0 {
            flush(&same, &mut text);
            same = (mark, String::new());
        }
        same.1.push(symbol(cell, look));
    }
    flush(&same, &mut text);
    text
}

/// The one of `choices` that a level from 0 to 1 comes to.
fn step<const N: usize>(level: f64, choices: [char; N]) -> char {
    let index = (level * N as f64).ceil() as usize;
    choices.get(index.clamp(1, N) - 1).copied().unwrap_or('?')
}

fn symbol(shade: Option<Shade>, look: Look) -> char {
    match (shade, look.unicode) {
        (None, true) => '·',
        (None, false) => '.',
        (Some(Shade::Fault(level)), true) => step(level, ['░', '▒', '▓', '█']),
        (Some(Shade::Fault(level)), false) => step(level, ['-', '=', '*', '#']),
        (Some(Shade::Degraded), _) => '~',
        (Some(Shade::Unhealthy), true) => '█',
        (Some(Shade::Unhealthy), false) => '#',
        (Some(Shade::Unknown), _) => '?',
        (Some(Shade::Votes(count)), _) => char::from_digit(u32::from(count), 10).unwrap_or('+'),
        (Some(Shade::Away(role)), _) => letter(role).chars().next().unwrap_or('?'),
        (Some(Shade::LastResort), _) => '!',
        (Some(Shade::Nothing), true) => '✗',
        (Some(Shade::Nothing), false) => 'X',
        (Some(Shade::Hurt(level)), true) => step(level, ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']),
        (Some(Shade::Hurt(level)), false) => step(level, ['1', '2', '3', '4', '5', '6', '7', '8', '9']),
    }
}

fn mark(shade: Shade) -> Mark {
    match shade {
        Shade::Fault(_) | Shade::Unhealthy | Shade::Nothing | Shade::LastResort | Shade::Hurt(_) => Mark::Bad,
        Shade::Degraded | Shade::Votes(1) => Mark::Warn,
        Shade::Unknown => Mark::Unknown,
        Shade::Votes(_) | Shade::Away(_) => Mark::Good,
    }
}

/// What the symbols mean, as far as they occur.
fn legend(picture: &Picture, width: usize, look: Look) -> Vec<String> {
    let has = |holds: fn(Shade) -> bool| picture.lanes.iter().flat_map(|lane| &lane.stretches).any(|stretch| holds(stretch.shade));
    let sign = |shade| symbol(shade, look);
    let mut entries = vec![format!("{} all is well", sign(None))];
    if has(|shade| matches!(shade, Shade::Fault(_))) {
        let four = [0.2, 0.4, 0.7, 1.0].map(|level| sign(Some(Shade::Fault(level))));
        entries.push(format!("{} a little to wholly broken", four.iter().collect::<String>()));
    }
    let verdicts = [(Shade::Degraded, "degraded"), (Shade::Unhealthy, "unhealthy"), (Shade::Unknown, "unknown")];
    for (shade, word) in verdicts {
        let occurs = picture.lanes.iter().flat_map(|lane| &lane.stretches).any(|stretch| stretch.shade == shade);
        entries.extend(occurs.then(|| format!("{} {word}", sign(Some(shade)))));
    }
    if has(|shade| matches!(shade, Shade::Votes(_))) {
        entries.push("1 2 3 votes of three; two eject".to_owned());
    }
    if has(|shade| matches!(shade, Shade::Away(_))) {
        entries.push("A B C answered with that region".to_owned());
    }
    if has(|shade| matches!(shade, Shade::LastResort)) {
        entries.push(format!("{} a last resort", sign(Some(Shade::LastResort))));
    }
    if has(|shade| matches!(shade, Shade::Nothing)) {
        entries.push(format!("{} no answer", sign(Some(Shade::Nothing))));
    }
    if has(|shade| matches!(shade, Shade::Hurt(_))) {
        entries.push(format!("{}{} share of what users do that fails", sign(Some(Shade::Hurt(0.05))), sign(Some(Shade::Hurt(1.0)))));
    }
    // Wrapped entry by entry: a blank that must not break stands for those inside one.
    let text = entries.iter().map(|entry| entry.replace(' ', "\u{a0}")).collect::<Vec<_>>().join(" ");
    wrap_wide(&text, width).into_iter().map(|line| line.replace('\u{a0}', " ")).collect()
}

/// As [`wrap`], with three blanks between what stands in one line.
fn wrap_wide(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for entry in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + entry.chars().count() <= width => {
                line.push_str("   ");
                line.push_str(entry);
            }
            Some(_) | None => lines.push(entry.to_owned()),
        }
    }
    lines
}

/// What happened, as sentences. Where there are too many, verdicts go first, then refusals, then the latest.
fn sentences(events: &[Told], width: usize, look: Look) -> Vec<String> {
    let kept = chosen(events);
    // Marks are one character, or four where they are ASCII.
    let marks = if look.unicode { 1 } else { 4 };
    let indent = marks + 20;
    let mut lines: Vec<String> = Vec::new();
    for told in &kept {
        let mark = look.paint(told.mark, &format!("{:<marks$}", look.symbol(told.mark)));
        let head = format!("{mark} {:>9}  {:<8}", clock(told.seconds), told.kind);
        let room = width.saturating_sub(indent + 2).max(COLUMNS_MIN);
        for (index, line) in wrap(&told.what, room).into_iter().enumerate() {
            lines.push(if index == 0 { format!("{head} {line}") } else { format!("{:indent$} {line}", "") });
        }
    }
    let left = events.len() - kept.len();
    let of_these = events.iter().filter(|told| told.kind == "verdict").count();
    if left > 0 {
        let what = if left == of_these { "verdicts" } else { "more" };
        lines.push(format!("  and {left} {what}; --output json has them all"));
    }
    lines
}

fn chosen(events: &[Told]) -> Vec<&Told> {
    for without in [&[][..], &["verdict"], &["verdict", "refused"]] {
        let kept: Vec<&Told> = events.iter().filter(|told| !without.contains(&told.kind)).collect();
        if kept.len() <= SENTENCES_MAX {
            return kept;
        }
    }
    events.iter().filter(|told| !["verdict", "refused"].contains(&told.kind)).take(SENTENCES_MAX).collect()
}
