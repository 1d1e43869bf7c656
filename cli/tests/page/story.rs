//! On-call, from the link to the log: a region fails by itself, another is drained by hand and taken back.

use serde_json::json;
use tests::browser::Page;

use crate::album::{keep, keep_and_check};
use crate::running::until;
use crate::site::{MOVED, demo, link};

const OVERVIEW: &str = "location.pathname === '/' && document.querySelectorAll('#regions tbody').length === 3";
const PROGRESS: &str = "location.pathname === '/regions/eu-west-2/progress'";
const ALL_DONE: &str = "[...document.querySelectorAll('.stages .word')].map((word) => word.textContent).join() === 'done,done,done,done'";

fn says(region: &str, begins: &str) -> String {
    format!("document.getElementById('r-{region}').dataset.say.startsWith('{region} {begins}')")
}

/// How many bytes the overview takes with its style and its script, pictures drawn in it aside.
async fn weight(page: &mut Page) -> u64 {
    let sum = "(async () => { const text = async (url) => (await fetch(url)).text(); const parts = [(await text('/')).replace(/<svg[^]*?<\\/svg>/g, ''), \
        ...await Promise.all([...document.querySelectorAll('link[rel=stylesheet], script')].map((part) => text(part.href ?? part.src)))]; \
        const bytes = parts.map((part) => new TextEncoder().encode(part).length); return [bytes.length, bytes.reduce((a, b) => a + b)]; })()";
    let weighed = page.eval(sum).await;
    assert_eq!(weighed[0], 3, "a page, one style, one script");
    eprintln!("the overview weighs {} bytes", weighed[1]);
    weighed[1].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_fails_and_another_is_drained_and_taken_back() {
    let demo = demo();
    let mut page = Page::open(&link(&demo)).await;
    page.until("the link leads to the overview", OVERVIEW).await;
    page.until("all well", "document.getElementById('live-text').textContent.startsWith('live')").await;
    keep_and_check(&mut page, "story-1-healthy").await;

    // What a reload would take away.
    page.eval("window.untouched = true").await;
    assert_eq!(demo.failover(&["fault", "us-west-2", "websocket", "on"]).code, 0);
    page.until_within(MOVED, "us-west-2 is ejected", &says("us-west-2", "ejected")).await;
    page.until("it is announced", "document.getElementById('say').textContent.includes('us-west-2 ejected')").await;
    assert_eq!(page.eval("window.untouched").await, true, "seen live, without a reload");
    assert_eq!(page.eval("document.querySelector('#regions tbody').id").await, "r-us-west-2", "the sick come first");
    assert!(weight(&mut page).await < 40_000);
    keep_and_check(&mut page, "story-2-ejected").await;
    page.click("#a-us-west-2").await;
    page.until("why it is ejected", "location.pathname === '/regions/us-west-2' && document.readyState === 'complete'").await;
    assert!(page.text().await.contains("websocket failed in "), "{}", page.text().await);
    keep_and_check(&mut page, "story-2-why").await;
    page.click("#to-overview").await;
    page.until("the overview", OVERVIEW).await;

    page.click("#drain-eu-west-2").await;
    page.until("the preview", "location.pathname === '/regions/eu-west-2/drain' && document.getElementById('do') !== null").await;
    let preview = page.text().await;
    for word in ["now", "after", "undo", "failover drain eu-west-2"] {
        assert!(preview.contains(word), "{word}: {preview}");
    }
    keep_and_check(&mut page, "story-3-preview").await;
    page.fill("#reason", "p99 over 3 s after deploy 4471").await;
    page.fill("#ticket", "OPS-918").await;
    page.fill("#confirm", "eu-west-1").await;
    page.click("#do").await;
    page.until("the wrong name is refused", "document.getElementById('confirm-error') !== null").await;
    assert_eq!(page.eval("document.activeElement.id").await, "problems", "what is wrong is read first");
    assert_eq!(page.eval("document.getElementById('reason').value").await, "p99 over 3 s after deploy 4471", "what was typed is kept");
    assert_eq!(demo.region("eu-west-2")["answers"], "serving", "nothing was drained");
    keep_and_check(&mut page, "story-4-wrong-name").await;

    page.fill("#confirm", "eu-west-2").await;
    page.click("#do").await;
    page.until("the stages", PROGRESS).await;
    keep(&mut page, "story-5-under-way").await;
    page.until_within(MOVED, "four stages are done", ALL_DONE).await;
    keep_and_check(&mut page, "story-6-done").await;
    assert_eq!(demo.region("eu-west-2")["answers"], "drained");
    until(MOVED, "London is answered with Ireland", || demo.dig("api.chat.test", &[]) == "127.0.10.1");

    page.click("#undo").await;
    page.until("the way back is previewed", "location.pathname === '/regions/eu-west-2/resume' && document.getElementById('do') !== null")
        .await;
    keep_and_check(&mut page, "story-7-undo").await;
    page.click("#do").await;
    page.until("the way back", PROGRESS).await;
    until(MOVED, "London is answered with London again", || demo.dig("api.chat.test", &[]) == "127.0.11.1");

    page.click("#to-log").await;
    page.until("the log", "location.pathname === '/log'").await;
    page.until("its entries", "document.getElementById('entries') !== null").await;
    let log = page.text().await;
    for told in ["ana", "p99 over 3 s after deploy 4471", "OPS-918", "eu-west-2", "us-west-2"] {
        assert!(log.contains(told), "{told}: {log}");
    }
    keep_and_check(&mut page, "story-8-log").await;
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_without_scripts() {
    let demo = demo();
    let mut page = Page::open_without_scripts(&link(&demo)).await;
    page.until("the link leads to the overview", OVERVIEW).await;
    assert_eq!(page.eval("document.querySelector('meta[http-equiv=refresh]')?.content").await, "10", "it loads itself anew");

    assert_eq!(demo.failover(&["fault", "us-west-2", "websocket", "on"]).code, 0);
    page.until_within(MOVED, "us-west-2 is ejected", &says("us-west-2", "ejected")).await;
    keep(&mut page, "plain-1-ejected").await;

    page.click("#drain-eu-west-2").await;
    page.until("the preview", "location.pathname === '/regions/eu-west-2/drain' && document.getElementById('do') !== null").await;
    page.fill("#reason", "a browser without scripts").await;
    page.fill("#confirm", "eu-west-1").await;
    page.click("#for-1").await;
    page.click("#do").await;
    page.until("the wrong name is refused", "document.getElementById('confirm-error') !== null").await;
    assert_eq!(page.eval("document.getElementById('for-1').checked").await, json!(true), "what was chosen is kept");
    keep(&mut page, "plain-2-wrong-name").await;
    assert_eq!(demo.region("eu-west-2")["answers"], "serving", "nothing was drained");

    page.fill("#confirm", "eu-west-2").await;
    page.click("#do").await;
    page.until("the stages", PROGRESS).await;
    page.until_within(MOVED, "four stages are done", ALL_DONE).await;
    keep(&mut page, "plain-3-done").await;
    until(MOVED, "London is answered with Ireland", || demo.dig("api.chat.test", &[]) == "127.0.10.1");

    page.click("#undo").await;
    page.until("the way back is previewed", "location.pathname === '/regions/eu-west-2/resume' && document.getElementById('do') !== null")
        .await;
    page.click("#do").await;
    page.until("the way back", PROGRESS).await;
    until(MOVED, "London is answered with London again", || demo.dig("api.chat.test", &[]) == "127.0.11.1");
    page.click("#to-log").await;
    page.until("the log", "location.pathname === '/log' && document.body.innerText.includes('a browser without scripts')").await;
    keep(&mut page, "plain-4-log").await;
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}
