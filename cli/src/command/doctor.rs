//! `failover doctor`: asks, judges, prints. The questions and the judgement are in `doctor`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::args::{DoctorArgs, Global};
use crate::doctor::gather::{self, Asking, Caller, Progress};
use crate::doctor::{Finding, Tally, in_order, judge, judge_before, judge_config, text};
use crate::failure::Failure;
use crate::out::Out;
use crate::service;

/// What is printed as JSON.
#[derive(Serialize)]
struct Examined<'a> {
    command: &'static str,
    exit: u8,
    tally: Tally,
    findings: &'a [Finding],
}

/// Examines.
pub(crate) async fn run(args: &DoctorArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let config = service::config(global, out)?;
    let mut findings = judge_config(&config);
    if !args.offline {
        let policy = &config.policy;
        let (regions, observers) = (policy.regions().len(), policy.observers().len());
        // As many steps as `gather` takes: per observer SSM, gate and stack, per region table and load; then records, checks, hosts and who asks.
        let steps = if args.pre { 3 * observers + 3 } else { 3 * observers + 2 * regions + 4 };
        let within = Duration::try_from(args.timeout).unwrap_or_default();
        let aws = service::aws(global.profile.as_deref()).await;
        let asking = Asking { config: &config, caller: Caller::new(&aws, within), progress: Progress::new(out, steps) };
        let facts = if args.pre { gather::before(&asking).await } else { gather::deployed(&asking).await };
        asking.progress.clear();
        let now = Timestamp::now();
        findings.extend(if args.pre { judge_before(&facts, &config, now) } else { judge(&facts, &config, now) });
    }
    let findings = in_order(findings);
    let tally = Tally::of(&findings);
    let exit = tally.exit_code(args.strict);
    if out.is_json() {
        out.json(&Examined { command: "doctor", exit, tally, findings: &findings })?;
    } else {
        out.data(&text(&findings, out.look, exit))?;
    }
    Ok(exit)
}
