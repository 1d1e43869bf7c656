//! What an act would do, before it is done; and what became of it.

use decision::moment::{relative, span, typed, utc};
use decision::standing::OVERRIDE_MAX;
use decision::{
    Answers, DrainPreview, INTENT_MAX, Intent, IntentKind, Policy, REASON_MAX, RegionName, RegionView, SafetyRule, ServiceView, TICKET_MAX,
    Verdict,
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::intent::{moved as document_moved, quoted};

use super::header::Header;
use super::part::{Act, Line, Mark};
use super::path;
use super::scene::Scene;

/// What an act would do. The same page is the form: to see more, fill it in and look again; to act, type the region and send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preview {
    /// The head.
    pub header: Header,
    /// The act.
    pub act: Act,
    /// The region.
    #[schemars(with = "String")]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Choice {
    /// What the field says: `4h`.
    pub value: String,
    /// What people read: `4h, until 07:22 UTC`.
    pub label: String,
    /// Whether it is the one chosen.
    pub chosen: bool,
}

/// One rule's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refused {
    /// The rule, where one refuses.
    #[schemars(with = "Option<String>")]
    pub rule: Option<SafetyRule>,
    /// The sentence.
    pub text: String,
    /// What would help, with the commands.
    pub hints: Vec<String>,
}

/// Something that was filled in and cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// The name of the field.
    pub field: &'static str,
    /// What is wrong, as a sentence about the field: `must not be empty`.
    pub text: String,
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It stands at a majority of observers, or stood there already.
    Done {
        /// Whether anything was written.
        changed: bool,
        /// The sentence.
        text: String,
        /// The document that stands.
        #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
        intent: Option<Box<Intent>>,
        /// The observers that hold it.
        #[schemars(with = "Vec<String>")]
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

impl Outcome {
    /// The status of the answer over HTTP. A page that was done leads on to its progress instead.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Outcome::Done { .. } => StatusCode::OK,
            Outcome::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Outcome::Moved { .. } | Outcome::Refused { .. } => StatusCode::CONFLICT,
            Outcome::Failed { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The longest drain or hold.
const LENGTH_MAX: SignedDuration = INTENT_MAX;
/// The ends that are proposed for a drain, and for what is like it.
const LENGTHS: [&str; 3] = ["1h", "4h", "12h"];

/// What was filled in, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
    pub(crate) length: SignedDuration,
}

impl Fields {
    /// What is meant; with what cannot be, and something in its place. A preview is lenient where nothing was filled in yet.
    pub(crate) fn given(&self, act: Act, is_preview: bool) -> (Given, Vec<Problem>) {
        let mut problems = Vec::new();
        let needs_reason = matches!(act, Act::Drain | Act::Hold) && !is_preview;
        let reason = text("reason", &self.reason, if needs_reason { 1 } else { 0 }, REASON_MAX, &mut problems);
        let ticket = text("ticket", &self.ticket, 0, TICKET_MAX, &mut problems);
        let proposed = proposed(act);
        let mut length = proposed;
        if act.has_length() && !(self.length.is_empty() && is_preview) {
            match span(self.length.trim()) {
                Ok(given) if given <= LENGTH_MAX => length = given,
                Ok(_) => problems.push(Problem { field: "for", text: "at most 72h; extend it later if it takes longer".to_owned() }),
                Err(_) if self.length.trim().is_empty() => {
                    problems.push(Problem { field: "for", text: "must be given: when does it end?".to_owned() })
                }
                Err(why) => problems.push(Problem { field: "for", text: why }),
            }
        }
        (Given { reason, ticket: Some(ticket).filter(|ticket| !ticket.is_empty()), length }, problems)
    }
}

/// One plain line of at most `max` characters, without the blanks around it.
fn text(field: &'static str, raw: &str, min: usize, max: usize, problems: &mut Vec<Problem>) -> String {
    let text = raw.trim();
    let misleads = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let length = text.chars().count();
    let fault = if length < min {
        Some("must not be empty".to_owned())
    } else if text.chars().any(misleads) {
        Some("must be one line of plain text".to_owned())
    } else if length > max {
        Some(format!("{length} characters; at most {max}"))
    } else {
        None
    };
    match fault {
        None => text.to_owned(),
        Some(fault) => {
            problems.push(Problem { field, text: fault });
            String::new()
        }
    }
}

fn proposed(act: Act) -> SignedDuration {
    match act {
        Act::Drain | Act::Extend | Act::Resume => SignedDuration::from_hours(4),
        Act::Hold => SignedDuration::from_hours(1),
    }
}

/// What a person sees of all regions, in one line that a form carries: `eu-west-1=serving.0 eu-west-2=drained.118`.
pub(crate) fn seen<'a>(view: &ServiceView, newest: impl Fn(&RegionName) -> Option<&'a Intent>) -> String {
    let of = |region: &RegionView| {
        let generation = newest(&region.region).map_or(0, |intent| intent.generation);
        format!("{}={}.{generation}", region.region, region.answers)
    };
    view.regions.iter().map(of).collect::<Vec<_>>().join(" ")
}

/// What moved since somebody saw `old`: the regions' own documents first. A line that is none of ours counts as moved.
pub(crate) fn moved<'a>(old: &str, view: &ServiceView, newest: impl Fn(&RegionName) -> Option<&'a Intent>, now: Timestamp) -> Vec<String> {
    let mut moved = Vec::new();
    let mut known = 0;
    for part in old.split(' ').take(view.regions.len() + 1) {
        let parsed = part.split_once('=').and_then(|(name, rest)| {
            let (answers, generation) = rest.split_once('.')?;
            let region = view.regions.iter().find(|region| region.region.as_str() == name)?;
            Some((region, answers, generation.parse::<u64>().ok()?))
        });
        let Some((region, answers, generation)) = parsed else { continue };
        known += 1;
        let document = newest(&region.region);
        if let Some(document) = document.filter(|document| document.generation != generation) {
            moved.push(document_moved(document, now));
        }
        if region.answers.as_str() != answers {
            let why = if region.reason.is_empty() { String::new() } else { format!(": {}", region.reason) };
            moved.push(format!("{} was {} and is {}{why}", region.region, shortened(answers), region.answers));
        }
    }
    if known != view.regions.len() {
        moved.push("this form was made for other regions than there are".to_owned());
    }
    moved
}

fn shortened(text: &str) -> &str {
    text.char_indices().nth(20).map_or(text, |(end, _)| &text[..end])
}

/// What an act would do; none where the policy does not have the region. `key` is used where the fields have none.
pub(crate) fn preview(
    scene: &Scene<'_>,
    act: Act,
    region: &RegionName,
    mut fields: Fields,
    key: String,
    mut problems: Vec<Problem>,
    moved: Vec<String>,
) -> Option<Preview> {
    let (snapshot, now) = (scene.snapshot, scene.now);
    let view = snapshot.view.region(region)?;
    let (given, found) = fields.given(act, true);
    for problem in found {
        if !problems.iter().any(|known| known.field == problem.field) {
            problems.push(problem);
        }
    }
    // A form is bound to what it is shown with.
    fields.generation = snapshot.generation_of(region).to_string();
    fields.seen = seen(&snapshot.view, |region| snapshot.newest.get(region));
    fields.key = key;
    fields.confirm.clear();
    if act.has_length() && fields.length.trim().is_empty() {
        fields.length = typed(given.length);
    }
    let sheet = sheet(scene, act, view, &given);
    let lengths = if act.has_length() { choices(&fields.length, now) } else { Vec::new() };
    let command = command(act, region, &given, snapshot.generation_of(region));
    Some(Preview {
        header: scene.header(),
        act,
        region: region.clone(),
        title: sheet.title,
        lines: sheet.lines,
        rules: sheet.rules,
        can_write: scene.may_write && sheet.refused.is_none(),
        refused: sheet.refused,
        moved,
        problems,
        fields,
        lengths,
        needs_name: needs_name(scene.policy, act, view),
        needs_reason: matches!(act, Act::Drain | Act::Hold),
        button: sheet.button,
        action: path::act(region, act),
        command,
    })
}

/// Whether the region's name must be typed: for a drain, and to let a region back of which no majority says that it serves users.
pub(crate) fn needs_name(policy: &Policy, act: Act, view: &RegionView) -> bool {
    match act {
        Act::Drain => true,
        Act::Resume => {
            let held = view.intent.as_ref().is_some_and(|standing| standing.intent.kind == IntentKind::Hold);
            let served = |verdict: Verdict| matches!(verdict, Verdict::Healthy | Verdict::Degraded);
            !held && view.observers.iter().filter(|says| served(says.verdict)).count() < policy.majority()
        }
        Act::Extend | Act::Hold => false,
    }
}

fn choices(chosen: &str, now: Timestamp) -> Vec<Choice> {
    let label = |length: SignedDuration| format!("{}, until {}", typed(length), utc(now + length, now));
    let chosen = span(chosen.trim()).ok().filter(|length| *length <= LENGTH_MAX);
    let mut choices: Vec<Choice> = LENGTHS
        .iter()
        .filter_map(|value| {
            let length = span(value).ok()?;
            Some(Choice { value: (*value).to_owned(), label: label(length), chosen: chosen == Some(length) })
        })
        .collect();
    if let Some(other) = chosen.filter(|_| choices.iter().all(|choice| !choice.chosen)) {
        choices.push(Choice { value: typed(other), label: label(other), chosen: true });
    }
    choices
}

/// The same act on the command line.
fn command(act: Act, region: &RegionName, given: &Given, generation: u64) -> String {
    let reason = || if given.reason.is_empty() { " --reason …".to_owned() } else { format!(" --reason {}", quoted(&given.reason)) };
    let said = if given.reason.is_empty() { String::new() } else { reason() };
    let ticket = given.ticket.as_ref().map(|ticket| format!(" --ticket {}", quoted(ticket))).unwrap_or_default();
    let long = typed(given.length);
    match act {
        Act::Drain => {
            format!("failover drain {region}{}{ticket} --for {long} --expect-generation {generation} --confirm {region}", reason())
        }
        Act::Resume => format!("failover resume {region}{said} --expect-generation {generation} --confirm {region}"),
        Act::Extend => format!("failover extend {region} --for {long}{said}"),
        Act::Hold => format!("failover hold {region}{}{ticket} --for {long} --yes", reason()),
    }
}

/// What a preview says of one act.
struct Sheet {
    title: String,
    lines: Vec<Line>,
    rules: Vec<RuleLine>,
    refused: Option<Refused>,
    button: String,
}

fn sheet(scene: &Scene<'_>, act: Act, view: &RegionView, given: &Given) -> Sheet {
    let (region, now) = (&view.region, scene.now);
    let until = utc(now + given.length, now);
    let long = typed(given.length);
    let mut lines = Vec::new();
    let mut rules = Vec::new();
    let mut refused = None;
    let (title, button) = match act {
        Act::Drain => {
            let preview = scene.snapshot.view.preview_drain(scene.policy, region, &[]);
            lines.extend(preview.lines(scene.policy.regions().len()).iter().map(|(word, text)| Line::new(word, text.as_str())));
            rules.extend(preview.rules.iter().map(|check| RuleLine {
                rule: check.rule.as_str(),
                mark: if check.passes { Mark::Good } else { Mark::Bad },
                word: check.word(),
                why: check.why.clone(),
            }));
            refused = preview.refused_by().map(|rule| drain_refused(scene, view, &preview, rule));
            (format!("Drain {region} of {} until {until} ({long})?", scene.names.api), format!("Drain {region} until {until}"))
        }
        Act::Hold => {
            lines.push(Line::new("now", format!("{region} is {} and {}, {}", view.answers, view.verdict, view.decided_by.sentence(now))));
            lines.push(Line::new("after", "automation keeps the votes as they are; people may still act"));
            if let Some(standing) = view.intent.as_ref().filter(|standing| standing.intent.kind == IntentKind::Drain) {
                let intent = &standing.intent;
                refused = Some(Refused {
                    rule: None,
                    text: format!(
                        "{region} is drained by {} until {} already, and a drain outranks automation",
                        intent.actor,
                        utc(intent.ends_at, now)
                    ),
                    hints: vec![format!("keep it longer: failover extend {region} --for {long}")],
                });
            }
            (format!("Hold {region} of {} until {until} ({long})?", scene.names.api), format!("Hold {region} until {until}"))
        }
        Act::Extend => match &view.intent {
            Some(standing) => {
                let intent = &standing.intent;
                let ends = utc(intent.ends_at, now);
                lines.push(Line::new(
                    "now",
                    format!("the {} of {region} by {} ends {} ({ends})", intent.kind, intent.actor, relative(intent.ends_at, now)),
                ));
                let later = now + given.length > intent.ends_at;
                let after = if later {
                    format!("it ends {until} ({long} from now)")
                } else {
                    format!("it stands until {ends} already, which is no earlier; nothing changes")
                };
                lines.push(Line::new("after", after));
                if !intent.overrides.is_empty() && given.length > OVERRIDE_MAX {
                    refused = Some(Refused {
                        rule: None,
                        text: "this drain goes past a safety rule and may be extended by 1h at a time".to_owned(),
                        hints: vec![],
                    });
                }
                (format!("Extend the {} of {region} until {until} ({long} from now)?", intent.kind), format!("Extend until {until}"))
            }
            None => {
                refused = Some(unheard(scene, region).unwrap_or_else(|| Refused {
                    rule: None,
                    text: format!("{region} is neither drained nor held"),
                    hints: vec![format!("failover drain {region} --reason … takes it out")],
                }));
                (format!("Extend what stands for {region}?"), "Extend".to_owned())
            }
        },
        Act::Resume => {
            let awaits = scene.snapshot.regions.get(region).is_some_and(|state| state.awaits_resume);
            let gates = "it returns through its failback gates: clean rounds, and the hold-down if it was ejected";
            lines.push(Line::new(
                "now",
                format!("{region} is {}; {}/{} say {}", view.answers, view.agreeing, view.observers.len(), view.verdict),
            ));
            match &view.intent {
                Some(standing) if standing.intent.kind == IntentKind::Hold => {
                    lines.push(Line::new("after", "automation decides again"));
                    (format!("End the hold of {region} by {}?", standing.intent.actor), format!("End the hold of {region}"))
                }
                Some(standing) => {
                    lines.push(Line::new("after", gates));
                    (format!("End the drain of {region} by {}?", standing.intent.actor), format!("End the drain of {region}"))
                }
                None if awaits => {
                    lines.push(Line::new("after", gates));
                    (format!("{region} is clean and waits for a person's word. Let it return?"), format!("Let {region} return"))
                }
                None => {
                    let nothing = || Refused { rule: None, text: view.nothing_to_end(), hints: vec![] };
                    refused = Some(unheard(scene, region).unwrap_or_else(nothing));
                    (format!("End what stands for {region}?"), "Resume".to_owned())
                }
            }
        }
    };
    if let Some(standing) = &view.intent {
        let intent = &standing.intent;
        lines.push(Line::new(
            "stands",
            format!(
                "a {} by {} until {}, {}: {:?}",
                intent.kind,
                intent.actor,
                utc(intent.ends_at, now),
                standing.state.sentence(),
                intent.reason
            ),
        ));
    }
    lines.push(Line::new(
        "undo",
        match act {
            Act::Drain | Act::Hold => format!("failover resume {region}"),
            Act::Resume => format!("failover drain {region} --reason … drains it again"),
            Act::Extend => format!("failover resume {region} ends it at any time; an end is never brought nearer"),
        },
    ));
    Sheet { title, lines, rules, refused, button }
}

/// What is said of what stands where nobody was heard who could know: silence is not the absence of a drain.
fn unheard(scene: &Scene<'_>, region: &RegionName) -> Option<Refused> {
    scene.snapshot.heard_at.is_none().then(|| Refused {
        rule: None,
        text: format!(
            "whether {region} is drained or held is not known: no majority of observers has been heard yet. Nothing was changed."
        ),
        hints: vec![format!("ask from another place: failover status; failover resume {region}")],
    })
}

/// Why a drain is refused, with what would make it pass. The way past a rule is the command line's alone.
pub(crate) fn drain_refused(scene: &Scene<'_>, view: &RegionView, preview: &DrainPreview, rule: SafetyRule) -> Refused {
    let region = &view.region;
    let text = format!("{} (rule {rule}). Nothing was changed.", preview.refusal(rule, scene.policy.thresholds().min_serving.into()));
    let others = scene.snapshot.view.regions.iter().filter(|other| other.region != *region);
    let mut hints: Vec<String> = others
        .filter_map(|other| {
            let drained = other.intent.as_ref().is_some_and(|standing| standing.intent.kind == IntentKind::Drain);
            match other.answers {
                _ if drained => Some(format!("bring one back: failover resume {}", other.region)),
                Answers::Ejected | Answers::Drained => Some(format!("see why one is out: failover explain {}", other.region)),
                Answers::Serving | Answers::Unknown => None,
            }
        })
        .collect();
    hints.push(format!(
        "only the command line goes past a rule: failover drain {region} --override {rule} --for 15m --reason … --confirm {region}"
    ));
    Refused { rule: Some(rule), text, hints }
}
