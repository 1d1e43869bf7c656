//! Why an invocation failed: as one line of the log, and as what Lambda is told.

use std::error::Error;
use std::fmt;

use lambda_runtime::Diagnostic;

use crate::deadline::Overdue;

/// An error on its way out of a handler. The runtime logs its `Debug`, once.
pub(crate) struct Failure(Box<dyn Error + Send + Sync>);

impl From<Box<dyn Error + Send + Sync>> for Failure {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self(error)
    }
}

impl From<Overdue> for Failure {
    fn from(overdue: Overdue) -> Self {
        Self(overdue.into())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_one_line(&*self.0))
    }
}

impl From<Failure> for Diagnostic {
    fn from(Failure(error): Failure) -> Self {
        let error_type = if error.is::<Overdue>() { "Overdue" } else { "Failed" };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// An error and everything behind it, each said once.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        let said = error.to_string();
        if !line.ends_with(&said) {
            line.push_str(": ");
            line.push_str(&said);
        }
        behind = error.source();
    }
    line.replace(['\n', '\r'], " ")
}
