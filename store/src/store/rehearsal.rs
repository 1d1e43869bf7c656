//! A write that changes nothing: whether these credentials may write intents here, asked before it matters.
//!
//! What a drain writes is [`Store::put_intent`]'s.

use crate::error::StoreError;
use crate::parameter::Parameter;
use crate::ssm::Put;

use super::Store;

/// What stands in the parameter that rehearsals are about. It means nothing to anybody.
const TEXT: &str = "Written once by `failover doctor`, to see that intents can be written here. It means nothing.";

/// What a rehearsal proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// The parameter was written, for the first and only time: SSM stores.
    Written,
    /// It was there already, and SSM said so rather than deny the call. Nothing was written.
    Allowed,
}

impl Store {
    /// Rehearses the write of an intent, on a parameter of its own below `intents/` that no reader lists.
    ///
    /// The first time it is written. From then on the same call, which must not overwrite, is answered with `ParameterAlreadyExists`: permission is
    /// checked first. So it costs no version, wakes nobody and needs no right to delete.
    ///
    /// # Errors
    /// Unreachable, throttled, denied, refused, or [`StoreError::Indefinite`].
    pub async fn rehearse_intent(&self) -> Result<Rehearsal, StoreError> {
        let name = Parameter::Rehearsal.name(&self.0.service);
        match self.ssm().put(&name, TEXT, false).await {
            Ok(Put::Written(_)) => Ok(Rehearsal::Written),
            Ok(Put::Exists) => Ok(Rehearsal::Allowed),
            Err(failure) => Err(failure.into_error(&self.0.observer, &name)),
        }
    }
}
