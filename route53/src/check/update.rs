//! What `UpdateHealthCheck` can change. Type, interval and the latency option have no field here: they are fixed at creation. `[R-API]`

use std::net::IpAddr;

use super::{Address, Alarm, AlarmSpec, Check, CheckId, Endpoint, InvalidCheck, Kind};
use crate::calculated::Calculated;
use crate::region::CheckerRegion;

/// A change to a check; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Update {
    /// Refuse unless the check is at this version.
    pub expected_version: Option<u64>,
    /// Flip the outcome, or stop flipping it.
    pub inverted: Option<bool>,
    /// Stop checking, or start again.
    pub disabled: Option<bool>,
    /// Another address in the place of the present one.
    pub ip: Option<IpAddr>,
    /// Another port.
    pub port: Option<u16>,
    /// Another threshold.
    pub failure_threshold: Option<u8>,
    /// Other checker regions.
    pub regions: Option<Vec<CheckerRegion>>,
    /// Other children and health threshold.
    pub calculated: Option<(Vec<CheckId>, u16)>,
    /// The alarm's settings, copied once more.
    pub alarm: Option<AlarmSpec>,
}

/// A refused update.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UpdateError {
    /// HTTP 409: somebody else was first.
    #[error("the check is at version {at}, not {expected}")]
    VersionMismatch {
        /// Where it is.
        at: u64,
        /// Where the caller thought it was.
        expected: u64,
    },
    /// Recovery-control checks take no update at all, inversion included.
    #[error("updates are not supported for this health check type")]
    NotSupported,
    /// An address where there was none.
    #[error("an address can be changed but neither added nor removed")]
    AddressAdded,
    /// A setting that this kind of check does not have.
    #[error("this kind of check has no such setting")]
    WrongKind,
    /// A setting that AWS refuses.
    #[error("the new setting is refused")]
    Invalid(#[source] InvalidCheck),
}

impl Check {
    /// The check as it is after the update, one version on.
    ///
    /// # Errors
    /// [`UpdateError`]; the check is then unchanged.
    pub fn updated(&self, update: Update) -> Result<Self, UpdateError> {
        if matches!(self.kind, Kind::Control(_)) {
            return Err(UpdateError::NotSupported);
        }
        if let Some(expected) = update.expected_version.filter(|&expected| expected != self.version) {
            return Err(UpdateError::VersionMismatch { at: self.version, expected });
        }
        Ok(Self {
            id: self.id.clone(),
            inverted: update.inverted.unwrap_or(self.inverted),
            disabled: update.disabled.unwrap_or(self.disabled),
            version: self.version + 1,
            kind: updated_kind(&self.kind, update)?,
        })
    }
}

fn updated_kind(kind: &Kind, update: Update) -> Result<Kind, UpdateError> {
    let polled = update.ip.is_some() || update.port.is_some() || update.failure_threshold.is_some() || update.regions.is_some();
    match kind {
        Kind::Endpoint(endpoint) if update.calculated.is_none() && update.alarm.is_none() => {
            updated_endpoint(endpoint, update).map(Kind::Endpoint)
        }
        Kind::Calculated(_) if !polled && update.alarm.is_none() => match update.calculated {
            Some((children, threshold)) => Calculated::new(children, threshold).map(Kind::Calculated).map_err(UpdateError::Invalid),
            None => Ok(kind.clone()),
        },
        Kind::Alarm(_) if !polled && update.calculated.is_none() => match update.alarm {
            Some(spec) => Alarm::copy(&spec).map(Kind::Alarm).map_err(UpdateError::Invalid),
            None => Ok(kind.clone()),
        },
        Kind::Endpoint(_) | Kind::Calculated(_) | Kind::Alarm(_) => Err(UpdateError::WrongKind),
        Kind::Control(_) => Err(UpdateError::NotSupported),
    }
}

fn updated_endpoint(endpoint: &Endpoint, update: Update) -> Result<Endpoint, UpdateError> {
    let mut spec = endpoint.spec().clone();
    if let Some(new) = update.ip {
        let Address::Ip { ip, host } = &spec.address else { return Err(UpdateError::AddressAdded) };
        let host = host.clone();
        let address = if ip.is_loopback() { Address::loopback(new, host) } else { Address::public(new, host) };
        spec.address = address.map_err(UpdateError::Invalid)?;
    }
    spec.port = update.port.unwrap_or(spec.port);
    spec.failure_threshold = update.failure_threshold.unwrap_or(spec.failure_threshold);
    spec.regions = update.regions.unwrap_or(spec.regions);
    Endpoint::new(spec).map_err(UpdateError::Invalid)
}
