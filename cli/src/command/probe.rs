//! `failover probe`: one round from here, as an observer would do it, and a table of what was seen.

mod text;

use decision::RegionName;
use probe::{Pace, Probe, Seen, Settings, Target};
use serde::Serialize;

use crate::args::{Global, ProbeArgs};
use crate::config::Config;
use crate::failure::Failure;
use crate::out::Out;
use crate::service::config;
use store::in_one_line;

/// The name under which this command probes: no observer's, so that its heartbeat rows are nobody else's.
const HERE: &str = "from-cli-0";

/// What is printed as JSON.
#[derive(Serialize)]
struct Probed<'a> {
    command: &'static str,
    failed: bool,
    #[serde(flatten)]
    seen: &'a Seen,
}

/// Probes once.
pub(crate) async fn run(args: &ProbeArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let config = config(global, out)?;
    if let Some(region) = &args.region {
        config.check_region(region)?;
    }
    let probe = Probe::new(settings(&config, args.region.as_ref())?)
        .map_err(|error| Failure::failed(format!("this cannot be probed: {}", in_one_line(&error))))?;
    let seen = probe.round(1).await;
    let failed = seen.anything_failed();
    if out.is_json() {
        out.json(&Probed { command: "probe", failed, seen: &seen })?;
    } else {
        out.data(&text::text(&seen, out.look))?;
    }
    Ok(u8::from(failed))
}

fn settings(config: &Config, only: Option<&RegionName>) -> Result<Settings, Failure> {
    let from_env = std::env::var("FAILOVER_PROBE_SECRET").ok().filter(|secret| !secret.is_empty());
    let Some(secret) = from_env.or_else(|| config.file.probe.secret.clone()) else {
        return Err(Failure::Usage {
            message: "there is no probe secret".to_owned(),
            hint: Some("set FAILOVER_PROBE_SECRET, or probe.secret in the configuration".to_owned()),
        });
    };
    let here = RegionName::new(HERE).map_err(|error| Failure::failed(error.to_string()))?;
    let regions = config.policy.regions().iter().filter(|region| only.is_none_or(|only| only == *region));
    let targets = regions.map(|region| Target { region: region.clone(), rest: config.rest(region), websocket: config.socket(region) });
    let mut settings = Settings::new(config.policy.service().clone(), here, targets.collect(), secret);
    settings.dns = config.dns;
    settings.pace = Pace::default().at_speed(config.speed());
    Ok(settings)
}
