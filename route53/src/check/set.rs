//! The checks of an account: every child exists, and none is itself calculated.

use std::collections::BTreeMap;

use super::{Check, CheckId, Kind};

/// The most checks in one set. AWS starts at 200 per account and raises it on request. `[R-LIM]`
pub const CHECKS_MAX: usize = 1000;

/// Checks that fit together.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckSet {
    checks: Vec<Check>,
    by_id: BTreeMap<CheckId, usize>,
    /// For each calculated check the places of its children; empty for the others.
    children: Vec<Vec<usize>>,
}

/// Checks that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckSetError {
    /// Two checks of one name.
    #[error("there are two checks named {0}")]
    Twice(CheckId),
    /// A child that is not there.
    #[error("{parent} counts {child}, which does not exist")]
    UnknownChild {
        /// The calculated check.
        parent: CheckId,
        /// Its child.
        child: CheckId,
    },
    /// A calculated check that counts another.
    #[error("{parent} counts {child}: a calculated check cannot count a calculated check")]
    Nested {
        /// The calculated check.
        parent: CheckId,
        /// Its child.
        child: CheckId,
    },
    /// Too many.
    #[error("{0} checks; {CHECKS_MAX} is the most")]
    TooMany(usize),
}

impl CheckSet {
    /// Puts checks together.
    ///
    /// # Errors
    /// [`CheckSetError`] names the first thing that does not fit.
    pub fn new(checks: Vec<Check>) -> Result<Self, CheckSetError> {
        if checks.len() > CHECKS_MAX {
            return Err(CheckSetError::TooMany(checks.len()));
        }
        let mut by_id = BTreeMap::new();
        for (place, check) in checks.iter().enumerate() {
            if by_id.insert(check.id().clone(), place).is_some() {
                return Err(CheckSetError::Twice(check.id().clone()));
            }
        }
        let children = checks.iter().map(|check| places_of_children(check, &checks, &by_id)).collect::<Result<_, _>>()?;
        Ok(Self { checks, by_id, children })
    }

    /// Every check, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter()
    }

    /// A check by name.
    #[must_use]
    pub fn get(&self, id: &CheckId) -> Option<&Check> {
        self.place(id).map(|place| &self.checks[place])
    }

    /// Whether a check counts as healthy, given what was measured for each check that is not calculated.
    ///
    /// A check that does not exist counts as healthy, as a record without one does.
    pub fn is_healthy(&self, id: &CheckId, measured: impl Fn(&CheckId) -> bool) -> bool {
        self.place(id).is_none_or(|place| self.is_healthy_at(place, &|place| measured(self.checks[place].id())))
    }

    pub(crate) fn is_healthy_at(&self, place: usize, measured: &impl Fn(usize) -> bool) -> bool {
        let check = &self.checks[place];
        let measured = match check.kind() {
            Kind::Calculated(calculated) => {
                // One level deep: children of calculated checks never are calculated.
                let healthy = self.children[place].iter().filter(|&&child| self.checks[child].counts_as_healthy(measured(child)));
                calculated.is_healthy(healthy.count())
            }
            Kind::Endpoint(_) | Kind::Alarm(_) | Kind::Control(_) => measured(place),
        };
        check.counts_as_healthy(measured)
    }

    pub(crate) fn place(&self, id: &CheckId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn at(&self, place: usize) -> &Check {
        &self.checks[place]
    }

    /// Puts an updated check in the place of its former version.
    pub(crate) fn replace(&mut self, place: usize, check: Check) -> Result<(), CheckSetError> {
        let children = places_of_children(&check, &self.checks, &self.by_id)?;
        self.children[place] = children;
        self.checks[place] = check;
        Ok(())
    }
}

fn places_of_children(check: &Check, checks: &[Check], by_id: &BTreeMap<CheckId, usize>) -> Result<Vec<usize>, CheckSetError> {
    let Kind::Calculated(calculated) = check.kind() else { return Ok(Vec::new()) };
    let place = |child: &CheckId| {
        let (parent, child) = (check.id().clone(), child.clone());
        match by_id.get(&child) {
            None => Err(CheckSetError::UnknownChild { parent, child }),
            Some(&place) if matches!(checks[place].kind(), Kind::Calculated(_)) => Err(CheckSetError::Nested { parent, child }),
            Some(&place) => Ok(place),
        }
    };
    calculated.children().iter().map(place).collect()
}
