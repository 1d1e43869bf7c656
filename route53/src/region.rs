//! Regions: the eight from which Route 53 checks, and the many for which a latency record can be made.

use std::fmt;
use std::str::FromStr;

/// A region in which Route 53 runs health checkers. `eu-west-2` is not one. `[R-API]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are the regions they are named after")]
pub enum CheckerRegion {
    UsEast1,
    UsWest1,
    UsWest2,
    EuWest1,
    ApSoutheast1,
    ApSoutheast2,
    ApNortheast1,
    SaEast1,
}

impl CheckerRegion {
    /// Every checker region; a check that names none is checked from all.
    pub const ALL: [Self; 8] = [
        Self::UsEast1,
        Self::UsWest1,
        Self::UsWest2,
        Self::EuWest1,
        Self::ApSoutheast1,
        Self::ApSoutheast2,
        Self::ApNortheast1,
        Self::SaEast1,
    ];

    /// The fewest regions that can be chosen. `[R-API]`
    pub const CHOSEN_MIN: usize = 3;

    /// The region's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UsEast1 => "us-east-1",
            Self::UsWest1 => "us-west-1",
            Self::UsWest2 => "us-west-2",
            Self::EuWest1 => "eu-west-1",
            Self::ApSoutheast1 => "ap-southeast-1",
            Self::ApSoutheast2 => "ap-southeast-2",
            Self::ApNortheast1 => "ap-northeast-1",
            Self::SaEast1 => "sa-east-1",
        }
    }
}

impl fmt::Display for CheckerRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One health checker: the fleet runs in two availability zones of each checker region. `[R-LAT]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckerId {
    /// Where it runs.
    pub region: CheckerRegion,
    /// 0 or 1.
    pub zone: u8,
}

impl CheckerId {
    /// How many checkers each region has: 16 redundant zones in 8 regions. `[R-LAT]`
    pub const PER_REGION: u8 = 2;

    /// The whole fleet.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::of(&CheckerRegion::ALL)
    }

    /// The checkers of some regions.
    pub fn of(regions: &[CheckerRegion]) -> impl Iterator<Item = Self> {
        regions.iter().flat_map(|&region| (0..Self::PER_REGION).map(move |zone| Self { region, zone }))
    }
}

impl fmt::Display for CheckerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.region, self.zone)
    }
}

/// A region that a latency record names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AwsRegion(String);

/// Text that is not shaped like a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an AWS region; one looks like eu-west-2")]
pub struct InvalidAwsRegion(String);

const REGION_MAX: usize = 20;

impl AwsRegion {
    /// Parses a region name.
    ///
    /// # Errors
    /// [`InvalidAwsRegion`] with the text as it came (shortened).
    pub fn new(raw: &str) -> Result<Self, InvalidAwsRegion> {
        let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if raw.len() <= REGION_MAX && raw.split('-').count() >= 3 && raw.split('-').all(part) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(InvalidAwsRegion(raw.chars().take(40).collect()))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AwsRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for AwsRegion {
    type Err = InvalidAwsRegion;

    fn from_str(raw: &str) -> Result<Self, InvalidAwsRegion> {
        Self::new(raw)
    }
}
