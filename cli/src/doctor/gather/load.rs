//! Quotas of a region, and its busiest moment of the last week.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use decision::RegionName;

use super::{Asking, aws_region};
use crate::doctor::facts::{Fact, Load, Room, Unread, Why};

/// How far back.
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// Seconds between two figures of concurrency, each the highest within.
const HOUR: i32 = 3600;
/// Seconds over which requests are summed: what is shorter does not show.
const FIVE_MINUTES: i32 = 300;
/// The most APIs of a region whose requests are summed, and the most pages of anything.
const APIS_MAX: usize = 40;
const PAGES_MAX: usize = 20;

/// A quota by its codes, as Service Quotas has it.
struct Quota {
    service: &'static str,
    code: &'static str,
}

/// Concurrent executions.
const LAMBDA: Quota = Quota { service: "lambda", code: "L-B99A9384" };
/// Throttle rate.
const REQUESTS: Quota = Quota { service: "apigateway", code: "L-8A5B8E43" };
/// New connections per second per account across all WebSocket APIs.
const CONNECTIONS: Quota = Quota { service: "apigateway", code: "L-9ED1E49A" };

/// Reads quotas, and peaks where they are wanted.
pub(super) async fn read(asking: &Asking<'_>, region: &RegionName, with_peaks: bool) -> Load {
    let quotas = aws_sdk_servicequotas::config::Builder::from(&asking.caller.aws).region(aws_region(region)).build();
    let quotas = aws_sdk_servicequotas::Client::from_conf(quotas);
    let watch = aws_sdk_cloudwatch::config::Builder::from(&asking.caller.aws).region(aws_region(region)).build();
    let watch = aws_sdk_cloudwatch::Client::from_conf(watch);
    let peaks = async {
        if !with_peaks {
            return (Ok(None), Ok(None), Ok(None));
        }
        // CloudWatch is asked one thing at a time, as its answers are long.
        let lambda = highest(asking, &watch, "AWS/Lambda", "ConcurrentExecutions").await;
        let requests = match (per_second(asking, &watch, "Count").await, per_second(asking, &watch, "MessageCount").await) {
            // Their peaks need not fall together: the sum is at most too high.
            (Ok(rest), Ok(messages)) => Ok(rest.map(|rest| rest + messages.unwrap_or(0.0)).or(messages)),
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        (lambda, requests, per_second(asking, &watch, "ConnectCount").await)
    };
    let limits = async {
        (quota(asking, &quotas, &LAMBDA).await, quota(asking, &quotas, &REQUESTS).await, quota(asking, &quotas, &CONNECTIONS).await)
    };
    let ((lambda, requests, connections), (lambda_quota, requests_quota, connections_quota)) = tokio::join!(peaks, limits);
    Load {
        lambda: Room { quota: lambda_quota, peak: lambda },
        requests: Room { quota: requests_quota, peak: requests },
        connections: Room { quota: connections_quota, peak: connections },
    }
}

/// The quota that applies, or the default where nobody ever asked for another.
async fn quota(asking: &Asking<'_>, client: &aws_sdk_servicequotas::Client, quota: &Quota) -> Fact<f64> {
    let applied = asking.caller.ask(client.get_service_quota().service_code(quota.service).quota_code(quota.code).send()).await;
    let found = match applied {
        Ok(answer) => answer.quota,
        Err(why) if why.why == Why::Refused && why.what.starts_with("NoSuchResource") => {
            asking.caller.ask(client.get_aws_default_service_quota().service_code(quota.service).quota_code(quota.code).send()).await?.quota
        }
        Err(why) => return Err(why),
    };
    found.and_then(|quota| quota.value).ok_or_else(|| Unread::no_answer("an answer without a value"))
}

/// The highest value of a metric without dimensions.
async fn highest(asking: &Asking<'_>, client: &aws_sdk_cloudwatch::Client, namespace: &str, name: &str) -> Fact<Option<f64>> {
    let metric = Metric::builder().namespace(namespace).metric_name(name).build();
    let sums = sums(asking, client, vec![query(0, metric, HOUR, "Maximum")]).await?;
    Ok(sums.into_values().reduce(f64::max))
}

/// The highest rate of a metric of API Gateway, over all APIs of the region: its quotas are of the whole account there.
async fn per_second(asking: &Asking<'_>, client: &aws_sdk_cloudwatch::Client, name: &str) -> Fact<Option<f64>> {
    let mut metrics = Vec::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let call = client.list_metrics().namespace("AWS/ApiGateway").metric_name(name).set_next_token(token.take());
        let page = asking.caller.ask(call.send()).await?;
        // One figure per API: an HTTP or WebSocket API is counted by its id, a REST API by its name; what has more dimensions is counted in these.
        metrics.extend(page.metrics.unwrap_or_default().into_iter().filter(|metric| {
            matches!(metric.dimensions.as_deref(), Some([Dimension { name: Some(name), .. }]) if name == "ApiId" || name == "ApiName")
        }));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    if metrics.len() > APIS_MAX {
        return Err(Unread::refused(format!("{} APIs in one region; at most {APIS_MAX} are summed", metrics.len())));
    }
    let queries: Vec<MetricDataQuery> =
        metrics.into_iter().enumerate().map(|(place, metric)| query(place, metric, FIVE_MINUTES, "Sum")).collect();
    if queries.is_empty() {
        return Ok(None);
    }
    let sums = sums(asking, client, queries).await?;
    Ok(sums.into_values().reduce(f64::max).map(|sum| sum / f64::from(FIVE_MINUTES)))
}

fn query(place: usize, metric: Metric, period: i32, statistic: &str) -> MetricDataQuery {
    let stat = MetricStat::builder().metric(metric).period(period).stat(statistic).build();
    MetricDataQuery::builder().id(format!("m{place}")).metric_stat(stat).return_data(true).build()
}

/// By second, the sum of all queries.
async fn sums(asking: &Asking<'_>, client: &aws_sdk_cloudwatch::Client, queries: Vec<MetricDataQuery>) -> Fact<BTreeMap<i64, f64>> {
    let now = SystemTime::now();
    let mut sums = BTreeMap::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let call = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(DateTime::from(now - WEEK))
            .end_time(DateTime::from(now))
            .set_next_token(token.take());
        let page = asking.caller.ask(call.send()).await?;
        for result in page.metric_data_results.unwrap_or_default() {
            let points = result.timestamps.unwrap_or_default().into_iter().zip(result.values.unwrap_or_default());
            for (at, value) in points {
                *sums.entry(at.secs()).or_insert(0.0) += value;
            }
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(sums)
}
