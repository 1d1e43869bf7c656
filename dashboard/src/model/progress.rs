//! How far a drain, or a return, has come: four stages with their times.

use decision::moment::{length, relative, time_of_day, utc};
use decision::{Answers, Intent, IntentKind, IntentState, RegionName, RegionView};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::header::Header;
use super::overview::Row;
use super::part::{Act, Button, Line, Mark};
use super::scene::Scene;

/// How far a region's newest intent has come. The page may be closed: what stands goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Progress {
    /// The head.
    pub header: Header,
    /// The region.
    #[schemars(with = "String")]
    pub region: RegionName,
    /// `Drain of eu-west-2 by ana, until 07:22 UTC`.
    pub title: String,
    /// What it is now: `eu-west-2 is drained until 07:22 UTC. Then it returns through its failback gates; …`.
    pub text: String,
    /// How good that is.
    pub mark: Mark,
    /// The four stages, in order.
    pub stages: Vec<StageLine>,
    /// Whether nothing is left to wait for.
    pub over: bool,
    /// Reason, ticket, generation, where it is stored.
    pub lines: Vec<Line>,
    /// What takes it back.
    pub undo: Option<Button>,
    /// The region as in the table.
    pub row: Row,
}

/// The stages of every intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A majority of observers holds the intent.
    Recorded,
    /// A majority of votes has turned.
    Health,
    /// Every DNS lookup says so.
    Answers,
    /// Answers that resolvers still kept have run out.
    Settled,
}

impl Stage {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Recorded => "recorded",
            Stage::Health => "health",
            Stage::Answers => "answers",
            Stage::Settled => "settled",
        }
    }

    /// What has happened then, in two words: `votes turned`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Stage::Recorded => "recorded",
            Stage::Health => "votes turned",
            Stage::Answers => "answers moved",
            Stage::Settled => "settled",
        }
    }
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StageLine {
    /// The stage.
    pub stage: Stage,
    /// Its label.
    pub label: &'static str,
    /// Where it is.
    pub state: StageState,
    /// The mark of that.
    pub mark: Mark,
    /// `03:22:31 (24s after it was recorded)`; empty while it is not reached.
    pub time: String,
    /// When it was reached.
    pub at: Option<Timestamp>,
    /// `3 of 3 observers vote eject`.
    pub text: String,
}

/// Where a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StageState {
    /// Reached.
    Done,
    /// What is waited for now.
    Going,
    /// Comes after the one that is waited for.
    Waiting,
    /// Will not be reached: refused, overtaken, or over.
    Failed,
    /// Cannot be seen from here.
    Unknown,
}

/// How long resolvers keep an answer: the records' TTL.
const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// How far the newest intent of a region has come; none where there is none.
pub(crate) fn progress(scene: &Scene<'_>, region: &RegionName) -> Option<Progress> {
    let (snapshot, now) = (scene.snapshot, scene.now);
    let intent = snapshot.newest.get(region)?;
    let view = snapshot.view.region(region)?;
    let row = scene.row(region)?;
    let standing = view.intent.as_ref().filter(|standing| standing.intent.id == intent.id);
    let stages = stages(scene, intent, view);
    let failed = stages.iter().any(|stage| stage.state == StageState::Failed);
    let waits = stages.iter().any(|stage| matches!(stage.state, StageState::Going | StageState::Waiting));
    let (title, text) = (title(intent, now), text(intent, view, &stages, now));
    let mut lines = vec![Line::new("reason", &intent.reason)];
    lines.extend(intent.ticket.as_ref().map(|ticket| Line::new("ticket", ticket)));
    lines.push(Line::new(
        "recorded",
        format!("{} UTC ({}) by {}", time_of_day(intent.recorded_at), relative(intent.recorded_at, now), intent.actor),
    ));
    if let Some(ended) = &intent.ended {
        let why = if ended.reason.is_empty() { String::new() } else { format!(": {:?}", ended.reason) };
        lines.push(Line::new("ended", format!("{} UTC ({}) by {}{why}", time_of_day(ended.at), relative(ended.at, now), ended.by)));
    }
    let stored = standing.map(|standing| scene.standing(standing, view.observers.len()).stored);
    lines.push(Line::new("stored", stored.unwrap_or_else(|| format!("generation {}", intent.generation))));
    Some(Progress {
        header: scene.header(),
        region: region.clone(),
        title,
        text,
        mark: if failed {
            Mark::Bad
        } else if waits {
            Mark::Going
        } else {
            Mark::Good
        },
        stages,
        over: failed || !waits,
        lines,
        undo: standing.map(|_| scene.button(region, Act::Resume)),
        row,
    })
}

fn title(intent: &Intent, now: Timestamp) -> String {
    let what = match intent.kind {
        IntentKind::Drain => "Drain",
        IntentKind::Hold => "Hold",
    };
    match &intent.ended {
        Some(ended) => format!("{what} of {} by {}, ended by {}", intent.region, intent.actor, ended.by),
        None if intent.ends_at <= now => {
            format!("{what} of {} by {}, over since {}", intent.region, intent.actor, utc(intent.ends_at, now))
        }
        None => format!("{what} of {} by {}, until {}", intent.region, intent.actor, utc(intent.ends_at, now)),
    }
}

fn text(intent: &Intent, view: &RegionView, stages: &[StageLine], now: Timestamp) -> String {
    let region = &intent.region;
    let reached = |stage: Stage| stages.iter().any(|line| line.stage == stage && line.state == StageState::Done);
    let until = utc(intent.ends_at, now);
    if let Some(failed) = stages.iter().find(|line| line.state == StageState::Failed) {
        return format!("The {} of {region} does not stand: {}.", intent.kind, failed.text);
    }
    match (intent.kind, intent.is_active(now)) {
        (IntentKind::Drain, true) if reached(Stage::Settled) => {
            format!("{region} is drained until {until}. Then it returns through its failback gates; nobody is sent back by a clock alone.")
        }
        (IntentKind::Drain, true) if reached(Stage::Answers) => {
            format!("{region} is drained until {until}. Who still has an old answer moves within {} s.", KEPT.as_secs())
        }
        (IntentKind::Drain, true) if reached(Stage::Health) => format!("{region} is drained until {until}. Answers follow as DNS moves."),
        (IntentKind::Drain, true) => format!("A drain of {region} is recorded until {until}. Votes and answers follow."),
        (IntentKind::Drain, false) if reached(Stage::Answers) => format!("The drain of {region} is ended. {region} is answered again."),
        (IntentKind::Drain, false) if reached(Stage::Health) => {
            format!("The drain of {region} is ended. {region} serves again; answers follow as DNS moves.")
        }
        (IntentKind::Drain, false) if view.reason.is_empty() || view.reason.starts_with("drained by ") => {
            format!("The drain of {region} is ended. Votes and answers follow.")
        }
        (IntentKind::Drain, false) => format!("The drain of {region} is ended; it returns through its failback gates: {}.", view.reason),
        (IntentKind::Hold, true) => format!("{region} is held until {until}: automation keeps its votes; people may still act."),
        (IntentKind::Hold, false) => format!("The hold of {region} is ended; automation decides again."),
    }
}

fn stages(scene: &Scene<'_>, intent: &Intent, view: &RegionView) -> Vec<StageLine> {
    let now = scene.now;
    let active = intent.is_active(now);
    let of = view.observers.len();
    let standing = view.intent.as_ref().filter(|standing| standing.intent.id == intent.id);
    let began = match &intent.ended {
        Some(ended) => ended.at,
        None if active => intent.recorded_at,
        None => intent.ends_at,
    };
    let recorded = match standing {
        Some(standing) => match standing.state {
            IntentState::Pending { .. } => line(Stage::Recorded, StageState::Going, None, began, standing.state.sentence()),
            IntentState::InForce | IntentState::Refused { .. } => {
                let text = format!("{} of {of} observers, generation {}", standing.stored_at.len(), intent.generation);
                line(Stage::Recorded, StageState::Done, Some(began), began, text)
            }
        },
        None => {
            let text = match &intent.ended {
                Some(ended) => format!("ended by {}, generation {}", ended.by, intent.generation),
                None => "its time is over".to_owned(),
            };
            line(Stage::Recorded, StageState::Done, Some(began), began, text)
        }
    };
    if intent.kind == IntentKind::Hold {
        return vec![recorded];
    }
    let taken_back = intent.ended.as_ref().filter(|ended| ended.reason.starts_with("refused by ")).map(|ended| ended.reason.clone());
    let refused = match standing.map(|standing| standing.state) {
        Some(IntentState::Refused { rule }) => Some(format!("refused by {rule}")),
        Some(IntentState::InForce | IntentState::Pending { .. }) | None => taken_back.map(|why| format!("{why}; it was taken back")),
    };
    let votes = view.votes_sentence();
    let survey = &scene.snapshot.dns.survey;
    let answered = scene.snapshot.regions.get(&intent.region).and_then(|state| state.answered);
    let (turned, moved) = if active {
        let out = view.answers.is_out() && recorded.state == StageState::Done;
        (out.then_some(view.since).flatten(), answered.filter(|answered| !answered.by_dns))
    } else {
        let serves = view.answers == Answers::Serving;
        (serves.then_some(view.since).flatten(), answered.filter(|answered| answered.by_dns))
    };
    let health = match (&refused, turned) {
        (Some(why), _) => line(Stage::Health, StageState::Failed, None, began, why.clone()),
        (None, Some(at)) => line(Stage::Health, StageState::Done, Some(at.max(began)), began, votes),
        (None, None) if recorded.state == StageState::Done => {
            let text = if view.reason.is_empty() { votes } else { format!("{votes}: {}", view.reason) };
            line(Stage::Health, StageState::Going, None, began, text)
        }
        (None, None) => line(Stage::Health, StageState::Waiting, None, began, String::new()),
    };
    let sentence = survey.sentence(&intent.region);
    let unseen = scene.snapshot.dns.problem.clone().or_else(|| survey.lookups.is_empty().then(|| "DNS is not asked from here".to_owned()));
    let answers = match (&health.at, moved, unseen) {
        _ if health.state == StageState::Failed => line(Stage::Answers, StageState::Unknown, None, began, String::new()),
        (None, _, _) => line(Stage::Answers, StageState::Waiting, None, began, String::new()),
        (Some(_), _, Some(why)) => line(Stage::Answers, StageState::Unknown, None, began, why),
        (Some(health), Some(moved), None) => line(Stage::Answers, StageState::Done, Some(moved.since.max(*health)), began, sentence),
        (Some(_), None, None) => line(Stage::Answers, StageState::Going, None, began, sentence),
    };
    let kept = KEPT.as_secs();
    let settled = match (answers.state, answers.at) {
        (StageState::Done, Some(at)) if now.duration_since(at) >= KEPT => {
            line(Stage::Settled, StageState::Done, Some(at + KEPT), began, format!("answers from before have run out ({kept} s)"))
        }
        (StageState::Done, Some(at)) => {
            let left = length(KEPT - now.duration_since(at));
            line(
                Stage::Settled,
                StageState::Going,
                None,
                began,
                format!("answers from before run out within {left}; clients that are connected re-resolve"),
            )
        }
        (StageState::Unknown, _) => line(Stage::Settled, StageState::Unknown, None, began, String::new()),
        _ => line(Stage::Settled, StageState::Waiting, None, began, String::new()),
    };
    vec![recorded, health, answers, settled]
}

fn line(stage: Stage, state: StageState, at: Option<Timestamp>, began: Timestamp, text: String) -> StageLine {
    let mark = match state {
        StageState::Done => Mark::Good,
        StageState::Going => Mark::Going,
        StageState::Waiting | StageState::Unknown => Mark::Unknown,
        StageState::Failed => Mark::Bad,
    };
    let time = at.map(|at| match stage {
        Stage::Recorded => time_of_day(at),
        Stage::Health | Stage::Answers | Stage::Settled => {
            format!("{} ({} after it was recorded)", time_of_day(at), length(at.duration_since(began)))
        }
    });
    StageLine { stage, label: stage.label(), state, mark, time: time.unwrap_or_default(), at, text }
}
