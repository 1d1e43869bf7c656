//! From the start of a process to its last event.

use std::error::Error;
use std::process::ExitCode;
use std::time::SystemTime;

use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::environment::SET_BY_LAMBDA;
use crate::failure::{Failure, in_one_line};
use crate::{invocation, log};

/// The settings as `read` finds them in the environment, which it is handed as a lookup; the log begins here.
///
/// Nothing, when they are refused or this is no Lambda function: what is wrong is then one line of the log, which is all that a person sees of a function that
/// does not start.
pub fn start<S, E: Error + 'static>(read: impl FnOnce(fn(&str) -> Option<String>) -> Result<S, E>) -> Option<S> {
    let lookup: fn(&str) -> Option<String> = |name| std::env::var(name).ok();
    log::begin(lookup);
    if let Some(missing) = SET_BY_LAMBDA.into_iter().find(|name| lookup(name).is_none_or(|value| value.is_empty())) {
        tracing::error!("{missing} is not set: this is a Lambda function, and runs only there");
        return None;
    }
    match read(lookup) {
        Ok(settings) => Some(settings),
        Err(error) => {
            tracing::error!(error = in_one_line(&error), "the settings are refused: correct them and deploy again");
            None
        }
    }
}

/// Hands events to `handler`, one after the other, until the process is ended. An error of the handler, a panic and being late fail the invocation, not the
/// process; the log has one line about it.
///
/// Being late: the handler is dropped at its deadline, with every call that it waits for.
pub async fn run<T, R>(handler: impl AsyncFn(T, Deadline) -> Result<R, Box<dyn Error + Send + Sync>>) -> ExitCode
where
    T: DeserializeOwned,
    R: Serialize,
{
    // Boxed: the futures of handlers nest deeper than a layout may.
    events(async |event: LambdaEvent<T>, deadline| Ok(deadline.within(Box::pin(handler(event.payload, deadline))).await??)).await
}

/// [`run`], with the whole event and without an end to the handler's patience.
pub(crate) async fn events<T, R>(handler: impl AsyncFn(LambdaEvent<T>, Deadline) -> Result<R, Failure>) -> ExitCode
where
    T: DeserializeOwned,
    R: Serialize,
{
    let handler = &handler;
    let runtime = Runtime::new(service_fn(async move |event: LambdaEvent<T>| {
        invocation::begin(&event.context);
        let deadline = Deadline::of(event.context.deadline(), SystemTime::now());
        handler(event, deadline).await
    }));
    match runtime.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = in_one_line(&*error), "Lambda's runtime API is gone");
            ExitCode::FAILURE
        }
    }
}
