//! CloudWatch through the SDK (rpc-v2-cbor) and in awsJson, as older tools speak it.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, Statistic};

use crate::harness::{alone, cloudwatch, http};

fn region_dimension() -> Dimension {
    Dimension::builder().name("Region").value("eu-west-2").build()
}

fn datum(at: i64, value: f64) -> MetricDatum {
    let datum = MetricDatum::builder().metric_name("CompositeHealth").dimensions(region_dimension());
    datum.timestamp(DateTime::from_secs(at)).value(value).storage_resolution(1).build()
}

#[tokio::test]
async fn what_is_put_is_listed_and_read_back() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let client = cloudwatch(&aws.endpoint(), "eu-west-2");
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap() / 60 * 60;
    let put = client.put_metric_data().namespace("failover");
    put.metric_data(datum(now, 1.0)).metric_data(datum(now + 1, 0.0)).metric_data(datum(now + 70, 1.0)).send().await.unwrap();

    let listed = client.list_metrics().namespace("failover").send().await.unwrap();
    assert_eq!(listed.metrics().len(), 1);
    assert_eq!(listed.metrics()[0].dimensions(), [region_dimension()]);
    assert!(client.list_metrics().namespace("other").send().await.unwrap().metrics().is_empty());

    let statistics = client
        .get_metric_statistics()
        .namespace("failover")
        .metric_name("CompositeHealth")
        .dimensions(region_dimension())
        .start_time(DateTime::from_secs(now))
        .end_time(DateTime::from_secs(now + 120))
        .period(60)
        .statistics(Statistic::Average)
        .statistics(Statistic::SampleCount)
        .send()
        .await
        .unwrap();
    let mut points: Vec<_> = statistics
        .datapoints()
        .iter()
        .map(|point| (point.timestamp().unwrap().secs() - now, point.average(), point.sample_count()))
        .collect();
    points.sort_by_key(|point| point.0);
    assert_eq!(points, [(0, Some(0.5), Some(2.0)), (60, Some(1.0), Some(1.0))]);

    let metric = Metric::builder().namespace("failover").metric_name("CompositeHealth").dimensions(region_dimension()).build();
    let stat = MetricStat::builder().metric(metric).period(1).stat("p99").build();
    let query = MetricDataQuery::builder().id("m").metric_stat(stat).build();
    let data = client.get_metric_data().metric_data_queries(query);
    let data = data.start_time(DateTime::from_secs(now)).end_time(DateTime::from_secs(now + 120)).send().await.unwrap();
    let result = &data.metric_data_results()[0];
    assert_eq!(result.values(), [1.0, 0.0, 1.0], "newest first");
    assert_eq!(result.timestamps()[0].secs(), now + 70);
}

#[tokio::test]
async fn a_large_put_comes_packed_and_a_bad_one_is_refused() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let client = cloudwatch(&aws.endpoint(), "eu-west-2");
    let many: Vec<MetricDatum> = (0..900).map(|at| datum(at, 1.0)).collect();
    client.put_metric_data().namespace("failover").set_metric_data(Some(many)).send().await.unwrap();
    let bad = client.put_metric_data().namespace("failover").metric_data(datum(0, f64::INFINITY)).send().await.unwrap_err();
    assert!(bad.into_service_error().is_invalid_parameter_value_exception());
    let empty = MetricDatum::builder().metric_name("m").build();
    let bad = client.put_metric_data().namespace("failover").metric_data(empty).send().await.unwrap_err().into_service_error();
    assert!(bad.is_invalid_parameter_value_exception(), "{bad:?}");
}

#[tokio::test]
async fn awsjson_speaks_the_same_documents() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let addr = aws.endpoint().trim_start_matches("http://").parse().unwrap();
    let call = async |operation: &str, body: &str| {
        let head = format!(
            "POST / HTTP/1.1\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: GraniteServiceVersion20100801.{operation}"
        );
        http(addr, &head, body.as_bytes()).await.unwrap()
    };
    let put = r#"{"Namespace":"n","MetricData":[{"MetricName":"m","Value":2,"Timestamp":60}]}"#;
    assert_eq!(call("PutMetricData", put).await.0, 200);
    let (status, body) =
        call("GetMetricStatistics", r#"{"Namespace":"n","MetricName":"m","StartTime":0,"EndTime":120,"Period":60,"Statistics":["Sum"]}"#)
            .await;
    assert_eq!((status, body.contains(r#""Sum":2.0"#)), (200, true), "{body}");
    assert_eq!(call("PutMetricData", "{").await.0, 400);
    assert_eq!(call("DeleteAlarms", "{}").await.0, 404);
}
