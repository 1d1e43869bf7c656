//! What an act would do, before it is done; and what became of it.

use decision::{Intent, RegionName, SafetyRule};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::header::Header;
use super::part::{Act, Line, Mark};

/// What an act would do. The same page is the form: to see more, fill it in and look again; to act, type the region and send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The head.
    pub header: Header,
    /// The act.
    pub act: Act,
    /// The region.
    pub region: RegionName,
    /// `Drain eu-west-2 of api.chat.example.com until 07:22 UTC (4h)?`
    pub title: String,
    /// Now, after, moves, but, stands, undo.
    pub lines: Vec<Line>,
    /// The rules that have a say.
    pub rules: Vec<RuleLine>,
    /// Why it cannot be done as it stands.
    pub refused: Option<Refused>,
    /// What moved since the person last looked: shown first, and marked. Nothing was written.
    pub moved: Vec<String>,
    /// What is wrong with what was filled in.
    pub problems: Vec<Problem>,
    /// What was filled in, or is proposed. `generation`, `seen` and `key` go into hidden fields.
    pub fields: Fields,
    /// The ends to choose from.
    pub lengths: Vec<Choice>,
    /// Whether the region's name must be typed, into the field `confirm`.
    pub needs_name: bool,
    /// Whether a reason must be given.
    pub needs_reason: bool,
    /// What stands on the button: `Drain eu-west-2 until 07:22 UTC`.
    pub button: String,
    /// Whether there is a button: not for viewers, and not for what is refused or needless.
    pub can_write: bool,
    /// Where the form posts to.
    pub action: String,
    /// The same act as a command to copy.
    pub command: String,
}

/// What a form carries, and JSON too: everything but the act and the region, which are in the path. All of it is text as people wrote it; limits are
/// checked when it is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// Why; at most 200 characters.
    pub reason: String,
    /// The ticket, or empty; at most 40 characters.
    pub ticket: String,
    /// How long: `4h`, `2h30m`; at most `72h`.
    #[serde(rename = "for")]
    pub length: String,
    /// The region's name, typed.
    pub confirm: String,
    /// The generation of the region's newest document when the person looked; 0 where there is none. Empty for a preview.
    pub generation: String,
    /// What the person saw of all regions, as the form had it; not looked into where it is empty.
    pub seen: String,
    /// Makes sending it twice the same as once: 1 to 32 of `a-z0-9-`, fresh with every form.
    pub key: String,
}

/// An end to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What the field says: `4h`.
    pub value: String,
    /// What people read: `4h, until 07:22 UTC`.
    pub label: String,
    /// Whether it is the one chosen.
    pub chosen: bool,
}

/// One rule's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleLine {
    /// The rule: `last-region`.
    pub rule: &'static str,
    /// Good or bad.
    pub mark: Mark,
    /// `ok` or `refuses`.
    pub word: &'static str,
    /// What it looked at.
    pub why: String,
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The rule, where one refuses.
    pub rule: Option<SafetyRule>,
    /// The sentence.
    pub text: String,
    /// What would help, with the commands.
    pub hints: Vec<String>,
}

/// Something that was filled in and cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The name of the field.
    pub field: &'static str,
    /// What is wrong, as a sentence about the field: `must not be empty`.
    pub text: String,
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It stands at a majority of observers, or stood there already.
    Done {
        /// Whether anything was written.
        changed: bool,
        /// The sentence.
        text: String,
        /// The document that stands.
        intent: Option<Box<Intent>>,
        /// The observers that hold it.
        recorded_at_observers: Vec<RegionName>,
        /// Why the others do not, by observer.
        missing: Vec<Line>,
        /// When.
        at: Timestamp,
        /// Where its stages are shown.
        progress: String,
    },
    /// Something that was filled in cannot be. Nothing was written.
    Invalid {
        /// What.
        problems: Vec<Problem>,
        /// The preview with the problems marked.
        preview: Box<Preview>,
    },
    /// The world is not what the person saw. Nothing was written.
    Moved {
        /// What moved.
        moved: Vec<String>,
        /// The preview as of now, with what moved marked.
        preview: Box<Preview>,
    },
    /// A rule, or what stands, is in the way. Nothing was written.
    Refused {
        /// Why, and what would help.
        refused: Refused,
        /// The preview as of now.
        preview: Box<Preview>,
    },
    /// It is not known to stand.
    Failed {
        /// `failed` (nothing was written), `credentials` (nothing was written), `unknown` (it may stand).
        kind: &'static str,
        /// The sentence.
        text: String,
        /// Why, by observer.
        missing: Vec<Line>,
        /// What would help, with the commands.
        hints: Vec<String>,
    },
}
