//! The table people read: an incident per line, sums by right call, what went wrong, and what the columns mean.

use jiff::SignedDuration;
use replay::incident::Call;

use super::figures::Figures;
use super::row::{OffenceKind, Row, Side, call_word};
use crate::args::Against;
use crate::moment;
use crate::out::{Look, Mark};
use crate::table::Rows;

/// The narrowest a title is cut to.
const TITLE_MIN: usize = 14;
/// How many things that went wrong are listed of one incident.
const OFFENCES_MAX: usize = 3;
/// What stands over the columns of error-minutes.
const OVER_MINUTES: &str = "ERROR-MINUTES, HOME A";

/// What the table shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    /// The sides, ours first.
    pub(super) sides: &'a [Side],
    /// How many runs each number comes from.
    pub(super) runs: u32,
    /// More columns.
    pub(super) wide: bool,
    /// How many characters a line has.
    pub(super) width: usize,
    /// How text looks.
    pub(super) look: Look,
}

/// One line under construction: its mark, and a cell per column.
struct Line {
    mark: Mark,
    cells: Vec<String>,
}

/// The table with its sums and what went wrong.
pub(super) fn table(rows: &[Row], view: &View) -> String {
    let headings = headings(view);
    let sums = sums(rows, view);
    let below = sums.len();
    let mut lines: Vec<Line> = rows.iter().map(|row| Line { mark: row.mark(), cells: cells(row, view) }).chain(sums).collect();
    fit(&mut lines, &headings, view);
    let mut table = Rows::new(view.look, &headings).right_from(3);
    for line in lines {
        table.row(line.mark, line.cells);
    }
    let mut text: Vec<String> = table.text().lines().map(str::to_owned).collect();
    let over = text.first().map(|line| over_minutes(line, view.sides));
    if below > 0 {
        text.insert(text.len() - below, String::new());
    }
    over.into_iter().chain(text).chain(offences(rows, view.look)).collect::<Vec<_>>().join("\n")
}

/// The line over the headings: what the columns of minutes are, ending where the last of them does.
fn over_minutes(headings: &str, sides: &[Side]) -> String {
    // Headings are ASCII: bytes are columns.
    let last = sides.last().map_or("OURS", |side| heading(*side));
    let end = headings.find(&format!(" {last} ")).map_or(0, |at| at + 1 + last.len());
    format!("{OVER_MINUTES:>end$}")
}

fn heading(side: Side) -> &'static str {
    match side {
        Side::Ours => "OURS",
        Side::Other(Against::None) => "NONE",
        Side::Other(Against::Act) => "ACT 3",
        Side::Other(Against::Talk) => "TALK",
        Side::Other(Against::Manual) => "MANUAL",
    }
}

fn headings(view: &View) -> Vec<&'static str> {
    let mut headings = vec!["ID", "INCIDENT", "CALL"];
    for side in view.sides {
        headings.push(heading(*side));
        if *side == Side::Ours {
            headings.extend((view.runs > 1).then_some("WORST"));
            headings.extend(view.wide.then_some(["HOME B", "HOME C", "RECONN."]).into_iter().flatten());
        }
    }
    headings.extend(["WRONG", "FLIPS", "EMPTY", "OVER", "VOTE", "ANSWERS"]);
    headings
}

fn cells(row: &Row, view: &View) -> Vec<String> {
    let numbers = |side| row.tally(side).map(|tally| (tally.median.clone(), tally.worst.clone()));
    let mut cells = vec![row.id.clone(), row.title.clone(), call_word(row.call).to_owned()];
    cells.extend(figures(numbers, view));
    cells
}

/// The cells behind the right call.
fn figures(numbers: impl Fn(Side) -> Option<(Figures, Figures)>, view: &View) -> Vec<String> {
    let mut cells = Vec::new();
    for side in view.sides {
        let Some((median, worst)) = numbers(*side) else {
            cells.push("?".to_owned());
            continue;
        };
        cells.push(minutes(median.error_minutes[0]));
        if *side == Side::Ours {
            cells.extend((view.runs > 1).then(|| minutes(worst.error_minutes[0])));
            let wide = [median.error_minutes[1], median.error_minutes[2], median.reconnects[0]];
            cells.extend(view.wide.then_some(wide).into_iter().flatten().map(minutes));
        }
    }
    let (median, worst) = numbers(Side::Ours).unwrap_or_default();
    cells.extend([
        worst.wrong_ejects.to_string(),
        worst.flips.to_string(),
        whole(worst.minutes_nothing_served),
        whole(worst.overload_minutes),
        length(median.seconds_to_vote, view.look),
        length(median.seconds_to_answers, view.look),
    ]);
    cells
}

/// A sum per right call, where there are several, and one of all.
fn sums(rows: &[Row], view: &View) -> Vec<Line> {
    let groups: Vec<(String, Vec<&Row>)> = [Call::Move, Call::MoveWithRoom, Call::Stay]
        .into_iter()
        .map(|call| (call_word(call).to_owned(), rows.iter().filter(|row| row.call == call).collect::<Vec<_>>()))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let parts = if groups.len() > 1 { groups } else { vec![] };
    let all = (rows.len() > 1).then(|| (String::new(), rows.iter().collect()));
    parts
        .into_iter()
        .chain(all)
        .map(|(word, rows)| {
            let numbers = |side| {
                let tallies: Vec<_> = rows.iter().filter_map(|row| row.tally(side)).collect();
                let sum = |of: fn(&super::row::Tally) -> &Figures| Figures::sum(tallies.iter().map(|tally| of(tally)));
                (tallies.len() == rows.len()).then(|| (sum(|tally| &tally.median), sum(|tally| &tally.worst)))
            };
            let mut cells = vec![
                "sum".to_owned(),
                match rows.len() {
                    1 => "1 incident".to_owned(),
                    more => format!("{more} incidents"),
                },
                word,
            ];
            cells.extend(figures(numbers, view));
            let times = cells.len() - 2;
            cells.iter_mut().skip(times).for_each(String::clear);
            Line { mark: worst_mark(&rows), cells }
        })
        .collect()
}

fn worst_mark(rows: &[&Row]) -> Mark {
    let marks: Vec<Mark> = rows.iter().map(|row| row.mark()).collect();
    [Mark::Bad, Mark::Warn].into_iter().find(|mark| marks.contains(mark)).unwrap_or(Mark::Good)
}

/// Cuts titles so that a line fits.
fn fit(lines: &mut [Line], headings: &[&str], view: &View) {
    let widest = |column: usize| {
        let heading = headings.get(column).map_or(0, |heading| heading.chars().count());
        lines.iter().filter_map(|line| line.cells.get(column)).map(|cell| cell.chars().count()).fold(heading, usize::max)
    };
    let others: usize = (0..headings.len()).filter(|column| *column != 1).map(|column| widest(column) + 2).sum();
    // Marks are one character, or up to four where they are ASCII.
    let marks = if view.look.unicode { 1 } else { 4 };
    let room = view.width.saturating_sub(marks + 1 + others + 2).max(TITLE_MIN);
    for title in lines.iter_mut().filter_map(|line| line.cells.get_mut(1)) {
        *title = cut(title, room, view.look);
    }
}

/// Text of at most `room` characters, with dots where something is left out.
pub(super) fn cut(text: &str, room: usize, look: Look) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let dots = look.symbol(Mark::Going);
    let kept: String = text.chars().take(room.saturating_sub(dots.chars().count())).collect();
    format!("{}{dots}", kept.trim_end())
}

/// What went wrong, incident by incident.
fn offences(rows: &[Row], look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for row in rows {
        for offence in row.offences.iter().take(OFFENCES_MAX) {
            let kind = match offence.kind {
                OffenceKind::Forbidden => "forbidden",
                OffenceKind::Violation => "broken promise",
            };
            let runs = match offence {
                offence if offence.runs > 1 => format!(" ({} runs, first in run {})", offence.runs, offence.run),
                offence if offence.run > 0 => format!(" (run {})", offence.run),
                _ => String::new(),
            };
            lines.push(format!("{} {}: {kind}: {}{runs}", look.paint(Mark::Bad, look.symbol(Mark::Bad)), row.id, offence.what));
        }
        let left = row.offences.len().saturating_sub(OFFENCES_MAX);
        lines.extend((left > 0).then(|| format!("  and {left} more in {}; --output json has them all", row.id)));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

fn minutes(value: f64) -> String {
    format!("{:.1}", value + 0.0)
}

/// Minutes of something that should not be: to the minute, and never 0 when there was some.
fn whole(value: f64) -> String {
    if value > 0.0 && value < 1.0 { "<1".to_owned() } else { format!("{value:.0}") }
}

fn length(seconds: Option<f64>, look: Look) -> String {
    let never = if look.unicode { "–" } else { "-" };
    seconds.map_or_else(|| never.to_owned(), |seconds| moment::length(SignedDuration::from_secs(seconds.round() as i64)))
}

/// What the columns mean, in lines of at most `width` characters.
pub(super) fn legend(view: &View) -> String {
    let has = |side| view.sides.contains(&Side::Other(side));
    let mut minutes = vec!["OURS: this policy"];
    minutes.extend(
        (view.runs > 1)
            .then_some("WORST: the worst run of it; the other columns are medians, or the most of any run where they count something"),
    );
    minutes.extend(has(Against::None).then_some("NONE: nobody moves anybody"));
    minutes.extend(has(Against::Act).then_some("ACT 3: somebody who knows all, 3 minutes after users feel it, where moving helps"));
    minutes.extend(has(Against::Talk).then_some("TALK: one check of /health per region"));
    minutes.extend(has(Against::Manual).then_some("MANUAL: an operator by hand"));
    let wide = "HOME B, HOME C: the same for users homed there; RECONN.: how often one homed in A was made to reconnect";
    let mut entries = vec![
        (
            "error-minutes",
            "minutes of failure of an average user homed in A, the impaired region; 0.25 for each forced reconnect".to_owned(),
        ),
        ("", minutes.join("; ")),
    ];
    entries.extend(view.wide.then(|| ("", wide.to_owned())));
    entries.extend([
        ("CALL", "the right one: move, stay, or room: move if the survivors have room".to_owned()),
        ("WRONG, FLIPS", "regions left while they were fine; times one went out or came back beyond the first".to_owned()),
        ("EMPTY, OVER", "minutes in which votes left some no answer or a last resort; in which a serving region was overloaded".to_owned()),
        ("VOTE, ANSWERS", "from the first that users felt to a majority of votes; to DNS answers that follow it".to_owned()),
    ]);
    let room = view.width.saturating_sub(15).max(30);
    let lines = entries.iter().flat_map(|(word, text)| {
        wrap(text, room).into_iter().enumerate().map(move |(index, line)| format!("{:<13}  {line}", if index == 0 { word } else { &"" }))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Text in lines of at most `room` characters, broken at blanks.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
