//! One line of a timeline, `3 lambda A err=0.2 DE`: read and written. Each of its five parts is judged alone, so that one line can tell several flaws.

use std::fmt;

use super::flaw::{nearest, quoted};
use super::words::{HORIZON_MAX, Kind, Range};
use super::{Act, Component, Effect, Evidence, Place, Role, Tuple};

/// What is wrong with a part of a line, and what would be right.
pub(super) type Wrong = (String, Option<String>);

/// The longest number that is read, in bytes.
const NUMBER_MAX: usize = 32;
/// The longest act, in bytes.
const ACT_MAX: usize = 40;

/// Reads a line that is not empty. `Err` tells everything that is wrong with it.
pub(super) fn read(text: &str, line: usize) -> Result<Tuple, Vec<Wrong>> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let &[minute, component, place, effect, marks] = parts.as_slice() else {
        return Err(vec![wrong_count(&parts)]);
    };
    let mut wrongs = Vec::new();
    let minute = keep(number(minute).and_then(in_time), &mut wrongs);
    let component = keep(component_of(component), &mut wrongs);
    let place = keep(place_of(place), &mut wrongs);
    let effect = keep(effect_of(effect), &mut wrongs);
    let marks = keep(marks_of(marks), &mut wrongs);
    if let Some(component) = component {
        fitting(component, place, effect.as_ref(), &mut wrongs);
    }
    match (minute, component, place, effect, marks) {
        (Some(minute), Some(component), Some(place), Some(effect), Some((time, level))) if wrongs.is_empty() => {
            Ok(Tuple { minute, component, place, effect, time, level, line })
        }
        _ => Err(wrongs),
    }
}

fn wrong_count(parts: &[&str]) -> Wrong {
    let last = parts.last().copied().unwrap_or_default();
    let reason = match parts.len() {
        4 if last.contains('=') => {
            return (
                "the evidence is missing: one letter for the time, one for the level; D documented, R recalled, E estimated".to_owned(),
                Some(format!("{} EE", parts.join(" "))),
            );
        }
        count => format!("a tuple has five parts, `minute component where effect=level evidence`; this has {count}"),
    };
    (reason, None)
}

fn keep<T>(read: Result<T, Wrong>, wrongs: &mut Vec<Wrong>) -> Option<T> {
    read.map_err(|wrong| wrongs.push(wrong)).ok()
}

/// A plain decimal: no exponent, no `inf`, no `nan`.
pub(super) fn number(raw: &str) -> Result<f64, Wrong> {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let plain = raw.len() <= NUMBER_MAX
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.matches('.').count() <= 1;
    match raw.parse::<f64>() {
        // A zero has no sign here: what is read is written again as it was meant.
        Ok(value) if plain && value.is_finite() => Ok(value + 0.0),
        _ => Err((format!("{} is not a plain number, such as 0.72 or 300", quoted(raw)), None)),
    }
}

fn in_time(minute: f64) -> Result<f64, Wrong> {
    if minute < 0.0 {
        return Err((format!("minute {minute} is before the beginning; time starts at 0"), Some("0".to_owned())));
    }
    if minute > HORIZON_MAX {
        return Err((format!("minute {minute} is over the limit of {HORIZON_MAX}, two weeks"), Some(HORIZON_MAX.to_string())));
    }
    Ok(minute)
}

fn component_of(raw: &str) -> Result<Component, Wrong> {
    Component::ALL.into_iter().find(|component| component.word() == raw).ok_or_else(|| {
        let near = nearest(raw, Component::ALL.map(Component::word));
        (format!("{} is not a component{}", quoted(raw), known(near.as_ref(), &Component::ALL)), near)
    })
}

/// The words that are known, where none is near enough to be named.
pub(super) fn known<T: fmt::Display>(near: Option<&String>, words: &[T]) -> String {
    if near.is_some() {
        return String::new();
    }
    format!("; known are {}", among(words))
}

/// Words, joined for people.
pub(super) fn among<T: fmt::Display>(words: &[T]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn place_of(raw: &str) -> Result<Place, Wrong> {
    read_place(raw).ok_or_else(|| {
        let upper: String = raw.to_uppercase().replace("->", ">").replace('→', ">");
        let lower_vantage = upper.strip_prefix('V').map_or_else(|| upper.clone(), |rest| format!("v{rest}"));
        let near = read_place(&lower_vantage).map(|place| place.to_string());
        (
            format!(
                "{} is not a place: A, B or C, * for all, A>B from one to another, v1>A or v1>* from a vantage (v1 to v3)",
                quoted(raw)
            ),
            near,
        )
    })
}

fn read_place(raw: &str) -> Option<Place> {
    match raw.split_once('>') {
        None if raw == "*" => Some(Place::Everywhere),
        None => Role::of(raw).map(Place::Region),
        Some((from, to)) => match from.strip_prefix('v') {
            Some(number) => {
                let number = ["1", "2", "3"].iter().position(|known| *known == number)?;
                let to = if to == "*" { None } else { Some(Role::of(to)?) };
                Some(Place::Vantage(number as u8 + 1, to))
            }
            None => match (Role::of(from)?, Role::of(to)?) {
                (from, to) if from == to => None,
                (from, to) => Some(Place::Path(from, to)),
            },
        },
    }
}

fn effect_of(raw: &str) -> Result<Effect, Wrong> {
    let Some((word, level)) = raw.split_once('=') else {
        return Err((format!("{} is not an effect with its level, such as err=0.3", quoted(raw)), None));
    };
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.word() == word) else {
        let near = nearest(word, Kind::ALL.map(Kind::word));
        return Err((format!("{} is not an effect{}", quoted(word), known(near.as_ref(), &Kind::ALL)), near));
    };
    if kind == Kind::Act {
        return act_of(level).map(Effect::Act);
    }
    let level = in_range(kind.word(), number(level)?, kind.range())?;
    kind.with(level).ok_or_else(|| (format!("{} has no level", quoted(word)), None))
}

/// The level, if it is in its range. What is nearest keeps the writer's scale: a share of 67 was a percentage.
pub(super) fn in_range(word: &str, level: f64, range: Range) -> Result<f64, Wrong> {
    let refuse = |rule: &str, near: f64| Err((format!("{word}={level} is out of range: {rule}"), Some(format!("{word}={near}"))));
    match range {
        Range::Share if !(0.0..=1.0).contains(&level) => {
            let near = if (2.0..=100.0).contains(&level) { level / 100.0 } else { level.clamp(0.0, 1.0) };
            refuse("a share, from 0 to 1", near)
        }
        Range::Switch if level != 0.0 && level != 1.0 => refuse("0 or 1", if level < 0.5 { 0.0 } else { 1.0 }),
        Range::Between(low, high, unit) if !(low..=high).contains(&level) => {
            refuse(&format!("from {low} to {high} {unit}"), level.clamp(low, high))
        }
        _ => Ok(level),
    }
}

fn act_of(raw: &str) -> Result<Act, Wrong> {
    if let Some(act) = Act::APPLIED.into_iter().find(|act| act.word() == raw) {
        return Ok(act);
    }
    let plain = !raw.is_empty() && raw.len() <= ACT_MAX && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain {
        Ok(Act::Note(raw.to_owned()))
    } else {
        Err((format!("{} is not an act: a word of a-z, 0-9 and _, at most {ACT_MAX} long", quoted(raw)), None))
    }
}

fn marks_of(raw: &str) -> Result<(Evidence, Evidence), Wrong> {
    let mut letters = raw.chars();
    match (letters.next().and_then(Evidence::of), letters.next().and_then(Evidence::of), letters.next()) {
        (Some(time), Some(level), None) => Ok((time, level)),
        _ => {
            let upper = raw.to_ascii_uppercase();
            let near = (upper.len() == 2 && upper.chars().all(|c| Evidence::of(c).is_some())).then_some(upper);
            Err((format!("{} is not evidence: two letters of D, R and E, for the time and for the level", quoted(raw)), near))
        }
    }
}

/// What each part may be depends on the component.
fn fitting(component: Component, place: Option<Place>, effect: Option<&Effect>, wrongs: &mut Vec<Wrong>) {
    if let Some(place) = place
        && !component.fits(place)
    {
        wrongs.push((format!("{component} cannot be at {place}; it takes {}", component.places()), None));
    }
    if let Some(effect) = effect
        && !component.takes().contains(&effect.kind())
    {
        let near = match component.takes() {
            [only] => Some(only.to_string()),
            several => nearest(effect.kind().word(), several.iter().map(|kind| kind.word())),
        };
        wrongs.push((format!("{} does not fit {component}, which takes {}", effect.kind(), among(component.takes())), near));
    }
    if let (Some(Effect::Act(act)), Some(Place::Everywhere)) = (effect, place)
        && act.needs_a_region()
    {
        wrongs.push((format!("{act} is done to one region: A, B or C"), None));
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Region(role) => write!(f, "{role}"),
            Place::Everywhere => f.write_str("*"),
            Place::Path(from, to) => write!(f, "{from}>{to}"),
            Place::Vantage(number, Some(role)) => write!(f, "v{number}>{role}"),
            Place::Vantage(number, None) => write!(f, "v{number}>*"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.kind().word();
        match (self, self.level()) {
            (Effect::Stall(on), _) => write!(f, "{word}={}", u8::from(*on)),
            (Effect::Act(act), _) => write!(f, "{word}={act}"),
            (_, level) => write!(f, "{word}={}", level.unwrap_or_default()),
        }
    }
}

impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tuple { minute, component, place, effect, time, level, line: _ } = self;
        write!(f, "{minute} {component} {place} {effect} {}{}", time.letter(), level.letter())
    }
}
