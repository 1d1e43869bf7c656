//! Sign-in links and the sessions they open: used twice, used late, loaded in advance, guessed, stolen.

use jiff::SignedDuration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::stand::Stand;
use crate::wire::{Ask, rest, until};

#[tokio::test]
async fn a_link_works_once() {
    let stand = Stand::loopback().await;
    let link = stand.guard.sign_in_path().unwrap();
    let first = stand.ask(Ask::get(&link)).await;
    assert_eq!(first.status, 200);
    let cookie = first.header("set-cookie").unwrap();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", &format!("failover-{}=", stand.addr.port())] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!first.body.contains(link.rsplit('=').next().unwrap()));
    let second = stand.ask(Ask::get(&link).with("Accept", "text/html")).await;
    assert_eq!((second.status, second.header("set-cookie")), (401, None));
    assert!(second.body.contains("press Enter where"), "{}", second.body);
}

#[tokio::test]
async fn of_many_who_open_a_link_at_once_one_gets_in() {
    let stand = Stand::loopback().await;
    let link = stand.guard.sign_in_path().unwrap();
    let answers = futures_util::future::join_all((0..20).map(|_| stand.ask(Ask::get(&link)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn a_link_is_soon_too_old() {
    let stand = Stand::loopback().await;
    let link = stand.guard.sign_in_path().unwrap();
    stand.wait(SignedDuration::from_mins(15));
    assert_eq!(stand.ask(Ask::get(&link)).await.status, 401);
    stand.signed_in().await;
}

#[tokio::test]
async fn loading_a_link_in_advance_does_not_use_it_up() {
    let stand = Stand::loopback().await;
    let link = stand.guard.sign_in_path().unwrap();
    let seen = [
        stand.ask(Ask::new("HEAD", &link)).await.status,
        stand.ask(Ask::get(&link).with("Sec-Purpose", "prefetch;prerender")).await.status,
        stand.ask(Ask::get(&link).with("Sec-Fetch-Mode", "no-cors").with("Sec-Fetch-Dest", "image")).await.status,
        stand.ask(Ask::post(&link, "")).await.status,
        stand.ask(Ask::get(&link[..link.len() - 1])).await.status,
    ];
    assert_eq!(seen, [405, 403, 403, 405, 401]);
    let opened = Ask::get(&link).with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "navigate").with("Sec-Fetch-Dest", "document");
    assert_eq!(stand.ask(opened).await.status, 200, "a terminal in a tab of its own site leads here");
}

#[tokio::test]
async fn signing_in_again_makes_the_old_cookie_useless() {
    let stand = Stand::loopback().await;
    let old = stand.signed_in().await;
    let link = stand.guard.sign_in_path().unwrap();
    let answer = stand.ask(Ask::get(&link).with("Cookie", &old.cookie)).await;
    let new = answer.header("set-cookie").unwrap().split(';').next().unwrap();
    assert_ne!(new, old.cookie);
    assert_eq!(stand.ask(Ask::get("/").with("Cookie", &old.cookie)).await.status, 401);
    assert_eq!(stand.ask(Ask::get("/").with("Cookie", new)).await.status, 200);
    let with_old_form = Ask::post("/drain", &format!("csrf={}", old.csrf)).with("Cookie", new);
    assert_eq!((stand.ask(with_old_form).await.status, stand.writes()), (403, 0));
}

#[tokio::test]
async fn a_cookie_that_was_planted_is_nobody() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let name = format!("failover-{}", stand.addr.port());
    for cookie in [
        format!("{name}=planted"),
        format!("{name}=planted; {}", ana.cookie),
        format!("{}; {name}=planted", ana.cookie),
        format!("{name}="),
        format!("__Host-{}", ana.cookie),
    ] {
        assert_eq!(stand.ask(Ask::get("/").with("Cookie", &cookie)).await.status, 401, "{cookie}");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    stand.wait(SignedDuration::from_hours(4));
    assert_eq!(stand.ask(Ask::get("/").with("Cookie", &ana.cookie)).await.status, 401);
    assert_eq!((stand.ask(stand.drain(&ana)).await.status, stand.writes()), (401, 0));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_its_streams() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let mut watching = TcpStream::connect(stand.addr).await.unwrap();
    watching.write_all(&Ask::get("/events").with("Cookie", &ana.cookie).bytes(&stand.host)).await.unwrap();
    until(&mut watching, "data: first").await;
    let without_token = Ask::post("/sign-out", "").with("Cookie", &ana.cookie);
    assert_eq!(stand.ask(without_token).await.status, 403, "no other site signs her out");
    let sign_out = Ask::post("/sign-out", &format!("csrf={}", ana.csrf)).with("Cookie", &ana.cookie);
    assert_eq!(stand.ask(sign_out).await.status, 200);
    rest(&mut watching).await;
    assert_eq!(stand.ask(Ask::get("/").with("Cookie", &ana.cookie)).await.status, 401);
}
