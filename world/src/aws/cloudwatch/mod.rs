//! CloudWatch metrics of one region: put, list and read back, over rpc-v2-cbor (the SDKs) and awsJson 1.0 (older tools).
//!
//! No alarms, no metric math.

mod cbor;
mod series;

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use self::series::{Key, SERIES_MAX, Sample, Series};
use super::error::{AwsError, respond};
use super::wire::{Call, Response};

/// The path under which rpc-v2-cbor calls come; the operation follows.
pub(crate) const CBOR_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";
const CBOR_TYPE: &str = "application/cbor";
const JSON_TYPE: &str = "application/x-amz-json-1.0";
/// The largest request once unpacked [CW].
const UNPACKED_BYTES_MAX: u64 = 1024 * 1024;
/// The samples of one call [CW].
const DATA_MAX: usize = 1000;
/// The dimensions of one metric [CW].
const DIMENSIONS_MAX: usize = 30;
/// The queries of one `GetMetricData` [CW].
const QUERIES_MAX: usize = 500;
/// The longest text of a name, in bytes [CW].
const TEXT_BYTES_MAX: usize = 1024;

/// The metrics of a region.
#[derive(Debug, Default)]
pub(crate) struct CloudWatch(Mutex<Series>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutMetricData {
    namespace: String,
    #[serde(default)]
    metric_data: Vec<Datum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datum {
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    timestamp: Option<f64>,
    value: Option<f64>,
    statistic_values: Option<StatisticSet>,
    values: Option<Vec<f64>>,
    counts: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticSet {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListMetrics {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetMetricStatistics {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    start_time: f64,
    end_time: f64,
    period: i64,
    #[serde(default)]
    statistics: Vec<String>,
    #[serde(default)]
    extended_statistics: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetMetricData {
    metric_data_queries: Vec<Query>,
    start_time: f64,
    end_time: f64,
    scan_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    id: String,
    label: Option<String>,
    metric_stat: Option<MetricStat>,
    #[serde(default = "yes")]
    return_data: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: Metric,
    period: i64,
    stat: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterValueException", message)
}

fn key(namespace: String, metric: String, dimensions: Vec<Dimension>) -> Result<Key, AwsError> {
    let mut dimensions: Vec<(String, String)> = dimensions.into_iter().map(|d| (d.name, d.value.unwrap_or_default())).collect();
    dimensions.sort();
    let texts = dimensions.iter().flat_map(|(name, value)| [name, value]).chain([&namespace, &metric]);
    if dimensions.len() > DIMENSIONS_MAX || texts.into_iter().any(|text| text.is_empty() || text.len() > TEXT_BYTES_MAX) {
        return Err(invalid("Namespace, metric name and dimensions must not be empty or longer than AWS allows."));
    }
    Ok(Key { namespace, metric, dimensions })
}

impl Datum {
    fn samples(&self, now: f64) -> Result<Vec<Sample>, AwsError> {
        let at = self.timestamp.unwrap_or(now);
        let one = |value: f64, count: f64| Sample { at, count, sum: value * count, min: value, max: value };
        let samples = match (self.value, &self.statistic_values, &self.values) {
            (Some(value), None, None) => vec![one(value, 1.0)],
            (None, Some(set), None) => vec![Sample { at, count: set.sample_count, sum: set.sum, min: set.minimum, max: set.maximum }],
            (None, None, Some(values)) if values.len() <= 150 => {
                let counts = self.counts.clone().unwrap_or_else(|| vec![1.0; values.len()]);
                if counts.len() != values.len() {
                    return Err(invalid("The parameters Values and Counts must be of the same size."));
                }
                values.iter().zip(counts).map(|(value, count)| one(*value, count)).collect()
            }
            (_, _, _) => {
                return Err(invalid("At least one of the parameters Value, Values and StatisticValues must be specified, and only one."));
            }
        };
        let sound = |s: &Sample| [s.at, s.count, s.sum, s.min, s.max].iter().all(|n| n.is_finite()) && s.count > 0.0;
        if samples.iter().all(sound) { Ok(samples) } else { Err(invalid("Values must be finite, and counts positive.")) }
    }
}

impl CloudWatch {
    /// Answers one call, in the protocol it came in.
    pub(crate) fn answer(&self, operation: &str, call: &Call) -> Response {
        let cbor = call.uri.path().starts_with(CBOR_PATH);
        let answer = unpack(call).and_then(|body| {
            let document = if cbor { cbor::decode(&body) } else { serde_json::from_slice(&body).ok() };
            let document = document.ok_or_else(|| AwsError::serialization("The body is not a request."))?;
            self.operate(operation, document)
        });
        match answer {
            Ok(document) if cbor => cbor_response(StatusCode::OK, &document),
            Ok(document) => respond(StatusCode::OK, JSON_TYPE, document.to_string()),
            Err(error) if cbor => {
                let document = json!({ "__type": format!("com.amazonaws.cloudwatch#{}", error.code), "message": error.message });
                with_query_error(cbor_response(error.status, &document), &error)
            }
            Err(error) => with_query_error(error.to_json(JSON_TYPE, "com.amazonaws.cloudwatch#"), &error),
        }
    }

    fn operate(&self, operation: &str, document: Value) -> Result<Value, AwsError> {
        match operation {
            "PutMetricData" => self.put_metric_data(request(document)?),
            "ListMetrics" => self.list_metrics(&request(document)?),
            "GetMetricStatistics" => self.get_metric_statistics(request(document)?),
            "GetMetricData" => self.get_metric_data(request(document)?),
            _ => Err(AwsError::unknown_operation()),
        }
    }

    fn put_metric_data(&self, request: PutMetricData) -> Result<Value, AwsError> {
        if request.metric_data.len() > DATA_MAX {
            return Err(invalid(format!("The collection MetricData must not have a size greater than {DATA_MAX}.")));
        }
        let now = now();
        let mut checked = Vec::new();
        for datum in request.metric_data {
            let samples = datum.samples(now)?;
            checked.push((key(request.namespace.clone(), datum.metric_name, datum.dimensions)?, samples));
        }
        let mut series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, samples) in checked {
            for sample in samples {
                if !series.push(key.clone(), sample) {
                    return Err(AwsError::new("LimitExceededFault", format!("A region keeps at most {SERIES_MAX} metrics here.")));
                }
            }
        }
        Ok(json!({}))
    }

    fn list_metrics(&self, request: &ListMetrics) -> Result<Value, AwsError> {
        let wanted = |key: &&Key| {
            let has = |d: &Dimension| key.dimensions.iter().any(|(n, v)| *n == d.name && d.value.as_ref().is_none_or(|value| v == value));
            request.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
                && request.metric_name.as_ref().is_none_or(|metric| *metric == key.metric)
                && request.dimensions.iter().all(has)
        };
        let series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let metrics: Vec<Value> = series
            .keys()
            .filter(wanted)
            .map(|key| {
                let dimensions: Vec<Value> = key.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
                json!({ "Namespace": key.namespace, "MetricName": key.metric, "Dimensions": dimensions })
            })
            .collect();
        Ok(json!({ "Metrics": metrics }))
    }

    fn get_metric_statistics(&self, request: GetMetricStatistics) -> Result<Value, AwsError> {
        let period = check_period(request.period)?;
        let label = request.metric_name.clone();
        let key = key(request.namespace, request.metric_name, request.dimensions)?;
        let series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut points = Vec::new();
        for point in series.points(&key, request.start_time, request.end_time, period) {
            let mut entry = json!({ "Timestamp": point.at, "Unit": "None" });
            for name in &request.statistics {
                entry[name] = json!(point.statistic(name).ok_or_else(|| invalid("There is no such statistic."))?);
            }
            for name in &request.extended_statistics {
                entry["ExtendedStatistics"][name] = json!(point.statistic(name).ok_or_else(|| invalid("There is no such statistic."))?);
            }
            points.push(entry);
        }
        Ok(json!({ "Label": label, "Datapoints": points }))
    }

    fn get_metric_data(&self, request: GetMetricData) -> Result<Value, AwsError> {
        if request.metric_data_queries.len() > QUERIES_MAX {
            return Err(invalid(format!("At most {QUERIES_MAX} queries in one call.")));
        }
        let newest_first = request.scan_by.as_deref() != Some("TimestampAscending");
        let series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut results = Vec::new();
        for query in request.metric_data_queries {
            let stat = query.metric_stat.ok_or_else(|| invalid("Expressions are not offered here."))?;
            let period = check_period(stat.period)?;
            let label = query.label.unwrap_or_else(|| stat.metric.metric_name.clone());
            let key = key(stat.metric.namespace, stat.metric.metric_name, stat.metric.dimensions)?;
            let mut points = series.points(&key, request.start_time, request.end_time, period);
            if newest_first {
                points.reverse();
            }
            let values: Option<Vec<f64>> = points.iter().map(|point| point.statistic(&stat.stat)).collect();
            let values = values.ok_or_else(|| invalid("There is no such statistic."))?;
            let times: Vec<i64> = points.iter().map(|point| point.at).collect();
            if query.return_data {
                results.push(json!({ "Id": query.id, "Label": label, "Timestamps": times, "Values": values, "StatusCode": "Complete" }));
            }
        }
        Ok(json!({ "MetricDataResults": results, "Messages": [] }))
    }
}

fn check_period(period: i64) -> Result<i64, AwsError> {
    if matches!(period, 1 | 5 | 10 | 20 | 30) || (period > 0 && period % 60 == 0) {
        Ok(period)
    } else {
        Err(invalid("Period must be 1, 5, 10, 20, 30 or a multiple of 60 seconds."))
    }
}

fn request<T: serde::de::DeserializeOwned>(document: Value) -> Result<T, AwsError> {
    serde_json::from_value(document).map_err(|error| AwsError::serialization(error.to_string()))
}

/// The body, unpacked when it came packed: the SDKs pack `PutMetricData` above 10 KB.
fn unpack(call: &Call) -> Result<Bytes, AwsError> {
    match call.header("content-encoding") {
        "" => Ok(call.body.clone()),
        "gzip" => {
            let mut unpacked = Vec::new();
            let read = flate2::read::GzDecoder::new(call.body.as_ref()).take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut unpacked);
            match read {
                Ok(_) if unpacked.len() as u64 <= UNPACKED_BYTES_MAX => Ok(unpacked.into()),
                Ok(_) => Err(AwsError::validation("The request is larger than 1 MB.").with_status(StatusCode::PAYLOAD_TOO_LARGE)),
                Err(_) => Err(AwsError::serialization("The body is not gzip.")),
            }
        }
        _ => Err(AwsError::serialization("The content encoding is not known.")),
    }
}

fn cbor_response(status: StatusCode, document: &Value) -> Response {
    let mut response = respond(status, CBOR_TYPE, cbor::encode(document));
    response.headers_mut().insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    response
}

/// The header by which clients of the query protocol's days know an error: its code without `Exception`, and who is at fault.
fn with_query_error(mut response: Response, error: &AwsError) -> Response {
    let code = error.code.strip_suffix("Exception").unwrap_or(error.code);
    if let Ok(value) = HeaderValue::from_str(&format!("{code};Sender")) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

fn now() -> f64 {
    Timestamp::now().as_millisecond() as f64 / 1000.0
}
