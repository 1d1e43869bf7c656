//! The shell: reads everything at once, each thing by its own deadline, and goes on after every failure.
//!
//! What is read is `facts`; nothing here knows what it should have been. One file per service that is asked.

mod account;
mod certificates;
mod load;
mod progress;
mod records;
mod stacks;
mod state;
mod tables;
mod web;

use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_ssm::config::http::HttpResponse;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use decision::RegionName;
use futures_util::future::join_all;
use store::in_one_line;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::progress::Progress;
pub(crate) use self::stacks::stack_of;
use super::facts::{Fact, Facts, Unread, Why};
use crate::config::Config;

/// The longest that one call may take, retries included.
const CALL: Duration = Duration::from_secs(10);
/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// The most characters that are kept of what a service said.
const WORDS_MAX: usize = 300;
/// What services call credentials that are missing, ended or not enough.
const DENIED: [&str; 10] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Who asks AWS, and until when.
pub(crate) struct Caller {
    /// Credentials, HTTP client and endpoints.
    pub(crate) aws: SdkConfig,
    /// The end of all waiting.
    pub(crate) until: Instant,
}

/// What is asked about, by whom.
pub(crate) struct Asking<'a> {
    /// The configuration.
    pub(crate) config: &'a Config,
    /// Who asks.
    pub(crate) caller: Caller,
    /// Who is told how far it is.
    pub(crate) progress: Progress,
}

impl Caller {
    /// Prepares; nothing is asked yet.
    pub(crate) fn new(shared: &SdkConfig, within: Duration) -> Self {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(CALL).build();
        let aws = shared.clone().into_builder().timeout_config(timeouts).retry_config(RetryConfig::standard().with_max_attempts(3)).build();
        Self { aws, until: Instant::now() + within }
    }

    /// The end of a call that begins now.
    fn call_ends(&self) -> Instant {
        self.until.min(Instant::now() + CALL)
    }

    /// Makes a call, and tells what came of it.
    async fn ask<T, E>(&self, call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>) -> Fact<T>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        // Boxed: the SDK's futures are some kilobytes each, and there are many at once.
        match timeout_at(self.call_ends(), Box::pin(call)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(of_sdk(error)),
            Err(_) => Err(Unread::late()),
        }
    }
}

/// Reads what there is to read of a deployment.
pub(crate) async fn deployed(asking: &Asking<'_>) -> Facts {
    let config = asking.config;
    // A demo has gates and SSM, and no account around them.
    let on_aws = config.world().is_none();
    let regions = || config.policy.regions().iter().filter(|_| on_aws);
    let observers = || config.policy.observers().iter();
    let account = async { if on_aws { Some(account::read(asking).await) } else { None } };
    let records = async { if on_aws { Some(records::read(asking).await) } else { None } };
    let stacks = async {
        let Some(deployed) = config.file.deployed.as_ref().filter(|_| on_aws) else { return Vec::new() };
        let of = |observer: &'_ RegionName| {
            let observer = observer.clone();
            async move {
                let stack = stack_of(&asking.caller, &deployed.stack, &observer, true).await;
                let arn = stack.as_ref().ok().and_then(|stack| stack.as_ref()?.parameters.get("CertificateArn").cloned());
                let stored = match arn {
                    Some(arn) => Some(certificates::deployed(asking, &observer, &arn).await),
                    None => None,
                };
                asking.progress.step();
                (observer, stack, stored)
            }
        };
        join_all(observers().map(of)).await
    };
    let state = each(asking, observers(), |observer| state::read(asking, observer));
    let gates = each(asking, observers(), |observer| web::gate(asking, observer));
    let tables = each(asking, regions(), |region| tables::read(asking, region));
    let loads = each(asking, regions(), |region| load::read(asking, region, true));
    let (account, records, stacks, state, gates, served, tables, loads) =
        tokio::join!(account, records, stacks, state, gates, web::served(asking), tables, loads);
    let mut facts = Facts { account, served, ..Facts::default() };
    facts.state.extend(state);
    facts.gates.extend(gates.into_iter().filter_map(|(observer, gate)| Some((observer, gate?))));
    facts.tables.extend(tables);
    facts.loads.extend(loads);
    if let Some(records) = records {
        facts.zone = Some(records.zone);
        facts.checks = Some(records.checks);
        facts.alarms = records.alarms;
    }
    for (observer, stack, stored) in stacks {
        facts.stored.extend(stored.map(|stored| (observer.clone(), stored)));
        facts.stacks.insert(observer, stack);
    }
    facts
}

/// Reads what a deployment would need.
pub(crate) async fn before(asking: &Asking<'_>) -> Facts {
    let config = asking.config;
    let observers = || config.policy.observers().iter();
    let stacks = async {
        let Some(deployed) = &config.file.deployed else { return Vec::new() };
        each(asking, observers(), |observer| stack_of(&asking.caller, &deployed.stack, observer, false)).await
    };
    let stored = each(asking, observers(), |observer| certificates::all(asking, observer));
    let loads = each(asking, observers(), |observer| load::read(asking, observer, false));
    let (account, records, checks_max, stored, loads, stacks) =
        tokio::join!(account::read(asking), records::read(asking), records::checks_max(asking), stored, loads, stacks);
    let mut facts = Facts {
        account: Some(account),
        zone: Some(records.zone),
        checks: Some(records.checks),
        checks_max: Some(checks_max),
        ..Facts::default()
    };
    facts.stored.extend(stored);
    facts.loads.extend(loads);
    facts.stacks.extend(stacks);
    facts
}

/// The same for many regions at once.
async fn each<'a, T, F: Future<Output = T>>(
    asking: &Asking<'_>,
    regions: impl Iterator<Item = &'a RegionName>,
    of: impl Fn(&'a RegionName) -> F,
) -> Vec<(RegionName, T)> {
    let of = |region: &'a RegionName| {
        let reading = of(region);
        async move {
            let read = reading.await;
            asking.progress.step();
            (region.clone(), read)
        }
    };
    join_all(regions.map(of)).await
}

/// A region as the SDK has it.
fn aws_region(region: &RegionName) -> Region {
    Region::new(region.to_string())
}

/// What an error of the SDK says about why.
pub(crate) fn of_sdk<E>(error: SdkError<E, HttpResponse>) -> Unread
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let SdkError::ServiceError(context) = &error {
        let status = context.raw().status().as_u16();
        let (code, message) = (context.err().code(), context.err().message());
        let why = match (code, status) {
            (Some(code), _) if DENIED.contains(&code) => Why::Denied,
            (_, 401 | 403) => Why::Denied,
            (_, 500..) => Why::NoAnswer,
            _ => Why::Refused,
        };
        let code = code.map_or_else(|| format!("status {status}"), str::to_owned);
        return Unread { why, what: shortened(&message.map_or_else(|| code.clone(), |message| format!("{code}: {message}"))) };
    }
    let source: Box<dyn Error + Send + Sync> = error.into_source().unwrap_or_else(Into::into);
    let credentials = std::iter::successors(Some(&*source as &(dyn Error + 'static)), |&error| error.source())
        .any(|cause| cause.is::<aws_credential_types::provider::error::CredentialsError>());
    if credentials {
        // Why there are none is said once, where they are asked for.
        return Unread { why: Why::Denied, what: "no usable credentials".to_owned() };
    }
    Unread { why: Why::NoAnswer, what: shortened(&in_one_line(&*source)) }
}

/// One bounded line without control characters.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(WORDS_MAX).collect()
}
