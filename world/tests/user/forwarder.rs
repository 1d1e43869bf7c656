//! The forwarding server, spoken to as a browser does, and as a hostile page would.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;
use world::speed::Speed;
use world::user::forward::Settings;
use world::user::{Forwarder, Pace, Place, Resolver};

use super::DEADLINE;
use super::chat_region::{Chat, REST, WEBSOCKET};
use super::name_server::{NameServer, Says};

pub(crate) struct Desk {
    pub(crate) chat: Chat,
    pub(crate) dns: NameServer,
    pub(crate) forwarder: Forwarder,
    stop: CancellationToken,
}

/// Two regions, a user in London, everybody sent to the first region.
pub(crate) async fn desk(ttl: u32, pace: Pace) -> Desk {
    let chat = Chat::start(&["eu-west-2", "eu-west-1"]);
    let dns = NameServer::start().await;
    dns.lead_to(chat.ip(0), ttl);
    let stop = CancellationToken::new();
    let settings = Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        resolver: Resolver::new(dns.address, Place::london(), pace, Speed::default()),
        rest: REST.parse().unwrap(),
        websocket: WEBSOCKET.parse().unwrap(),
        port: chat.port,
        regions: chat.regions.iter().map(|region| (region.address.ip(), region.name.clone())).collect(),
        pace,
    };
    let forwarder = Forwarder::start(settings, &stop).unwrap();
    Desk { chat, dns, forwarder, stop }
}

fn quick() -> Pace {
    Pace {
        connect: Duration::from_millis(800),
        request: Duration::from_millis(800),
        ping_every: Duration::from_millis(200),
        pong_within: Duration::from_millis(800),
        ..Pace::default()
    }
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends these very bytes, and reads to the end.
async fn raw(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("no answer").unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    Answer { status, headers, body: body.to_owned() }
}

async fn get(desk: &Desk, path: &str) -> Answer {
    let address = desk.forwarder.address();
    raw(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: secret=1\r\nconnection: close\r\n\r\n")).await
}

async fn open(desk: &Desk, origin: &str) -> Result<(WebSocketStream<TcpStream>, http::HeaderMap), Error> {
    let address = desk.forwarder.address();
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("origin", origin.parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = tokio_tungstenite::client_async(request, stream);
    let (socket, reply) = timeout(DEADLINE, handshake).await.expect("no handshake")?;
    Ok((socket, reply.headers().clone()))
}

fn own_origin(desk: &Desk) -> String {
    format!("http://{}", desk.forwarder.address())
}

async fn closed(socket: &mut WebSocketStream<TcpStream>) -> (CloseCode, String) {
    timeout(DEADLINE, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code, frame.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("not closed with a reason: {other:?}"),
            }
        }
    })
    .await
    .expect("never closed")
}

#[tokio::test]
async fn the_page_and_its_files_come_with_strict_headers() {
    let desk = desk(60, Pace::default()).await;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/chat.js", "text/javascript; charset=utf-8"),
        ("/chat.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = get(&desk, path).await;
        assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (200, content_type), "{path}");
        assert!(!answer.body.is_empty());
    }
    for path in ["/", "/whoami", "/api/history", "/nothing", "/ws"] {
        let headers = get(&desk, path).await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(headers.get("access-control-allow-origin").is_none() && headers.get("set-cookie").is_none(), "{path}");
    }
}

#[tokio::test]
async fn the_page_needs_nothing_that_its_policy_forbids() {
    let desk = desk(60, Pace::default()).await;
    let page = get(&desk, "/").await.body;
    for forbidden in ["<style", "style=", " onclick", "javascript:", "http:", "https:"] {
        assert!(!page.contains(forbidden), "{forbidden} in the page");
    }
    let script = get(&desk, "/chat.js").await.body;
    for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
        assert!(!script.contains(forbidden), "{forbidden} in the script");
    }
}

#[tokio::test]
async fn rest_goes_where_dns_leads_and_says_where() {
    let desk = desk(0, Pace::default()).await;
    desk.chat.table.put("one", "hello", &desk.chat.regions[1].name);
    let answer = get(&desk, "/api/history?limit=5").await;
    assert_eq!((answer.status, answer.headers["x-served-by-address"].to_str().unwrap()), (200, "127.0.10.1"));
    assert_eq!((answer.json()["region"].as_str(), answer.json()["messages"][0]["id"].as_str()), (Some("eu-west-2"), Some("one")));
    desk.dns.lead_to(desk.chat.ip(1), 0);
    let answer = get(&desk, "/api/history").await;
    assert_eq!(
        (answer.json()["region"].as_str(), answer.headers["x-served-by-address"].to_str().unwrap()),
        (Some("eu-west-1"), "127.0.11.1")
    );
}

#[tokio::test]
async fn an_error_of_the_region_comes_through_as_it_is() {
    let desk = desk(60, Pace::default()).await;
    desk.chat.regions[0].trouble.rest.store(true, Ordering::SeqCst);
    let answer = get(&desk, "/api/history").await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (500, Some("broken")));
}

#[tokio::test]
async fn a_region_that_is_gone_is_a_502_or_504_with_a_reason() {
    let desk = desk(0, quick()).await;
    desk.chat.regions[0].trouble.rest_hole.store(true, Ordering::SeqCst);
    let started = Instant::now();
    let answer = get(&desk, "/api/history").await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((answer.status, answer.json()["error"].as_str()), (504, Some("no answer within 800ms")));
    assert_eq!(answer.headers["x-served-by-address"], "127.0.10.1");

    desk.chat.regions[0].gone(true);
    let answer = timeout(DEADLINE, async {
        loop {
            // The listener goes down a moment after the fault.
            let answer = get(&desk, "/api/history").await;
            if answer.status == 502 {
                return answer;
            }
        }
    });
    let answer = answer.await.unwrap();
    let reason = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(reason.starts_with(&format!("{} cannot be reached: ", desk.chat.regions[0].address)), "{reason}");

    desk.dns.say(REST, Says::NoAddress(0));
    let answer = get(&desk, "/api/history").await;
    let reason = "DNS gives no address: cannot resolve api.chat.test: the name has no address";
    assert_eq!((answer.status, answer.json()["error"].as_str()), (502, Some(reason)));
}

#[tokio::test]
async fn it_is_no_open_proxy() {
    let desk = desk(60, Pace::default()).await;
    let address = desk.forwarder.address();
    for (request, status) in [
        (format!("GET http://evil.example/api/history HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"), 403),
        ("GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n".to_owned(), 403),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 403),
        (format!("GET /api/history HTTP/1.1\r\nhost: {address}\r\norigin: http://evil.example\r\nconnection: close\r\n\r\n"), 403),
        (format!("POST /api/history HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"), 405),
        (format!("DELETE /api/history HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"), 405),
        (format!("GET /api//evil.example/x HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"), 404),
        (format!("GET /api/@evil.example/x HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"), 404),
        (format!("GET /api/{} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n", "x".repeat(3000)), 414),
        (format!("GET /apihistory HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"), 404),
    ] {
        let answer = raw(address, &request).await;
        assert_eq!(answer.status, status, "{request:.60}");
    }
    let connect = format!("CONNECT evil.example:443 HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    assert!((400..500).contains(&raw(address, &connect).await.status));
    let asked = desk.dns.asked();
    assert!(asked.iter().all(|asked| asked.name == REST || asked.name == WEBSOCKET), "{asked:?}");
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let desk = desk(60, Pace::default()).await;
    let settings = Settings {
        listen: "0.0.0.0:0".parse().unwrap(),
        resolver: Resolver::new(desk.dns.address, Place::portland(), Pace::default(), Speed::default()),
        rest: REST.parse().unwrap(),
        websocket: WEBSOCKET.parse().unwrap(),
        port: desk.chat.port,
        regions: BTreeMap::new(),
        pace: Pace::default(),
    };
    assert_eq!(Forwarder::start(settings, &desk.stop).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    assert!(matches!(desk.forwarder.address().ip(), IpAddr::V4(ip) if ip.is_loopback()));
}

#[tokio::test]
async fn whoami_says_where_dns_sends_this_user_and_for_how_long() {
    let desk = desk(60, Pace::default()).await;
    desk.dns.say(REST, Says::NoAddress(60));
    let who = get(&desk, "/whoami").await.json();
    assert_eq!((who["place"].as_str(), who["subnet"].as_str()), (Some("London"), Some("81.2.69.0/24")));
    let [rest, websocket] = [&who["answers"][0], &who["answers"][1]];
    assert_eq!((rest["name"].as_str(), rest["error"].as_str()), (Some(REST), Some("the name has no address")));
    assert_eq!(websocket["name"], WEBSOCKET);
    assert_eq!(websocket["addresses"], serde_json::json!([{"address": "127.0.10.1", "region": "eu-west-2"}]));
    let left = websocket["ttl_left"].as_f64().unwrap();
    assert!(left > 40.0 && left <= 60.0, "{left}");
}

#[tokio::test]
async fn a_websocket_is_joined_to_where_dns_leads() {
    let desk = desk(60, quick()).await;
    let (mut socket, headers) = open(&desk, &own_origin(&desk)).await.unwrap();
    assert_eq!(headers["x-served-by-address"], "127.0.10.1");
    for n in 0..3 {
        // Longer than a ping interval: the pings stay between the hops.
        tokio::time::sleep(Duration::from_millis(250)).await;
        socket.send(Message::text(format!(r#"{{"action":"send","id":"m-{n}","message":"hi"}}"#))).await.unwrap();
        let push = timeout(DEADLINE, async {
            loop {
                if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                    return text;
                }
            }
        });
        assert!(push.await.unwrap().contains(&format!("m-{n}")));
    }
    assert_eq!(desk.chat.table.ids().len(), 3);
}

#[tokio::test]
async fn a_websocket_of_another_site_is_refused() {
    let desk = desk(60, Pace::default()).await;
    for origin in ["http://evil.example", "null"] {
        let Err(Error::Http(reply)) = open(&desk, origin).await else { panic!("{origin} was let in") };
        assert_eq!(reply.status(), 403);
    }
    assert_eq!(desk.chat.regions[0].handshakes(), 0);
    assert_eq!(get(&desk, "/ws").await.status, 400, "a plain GET is no handshake");
}

#[tokio::test]
async fn the_browser_is_told_when_the_region_cuts_its_socket() {
    let desk = desk(60, Pace::default()).await;
    let (mut socket, _) = open(&desk, &own_origin(&desk)).await.unwrap();
    desk.chat.regions[0].cut_sockets();
    assert_eq!(closed(&mut socket).await, (CloseCode::Error, "the region closed the socket".to_owned()));
}

#[tokio::test]
async fn the_browser_is_told_when_the_region_goes_silent() {
    let desk = desk(60, quick()).await;
    let (mut socket, _) = open(&desk, &own_origin(&desk)).await.unwrap();
    desk.chat.regions[0].trouble.hang.store(true, Ordering::SeqCst);
    assert_eq!(closed(&mut socket).await, (CloseCode::Error, "the region went silent".to_owned()));
}

#[tokio::test]
async fn a_refused_handshake_is_a_502_with_the_reason() {
    let desk = desk(60, Pace::default()).await;
    desk.chat.regions[0].trouble.handshake.store(true, Ordering::SeqCst);
    let Err(Error::Http(reply)) = open(&desk, &own_origin(&desk)).await else { panic!("let in") };
    assert_eq!((reply.status().as_u16(), reply.headers()["x-served-by-address"].to_str().unwrap()), (502, "127.0.10.1"));
}

#[tokio::test]
async fn stopping_cuts_what_is_open_and_refuses_what_comes() {
    let desk = desk(60, Pace::default()).await;
    let (mut socket, _) = open(&desk, &own_origin(&desk)).await.unwrap();
    desk.stop.cancel();
    let end = timeout(DEADLINE, async { while let Some(Ok(_)) = socket.next().await {} });
    end.await.expect("the socket outlived the server");
    let refused = timeout(DEADLINE, async {
        while TcpStream::connect(desk.forwarder.address()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    refused.await.expect("still listening");
}
