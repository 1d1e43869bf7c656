//! What an error of the SDK says about the call: was it sent, was it answered, is it worth another try.
//!
//! The line that matters runs between "certainly not written" and "nobody knows". Where the SDK leaves it open, it is
//! taken as "nobody knows".

use std::error::Error;
use std::time::Duration;

use aws_sdk_ssm::config::http::HttpResponse;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use decision::RegionName;

use crate::error::{BoxError, StoreError};

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It never left: no name, no connection, nothing built.
    NotSent(BoxError),
    /// It may have left, and there is no answer, or one that does not say (5xx, not of the protocol).
    Unclear(BoxError),
    /// Answered: too many calls. Not done.
    Throttled(BoxError),
    /// No credentials, or answered: not with these. Not done.
    Denied(BoxError),
    /// Answered: no. Not done.
    Refused(BoxError),
}

/// A call ran into its deadline.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
pub(crate) struct Overdue(pub(crate) Duration);

/// What SSM said, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
struct Answer {
    code: String,
    message: String,
}

/// Error codes by which SSM says "later". [AWS-DOC] Common errors; PutParameter `TooManyUpdates`.
const THROTTLED: [&str; 7] = [
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottled",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "TooManyUpdates",
];

/// Error codes by which AWS says "not you". [AWS-DOC] Common errors.
const DENIED: [&str; 14] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "UnrecognizedClientException",
];

impl Failure {
    pub(crate) fn of<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match &error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let (code, message) = (context.err().code(), context.err().message());
                let answer = Answer {
                    code: code.map_or_else(|| format!("status {status}"), str::to_owned),
                    message: message.unwrap_or("no message").chars().take(300).collect(),
                };
                return Self::answered(status, answer);
            }
            SdkError::ConstructionFailure(_) => return Failure::NotSent(inner(error)),
            SdkError::DispatchFailure(context) => {
                let way = context.as_connector_error();
                // The orchestrator wraps what fails before the wire (credentials, signing) as a connector error without a
                // kind. First, because a credential provider may have failed to connect to a place of its own.
                if way.is_some_and(|way| from_credentials(way) || (way.is_other() && way.as_other().is_none() && !touched_the_wire(way))) {
                    return Failure::Denied(inner(error));
                }
                if way.is_some_and(|way| never_connected(way)) {
                    return Failure::NotSent(inner(error));
                }
            }
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {}
            // The SDK's enum is open. What is not known is not clear.
            _ => {}
        }
        Failure::Unclear(inner(error))
    }

    fn answered(status: u16, answer: Answer) -> Self {
        let code = answer.code.as_str();
        if THROTTLED.contains(&code) || status == 429 {
            Failure::Throttled(answer.into())
        } else if DENIED.contains(&code) || matches!(status, 401 | 403) {
            Failure::Denied(answer.into())
        } else if (400..500).contains(&status) {
            Failure::Refused(answer.into())
        } else {
            Failure::Unclear(answer.into())
        }
    }

    /// Whether the same call may succeed a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Failure::NotSent(_) | Failure::Unclear(_) | Failure::Throttled(_) => true,
            Failure::Denied(_) | Failure::Refused(_) => false,
        }
    }

    /// The error of a call after which certainly nothing is written.
    pub(crate) fn into_error(self, observer: &RegionName, parameter: &str) -> StoreError {
        let (observer, parameter) = (observer.clone(), parameter.to_owned());
        match self {
            Failure::NotSent(source) | Failure::Unclear(source) => StoreError::Unreachable { observer, parameter, source },
            Failure::Throttled(source) => StoreError::Throttled { observer, parameter, source },
            Failure::Denied(source) => StoreError::Denied { observer, parameter, source },
            Failure::Refused(source) => StoreError::Refused { observer, parameter, source },
        }
    }

    /// What happened, without the judgement.
    pub(crate) fn into_source(self) -> BoxError {
        match self {
            Failure::NotSent(source)
            | Failure::Unclear(source)
            | Failure::Throttled(source)
            | Failure::Denied(source)
            | Failure::Refused(source) => source,
        }
    }
}

/// The SDK error without its outermost layer, whose words ("dispatch failure") say nothing.
fn inner<E: Error + Send + Sync + 'static>(error: SdkError<E, HttpResponse>) -> BoxError {
    error.into_source().unwrap_or_else(BoxError::from)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Whether the error arose while connecting, so that no byte of the request left. A type that is not recognised (another
/// version of the HTTP client) makes this false, which is the careful side.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| {
        let connect = cause.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(hyper_util::client::legacy::Error::is_connect);
        let refused = cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused);
        connect || refused
    })
}

fn from_credentials(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.is::<aws_credential_types::provider::error::CredentialsError>())
}

fn touched_the_wire(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.is::<hyper::Error>() || cause.is::<hyper_util::client::legacy::Error>() || cause.is::<std::io::Error>())
}
