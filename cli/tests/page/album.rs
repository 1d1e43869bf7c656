//! What a page looks like: pictures of it, and what axe-core has to say about it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::browser::Page;

/// Every element and both schemes; what axe cannot decide by itself is not a violation.
const RUN: &str = "axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations.map((rule) => \
    `${rule.id} (${rule.impact}): ${rule.nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join('; ')}`))";

/// Takes its picture in a light and a dark window and in one that is 320 pixels wide. None may scroll sideways.
pub(crate) async fn keep(page: &mut Page, name: &str) {
    let album = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("dashboard");
    fs::create_dir_all(&album).unwrap();
    for (width, dark, how) in [(320, true, "320-dark"), (320, false, "320"), (1280, true, "dark"), (1280, false, "light")] {
        page.look(width, dark).await;
        let over = page.eval("document.documentElement.scrollWidth - innerWidth").await;
        assert!(over.as_i64().unwrap() <= 0, "{name} in {width} px scrolls sideways by {over} px");
        fs::write(album.join(format!("{name}-{how}.png")), page.picture().await).unwrap();
    }
}

/// Looks it through with axe-core, in a light and in a dark window, wide and narrow.
pub(crate) async fn check(page: &mut Page, name: &str) {
    for (width, dark) in [(1280, false), (1280, true), (320, false)] {
        page.look(width, dark).await;
        assert_eq!(violations(page).await, Value::Array(vec![]), "{name}, {width} px, dark: {dark}");
    }
    page.look(1280, false).await;
}

/// What axe-core finds wrong with the page as it is.
pub(crate) async fn violations(page: &mut Page) -> Value {
    if page.eval("typeof axe").await != "object" {
        let axe = fs::read_to_string(axe()).expect("this test needs axe-core: scripts/test fetches it");
        page.eval(&format!("{axe};0")).await;
    }
    page.eval(RUN).await
}

/// Both.
pub(crate) async fn keep_and_check(page: &mut Page, name: &str) {
    check(page, name).await;
    keep(page, name).await;
}

fn axe() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(".tools/axe-core/axe.min.js")
}
