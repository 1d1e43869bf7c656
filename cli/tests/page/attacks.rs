//! Attacks on a dashboard that is about a real world, end to end. What the guard alone answers is in the crate `dashboard`.

use std::time::Duration;

use serde_json::{Value, json};
use tests::browser::Page;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::running::Demo;
use crate::site::{Beside, MOVED, demo, link, url};

/// Sends a form as the page itself does, and says what came of it: the status and the text of where it led.
const SEND: &str = "async (path, body) => { const answer = await fetch(path, {method: 'POST', body: new URLSearchParams(body)}); \
    return [answer.status, new URL(answer.url).pathname, await answer.text()]; }";
const FORM: &str = "new URLSearchParams(new FormData(document.querySelector('form[action^=\"/regions/\"]'))).toString()";

async fn send(page: &mut Page, path: &str, form: &str) -> Value {
    page.eval(&format!("({SEND})({}, {})", json!(path), json!(form))).await
}

/// How often people did this to a region, as the observers have it.
fn done(demo: &Demo, region: &str, what: &str) -> usize {
    let log: Value = serde_json::from_str(&demo.failover(&["log", region, "--output", "json"]).stdout).unwrap();
    let entries = log["entries"].as_array().unwrap().iter();
    let by_people = entries.filter(|entry| !entry["actor"].as_str().unwrap().starts_with("observer "));
    by_people.filter(|entry| entry["what"].to_string().contains(what)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_again_after_the_world_moved_changes_nothing() {
    let demo = demo();
    let at = url(&demo);
    let mut page = Page::open(&link(&demo)).await;
    page.until("signed in", "document.getElementById('regions') !== null").await;
    let path = "/regions/us-west-2/drain";
    let form = async |page: &mut Page| {
        page.visit(&format!("{at}{path}")).await;
        page.fill("#reason", "it looks slow").await;
        page.fill("#confirm", "us-west-2").await;
        page.eval(FORM).await.as_str().unwrap().to_owned()
    };

    // Another region is drained between the look and the act: one would be left, and nobody has looked at that.
    let old = form(&mut page).await;
    let other = demo.failover(&["drain", "eu-west-1", "--reason", "practice", "--confirm", "eu-west-1", "--detach"]);
    assert_eq!(other.code, 0, "{other}");
    for _ in 0..3 {
        let told = send(&mut page, path, &old).await;
        assert_eq!(told[0], 409, "{told}");
        assert!(told[2].as_str().unwrap().contains("the world moved since you looked"), "{told}");
    }
    assert_eq!(done(&demo, "us-west-2", "drain"), 0);

    // A form that was sent is sent again: at once, and after what it did was undone.
    let fresh = form(&mut page).await;
    for _ in 0..3 {
        let told = send(&mut page, path, &fresh).await;
        assert_eq!((&told[0], &told[1]), (&json!(200), &json!("/regions/us-west-2/progress")), "{told}");
    }
    assert_eq!(done(&demo, "us-west-2", "drain"), 1);
    let back = demo.failover(&["resume", "us-west-2", "--yes"]);
    assert_eq!(back.code, 0, "{back}");
    for form in [&old, &fresh] {
        send(&mut page, path, form).await;
    }
    assert_eq!(done(&demo, "us-west-2", "drain"), 1, "what was undone stays undone");
}

#[tokio::test(flavor = "multi_thread")]
async fn script_in_every_field_is_shown_and_never_run() {
    let demo = demo();
    let run = "document.title='owned'";
    let reason = format!("</title><img src=x onerror=\"{run}\"><script>{run}</script>");
    let (ticket, actor) = (format!("\"><svg onload={run}>"), format!("<b onclick={run}>ana</b>"));
    let beside = Beside::start(&demo, &actor, &[]);
    let mut page = Page::open(&beside.link).await;
    page.until("signed in", "document.getElementById('regions') !== null").await;
    page.visit(&format!("{}/regions/eu-west-2/drain", beside.url)).await;
    page.fill("#reason", &reason).await;
    page.fill("#ticket", &ticket).await;
    page.fill("#confirm", &reason[..30]).await;
    page.click("#do").await;
    page.until("a wrong name is refused", "document.getElementById('confirm-error') !== null").await;
    let run_or_built = "[...document.querySelectorAll('img, [onerror], [onload], [onclick], script:not([src]), b b, main script, svg svg')]\
        .map((node) => node.outerHTML).concat(document.title === 'owned' ? ['it ran'] : [])";
    assert_eq!(page.eval(run_or_built).await, json!([]));
    page.fill("#confirm", "eu-west-2").await;
    page.click("#do").await;
    page.until("the stages", "location.pathname === '/regions/eu-west-2/progress'").await;
    for told in [&reason, &ticket, &actor] {
        assert!(page.text().await.contains(told.as_str()), "{told}: {}", page.text().await);
    }
    page.visit(&format!("{}/", beside.url)).await;
    page.until_within(MOVED, "drained", "document.getElementById('r-eu-west-2').dataset.say.startsWith('eu-west-2 drained')").await;
    let evil = page.eval(&format!("encodeURIComponent({})", json!(reason))).await.as_str().unwrap().to_owned();
    for path in [
        "/".to_owned(),
        "/log".to_owned(),
        "/regions/eu-west-2".to_owned(),
        "/regions/eu-west-2/progress".to_owned(),
        "/regions/eu-west-2/resume".to_owned(),
        "/regions/eu-west-2/extend".to_owned(),
        format!("/regions/{evil}"),
        format!("/regions/eu-west-2?at={evil}"),
        format!("/log?text={evil}&region={evil}&since={evil}&what={evil}"),
        format!("/regions/us-west-2/drain?reason={evil}&ticket={evil}&for={evil}"),
    ] {
        page.visit(&format!("{}{path}", beside.url)).await;
        // What runs by itself runs before this is answered.
        page.eval("new Promise((done) => setTimeout(done, 100))").await;
        assert_eq!(page.eval(run_or_built).await, json!([]), "{path}");
    }
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_who_posts_a_drain_drains_nothing() {
    let demo = demo();
    let viewers = Beside::start(&demo, "vic", &["--read-only"]);
    let mut page = Page::open(&viewers.link).await;
    page.until("signed in", "document.getElementById('regions') !== null").await;
    let session = page.eval("fetch('/api/v1/session').then((answer) => answer.json())").await;
    assert_eq!((&session["actor"], &session["role"]), (&json!("vic"), &json!("viewer")));
    let csrf = session["csrf"].as_str().unwrap();
    for act in ["drain", "hold", "extend", "resume"] {
        let preview = page.eval(&format!("fetch('/api/v1/regions/eu-west-2/{act}').then((answer) => answer.json())")).await;
        let (generation, seen) =
            (preview["fields"]["generation"].as_str().unwrap_or("0"), preview["fields"]["seen"].as_str().unwrap_or(""));
        let form = format!("csrf={csrf}&reason=practice&for=4h&confirm=eu-west-2&generation={generation}&seen={seen}&key={act}-1");
        assert_eq!(send(&mut page, &format!("/regions/eu-west-2/{act}"), &form).await[0], 403, "{act}");
        let body = json!({"reason": "practice", "for": "4h", "confirm": "eu-west-2", "generation": generation, "seen": seen, "key": "k2"});
        let posted = format!(
            "fetch('/api/v1/regions/eu-west-2/{act}', {{method: 'POST', body: {}, headers: {{'content-type': 'application/json', \
             'x-csrf-token': {}}}}}).then((answer) => answer.status)",
            json!(body.to_string()),
            json!(csrf)
        );
        assert_eq!(page.eval(&posted).await, 403, "{act}");
    }
    assert_eq!(done(&demo, "eu-west-2", ""), 0);
    assert_eq!(demo.region("eu-west-2")["answers"], "serving");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_is_made_while_five_hundred_only_watch() {
    let demo = demo();
    let beside = Beside::start(&demo, "ana", &[]);
    let mut page = Page::open(&beside.link).await;
    page.until("signed in", "document.getElementById('regions') !== null").await;
    let cookies = page.call("Network.getCookies", json!({})).await;
    let cookie = &cookies["cookies"][0];
    let cookie = format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap());
    let host = beside.url.strip_prefix("http://").unwrap();
    let before = beside.memory();
    let mut watching = Vec::new();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(format!("GET /events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n").as_bytes()).await.unwrap();
        watching.push(stream);
    }
    for stream in &mut watching {
        let mut begins = [0; 15];
        timeout(MOVED, stream.read_exact(&mut begins)).await.unwrap().unwrap();
        assert_eq!(&begins, b"HTTP/1.1 200 OK");
    }
    page.visit(&format!("{}/regions/eu-west-2/drain", beside.url)).await;
    page.fill("#reason", "with everybody watching").await;
    page.fill("#confirm", "eu-west-2").await;
    let started = Instant::now();
    page.click("#do").await;
    page.until("it is recorded", "location.pathname === '/regions/eu-west-2/progress'").await;
    let took = started.elapsed();
    // Nobody is thrown out for it: every stream goes on to tell of it.
    for stream in &mut watching {
        let mut heard = Vec::new();
        let told = async {
            while !String::from_utf8_lossy(&heard).contains("eu-west-2") {
                assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "a stream ended");
            }
        };
        timeout(MOVED, told).await.expect("every stream tells of the drain");
    }
    let after = beside.memory();
    eprintln!("a drain among 500 streams took {took:?}; they cost {} kB", after.saturating_sub(before));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(after < before + 64 * 1024, "500 streams cost {} kB", after - before);
}
