//! Route 53: the hosted zone, its records at and below the service's names, every health check, and the alarms behind some.
//!
//! One call after the other: Route 53 takes five a second of a whole account.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types as cw;
use aws_sdk_route53::types as r53;
use decision::RegionName;

use super::{Asking, aws_region, shortened};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{AlarmSettings, Alias, Check, Endpoint, Fact, Kind, Record, Routing, Unread, Zone};

/// The most pages of each listing. A zone has 10,000 records by default, a page up to 300.
const PAGES_MAX: usize = 40;
/// Checks of an account per page: Route 53's largest.
const CHECKS_A_PAGE: i32 = 100;

/// What Route 53 said.
pub(super) struct Records {
    pub(super) zone: Fact<Zone>,
    pub(super) checks: Fact<BTreeMap<String, Check>>,
    pub(super) alarms: BTreeMap<(String, String), Fact<Option<AlarmSettings>>>,
}

/// Reads all of it.
pub(super) async fn read(asking: &Asking<'_>) -> Records {
    let client = aws_sdk_route53::Client::new(&asking.caller.aws);
    let zone = zone(asking, &client).await;
    asking.progress.step();
    let checks = checks(asking, &client).await;
    asking.progress.step();
    let mut alarms = BTreeMap::new();
    if let (Ok(zone), Ok(checks)) = (&zone, &checks) {
        for (region, name) in reached(zone, checks) {
            let settings = alarm(asking, &region, &name).await;
            alarms.insert((region, name), settings);
        }
    }
    Records { zone, checks, alarms }
}

/// How many health checks the account may have.
pub(super) async fn checks_max(asking: &Asking<'_>) -> Fact<u64> {
    let client = aws_sdk_route53::Client::new(&asking.caller.aws);
    let call = client.get_account_limit().r#type(r53::AccountLimitType::MaxHealthChecksByOwner).send();
    let limit = asking.caller.ask(call).await?.limit.ok_or_else(|| Unread::no_answer("an answer without a limit"))?;
    Ok(u64::try_from(limit.value).unwrap_or(0))
}

/// A name as we write it: without the final dot, in small letters.
fn host(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

async fn zone(asking: &Asking<'_>, client: &aws_sdk_route53::Client) -> Fact<Zone> {
    let expected = Expected::of(asking.config);
    let pinned = asking.config.file.deployed.as_ref().and_then(|deployed| deployed.hosted_zone.clone());
    let (id, name) = match pinned {
        Some(id) => {
            let found = asking.caller.ask(client.get_hosted_zone().id(&id).send()).await?.hosted_zone;
            (id, found.map(|zone| host(&zone.name)).unwrap_or_default())
        }
        None => find(asking, client, &expected).await?,
    };
    let gates: BTreeSet<&str> = expected.observers.iter().filter_map(|observer| expected.gate_host(observer)).collect();
    let ours = |name: &str| expected.names.iter().any(|ours| name == ours || name.ends_with(&format!(".{ours}"))) || gates.contains(name);
    let mut records = Vec::new();
    let (mut from_name, mut from_kind, mut from_set) = (None, None, None);
    for _ in 0..PAGES_MAX {
        let call = client
            .list_resource_record_sets()
            .hosted_zone_id(&id)
            .set_start_record_name(from_name.take())
            .set_start_record_type(from_kind.take())
            .set_start_record_identifier(from_set.take());
        let page = asking.caller.ask(call.send()).await?;
        records.extend(page.resource_record_sets.into_iter().filter(|set| ours(&host(&set.name))).map(record));
        if !page.is_truncated {
            return Ok(Zone { id, name, records });
        }
        (from_name, from_kind, from_set) = (page.next_record_name, page.next_record_type, page.next_record_identifier);
    }
    Err(Unread::refused(format!("the zone {id} has more than {PAGES_MAX} pages of records")))
}

/// The public zone that the names stand in: of those that end their name, the longest.
async fn find(asking: &Asking<'_>, client: &aws_sdk_route53::Client, expected: &Expected) -> Fact<(String, String)> {
    let [api, _] = &expected.names;
    let mut found: Option<(String, String)> = None;
    let mut marker = None;
    for _ in 0..PAGES_MAX {
        let page = asking.caller.ask(client.list_hosted_zones().set_marker(marker.take()).send()).await?;
        for zone in page.hosted_zones {
            let name = host(&zone.name);
            let is_private = zone.config.as_ref().is_some_and(|config| config.private_zone);
            let holds = *api == name || api.ends_with(&format!(".{name}"));
            if holds && !is_private && found.as_ref().is_none_or(|(_, longest)| longest.len() < name.len()) {
                found = Some((zone.id.trim_start_matches("/hostedzone/").to_owned(), name));
            }
        }
        if !page.is_truncated {
            break;
        }
        marker = page.next_marker;
    }
    found.ok_or_else(|| Unread::refused(format!("this account has no public hosted zone for {api}")))
}

fn record(set: r53::ResourceRecordSet) -> Record {
    let routing = match (&set.region, set.weight) {
        (Some(region), _) => Routing::Latency(region.as_str().to_owned()),
        (None, Some(weight)) => Routing::Weighted(weight),
        (None, None) if set.failover.is_some() || set.geo_location.is_some() || set.multi_value_answer.is_some() => Routing::Other,
        (None, None) => Routing::Simple,
    };
    let alias = set.alias_target.map(|alias| Alias { target: host(&alias.dns_name), evaluates_health: alias.evaluate_target_health });
    Record {
        name: host(&set.name),
        kind: set.r#type.as_str().to_owned(),
        set_id: shortened(&set.set_identifier.unwrap_or_default()),
        routing,
        // An alias has no TTL of its own, whatever an emulator says.
        ttl: set.ttl.filter(|_| alias.is_none()),
        alias,
        check: set.health_check_id.filter(|id| !id.is_empty()),
    }
}

async fn checks(asking: &Asking<'_>, client: &aws_sdk_route53::Client) -> Fact<BTreeMap<String, Check>> {
    let mut found = BTreeMap::new();
    let mut marker = None;
    for _ in 0..PAGES_MAX {
        let page = asking.caller.ask(client.list_health_checks().max_items(CHECKS_A_PAGE).set_marker(marker.take()).send()).await?;
        for check in page.health_checks {
            let copy = check.cloud_watch_alarm_configuration;
            if let Some(config) = check.health_check_config {
                found.insert(check.id, of_config(config, copy));
            }
        }
        if !page.is_truncated {
            return Ok(found);
        }
        marker = page.next_marker;
    }
    Err(Unread::refused(format!("the account has more than {PAGES_MAX} pages of health checks")))
}

fn of_config(config: r53::HealthCheckConfig, copy: Option<r53::CloudWatchAlarmConfiguration>) -> Check {
    let (inverted, disabled) = (config.inverted.unwrap_or(false), config.disabled.unwrap_or(false));
    let kind = match config.r#type {
        r53::HealthCheckType::Calculated => Kind::Calculated {
            children: config.child_health_checks.unwrap_or_default().into_iter().collect(),
            threshold: config.health_threshold.unwrap_or(0).into(),
        },
        r53::HealthCheckType::CloudwatchMetric => match (config.alarm_identifier, copy) {
            (Some(alarm), Some(copy)) => {
                Kind::Alarm { region: alarm.region.as_str().to_owned(), name: shortened(&alarm.name), copy: of_copy(copy) }
            }
            _ => Kind::Other("CLOUDWATCH_METRIC".to_owned()),
        },
        r53::HealthCheckType::RecoveryControl => Kind::Other("RECOVERY_CONTROL".to_owned()),
        protocol => {
            // What is left out has a default, by the protocol or by the API.
            let secure = protocol.as_str().starts_with("HTTPS");
            Kind::Endpoint(Endpoint {
                protocol: protocol.as_str().to_owned(),
                host: host(&config.fully_qualified_domain_name.or(config.ip_address).unwrap_or_default()),
                port: config.port.map_or(if secure { 443 } else { 80 }, i64::from),
                path: shortened(&config.resource_path.unwrap_or_default()),
                search: config.search_string.filter(|search| !search.is_empty()).map(|search| shortened(&search)),
                interval: config.request_interval.map_or(30, i64::from),
                threshold: config.failure_threshold.map_or(3, i64::from),
                sni: config.enable_sni.unwrap_or(secure),
            })
        }
    };
    Check { kind, inverted, disabled }
}

fn of_copy(copy: r53::CloudWatchAlarmConfiguration) -> AlarmSettings {
    let dimensions = copy.dimensions.unwrap_or_default().into_iter().map(|dimension| (dimension.name, dimension.value)).collect();
    AlarmSettings {
        namespace: copy.namespace,
        metric: copy.metric_name,
        statistic: copy.statistic.as_str().to_owned(),
        comparison: copy.comparison_operator.as_str().to_owned(),
        threshold: copy.threshold.to_string(),
        period: copy.period.into(),
        evaluation_periods: copy.evaluation_periods.into(),
        dimensions,
    }
}

/// The alarms behind checks that our records hang on, directly or by a calculated check.
fn reached(zone: &Zone, checks: &BTreeMap<String, Check>) -> BTreeSet<(String, String)> {
    let direct: BTreeSet<&String> = zone.records.iter().filter_map(|record| record.check.as_ref()).collect();
    let children = direct.iter().filter_map(|id| match &checks.get(*id)?.kind {
        Kind::Calculated { children, .. } => Some(children.iter()),
        Kind::Endpoint(_) | Kind::Alarm { .. } | Kind::Other(_) => None,
    });
    let all: BTreeSet<&String> = children.flatten().chain(direct.iter().copied()).collect();
    let alarm = |id: &String| match &checks.get(id)?.kind {
        Kind::Alarm { region, name, .. } => Some((region.clone(), name.clone())),
        Kind::Endpoint(_) | Kind::Calculated { .. } | Kind::Other(_) => None,
    };
    all.into_iter().filter_map(alarm).collect()
}

async fn alarm(asking: &Asking<'_>, region: &str, name: &str) -> Fact<Option<AlarmSettings>> {
    let region = RegionName::new(region).map_err(|error| Unread::refused(error.to_string()))?;
    let config = aws_sdk_cloudwatch::config::Builder::from(&asking.caller.aws).region(aws_region(&region)).build();
    let call = aws_sdk_cloudwatch::Client::from_conf(config).describe_alarms().alarm_names(name).send();
    Ok(asking.caller.ask(call).await?.metric_alarms.unwrap_or_default().into_iter().next().map(of_alarm))
}

fn of_alarm(alarm: cw::MetricAlarm) -> AlarmSettings {
    let dimensions = alarm.dimensions.unwrap_or_default().into_iter();
    AlarmSettings {
        namespace: alarm.namespace.unwrap_or_default(),
        metric: alarm.metric_name.unwrap_or_default(),
        statistic: alarm.statistic.map(|statistic| statistic.as_str().to_owned()).unwrap_or_default(),
        comparison: alarm.comparison_operator.map(|operator| operator.as_str().to_owned()).unwrap_or_default(),
        threshold: alarm.threshold.map(|threshold| threshold.to_string()).unwrap_or_default(),
        period: alarm.period.unwrap_or_default().into(),
        evaluation_periods: alarm.evaluation_periods.unwrap_or_default().into(),
        dimensions: dimensions.filter_map(|dimension| Some((dimension.name?, dimension.value?))).collect(),
    }
}
