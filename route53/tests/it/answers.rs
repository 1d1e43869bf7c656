//! Which record is answered. Facts 17, 22–29.

use std::net::{IpAddr, Ipv4Addr};

use crate::given::{a, alias, ask, client, id, name, region, try_zone, zone};
use route53::{
    ALIAS_DEPTH_MAX, Alias, Answered, Area, Client, Failover, Record, RecordType, Routing, Service, Target, Value, Zone, ZoneError,
};

const WWW: &str = "www.example.test";

fn latency(set_id: &str, last: u8, check: Option<&str>) -> Record {
    a(WWW, set_id, Routing::Latency(region(set_id)), last, check)
}

fn weighted(of: &str, set_id: &str, weight: u8, last: u8, check: Option<&str>) -> Record {
    a(of, set_id, Routing::Weighted(weight), last, check)
}

fn failover(half: Failover, last: u8, check: Option<&str>) -> Record {
    a(WWW, &format!("{half:?}"), Routing::Failover(half), last, check)
}

fn london() -> Client {
    client(&[("eu-west-2", 5), ("us-east-1", 75), ("us-west-2", 140)])
}

fn three() -> Zone {
    zone(vec![latency("us-west-2", 1, Some("a")), latency("us-east-1", 2, Some("b")), latency("eu-west-2", 3, Some("c"))])
}

#[test]
fn the_policy_picks_and_sick_records_are_passed_over() {
    let ask = |sick| ask(&three(), WWW, &london(), sick, 0);
    assert_eq!(ask(""), [3]);
    assert_eq!(ask("c"), [2], "the next nearest");
    assert_eq!(ask("bc"), [1]);
}

#[test]
fn when_all_are_sick_all_count_as_healthy() {
    assert_eq!(ask(&three(), WWW, &london(), "abc", 0), [3]);
    let pair = zone(vec![weighted(WWW, "x", 1, 1, Some("a")), weighted(WWW, "y", 1, 2, Some("b"))]);
    assert_eq!(ask(&pair, WWW, &london(), "ab", 0), [1]);
    assert_eq!(ask(&pair, WWW, &london(), "ab", 1), [2]);
}

#[test]
fn a_record_without_a_check_is_always_healthy() {
    let zone = zone(vec![latency("us-east-1", 2, None), latency("eu-west-2", 3, Some("c"))]);
    assert_eq!(ask(&zone, WWW, &london(), "c", 0), [2]);
    assert_eq!(ask(&zone, WWW, &london(), "", 0), [3]);
}

#[test]
fn a_failover_pair_round_the_group_gives_all_sick_one_known_answer() {
    let zone = zone(vec![
        alias("top.example.test", "group", Routing::Failover(Failover::Primary), WWW, true, None),
        a("top.example.test", "resort", Routing::Failover(Failover::Secondary), 9, None),
        latency("us-east-1", 2, Some("b")),
        latency("eu-west-2", 3, Some("c")),
    ]);
    let ask = |sick| ask(&zone, "top.example.test", &london(), sick, 0);
    assert_eq!((ask(""), ask("c"), ask("bc")), (vec![3], vec![2], vec![9]));
}

#[test]
fn latency_goes_by_the_client_and_not_by_the_order() {
    let portland = client(&[("us-west-2", 10), ("us-east-1", 70), ("eu-west-2", 140)]);
    assert_eq!(ask(&three(), WWW, &portland, "", 0), [1]);
    assert_eq!(ask(&three(), WWW, &london(), "", 0), [3]);
    assert_eq!(ask(&three(), WWW, &Client::default(), "", 0), [3], "nobody measured: the first by name");
    let twice = try_zone(vec![latency("eu-west-2", 1, None), Record { set_id: "again".to_owned(), ..latency("eu-west-2", 2, None) }]);
    assert!(matches!(twice, Err(ZoneError::PlaceTwice { .. })));
}

/// How often each record is answered over even draws.
fn shares(zone: &Zone, sick: &str, draws: u64) -> Vec<(u8, u64)> {
    let mut shares = std::collections::BTreeMap::new();
    for draw in 0..draws {
        for last in ask(zone, WWW, &london(), sick, draw) {
            *shares.entry(last).or_insert(0) += 1;
        }
    }
    shares.into_iter().collect()
}

#[test]
fn weights_share_out_among_what_is_healthy() {
    let zone = zone(vec![weighted(WWW, "x", 3, 1, Some("a")), weighted(WWW, "y", 1, 2, Some("b")), weighted(WWW, "z", 4, 3, Some("c"))]);
    assert_eq!(shares(&zone, "", 80), [(1, 30), (2, 10), (3, 40)]);
    assert_eq!(shares(&zone, "c", 80), [(1, 60), (2, 20)]);
}

#[test]
fn zero_weights_wait_until_every_other_is_sick() {
    let zone = zone(vec![weighted(WWW, "x", 0, 1, Some("a")), weighted(WWW, "y", 0, 2, Some("b")), weighted(WWW, "z", 5, 3, Some("c"))]);
    assert_eq!(shares(&zone, "", 10), [(3, 10)]);
    assert_eq!(shares(&zone, "c", 10), [(1, 5), (2, 5)]);
    assert_eq!(shares(&zone, "abc", 10), [(3, 10)], "all sick: all count, and the weight decides again");
}

#[test]
fn all_weights_zero_share_evenly() {
    let zone = zone(vec![weighted(WWW, "x", 0, 1, None), weighted(WWW, "y", 0, 2, None)]);
    assert_eq!(shares(&zone, "", 10), [(1, 5), (2, 5)]);
}

#[test]
fn a_weighted_group_shares_one_ttl_and_has_100_records_at_most() {
    let other_ttl = |record: Record| match record.target {
        Target::Values { values, .. } => Record { target: Target::Values { ttl_s: 30, values }, ..record },
        Target::Alias { .. } => record,
    };
    let mixed = try_zone(vec![weighted(WWW, "x", 1, 1, None), other_ttl(weighted(WWW, "y", 1, 2, None))]);
    assert_eq!(mixed.err(), Some(ZoneError::MixedTtl { name: name(WWW), one: 60, other: 30 }));
    let many = |count: u8| try_zone((0..count).map(|last| weighted(WWW, &last.to_string(), 1, last, None)).collect());
    assert!(many(100).is_ok());
    assert!(matches!(many(101), Err(ZoneError::GroupTooLarge { count: 101, .. })));
}

#[test]
fn the_failover_pair_goes_by_its_rules() {
    let pair = zone(vec![failover(Failover::Primary, 1, Some("a")), failover(Failover::Secondary, 2, Some("b"))]);
    let ask_pair = |sick| ask(&pair, WWW, &london(), sick, 0);
    assert_eq!((ask_pair(""), ask_pair("b"), ask_pair("a")), (vec![1], vec![1], vec![2]));
    assert_eq!(ask_pair("ab"), [1], "both sick: the primary");
    let unchecked = zone(vec![failover(Failover::Primary, 1, Some("a")), failover(Failover::Secondary, 2, None)]);
    assert_eq!(ask(&unchecked, WWW, &london(), "a", 0), [2]);
    assert!(matches!(try_zone(vec![failover(Failover::Primary, 1, None)]), Err(ZoneError::UncheckedPrimary { .. })));
    let two = try_zone(vec![
        failover(Failover::Primary, 1, Some("a")),
        Record { set_id: "again".to_owned(), ..failover(Failover::Primary, 2, Some("b")) },
    ]);
    assert!(matches!(two, Err(ZoneError::PlaceTwice { .. })));
}

#[test]
fn geolocation_widens_until_it_finds_someone_and_may_find_nobody() {
    let area = |set_id: &str, area, last, check| a(WWW, set_id, Routing::Geolocation(area), last, check);
    let areas = || {
        vec![
            area("or", Area::Subdivision("OR".to_owned()), 1, Some("a")),
            area("us", Area::Country("US".to_owned()), 2, Some("b")),
            area("na", Area::Continent("NA".to_owned()), 3, Some("c")),
            area("eu", Area::Continent("EU".to_owned()), 4, Some("d")),
        ]
    };
    let client = |continent: &str, country: &str, subdivision: Option<&str>| Client {
        continent: Some(continent.to_owned()),
        country: Some(country.to_owned()),
        subdivision: subdivision.map(str::to_owned),
        ..Client::default()
    };
    let portland = client("NA", "US", Some("OR"));
    let without = zone(areas());
    for (sick, last) in [("", vec![1]), ("a", vec![2]), ("ab", vec![3]), ("abc", vec![])] {
        assert_eq!(ask(&without, WWW, &portland, sick, 0), last, "{sick} sick");
    }
    assert_eq!(ask(&without, WWW, &client("AS", "JP", None), "", 0), Vec::<u8>::new());
    let with = zone([areas(), vec![area("rest", Area::Default, 5, None)]].concat());
    assert_eq!(ask(&with, WWW, &portland, "abc", 0), [5]);
    assert_eq!(ask(&with, WWW, &client("AS", "JP", None), "", 0), [5]);
}

#[test]
fn multivalue_answers_up_to_eight_healthy_ones() {
    let record = |last: u8, check| a(WWW, &last.to_string(), Routing::Multivalue, last, check);
    let few = zone(vec![record(1, Some("a")), record(2, Some("b")), record(3, Some("c"))]);
    let sorted = |mut values: Vec<u8>| {
        values.sort_unstable();
        values
    };
    assert_eq!(sorted(ask(&few, WWW, &london(), "b", 0)), [1, 3]);
    assert_eq!(sorted(ask(&few, WWW, &london(), "abc", 0)), [1, 2, 3], "all sick: all");
    let many = zone((1..=12).map(|last| record(last, None)).collect());
    let mut seen = std::collections::BTreeSet::new();
    for draw in 0..12 {
        let values = sorted(ask(&many, WWW, &london(), "", draw));
        assert_eq!(values.len(), 8);
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "none twice");
        seen.extend(values);
    }
    assert_eq!(seen.len(), 12);
    let all_sick = zone((1..=12).map(|last| record(last, Some("a"))).collect());
    assert_eq!(ask(&all_sick, WWW, &london(), "a", 0).len(), 8);
    let is_alias = try_zone(vec![
        alias(WWW, "x", Routing::Multivalue, "b.example.test", false, None),
        a("b.example.test", "", Routing::Simple, 1, None),
    ]);
    assert!(matches!(is_alias, Err(ZoneError::MultivalueAlias { .. })));
}

/// `www` is a latency alias per region to a weighted pair.
fn tree(eth: bool, checks: [Option<&str>; 2]) -> Zone {
    let top = |of: &str, check| alias(WWW, of, Routing::Latency(region(of)), &format!("{of}.example.test"), eth, check);
    zone(vec![
        top("eu-west-2", checks[0]),
        top("us-east-1", checks[1]),
        weighted("eu-west-2.example.test", "x", 1, 1, Some("a")),
        weighted("eu-west-2.example.test", "y", 1, 2, Some("b")),
        weighted("us-east-1.example.test", "x", 1, 3, Some("c")),
        weighted("us-east-1.example.test", "y", 1, 4, Some("d")),
    ])
}

#[test]
fn an_alias_that_evaluates_backs_out_of_a_sick_branch() {
    let zone = tree(true, [None, None]);
    assert_eq!(ask(&zone, WWW, &london(), "a", 0), [2], "one healthy record keeps the branch");
    assert_eq!(ask(&zone, WWW, &london(), "ab", 0), [3]);
    assert_eq!(ask(&zone, WWW, &london(), "abcd", 0), [1], "all sick: as if all were healthy");
}

#[test]
fn an_alias_that_does_not_evaluate_stays_in_the_branch() {
    let zone = tree(false, [None, None]);
    assert_eq!(ask(&zone, WWW, &london(), "ab", 0), [1]);
}

#[test]
fn a_check_on_an_evaluating_alias_means_both_must_hold() {
    let zone = tree(true, [Some("e"), Some("f")]);
    for (sick, last) in [("", 1), ("e", 3), ("ab", 3), ("eab", 3), ("eaf", 2), ("ecd", 1), ("ef", 1)] {
        assert_eq!(ask(&zone, WWW, &london(), sick, 0), [last], "{sick} sick");
    }
}

fn gateway(ttl_s: u32, eth: bool) -> Record {
    let service = Service::ApiGateway {
        name: name("d-1.execute-api.eu-west-2.amazonaws.com"),
        addresses: vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77))],
        ttl_s,
    };
    Record { target: Target::Alias { to: Alias::Service(service), evaluate_target_health: eth }, ..a(WWW, "", Routing::Simple, 0, None) }
}

#[test]
fn an_api_gateway_is_always_available_and_lends_its_ttl() {
    let zone = zone(vec![gateway(37, true), alias("top.example.test", "", Routing::Simple, WWW, true, None)]);
    for of in [WWW, "top.example.test"] {
        let answer = zone.answer(&name(of), RecordType::A, &london(), |_| false, 0);
        let values = vec![Value::A(Ipv4Addr::new(192, 0, 2, 77))];
        assert_eq!(answer.answered, Answered::Records { values, ttl_s: 37 });
    }
}

#[test]
fn a_cloudfront_target_cannot_be_evaluated() {
    let record = |eth| {
        let service = Service::CloudFront { name: name("d1.cloudfront.net"), addresses: vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8))] };
        Record {
            target: Target::Alias { to: Alias::Service(service), evaluate_target_health: eth },
            ..a(WWW, "", Routing::Simple, 0, None)
        }
    };
    assert!(try_zone(vec![record(false)]).is_ok());
    assert_eq!(try_zone(vec![record(true)]).err(), Some(ZoneError::CloudFrontHealth { name: name(WWW) }));
}

#[test]
fn ttl_is_the_records_own() {
    let answer = three().answer(&name(WWW), RecordType::A, &london(), |_| true, 0);
    assert!(matches!(answer.answered, Answered::Records { ttl_s: 60, .. }));
}

#[test]
fn what_is_not_there_is_told_apart() {
    let zone = zone(vec![a("a.b.example.test", "", Routing::Simple, 1, None)]);
    let answered = |of: &str, record_type| zone.answer(&name(of), record_type, &london(), |_| true, 0).answered;
    assert!(matches!(answered("A.B.example.test.", RecordType::A), Answered::Records { .. }));
    assert_eq!(answered("a.b.example.test", RecordType::Aaaa), Answered::NoData);
    assert_eq!(answered("b.example.test", RecordType::A), Answered::NoData, "a name above a record exists");
    assert_eq!(answered("example.test", RecordType::Txt), Answered::NoData);
    assert_eq!(answered("c.example.test", RecordType::A), Answered::NoName);
    assert_eq!(answered("example.org", RecordType::A), Answered::NotOurs);
    assert_eq!(answered("wexample.test", RecordType::A), Answered::NotOurs);
    assert_eq!(zone.soa().negative_ttl_s(), 900);
    assert!(matches!(zone.answer_soa(&name("example.test")), Answered::Soa(_)));
    assert_eq!(zone.answer_soa(&name("b.example.test")), Answered::NoData);
    assert_eq!(zone.answer_soa(&name("z.example.test")), Answered::NoName);
}

#[test]
fn a_cname_answers_for_every_type_and_stands_alone() {
    let cname = |of: &str| Record {
        record_type: RecordType::Cname,
        target: Target::Values { ttl_s: 60, values: vec![Value::Cname(name("elsewhere.test"))] },
        ..a(of, "", Routing::Simple, 0, None)
    };
    let zone = zone(vec![cname(WWW)]);
    let answered = zone.answer(&name(WWW), RecordType::A, &london(), |_| true, 0).answered;
    assert_eq!(answered, Answered::Records { values: vec![Value::Cname(name("elsewhere.test"))], ttl_s: 60 });
    assert!(matches!(try_zone(vec![cname(WWW), a(WWW, "", Routing::Simple, 1, None)]), Err(ZoneError::CnameNotAlone { .. })));
    assert!(matches!(try_zone(vec![cname("example.test")]), Err(ZoneError::CnameNotAlone { .. })));
}

#[test]
fn loops_and_dead_ends_are_refused() {
    let link =
        |from: &str, to: &str| alias(&format!("{from}.example.test"), "", Routing::Simple, &format!("{to}.example.test"), true, None);
    let end = || a("end.example.test", "", Routing::Simple, 1, None);
    assert!(matches!(try_zone(vec![link("x", "x")]), Err(ZoneError::Loop { .. })));
    assert!(matches!(try_zone(vec![link("x", "y"), link("y", "z"), link("z", "x"), end()]), Err(ZoneError::Loop { .. })));
    assert!(matches!(try_zone(vec![link("x", "gone")]), Err(ZoneError::NoTarget { .. })));
    let chain = |length: usize| {
        let links = (1..length).map(|at| link(&format!("l{at}"), &format!("l{}", at + 1)));
        try_zone(links.chain([link(&format!("l{length}"), "end"), end()]).collect())
    };
    assert_eq!(ask(&chain(ALIAS_DEPTH_MAX).unwrap(), "l1.example.test", &london(), "", 0), [1]);
    assert!(matches!(chain(ALIAS_DEPTH_MAX + 1), Err(ZoneError::TooDeep { .. })));
    // The same chain, walked from its end: names sort the other way round.
    let back = (1..=ALIAS_DEPTH_MAX).map(|at| link(&format!("l{}", at + 1), &format!("l{at}")));
    assert!(matches!(try_zone(back.chain([link("l1", "end"), end()]).collect()), Err(ZoneError::TooDeep { .. })));
}

#[test]
fn what_does_not_fit_is_refused_with_a_sentence() {
    let simple = |last| a(WWW, "", Routing::Simple, last, None);
    let sentence = |records| try_zone(records).unwrap_err().to_string();
    insta::assert_snapshot!(sentence(vec![simple(1), weighted(WWW, "x", 1, 2, None)]), @"www.example.test mixes routing policies: simple and weighted");
    insta::assert_snapshot!(sentence(vec![simple(1), simple(2)]), @r#"www.example.test has a second record """#);
    insta::assert_snapshot!(sentence(vec![weighted(WWW, "", 1, 1, None)]), @"www.example.test has a weighted record without a set identifier");
    insta::assert_snapshot!(sentence(vec![a("www.example.org", "", Routing::Simple, 1, None)]), @"www.example.org is outside of the zone");
    insta::assert_snapshot!(sentence(vec![a(WWW, "", Routing::Simple, 1, Some("nobody"))]), @"www.example.test is served by nobody, which does not exist");
    insta::assert_snapshot!(sentence(vec![Record { record_type: RecordType::Aaaa, ..simple(1) }]), @"www.example.test has a AAAA record that holds another type");
    let empty = Record { target: Target::Values { ttl_s: 60, values: vec![] }, ..simple(1) };
    insta::assert_snapshot!(sentence(vec![empty]), @"www.example.test has a record with no values, or more than 400");
}

#[test]
fn the_trail_says_why() {
    let trail = |zone: &Zone, sick: &str| {
        let answer = zone.answer(&name(WWW), RecordType::A, &london(), |check| !sick.contains(check.as_str()), 0);
        answer.trail.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(trail(&tree(true, [Some("e"), None]), "e"), @"
    www.example.test: eu-west-2 is out, check 'e' is unhealthy
    www.example.test: us-east-1 is chosen (latency)
    us-east-1.example.test: x is chosen (weighted)
    ");
    insta::assert_snapshot!(trail(&tree(true, [None, Some("e")]), "abe"), @"
    www.example.test: eu-west-2 is out, nothing at eu-west-2.example.test is healthy
    www.example.test: us-east-1 is out, check 'e' is unhealthy
    www.example.test: everything is unhealthy, so all count as healthy; eu-west-2 is chosen (latency)
    eu-west-2.example.test: x is out, check 'a' is unhealthy
    eu-west-2.example.test: y is out, check 'b' is unhealthy
    eu-west-2.example.test: everything is unhealthy, so all count as healthy; x is chosen (weighted)
    ");
    assert_eq!(id("e").as_str(), "e");
}
