//! The model beside a naive twin: slow, obvious, and written another way.

use std::net::Ipv4Addr;

use crate::given::{FAILED, a, alias, checkers, client, endpoint, id, name, region, seconds, zone};
use proptest::prelude::*;
use route53::{Answered, Client, Failover, Outcome, Record, RecordType, Routing, Target, Value, Zone};

/// A checker's view from the whole history of its polls: the last run of `threshold` equal outcomes decides.
fn naive_view(history: &[bool], threshold: usize) -> bool {
    history.windows(threshold).rev().find(|run| run.iter().all(|passed| *passed == run[0])).is_none_or(|run| run[0])
}

proptest! {
    #[test]
    fn the_18_percent_rule_agrees_with_its_twin(
        threshold in 1u8..=10,
        inverted: bool,
        disabled in prop::bool::weighted(0.1),
        bias in 0.0f64..1.0,
        rounds in prop::collection::vec(prop::collection::vec(0.0f64..1.0, 16), 0..25),
        seed: u64,
    ) {
        let mut check = endpoint("e", 30, threshold);
        if inverted { check = check.inverted(); }
        if disabled { check = check.disabled(); }
        let mut checkers = checkers(vec![check], seed);
        let mut histories = vec![Vec::new(); 16];
        for (round, passes) in rounds.iter().enumerate() {
            let end = seconds(30 * (round as u64 + 1));
            while let Some(now) = checkers.next_due().filter(|&due| due < end) {
                for poll in checkers.due(now) {
                    let number = route53::CheckerId::all().position(|checker| checker == poll.checker()).unwrap();
                    let passed = passes[number] < bias;
                    histories[number].push(passed);
                    checkers.record(poll, if passed { Outcome::Passed } else { FAILED }, now);
                }
            }
        }
        let healthy = histories.iter().filter(|history| naive_view(history, threshold.into())).count();
        let measured = disabled || healthy as f64 / 16.0 > 0.18;
        prop_assert_eq!(checkers.is_healthy(&id("e"), seconds(3600)), measured != inverted);
        prop_assert!(disabled || histories.iter().all(|history| history.len() == rounds.len()), "every checker polls once in a round");
    }
}

/// Groups of one policy each; a group may only point at groups after it.
#[derive(Debug, Clone)]
struct Group {
    policy: u8,
    records: Vec<(u8, Option<usize>, Option<usize>, bool)>,
}

const CHECKS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
const PLACES: [&str; 3] = ["eu-west-2", "us-east-1", "us-west-2"];

fn groups() -> impl Strategy<Value = Vec<Group>> {
    let record = (0u8..4, prop::option::of(0usize..8), prop::option::weighted(0.6, 0usize..4), any::<bool>());
    let group = (0u8..4, prop::collection::vec(record, 1..4)).prop_map(|(policy, records)| Group { policy, records });
    prop::collection::vec(group, 1..6)
}

fn group_name(number: usize) -> String {
    format!("g{number}.example.test")
}

fn records(groups: &[Group]) -> Vec<Record> {
    let mut records = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        for (place, &(weight, check, ahead, eth)) in group.records.iter().enumerate() {
            let routing = match group.policy {
                0 => Routing::Weighted(weight),
                1 => Routing::Latency(region(PLACES[place])),
                2 if place == 0 => Routing::Failover(Failover::Primary),
                2 if place == 1 => Routing::Failover(Failover::Secondary),
                2 => continue,
                _ if place == 0 => Routing::Simple,
                _ => continue,
            };
            let check = check.map(|check| CHECKS[check]);
            // A primary that is no alias must have a check.
            let check = check.or((group.policy == 2).then_some("h"));
            let set_id = if routing == Routing::Simple { String::new() } else { place.to_string() };
            let target = ahead.map(|ahead| number + 1 + ahead).filter(|&target| target < groups.len());
            records.push(match target {
                Some(target) => alias(&group_name(number), &set_id, routing, &group_name(target), eth, check),
                None => a(&group_name(number), &set_id, routing, u8::try_from(10 * number + place).unwrap(), check),
            });
        }
    }
    records
}

/// The naive twin: everything by scanning the list of records, lots drawn from a list with one ticket per unit of weight.
fn naive(records: &[Record], of: &str, client: &Client, sick: u8, draw: &mut u64) -> Ipv4Addr {
    let group: Vec<&Record> = records.iter().filter(|record| record.name == name(of)).collect();
    let well: Vec<&Record> = group.iter().copied().filter(|record| naive_well(records, record, sick)).collect();
    let from = if well.is_empty() { group } else { well };
    let chosen = match &from[0].routing {
        Routing::Weighted(_) => {
            let tickets = |record: &&Record| match record.routing {
                Routing::Weighted(weight) => vec![(*record).clone(); weight.into()],
                _ => panic!("mixed"),
            };
            let mut tickets: Vec<Record> = from.iter().flat_map(tickets).collect();
            if tickets.is_empty() {
                tickets = from.iter().map(|record| (*record).clone()).collect();
            }
            let ticket = *draw % tickets.len() as u64;
            *draw /= tickets.len() as u64;
            tickets[usize::try_from(ticket).unwrap()].clone()
        }
        Routing::Latency(_) => {
            let mut by_distance: Vec<(u32, Record)> = from
                .iter()
                .map(|record| match &record.routing {
                    Routing::Latency(region) => (client.latency_ms[region], (*record).clone()),
                    _ => panic!("mixed"),
                })
                .collect();
            by_distance.sort_by_key(|(ms, _)| *ms);
            by_distance[0].1.clone()
        }
        _ => from.iter().copied().min_by_key(|record| record.set_id.clone()).unwrap().clone(),
    };
    match &chosen.target {
        Target::Values { values, .. } => match values[0] {
            Value::A(ip) => ip,
            _ => panic!("not an A record"),
        },
        Target::Alias { to: route53::Alias::Records(next), .. } => naive(records, next.as_str(), client, sick, draw),
        Target::Alias { .. } => panic!("no services here"),
    }
}

fn naive_well(records: &[Record], record: &Record, sick: u8) -> bool {
    let check_well = record.check.as_ref().is_none_or(|check| {
        let number = CHECKS.iter().position(|name| *name == check.as_str()).unwrap();
        sick >> number & 1 == 0
    });
    let target_well = match &record.target {
        Target::Alias { to: route53::Alias::Records(next), evaluate_target_health: true } => {
            records.iter().filter(|other| other.name == *next).any(|other| naive_well(records, other, sick))
        }
        _ => true,
    };
    check_well && target_well
}

fn asked(zone: &Zone, of: &str, client: &Client, sick: u8, draw: u64) -> Option<Ipv4Addr> {
    let health = |check: &route53::CheckId| sick >> CHECKS.iter().position(|name| *name == check.as_str()).unwrap() & 1 == 0;
    match zone.answer(&name(of), RecordType::A, client, health, draw).answered {
        Answered::Records { values, .. } => match values.as_slice() {
            [Value::A(ip)] => Some(*ip),
            _ => None,
        },
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn answers_agree_with_their_twin(groups in groups(), sick: u8, draw: u64, ms in prop::array::uniform3(0u32..200)) {
        prop_assume!(ms[0] != ms[1] && ms[1] != ms[2] && ms[0] != ms[2]);
        let records = records(&groups);
        let zone = zone(records.clone());
        let client = client(&[(PLACES[0], ms[0]), (PLACES[1], ms[1]), (PLACES[2], ms[2])]);
        for number in 0..groups.len() {
            let expected = naive(&records, &group_name(number), &client, sick, &mut draw.clone());
            prop_assert_eq!(asked(&zone, &group_name(number), &client, sick, draw), Some(expected));
        }
    }
}
