//! The web client in a real browser, through the forwarder, while its region fails.

use serde_json::json;
use tests::browser::Page;
use world::user::Pace;

use super::eventually;
use super::forwarder::{Desk, desk};

async fn page(desk: &Desk) -> Page {
    let mut page = Page::open(&desk.forwarder.url()).await;
    page.until("connected", "document.getElementById('state')?.textContent === 'Connected, served by eu-west-2'").await;
    page.eval("document.getElementById('text').focus()").await;
    page
}

/// How often a text is shown, confirmed or waiting.
async fn times_shown(page: &mut Page, text: &str) -> u64 {
    let of = format!("[...document.querySelectorAll('.message p')].filter((p) => p.textContent === {}).length", json!(text));
    page.eval(&of).await.as_u64().unwrap()
}

async fn nothing_waits(page: &mut Page) {
    page.until("everything seen back", "document.querySelectorAll('#pending li').length === 0").await;
}

#[tokio::test]
async fn what_is_typed_appears_once_with_both_regions() {
    let desk = desk(60, Pace::default()).await;
    desk.chat.table.put("old", "said before", &desk.chat.regions[1].name);
    let mut page = page(&desk).await;
    page.until("the history", "document.querySelector('[data-id=old]') !== null").await;
    let old = page.eval("document.querySelector('[data-id=old] small').textContent").await;
    assert!(old.as_str().unwrap().ends_with(" · written in eu-west-1 · served by eu-west-2"), "{old}");
    page.type_line("hello from a browser").await;
    nothing_waits(&mut page).await;
    assert_eq!(times_shown(&mut page, "hello from a browser").await, 1);
    assert_eq!(desk.chat.table.ids().len(), 2);
    page.until("DNS is shown", "document.getElementById('answers').innerText.includes('eu-west-2 (127.0.10.1), ')").await;
    assert_eq!(page.eval("document.title").await, "Chat from London");
    assert_eq!(page.eval("document.getElementById('text').value").await, "");
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test]
async fn text_from_others_stays_text() {
    let desk = desk(60, Pace::default()).await;
    let evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    desk.chat.table.put("evil", evil, &desk.chat.regions[0].name);
    let mut page = page(&desk).await;
    page.until("the message", "document.querySelector('[data-id=evil]') !== null").await;
    assert_eq!(times_shown(&mut page, evil).await, 1);
    assert_eq!(page.eval("document.querySelectorAll('#log img, #log script').length").await, 0);
    assert_ne!(page.eval("document.title").await, "owned");
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test]
async fn it_follows_a_failover_and_loses_and_doubles_nothing() {
    let desk = desk(1, Pace::default()).await;
    let mut page = page(&desk).await;
    page.type_line("before").await;
    nothing_waits(&mut page).await;

    desk.chat.regions[0].gone(true);
    page.until("the loss is said in words", "document.getElementById('state').textContent.startsWith('Not connected: ')").await;
    page.type_line("said while nobody listens").await;
    page.until("it waits", "document.querySelector('#pending small')?.textContent === 'waiting for a connection…'").await;
    desk.chat.table.put("meanwhile", "said by somebody else", &desk.chat.regions[1].name);
    desk.dns.lead_to(desk.chat.ip(1), 1);

    page.until("back", "document.getElementById('state').textContent === 'Connected, served by eu-west-1'").await;
    nothing_waits(&mut page).await;
    page.type_line("after").await;
    nothing_waits(&mut page).await;
    page.until("the gap is filled", "document.querySelector('[data-id=meanwhile]') !== null").await;
    for text in ["before", "said while nobody listens", "said by somebody else", "after"] {
        assert_eq!(times_shown(&mut page, text).await, 1, "{text}");
    }
    assert_eq!(desk.chat.table.ids().len(), 4);
    let told = page.text().await;
    assert!(told.contains("connection lost: ") && told.contains("reconnected after "), "{told}");
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test]
async fn cuts_between_storing_and_pushing_double_nothing() {
    let desk = desk(60, Pace::default()).await;
    let mut page = page(&desk).await;
    for n in 0..3 {
        desk.chat.regions[0].trouble.cut_after.store(1, std::sync::atomic::Ordering::SeqCst);
        page.type_line(&format!("message {n}")).await;
        eventually("stored", || async { desk.chat.table.ids().len() == n + 1 }).await;
        nothing_waits(&mut page).await;
        page.until("back", "document.getElementById('state').dataset.state === 'connected'").await;
    }
    for n in 0..3 {
        assert_eq!(times_shown(&mut page, &format!("message {n}")).await, 1);
    }
    assert_eq!(desk.chat.table.ids().len(), 3);
    let counts = page.eval("['said', 'confirmed', 'waiting'].map((id) => document.getElementById(id).textContent)").await;
    assert_eq!(counts, json!(["3", "3", "0"]));
}

#[tokio::test]
async fn what_the_chat_refuses_is_said_and_sent_again() {
    let desk = desk(60, Pace::default()).await;
    let mut page = page(&desk).await;
    desk.chat.regions[0].trouble.errors.store(1, std::sync::atomic::Ordering::SeqCst);
    page.type_line("refused once").await;
    page.until("the refusal", "document.getElementById('hint').textContent === 'The chat refused: the table failed'").await;
    nothing_waits(&mut page).await;
    assert_eq!(times_shown(&mut page, "refused once").await, 1);
    assert_eq!(desk.chat.table.ids().len(), 1);
    page.type_line(&"é".repeat(600)).await;
    page.until("the limit", "document.getElementById('hint').textContent === 'Too long: 1200 of 1024 bytes.'").await;
    assert_eq!(page.eval("document.querySelectorAll('#pending li').length").await, 0);
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test]
async fn what_is_refused_for_good_leaves_the_outbox_with_its_reason() {
    let desk = desk(60, Pace::default()).await;
    let trouble = &desk.chat.regions[0].trouble;
    *trouble.unwelcome.lock().unwrap() = Some("never taken".to_owned());
    let mut page = page(&desk).await;
    page.type_line("never taken").await;
    let note = "document.querySelector('#messages .refused small')?.textContent === 'not sent, refused: this is not taken'";
    page.until("the refusal, with its reason", note).await;
    assert_eq!(times_shown(&mut page, "never taken").await, 1);
    assert_eq!(page.eval("JSON.parse(sessionStorage.getItem('chat')).outbox.length").await, 0);
    // Longer than a message may take to come back: a socket taken for dead would show.
    page.eval("new Promise((done) => setTimeout(done, 5500))").await;
    page.type_line("taken").await;
    nothing_waits(&mut page).await;
    let counts = "['said', 'confirmed', 'waiting', 'refused', 'reconnects'].map((id) => document.getElementById(id).textContent)";
    assert_eq!(page.eval(counts).await, json!(["2", "1", "0", "1", "0"]));
    assert_eq!(trouble.refusals.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(page.complaints.is_empty(), "{:?}", page.complaints);
}

#[tokio::test]
async fn what_waits_survives_a_reload() {
    let desk = desk(60, Pace::default()).await;
    let mut page = page(&desk).await;
    desk.chat.regions[0].gone(true);
    page.until("lost", "document.getElementById('state').dataset.state !== 'connected'").await;
    page.type_line("kept").await;
    page.until("it waits", "document.querySelectorAll('#pending li').length === 1").await;
    page.call("Page.reload", json!({})).await;
    page.until("it waits again", "document.querySelectorAll('#pending li').length === 1").await;
    desk.chat.regions[0].gone(false);
    nothing_waits(&mut page).await;
    assert_eq!(times_shown(&mut page, "kept").await, 1);
    assert_eq!(desk.chat.table.ids().len(), 1);
}

#[tokio::test]
async fn every_control_has_a_name_and_the_page_fits_a_small_screen() {
    let desk = desk(60, Pace::default()).await;
    let region = &desk.chat.regions[0].name;
    desk.chat.table.put("long", &"unbrokenunbroken".repeat(20), region);
    let mut page = page(&desk).await;
    page.until("the history", "document.querySelector('[data-id=long]') !== null").await;
    for width in [320, 768, 1440] {
        let metrics = json!({"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": false});
        page.call("Emulation.setDeviceMetricsOverride", metrics).await;
        assert_eq!(page.eval("document.documentElement.scrollWidth <= innerWidth").await, true, "{width} px scroll sideways");
    }
    let tree = page.call("Accessibility.getFullAXTree", json!({})).await;
    let named = |role: &str, name: &str| {
        tree["nodes"].as_array().unwrap().iter().any(|node| node["role"]["value"] == role && node["name"]["value"] == name)
    };
    for (role, name) in [("textbox", "Your message"), ("button", "Send"), ("log", "Messages"), ("complementary", "Where DNS sends you")] {
        assert!(named(role, name), "no {role} named {name:?}");
    }
    assert!(tree["nodes"].as_array().unwrap().iter().any(|node| node["role"]["value"] == "status"), "the state is announced");
}
