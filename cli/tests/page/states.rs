//! Every page in every state it can be in: axe-core finds nothing wrong with it, and it fits a window of 320 pixels.

use serde_json::json;
use tests::browser::Page;

use crate::album::{check, keep_and_check, violations};
use crate::running::Demo;
use crate::site::{Beside, MOVED, demo, link, url};

const LOADED: &str = "document.querySelector('main') !== null && document.readyState === 'complete'";

fn run(demo: &Demo, args: &[&str]) {
    let said = demo.failover(args);
    assert_eq!(said.code, 0, "{said}");
}

fn drain(demo: &Demo, region: &str) {
    run(demo, &["drain", region, "--reason", "practice", "--confirm", region, "--detach"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_world_that_is_told_of() {
    let demo = demo();
    let at = url(&demo);
    let mut page = Page::open(&link(&demo)).await;
    page.until("signed in", "document.getElementById('regions') !== null").await;
    let past = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(5);
    for (name, path) in [
        ("region", "/regions/us-west-2".to_owned()),
        ("past", format!("/regions/us-west-2?at={past:.0}")),
        ("no-such-moment", "/regions/us-west-2?at=then".to_owned()),
        ("drain", "/regions/eu-west-1/drain".to_owned()),
        ("hold", "/regions/eu-west-1/hold".to_owned()),
        ("extend-of-nothing", "/regions/eu-west-1/extend".to_owned()),
        ("log-filter-that-is-none", "/log?since=zzz".to_owned()),
        ("no-such-page", "/nowhere".to_owned()),
    ] {
        page.visit(&format!("{at}{path}")).await;
        keep_and_check(&mut page, &format!("state-{name}")).await;
    }

    // The looking through can fail.
    page.eval("document.body.append(document.createElement('img'))").await;
    assert!(violations(&mut page).await[0].as_str().is_some_and(|first| first.starts_with("image-alt")), "a picture without words");

    // Between the look and the drain of one, another is drained.
    page.visit(&format!("{at}/regions/us-west-2/drain")).await;
    drain(&demo, "eu-west-1");
    page.until("that something happened is said beside the form", "!document.getElementById('meanwhile').hidden").await;
    check(&mut page, "meanwhile").await;
    page.fill("#reason", "it looks slow").await;
    page.fill("#confirm", "us-west-2").await;
    page.click("#do").await;
    page.until("what moved", "document.getElementById('moved') !== null").await;
    keep_and_check(&mut page, "state-moved").await;

    page.visit(&format!("{at}/")).await;
    page.until_within(MOVED, "eu-west-1 is drained", "document.getElementById('r-eu-west-1').dataset.say.startsWith('eu-west-1 drained')")
        .await;
    keep_and_check(&mut page, "state-drained").await;
    page.visit(&format!("{at}/regions/eu-west-1/extend")).await;
    keep_and_check(&mut page, "state-extend").await;

    // Too few would be left: what is broken stays in service, and its page says why.
    run(&demo, &["fault", "us-west-2", "stream", "on"]);
    page.visit(&format!("{at}/regions/us-west-2")).await;
    page.until_within(MOVED, "us-west-2 is unhealthy", "document.getElementById('banner').dataset.say.includes('unhealthy 3/3')").await;
    keep_and_check(&mut page, "state-kept-in-service").await;
    drain(&demo, "us-west-2");
    page.visit(&format!("{at}/")).await;
    let drained = "document.getElementById('r-us-west-2').dataset.say.startsWith('us-west-2 drained')";
    page.until_within(MOVED, "us-west-2 is drained", drained).await;
    page.visit(&format!("{at}/regions/eu-west-2/drain")).await;
    page.until("the last region is not to be drained", "document.getElementById('refused') !== null").await;
    keep_and_check(&mut page, "state-refused").await;

    let viewers = Beside::start(&demo, "vic", &["--read-only"]);
    page.visit(&viewers.link).await;
    page.until("a viewer is let in", "document.getElementById('regions') !== null").await;
    page.visit(&format!("{}/regions/eu-west-1/resume", viewers.url)).await;
    assert_eq!(page.eval("document.getElementById('do')").await, json!(null), "a viewer has no button");
    keep_and_check(&mut page, "state-viewer").await;
    page.visit(&format!("{}/", viewers.url)).await;
    drop(viewers);
    page.until_within(MOVED, "the loss is said", "document.getElementById('cut').textContent.startsWith('NOT CONNECTED')").await;
    assert_eq!(page.eval("document.getElementById('live-text').textContent").await, "not live", "nothing says that it is");
    keep_and_check(&mut page, "state-not-connected").await;
    page.call("Network.clearBrowserCookies", json!({})).await;
    page.visit(&format!("{at}/")).await;
    page.until("nobody is signed in", "document.body.innerText.toLowerCase().includes('signed in')").await;
    keep_and_check(&mut page, "state-signed-out").await;
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_world_of_which_nothing_is_heard() {
    let demo = demo();
    let at = url(&demo);
    let mut page = Page::open(&link(&demo)).await;
    page.until("signed in", "document.getElementById('regions') !== null").await;
    drain(&demo, "eu-west-2");
    page.until_within(MOVED, "eu-west-2 is drained", "document.getElementById('r-eu-west-2').dataset.say.startsWith('eu-west-2 drained')")
        .await;
    for region in ["eu-west-1", "eu-west-2", "us-west-2"] {
        run(&demo, &["fault", region, "ssm", "on"]);
    }
    page.until_within(MOVED, "what is known is old, and says so", "document.getElementById('seen').className === 'stale'").await;
    page.until("above all else", "document.getElementById('news').innerText.includes('NOT LIVE')").await;
    keep_and_check(&mut page, "state-stale").await;
    page.visit(&format!("{at}/regions/eu-west-2")).await;
    keep_and_check(&mut page, "state-stale-region").await;

    let late = Beside::start(&demo, "ana", &[]);
    page.visit(&late.link).await;
    page.until_within(MOVED, "nothing is known", "document.getElementById('seen')?.className === 'never'").await;
    keep_and_check(&mut page, "state-unknown").await;
    for (name, path) in [("region", "/regions/eu-west-2"), ("drain", "/regions/eu-west-1/drain"), ("log", "/log")] {
        page.visit(&format!("{}{path}", late.url)).await;
        page.until("shown", LOADED).await;
        keep_and_check(&mut page, &format!("state-unknown-{name}")).await;
    }

    // Silence is no word that nothing stands.
    page.visit(&format!("{}/regions/eu-west-2/resume", late.url)).await;
    page.until("it is not said to be free", "document.getElementById('refused').innerText.includes('is not known')").await;
    keep_and_check(&mut page, "state-unknown-resume").await;
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}
