//! One JSON line per event on standard output, under the keys that AWS Lambda Powertools gives them in other languages, so that one query of CloudWatch Logs
//! Insights reads the functions of a whole team.
//!
//! What is worth a line is decided where it happens. An event's own fields stand beside the common keys and never replace one.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Debug;
use std::io::Write as _;
use std::str::FromStr as _;

use jiff::{Timestamp, TimestampRound, Unit};
use serde::Serializer as _;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::environment::{FILTER, FUNCTION_NAME, LAMBDA_LEVEL, LEVEL, MEMORY, SERVICE};
use crate::failure::in_one_line;
use crate::invocation::{self, Function, Invocation};

/// What Powertools says where nobody named the service.
const NO_SERVICE: &str = "service_undefined";

/// Sends every event to standard output from here on, panics too. A second call changes nothing.
pub(crate) fn begin(lookup: impl Fn(&'static str) -> Option<String>) {
    invocation::is_of(Function {
        service: lookup(SERVICE).filter(|name| !name.is_empty()).unwrap_or_else(|| NO_SERVICE.to_owned()),
        name: lookup(FUNCTION_NAME).unwrap_or_default(),
        memory_mb: lookup(MEMORY).and_then(|memory| memory.parse().ok()).unwrap_or_default(),
    });
    let began = tracing_subscriber::registry().with(Lines.with_filter(filter(lookup))).try_init().is_ok();
    if began {
        std::panic::set_hook(Box::new(|panic| {
            let at = panic.location().map(ToString::to_string);
            tracing::error!(at, "panicked: {}", panic.payload_as_str().unwrap_or("with something that is no text"));
        }));
    }
}

/// What is logged: by [`FILTER`], else from one level up. What cannot be read is passed over, so that a typing error costs no log.
fn filter(lookup: impl Fn(&'static str) -> Option<String>) -> Targets {
    if let Some(targets) = lookup(FILTER).and_then(|filter| Targets::from_str(&filter).ok()) {
        return targets;
    }
    let level = [LAMBDA_LEVEL, LEVEL].into_iter().find_map(|name| level(&lookup(name)?));
    Targets::new().with_default(level.unwrap_or(Level::INFO))
}

/// A level by any name that Lambda or Powertools has for it.
fn level(name: &str) -> Option<Level> {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => Some(Level::TRACE),
        "DEBUG" => Some(Level::DEBUG),
        "INFO" => Some(Level::INFO),
        "WARN" | "WARNING" => Some(Level::WARN),
        "ERROR" | "FATAL" | "CRITICAL" => Some(Level::ERROR),
        _ => None,
    }
}

/// Writes each event as one line.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (function, invocation) = invocation::now();
        let mut line = line(event.metadata(), Timestamp::now(), fields, function, invocation);
        line.push('\n');
        // A log that cannot be written has nowhere to say so.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

type Pair = (Cow<'static, str>, Value);

fn line(of: &Metadata<'_>, at: Timestamp, fields: Fields, function: Function, invocation: Invocation) -> String {
    let at = at.round(TimestampRound::new().smallest(Unit::Millisecond)).unwrap_or(at);
    let mut pairs: Vec<Pair> = Vec::with_capacity(11 + fields.others.len());
    let mut say = |key: &'static str, value: Value| pairs.push((Cow::Borrowed(key), value));
    say("level", of.level().as_str().into());
    say("location", format!("{}:{}", of.module_path().unwrap_or_else(|| of.target()), of.line().unwrap_or_default()).into());
    say("message", fields.message.into());
    say("timestamp", format!("{at:.3}").into());
    say("service", function.service.into());
    say("cold_start", (invocation.number <= 1).into());
    say("function_name", function.name.into());
    say("function_memory_size", function.memory_mb.into());
    if invocation.number > 0 {
        say("function_arn", invocation.function_arn.into());
        say("function_request_id", invocation.request_id.into());
    }
    if let Some(trace) = invocation.trace_id {
        say("xray_trace_id", trace.into());
    }
    for (key, value) in fields.others {
        if pairs.iter().all(|(said, _)| *said != key) {
            pairs.push((key, value));
        }
    }
    let mut text = Vec::new();
    // Written to memory, and every key is text: this cannot fail.
    let _ = serde_json::Serializer::new(&mut text).collect_map(pairs);
    String::from_utf8(text).unwrap_or_default()
}

/// What an event says.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<Pair>,
}

impl Fields {
    fn take(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.push((Cow::Borrowed(field.name()), value.into()));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.take(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            _ => self.take(field, value),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.take(field, in_one_line(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            _ => self.take(field, format!("{value:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The lines of a function in the middle of its third invocation, without where in this file they come from.
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let function = Function { service: "chat".to_owned(), name: "chat-probe".to_owned(), memory_mb: 256 };
            let invocation = Invocation {
                number: 3,
                request_id: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef".to_owned(),
                function_arn: "arn:aws:lambda:eu-west-2:111122223333:function:chat-probe".to_owned(),
                trace_id: Some("1-5759e988-bd862e".to_owned()),
            };
            let at: Timestamp = "2026-11-23T10:00:00.0426Z".parse().unwrap();
            let line = line(event.metadata(), at, fields, function, invocation);
            let where_from = format!("{}:{}", event.metadata().module_path().unwrap(), event.metadata().line().unwrap());
            self.0.lock().unwrap().push(line.replace(&where_from, "here"));
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the votes are not recorded")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("eu-west-2 did not answer\nat all")]
    struct Inner;

    #[test]
    fn a_line_has_the_keys_of_powertools_and_the_fields_of_its_event() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(Kept(Arc::clone(&lines))), || {
            tracing::info!(round = 7, service = "no other", share = 0.5, fit = true, region = %"eu-west-2", "a \"round\" of {}", 10);
            tracing::warn!(error = &Outer(Inner) as &dyn Error, lost = f64::NAN, none = Option::<u64>::None);
        });
        insta::assert_snapshot!(lines.lock().unwrap().join("\n"), @r#"
        {"level":"INFO","location":"here","message":"a \"round\" of 10","timestamp":"2026-11-23T10:00:00.043Z","service":"chat","cold_start":false,"function_name":"chat-probe","function_memory_size":256,"function_arn":"arn:aws:lambda:eu-west-2:111122223333:function:chat-probe","function_request_id":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","xray_trace_id":"1-5759e988-bd862e","round":7,"share":0.5,"fit":true,"region":"eu-west-2"}
        {"level":"WARN","location":"here","message":"","timestamp":"2026-11-23T10:00:00.043Z","service":"chat","cold_start":false,"function_name":"chat-probe","function_memory_size":256,"function_arn":"arn:aws:lambda:eu-west-2:111122223333:function:chat-probe","function_request_id":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","xray_trace_id":"1-5759e988-bd862e","error":"the votes are not recorded: eu-west-2 did not answer at all","lost":null}
        "#);
    }

    #[test]
    fn the_more_exact_setting_decides_what_is_logged() {
        let logs = |settings: &[(&'static str, &str)], level: Level| {
            let lookup = |wanted| settings.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
            filter(lookup).would_enable("probe::run", &level)
        };
        assert!(logs(&[], Level::INFO) && !logs(&[], Level::DEBUG));
        assert!(!logs(&[(LEVEL, "Warning")], Level::INFO));
        assert!(logs(&[(LAMBDA_LEVEL, "DEBUG"), (LEVEL, "ERROR")], Level::DEBUG));
        assert!(logs(&[(FILTER, "error,probe=trace"), (LAMBDA_LEVEL, "ERROR")], Level::TRACE));
        assert!(logs(&[(FILTER, "probe=loudly"), (LEVEL, "loudly")], Level::INFO), "a typing error costs no log");
    }
}
