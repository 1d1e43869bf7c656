//! The templates, each with what it is given. Askama escapes every value; none is marked as safe.

use askama::Template;

use super::picture::{Path, Picture};
use super::shell::Shell;
use crate::model::{Act, Choice, Line, LogPage, Overview, Preview, Progress, RegionPage, StageLine, StageState};

/// The first screen.
#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct OverviewView<'a> {
    pub(super) shell: &'a Shell<'a>,
    pub(super) page: &'a Overview,
}

/// What changes of it.
#[derive(Template)]
#[template(path = "overview_live.html")]
pub(super) struct OverviewPart<'a> {
    pub(super) page: &'a Overview,
}

/// One region.
#[derive(Template)]
#[template(path = "region.html")]
pub(super) struct RegionView<'a> {
    pub(super) shell: &'a Shell<'a>,
    pub(super) page: &'a RegionPage,
}

/// What changes of it.
#[derive(Template)]
#[template(path = "region_live.html")]
pub(super) struct RegionPart<'a> {
    pub(super) page: &'a RegionPage,
}

/// The stages of an intent.
#[derive(Template)]
#[template(path = "progress.html")]
pub(super) struct ProgressView<'a> {
    pub(super) shell: &'a Shell<'a>,
    pub(super) page: &'a Progress,
}

/// What changes of them.
#[derive(Template)]
#[template(path = "progress_live.html")]
pub(super) struct ProgressPart<'a> {
    pub(super) page: &'a Progress,
}

/// The word for where a stage is.
pub(super) fn word(stage: &StageLine) -> &'static str {
    match stage.state {
        StageState::Done => "done",
        StageState::Going => "under way",
        StageState::Waiting => "comes later",
        StageState::Failed => "not reached",
        StageState::Unknown => "not known",
    }
}

/// The log.
#[derive(Template)]
#[template(path = "log.html")]
pub(super) struct LogView<'a> {
    pub(super) shell: &'a Shell<'a>,
    pub(super) page: &'a LogPage,
}

impl LogView<'_> {
    /// How far back what is shown reaches, as it can be asked for.
    fn since(&self) -> &str {
        let asked = self.page.filter.since.as_str();
        if asked.is_empty() || !self.page.problems.is_empty() { "7d" } else { asked }
    }
}

/// What of the log can be asked for.
const KINDS: [(&str, &str); 4] = [("", "everything"), ("people", "what people did"), ("votes", "votes"), ("refusals", "refusals")];

/// What could not be done, though nothing was wrong with the form.
pub(super) struct Failed {
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) missing: Vec<Line>,
    pub(super) hints: Vec<String>,
}

/// The preview of an act, which is its form.
#[derive(Template)]
#[template(path = "act.html")]
pub(super) struct ActView<'a> {
    pub(super) shell: &'a Shell<'a>,
    pub(super) page: &'a Preview,
    pub(super) failed: Option<Failed>,
}

impl ActView<'_> {
    /// What a field is called.
    fn label(&self, field: &str) -> &'static str {
        match field {
            "reason" => "The reason",
            "ticket" => "The ticket",
            "for" => "The length",
            "confirm" => "The typed name",
            "key" | "generation" | "seen" => "The form",
            _ => "A field",
        }
    }

    /// What is wrong with a field.
    fn wrong<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.page.problems.iter().filter(move |problem| problem.field == field).map(|problem| problem.text.as_str())
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.wrong(field).next().is_some()
    }

    /// Whether the length is one of the person's own.
    fn is_own(&self) -> bool {
        !self.page.lengths.iter().any(|choice| choice.chosen)
    }

    /// What the button says when this end is chosen.
    fn button(&self, choice: &Choice) -> String {
        let until = choice.label.split_once(", ").map_or(choice.label.as_str(), |(_, until)| until);
        format!("{} {until}", self.button_own())
    }

    /// What the button says without an end.
    fn button_own(&self) -> String {
        let act = match self.page.act {
            Act::Drain => "Drain",
            Act::Resume => "Resume",
            Act::Extend => "Extend",
            Act::Hold => "Hold",
        };
        format!("{act} {}", self.page.region)
    }
}

/// A page that is not there.
#[derive(Template)]
#[template(path = "lost.html")]
pub(super) struct LostView {
    pub(super) style: &'static str,
}
