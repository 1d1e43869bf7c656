//! Documents that a replay leaves at one minute: the same incident, policy and seed as in `failover replay`, up to there and no further.

use std::path::Path;

use decision::{Policy, RegionName};
use replay::engine::{Detail, Strategy, run};
use replay::incident::load;
use store::explain::{Documents, Held, Source};

use crate::args::{Asked, ExplainArgs};
use crate::command::replay::Draw;
use crate::config::Trial;
use crate::failure::{Failure, list};
use crate::moment::Given;

/// Replays an incident up to the minute asked for; the policy, what is stored then, and the region that is meant.
///
/// # Errors
/// The file or the policy is not as it must be, or the minute or the region is not one of the incident.
pub(super) fn documents(file: &Path, args: &ExplainArgs) -> Result<(Policy, Documents, RegionName), Failure> {
    let incident = load(file).map_err(Failure::Incidents)?;
    let minute = match &args.at {
        Some(Given::Minute(minute)) if *minute <= incident.horizon => *minute,
        Some(Given::Minute(minute)) => {
            return Err(Failure::usage(format!(
                "minute {minute} is after the end of {}, which is minute {}",
                incident.id, incident.horizon
            )));
        }
        Some(_) | None => {
            let message = "in a replay --at is a minute of the incident".to_owned();
            return Err(Failure::Usage { message, hint: Some("a number, such as --at 12.5".to_owned()) });
        }
    };
    let trial = args.replayed.policy.as_deref().map_or_else(|| Ok(Trial::defaults()), Trial::read)?;
    let setup = Draw::new(&incident, args.replayed.seed, args.replayed.run).setup(&incident);
    let region = match &args.region {
        Asked::Role(role) => setup.regions[role.index()].clone(),
        Asked::Name(name) if setup.regions.contains(name) => name.clone(),
        Asked::Name(name) => {
            let message = format!("{name} is not a region of {}; its A, B and C are {}", incident.id, list(&setup.regions));
            return Err(Failure::usage(message));
        }
    };
    let policy = trial.policy(&setup)?;
    let report = run(&setup, &Strategy::Failover(Box::new(policy.clone())), Detail::Until(minute));
    let stored = report.documents.ok_or_else(|| Failure::failed("the replay left no documents; this is a flaw of ours"))?;
    let observers =
        stored.observers.into_iter().map(|(observer, held)| (observer, Held::plain(held.observed, held.votes, held.intents))).collect();
    let source = Source::Replay { file: file.display().to_string(), minute };
    Ok((policy, Documents { at: stored.at, source, observers, before: Vec::new() }, region))
}
