//! `failover hold`: freezes automation for one region or for all. Drains stay as they are.

use decision::{Intent, IntentKind, RegionName, ServiceView};
use jiff::Timestamp;
use serde::Serialize;
use store::intent::{Before, Wanted, new_id};

use crate::args::{Global, HoldArgs, Stage};
use crate::failure::{Failure, list};
use crate::intent::actor::actor;
use crate::intent::confirm::{Given, Step, confirm};
use crate::intent::follow::Interrupt;
use crate::intent::progress::Progress;
use crate::intent::record::{outpaced, record};
use crate::moment;
use crate::out::{Mark, Out};
use crate::service::Service;

/// What is printed as JSON.
#[derive(Serialize)]
struct Done<'a> {
    command: &'static str,
    changed: bool,
    held: &'a [Intent],
    /// Regions that were left alone, and why.
    skipped: &'a [Skipped],
}

/// A region that was left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Skipped {
    region: RegionName,
    why: String,
}

/// Freezes automation.
pub(crate) async fn run(args: &HoldArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let service = Service::connect(global, out).await?;
    if let Some(region) = &args.region {
        service.config.check_region(region)?;
    }
    let reading = service.read_majority().await?;
    let view = reading.view(service.policy());
    let (to_hold, skipped) = sorted(&view, args, &actor());
    if let (Some(named), [_only]) = (&args.region, skipped.as_slice()) {
        let standing = view.region(named).and_then(|region| region.intent.as_ref());
        if let Some(other) =
            standing.filter(|standing| matches!(to_wanted(&view, args, named, actor()).before(Some(standing)), Before::Other(_)))
        {
            return Err(outpaced(&other.intent, &reading));
        }
    }
    if !to_hold.is_empty() {
        let question = format!(
            "Hold {} until {} ({})? Automation keeps the votes as they are; people may still act.",
            list(&to_hold),
            moment::utc(reading.at + args.length, reading.at),
            moment::typed(args.length)
        );
        confirm(out, &Step::Yes, Given { yes: args.yes, confirm: None }, &question)?;
    }
    let _interrupt = Interrupt::catch()?;
    let of = service.policy().observers().len();
    let mut held = Vec::new();
    for region in &to_hold {
        let generation = reading.generation() + 1 + held.len() as u64;
        let intent = to_wanted(&view, args, region, actor()).document(new_id(), generation, Timestamp::now());
        let stands = match record(&service, &intent).await {
            Ok(stands) => stands,
            Err(cause) => return Err(broken_off(cause, &held, &to_hold)),
        };
        let mark = if stands.missing.is_empty() { Mark::Good } else { Mark::Warn };
        let detail = format!("{region} at {} of {of} observers, generation {generation}", stands.acks.len());
        Progress::new(out).done(mark, Timestamp::now(), Stage::Recorded.as_str(), &detail);
        held.push(intent);
    }
    if out.is_json() {
        out.json(&Done { command: "hold", changed: !held.is_empty(), held: &held, skipped: &skipped })?;
    } else {
        out.data(&text(&held, &skipped, reading.at))?;
    }
    Ok(0)
}

/// The failure of a hold: when regions are held already, that is said before anything else.
fn broken_off(cause: Failure, held: &[Intent], to_hold: &[RegionName]) -> Failure {
    match to_hold.get(held.len()..) {
        Some([at, rest @ ..]) if !held.is_empty() => Failure::InPart {
            done: held.iter().map(|intent| intent.region.clone()).collect(),
            at: at.clone(),
            rest: rest.to_vec(),
            cause: Box::new(cause),
        },
        Some(_) | None => cause,
    }
}

fn to_wanted(view: &ServiceView, args: &HoldArgs, region: &RegionName, actor: String) -> Wanted {
    Wanted {
        service: view.service.clone(),
        region: region.clone(),
        kind: IntentKind::Hold,
        actor,
        reason: args.reason.clone(),
        ticket: args.ticket.clone(),
        length: args.length,
        overrides: vec![],
    }
}

/// The regions to hold, and those that are left alone: drained ones, for a drain outranks automation already, and held ones.
fn sorted(view: &ServiceView, args: &HoldArgs, actor: &str) -> (Vec<RegionName>, Vec<Skipped>) {
    let (mut to_hold, mut skipped) = (Vec::new(), Vec::new());
    for region in view.regions.iter().filter(|region| args.region.as_ref().is_none_or(|named| *named == region.region)) {
        match to_wanted(view, args, &region.region, actor.to_owned()).before(region.intent.as_ref()) {
            Before::Free => to_hold.push(region.region.clone()),
            Before::Same(standing) | Before::Other(standing) => {
                let intent = &standing.intent;
                let done = match intent.kind {
                    IntentKind::Drain => "drained",
                    IntentKind::Hold => "held",
                };
                let why = format!("{done} by {} until {} already", intent.actor, moment::utc(intent.ends_at, view.at));
                skipped.push(Skipped { region: region.region.clone(), why });
            }
        }
    }
    (to_hold, skipped)
}

fn text(held: &[Intent], skipped: &[Skipped], now: Timestamp) -> String {
    let mut lines: Vec<String> =
        held.iter().map(|intent| format!("{} is held until {}.", intent.region, moment::utc(intent.ends_at, now))).collect();
    lines.extend(skipped.iter().map(|skipped| format!("{} was left as it is: {}.", skipped.region, skipped.why)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::sample::{NAMES, drain, drained, fine, now, policy, reading, region};

    #[test]
    fn a_hold_of_all_leaves_drains_alone() {
        let view = reading([fine(), drained(), fine()], &[drain("eu-west-2")]).view(&policy());
        let args =
            HoldArgs { region: None, reason: "maintenance".to_owned(), length: SignedDuration::from_hours(1), ticket: None, yes: true };
        let (to_hold, skipped) = sorted(&view, &args, "bob");
        assert_eq!(to_hold, [region("eu-west-1"), region("us-east-1")]);
        let held: Vec<Intent> =
            to_hold.iter().map(|name| to_wanted(&view, &args, name, "bob".to_owned()).document("h".to_owned(), 9, now())).collect();
        insta::assert_snapshot!(text(&held, &skipped, now()), @"
        eu-west-1 is held until 04:22 UTC.
        us-east-1 is held until 04:22 UTC.
        eu-west-2 was left as it is: drained by ana until 05:10 UTC already.
        ");
    }

    #[test]
    fn a_hold_of_all_that_breaks_off_names_what_is_held() {
        let held: Vec<Intent> = ["eu-west-1", "eu-west-2"].map(|name| Intent { kind: IntentKind::Hold, ..drain(name) }).into();
        let all: Vec<RegionName> = NAMES.iter().map(|name| region(name)).chain([region("us-west-2")]).collect();
        let cause = || Failure::NotRecorded { of: 3, failures: [(region("us-east-1"), "no answer".to_owned())].into() };
        let failure = broken_off(cause(), &held, &all);
        insta::assert_snapshot!(failure.text(), @"
        unknown: held: eu-west-1, eu-west-2; us-east-1 is not known to be: recorded at 0 of 3 observers; not tried: us-west-2
          us-east-1: no answer
        hint: see failover status; the same command again holds the rest, failover resume REGION takes one back
        ");
        insta::assert_snapshot!(failure.json().to_string(), @r#"{"cause":"failed","done":["eu-west-1","eu-west-2"],"exit":6,"failures":{"us-east-1":"no answer"},"hints":["see failover status; the same command again holds the rest, failover resume REGION takes one back"],"kind":"unknown","message":"held: eu-west-1, eu-west-2; us-east-1 is not known to be: recorded at 0 of 3 observers; not tried: us-west-2","not_tried":["us-west-2"],"region":"us-east-1","schema":"failover/v1"}"#);
        assert_eq!(failure.exit_code(), 6);
        assert_eq!(broken_off(cause(), &[], &all).exit_code(), 1, "nothing was changed");
    }
}
