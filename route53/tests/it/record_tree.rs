//! The record tree keeps its promise in every state that its checks can be in.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::given::{FAILED, client, name, region};
use route53::{
    Address, Answered, CheckId, Checkers, Client, ClockSpeed, Deadlines, Observer, Outcome, Purpose, RecordType, Serving, Tree, TreeError,
    TreeSpec, Value, tree,
};

const REGIONS: [&str; 3] = ["eu-west-2", "us-east-1", "us-west-2"];
const OBSERVERS: [&str; 3] = REGIONS;

fn loopback(last: u8) -> Address {
    Address::loopback(std::net::Ipv4Addr::new(127, 0, last, 1).into(), None).unwrap()
}

fn spec(regions: &[&str], observers: &[&str]) -> TreeSpec {
    let serving = |(number, of): (usize, &&str)| {
        let last = 10 + u8::try_from(number).unwrap();
        Serving { region: region(of), ip: std::net::Ipv4Addr::new(127, 0, last, 1).into(), health: loopback(last), port: 8080 }
    };
    TreeSpec {
        origin: name("chat.test"),
        service: "chat".to_owned(),
        names: vec!["api".to_owned(), "api-ws".to_owned()],
        regions: regions.iter().enumerate().map(serving).collect(),
        observers: observers.iter().map(|of| Observer { region: region(of), gate: loopback(10), port: 9090 }).collect(),
        secure: false,
        gateway_ttl_s: 60,
    }
}

fn ours() -> Tree {
    tree(&spec(&REGIONS, &OBSERVERS)).unwrap()
}

/// A client for whom the regions are at growing distance, from `first` on.
fn near(first: usize) -> (Client, [usize; 3]) {
    let order = [first, (first + 1) % 3, (first + 2) % 3];
    (client(&[(REGIONS[order[0]], 10), (REGIONS[order[1]], 80), (REGIONS[order[2]], 150)]), order)
}

/// The number of the region whose address is answered.
fn answered(tree: &Tree, of: &str, client: &Client, health: impl Fn(&CheckId) -> bool, draw: u64) -> usize {
    match tree.zone.answer(&name(of), RecordType::A, client, health, draw).answered {
        Answered::Records { values, ttl_s: 60 } => match values.as_slice() {
            [Value::A(ip)] => usize::from(ip.octets()[2]) - 10,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// What the polled checks measure: bit by bit, ejects by region and observer, controllers alive, `/health` by region.
struct State(u32);

impl State {
    fn ejects(&self, region: usize, observer: usize) -> bool {
        self.0 >> (3 * region + observer) & 1 == 1
    }
    fn alive(&self, observer: usize) -> bool {
        self.0 >> (9 + observer) & 1 == 1
    }
    fn health_ok(&self, region: usize) -> bool {
        self.0 >> (12 + region) & 1 == 1
    }

    /// What the endpoint checks measure, before inversion: an eject check passes while its string is there.
    fn measured(&self, purpose: &Purpose) -> bool {
        let place = |of: &route53::AwsRegion| REGIONS.iter().position(|name| *name == of.as_str()).unwrap();
        match purpose {
            Purpose::Eject { region, observer } => self.ejects(place(region), place(observer)),
            Purpose::Alive { observer } => self.alive(place(observer)),
            Purpose::Health { region } => self.health_ok(place(region)),
            Purpose::NotEjected { .. } | Purpose::Controllers => panic!("not measured"),
        }
    }

    /// The promise: no majority ejects it, and a majority of controllers is alive or its own `/health` is well.
    fn serves(&self, region: usize) -> bool {
        let ejects = (0..3).filter(|&observer| self.ejects(region, observer)).count();
        let alive = (0..3).filter(|&observer| self.alive(observer)).count();
        ejects < 2 && (alive >= 2 || self.health_ok(region))
    }
}

#[test]
fn a_region_is_answered_exactly_while_the_promise_holds() {
    let tree = ours();
    let clients: Vec<_> = (0..3).map(near).collect();
    for bits in 0..1u32 << 15 {
        let state = State(bits);
        let health: std::collections::BTreeMap<&CheckId, bool> = tree
            .checks
            .iter()
            .map(|check| (check.id(), tree.checks.is_healthy(check.id(), |id| state.measured(&tree.purposes[id]))))
            .collect();
        let serving: BTreeSet<usize> = (0..3).filter(|&region| state.serves(region)).collect();
        for (client, order) in &clients {
            // Each region is the nearest of some client, so "answered to its own client" is "answered" for every region.
            let expected = order.iter().find(|region| serving.contains(region)).unwrap_or(&order[0]);
            let got = answered(&tree, "api.chat.test", client, |id| health[id], u64::from(bits));
            assert_eq!(got, *expected, "state {bits:#017b}, serving {serving:?}, nearest {}", order[0]);
        }
    }
}

#[test]
fn both_names_have_the_same_tree() {
    let tree = ours();
    for bits in (0..1u32 << 15).step_by(97) {
        let state = State(bits);
        let health = |id: &CheckId| tree.checks.is_healthy(id, |id| state.measured(&tree.purposes[id]));
        for (client, _) in (0..3).map(near) {
            assert_eq!(answered(&tree, "api.chat.test", &client, health, 0), answered(&tree, "api-ws.chat.test", &client, health, 0));
            let talk = answered(&tree, "talk-api.chat.test", &client, health, 0);
            assert_eq!(talk, answered(&tree, "talk-api-ws.chat.test", &client, health, 0));
        }
    }
}

#[test]
fn the_talks_names_follow_the_health_endpoint_and_nothing_else() {
    let tree = ours();
    for bits in 0..1u32 << 15 {
        let state = State(bits);
        let (client, order) = near(0);
        let health = |id: &CheckId| tree.checks.is_healthy(id, |id| state.measured(&tree.purposes[id]));
        let expected = order.iter().find(|&&region| state.health_ok(region)).unwrap_or(&order[0]);
        assert_eq!(answered(&tree, "talk-api.chat.test", &client, health, 0), *expected);
    }
}

#[test]
fn majorities_are_majorities_of_five_and_seven_too() {
    for n in [3_usize, 5, 7] {
        let names: Vec<String> = (1..=n).map(|number| format!("aa-bb-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let tree = tree(&spec(&["eu-west-2"], &names)).unwrap();
        let number = |of: &route53::AwsRegion| names.iter().position(|name| *name == of.as_str()).unwrap();
        for voters in 0..1_u32 << n {
            let says = |observer: &route53::AwsRegion| voters >> number(observer) & 1 == 1;
            let measured = |id: &CheckId| match &tree.purposes[id] {
                Purpose::Eject { observer, .. } | Purpose::Alive { observer } => says(observer),
                Purpose::Health { .. } | Purpose::NotEjected { .. } | Purpose::Controllers => panic!("not counted"),
            };
            let majority = voters.count_ones() as usize > n / 2;
            let not_ejected = Purpose::NotEjected { region: region("eu-west-2") }.id();
            assert_eq!(tree.checks.is_healthy(&not_ejected, measured), !majority, "{voters:b} of {n}");
            assert_eq!(tree.checks.is_healthy(&Purpose::Controllers.id(), measured), majority, "{voters:b} of {n}");
        }
    }
}

#[test]
fn the_loss_of_any_minority_of_observers_changes_no_answer() {
    let tree = ours();
    for gone in 0..3 {
        for bits in 0..1u32 << 15 {
            let state = State(bits);
            // A gate that is gone says neither eject nor alive. The others agree with each other, as they do about a drain.
            let agreeing = (0..3).all(|region| state.ejects(region, (gone + 1) % 3) == state.ejects(region, (gone + 2) % 3));
            let here = state.alive((gone + 1) % 3) && state.alive((gone + 2) % 3);
            if !agreeing || !here {
                continue;
            }
            let mute = State(bits & !(1 << gone | 1 << (3 + gone) | 1 << (6 + gone) | 1 << (9 + gone)));
            for (client, _) in (0..3).map(near) {
                let ask = |state: &State| {
                    let health = |id: &CheckId| tree.checks.is_healthy(id, |id| state.measured(&tree.purposes[id]));
                    answered(&tree, "api.chat.test", &client, health, 0)
                };
                assert_eq!(ask(&state), ask(&mute), "observer {gone} gone in state {bits:#017b}");
            }
        }
    }
}

#[test]
fn regional_names_resolve_to_their_region_whatever_happens() {
    let tree = ours();
    let (client, _) = near(0);
    for (number, of) in REGIONS.iter().enumerate() {
        for healthy in [true, false] {
            for draw in 0..2 {
                assert_eq!(answered(&tree, &format!("{of}.api.chat.test"), &client, |_| healthy, draw), number);
                assert_eq!(answered(&tree, &format!("{of}.api-ws.chat.test"), &client, |_| healthy, draw), number);
            }
        }
    }
}

/// The tree under real checkers: the endpoints do what the state says from time zero on.
#[test]
fn checkers_reach_the_promised_answer_within_half_a_minute() {
    let tree = ours();
    for bits in (0..1u32 << 15).step_by(1117) {
        let state = State(bits);
        let mut checkers = Checkers::new(tree.checks.clone(), u64::from(bits), ClockSpeed::REAL, Deadlines::AWS);
        let end = Duration::from_secs(30);
        while let Some(now) = checkers.next_due().filter(|&due| due <= end) {
            for poll in checkers.due(now) {
                let passes = state.measured(&tree.purposes[checkers.check_of(&poll).id()]);
                checkers.record(poll, if passes { Outcome::Passed } else { FAILED }, now);
            }
        }
        for (client, order) in (0..3).map(near) {
            let expected = order.iter().find(|&&region| state.serves(region)).unwrap_or(&order[0]);
            assert_eq!(answered(&tree, "api.chat.test", &client, |id| checkers.is_healthy(id, end), 0), *expected);
        }
    }
}

#[test]
fn checks_are_shared_between_the_names() {
    let tree = ours();
    let polled = tree.checks.iter().filter(|check| matches!(check.kind(), route53::Kind::Endpoint(_))).count();
    assert_eq!(polled, 3 * 3 + 3 + 3, "ejects, alive, health: 240 checkers at work");
    assert_eq!(tree.purposes.len(), polled + 3 + 1);
    for (id, purpose) in &tree.purposes {
        assert_eq!(*id, purpose.id());
    }
    let names: Vec<&str> = tree.names.iter().map(route53::DomainName::as_str).collect();
    assert_eq!(names, ["api.chat.test", "api-ws.chat.test", "talk-api.chat.test", "talk-api-ws.chat.test"]);
}

#[test]
fn an_eject_check_is_inverted_fast_and_looks_for_the_whole_line() {
    let tree = ours();
    let purpose = Purpose::Eject { region: region("eu-west-2"), observer: region("us-east-1") };
    let check = tree.checks.get(&purpose.id()).unwrap();
    assert!(check.is_inverted());
    let route53::Kind::Endpoint(endpoint) = check.kind() else { panic!("not polled") };
    assert_eq!((endpoint.spec().interval_s, endpoint.spec().failure_threshold), (10, 1));
    let route53::Speaks::Http { path, search, .. } = &endpoint.spec().speaks else { panic!("not HTTP") };
    assert_eq!((path.as_str(), search.as_deref()), ("/vote/eu-west-2", Some("eject chat eu-west-2")));
}

#[test]
fn a_two_region_service_takes_a_witness_and_even_observers_are_refused() {
    let two = ["eu-west-2", "us-east-1"];
    assert!(tree(&spec(&two, &["eu-west-2", "us-east-1", "us-west-2"])).is_ok());
    for observers in [&[][..], &two, &["eu-west-2"], &["a-b-1", "a-b-2", "a-b-3", "a-b-4"]] {
        assert_eq!(tree(&spec(&two, observers)).err(), Some(TreeError::Observers(observers.len())));
    }
    assert_eq!(tree(&spec(&[], &OBSERVERS)).err(), Some(TreeError::NoRegion));
    assert!(matches!(tree(&spec(&["eu-west-2", "eu-west-2"], &OBSERVERS)), Err(TreeError::Checks(_))));
}
