//! `failover explain REGION`: from the stored documents alone, who decided what, on which evidence. Now, or at a moment in the past.

mod replayed;
mod text;

use decision::{Policy, RegionName};
use jiff::Timestamp;
use store::explain::{Documents, account, reach};

use crate::args::{Asked, ExplainArgs, Global};
use crate::failure::Failure;
use crate::moment::Given;
use crate::out::Out;
use crate::service::{Service, majority};

/// Explains one region.
pub(crate) async fn run(args: &ExplainArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    if let Some(file) = &args.replayed.replay {
        let (policy, documents, region) = replayed::documents(file, args)?;
        return show(&policy, &documents, &region, out);
    }
    let Asked::Name(region) = &args.region else {
        let message = format!("{} is a role in an incident, and not the name of a region", args.region);
        return Err(Failure::Usage { message, hint: Some("explain one in a replay with --replay FILE --at MIN".to_owned()) });
    };
    let service = Service::connect(global, out).await?;
    service.config.check_region(region)?;
    let documents = match &args.at {
        None => now(&service).await?,
        Some(given) => past(&service, region, given).await?,
    };
    show(service.policy(), &documents, region, out)
}

/// Prints the account of one region, wherever its documents are from.
fn show(policy: &Policy, documents: &Documents, region: &RegionName, out: &Out) -> Result<u8, Failure> {
    let Some(account) = account(policy, documents, region) else {
        return Err(Failure::usage(format!("{region} is not a region")));
    };
    if out.is_json() {
        out.json(&account)?
    } else {
        out.data(&text::text(&account, out.look))?
    }
    Ok(0)
}

async fn now(service: &Service) -> Result<Documents, Failure> {
    let (reading, observed) = tokio::join!(service.read(), service.observers.observed());
    if reading.votes.values().all(Result::is_err) {
        majority(service.policy(), &reading.votes)?;
    }
    Ok(Documents::now(reading, observed))
}

async fn past(service: &Service, region: &RegionName, given: &Given) -> Result<Documents, Failure> {
    let asked_at = Timestamp::now();
    let at = given.resolve(asked_at).map_err(|why| Failure::usage(why.text(asked_at)))?;
    let histories = service.observers.histories(service.policy().regions(), true).await;
    if histories.values().all(Result::is_err) {
        majority(service.policy(), &histories)?;
    }
    let reach = reach(&histories);
    let documents = Documents::past(&histories, region, at, asked_at);
    if documents.tell_of(region) { Ok(documents) } else { Err(Failure::NotKept { at, reach }) }
}
