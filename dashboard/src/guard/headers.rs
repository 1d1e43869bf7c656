//! What every answer tells the browser: run and load nothing but our own files, be framed by nobody, keep nothing, tell nobody.

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method};

/// One script module and one stylesheet of our own, no inline code of either kind.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// `same-origin`, not `no-referrer`: under the latter browsers send `Origin: null` with our own forms, and we could not tell them from another site's.
const ALWAYS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("origin-agent-cluster"), "?1"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()",
    ),
];

/// Sets them, over whatever a handler said. Only our own files may be kept by the browser, if their handler says so.
pub(crate) fn set(headers: &mut HeaderMap, method: &Method, path: &str) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let may_be_kept =
        path.starts_with(super::STATIC) && matches!(*method, Method::GET | Method::HEAD) && headers.contains_key(header::CACHE_CONTROL);
    if !may_be_kept {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
