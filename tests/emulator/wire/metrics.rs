//! CloudWatch: what the probe publishes, values as arrays, read back; and what doctor reads of alarms.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit, Statistic};

use super::table::Asked;
use super::{Peer, REGION, came};

pub(super) async fn asked(peer: &Peer) -> Vec<Asked> {
    let client = Client::new(&peer.shared(REGION).await);
    let mut asked = vec![("cloudwatch PutMetricData, values and counts", "taken", put(&client).await)];
    if peer.name != "world" {
        // The world only takes metrics; nothing of ours reads them there.
        asked.push(("cloudwatch GetMetricStatistics of them", "5 samples, sum 11", read(&client).await));
        asked.push(("cloudwatch DescribeAlarms, none", "0", {
            came(client.describe_alarms().send().await, |output| output.metric_alarms().len().to_string())
        }));
    }
    asked
}

fn dimension() -> Dimension {
    Dimension::builder().name("Region").value(REGION).build()
}

async fn put(client: &Client) -> String {
    let datum = MetricDatum::builder()
        .metric_name("CompositeHealth")
        .dimensions(dimension())
        .timestamp(DateTime::from(SystemTime::now()))
        .unit(StandardUnit::Count)
        .set_values(Some(vec![1.0, 3.0]))
        .set_counts(Some(vec![2.0, 3.0]))
        .build();
    came(client.put_metric_data().namespace("Failover").metric_data(datum).send().await, |_| "taken".to_owned())
}

async fn read(client: &Client) -> String {
    let now = SystemTime::now();
    let call = client
        .get_metric_statistics()
        .namespace("Failover")
        .metric_name("CompositeHealth")
        .dimensions(dimension())
        .start_time(DateTime::from(now - Duration::from_secs(600)))
        .end_time(DateTime::from(now + Duration::from_secs(60)))
        .period(3600)
        .statistics(Statistic::SampleCount)
        .statistics(Statistic::Sum);
    came(call.send().await, |output| {
        let sum = |of: fn(&aws_sdk_cloudwatch::types::Datapoint) -> Option<f64>| output.datapoints().iter().filter_map(of).sum::<f64>();
        format!("{} samples, sum {}", sum(|point| point.sample_count), sum(|point| point.sum))
    })
}
