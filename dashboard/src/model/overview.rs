//! The first screen: are users hurt, where, since when, who says so, who acts already, and can the page be trusted.

use decision::moment::{length, relative, time_of_day};
use decision::{Answers, DecidedBy, IntentKind, RegionName, RegionView, Verdict};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::header::Header;
use super::log::LogLine;
use super::part::{Button, Mark, Spark};
use super::scene::{Scene, list};
use crate::dns::Said;

/// An answer of DNS that is older is no longer what DNS says.
const DNS_OLD: SignedDuration = SignedDuration::from_mins(1);

/// The first screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overview {
    /// The head.
    pub header: Header,
    /// The one sentence.
    pub banner: Banner,
    /// The regions: the sick first, then those that are out, then the well.
    pub rows: Vec<Row>,
    /// What happened last, newest first: at most eight.
    pub moves: Vec<LogLine>,
    /// What else of the last moves there is to say: who could not be read.
    pub moves_notes: Vec<String>,
    /// What DNS says.
    pub dns: DnsTable,
}

/// The one sentence that answers whether users are hurt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Banner {
    /// How bad it is.
    pub mark: Mark,
    /// `USERS AT RISK`, `ALL WELL`, `NOT LIVE`: two or three words in capitals.
    pub word: String,
    /// The sentence.
    pub text: String,
    /// `users: served by 2 of 3 regions`.
    pub users: String,
    /// What a person should know beside it, the gravest first: what automation does, how near the edge, what ends soon.
    pub notes: Vec<String>,
}

/// One region in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Row {
    /// The region.
    #[schemars(with = "String")]
    pub region: RegionName,
    /// How good its news is.
    pub mark: Mark,
    /// Where its page is.
    pub href: String,
    /// `serving`, `ejected`, `drained`, `unknown`.
    pub answers: &'static str,
    /// Since when: `12m`; `-` where that is not known.
    pub since: String,
    /// The same as a time.
    pub since_at: Option<Timestamp>,
    /// The same in full: `since 03:10 UTC (12m ago)`; empty where it is not known.
    pub since_title: String,
    /// `healthy`, `degraded`, `unhealthy`, `unknown`.
    pub verdict: &'static str,
    /// How many observers say so: `2/3`.
    pub says: String,
    /// How the votes add up: `2 of 3 eject, 1 serve`.
    pub votes: String,
    /// The slowest REST read of each ten seconds over the last half hour, as the probes of all observers made them.
    pub rest: Spark,
    /// The slowest message between this region and another, in the newest rounds: `92 ms`; `-` where none is known.
    pub replication: String,
    /// How many of the DNS lookups are told this region: `9 of 16`; `-` where DNS was not asked.
    pub lookups: String,
    /// `automatic`, or `ana, until 05:10 UTC (1h 48m)`.
    pub decided_by: String,
    /// Why it is where it is, where that is not plain: the observers' sentence.
    pub reason: Option<String>,
    /// The drain or hold that stands.
    pub standing: Option<Standing>,
    /// What may be done: the likeliest first.
    pub buttons: Vec<Button>,
}

/// A drain or hold that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// `drain` or `hold`.
    pub kind: &'static str,
    /// Who asked.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The ticket.
    pub ticket: Option<String>,
    /// `in force`; `recorded at 1 of the 2 observers it needs`; `refused by last-region`.
    pub state: String,
    /// How good that is.
    pub mark: Mark,
    /// `ends in 1h 48m, 05:10 UTC`.
    pub ends: String,
    /// When it ends.
    pub ends_at: Timestamp,
    /// `generation 118, stored at 3 of 3: eu-west-1, eu-west-2, us-east-1`.
    pub stored: String,
    /// Its generation.
    pub generation: u64,
    /// Where its stages are shown.
    pub progress: String,
}

/// What DNS says, asked from here as for clients in several places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DnsTable {
    /// Whether it was asked lately with success: good, warn (an answer is unclear), bad never, unknown (not asked, or too long ago).
    pub mark: Mark,
    /// `16 lookups 3s ago: eu-west-1 9, eu-west-2 7, us-east-1 0`, or why there are none.
    pub text: String,
    /// By place of the client.
    pub places: Vec<DnsPlace>,
}

/// What clients of one place are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DnsPlace {
    /// The place: `London`.
    pub place: String,
    /// One per public name.
    pub answers: Vec<DnsAnswer>,
}

/// What one name is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DnsAnswer {
    /// The public name.
    pub name: String,
    /// Warn where the region is one that is out, or where several are answered; unknown where the answer is no region's.
    pub mark: Mark,
    /// `eu-west-1`; `192.0.2.7 is no region's`; `no answer in time`.
    pub text: String,
}

/// Votes that turn within this are one move.
const ONE_MOVE: SignedDuration = SignedDuration::from_mins(1);
/// How many of the last moves are shown.
const MOVES_MAX: usize = 8;

/// The first screen. The moves are newest first, however many.
pub(crate) fn overview(scene: &Scene<'_>, moves: Vec<LogLine>, moves_notes: Vec<String>) -> Overview {
    let mut rows: Vec<Row> = scene.policy.regions().iter().filter_map(|region| scene.row(region)).collect();
    let rank = |row: &Row| match row.mark {
        Mark::Bad => 0,
        Mark::Unknown | Mark::Going => 1,
        Mark::Warn => 2,
        Mark::Good => 3,
    };
    rows.sort_by(|a, b| (rank(a), &a.region).cmp(&(rank(b), &b.region)));
    let mut moves = together(moves);
    moves.truncate(MOVES_MAX);
    Overview { header: scene.header(), banner: banner(scene), rows, moves, moves_notes, dns: dns_table(scene) }
}

/// The moves that were stored, newest first. Votes of several observers that turned the same way within a minute are one move.
fn together(lines: Vec<LogLine>) -> Vec<LogLine> {
    let mut moves: Vec<(LogLine, Vec<String>)> = Vec::new();
    for line in lines.into_iter().filter(|line| line.generation.is_some()) {
        let observer = line.who.strip_prefix("observer ").map(str::to_owned);
        let same = |(other, observers): &&mut (LogLine, Vec<String>)| {
            !observers.is_empty()
                && (&other.region, &other.what) == (&line.region, &line.what)
                && other.at.duration_since(line.at) < ONE_MOVE
                && observer.as_ref().is_some_and(|observer| !observers.contains(observer))
        };
        match (moves.iter_mut().find(same), observer) {
            (Some((earliest, observers)), Some(observer)) => {
                observers.insert(0, observer);
                // The first vote is when it began, and why.
                *earliest = line;
            }
            (_, observer) => moves.push((line, observer.into_iter().collect())),
        }
    }
    let told = moves.into_iter().map(|(line, observers)| match observers.as_slice() {
        [] | [_] => line,
        several => LogLine { who: format!("{} observers", several.len()), what: line.what.replacen("votes ", "vote ", 1), ..line },
    });
    let mut told: Vec<LogLine> = told.collect();
    told.sort_by_key(|line| std::cmp::Reverse(line.at));
    told
}

/// The one sentence: of everything that is so, the gravest kind of it.
fn banner(scene: &Scene<'_>) -> Banner {
    let view = &scene.snapshot.view;
    let notes = view.warnings.iter().map(ToString::to_string);
    let automation = view.regions.iter().filter_map(|region| {
        let why = region.because()?;
        (region.answers == Answers::Serving && region.verdict != Verdict::Healthy).then(|| format!("{}: {why}", region.region))
    });
    let notes = automation.chain(notes).collect();
    let (mark, word, text) = said(scene);
    Banner { mark, word: word.to_owned(), text, users: view.service_line(), notes }
}

fn said(scene: &Scene<'_>) -> (Mark, &'static str, String) {
    let (snapshot, now) = (scene.snapshot, scene.now);
    let regions = &snapshot.view.regions;
    let all = |wanted: &dyn Fn(&RegionView) -> bool| regions.iter().filter(|region| wanted(region)).collect::<Vec<_>>();
    let told = |regions: &[&RegionView], one: &dyn Fn(&RegionView) -> String| {
        regions.iter().map(|region| one(region)).collect::<Vec<_>>().join("; ")
    };
    let ago = |region: &RegionView| region.since.map(|since| format!(" for {}", length(now.duration_since(since)))).unwrap_or_default();
    match snapshot.heard_at {
        None => return (Mark::Unknown, "NOTHING KNOWN", "no majority of observers has been heard yet".to_owned()),
        Some(at) if snapshot.is_stale(now) => {
            let at = format!("{} UTC, {}", time_of_day(at), relative(at.min(now), now));
            return (Mark::Unknown, "NOT LIVE", format!("below is what was known at {at}: no majority of observers answers since"));
        }
        Some(_) => {}
    }
    if regions.iter().all(|region| region.answers.is_out()) {
        return (Mark::Bad, "USERS AT RISK", "no region passes, so DNS answers with every region, sick ones included".to_owned());
    }
    let sick = all(&|region| region.answers == Answers::Serving && region.verdict == Verdict::Unhealthy);
    if !sick.is_empty() {
        let one = |region: &RegionView| {
            let survey = &snapshot.dns.survey;
            let name = &region.region;
            match (survey.saying(name), survey.lookups.len()) {
                (_, 0) => format!("{name} is unhealthy and still serves"),
                (0, _) => format!("{name} is unhealthy and still serves, though no lookup says it"),
                (saying, of) => format!("{name} is unhealthy and still gets users: {saying} of {of} lookups say it"),
            }
        };
        return (Mark::Bad, "USERS AT RISK", told(&sick, &one));
    }
    let unclear =
        all(&|region| region.answers == Answers::Unknown || (region.answers == Answers::Serving && region.verdict == Verdict::Unknown));
    if !unclear.is_empty() {
        let one = |region: &RegionView| match region.answers {
            Answers::Unknown => format!("too few votes can be read to say whether {} serves", region.region),
            Answers::Serving | Answers::Ejected | Answers::Drained => format!("{} serves, and nobody can say how well", region.region),
        };
        return (Mark::Unknown, "NOT KNOWN", told(&unclear, &one));
    }
    let out = all(&|region| region.answers.is_out());
    let degraded = all(&|region| region.answers == Answers::Serving && region.verdict == Verdict::Degraded);
    let one = |region: &RegionView| match (&region.decided_by, region.answers) {
        (DecidedBy::Person { kind: IntentKind::Drain, actor, .. }, _) => format!("{} is drained by {actor}{}", region.region, ago(region)),
        (DecidedBy::Person { .. } | DecidedBy::Automatic, answers) => {
            format!("{} is {answers} and {}{}", region.region, region.verdict, ago(region))
        }
    };
    if !out.is_empty() {
        let mut text = format!("{}; users are served elsewhere", told(&out, &one));
        if !degraded.is_empty() {
            text.push_str(&format!("; {}", told(&degraded, &one)));
        }
        return (Mark::Warn, "USERS ARE SERVED", text);
    }
    if !degraded.is_empty() {
        return (Mark::Warn, "NOT AS IT SHOULD BE", told(&degraded, &|region| format!("{} serves, and is degraded", region.region)));
    }
    let held = all(&|region| region.intent.is_some());
    if !held.is_empty() {
        let one = |region: &RegionView| match &region.intent {
            Some(standing) => {
                format!("a {} of {} by {} is {}", standing.intent.kind, region.region, standing.intent.actor, standing.state.sentence())
            }
            None => String::new(),
        };
        return (Mark::Warn, "ALL SERVE", format!("every region serves and is healthy; {}", told(&held, &one)));
    }
    (Mark::Good, "ALL WELL", "every region serves and is healthy".to_owned())
}

/// What DNS says.
fn dns_table(scene: &Scene<'_>) -> DnsTable {
    let (dns, now) = (&scene.snapshot.dns, scene.now);
    let out = |region: &RegionName| scene.snapshot.view.region(region).is_some_and(|view| view.answers.is_out());
    let mut places: Vec<DnsPlace> = Vec::new();
    for lookup in &dns.survey.lookups {
        let (mark, text) = match &lookup.said {
            Said::Regions(regions) if regions.iter().any(out) => (Mark::Warn, format!("{}, which is out", list(regions))),
            Said::Regions(regions) if regions.len() > 1 => (Mark::Warn, format!("{} at once", list(regions))),
            Said::Regions(regions) => (Mark::Good, list(regions)),
            Said::Stranger(address) => (Mark::Unknown, format!("{address} is no region's")),
            Said::Nothing(why) => (Mark::Unknown, why.clone()),
        };
        let answer = DnsAnswer { name: lookup.name.clone(), mark, text };
        match places.iter_mut().find(|place| place.place == lookup.client) {
            Some(place) => place.answers.push(answer),
            None => places.push(DnsPlace { place: lookup.client.clone(), answers: vec![answer] }),
        }
    }
    let counts: Vec<String> = scene.policy.regions().iter().map(|region| format!("{region} {}", dns.survey.saying(region))).collect();
    let unclear = match dns.survey.unclear() {
        0 => String::new(),
        unclear => format!(", {unclear} unclear"),
    };
    let worst = places.iter().flat_map(|place| &place.answers).map(|answer| answer.mark).max_by_key(|mark| match mark {
        Mark::Good => 0,
        Mark::Warn | Mark::Going => 1,
        Mark::Unknown | Mark::Bad => 2,
    });
    let (mark, text) = match (dns.asked_at, &dns.problem) {
        (None, None) => (Mark::Unknown, "DNS was not asked yet".to_owned()),
        (None, Some(problem)) => (Mark::Unknown, format!("DNS cannot be asked: {problem}")),
        (Some(at), Some(problem)) => {
            (Mark::Unknown, format!("DNS cannot be asked: {problem}; below is what it said {}", relative(at.min(now), now)))
        }
        (Some(at), None) => {
            let text = format!("{} lookups {}: {}{unclear}", dns.survey.lookups.len(), relative(at.min(now), now), counts.join(", "));
            (if now.duration_since(at) > DNS_OLD { Mark::Unknown } else { worst.unwrap_or(Mark::Unknown) }, text)
        }
    };
    DnsTable { mark, text, places }
}
