//! `failover resume`: ends a drain or hold before its time. The region returns through its failback gates.

use std::time::Instant;

use decision::{Answers, Intent, IntentKind, RegionName, RegionView, Verdict};
use jiff::Timestamp;
use serde::Serialize;
use store::intent::{ToEnd, ended, new_id, released, to_end};

use super::drain::expected;
use crate::args::{Global, ResumeArgs, Stage};
use crate::failure::Failure;
use crate::intent::actor::actor;
use crate::intent::confirm::{Given, Step, confirm};
use crate::intent::follow::{Follow, Interrupt, Reached, Way, seconds};
use crate::intent::progress::Progress;
use crate::intent::record::record;
use crate::out::{Mark, Out};
use crate::service::Service;

/// What is printed as JSON.
#[derive(Serialize)]
struct Done<'a> {
    command: &'static str,
    region: &'a RegionName,
    /// Whether anything was written: where nothing stands, nothing is ended.
    changed: bool,
    stages: &'a [Reached],
    intent: Option<&'a Intent>,
}

/// Lets a region back.
pub(crate) async fn run(args: &ResumeArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let started = Instant::now();
    let service = Service::connect(global, out).await?;
    service.config.check_region(&args.region)?;
    let reading = service.read_majority().await?;
    expected(args.expect_generation, &args.region, &reading)?;
    let view = reading.view(service.policy());
    let Some(region) = view.region(&args.region) else {
        return Err(Failure::usage(format!("{} is not a region", args.region)));
    };
    let intent = match to_end(region, &reading) {
        ToEnd::Intent(standing) => {
            ask(
                args,
                region,
                &format!(
                    "End the {} of {} by {}: {:?}",
                    standing.intent.kind, region.region, standing.intent.actor, standing.intent.reason
                ),
                &service,
                out,
            )?;
            let reason = args.reason.clone().unwrap_or_default();
            ended(&standing.intent, reading.generation() + 1, actor(), reason, Timestamp::now())
        }
        ToEnd::Waiting => {
            ask(args, region, &format!("{} is clean and waits for a person's resume.", region.region), &service, out)?;
            let (service, region, reason) = (service.policy().service().clone(), args.region.clone(), args.reason.clone());
            released(service, region, actor(), reason, new_id(), reading.generation() + 1, Timestamp::now())
        }
        ToEnd::Nothing => return nothing(args, region, out),
    };
    let mut interrupt = Interrupt::catch()?;
    let stands = record(&service, &intent).await?;
    let at = Timestamp::now();
    let of = service.policy().observers().len();
    let mark = if stands.missing.is_empty() { Mark::Good } else { Mark::Warn };
    let detail = format!("{} of {of} observers, generation {}", stands.acks.len(), intent.generation);
    Progress::new(out).done(mark, at, Stage::Recorded.as_str(), &detail);
    let mut reached = vec![Reached { stage: Stage::Recorded, at, seconds: seconds(started) }];
    let follow = Follow {
        service: &service,
        out,
        intent: &intent,
        way: Way::In,
        until: args.wait,
        timeout: args.timeout,
        started,
        stands: format!("The {} of {} is ended; it returns through its failback gates.", intent.kind, intent.region),
    };
    follow.run(&mut reached, &mut interrupt).await?;
    if out.is_json() {
        out.json(&Done { command: "resume", region: &args.region, changed: true, stages: &reached, intent: Some(&intent) })?;
    } else {
        out.data(&done(&intent, reached.last().map_or(Stage::Recorded, |last| last.stage), region.answers))?;
    }
    Ok(0)
}

/// Whether the region may be let back on a mere yes: a hold ends, or a majority of observers sees users served.
fn is_green(region: &RegionView, majority: usize) -> bool {
    let held = region.intent.as_ref().is_some_and(|standing| standing.intent.kind == IntentKind::Hold);
    let served = |verdict: Verdict| matches!(verdict, Verdict::Healthy | Verdict::Degraded);
    held || region.observers.iter().filter(|says| served(says.verdict)).count() >= majority
}

/// Yes is enough while the region is green; else its name.
fn ask(args: &ResumeArgs, region: &RegionView, what: &str, service: &Service, out: &Out) -> Result<(), Failure> {
    let step = if is_green(region, service.policy().majority()) { Step::Yes } else { Step::Region(&args.region) };
    let given = Given { yes: args.yes, confirm: args.confirm.confirm.as_ref() };
    let gates = "It returns through its failback gates: clean rounds, and the hold-down if it was ejected.";
    confirm(
        out,
        &step,
        given,
        &format!("{what}\n{} {}/{} say {}. {gates}", region.region, region.agreeing, region.observers.len(), region.verdict),
    )
}

/// Nothing stands: done already, or nothing that a person could end.
fn nothing(args: &ResumeArgs, region: &RegionView, out: &Out) -> Result<u8, Failure> {
    if out.is_json() {
        out.json(&Done { command: "resume", region: &args.region, changed: false, stages: &[], intent: None })?;
    } else {
        out.data(&region.nothing_to_end())?;
    }
    Ok(0)
}

fn done(intent: &Intent, stage: Stage, answers: Answers) -> String {
    let region = &intent.region;
    let by = format!("The {} of {region} is ended", intent.kind);
    match (stage, intent.kind, answers) {
        (Stage::Answers, _, _) => format!("{by}. {region} is answered again."),
        (Stage::Health, _, _) => format!("{by}. {region} serves again; answers follow as DNS moves."),
        (Stage::Recorded, IntentKind::Hold, _) => format!("{by}; automation decides again."),
        (Stage::Recorded, IntentKind::Drain, Answers::Serving) => format!("{by}; it serves."),
        (Stage::Recorded, IntentKind::Drain, Answers::Drained | Answers::Ejected | Answers::Unknown) => {
            format!("{by}; it returns through its failback gates. See failover status --watch.")
        }
    }
}

#[cfg(test)]
mod tests {
    use decision::Reason;

    use super::*;
    use crate::sample::{drain, drained, ejecting, fine, now, policy, reading, region, serving};

    #[test]
    fn a_drain_is_ended_and_nothing_is_not() {
        let drained = reading([fine(), drained(), fine()], &[drain("eu-west-2")]);
        let view = drained.view(&policy());
        assert!(matches!(to_end(view.region(&region("eu-west-2")).unwrap(), &drained), ToEnd::Intent(_)));
        assert!(matches!(to_end(view.region(&region("eu-west-1")).unwrap(), &drained), ToEnd::Nothing));
    }

    #[test]
    fn a_yes_is_enough_while_users_would_be_served() {
        let of = |vote: decision::RegionVote| {
            let drained = decision::RegionVote { vote: decision::Vote::Eject, ..vote };
            let reading = reading([fine(), drained, fine()], &[drain("eu-west-2")]);
            is_green(reading.view(&policy()).region(&region("eu-west-2")).unwrap(), 2)
        };
        assert!(of(fine()) && of(decision::RegionVote { verdict: Verdict::Degraded, ..fine() }));
        assert!(!of(crate::sample::failing()) && !of(decision::RegionVote { verdict: Verdict::Unknown, ..fine() }));
    }

    #[test]
    fn a_manual_failback_is_released_by_an_intent_that_is_over() {
        let mut waiting = crate::sample::failing();
        waiting.reason = Reason::AwaitsResume;
        let reading = reading([fine(), fine(), waiting], &[]);
        let view = reading.view(&policy());
        assert!(matches!(to_end(view.region(&region("us-east-1")).unwrap(), &reading), ToEnd::Waiting));
    }

    #[test]
    fn what_is_said_when_there_is_nothing_to_end() {
        let said = [
            serving().region(&region("us-east-1")).unwrap().nothing_to_end(),
            ejecting().region(&region("us-east-1")).unwrap().nothing_to_end(),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        us-east-1 is neither drained nor held, and serves. Nothing was changed.
        us-east-1 is neither drained nor held; it is ejected (websocket failed in 5 of its last 6 rounds (status-503)) and returns through its failback gates. Nothing was changed.
        ");
    }

    #[test]
    fn what_is_said_afterwards() {
        let intent = ended(&drain("eu-west-2"), 119, "bob".to_owned(), String::new(), now());
        let said = [Stage::Recorded, Stage::Health, Stage::Answers].map(|stage| done(&intent, stage, Answers::Drained));
        insta::assert_snapshot!(said.join("\n"), @"
        The drain of eu-west-2 is ended; it returns through its failback gates. See failover status --watch.
        The drain of eu-west-2 is ended. eu-west-2 serves again; answers follow as DNS moves.
        The drain of eu-west-2 is ended. eu-west-2 is answered again.
        ");
    }
}
