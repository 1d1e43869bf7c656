//! `failover log`: who did what, when and why, from the histories that SSM keeps.

pub(super) mod text;

use std::collections::BTreeMap;

use decision::RegionName;
use jiff::Timestamp;
use serde::Serialize;

use crate::args::{Global, LogArgs};
use crate::failure::Failure;
use crate::moment;
use crate::out::Out;
use crate::service::{Read, Service, failures, majority};
use store::log::votes_reach_back_to;
pub(super) use store::log::{Entry, History, entries};

/// What is printed as JSON.
#[derive(Serialize)]
struct Log<'a> {
    command: &'static str,
    since: Timestamp,
    /// Newest first.
    entries: &'a [Entry],
    /// Observers whose histories could not be read.
    missing: &'a BTreeMap<RegionName, String>,
    /// Observers whose votes are not known as far back as `since`, and how far they are.
    votes_reach_back_to: &'a BTreeMap<RegionName, Timestamp>,
}

/// Shows the log.
pub(crate) async fn run(args: &LogArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let service = Service::connect(global, out).await?;
    if let Some(region) = &args.region {
        service.config.check_region(region)?;
    }
    let regions: Vec<RegionName> =
        service.policy().regions().iter().filter(|region| args.region.as_ref().is_none_or(|named| named == *region)).cloned().collect();
    let histories = service.observers.histories(&regions, false).await;
    let histories: Read<History> = histories.into_iter().map(|(observer, read)| (observer, read.map(History::from))).collect();
    // What one observer remembers is worth showing; only silence everywhere is a failure.
    if histories.values().all(Result::is_err) {
        majority(service.policy(), &histories)?;
    }
    let missing = failures(&histories);
    let now = Timestamp::now();
    let since = now - args.since;
    let reach = votes_reach_back_to(&histories, since);
    let known: Vec<History> = histories.into_values().flatten().collect();
    let entries = entries(&known, &regions, since, now);
    if out.is_json() {
        out.json(&Log { command: "log", since, entries: &entries, missing: &missing, votes_reach_back_to: &reach })?;
    } else {
        out.data(&text::text(&entries, now, out.look))?;
        for (observer, oldest) in &reach {
            out.note(&format!("votes of {observer} reach back to {}", moment::utc(*oldest, now)));
        }
        for (observer, why) in &missing {
            out.note(&format!("the history of {observer} is missing: {why}"));
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use decision::Votes;

    use super::*;
    use crate::sample::{ago, fine, region, unreachable, votes};

    #[test]
    fn votes_that_are_forgotten_already_are_owned_up_to() {
        let at = |name: &str, age: i64| Votes { decided_at: ago(age), ..votes(name, [fine(), fine(), fine()]) };
        let history = |votes: Vec<Votes>| Ok(History { intents: vec![], votes });
        let histories: Read<History> = [
            (region("eu-west-1"), history(vec![at("eu-west-1", 1000), at("eu-west-1", 10)])),
            (region("eu-west-2"), history(vec![at("eu-west-2", 7200), at("eu-west-2", 10)])),
            (region("us-east-1"), Err(unreachable("us-east-1"))),
            (region("us-west-2"), history(vec![])),
        ]
        .into();
        assert_eq!(votes_reach_back_to(&histories, ago(3600)), [(region("eu-west-1"), ago(1000))].into());
        assert_eq!(votes_reach_back_to(&histories, ago(900)), BTreeMap::new(), "as far back as was asked");
    }
}
