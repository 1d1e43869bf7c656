//! A timeline of a file: its lines, each read by `tuple`, and what must hold between them. Comments and empty lines are free.

use super::flaw::nearest;
use super::tuple::{self, Wrong};
use super::{Act, Effect, Tuple};

/// How many tuples a file may hold, history included.
pub const TUPLES_MAX: usize = 2_000;

/// Which timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// What went wrong.
    Faults,
    /// What happened then because of what people and machines did then.
    History,
}

/// Reads the lines of `text`, the first of which is line `first` of the file. `told` takes each flaw with its line.
pub(super) fn read(text: &str, first: usize, section: Section, told: &mut impl FnMut(usize, Wrong)) -> Vec<Tuple> {
    let mut tuples: Vec<Tuple> = Vec::new();
    let mut before: Option<(f64, usize)> = None;
    let mut count = 0usize;
    for (index, raw) in text.lines().enumerate() {
        let line = first + index;
        let said = raw.split('#').next().unwrap_or_default().trim();
        if said.is_empty() {
            continue;
        }
        count += 1;
        if count > TUPLES_MAX {
            told(line, (format!("more than {TUPLES_MAX} tuples; nothing after them is read"), None));
            break;
        }
        // Judged for its time even if the rest is wrong, so that one look at the flaws is enough.
        if let Some(minute) = said.split_whitespace().next().and_then(|first| tuple::number(first).ok()) {
            if let Some((latest, other)) = before
                && minute < latest
            {
                let reason = format!("time runs backwards: minute {minute} stands after minute {latest} of line {other}");
                told(line, (reason, Some(latest.to_string())));
            }
            before = Some((minute, line));
        }
        match tuple::read(said, line) {
            Err(wrongs) => wrongs.into_iter().for_each(|wrong| told(line, wrong)),
            Ok(tuple) => {
                if section == Section::Faults
                    && let Effect::Act(Act::Note(word)) = &tuple.effect
                {
                    told(line, note_among_faults(word));
                }
                if let Some(twin) = same_moment(&tuples, &tuple) {
                    told(line, (format!("line {} says the same thing for the same minute: one level would be lost", twin.line), None));
                }
                tuples.push(tuple);
            }
        }
    }
    tuples
}

fn note_among_faults(word: &str) -> Wrong {
    let near = nearest(word, Act::APPLIED.iter().map(Act::word));
    let applied = tuple::among(&Act::APPLIED);
    (format!("nobody carries out act={word}: among faults an act is one of {applied}; a note belongs in history"), near)
}

/// A tuple of the same minute for the same component, place and kind of effect. Acts differ by their word.
fn same_moment<'a>(tuples: &'a [Tuple], new: &Tuple) -> Option<&'a Tuple> {
    let same = |old: &&Tuple| {
        (old.component, old.place) == (new.component, new.place)
            && match (&old.effect, &new.effect) {
                (Effect::Act(old), Effect::Act(new)) => old == new,
                (old, new) => old.kind() == new.kind(),
            }
    };
    tuples.iter().rev().take_while(|old| old.minute == new.minute).find(same)
}
