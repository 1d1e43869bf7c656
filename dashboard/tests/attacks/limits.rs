//! Clients that send too much, too slowly, too often, or take nothing.

use std::time::Duration;

use dashboard::{Auth, Limits, Role};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::stand::Stand;
use crate::wire::{Ask, PATIENCE, rest, send, until};

const SHORT: Duration = Duration::from_millis(200);

async fn stand(limits: Limits) -> Stand {
    Stand::with(Auth::loopback("ana", Role::Operator).unwrap(), limits).await
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let post = Ask::new("POST", "/drain").with("Content-Type", "application/x-www-form-urlencoded").with("Cookie", &ana.cookie);
    for length in ["16385", "1000000000000"] {
        let answer = stand.ask(post.clone().with("Content-Length", length)).await;
        assert_eq!(answer.status, 413, "{length}");
    }
    for length in ["18446744073709551615", "18446744073709551616", "-1", "0x10", "1,1"] {
        let answer = stand.ask(post.clone().with("Content-Length", length)).await;
        assert!((400..500).contains(&answer.status), "{length}: {answer:?}");
    }
    let mut unannounced = post.with("Transfer-Encoding", "chunked").bytes(&stand.host);
    unannounced.extend(format!("{:x}\r\n{}", 16 * 1024 + 1, "x".repeat(16 * 1024 + 1)).bytes());
    assert_eq!(send(stand.addr, &unannounced).await.status, 413);
    assert_eq!(stand.writes(), 0);
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let stand = Stand::loopback().await;
    let long = stand.ask(Ask::get(&format!("/{}", "a".repeat(2048)))).await;
    let large = stand.ask(Ask::get("/").with("X-Large", &"a".repeat(33 * 1024))).await;
    let many = stand.ask((0..95).fold(Ask::get("/"), |ask, n| ask.with(&format!("X-{n}"), "a"))).await;
    assert_eq!((long.status, large.status, many.status), (414, 431, 431));
    let most = stand.ask((0..94).fold(Ask::get("/health"), |ask, n| ask.with(&format!("X-{n}"), "a"))).await;
    assert_eq!(most.status, 200);
}

#[tokio::test]
async fn who_sends_a_head_byte_by_byte_is_cut_off() {
    let stand = stand(Limits { head_within: SHORT, ..Limits::default() }).await;
    let mut stream = TcpStream::connect(stand.addr).await.unwrap();
    let started = Instant::now();
    let mut sent = 0;
    for byte in b"GET / HTTP/1.1\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'a')) {
        if stream.write_all(&[*byte]).await.is_err() || started.elapsed() > Duration::from_secs(10) {
            break;
        }
        sent += 1;
        // The pace of the attack.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(5), "held on for {sent} bytes");
    let mut idle = TcpStream::connect(stand.addr).await.unwrap();
    let answer = rest(&mut idle).await;
    assert!(matches!(answer.status, 0 | 408), "{answer:?}");
}

#[tokio::test]
async fn who_sends_half_a_body_is_cut_off() {
    let stand = stand(Limits { body_within: SHORT, ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    let half = Ask::new("POST", "/drain").with("Content-Type", "application/x-www-form-urlencoded").with("Cookie", &ana.cookie);
    let mut bytes = half.with("Content-Length", "100").bytes(&stand.host);
    bytes.extend(b"csrf=");
    let answer = send(stand.addr, &bytes).await;
    assert_eq!((answer.status, stand.writes()), (408, 0));
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up() {
    let stand = stand(Limits { answer_within: SHORT, ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    assert_eq!(stand.ask(Ask::get("/slow").with("Cookie", &ana.cookie)).await.status, 504);
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off() {
    let stand = stand(Limits { taken_within: SHORT, ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    let mut stream = TcpStream::connect(stand.addr).await.unwrap();
    stream.write_all(&Ask::get("/endless").with("Cookie", &ana.cookie).bytes(&stand.host)).await.unwrap();
    until(&mut stream, "HTTP/1.1 200").await;
    timeout(PATIENCE, stand.dropped.notified()).await.expect("the answer is kept for somebody who does not take it");
}

#[tokio::test]
async fn idle_connections_give_way() {
    let stand = stand(Limits { connections: 8, head_within: SHORT, ..Limits::default() }).await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(TcpStream::connect(stand.addr).await.unwrap());
    }
    let started = Instant::now();
    let ana = stand.signed_in().await;
    assert_eq!(stand.ask(stand.drain(&ana)).await.status, 200);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let mut kept = TcpStream::connect(stand.addr).await.unwrap();
    kept.write_all(&Ask::get("/health").with("Connection", "keep-alive").bytes(&stand.host)).await.unwrap();
    let answer = rest(&mut kept).await;
    assert_eq!(answer.status, 200, "answered, then closed for idling");
}

#[tokio::test]
async fn a_request_hidden_in_anothers_body_is_not_run() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let hidden = String::from_utf8(stand.drain(&ana).bytes(&stand.host)).unwrap();
    // Refused without its body being read: what is in the body is no request for that.
    let mut refused =
        Ask::new("POST", "/drain").with("Connection", "keep-alive").with("Content-Length", &(1 << 20).to_string()).bytes(&stand.host);
    refused.extend(hidden.bytes());
    let answer = send(stand.addr, &refused).await;
    assert_eq!((answer.status, answer.body.matches("HTTP/1.1").count(), stand.writes()), (401, 0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is sent, the next one is answered, nobody is let in, and nothing is written.
    #[test]
    fn no_bytes_bring_it_down(
        noise in prop::collection::vec(any::<u8>(), 0..400),
        name in "[A-Za-z-]{1,20}",
        value in "[ -~\u{80}-\u{ff}]{0,200}",
        target in "/[!-~]{0,100}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stand = stand(Limits { head_within: SHORT, ..Limits::default() }).await;
            send(stand.addr, &noise).await;
            for name in [name.as_str(), "Cookie", "Authorization", "Origin", "Content-Type", "Sec-Fetch-Site", "X-CSRF-Token", "Content-Length"] {
                for ask in [Ask::get(&target), Ask::new("POST", &target)] {
                    let answer = stand.ask(ask.with(name, &value)).await;
                    assert!(answer.status == 0 || answer.status >= 400 || ["/health", "/static/live.js"].iter().any(|open| target.starts_with(open)), "{answer:?}");
                }
            }
            assert_eq!(stand.ask(Ask::get("/health")).await.status, 200);
            assert_eq!(stand.writes(), 0);
        });
    }
}
