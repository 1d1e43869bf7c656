//! A file as TOML: its keys, their values, and what must hold between them. What a line of a timeline means is the matter of `timeline`.

use std::collections::BTreeMap;
use std::ops::Range as Span;

use decision::RegionName;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::flaw::{Flaw, Flaws, nearest, quoted};
use super::timeline::{self, Section, TUPLES_MAX};
use super::tuple::{self, Wrong, among};
use super::words::{HORIZON_MAX, Range};
use super::{Call, Forbidden, ForbiddenAct, Incident, Role, ServiceShape, Tuple};

const KEYS: [&str; 13] =
    ["id", "title", "source", "chat", "right", "trap", "call", "horizon", "regions", "faults", "history", "forbid", "service"];
const FORBID_KEYS: [&str; 4] = ["act", "region", "from", "to"];
const SERVICE_KEYS: [&str; 3] = ["headroom", "overload_error", "share"];

/// The longest id, title and sentence, in characters.
const ID_MAX: usize = 40;
const TITLE_MAX: usize = 200;
const SENTENCE_MAX: usize = 2_000;
/// How many acts a file may forbid.
const FORBIDDEN_MAX: usize = 50;
/// Minutes that are replayed after the last line, where the file does not say.
const AFTER_THE_LAST: f64 = 60.0;

type Value<'a> = Spanned<DeValue<'a>>;

/// A file that is being read, with what was found wrong so far.
pub(super) struct Reading<'a> {
    file: &'a str,
    text: &'a str,
    /// Where each line starts, in bytes.
    starts: Vec<usize>,
    flaws: Flaws,
}

impl<'a> Reading<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, starts, flaws: Flaws::default() }
    }

    /// The incident, or everything that is wrong with it.
    pub(super) fn incident(mut self) -> Result<Incident, Flaws> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let reason: String = error.message().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let at = error.span().map(|span| self.line(span.start));
            self.tell(at, (format!("not TOML: {reason}"), None));
        }
        // What a broken document seems to say beyond that is a guess, and its flaws would hide the one that is sure.
        let read = if errors.is_empty() { self.root(document.get_ref()) } else { None };
        match read {
            Some(incident) if self.flaws.is_empty() => Ok(incident),
            _ => Err(self.flaws.in_order()),
        }
    }

    fn root(&mut self, table: &DeTable<'_>) -> Option<Incident> {
        self.only_known(table, "", &KEYS);
        let id = self.required(table, "id").and_then(|value| self.id(value));
        let [title, source, chat, right, trap] =
            [("title", TITLE_MAX), ("source", SENTENCE_MAX), ("chat", SENTENCE_MAX), ("right", SENTENCE_MAX), ("trap", SENTENCE_MAX)]
                .map(|(key, max)| self.required(table, key).and_then(|value| self.sentence(key, value, max)));
        let call = self.required(table, "call").and_then(|value| self.word("call", value, &Call::ALL));
        let regions = self.required(table, "regions").and_then(|value| self.regions(value));
        let faults = self.required(table, "faults").and_then(|value| self.timeline("faults", value, Section::Faults));
        let history = table.get("history").map_or(Some(Vec::new()), |value| self.timeline("history", value, Section::History));
        if let (Some(faults), Some(history)) = (&faults, &history)
            && faults.len() + history.len() > TUPLES_MAX
        {
            self.tell(None, (format!("more than {TUPLES_MAX} tuples in faults and history together"), None));
        }
        let last = [faults.as_deref(), history.as_deref()]
            .into_iter()
            .flatten()
            .filter_map(|tuples| tuples.last())
            .fold(0.0, |t, tuple| tuple.minute.max(t));
        let horizon = match table.get("horizon") {
            None => Some(f64::min(last + AFTER_THE_LAST, HORIZON_MAX)),
            Some(value) => self.horizon(value, last),
        };
        let forbidden = table.get("forbid").map_or(Some(Vec::new()), |value| self.forbidden(value, horizon));
        let shape = table.get("service").map_or(Some(ServiceShape::default()), |value| self.shape(value));
        Some(Incident {
            id: id?,
            title: title?,
            source: source?,
            chat: chat?,
            right: right?,
            trap: trap?,
            call: call?,
            regions: regions?,
            horizon: horizon?,
            forbidden: forbidden?,
            shape: shape?,
            faults: faults?,
            history: history?,
        })
    }

    fn tell(&mut self, line: Option<usize>, (reason, nearest): Wrong) {
        self.flaws.push(Flaw { file: self.file.to_owned(), line, reason, nearest });
    }

    /// Tells what is wrong at a place in the text. Always `None`, for what was to be read there.
    fn wrong<T>(&mut self, at: &Span<usize>, wrong: Wrong) -> Option<T> {
        let line = self.line(at.start);
        self.tell(Some(line), wrong);
        None
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    fn only_known(&mut self, table: &DeTable<'_>, within: &str, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let raw = key.get_ref().as_ref();
            let place = if within.is_empty() { String::new() } else { format!(" of {within}") };
            let misplaced = if !within.is_empty() && KEYS.contains(&raw) { "; it belongs above the first line in [brackets]" } else { "" };
            let near = nearest(raw, known.iter().copied());
            let known = tuple::known(near.as_ref(), known);
            self.wrong::<()>(&key.span(), (format!("{} is not a key{place}{misplaced}{known}", quoted(raw)), near));
        }
    }

    fn required<'t, 'i>(&mut self, table: &'t DeTable<'i>, key: &str) -> Option<&'t Value<'i>> {
        let value = table.get(key);
        if value.is_none() {
            self.tell(None, (format!("{key} is missing"), None));
        }
        value
    }

    fn not_a<T>(&mut self, key: &str, value: &Value<'_>, wanted: &str) -> Option<T> {
        self.wrong(&value.span(), (format!("{key} is to be {wanted}, not {}", kind_of(value)), None))
    }

    fn text_of<'t>(&mut self, key: &str, value: &'t Value<'_>) -> Option<&'t str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.not_a(key, value, "text in quotes"),
        }
    }

    fn table_of<'t, 'i>(&mut self, key: &str, value: &'t Value<'i>) -> Option<&'t DeTable<'i>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.not_a(key, value, "a table"),
        }
    }

    fn number_of(&mut self, key: &str, value: &Value<'_>) -> Option<f64> {
        let raw = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => return self.not_a(key, value, "a plain number"),
        };
        tuple::number(raw.strip_prefix('+').unwrap_or(raw))
            .map_or_else(|(reason, near)| self.wrong(&value.span(), (format!("{key}: {reason}"), near)), Some)
    }

    fn word<T: Copy + std::fmt::Display>(&mut self, key: &str, value: &Value<'_>, known: &[T]) -> Option<T> {
        let raw = self.text_of(key, value)?;
        if let Some(found) = known.iter().find(|one| one.to_string() == raw) {
            return Some(*found);
        }
        let words: Vec<String> = known.iter().map(ToString::to_string).collect();
        let near = nearest(raw, words.iter().map(String::as_str));
        self.wrong(&value.span(), (format!("{key} is one of {}, not {}", among(&words), quoted(raw)), near))
    }

    fn id(&mut self, value: &Value<'_>) -> Option<String> {
        let raw = self.text_of("id", value)?;
        let plain =
            (1..=ID_MAX).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !raw.starts_with('-');
        if plain {
            return Some(raw.to_owned());
        }
        self.wrong(&value.span(), (format!("{} is not an id: letters, digits and -, at most {ID_MAX}", quoted(raw)), None))
    }

    /// One line, whatever its line breaks in the file.
    fn sentence(&mut self, key: &str, value: &Value<'_>, max: usize) -> Option<String> {
        let text = self.text_of(key, value)?.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return self.wrong(&value.span(), (format!("{key} is empty"), None));
        }
        if text.chars().any(char::is_control) {
            return self.wrong(&value.span(), (format!("{key} holds a control character"), None));
        }
        if text.chars().count() > max {
            return self.wrong(&value.span(), (format!("{key} is longer than {max} characters"), None));
        }
        Some(text)
    }

    fn by_role<'t, 'i>(&mut self, key: &str, value: &'t Value<'i>) -> Option<Vec<(Role, &'t Value<'i>)>> {
        let table = self.table_of(key, value)?;
        self.only_known(table, key, &Role::ALL.map(Role::word));
        Some(Role::ALL.into_iter().filter_map(|role| table.get(role.word()).map(|value| (role, value))).collect())
    }

    fn regions(&mut self, value: &Value<'_>) -> Option<BTreeMap<Role, RegionName>> {
        let mut regions: BTreeMap<Role, RegionName> = BTreeMap::new();
        let mut sound = true;
        let said = self.by_role("regions", value)?;
        for role in Role::ALL {
            let Some((_, value)) = said.iter().find(|(said, _)| *said == role) else {
                sound = false;
                self.wrong::<()>(&value.span(), (format!("regions.{role} is missing"), None));
                continue;
            };
            let name = self
                .text_of("a region", value)
                .and_then(|raw| RegionName::new(raw).map_or_else(|error| self.wrong(&value.span(), (error.to_string(), None)), Some));
            let twin = name.as_ref().and_then(|name| regions.iter().find(|(_, other)| *other == name)).map(|(twin, _)| *twin);
            if let Some(twin) = twin {
                sound = false;
                self.wrong::<()>(&value.span(), (format!("{role} and {twin} are the same region"), None));
            }
            sound &= name.is_some();
            regions.extend(name.map(|name| (role, name)));
        }
        sound.then_some(regions)
    }

    fn timeline(&mut self, key: &str, value: &Value<'_>, section: Section) -> Option<Vec<Tuple>> {
        if !matches!(value.get_ref(), DeValue::String(_)) {
            return self.not_a(key, value, "text between \"\"\" and \"\"\", one tuple per line");
        }
        let span = value.span();
        // The text as it stands in the file, so that its lines are the file's lines.
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| raw.starts_with(quotes)).unwrap_or_default();
        let inner = raw.strip_prefix(quotes).and_then(|raw| raw.strip_suffix(quotes)).unwrap_or(raw);
        let first = self.line(span.start);
        let mut wrongs = Vec::new();
        let tuples = timeline::read(inner, first, section, &mut |line, wrong| wrongs.push((line, wrong)));
        if tuples.is_empty() && wrongs.is_empty() && section == Section::Faults {
            return self.wrong(&span, ("faults holds no tuple".to_owned(), None));
        }
        wrongs.into_iter().for_each(|(line, wrong)| self.tell(Some(line), wrong));
        Some(tuples)
    }

    fn horizon(&mut self, value: &Value<'_>, last: f64) -> Option<f64> {
        let horizon = self.number_of("horizon", value)?;
        if !(horizon > 0.0 && horizon <= HORIZON_MAX) {
            let near = if horizon > 0.0 { HORIZON_MAX } else { last + AFTER_THE_LAST };
            return self.wrong(
                &value.span(),
                (format!("horizon={horizon} is out of range: over 0, at most {HORIZON_MAX} minutes"), Some(near.to_string())),
            );
        }
        if horizon < last {
            let near = Some((last + AFTER_THE_LAST).to_string());
            return self.wrong(&value.span(), (format!("horizon={horizon} is before the last tuple, at minute {last}"), near));
        }
        Some(horizon)
    }

    fn forbidden(&mut self, value: &Value<'_>, horizon: Option<f64>) -> Option<Vec<Forbidden>> {
        let DeValue::Array(list) = value.get_ref() else {
            return self.not_a("forbid", value, "tables that start with [[forbid]]");
        };
        if list.len() > FORBIDDEN_MAX {
            return self.wrong(&value.span(), (format!("more than {FORBIDDEN_MAX} forbidden acts"), None));
        }
        let read: Vec<Option<Forbidden>> = list.iter().map(|one| self.forbidden_act(one, horizon)).collect();
        read.into_iter().collect()
    }

    fn forbidden_act(&mut self, value: &Value<'_>, horizon: Option<f64>) -> Option<Forbidden> {
        let table = self.table_of("forbid", value)?;
        self.only_known(table, "forbid", &FORBID_KEYS);
        let minute = |reading: &mut Self, key: &str| -> Option<Option<f64>> {
            let Some(value) = table.get(key) else { return Some(None) };
            let minute = reading.number_of(key, value)?;
            let limit = horizon.unwrap_or(HORIZON_MAX);
            if !(0.0..=limit).contains(&minute) {
                let near = Some(minute.clamp(0.0, limit).to_string());
                return reading.wrong(&value.span(), (format!("{key}={minute} is outside the incident, 0 to {limit}"), near));
            }
            Some(Some(minute))
        };
        let (from, to) = (minute(self, "from"), minute(self, "to"));
        let Some(act) = table.get("act") else {
            return self.wrong(&value.span(), (format!("act is missing: one of {}", among(&ForbiddenAct::ALL)), None));
        };
        let act = self.word("act", act, &ForbiddenAct::ALL);
        let region = table.get("region").map_or(Some(None), |value| self.word("region", value, &Role::ALL).map(Some));
        let (act, region, from, to) = (act?, region?, from?.unwrap_or(0.0), to?);
        if to.is_some_and(|to| to <= from) {
            return self.wrong(&value.span(), (format!("the window ends at {} and starts at {from}", to.unwrap_or_default()), None));
        }
        if act == ForbiddenAct::EjectTwo && region.is_some() {
            return self.wrong(&value.span(), ("eject-two is about no one region".to_owned(), None));
        }
        Some(Forbidden { act, region, from, to })
    }

    fn shape(&mut self, value: &Value<'_>) -> Option<ServiceShape> {
        let table = self.table_of("service", value)?;
        self.only_known(table, "service", &SERVICE_KEYS);
        let [headroom, overload_error, share] = [
            ("headroom", Range::Between(0.1, 100.0, "times")),
            ("overload_error", Range::Share),
            ("share", Range::Between(0.001, 0.998, "of all users")),
        ]
        .map(|(key, range)| table.get(key).map_or(Some(BTreeMap::new()), |value| self.levels(key, value, range)));
        let shape = ServiceShape { headroom: headroom?, overload_error: overload_error?, share: share? };
        let sum: f64 = shape.share.values().sum();
        if !shape.share.is_empty() && (shape.share.len() < 3 || (sum - 1.0).abs() > 0.001) {
            return self.wrong(&value.span(), (format!("share is to name A, B and C, with a sum of 1; it is {sum:.3}"), None));
        }
        Some(shape)
    }

    fn levels(&mut self, key: &str, value: &Value<'_>, range: Range) -> Option<BTreeMap<Role, f64>> {
        let mut levels = BTreeMap::new();
        let mut sound = true;
        for (role, value) in self.by_role(key, value)? {
            let level = self.number_of(key, value).and_then(|level| {
                tuple::in_range(role.word(), level, range)
                    .map_or_else(|(reason, near)| self.wrong(&value.span(), (format!("{key}: {reason}"), near)), Some)
            });
            sound &= level.is_some();
            levels.extend(level.map(|level| (role, level)));
        }
        sound.then_some(levels)
    }
}

fn kind_of(value: &Value<'_>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
