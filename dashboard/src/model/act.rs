//! Preview and confirmation of what a person may do: drain, resume, extend, hold. A GET shows this, a POST carries it back.

use super::Mark;

/// What a person may do from a page. Going past a safety rule is not among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Send no users there.
    Drain,
    /// End a drain or hold.
    Resume,
    /// Move its end.
    Extend,
    /// Freeze automation.
    Hold,
}

impl Kind {
    /// Each of them.
    pub(crate) const ALL: [Kind; 4] = [Kind::Drain, Kind::Resume, Kind::Extend, Kind::Hold];

    /// The word in addresses, in commands and on buttons.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Drain => "drain",
            Kind::Resume => "resume",
            Kind::Extend => "extend",
            Kind::Hold => "hold",
        }
    }

    /// The same from an address.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The sheet that is shown before, with its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sheet {
    /// What it is about.
    pub(crate) kind: Kind,
    /// The region.
    pub(crate) region: String,
    /// The question: `Drain eu-west-2 of api.chat.example.com until 07:22 UTC (4h)?`
    pub(crate) question: String,
    /// What is, what would be, what moves, how to undo it: a word and a sentence each.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The rules that have a say; empty for what no rule is about.
    pub(crate) rules: Vec<Rule>,
    /// What refuses it as things stand, and what would make it pass; the form is then not offered.
    pub(crate) refused: Option<Refused>,
    /// The form; none where there is nothing to send.
    pub(crate) form: Option<Form>,
    /// The same act as a command.
    pub(crate) command: String,
}

/// One rule's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) name: String,
    /// Whether it lets the act pass.
    pub(crate) mark: Mark,
    /// What it looked at.
    pub(crate) why: String,
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// `eu-west-1 is the last region serving (rule last-region). Nothing was changed.`
    pub(crate) sentence: String,
    /// What would make it pass, each as a sentence or a command.
    pub(crate) hints: Vec<String>,
    /// What moved since the form was made, one line each; empty if nothing did.
    pub(crate) moved: Vec<String>,
}

/// The form as it is shown: as it was typed, with what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// What the button says: the act, the region, the end.
    pub(crate) button: String,
    /// Whether the region's name must be typed.
    pub(crate) typed: Option<Field>,
    /// Why.
    pub(crate) reason: Field,
    /// Whether a reason must be given.
    pub(crate) reason_needed: bool,
    /// The ticket; none where it makes no sense.
    pub(crate) ticket: Option<Field>,
    /// For how long; none where it makes no sense.
    pub(crate) length: Option<Length>,
    /// The generation that the preview is bound to.
    pub(crate) generation: u64,
    /// Names this attempt: sent twice, it is done once.
    pub(crate) key: String,
}

/// For how long: one of some choices, or a length of one's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Length {
    /// Lengths with their ends: `4h`, `07:22 UTC`.
    pub(crate) choices: Vec<(&'static str, String)>,
    /// The chosen one; `other` for a length of one's own.
    pub(crate) chosen: String,
    /// A length of one's own, such as `2h30m`, and what is wrong with it.
    pub(crate) other: Field,
}

/// What was typed into a field, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// As it was typed.
    pub(crate) value: String,
    /// What is wrong; empty if nothing.
    pub(crate) error: String,
}
