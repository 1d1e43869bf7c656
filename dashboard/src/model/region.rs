//! One region in depth: what each observer saw, which messages arrive where, how long things took, and who decided what.

use std::collections::BTreeMap;

use decision::moment::{relative, time_of_day};
use decision::{Check, News, Outcome, RegionName};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use store::explain::{Account, Row as Told};
use store::log::Entry;

use super::header::Header;
use super::log::{LogLine, line};
use super::overview::Row;
use super::part::{Line, Mark, Spark};
use super::path;
use super::scene::{Scene, spark};
use crate::state::Seen;

/// One region in depth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegionPage {
    /// The head.
    pub header: Header,
    /// The region as in the table of the first screen.
    pub row: Row,
    /// Each check as each observer saw it in its newest round. A row per observer, a cell per check of [`RegionPage::check_names`].
    pub checks: Vec<CheckRow>,
    /// The names of the checks, in the order of the cells.
    pub check_names: Vec<&'static str>,
    /// The delivery matrix of each observer's newest round, all regions.
    pub grids: Vec<Grid>,
    /// Timings of the last hour: REST read, delivery, replication.
    pub timings: Vec<Spark>,
    /// Who decided what, on which evidence: now, or at the moment that was asked for.
    pub explained: Explained,
    /// The moments that can be asked for.
    pub slider: Slider,
}

/// What one observer saw of the region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckRow {
    /// The observer.
    #[schemars(with = "String")]
    pub observer: RegionName,
    /// `round 412 at 03:22:03 (4s ago), observer itself pass`, or why there is none.
    pub round: String,
    /// The worst of the cells; unknown where the observer is unfit or its round too old.
    pub mark: Mark,
    /// One per check.
    pub cells: Vec<CheckCell>,
}

/// What one check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckCell {
    /// The check.
    pub check: &'static str,
    /// How good that is.
    pub mark: Mark,
    /// `pass`, `degraded:late`, `fail:status-503`, `unknown:not-tried`; `-` where it was not made.
    pub outcome: String,
    /// `42 ms`, `12 ms, attempt 2`; empty where it was not made.
    pub took: String,
}

/// The delivery matrix by one observer: from the region of the row into the region of the column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Grid {
    /// The observer.
    #[schemars(with = "String")]
    pub observer: RegionName,
    /// `seen from eu-west-1, 4s ago: 8 of 9 messages arrived; into eu-west-2 from us-east-1 lost`.
    pub title: String,
    /// The regions of the columns.
    #[schemars(with = "Vec<String>")]
    pub columns: Vec<RegionName>,
    /// The rows.
    pub rows: Vec<GridRow>,
}

/// The messages that were sent into one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GridRow {
    /// Where they were sent into.
    #[schemars(with = "String")]
    pub from: RegionName,
    /// Whether this is the region of the page.
    pub here: bool,
    /// One per column.
    pub cells: Vec<GridCell>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GridCell {
    /// Where it should arrive.
    #[schemars(with = "String")]
    pub to: RegionName,
    /// Good, or bad where it was lost.
    pub mark: Mark,
    /// How long it took, in milliseconds; none where it was lost.
    pub millis: Option<u32>,
    /// `92 ms` or `lost`.
    pub text: String,
    /// How dark the cell is: 0 (at once) to 4 (as slow as the slowest); 0 where it was lost.
    pub shade: u8,
}

/// Who decided what, on which evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explained {
    /// Whether this is a moment of the past.
    pub past: bool,
    /// The moment.
    pub at: Timestamp,
    /// How good the region's news was then.
    pub mark: Mark,
    /// `as of 2026-11-23 03:22:07 UTC, 5h 12m ago, by what SSM still has. Ages count from then.`; none for now.
    pub headline: Option<String>,
    /// `us-east-1 is ejected since 03:21 UTC (1m 1s ago)`.
    pub title: String,
    /// Votes, verdict, decided by, because, intent, a drain.
    pub lines: Vec<Line>,
    /// One block per observer.
    pub says: Vec<Says>,
    /// What happened until then, newest first; empty for now.
    pub before: Vec<LogLine>,
    /// Why nothing can be told of the moment that was asked for.
    pub problem: Option<String>,
}

/// What one observer has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Says {
    /// The observer.
    #[schemars(with = "String")]
    pub observer: RegionName,
    /// How good that is.
    pub mark: Mark,
    /// `votes eject since 03:21:06 (1m 1s ago)`; `does not answer`.
    pub title: String,
    /// Lane, verdict, memory, decided, round, saw, stored.
    pub lines: Vec<Line>,
}

/// The moments that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Slider {
    /// The oldest moment of which anything is known here.
    pub from: Timestamp,
    /// The newest.
    pub to: Timestamp,
    /// The moment that is shown; none for now.
    pub at: Option<Timestamp>,
    /// What `at` in the address must be to be there again; `%F %T` in UTC, empty for now.
    pub value: String,
    /// The step to the moment before, as an address; none at the oldest.
    pub earlier: Option<String>,
    /// The step to the moment after, as an address; none at now.
    pub later: Option<String>,
    /// Back to now.
    pub now: String,
    /// Moments at which something changed, oldest first: at most 40.
    pub moments: Vec<Moment>,
}

/// A moment at which something changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// `03:21:06`.
    pub text: String,
    /// What changed.
    pub what: String,
    /// Its address.
    pub href: String,
    /// How good it was.
    pub mark: Mark,
    /// How far along the slider, in thousandths.
    pub permille: u16,
}

/// How many moments of change are offered.
const MOMENTS_MAX: usize = 40;
/// How far a step goes.
const STEP: SignedDuration = SignedDuration::from_secs(10);
/// The slider reaches back at least so far, and at most as far as [`FARTHEST`].
const NEAREST: SignedDuration = SignedDuration::from_mins(10);
const FARTHEST: SignedDuration = SignedDuration::from_hours(72);
/// A round that is older says nothing of now.
const ROUND_OLD: SignedDuration = SignedDuration::from_secs(60);

/// What is told of a moment.
pub(crate) enum Telling {
    /// An account, with what is told beside it.
    Account(Box<Account>),
    /// Nothing can be told, and why.
    Problem(String),
}

/// One region in depth; none where the policy does not have it. `at` is the moment that is told of, none for now; `moves` is what happened, for the slider.
pub(crate) fn region_page(
    scene: &Scene<'_>,
    region: &RegionName,
    at: Option<Timestamp>,
    telling: Telling,
    moves: &[Entry],
) -> Option<RegionPage> {
    let row = scene.row(region)?;
    let hour = SignedDuration::from_hours(1);
    let history = scene.snapshot.regions.get(region).map(|state| state.history.as_slice()).unwrap_or_default();
    let observers = || scene.snapshot.observers.iter();
    Some(RegionPage {
        header: scene.header(),
        row,
        checks: observers().map(|(observer, seen)| check_row(observer, seen, region, scene.now)).collect(),
        check_names: Check::ALL.iter().map(|check| check.as_str()).collect(),
        grids: observers().filter_map(|(observer, seen)| grid(scene, observer, seen, region)).collect(),
        timings: vec![
            spark("REST read", history, scene.now, hour, |point| point.rest_ms),
            spark("delivery", history, scene.now, hour, |point| point.delivery_ms),
            spark("replication", history, scene.now, hour, |point| point.replication_ms),
        ],
        explained: explained(telling, at, scene.now),
        slider: slider(scene, region, at, moves),
    })
}

fn check_row(observer: &RegionName, seen: &Seen, region: &RegionName, now: Timestamp) -> CheckRow {
    let round = seen.observed.as_ref().and_then(|observed| observed.rounds.last());
    let Some(round) = round else {
        let why = seen.problem.clone().unwrap_or_else(|| "has published no rounds".to_owned());
        return CheckRow { observer: observer.clone(), round: why, mark: Mark::Unknown, cells: Vec::new() };
    };
    let made = round.regions.get(region);
    let cells = Check::ALL.iter().map(|check| match made.and_then(|made| made.get(check)) {
        None => CheckCell { check: check.as_str(), mark: Mark::Unknown, outcome: "-".to_owned(), took: String::new() },
        Some(result) => {
            let mark = match &result.outcome {
                Outcome::Pass => Mark::Good,
                Outcome::Degraded(_) => Mark::Warn,
                Outcome::Fail(_) => Mark::Bad,
                Outcome::Unknown(_) => Mark::Unknown,
            };
            let again = if result.attempts > 1 { format!(", attempt {}", result.attempts) } else { String::new() };
            CheckCell { check: check.as_str(), mark, outcome: result.outcome.to_string(), took: format!("{} ms{again}", result.millis) }
        }
    });
    let cells: Vec<CheckCell> = cells.collect();
    let fit = matches!(round.self_check, Outcome::Pass | Outcome::Degraded(_)) && now.duration_since(round.produced_at) <= ROUND_OLD;
    let worst = [Mark::Bad, Mark::Warn, Mark::Unknown].into_iter().find(|mark| cells.iter().any(|cell| cell.mark == *mark));
    CheckRow {
        observer: observer.clone(),
        round: format!(
            "round {} at {} ({}), observer itself {}",
            round.number,
            time_of_day(round.produced_at),
            relative(round.produced_at.min(now), now),
            round.self_check
        ),
        mark: if fit && made.is_some() { worst.unwrap_or(Mark::Good) } else { Mark::Unknown },
        cells,
    }
}

fn grid(scene: &Scene<'_>, observer: &RegionName, seen: &Seen, region: &RegionName) -> Option<Grid> {
    let observed = seen.observed.as_ref()?;
    let round = observed.rounds.last()?;
    if observed.matrix.is_empty() {
        return None;
    }
    let columns: Vec<RegionName> = scene.policy.regions().iter().cloned().collect();
    let slowest = observed.matrix.values().flat_map(BTreeMap::values).copied().max().unwrap_or(1).max(1);
    let cell = |from: &RegionName, to: &RegionName| {
        let millis = observed.matrix.get(from).and_then(|row| row.get(to)).copied();
        GridCell {
            to: to.clone(),
            mark: if millis.is_some() { Mark::Good } else { Mark::Bad },
            millis,
            text: millis.map_or_else(|| "lost".to_owned(), |millis| format!("{millis} ms")),
            // 0 to 4, by fifths of the slowest.
            shade: millis.map_or(0, |millis| u8::try_from(u64::from(millis) * 5 / (u64::from(slowest) + 1)).unwrap_or(4)),
        }
    };
    let rows: Vec<GridRow> = columns
        .iter()
        .map(|from| GridRow { from: from.clone(), here: from == region, cells: columns.iter().map(|to| cell(from, to)).collect() })
        .collect();
    let all = rows.iter().flat_map(|row| row.cells.iter().map(move |cell| (&row.from, cell)));
    let lost: Vec<String> = all.filter(|(_, cell)| cell.millis.is_none()).map(|(from, cell)| format!("{from} to {}", cell.to)).collect();
    let of = columns.len() * columns.len();
    let words = match lost.len() {
        0 => String::new(),
        lost_all if lost_all == of => "; all are lost".to_owned(),
        _ => format!("; lost: {}", lost.join(", ")),
    };
    let age = relative(round.produced_at.min(scene.now), scene.now);
    Some(Grid {
        observer: observer.clone(),
        title: format!("seen from {observer}, {age}: {} of {of} messages arrived{words}", of - lost.len()),
        columns,
        rows,
    })
}

fn explained(telling: Telling, at: Option<Timestamp>, now: Timestamp) -> Explained {
    let account = match telling {
        Telling::Account(account) => account,
        Telling::Problem(problem) => {
            return Explained {
                past: at.is_some(),
                at: at.unwrap_or(now),
                mark: Mark::Unknown,
                headline: None,
                title: String::new(),
                lines: Vec::new(),
                says: Vec::new(),
                before: Vec::new(),
                problem: Some(problem),
            };
        }
    };
    let told = account.told();
    let lines = |rows: &[Told]| rows.iter().map(|(word, text)| Line::new(word, text.as_str())).collect();
    Explained {
        past: at.is_some(),
        at: account.at,
        mark: News::of(account.answers, account.verdict, account.intent.is_some()).into(),
        headline: told.headline,
        title: told.title,
        lines: lines(&told.rows),
        says: told
            .blocks
            .iter()
            .map(|block| Says {
                observer: block.observer.clone(),
                mark: block.news.into(),
                title: block.title.clone(),
                lines: lines(&block.rows),
            })
            .collect(),
        before: account.before.iter().map(|entry| line(entry, account.at)).collect(),
        problem: None,
    }
}

/// The moments that can be asked for: from the oldest vote that is still stored, as far as the moves tell of it.
fn slider(scene: &Scene<'_>, region: &RegionName, at: Option<Timestamp>, moves: &[Entry]) -> Slider {
    let to = scene.now;
    let mut changed: Vec<&Entry> =
        moves.iter().filter(|entry| entry.region == *region && to.duration_since(entry.at) <= FARTHEST).collect();
    changed.truncate(MOMENTS_MAX);
    changed.reverse();
    let oldest = changed.iter().map(|entry| entry.at).chain(at).min();
    let from = oldest.map_or(to - NEAREST, |oldest| (oldest - STEP).min(to - NEAREST));
    let whole = to.duration_since(from).as_millis().max(1);
    let permille = |at: Timestamp| u16::try_from((at.duration_since(from).as_millis().max(0) * 1000 / whole).min(1000)).unwrap_or(1000);
    let moments = changed.iter().map(|entry| {
        let told = line(entry, to);
        Moment {
            at: entry.at,
            text: time_of_day(entry.at),
            what: format!("{}: {}", told.who, told.what),
            // What a read a moment later would have found: documents are stored after they were decided.
            href: path::region_at(region, (entry.at + SETTLED).min(to)),
            mark: told.mark,
            permille: permille(entry.at),
        }
    });
    let shown = at.unwrap_or(to);
    let later = at.map(|at| at + STEP);
    Slider {
        from,
        to,
        at,
        value: at.map(|at| at.strftime("%F %T").to_string()).unwrap_or_default(),
        earlier: Some(path::region_at(region, shown - STEP)),
        later: later.filter(|later| *later < to).map(|later| path::region_at(region, later)),
        now: path::region(region),
        moments: moments.collect(),
    }
}

/// How long after a decision its document is stored for sure.
const SETTLED: SignedDuration = SignedDuration::from_secs(2);
