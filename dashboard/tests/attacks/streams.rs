//! Many who watch: they keep nobody from writing, and hold up no stop.

use std::time::Duration;

use dashboard::{Auth, Limits, Role};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::stand::{Browser, Stand};
use crate::wire::{Ask, PATIENCE, rest, until};

async fn stand(limits: Limits) -> Stand {
    Stand::with(Auth::loopback("ana", Role::Operator).unwrap(), limits).await
}

/// An open stream that has said its first word.
async fn watch(stand: &Stand, by: &Browser) -> TcpStream {
    let mut stream = TcpStream::connect(stand.addr).await.unwrap();
    stream.write_all(&Ask::get("/events").with("Cookie", &by.cookie).bytes(&stand.host)).await.unwrap();
    until(&mut stream, "data: first").await;
    stream
}

#[tokio::test]
async fn a_drain_is_made_while_five_hundred_watch() {
    let stand = stand(Limits::default()).await;
    let ana = stand.signed_in().await;
    let mut watching = Vec::new();
    for _ in 0..500 {
        watching.push(watch(&stand, &ana).await);
    }
    let started = Instant::now();
    let answer = stand.ask(stand.drain(&ana)).await;
    let took = started.elapsed();
    assert_eq!((answer.status, stand.writes()), (200, 1));
    assert!(took < Duration::from_secs(1), "a drain among 500 streams took {took:?}");
}

#[tokio::test]
async fn who_watches_too_much_is_told_to_poll_and_can_still_drain() {
    let stand = stand(Limits { streams: 3, ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    let mut watching = Vec::new();
    for _ in 0..3 {
        watching.push(watch(&stand, &ana).await);
    }
    let one_more = stand.ask(Ask::get("/events").with("Cookie", &ana.cookie)).await;
    assert_eq!((one_more.status, one_more.header("retry-after")), (503, Some("30")));
    assert_eq!(stand.ask(stand.drain(&ana)).await.status, 200);
    drop(watching.pop());
    let seat = async {
        loop {
            let mut stream = TcpStream::connect(stand.addr).await.unwrap();
            stream.write_all(&Ask::get("/events").with("Cookie", &ana.cookie).bytes(&stand.host)).await.unwrap();
            if until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200") {
                break;
            }
        }
    };
    timeout(PATIENCE, seat).await.expect("a seat is free once somebody has left");
}

#[tokio::test]
async fn open_streams_and_half_requests_hold_up_no_stop() {
    let stand = stand(Limits { stop_within: Duration::from_millis(500), ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    let mut watching = [watch(&stand, &ana).await, watch(&stand, &ana).await];
    let mut half = TcpStream::connect(stand.addr).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    let mut slow = TcpStream::connect(stand.addr).await.unwrap();
    slow.write_all(&Ask::get("/slow").with("Cookie", &ana.cookie).bytes(&stand.host)).await.unwrap();
    let started = Instant::now();
    stand.guard.close();
    timeout(PATIENCE, stand.serving).await.expect("the server stops").unwrap().unwrap();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "stopping took {took:?}");
    for stream in &mut watching {
        // A stream that was cut, not ended, has no last chunk.
        assert_eq!(rest(stream).await.head, "0", "the stream was cut off");
    }
    rest(&mut half).await;
    rest(&mut slow).await;
    assert!(TcpStream::connect(stand.addr).await.is_err(), "still listens");
}

#[tokio::test]
async fn a_stream_that_is_old_ends_by_itself() {
    let stand = stand(Limits { stream_life: Duration::from_millis(50), ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    let answer = stand.ask(Ask::get("/events").with("Cookie", &ana.cookie)).await;
    assert!(answer.status == 200 && answer.body.contains("data: first") && answer.body.ends_with("0\r\n\r\n"), "{answer:?}");
}

#[tokio::test]
async fn a_stream_outlives_the_time_that_an_answer_has() {
    let limits = Limits {
        answer_within: Duration::from_millis(50),
        head_within: Duration::from_millis(50),
        stream_life: Duration::from_millis(400),
        ..Limits::default()
    };
    let stand = stand(limits).await;
    let ana = stand.signed_in().await;
    let started = Instant::now();
    let answer = stand.ask(Ask::get("/events").with("Cookie", &ana.cookie)).await;
    assert!(answer.body.ends_with("0\r\n\r\n") && started.elapsed() >= Duration::from_millis(400), "{answer:?}");
}

#[tokio::test]
async fn no_more_connections_are_served_than_there_is_room_for() {
    let stand = stand(Limits { connections: 2, ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    let mut watching = vec![watch(&stand, &ana).await, watch(&stand, &ana).await];
    let one_more = stand.ask(Ask::get("/health"));
    tokio::pin!(one_more);
    assert!(timeout(Duration::from_millis(200), one_more.as_mut()).await.is_err(), "a third was served");
    drop(watching.pop());
    assert_eq!(one_more.await.status, 200);
}

#[tokio::test]
async fn a_stop_ends_what_idles_at_once_and_lets_what_is_under_way_finish() {
    let stand = stand(Limits { stop_within: PATIENCE * 2, head_within: PATIENCE * 2, ..Limits::default() }).await;
    let ana = stand.signed_in().await;
    let mut idle = TcpStream::connect(stand.addr).await.unwrap();
    idle.write_all(&Ask::get("/health").with("Connection", "keep-alive").bytes(&stand.host)).await.unwrap();
    until(&mut idle, "ok").await;
    let mut under_way = TcpStream::connect(stand.addr).await.unwrap();
    under_way.write_all(&Ask::get("/waits").with("Cookie", &ana.cookie).bytes(&stand.host)).await.unwrap();
    // Answered behind it on the same server, so that it is under way.
    watch(&stand, &ana).await;
    stand.guard.close();
    rest(&mut idle).await;
    stand.go.notify_one();
    assert_eq!(rest(&mut under_way).await.status, 200);
    timeout(PATIENCE, stand.serving).await.expect("the server stops").unwrap().unwrap();
}
