//! The files that pages load: one sheet, one script, one icon per state. Built in, named by what is in them, and public.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

const STYLE: &str = include_str!("../../static/style.css");
const SCRIPT: &str = include_str!("../../static/live.js");

/// The address of the sheet, which changes with it.
pub(super) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| format!("/static/style.css?{:016x}", hash(STYLE)));
/// The address of the script, which changes with it.
pub(super) static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| format!("/static/live.js?{:016x}", hash(SCRIPT)));

/// One of them.
pub(super) async fn get(Path(name): Path<String>, request: axum::extract::Request) -> Response {
    let (kind, body) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", STYLE.to_owned()),
        "live.js" => ("text/javascript; charset=utf-8", SCRIPT.to_owned()),
        other => match other.strip_suffix(".svg").and_then(icon) {
            Some(icon) => ("image/svg+xml", icon),
            None => return StatusCode::NOT_FOUND.into_response(),
        },
    };
    // What is asked for by what is in it never changes; the rest is asked for again.
    let known =
        [&*STYLE_PATH, &*SCRIPT_PATH].iter().any(|path| request.uri().path_and_query().is_some_and(|asked| asked.as_str() == **path));
    let kept = if known { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], body).into_response()
}

/// The picture in the browser's tab: another shape for each state, not only another colour.
fn icon(mark: &str) -> Option<String> {
    let (color, shape) = match mark {
        "good" => ("#0b559f", "<circle cx='16' cy='16' r='15'/><path d='m9 16.5 5 5 9-11'/>"),
        "warn" => ("#8a5f00", "<path d='M16 1 31 30H1z'/><path d='M16 11v9m0 5v.5'/>"),
        "bad" => ("#a02c06", "<path d='M10 1h12l9 9v12l-9 9H10l-9-9V10z'/><path d='m10.500 10.500 11 11m0-11-11 11'/>"),
        "unknown" | "going" => (
            "#5b636d",
            "<circle cx='16' cy='16' r='15'/><path d='M11.500 12c.5-5.500 9.500-5 9 .5-.3 3.500-4.500 3.500-4.500 7.500m0 5v.5'/>",
        ),
        _ => return None,
    };
    Some(format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='{color}'><g stroke='#fff' stroke-width='3.500' stroke-linecap='round'>{shape}</g></svg>\n"
    ))
}

/// FNV-1a: the same over builds, and no more is needed to tell two versions of a file apart.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
