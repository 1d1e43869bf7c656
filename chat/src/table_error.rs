//! A call to DynamoDB that did not do what it should, told in a sentence that may reach a client: no ARN, no account, no
//! request id. Those are in the source, which is logged.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Messages,
    Connections,
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Messages => "messages",
            Self::Connections => "connections",
        })
    }
}

/// Why a table did not answer. The retries of [`crate::Deadlines`] are behind it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("the {table} table did not answer in time")]
    Late {
        table: Table,
        #[source]
        source: Source,
    },
    #[error("the {table} table cannot be reached")]
    Unreachable {
        table: Table,
        #[source]
        source: Source,
    },
    #[error("the {table} table is throttled")]
    Throttled {
        table: Table,
        #[source]
        source: Source,
    },
    #[error("the {table} table answered {code}")]
    Refused {
        table: Table,
        code: String,
        #[source]
        source: Source,
    },
}

type Source = Box<dyn Error + Send + Sync>;

impl TableError {
    pub(crate) fn new<E>(table: Table, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or("something that was not understood").to_owned();
        let late = match &error {
            SdkError::TimeoutError(_) => true,
            SdkError::DispatchFailure(failure) => failure.is_timeout(),
            _ => false,
        };
        let unreachable = matches!(error, SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_));
        let source = Box::new(error);
        if late {
            Self::Late { table, source }
        } else if unreachable {
            Self::Unreachable { table, source }
        } else if THROTTLED.contains(&code.as_str()) {
            Self::Throttled { table, source }
        } else {
            Self::Refused { table, code, source }
        }
    }
}

/// The codes by which DynamoDB asks to slow down.
const THROTTLED: [&str; 3] = ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"];
