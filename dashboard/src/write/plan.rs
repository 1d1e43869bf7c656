//! What an act comes to beside what stands: a document to write, nothing to do, or a refusal.
//!
//! Pure. The preview says the same beforehand.

use decision::moment::{length, utc};
use decision::standing::OVERRIDE_MAX;
use decision::{Intent, IntentKind, RegionView};
use jiff::Timestamp;
use store::intent::{Before, Wanted, ended, longer, released};

use crate::model::{self, Act, Given, Refused, Scene};

/// What an act comes to.
pub(crate) enum Plan {
    /// This is to be recorded. It may stand already, and only be missing somewhere.
    Write {
        /// The document.
        intent: Box<Intent>,
        /// Whether it is another than the one that stands.
        changed: bool,
        /// What is said once it stands.
        text: String,
    },
    /// It is so already.
    Nothing {
        /// What is said.
        text: String,
        /// What stands.
        intent: Option<Box<Intent>>,
    },
    /// It cannot be.
    Refused(Refused),
}

/// What is said of a document that stands already.
pub(crate) fn stands_already(intent: &Intent, now: Timestamp) -> String {
    format!("The {} of {} stands until {} already. Nothing was changed.", intent.kind, intent.region, utc(intent.ends_at, now))
}

/// What `act` comes to for `view`. `key` names a new document.
pub(crate) fn plan(scene: &Scene<'_>, act: Act, view: &RegionView, given: &Given, actor: &str, key: &str) -> Plan {
    let (snapshot, now) = (scene.snapshot, scene.now);
    let region = &view.region;
    let generation = snapshot.generation + 1;
    let standing = view.intent.as_ref();
    let wanted = |kind: IntentKind| Wanted {
        service: scene.policy.service().clone(),
        region: region.clone(),
        kind,
        actor: actor.to_owned(),
        reason: given.reason.clone(),
        ticket: given.ticket.clone(),
        length: given.length,
        overrides: vec![],
    };
    let until = utc(now + given.length, now);
    match act {
        Act::Drain => {
            let wanted = wanted(IntentKind::Drain);
            if let Before::Same(same) = wanted.before(standing) {
                let text = stands_already(&same.intent, now);
                return Plan::Write { intent: Box::new(same.intent.clone()), changed: false, text };
            }
            // Somebody else's drain is replaced only by who saw it: the form is bound to its generation.
            let preview = snapshot.view.preview_drain(scene.policy, region, &[]);
            if let Some(rule) = preview.refused_by() {
                return Plan::Refused(model::drain_refused(scene, view, &preview, rule));
            }
            let text = format!("A drain of {region} is recorded until {until}. Votes and answers follow.");
            Plan::Write { intent: Box::new(wanted.document(key.to_owned(), generation, now)), changed: true, text }
        }
        Act::Hold => {
            let wanted = wanted(IntentKind::Hold);
            match wanted.before(standing) {
                Before::Same(same) => {
                    Plan::Nothing { text: stands_already(&same.intent, now), intent: Some(Box::new(same.intent.clone())) }
                }
                Before::Other(other) if other.intent.kind == IntentKind::Drain => Plan::Refused(Refused {
                    rule: None,
                    text: format!(
                        "{region} is drained by {} until {} already. Nothing was changed.",
                        other.intent.actor,
                        utc(other.intent.ends_at, now)
                    ),
                    hints: vec![format!("keep it longer: failover extend {region} --for 4h")],
                }),
                Before::Other(_) | Before::Free => {
                    let text = format!("{region} is held until {until}.");
                    Plan::Write { intent: Box::new(wanted.document(key.to_owned(), generation, now)), changed: true, text }
                }
            }
        }
        Act::Extend => {
            let Some(standing) = standing else {
                return Plan::Refused(Refused {
                    rule: None,
                    text: format!("{region} is neither drained nor held. Nothing was changed."),
                    hints: vec![format!("failover drain {region} --reason … takes it out")],
                });
            };
            if !standing.intent.overrides.is_empty() && given.length > OVERRIDE_MAX {
                return Plan::Refused(Refused {
                    rule: None,
                    text: "this drain goes past a safety rule and may be extended by 1h at a time. Nothing was changed.".to_owned(),
                    hints: vec![],
                });
            }
            let reason = Some(given.reason.clone()).filter(|reason| !reason.is_empty());
            let said = |intent: &Intent| format!("{} ({})", utc(intent.ends_at, now), length(intent.ends_at.duration_since(now)));
            match longer(&standing.intent, generation, reason, given.length, now) {
                Some(intent) => {
                    let text = format!("The {} of {region} stands until {}.", intent.kind, said(&intent));
                    Plan::Write { intent: Box::new(intent), changed: true, text }
                }
                None => Plan::Nothing {
                    text: format!(
                        "The {} of {region} stands until {} already, which is no earlier. Nothing was changed.",
                        standing.intent.kind,
                        said(&standing.intent)
                    ),
                    intent: Some(Box::new(standing.intent.clone())),
                },
            }
        }
        Act::Resume => {
            let awaits = snapshot.regions.get(region).is_some_and(|state| state.awaits_resume);
            let intent = match standing {
                Some(standing) => ended(&standing.intent, generation, actor.to_owned(), given.reason.clone(), now),
                None if awaits => {
                    let reason = Some(given.reason.clone()).filter(|reason| !reason.is_empty());
                    released(scene.policy.service().clone(), region.clone(), actor.to_owned(), reason, key.to_owned(), generation, now)
                }
                None => return Plan::Nothing { text: view.nothing_to_end(), intent: None },
            };
            let then = match intent.kind {
                IntentKind::Drain => "it returns through its failback gates",
                IntentKind::Hold => "automation decides again",
            };
            let text = format!("The {} of {region} is ended; {then}.", intent.kind);
            Plan::Write { intent: Box::new(intent), changed: true, text }
        }
    }
}

#[cfg(test)]
mod tests {
    use decision::RegionVote;
    use jiff::SignedDuration;

    use super::*;
    use crate::model::sample::{drain, drained, failing, fine, known, names, policy, region, scene};

    /// What an act comes to: what is written and said, as a line.
    fn told(said: [RegionVote; 3], intents: &[Intent], act: Act, name: &str, actor: &str, reason: &str) -> String {
        let (policy, names, snapshot) = (policy(), names(), known(said, intents));
        let given = Given { reason: reason.to_owned(), ticket: None, length: SignedDuration::from_hours(4) };
        let view = snapshot.view.region(&region(name)).unwrap();
        match plan(&scene(&policy, &names, &snapshot), act, view, &given, actor, "k1") {
            Plan::Write { intent, changed, text } => {
                intent.check().unwrap();
                let ended = intent.ended.as_ref().map(|ended| format!(" ended by {}", ended.by)).unwrap_or_default();
                format!("write {} {} {} by {} changed {changed}{ended}: {text}", intent.id, intent.generation, intent.kind, intent.actor)
            }
            Plan::Nothing { text, .. } => format!("nothing: {text}"),
            Plan::Refused(refused) => format!("refused: {}", refused.text),
        }
    }

    #[test]
    fn what_is_free_is_drained_with_the_forms_key_above_every_generation() {
        let said = || [fine(), drained(), fine()];
        let told = [
            told(said(), &[drain("eu-west-2")], Act::Drain, "eu-west-1", "bob", "slow"),
            told(said(), &[drain("eu-west-2")], Act::Drain, "eu-west-2", "ana", "p99 over 3 s after deploy 4471"),
            told(said(), &[drain("eu-west-2")], Act::Drain, "eu-west-2", "bob", "slow"),
            told([fine(), drained(), failing()], &[drain("eu-west-2")], Act::Drain, "eu-west-1", "bob", "slow"),
        ];
        insta::assert_snapshot!(told.join("\n"), @"
        write k1 119 drain by bob changed true: A drain of eu-west-1 is recorded until 07:22 UTC. Votes and answers follow.
        write k1 119 drain by ana changed true: A drain of eu-west-2 is recorded until 07:22 UTC. Votes and answers follow.
        write k1 119 drain by bob changed true: A drain of eu-west-2 is recorded until 07:22 UTC. Votes and answers follow.
        refused: eu-west-1 is the last region serving (rule last-region). Nothing was changed.
        ");
    }

    #[test]
    fn the_other_acts_end_move_and_freeze_and_leave_alone_what_is_so_already() {
        let said = || [fine(), drained(), fine()];
        let acts = [
            (Act::Resume, "eu-west-2"),
            (Act::Resume, "eu-west-1"),
            (Act::Extend, "eu-west-2"),
            (Act::Extend, "eu-west-1"),
            (Act::Hold, "eu-west-1"),
            (Act::Hold, "eu-west-2"),
        ];
        let told: Vec<String> = acts.iter().map(|(act, name)| told(said(), &[drain("eu-west-2")], *act, name, "bob", "fixed")).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        write d1 119 drain by ana changed true ended by bob: The drain of eu-west-2 is ended; it returns through its failback gates.
        nothing: eu-west-1 is neither drained nor held, and serves. Nothing was changed.
        write d1 119 drain by ana changed true: The drain of eu-west-2 stands until 07:22 UTC (4h).
        refused: eu-west-1 is neither drained nor held. Nothing was changed.
        write k1 119 hold by bob changed true: eu-west-1 is held until 07:22 UTC.
        refused: eu-west-2 is drained by ana until 05:10 UTC already. Nothing was changed.
        ");
    }
}
