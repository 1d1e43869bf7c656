//! CALCULATED checks: k of n others. They cannot nest; the set of checks sees to that.

use crate::check::{CheckId, InvalidCheck};

/// The most children. The quota page says 255 and the API model 256; the lower one is the limit. `[R-LIM]`
pub const CHILDREN_MAX: usize = 255;

/// Healthy while at least `threshold` children are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calculated {
    children: Vec<CheckId>,
    threshold: u16,
}

impl Calculated {
    /// The highest threshold that AWS takes. `[R-API]`
    pub const THRESHOLD_MAX: u16 = 256;

    /// A k-of-n. A child named twice counts twice, which makes weights.
    ///
    /// # Errors
    /// Too many children, or a threshold over [`Self::THRESHOLD_MAX`].
    pub fn new(children: Vec<CheckId>, threshold: u16) -> Result<Self, InvalidCheck> {
        if children.len() > CHILDREN_MAX {
            return Err(InvalidCheck::Children(children.len()));
        }
        if threshold > Self::THRESHOLD_MAX {
            return Err(InvalidCheck::HealthThreshold(threshold));
        }
        Ok(Self { children, threshold })
    }

    /// The children, in order.
    #[must_use]
    pub fn children(&self) -> &[CheckId] {
        &self.children
    }

    /// How many of them must be healthy.
    #[must_use]
    pub fn threshold(&self) -> u16 {
        self.threshold
    }

    /// 0 is always healthy; more than there are children is never. `[R-API]`
    #[must_use]
    pub fn is_healthy(&self, healthy_children: usize) -> bool {
        healthy_children >= usize::from(self.threshold)
    }
}
