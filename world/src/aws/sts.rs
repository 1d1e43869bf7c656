//! STS: who am I. One answer, so that tools which ask before they act can go on.

use http::StatusCode;

use super::ACCOUNT;
use super::error::{AwsError, respond};
use super::wire::Response;

/// Answers the query protocol's `GetCallerIdentity`; anything else is refused.
pub(crate) fn answer(body: &[u8]) -> Response {
    let asked = std::str::from_utf8(body).unwrap_or_default();
    if !asked.split('&').any(|pair| pair == "Action=GetCallerIdentity") {
        return AwsError::unknown_operation().to_json("application/x-amz-json-1.0", "");
    }
    let id = uuid::Uuid::new_v4();
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/world</Arn><UserId>AIDAWORLD</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    respond(StatusCode::OK, "text/xml", body)
}
