//! `failover extend`: moves the end of a drain or hold, never to an earlier time.

use decision::Intent;
use jiff::Timestamp;
use serde::Serialize;
use store::intent;

use crate::args::value::OVERRIDE_MAX;
use crate::args::{ExtendArgs, Global, Stage};
use crate::failure::Failure;
use crate::intent::follow::Interrupt;
use crate::intent::progress::Progress;
use crate::intent::record::record;
use crate::moment;
use crate::out::{Mark, Out};
use crate::service::Service;

/// What is printed as JSON.
#[derive(Serialize)]
struct Done<'a> {
    command: &'static str,
    /// Whether anything was written: an end that is late enough is left alone.
    changed: bool,
    intent: &'a Intent,
}

/// Moves the end.
pub(crate) async fn run(args: &ExtendArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let service = Service::connect(global, out).await?;
    service.config.check_region(&args.region)?;
    let reading = service.read_majority().await?;
    let view = reading.view(service.policy());
    let Some(standing) = view.region(&args.region).and_then(|region| region.intent.as_ref()) else {
        return Err(Failure::Failed {
            message: format!("{} is neither drained nor held. Nothing was changed.", args.region),
            hint: Some(format!("failover drain {} --reason … takes it out", args.region)),
        });
    };
    let now = Timestamp::now();
    let intent = match longer(&standing.intent, args, reading.generation() + 1, now)? {
        Some(intent) => intent,
        None => return told(&standing.intent, false, now, out),
    };
    let _interrupt = Interrupt::catch()?;
    let stands = record(&service, &intent).await?;
    let of = service.policy().observers().len();
    let mark = if stands.missing.is_empty() { Mark::Good } else { Mark::Warn };
    let detail = format!("{} of {of} observers, generation {}", stands.acks.len(), intent.generation);
    Progress::new(out).done(mark, Timestamp::now(), Stage::Recorded.as_str(), &detail);
    told(&intent, true, now, out)
}

/// The intent with its later end; `None` when it stands long enough already.
fn longer(standing: &Intent, args: &ExtendArgs, generation: u64, now: Timestamp) -> Result<Option<Intent>, Failure> {
    if !standing.overrides.is_empty() && args.length > OVERRIDE_MAX {
        return Err(Failure::usage("this drain goes past a safety rule and may be extended by 1h at a time. Nothing was changed."));
    }
    Ok(intent::longer(standing, generation, args.reason.clone(), args.length, now))
}

fn told(intent: &Intent, changed: bool, now: Timestamp, out: &Out) -> Result<u8, Failure> {
    if out.is_json() {
        out.json(&Done { command: "extend", changed, intent })?;
    } else {
        out.data(&sentence(intent, changed, now))?;
    }
    Ok(0)
}

fn sentence(intent: &Intent, changed: bool, now: Timestamp) -> String {
    let until = format!("{} ({})", moment::utc(intent.ends_at, now), moment::length(intent.ends_at.duration_since(now)));
    if changed {
        format!("The {} of {} stands until {until}.", intent.kind, intent.region)
    } else {
        format!("The {} of {} stands until {until} already, which is no earlier. Nothing was changed.", intent.kind, intent.region)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::sample::{drain, now, region};

    fn args(hours: i64) -> ExtendArgs {
        ExtendArgs { region: region("eu-west-2"), length: SignedDuration::from_hours(hours), reason: None }
    }

    #[test]
    fn an_end_only_ever_moves_away() {
        let standing = drain("eu-west-2");
        assert_eq!(longer(&standing, &args(1), 119, now()).unwrap(), None, "it stands for 108 minutes");
        let longer = longer(&standing, &args(6), 119, now()).unwrap().unwrap();
        assert_eq!(longer.ends_at, now() + SignedDuration::from_hours(6));
        insta::assert_snapshot!(sentence(&longer, true, now()), @"The drain of eu-west-2 stands until 09:22 UTC (6h).");
        insta::assert_snapshot!(sentence(&standing, false, now()), @"The drain of eu-west-2 stands until 05:10 UTC (1h 48m) already, which is no earlier. Nothing was changed.");
    }

    #[test]
    fn a_drain_past_a_rule_is_extended_an_hour_at_a_time() {
        let mut standing = drain("eu-west-2");
        standing.overrides = vec![decision::SafetyRule::LastRegion];
        assert_eq!(longer(&standing, &args(2), 119, now()).unwrap_err().exit_code(), 2);
        assert!(longer(&standing, &args(1), 119, now()).is_ok());
    }
}
