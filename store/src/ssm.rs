//! The four SSM calls that the store makes, each under a deadline and with every list bounded.
//!
//! Text in, text out: no documents, no generations, no second tries beyond the SDK's own for reads.

use std::time::Duration;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::http::HttpResponse;
use aws_sdk_ssm::config::retry::RetryConfig;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::get_parameter_history::GetParameterHistoryError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use jiff::{Timestamp, TimestampRound, Unit};
use tokio::time::Instant;

use crate::failure::{Failure, Overdue};

/// Pages of one listing that are read at the most. Ten parameters a page: far more than the regions of a service.
const PATH_PAGES_MAX: usize = 5;
/// SSM keeps 100 versions, and returns up to 50 a page ([AWS-DOC] GetParameterHistory). A page may be short.
const HISTORY_PAGES_MAX: usize = 10;

/// One version of one parameter.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// SSM's own count of writes to the parameter, from 1. Starts over when the parameter is deleted.
    pub(crate) version: i64,
    pub(crate) text: String,
}

/// A version in a history carries no usable time of its storing.
#[derive(Debug, thiserror::Error)]
#[error("version {0} does not say when it was stored")]
struct Undated(i64);

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// Stored as this version.
    Written(i64),
    /// It was to be the first version, and there is one already.
    Exists,
}

/// What a listing came to.
pub(crate) enum Listing {
    /// Every parameter below the path: name and text.
    Whole(Vec<(String, String)>),
    /// More pages than there can be documents of ours.
    Endless,
}

/// One observer's SSM for the length of one operation: every call ends by `deadline`.
#[derive(Clone, Copy)]
pub(crate) struct Ssm<'a> {
    client: &'a Client,
    deadline: Instant,
}

impl<'a> Ssm<'a> {
    pub(crate) fn new(client: &'a Client, within: Duration) -> Self {
        Self { client, deadline: Instant::now() + within }
    }

    /// The same, with `within` from this moment.
    pub(crate) fn extended(self, within: Duration) -> Self {
        Self { deadline: Instant::now() + within, ..self }
    }

    pub(crate) fn remaining(self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits `long`, or until the deadline.
    pub(crate) async fn pause(self, long: Duration) {
        tokio::time::sleep(long.min(self.remaining())).await;
    }

    /// A parameter as it stands. `name:7` asks for its version 7.
    pub(crate) async fn get(self, name: &str) -> Result<Option<Stored>, Failure> {
        match self.within(self.client.get_parameter().name(name).send()).await? {
            Ok(output) => Ok(output.parameter.map(|found| Stored { version: found.version, text: found.value.unwrap_or_default() })),
            Err(error) if matches!(error.as_service_error(), Some(absent) if is_absent(absent)) => Ok(None),
            Err(error) => Err(Failure::of(error)),
        }
    }

    /// Stores `text`, as the first version or over whatever there is. Sent once: a second try needs a look at what is stored.
    ///
    /// Waits for half of what is left, so that there is time for that look.
    pub(crate) async fn put(self, name: &str, text: &str, over: bool) -> Result<Put, Failure> {
        let call = self
            .client
            .put_parameter()
            .name(name)
            .value(text)
            .r#type(ParameterType::String)
            .tier(ParameterTier::Standard)
            .overwrite(over)
            .customize()
            .config_override(aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::disabled()));
        let half = Self { deadline: Instant::now() + self.remaining() / 2, ..self };
        match half.within(call.send()).await? {
            Ok(output) => Ok(Put::Written(output.version)),
            Err(error) => match error.as_service_error() {
                Some(PutParameterError::ParameterAlreadyExists(_)) if !over => Ok(Put::Exists),
                _ => Err(Failure::of(error)),
            },
        }
    }

    /// Everything directly below `path`.
    pub(crate) async fn list(self, path: &str) -> Result<Listing, Failure> {
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..PATH_PAGES_MAX {
            let call = self.client.get_parameters_by_path().path(path).max_results(10).set_next_token(token);
            let page = self.within(call.send()).await?.map_err(Failure::of)?;
            let parameters = page.parameters.unwrap_or_default();
            found.extend(parameters.into_iter().filter_map(|parameter| Some((parameter.name?, parameter.value?))));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(Listing::Whole(found));
            }
        }
        Ok(Listing::Endless)
    }

    /// Every version that SSM still has, with the time at which it was stored, to the millisecond. In no promised order.
    pub(crate) async fn history(self, name: &str) -> Result<Vec<(Timestamp, Stored)>, Failure> {
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..HISTORY_PAGES_MAX {
            let call = self.client.get_parameter_history().name(name).max_results(50).set_next_token(token);
            let page = match self.within(call.send()).await? {
                Ok(page) => page,
                Err(error) if matches!(error.as_service_error(), Some(GetParameterHistoryError::ParameterNotFound(_))) => break,
                Err(error) => return Err(Failure::of(error)),
            };
            for entry in page.parameters.unwrap_or_default() {
                let at = entry.last_modified_date.and_then(|at| Timestamp::new(at.secs(), at.subsec_nanos().try_into().ok()?).ok());
                let at = at.and_then(|at| at.round(TimestampRound::new().smallest(Unit::Millisecond)).ok());
                let at = at.ok_or_else(|| Failure::Unclear(Undated(entry.version).into()))?;
                found.push((at, Stored { version: entry.version, text: entry.value.unwrap_or_default() }));
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn within<T, E>(
        self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Result<T, SdkError<E, HttpResponse>>, Failure> {
        let began = Instant::now();
        // Boxed: the SDK's futures are some kilobytes each, and they nest.
        let call = Box::pin(call);
        tokio::time::timeout_at(self.deadline, call).await.map_err(|_| Failure::Unclear(Overdue(began.elapsed()).into()))
    }
}

/// Neither the parameter nor that version of it. The code is looked at too: stand-ins and older endpoints answer with either.
fn is_absent(error: &GetParameterError) -> bool {
    error.is_parameter_not_found()
        || error.is_parameter_version_not_found()
        || matches!(error.code(), Some("ParameterNotFound" | "ParameterVersionNotFound"))
}
