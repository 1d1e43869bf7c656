//! The addresses of the pages. Region names are letters, digits and hyphens, so none has to be escaped.

use decision::RegionName;
use jiff::Timestamp;

use super::part::Act;

/// The first screen.
pub(crate) const OVERVIEW: &str = "/";
/// The log.
pub(crate) const LOG: &str = "/log";
/// The same as JSON.
pub(crate) const LOG_JSON: &str = "/api/v1/log";

/// A region's page.
pub(crate) fn region(region: &RegionName) -> String {
    format!("/regions/{region}")
}

/// A region's page at a moment of the past.
pub(crate) fn region_at(region: &RegionName, at: Timestamp) -> String {
    format!("/regions/{region}?at={}", at.strftime("%FT%TZ"))
}

/// The preview of an act, and where its form posts to.
pub(crate) fn act(region: &RegionName, act: Act) -> String {
    format!("/regions/{region}/{}", act.as_str())
}

/// The stages of a region's newest intent.
pub(crate) fn progress(region: &RegionName) -> String {
    format!("/regions/{region}/progress")
}
