//! What AWS takes and refuses in a check, and what can be changed later. Facts 1–3, 8–10, 12–15.

use std::net::IpAddr;

use crate::given::{calculated, endpoint, http, id, name, public, seconds, spec};
use route53::{
    Address, Alarm, AlarmSpec, Check, CheckId, CheckSet, CheckSetError, CheckerId, CheckerRegion, Comparison, Control, Endpoint,
    EndpointSpec, InsufficientData, InvalidCheck, Kind, Speaks, Statistic, Update, UpdateError,
};

pub(crate) fn alarm_spec() -> AlarmSpec {
    AlarmSpec {
        statistic: Statistic::Minimum,
        period_s: 60,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: 1.0,
        comparison: Comparison::LessThanThreshold,
        insufficient_data: InsufficientData::Unhealthy,
    }
}

#[test]
fn the_type_of_a_check_stays_what_it_was() {
    let alarm = Check::new(id("alarm"), Kind::Alarm(Alarm::copy(&alarm_spec()).unwrap()));
    let all = [endpoint("e", 30, 3), calculated("c", &[], 0), alarm, Check::new(id("r"), Kind::Control(Control))];
    let foreign = [
        Update { alarm: Some(alarm_spec()), ..Update::default() },
        Update { port: Some(81), ..Update::default() },
        Update { calculated: Some((vec![], 0)), ..Update::default() },
    ];
    for (check, update) in all.iter().zip(&foreign) {
        assert_eq!(check.updated(update.clone()), Err(UpdateError::WrongKind));
    }
    for check in &all[..3] {
        let updated = check.updated(Update { inverted: Some(true), ..Update::default() }).unwrap();
        assert_eq!(updated.kind(), check.kind());
    }
}

#[test]
fn eight_regions_check_and_eu_west_2_is_not_among_them() {
    let names: Vec<&str> = CheckerRegion::ALL.iter().map(|region| region.as_str()).collect();
    assert_eq!(names.len(), 8);
    assert!(!names.contains(&"eu-west-2"));
    assert_eq!(CheckerId::all().count(), 16, "two redundant zones in each");
}

#[test]
fn three_checker_regions_are_the_fewest_and_all_the_default() {
    let with = |regions: &[CheckerRegion]| Endpoint::new(EndpointSpec { regions: regions.to_vec(), ..spec(30, 3) });
    assert_eq!(with(&[]).unwrap().checkers().count(), 16);
    assert_eq!(with(&CheckerRegion::ALL[..3]).unwrap().checkers().count(), 6);
    assert_eq!(with(&CheckerRegion::ALL[..2]), Err(InvalidCheck::TooFewRegions(2)));
    let twice = [CheckerRegion::EuWest1, CheckerRegion::UsEast1, CheckerRegion::EuWest1];
    assert_eq!(with(&twice), Err(InvalidCheck::RegionTwice(CheckerRegion::EuWest1)));
}

#[test]
fn intervals_are_10_or_30_seconds_and_30_by_default() {
    let default = EndpointSpec::new(public(), 80, http("/"));
    assert_eq!((default.interval_s, default.failure_threshold), (30, 3));
    for interval_s in [0, 1, 9, 11, 20, 29, 31, 60] {
        assert_eq!(Endpoint::new(spec(interval_s, 3)), Err(InvalidCheck::Interval(interval_s)));
    }
    assert_eq!(Endpoint::new(spec(10, 3)).unwrap().interval(), seconds(10));
}

#[test]
fn thresholds_are_1_to_10() {
    for threshold in 1..=10 {
        assert!(Endpoint::new(spec(30, threshold)).is_ok());
    }
    for threshold in [0, 11, 255] {
        assert_eq!(Endpoint::new(spec(30, threshold)), Err(InvalidCheck::FailureThreshold(threshold)));
    }
}

#[test]
fn search_strings_have_1_to_255_characters() {
    let with = |length: usize| {
        let speaks = Speaks::Http { secure: true, path: "/".to_owned(), search: Some("ß".repeat(length)) };
        Endpoint::new(EndpointSpec::new(public(), 443, speaks))
    };
    assert!(with(255).is_ok());
    assert_eq!(with(256), Err(InvalidCheck::SearchTooLong(256)));
    assert_eq!(with(0), Err(InvalidCheck::SearchEmpty));
}

#[test]
fn private_local_and_multicast_addresses_are_refused() {
    for ip in [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
    ] {
        let ip: IpAddr = ip.parse().unwrap();
        assert_eq!(Address::public(ip, None), Err(InvalidCheck::PrivateAddress(ip)));
    }
    for ip in ["198.51.100.7", "2001:db8::1"] {
        assert!(Address::public(ip.parse().unwrap(), None).is_ok());
    }
}

#[test]
fn the_way_round_for_a_world_on_loopback_takes_nothing_else() {
    assert!(Address::loopback("127.0.10.1".parse().unwrap(), None).is_ok());
    for ip in ["10.0.0.1", "198.51.100.7"] {
        let ip: IpAddr = ip.parse().unwrap();
        assert_eq!(Address::loopback(ip, None), Err(InvalidCheck::NotLoopback(ip)));
    }
}

#[test]
fn an_address_can_be_changed_but_not_added() {
    let update = Update { ip: Some("203.0.113.9".parse().unwrap()), ..Update::default() };
    assert!(endpoint("by address", 30, 3).updated(update.clone()).is_ok());
    let spec = EndpointSpec { address: Address::Name(name("chat.example.com")), ..spec(30, 3) };
    let by_name = Check::new(id("by name"), Kind::Endpoint(Endpoint::new(spec).unwrap()));
    assert_eq!(by_name.updated(update), Err(UpdateError::AddressAdded));
    let private = Update { ip: Some("10.0.0.1".parse().unwrap()), ..Update::default() };
    assert!(matches!(endpoint("by address", 30, 3).updated(private), Err(UpdateError::Invalid(_))));
}

#[test]
fn the_host_header_names_the_port_only_where_it_is_not_the_default() {
    let header = |address: Address, port, secure| {
        let speaks = Speaks::Http { secure, path: "/".to_owned(), search: None };
        Endpoint::new(EndpointSpec { address, speaks, port, ..spec(30, 3) }).unwrap().host_header().unwrap()
    };
    let by_name = || Address::Name(name("chat.example.com"));
    let both = || Address::public("198.51.100.7".parse().unwrap(), Some(name("chat.example.com"))).unwrap();
    assert_eq!(header(by_name(), 80, false), "chat.example.com");
    assert_eq!(header(by_name(), 443, true), "chat.example.com");
    assert_eq!(header(by_name(), 443, false), "chat.example.com:443");
    assert_eq!(header(both(), 8080, false), "chat.example.com:8080");
    assert_eq!(header(public(), 8080, false), "198.51.100.7");
    let tcp = Endpoint::new(EndpointSpec { speaks: Speaks::Tcp, ..spec(30, 3) }).unwrap();
    assert_eq!(tcp.host_header(), None);
}

#[test]
fn a_path_gets_its_slash_and_keeps_its_query() {
    let path = |path: &str| match Endpoint::new(EndpointSpec { speaks: http(path), ..spec(30, 3) })
        .map(|endpoint| endpoint.spec().speaks.clone())
    {
        Ok(Speaks::Http { path, .. }) => Ok(path),
        Ok(Speaks::Tcp) => panic!("TCP has no path"),
        Err(error) => Err(error),
    };
    assert_eq!(path("health?deep=1").unwrap(), "/health?deep=1");
    assert_eq!(path("/health").unwrap(), "/health");
    assert_eq!(path("/a b"), Err(InvalidCheck::PathBroken));
    assert_eq!(path("/\r\nX-Injected: 1"), Err(InvalidCheck::PathBroken));
    assert_eq!(path(&"a".repeat(255)), Err(InvalidCheck::PathTooLong(256)));
}

#[test]
fn disabled_reads_healthy_and_inverted_flips_whatever_there_is() {
    let counts = |check: &Check| (check.counts_as_healthy(true), check.counts_as_healthy(false));
    let check = endpoint("e", 30, 3);
    assert_eq!(counts(&check), (true, false));
    assert_eq!(counts(&check.clone().inverted()), (false, true));
    assert_eq!(counts(&check.clone().disabled()), (true, true));
    assert_eq!(counts(&check.disabled().inverted()), (false, false));
}

#[test]
fn versions_count_up_and_a_late_writer_is_refused() {
    let first = endpoint("e", 30, 3);
    assert_eq!(first.version(), 1);
    let at = |version| Update { expected_version: version, failure_threshold: Some(5), ..Update::default() };
    let second = first.updated(at(Some(1))).unwrap();
    assert_eq!(second.version(), 2);
    assert_eq!(second.updated(at(Some(1))), Err(UpdateError::VersionMismatch { at: 2, expected: 1 }));
    assert_eq!(second.updated(at(None)).unwrap().version(), 3);
}

#[test]
fn the_latency_option_survives_every_update() {
    let spec = EndpointSpec { measure_latency: true, ..spec(30, 3) };
    let check = Check::new(id("e"), Kind::Endpoint(Endpoint::new(spec).unwrap()));
    let updated = check.updated(Update { port: Some(81), failure_threshold: Some(1), ..Update::default() }).unwrap();
    let Kind::Endpoint(endpoint) = updated.kind() else { panic!("another kind") };
    assert!(endpoint.spec().measure_latency);
    assert_eq!((endpoint.spec().port, endpoint.spec().failure_threshold, endpoint.spec().interval_s), (81, 1, 30));
}

#[test]
fn a_set_of_checks_has_no_twins_and_no_orphans() {
    let twice = CheckSet::new(vec![endpoint("a", 30, 3), endpoint("a", 10, 1)]);
    assert_eq!(twice, Err(CheckSetError::Twice(id("a"))));
    let orphan = CheckSet::new(vec![calculated("c", &["gone"], 1)]);
    assert_eq!(orphan, Err(CheckSetError::UnknownChild { parent: id("c"), child: CheckId::new("gone") }));
}
