//! SSM of one observer: its documents, a dry write, and what its clock says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_ssm::config::interceptors::{BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef};
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use decision::RegionName;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use store::{BoxError, Store, StoreError, in_one_line};
use tokio::time::timeout_at;

use super::{Asking, shortened};
use crate::doctor::facts::{Ahead, Fact, State, Unread, Why};

/// How long one operation on one observer may take. Longer than in a drain: a slow answer is one all the same.
const DEADLINE: Duration = Duration::from_secs(5);
/// A `Date` header is cut to the second: on the average it is that much later.
const HALF_A_SECOND_MS: i64 = 500;

/// Reads an observer's documents, and rehearses a write.
pub(super) async fn read(asking: &Asking<'_>, observer: &RegionName) -> State {
    let config = asking.config;
    let clock = Clock::default();
    let client = store::ssm_client(&asking.caller.aws, observer, config.ssm(observer));
    let client = aws_sdk_ssm::Client::from_conf(client.config().to_builder().interceptor(clock.clone()).build());
    let store = Store::new(config.policy.service().clone(), observer.clone(), client).with_deadline(DEADLINE);
    let (votes, intents, history) =
        tokio::join!(within(asking, store.votes()), within(asking, store.intents_with_flaws()), within(asking, store.votes_history()));
    // Last, so that a service whose documents cannot be read at all is not written to either.
    let write = match &intents {
        Ok(_) => within(asking, store.rehearse_intent()).await,
        Err(why) => Err(why.clone()),
    };
    let intents = intents.map(|found| (found.by_region.into_values().collect(), found.malformed.into_keys().collect()));
    State { votes, intents, history: history.map(|_| ()), write, ahead: clock.ahead() }
}

async fn within<T>(asking: &Asking<'_>, call: impl Future<Output = Result<T, StoreError>>) -> Fact<T> {
    match timeout_at(asking.caller.until, Box::pin(call)).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(of_store(&error)),
        Err(_) => Err(Unread::late()),
    }
}

fn of_store(error: &StoreError) -> Unread {
    let why = match error {
        StoreError::Denied { .. } => Why::Denied,
        StoreError::Unreachable { .. } | StoreError::Throttled { .. } | StoreError::Indefinite { .. } => Why::NoAnswer,
        StoreError::Behind { .. } | StoreError::Refused { .. } | StoreError::Malformed { .. } | StoreError::TooLarge { .. } => Why::Refused,
    };
    Unread { why, what: shortened(&in_one_line(error)) }
}

/// Notes when the first request left, when the first answer came, and what that answer's `Date` says: whichever request it belongs to, it was made in
/// between.
#[derive(Debug, Clone, Default)]
struct Clock(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    sent: Option<Timestamp>,
    ahead: Option<Ahead>,
}

impl Clock {
    fn ahead(&self) -> Option<Ahead> {
        self.0.lock().ok()?.ahead
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(mut heard) = self.0.lock() {
            heard.sent.get_or_insert_with(Timestamp::now);
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (now, date) = (Timestamp::now(), context.response().headers().get("date").and_then(date));
        if let (Ok(mut heard), Some(date)) = (self.0.lock(), date)
            && let Some(sent) = heard.sent
        {
            heard.ahead.get_or_insert_with(|| ahead(sent, now, date));
        }
        Ok(())
    }
}

/// `Mon, 23 Nov 2026 03:22:07 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// How far this clock is ahead of one that said `date` between these two moments.
fn ahead(sent: Timestamp, received: Timestamp, date: Timestamp) -> Ahead {
    let round = received.as_millisecond() - sent.as_millisecond();
    let middle = sent.as_millisecond() + round / 2;
    Ahead { millis: middle - (date.as_millisecond() + HALF_A_SECOND_MS), give: round.abs() / 2 + HALF_A_SECOND_MS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_the_middle_of_the_way_there_and_back() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let heard = date("Mon, 23 Nov 2026 03:22:07 GMT").unwrap();
        assert_eq!(heard, at("2026-11-23T03:22:07Z"));
        let right = ahead(at("2026-11-23T03:22:07.300Z"), at("2026-11-23T03:22:07.700Z"), heard);
        assert_eq!(right, Ahead { millis: 0, give: 700 });
        let fast = ahead(at("2026-11-23T03:23:07.300Z"), at("2026-11-23T03:23:07.700Z"), heard);
        assert_eq!(fast.millis, 60_000);
        assert_eq!(date("yesterday"), None);
    }
}
