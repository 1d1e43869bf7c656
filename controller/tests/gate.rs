//! The gate over real sockets, in front of a real HTTP SSM: exact lines, freshness, and what stands when SSM does not.

#![expect(clippy::unwrap_used, reason = "outside of test functions too, this is a test")]

#[path = "../../store/tests/documents/mod.rs"]
mod documents;
#[path = "../../store/tests/ssm/mod.rs"]
mod ssm;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use controller::Gate;
use decision::{Memory, Policy, PolicySpec, Reason, RegionName, RegionVote, Verdict, Vote, Votes};
use documents::{VOTES, at, chat, london, oregon, region, store, votes};
use jiff::Timestamp;
use ssm::{Fault, Ssm};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn policy() -> Policy {
    let regions = [london(), oregon(), region("ap-south-1")];
    let (thresholds, failback) = Default::default();
    Policy::new(PolicySpec {
        service: chat(),
        observers: regions.clone().into(),
        regions: regions.into(),
        thresholds,
        failback,
        capacity: std::collections::BTreeMap::new(),
    })
    .unwrap()
}

fn cast(generation: u64, ejected: Option<&RegionName>) -> Votes {
    let since = at("2026-01-01T00:00:00Z");
    let entry = |vote, verdict| RegionVote {
        vote,
        since,
        announced: false,
        reason: Reason::Healthy,
        verdict,
        verdict_since: since,
        refused: None,
        memory: Memory::default(),
        intent: None,
    };
    let mut votes = votes(&london(), generation);
    votes.decided_at = since + jiff::SignedDuration::from_secs(generation.try_into().unwrap());
    for place in [london(), oregon(), region("ap-south-1")] {
        let vote = if Some(&place) == ejected { entry(Vote::Eject, Verdict::Unhealthy) } else { entry(Vote::Serve, Verdict::Healthy) };
        votes.regions.insert(place, vote);
    }
    votes
}

/// A gate that listens, and the clock that it reads.
struct Listening {
    addr: SocketAddr,
    clock: Arc<AtomicI64>,
}

impl Listening {
    async fn new(ssm: &Ssm, cached_for: Duration) -> Self {
        let clock = Arc::new(AtomicI64::new(at("2026-01-01T00:00:01Z").as_second()));
        let read = clock.clone();
        let now = move || Timestamp::from_second(read.load(Ordering::SeqCst)).unwrap();
        let gate = Gate::new(policy(), store(ssm, &london()), now).cached_for(cached_for);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, gate.router()).await });
        Self { addr, clock }
    }

    /// Sends this request line and returns all that comes back.
    async fn raw(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(format!("{line} HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Status and body of a GET.
    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.raw(&format!("GET {path}")).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The body of a GET once it is this. Fails when it takes longer than ten seconds.
    async fn becomes(&self, path: &str, wanted: &str) {
        let began = Instant::now();
        loop {
            let (_, body) = self.get(path).await;
            if body == wanted {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{path} is still {body:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

const BRIEF: Duration = Duration::from_millis(20);

#[tokio::test]
async fn the_lines_are_exactly_what_route_53_searches_for() {
    let ssm = Ssm::start().await;
    store(&ssm, &london()).put_votes(&cast(1, Some(&oregon()))).await.unwrap();
    let gate = Listening::new(&ssm, BRIEF).await;
    assert_eq!(gate.get("/vote/us-west-2").await, (200, "eject chat us-west-2\n".to_owned()));
    assert_eq!(gate.get("/vote/eu-west-2").await, (200, "serve chat eu-west-2\n".to_owned()));
    assert_eq!(gate.get("/alive").await, (200, "alive chat\n".to_owned()));
    let (status, body) = gate.get("/v1/votes").await;
    assert_eq!((status, serde_json::from_str::<Votes>(&body).unwrap()), (200, cast(1, Some(&oregon()))));
}

#[tokio::test]
async fn answers_are_plain_and_never_cached_and_head_has_no_body() {
    let ssm = Ssm::start().await;
    store(&ssm, &london()).put_votes(&cast(1, None)).await.unwrap();
    let gate = Listening::new(&ssm, BRIEF).await;
    for line in ["GET /vote/us-west-2", "GET /alive", "GET /v1/votes", "GET /nowhere", "POST /alive", "HEAD /vote/us-west-2", "GET /vote/x"]
    {
        let answer = gate.raw(line).await;
        assert!(answer.contains("cache-control: no-store"), "{line}: {answer}");
        let kind = if line.ends_with("/v1/votes") { "application/json" } else { "text/plain; charset=utf-8" };
        assert!(answer.contains(&format!("content-type: {kind}")), "{line}: {answer}");
    }
    let head = gate.raw("HEAD /vote/us-west-2").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn odd_requests_are_refused_and_never_say_eject() {
    let ssm = Ssm::start().await;
    store(&ssm, &london()).put_votes(&cast(1, Some(&oregon()))).await.unwrap();
    let gate = Listening::new(&ssm, BRIEF).await;
    let long = format!("GET /vote/{}", "a".repeat(60_000));
    for (line, status) in [
        ("GET /", "404"),
        ("GET /vote", "404"),
        ("GET /vote/", "404"),
        ("GET /vote/us-west-2/", "404"),
        ("GET /vote/eu-central-1", "404"),
        ("GET /vote/eject%20chat%20us-west-2", "404"),
        ("GET /eject%20chat%20us-west-2?eject%20chat%20us-west-2", "404"),
        ("GET /vote/%ff%fe", "404"),
        ("GET /vote/..%2f..%2fvotes", "404"),
        ("GET /vote/US-WEST-2", "404"),
        ("POST /vote/us-west-2", "405"),
        ("DELETE /v1/votes", "405"),
        ("OPTIONS /alive", "405"),
        (&long, "4"),
    ] {
        let answer = gate.raw(line).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{line:.80}: {answer}");
        assert!(!answer.contains("eject chat us-west-2"), "{line:.80}: {answer}");
    }
    assert_eq!(gate.get("/vote/us-west-2").await.0, 200);
}

#[tokio::test]
async fn a_gate_that_never_read_votes_says_nothing() {
    let mut ssm = Ssm::start().await;
    let gate = Listening::new(&ssm, BRIEF).await;
    for path in ["/vote/us-west-2", "/alive", "/v1/votes"] {
        assert_eq!(gate.get(path).await, (503, "no votes yet\n".to_owned()), "nothing stored: {path}");
    }
    ssm.with(|all| all.put(VOTES, "junk"));
    assert_eq!(gate.get("/alive").await.0, 503);
    ssm.stop().await;
    assert_eq!(gate.get("/vote/us-west-2").await.0, 503);
    ssm.listen().await;
    let written = serde_json::to_string(&cast(1, None)).unwrap();
    ssm.with(|all| all.put(VOTES, &written));
    gate.becomes("/vote/us-west-2", "serve chat us-west-2\n").await;
}

#[tokio::test]
async fn votes_of_another_service_or_observer_are_not_believed() {
    let ssm = Ssm::start().await;
    let gate = Listening::new(&ssm, Duration::ZERO).await;
    let written = serde_json::to_string(&cast(1, Some(&oregon()))).unwrap();
    for foreign in [
        written.replace("\"chat\"", "\"shop\""),
        written.replace(r#""observer":"eu-west-2""#, r#""observer":"us-west-2""#),
        written.replace("failover/v1", "failover/v2"),
    ] {
        assert_ne!(foreign, written);
        ssm.with(|all| all.put(VOTES, &foreign));
        assert_eq!(gate.get("/vote/us-west-2").await.0, 503, "{foreign}");
    }
}

#[tokio::test]
async fn a_region_without_a_vote_gets_no_line_of_either_kind() {
    let ssm = Ssm::start().await;
    let mut fewer = cast(1, None);
    fewer.regions.remove(&oregon());
    store(&ssm, &london()).put_votes(&fewer).await.unwrap();
    let gate = Listening::new(&ssm, BRIEF).await;
    assert_eq!(gate.get("/vote/us-west-2").await, (503, "no votes yet\n".to_owned()));
    assert_eq!(gate.get("/vote/eu-west-2").await.0, 200);
}

#[tokio::test]
async fn old_votes_are_not_alive_but_they_stand() {
    let ssm = Ssm::start().await;
    store(&ssm, &london()).put_votes(&cast(1, Some(&oregon()))).await.unwrap();
    let gate = Listening::new(&ssm, BRIEF).await;
    let decided = cast(1, None).decided_at.as_second();
    for (age, status) in [(0, 200), (179, 200), (180, 503), (86_400, 503), (-179, 200), (-180, 503)] {
        gate.clock.store(decided + age, Ordering::SeqCst);
        let (found, body) = gate.get("/alive").await;
        assert_eq!(found, status, "{age} s: {body}");
        assert!(status == 200 || !body.contains("alive"), "{body}");
        assert_eq!(gate.get("/vote/us-west-2").await, (200, "eject chat us-west-2\n".to_owned()), "{age} s");
    }
}

#[tokio::test]
async fn the_last_votes_stand_while_ssm_is_gone_and_new_ones_count_when_it_is_back() {
    let mut ssm = Ssm::start().await;
    let stored = store(&ssm, &london());
    stored.put_votes(&cast(1, Some(&oregon()))).await.unwrap();
    let gate = Listening::new(&ssm, BRIEF).await;
    gate.becomes("/vote/us-west-2", "eject chat us-west-2\n").await;
    for fault in [Fault::Throttle, Fault::Deny, Fault::Error, Fault::Cut, Fault::Junk] {
        ssm.fault(fault);
        for _ in 0..3 {
            tokio::time::sleep(BRIEF).await;
            assert_eq!(gate.get("/vote/us-west-2").await, (200, "eject chat us-west-2\n".to_owned()), "{fault:?}");
        }
        assert_eq!(gate.get("/alive").await.0, 200, "{fault:?}");
    }
    ssm.fault(None);
    ssm.stop().await;
    tokio::time::sleep(BRIEF).await;
    assert_eq!(gate.get("/vote/us-west-2").await, (200, "eject chat us-west-2\n".to_owned()));
    ssm.with(|all| all.delete(VOTES));
    ssm.listen().await;
    tokio::time::sleep(BRIEF).await;
    assert_eq!(gate.get("/vote/us-west-2").await, (200, "eject chat us-west-2\n".to_owned()), "the parameter is deleted");
    stored.put_votes(&cast(2, None)).await.unwrap();
    gate.becomes("/vote/us-west-2", "serve chat us-west-2\n").await;
}

#[tokio::test]
async fn a_hanging_ssm_makes_one_request_in_a_while_wait_and_none_for_two_seconds() {
    let ssm = Ssm::start().await;
    store(&ssm, &london()).put_votes(&cast(1, Some(&oregon()))).await.unwrap();
    let gate = Arc::new(Listening::new(&ssm, BRIEF).await);
    gate.becomes("/vote/us-west-2", "eject chat us-west-2\n").await;
    ssm.fault(Fault::Hang);
    tokio::time::sleep(BRIEF).await;
    let polls = (0..24).map(|_| {
        let gate = gate.clone();
        tokio::spawn(async move {
            let began = Instant::now();
            assert_eq!(gate.get("/vote/us-west-2").await.0, 200);
            began.elapsed()
        })
    });
    let mut took = Vec::new();
    for poll in polls.collect::<Vec<_>>() {
        took.push(poll.await.unwrap());
    }
    took.sort();
    assert!(took[22] < Duration::from_millis(700), "{took:?}");
    assert!(took[23] < Duration::from_millis(1900), "{took:?}");
}

#[tokio::test]
async fn however_many_poll_ssm_is_read_once_per_cache_time() {
    let ssm = Ssm::start().await;
    store(&ssm, &london()).put_votes(&cast(1, None)).await.unwrap();
    let reads = ssm.calls("GetParameter");
    let gate = Arc::new(Listening::new(&ssm, Duration::from_secs(3600)).await);
    let polls = (0..50).map(|_| {
        let gate = gate.clone();
        tokio::spawn(async move { gate.get("/vote/us-west-2").await.0 })
    });
    for poll in polls.collect::<Vec<_>>() {
        assert_eq!(poll.await.unwrap(), 200);
    }
    assert_eq!(ssm.calls("GetParameter") - reads, 1);
}

#[tokio::test]
async fn a_late_writers_votes_are_passed_over_and_those_after_a_deletion_are_not() {
    let ssm = Ssm::start().await;
    store(&ssm, &london()).put_votes(&cast(50, Some(&oregon()))).await.unwrap();
    let gate = Listening::new(&ssm, Duration::ZERO).await;
    gate.becomes("/vote/us-west-2", "eject chat us-west-2\n").await;
    let late = serde_json::to_string(&cast(49, None)).unwrap();
    ssm.with(|all| all.put(VOTES, &late));
    assert_eq!(gate.get("/vote/us-west-2").await.1, "eject chat us-west-2\n");
    let mut anew = cast(60, None);
    anew.generation = 1;
    let anew = serde_json::to_string(&anew).unwrap();
    ssm.with(|all| all.put(VOTES, &anew));
    assert_eq!(gate.get("/vote/us-west-2").await.1, "serve chat us-west-2\n");
}
