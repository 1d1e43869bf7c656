//! Whose credentials these are, and until when.

use std::time::UNIX_EPOCH;

use aws_credential_types::provider::ProvideCredentials;
use jiff::Timestamp;
use store::in_one_line;
use tokio::time::timeout_at;

use super::{Asking, shortened};
use crate::doctor::facts::{Account, Fact, Unread, Why};

/// Asks the provider for their end, and STS for their owner.
pub(super) async fn read(asking: &Asking<'_>) -> Fact<Account> {
    let denied = |what: String| Unread { why: Why::Denied, what };
    let provider = asking.caller.aws.credentials_provider().ok_or_else(|| denied("none are configured".to_owned()))?;
    let credentials = match timeout_at(asking.caller.call_ends(), provider.provide_credentials()).await {
        Ok(Ok(credentials)) => credentials,
        Ok(Err(error)) => return Err(denied(shortened(&in_one_line(&error)))),
        Err(_) => return Err(denied("their provider does not answer".to_owned())),
    };
    let expires = credentials.expiry().and_then(|end| end.duration_since(UNIX_EPOCH).ok());
    let expires = expires.and_then(|end| Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok());
    let identity = asking.caller.ask(aws_sdk_sts::Client::new(&asking.caller.aws).get_caller_identity().send()).await;
    asking.progress.step();
    let arn = identity?.arn.ok_or_else(|| Unread::no_answer("STS names nobody"))?;
    Ok(Account { arn: shortened(&arn), expires })
}
