//! How long a vote takes to the changed row in a browser while fifty watch, and what they cost: `cargo bench -p cli --bench watchers`.
//!
//! Figures, no test: they depend on the machine. The dashboard is a process of its own beside a demo in real time, so that its figures are its own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on ends with what stopped it, and prints what it measured"
)]

#[path = "../tests/running/mod.rs"]
#[expect(dead_code, reason = "the tests use what this does not")]
mod running;
#[path = "../tests/page/site.rs"]
#[expect(dead_code, reason = "the tests use what this does not")]
mod site;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tests::browser::Page;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use self::running::Demo;
use self::site::{Beside, MOVED};

/// Pages that are open beside the browser.
const WATCHERS: usize = 49;
/// Drains, each with its resume.
const ROUNDS: usize = 20;
/// How long the idle dashboard is measured.
const IDLE: Duration = Duration::from_secs(30);
/// Notes when a row is told to be what it is since another moment, and how long ago that was: a majority of votes made it so.
const NOTE: &str = "{
    const since = () => document.querySelector('#r-eu-west-2 time').dateTime;
    let last = since();
    window.lags = [];
    new MutationObserver(() => {
        if (since() === last) return;
        last = since();
        window.lags.push(Date.now() - Date.parse(last));
    }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}";
const DRAINED: &str = "document.getElementById('r-eu-west-2').dataset.say.startsWith('eu-west-2 drained')";
const SERVING: &str = "document.getElementById('r-eu-west-2').dataset.say.startsWith('eu-west-2 serving')";

fn main() {
    // `cargo test --all-targets` runs this, too; only `cargo bench` says so.
    if std::env::args().any(|arg| arg == "--bench") {
        tokio::runtime::Runtime::new().unwrap().block_on(measure());
    }
}

async fn measure() {
    let demo = Demo::start(&[]);
    demo.until_steady();
    let beside = Beside::start(&demo, "ana", &[]);
    let mut page = Page::open(&beside.link).await;
    page.until("signed in", "document.getElementById('regions') !== null").await;
    let cookies = page.call("Network.getCookies", json!({})).await["cookies"][0].take();
    let cookie = format!("{}={}", cookies["name"].as_str().unwrap(), cookies["value"].as_str().unwrap());
    let host = beside.url.strip_prefix("http://").unwrap().to_owned();
    let part = page.eval("document.body.dataset.fragment").await.as_str().unwrap().to_owned();
    let asked = Arc::new(AtomicUsize::new(0));
    for _ in 0..WATCHERS {
        tokio::spawn(watch(host.clone(), cookie.clone(), part.clone(), asked.clone()));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;

    let (spent, began) = (cpu(beside.process()), asked.load(Ordering::SeqCst));
    tokio::time::sleep(IDLE).await;
    let share = (cpu(beside.process()) - spent) / IDLE.as_secs_f64() * 100.0;
    println!("idle with {} watchers: {share:.1} % of one core, {} MB resident", WATCHERS + 1, beside.memory() / 1024);
    println!("  in {IDLE:?} they asked {} times for their part of the page", asked.load(Ordering::SeqCst) - began);

    page.eval(NOTE).await;
    for _ in 0..ROUNDS {
        let drained = demo.failover(&["drain", "eu-west-2", "--reason", "measured", "--confirm", "eu-west-2", "--detach"]);
        assert_eq!(drained.code, 0, "{drained}");
        page.until_within(MOVED, "drained", DRAINED).await;
        let back = demo.failover(&["resume", "eu-west-2", "--yes"]);
        assert_eq!(back.code, 0, "{back}");
        page.until_within(MOVED, "back", SERVING).await;
    }
    let lags = page.eval("window.lags").await;
    let mut lags: Vec<i64> = lags.as_array().unwrap().iter().map(|lag| lag.as_i64().unwrap()).collect();
    lags.sort_unstable();
    let at = |percent: usize| lags[(lags.len() * percent).div_ceil(100) - 1];
    println!("vote to row, {} times: p50 {} ms, p95 {} ms, worst {} ms", lags.len(), at(50), at(95), at(100));
    println!("afterwards: {} MB resident", beside.memory() / 1024);
}

/// An open page as `live.js` is one: it listens, and asks for its part when something changed.
async fn watch(host: String, cookie: String, part: String, asked: Arc<AtomicUsize>) {
    let head = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nAccept: application/json\r\nConnection: close\r\n\r\n")
    };
    let mut stream = TcpStream::connect(&host).await.unwrap();
    stream.write_all(head("/events").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line == "event: changed" {
            let mut one = TcpStream::connect(&host).await.unwrap();
            one.write_all(head(&part).as_bytes()).await.unwrap();
            let _ = one.read_to_end(&mut Vec::new()).await;
            asked.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Seconds of CPU that a process has used.
fn cpu(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // Linux counts a hundred ticks a second.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
