//! The resolver against a real name server.

use std::net::Ipv4Addr;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use tokio::time::Instant;
use world::speed::Speed;
use world::user::lookup::Failure;
use world::user::{HostName, Pace, Place, Resolver};

use super::name_server::{NameServer, Says};

const A: Ipv4Addr = Ipv4Addr::new(127, 0, 10, 1);
const B: Ipv4Addr = Ipv4Addr::new(127, 0, 11, 1);

fn name() -> HostName {
    "api.chat.test".parse().unwrap()
}

async fn start() -> (NameServer, Resolver) {
    let server = NameServer::start().await;
    let resolver = Resolver::new(server.address, Place::london(), Pace::default(), Speed::default());
    (server, resolver)
}

fn hasty(server: &NameServer) -> Resolver {
    let pace = Pace { dns_attempt: Duration::from_millis(50), dns_lookup: Duration::from_millis(500), ..Pace::default() };
    Resolver::new(server.address, Place::london(), pace, Speed::default())
}

#[tokio::test]
async fn an_answer_is_kept_for_its_ttl_and_asked_again_after() {
    let (server, resolver) = start().await;
    server.say("api.chat.test", Says::Addresses(vec![A], 1));
    let asked_at = Instant::now();
    let answer = resolver.resolve(&name()).await.unwrap();
    assert_eq!(answer.addresses, [A]);
    let left = answer.until - asked_at;
    assert!((Duration::from_millis(999)..Duration::from_millis(3000)).contains(&left), "{left:?}");
    server.say("api.chat.test", Says::Addresses(vec![B], 60));
    while Instant::now() < answer.until - Duration::from_millis(50) {
        let kept = resolver.resolve(&name()).await.unwrap();
        if Instant::now() < answer.until {
            assert_eq!(kept, answer, "asked again before the answer expired");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep_until(answer.until).await;
    assert_eq!(resolver.resolve(&name()).await.unwrap().addresses, [B], "a stale answer");
    assert_eq!(server.asked().len(), 2);
    let answered = resolver.answered();
    assert_eq!((answered.len(), &answered[0].outcome), (1, &Ok(vec![B])));
    assert!(answered[0].until > Instant::now() + Duration::from_secs(50));
}

#[tokio::test]
async fn it_tells_the_subnet_of_the_place_and_asks_once_for_many() {
    let (server, resolver) = start().await;
    server.say("api.chat.test", Says::Addresses(vec![A, B], 60));
    let name = name();
    let many = futures_util::future::join_all((0..20).map(|_| resolver.resolve(&name))).await;
    assert!(many.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.addresses == [A, B])));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].subnet.as_deref(), Some("81.2.69.0/24"));
}

#[tokio::test]
async fn flushing_asks_again() {
    let (server, resolver) = start().await;
    server.say("api.chat.test", Says::Addresses(vec![A], 60));
    resolver.resolve(&name()).await.unwrap();
    server.say("api.chat.test", Says::Addresses(vec![B], 60));
    resolver.flush();
    assert_eq!(resolver.resolve(&name()).await.unwrap().addresses, [B]);
}

#[tokio::test]
async fn a_truncated_reply_is_asked_for_over_tcp() {
    let (server, resolver) = start().await;
    server.say("api.chat.test", Says::OnlyOverTcp(vec![A], 60));
    assert_eq!(resolver.resolve(&name()).await.unwrap().addresses, [A]);
    let asked: Vec<(bool, Option<String>)> = server.asked().into_iter().map(|asked| (asked.tcp, asked.subnet)).collect();
    let subnet = Some("81.2.69.0/24".to_owned());
    assert_eq!(asked, [(false, subnet.clone()), (true, subnet)]);
}

#[tokio::test]
async fn replies_to_other_questions_are_ignored() {
    let (server, resolver) = start().await;
    server.say("api.chat.test", Says::Noise(vec![A], 60));
    assert_eq!(resolver.resolve(&name()).await.unwrap().addresses, [A]);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn absences_are_kept_as_the_zone_says() {
    let (server, resolver) = start().await;
    assert_eq!(resolver.resolve(&name()).await.unwrap_err().failure, Failure::NoSuchName);
    server.say("api.chat.test", Says::Addresses(vec![A], 60));
    assert_eq!(resolver.resolve(&name()).await.unwrap_err().to_string(), "cannot resolve api.chat.test");
    assert_eq!(server.asked().len(), 1, "the absence holds for a minute");
    let empty: HostName = "empty.chat.test".parse().unwrap();
    server.say("empty.chat.test", Says::NoAddress(0));
    for asked in 2..4 {
        assert_eq!(resolver.resolve(&empty).await.unwrap_err().failure, Failure::NoAddress);
        assert_eq!(server.asked().len(), asked, "a minimum of zero is not kept");
    }
}

#[tokio::test]
async fn a_failing_server_is_asked_three_times_and_then_left_alone_for_a_second() {
    let (server, resolver) = start().await;
    server.say("api.chat.test", Says::Code(ResponseCode::ServFail));
    for _ in 0..5 {
        assert_eq!(resolver.resolve(&name()).await.unwrap_err().failure, Failure::Refused(ResponseCode::ServFail));
    }
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_deadline_for_any_number_of_askers() {
    let (server, _) = start().await;
    let resolver = hasty(&server);
    server.say("api.chat.test", Says::Silence);
    server.say("other.chat.test", Says::Silence);
    let (one, other) = (name(), "other.chat.test".parse().unwrap());
    let started = Instant::now();
    let asks = (0..20).map(|n| resolver.resolve(if n % 2 == 0 { &one } else { &other }));
    for outcome in futures_util::future::join_all(asks).await {
        assert_eq!(outcome.unwrap_err().failure, Failure::Silent);
    }
    assert!(started.elapsed() < Duration::from_millis(2500), "{:?}", started.elapsed());
    assert!(server.asked().len() <= 6, "{}", server.asked().len());
}

#[tokio::test]
async fn the_clock_speed_divides_the_ttl() {
    let (server, _) = start().await;
    let resolver = Resolver::new(server.address, Place::portland(), Pace::default(), Speed::new(10.0).unwrap());
    server.say("api.chat.test", Says::Addresses(vec![A], 60));
    let answer = resolver.resolve(&name()).await.unwrap();
    let left = answer.until - Instant::now();
    assert!(left > Duration::from_secs(4) && left <= Duration::from_secs(6), "{left:?}");
}
