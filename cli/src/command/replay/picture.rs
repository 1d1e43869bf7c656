//! What happened in one run, as lanes over time and a list of sentences. `timeline` draws it as text, `svg` as a picture.
//!
//! Pure: it arranges an incident and its transcript. Minutes everywhere.

mod faults;
mod sentences;
mod states;

use decision::RegionName;
use replay::engine::Transcript;
use replay::incident::Incident;
use serde::Serialize;

use super::draw::Draw;
use crate::out::Mark;

/// Everything that is drawn of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Picture {
    /// The incident's short name.
    pub(super) id: String,
    /// Its title.
    pub(super) title: String,
    /// Which regions play A, B and C.
    #[serde(serialize_with = "super::figures::by_role")]
    pub(super) regions: [RegionName; 3],
    /// What is particular about the run; nothing about the plain one.
    pub(super) run: Option<String>,
    /// How long it is.
    pub(super) minutes: f64,
    /// From top to bottom, groups together.
    pub(super) lanes: Vec<Lane>,
    /// In order of time.
    pub(super) events: Vec<Told>,
}

/// What a lane is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Group {
    /// What broke.
    Faults,
    /// What one observer thinks of one region.
    Verdicts,
    /// How many observers vote to eject a region.
    Votes,
    /// With which region users of a home are answered.
    Answers,
    /// How much users of a home are hurt.
    Hurt,
}

impl Group {
    /// Every group, from top to bottom.
    pub(super) const ALL: [Group; 5] = [Group::Faults, Group::Verdicts, Group::Votes, Group::Answers, Group::Hurt];

    /// Its heading.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Group::Faults => "what broke",
            Group::Verdicts => "verdicts",
            Group::Votes => "votes to eject",
            Group::Answers => "answered with",
            Group::Hurt => "users hurt",
        }
    }
}

/// One line over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Lane {
    /// What it is about.
    pub(super) group: Group,
    /// `ddb err A`, `A by B`, `A`.
    pub(super) label: String,
    /// In order of time, apart. Where there is none, all is well.
    pub(super) stretches: Vec<Stretch>,
}

/// A part of a lane that looks the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Stretch {
    /// From this minute.
    pub(super) from: f64,
    /// To this one; the same for what happens at an instant.
    pub(super) to: f64,
    /// How it looks.
    #[serde(flatten)]
    pub(super) shade: Shade,
    /// What it says, in a few words.
    pub(super) says: String,
}

/// How a stretch looks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "shade", content = "level", rename_all = "kebab-case")]
pub(super) enum Shade {
    /// Something is broken: by how much, 0 to 1.
    Fault(f64),
    /// A verdict other than healthy.
    Degraded,
    /// The same.
    Unhealthy,
    /// The same.
    Unknown,
    /// Votes to eject, of three.
    Votes(u8),
    /// Answered with the region of this role, which is not the home.
    Away(usize),
    /// Answered with one of all regions, because nothing was healthy.
    LastResort,
    /// Not answered.
    Nothing,
    /// How much users are hurt, 0 to 1.
    Hurt(f64),
}

impl Shade {
    /// Which of two shows where there is room for one: the higher.
    pub(super) fn rank(self) -> f64 {
        match self {
            Shade::Fault(level) | Shade::Hurt(level) => level,
            Shade::Votes(votes) => f64::from(votes),
            Shade::Unknown | Shade::Away(_) => 1.0,
            Shade::Degraded => 2.0,
            Shade::Unhealthy | Shade::LastResort => 3.0,
            Shade::Nothing => 4.0,
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Told {
    /// Seconds from the incident's zero.
    pub(super) seconds: f64,
    /// How good the news is.
    #[serde(skip)]
    pub(super) mark: Mark,
    /// What kind of thing: `fault`, `verdict`, `vote`, `majority`, `answers`, `act`, `refused`.
    pub(super) kind: &'static str,
    /// Who, what and why, as a sentence.
    pub(super) what: String,
}

impl Picture {
    /// Arranges one run.
    pub(super) fn new(incident: &Incident, draw: &Draw, transcript: &Transcript) -> Self {
        let minutes = incident.horizon;
        let lanes = [
            faults::lanes(incident),
            states::verdicts(transcript, minutes),
            states::votes(transcript, minutes),
            states::answers(transcript, minutes),
            states::hurt(transcript, minutes),
        ];
        Self {
            id: incident.id.clone(),
            title: incident.title.clone(),
            regions: draw.regions.clone(),
            run: (draw.run > 0).then(|| draw.sentence()),
            minutes,
            lanes: lanes.into_iter().flatten().collect(),
            events: transcript.events.iter().filter_map(|event| sentences::told(event, incident, &draw.regions)).collect(),
        }
    }
}

/// The minute of a moment.
fn minute(at: std::time::Duration) -> f64 {
    at.as_secs_f64() / 60.0
}

/// Minutes for people: `1:02:03`.
pub(super) fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The letter of a role.
pub(super) fn letter(role: usize) -> &'static str {
    ["A", "B", "C"].get(role).copied().unwrap_or("?")
}

/// The smallest step between ticks, in minutes, that people count in and that is no less than this.
pub(super) fn step_of_at_least(minutes: f64) -> f64 {
    const STEPS: [f64; 16] = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 180.0, 240.0, 360.0, 720.0, 1440.0, 2880.0, 4320.0, 10_080.0];
    STEPS.into_iter().find(|step| *step >= minutes).unwrap_or(minutes.max(1.0))
}
