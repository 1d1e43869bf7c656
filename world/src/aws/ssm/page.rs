//! Pages: an opaque token that says where the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::aws::error::AwsError;

/// The token for the page after `last`.
pub(super) fn token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// What a token says.
pub(super) fn after(token: Option<&str>) -> Result<Option<String>, AwsError> {
    let Some(token) = token else { return Ok(None) };
    let invalid = || AwsError::new("InvalidNextToken", "The specified token isn't valid.");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    String::from_utf8(bytes).map(Some).map_err(|_| invalid())
}

/// Checks a page size.
pub(super) fn size(asked: Option<u32>, max: u32) -> Result<usize, AwsError> {
    let size = asked.unwrap_or(max);
    if (1..=max).contains(&size) {
        return Ok(size as usize);
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and {max}"
    )))
}
