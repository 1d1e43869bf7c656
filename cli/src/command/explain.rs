//! `failover explain REGION`: from the stored documents alone, who decided what, on which evidence.

mod account;
mod text;

use crate::args::{ExplainArgs, Global};
use crate::failure::Failure;
use crate::out::Out;
use crate::service::Service;

/// Explains one region.
pub(crate) async fn run(args: &ExplainArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let service = Service::connect(global, out).await?;
    service.config.check_region(&args.region)?;
    let (reading, observed) = tokio::join!(service.read(), service.observers.observed());
    let view = reading.view(service.policy());
    let Some(account) = account::account(service.policy(), &view, &reading, &observed, &args.region) else {
        return Err(Failure::usage(format!("{} is not a region", args.region)));
    };
    if reading.votes.values().all(Result::is_err) {
        crate::service::majority(service.policy(), &reading.votes)?;
    }
    if out.is_json() {
        out.json(&account)?
    } else {
        out.data(&text::text(&account, out.look))?
    }
    Ok(0)
}
