//! Every way in which a command can end short of its aim, and the exit code and words for each.
//!
//! The one map from failures to exit codes; `args/help.rs` prints it for people.

use std::collections::BTreeMap;
use std::io;

use decision::{RegionName, SafetyRule};
use jiff::Timestamp;
use replay::incident::Flaws;
use serde_json::{Map, Value, json};
use store::{TooFew, in_one_line};

use crate::args::Stage;
use crate::config::ConfigError;
use crate::moment::date_time;

/// Why a command did not reach what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// There is no usable configuration.
    #[error("{0}")]
    Config(ConfigError),
    /// Incident files are not as they must be.
    #[error("{}", count(_0))]
    Incidents(Flaws),
    /// The command line asks for something that cannot be.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// A confirmation is needed and nobody can be asked.
    #[error("this needs a confirmation, and there is no terminal to ask on. Nothing was changed.")]
    Unconfirmed {
        /// The same command with its confirmation.
        command: String,
    },
    /// A person was asked and did not confirm.
    #[error("not confirmed. Nothing was changed.")]
    Declined,
    /// A safety rule refuses.
    #[error("{message} (rule {rule}). {effect}")]
    Refused {
        rule: SafetyRule,
        region: RegionName,
        message: String,
        /// What the refusal leaves behind.
        effect: String,
        hints: Vec<String>,
    },
    /// AWS does not accept the credentials, or there are none.
    #[error("{observer}: {what}. Nothing was changed.")]
    Credentials { observer: RegionName, what: String },
    /// Too few observers could be read to say or do anything.
    #[error("{answered} of {of} observers can be read; {needed} are needed. Nothing was changed.")]
    Unreadable {
        answered: usize,
        of: usize,
        needed: usize,
        /// Why each of the others cannot.
        failures: BTreeMap<RegionName, String>,
    },
    /// Nothing is stored that tells of so distant a moment.
    #[error("nothing is stored any more, or was stored yet, that tells of {} UTC", date_time(*at))]
    NotKept {
        at: Timestamp,
        /// Per observer, how far back its documents are known.
        reach: BTreeMap<RegionName, String>,
    },
    /// No observer took the intent.
    #[error("recorded at 0 of {of} observers. Nothing was changed.")]
    NotRecorded { of: usize, failures: BTreeMap<RegionName, String> },
    /// Too few observers are known to have taken the intent, and more may have.
    #[error("recorded at {} of {of} observers{}; {needed} are needed for it to count", acks.len(), named(acks))]
    Indefinite {
        acks: Vec<RegionName>,
        of: usize,
        needed: usize,
        failures: BTreeMap<RegionName, String>,
        /// How to find out.
        hint: String,
    },
    /// Of several regions some are done, and then one failed.
    #[error("held: {}; {at} is not known to be: {}{}", list(done), in_one_line(cause).trim_end_matches(". Nothing was changed."), untried(rest))]
    InPart {
        /// The regions that are held; they stay so.
        done: Vec<RegionName>,
        /// Where it failed.
        at: RegionName,
        /// The regions that were not tried.
        rest: Vec<RegionName>,
        cause: Box<Failure>,
    },
    /// Recorded, but a stage was not seen in time.
    #[error("{} not seen within {waited}: {seen}. {stands}", stage_word(*stage))]
    NotSeen {
        stage: Stage,
        region: RegionName,
        waited: String,
        /// How far it came.
        seen: String,
        /// What stands nevertheless.
        stands: String,
    },
    /// Someone else moved first.
    #[error("{message}")]
    Outpaced {
        message: String,
        /// The generation that stands.
        generation: u64,
        hints: Vec<String>,
    },
    /// Ctrl-C.
    #[error("{stands}")]
    Interrupted {
        /// What stands nevertheless.
        stands: String,
    },
    /// Ctrl-C before anything was shown.
    #[error("{what}")]
    BrokenOff { what: String },
    /// Something about one region or one tool failed; nothing was changed.
    #[error("{message}")]
    Failed { message: String, hint: Option<String> },
    /// The output could not be written.
    #[error("the output could not be written")]
    Output(#[source] io::Error),
}

/// Names in brackets, or nothing.
fn named(regions: &[RegionName]) -> String {
    if regions.is_empty() { String::new() } else { format!(" ({})", list(regions)) }
}

/// How many flaws there are.
fn count(flaws: &Flaws) -> String {
    let flaws = flaws.list().len();
    let word = if flaws == 1 { "flaw" } else { "flaws" };
    format!("{flaws} {word} in the incidents. Nothing was replayed.")
}

/// The regions that were not tried, or nothing.
fn untried(regions: &[RegionName]) -> String {
    if regions.is_empty() { String::new() } else { format!("; not tried: {}", list(regions)) }
}

/// Names with commas.
pub(crate) fn list<'a>(regions: impl IntoIterator<Item = &'a RegionName>) -> String {
    regions.into_iter().map(RegionName::as_str).collect::<Vec<_>>().join(", ")
}

impl Failure {
    /// What went wrong, with a hint.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Failure::Failed { message: message.into(), hint: None }
    }

    /// Bad usage, without a hint.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage { message: message.into(), hint: None }
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Unreadable { .. }
            | Failure::NotKept { .. }
            | Failure::NotRecorded { .. }
            | Failure::Failed { .. }
            | Failure::Output(_) => 1,
            Failure::Config(_) | Failure::Incidents(_) | Failure::Usage { .. } | Failure::Unconfirmed { .. } | Failure::Declined => 2,
            Failure::Refused { .. } => 3,
            Failure::Credentials { .. } => 4,
            Failure::NotSeen { .. } => 5,
            Failure::Indefinite { .. } | Failure::InPart { .. } => 6,
            Failure::Outpaced { .. } => 7,
            Failure::Interrupted { .. } | Failure::BrokenOff { .. } => 130,
        }
    }

    /// The word in front of the message, and in JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Failure::Config(_) => "config",
            Failure::Incidents(_) => "incidents",
            Failure::Usage { .. } => "usage",
            Failure::Unconfirmed { .. } | Failure::Declined => "unconfirmed",
            Failure::Refused { .. } => "refused",
            Failure::Credentials { .. } => "credentials",
            Failure::NotKept { .. } => "not-kept",
            Failure::Unreadable { .. } | Failure::NotRecorded { .. } | Failure::Failed { .. } | Failure::Output(_) => "failed",
            Failure::NotSeen { .. } => "not-seen",
            Failure::Indefinite { .. } | Failure::InPart { .. } => "unknown",
            Failure::Outpaced { .. } => "outpaced",
            Failure::Interrupted { .. } | Failure::BrokenOff { .. } => "interrupted",
        }
    }

    /// What to do next.
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Failure::Config(error) => error.hint().into_iter().collect(),
            Failure::Usage { hint, .. } | Failure::Failed { hint, .. } => hint.iter().cloned().collect(),
            Failure::Unconfirmed { command } => vec![format!("run {command}")],
            Failure::Refused { hints, .. } | Failure::Outpaced { hints, .. } => hints.clone(),
            Failure::Credentials { .. } => vec!["sign in, or choose other credentials with --profile NAME".to_owned()],
            Failure::Unreadable { .. } | Failure::NotRecorded { .. } => vec![],
            Failure::NotKept { .. } => vec!["what people did reaches back further: see failover log --since 30d".to_owned()],
            Failure::Indefinite { hint, .. } => vec![hint.clone()],
            Failure::InPart { .. } => {
                vec!["see failover status; the same command again holds the rest, failover resume REGION takes one back".to_owned()]
            }
            Failure::NotSeen { .. } | Failure::Interrupted { .. } => vec!["follow it with failover status --watch".to_owned()],
            Failure::Incidents(_) => vec!["docs/incidents.md says what may stand in a file".to_owned()],
            Failure::Declined | Failure::BrokenOff { .. } | Failure::Output(_) => vec![],
        }
    }

    /// Per observer, why it could not be read or written.
    fn failures(&self) -> Option<&BTreeMap<RegionName, String>> {
        match self {
            Failure::Unreadable { failures, .. } | Failure::NotRecorded { failures, .. } | Failure::Indefinite { failures, .. } => {
                Some(failures)
            }
            Failure::NotKept { reach, .. } => Some(reach),
            Failure::InPart { cause, .. } => cause.failures(),
            Failure::Config(_)
            | Failure::Incidents(_)
            | Failure::Usage { .. }
            | Failure::Unconfirmed { .. }
            | Failure::Declined
            | Failure::Refused { .. }
            | Failure::Credentials { .. }
            | Failure::NotSeen { .. }
            | Failure::Outpaced { .. }
            | Failure::Interrupted { .. }
            | Failure::BrokenOff { .. }
            | Failure::Failed { .. }
            | Failure::Output(_) => None,
        }
    }

    /// The lines for a person.
    pub(crate) fn text(&self) -> String {
        let word = match self {
            Failure::Refused { .. } => "refused",
            Failure::Indefinite { .. } | Failure::InPart { .. } => "unknown",
            Failure::Interrupted { .. } | Failure::BrokenOff { .. } => "interrupted",
            Failure::Config(_)
            | Failure::Incidents(_)
            | Failure::Usage { .. }
            | Failure::Unconfirmed { .. }
            | Failure::Declined
            | Failure::Credentials { .. }
            | Failure::Unreadable { .. }
            | Failure::NotKept { .. }
            | Failure::NotRecorded { .. }
            | Failure::NotSeen { .. }
            | Failure::Outpaced { .. }
            | Failure::Failed { .. }
            | Failure::Output(_) => "error",
        };
        let mut lines = vec![format!("{word}: {}", in_one_line(self))];
        if let Failure::Incidents(flaws) = self {
            lines.extend(flaws.to_string().lines().map(|flaw| format!("  {flaw}")));
        }
        lines.extend(self.failures().into_iter().flatten().map(|(observer, why)| format!("  {observer}: {why}")));
        lines.extend(self.hints().into_iter().map(|hint| format!("hint: {hint}")));
        lines.join("\n")
    }

    /// The object for a script.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("schema".to_owned(), json!(decision::Schema::V1));
        object.insert("kind".to_owned(), json!(self.kind()));
        object.insert("exit".to_owned(), json!(self.exit_code()));
        object.insert("message".to_owned(), json!(in_one_line(self)));
        object.insert("hints".to_owned(), json!(self.hints()));
        if let Some(failures) = self.failures() {
            object.insert("failures".to_owned(), json!(failures));
        }
        match self {
            Failure::Incidents(flaws) => {
                let each = flaws
                    .list()
                    .iter()
                    .map(|flaw| json!({"file": flaw.file, "line": flaw.line, "reason": flaw.reason, "nearest": flaw.nearest}));
                object.insert("flaws".to_owned(), each.collect());
            }
            Failure::Refused { rule, region, .. } => {
                object.insert("rule".to_owned(), json!(rule));
                object.insert("region".to_owned(), json!(region));
            }
            Failure::Unconfirmed { command } => {
                object.insert("command".to_owned(), json!(command));
            }
            Failure::Unreadable { answered, of, needed, .. } => {
                object.insert("answered".to_owned(), json!(answered));
                object.insert("observers".to_owned(), json!(of));
                object.insert("needed".to_owned(), json!(needed));
            }
            Failure::NotKept { at, .. } => {
                object.insert("at".to_owned(), json!(at));
            }
            Failure::Indefinite { acks, of, needed, .. } => {
                object.insert("acks".to_owned(), json!(acks));
                object.insert("observers".to_owned(), json!(of));
                object.insert("needed".to_owned(), json!(needed));
            }
            Failure::InPart { done, at, rest, cause } => {
                object.insert("done".to_owned(), json!(done));
                object.insert("region".to_owned(), json!(at));
                object.insert("not_tried".to_owned(), json!(rest));
                object.insert("cause".to_owned(), json!(cause.kind()));
            }
            Failure::NotSeen { stage, region, .. } => {
                object.insert("stage".to_owned(), json!(stage));
                object.insert("region".to_owned(), json!(region));
            }
            Failure::Outpaced { generation, .. } => {
                object.insert("generation".to_owned(), json!(generation));
            }
            Failure::Config(_)
            | Failure::Usage { .. }
            | Failure::Declined
            | Failure::Credentials { .. }
            | Failure::NotRecorded { .. }
            | Failure::Interrupted { .. }
            | Failure::BrokenOff { .. }
            | Failure::Failed { .. }
            | Failure::Output(_) => {}
        }
        Value::Object(object)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::Config(error)
    }
}

impl From<TooFew> for Failure {
    fn from(few: TooFew) -> Self {
        match few {
            TooFew::Unread { answered, of, needed, failures } => Failure::Unreadable { answered, of, needed, failures },
            TooFew::Denied { observer, what } => Failure::Credentials { observer, what },
        }
    }
}

/// The words for a stage that was waited for.
fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Recorded => "recorded",
        Stage::Health => "health turned",
        Stage::Answers => "answers moved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> RegionName {
        RegionName::new(name).unwrap()
    }

    fn failures() -> BTreeMap<RegionName, String> {
        [(region("us-east-1"), "SSM in us-east-1 throttles".to_owned())].into()
    }

    /// One of each, with the code that ux and scripts rely on.
    fn table() -> Vec<(u8, Failure)> {
        vec![
            (1, Failure::failed("no region could be probed")),
            (1, Failure::Unreadable { answered: 1, of: 3, needed: 2, failures: failures() }),
            (1, Failure::NotRecorded { of: 3, failures: failures() }),
            (
                1,
                Failure::NotKept {
                    at: "2026-11-23T02:00:00Z".parse().unwrap(),
                    reach: [(region("eu-west-1"), "votes from 2026-11-23 03:05:10 UTC on".to_owned())].into(),
                },
            ),
            (1, Failure::Output(io::Error::other("disk full"))),
            (2, Failure::usage("eu-west-9 is not a region of chat")),
            (2, Failure::Config(ConfigError::Nowhere { looked: vec![], stale: None })),
            (2, Failure::Unconfirmed { command: "failover resume eu-west-2 --yes".to_owned() }),
            (2, Failure::Declined),
            (
                3,
                Failure::Refused {
                    rule: SafetyRule::LastRegion,
                    region: region("eu-west-1"),
                    message: "eu-west-1 is the last region serving".to_owned(),
                    effect: "Nothing was changed.".to_owned(),
                    hints: vec!["bring one back: failover resume eu-west-2".to_owned()],
                },
            ),
            (4, Failure::Credentials { observer: region("eu-west-1"), what: "access to SSM is denied".to_owned() }),
            (
                5,
                Failure::NotSeen {
                    stage: Stage::Answers,
                    region: region("eu-west-2"),
                    waited: "5m".to_owned(),
                    seen: "3 of 16 lookups still say eu-west-2".to_owned(),
                    stands: "The drain stands.".to_owned(),
                },
            ),
            (
                6,
                Failure::Indefinite {
                    acks: vec![region("eu-west-1")],
                    of: 3,
                    needed: 2,
                    failures: failures(),
                    hint: "find out with failover status".to_owned(),
                },
            ),
            (7, Failure::Outpaced { message: "bob drained eu-west-2 first".to_owned(), generation: 12, hints: vec![] }),
            (130, Failure::BrokenOff { what: "12 % of 170 hours in virtual time are replayed; nothing is shown".to_owned() }),
            (130, Failure::Interrupted { stands: "The drain of eu-west-2 stands until 07:22 UTC.".to_owned() }),
        ]
    }

    #[test]
    fn every_failure_has_its_exit_code_and_says_so_in_json() {
        for (code, failure) in table() {
            assert_eq!(failure.exit_code(), code, "{failure:?}");
            let json = failure.json();
            assert_eq!((json["exit"].as_u64(), json["schema"].as_str()), (Some(code.into()), Some("failover/v1")), "{failure:?}");
        }
    }

    #[test]
    fn the_words_for_people() {
        let text: Vec<String> = table().iter().map(|(code, failure)| format!("[{code}] {}", failure.text())).collect();
        insta::assert_snapshot!(text.join("\n"), @"
        [1] error: no region could be probed
        [1] error: 1 of 3 observers can be read; 2 are needed. Nothing was changed.
          us-east-1: SSM in us-east-1 throttles
        [1] error: recorded at 0 of 3 observers. Nothing was changed.
          us-east-1: SSM in us-east-1 throttles
        [1] error: nothing is stored any more, or was stored yet, that tells of 2026-11-23 02:00:00 UTC
          eu-west-1: votes from 2026-11-23 03:05:10 UTC on
        hint: what people did reaches back further: see failover log --since 30d
        [1] error: the output could not be written: disk full
        [2] error: eu-west-9 is not a region of chat
        [2] error: no configuration
        hint: run failover demo in this folder, failover init --from-stack NAME for what is deployed, or write failover.toml (failover.example.toml explains every key)
        [2] error: this needs a confirmation, and there is no terminal to ask on. Nothing was changed.
        hint: run failover resume eu-west-2 --yes
        [2] error: not confirmed. Nothing was changed.
        [3] refused: eu-west-1 is the last region serving (rule last-region). Nothing was changed.
        hint: bring one back: failover resume eu-west-2
        [4] error: eu-west-1: access to SSM is denied. Nothing was changed.
        hint: sign in, or choose other credentials with --profile NAME
        [5] error: answers moved not seen within 5m: 3 of 16 lookups still say eu-west-2. The drain stands.
        hint: follow it with failover status --watch
        [6] unknown: recorded at 1 of 3 observers (eu-west-1); 2 are needed for it to count
          us-east-1: SSM in us-east-1 throttles
        hint: find out with failover status
        [7] error: bob drained eu-west-2 first
        [130] interrupted: 12 % of 170 hours in virtual time are replayed; nothing is shown
        [130] interrupted: The drain of eu-west-2 stands until 07:22 UTC.
        hint: follow it with failover status --watch
        ");
    }

    #[test]
    fn the_object_for_scripts() {
        let refused = table().into_iter().find(|(code, _)| *code == 3).map(|(_, failure)| failure.json().to_string()).unwrap();
        insta::assert_snapshot!(refused, @r#"{"exit":3,"hints":["bring one back: failover resume eu-west-2"],"kind":"refused","message":"eu-west-1 is the last region serving (rule last-region). Nothing was changed.","region":"eu-west-1","rule":"last-region","schema":"failover/v1"}"#);
        let unknown = table().into_iter().find(|(code, _)| *code == 6).map(|(_, failure)| failure.json().to_string()).unwrap();
        insta::assert_snapshot!(unknown, @r#"{"acks":["eu-west-1"],"exit":6,"failures":{"us-east-1":"SSM in us-east-1 throttles"},"hints":["find out with failover status"],"kind":"unknown","message":"recorded at 1 of 3 observers (eu-west-1); 2 are needed for it to count","needed":2,"observers":3,"schema":"failover/v1"}"#);
    }
}
