//! The shipped templates make the record tree of the design, whole, for every shape; and a change to them does not go unseen.

use std::net::{IpAddr, Ipv4Addr};

use route53::{Address, Alias, AwsRegion, DomainName, Observer, Record, Routing, Service, Serving, Target, Tree, TreeSpec};
use template::{Deployment, Gateway, Polled, Reached, Shape, Template, Wiring};

const OWNER: &str = include_str!("../../../owner.yaml");
const REGIONAL: &str = include_str!("../../../template.yaml");
const NAMES: [&str; 7] = ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2", "ap-northeast-1", "sa-east-1", "ca-central-1"];
const DOMAIN: &str = "chat.example.com";
const TTL_S: u32 = 60;

fn name(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

fn ip(of: &AwsRegion) -> IpAddr {
    let place = NAMES.iter().position(|name| *name == of.as_str()).unwrap();
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, u8::try_from(place).unwrap()))
}

fn gate(of: &AwsRegion) -> DomainName {
    name(&format!("gate-{of}.{DOMAIN}"))
}

/// As AWS reaches it: by name, over TLS. A region's `/health` is polled at an address that API Gateway makes up.
fn endpoint(polled: &Polled) -> Option<Reached> {
    let address = match polled.host.literal() {
        Some(host) => Address::Name(name(host)),
        None => {
            let host = polled.host.to_string();
            let region = polled.purpose.polled_region()?;
            assert_eq!(host, format!("${{ChatApi}}.execute-api.{region}.amazonaws.com"));
            Address::Name(name(&format!("health.{region}.test")))
        }
    };
    Some(Reached { address, port: polled.port, secure: polled.secure })
}

fn gateway(gateway: &Gateway) -> Option<Service> {
    let label = gateway.domain.as_str().split('.').next()?;
    let own = name(&format!("d-{label}.execute-api.{}.amazonaws.com", gateway.region));
    Some(Service::ApiGateway { name: own, addresses: vec![ip(&gateway.region)], ttl_s: TTL_S })
}

fn shape(regions: usize, observers: usize) -> Shape {
    Shape::looked_at("chat", DOMAIN, &NAMES[..regions], &NAMES[..observers])
}

fn made(owner: &str, regional: &str, shape: &Shape) -> Result<Tree, String> {
    // In one line, and without numbers of lines, which change with everything that is written above.
    let said = |error: &dyn std::error::Error| {
        let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ");
        let pieces =
            causes.split("(line ").enumerate().map(|(index, piece)| if index == 0 { piece } else { piece.split_once(") ").unwrap().1 });
        pieces.collect::<String>()
    };
    let owner = Template::read(owner).map_err(|error| said(&error))?;
    let regional = Template::read(regional).map_err(|error| said(&error))?;
    let deployment = Deployment::resolve(&owner, &regional, shape).map_err(|error| said(&error))?;
    deployment.tree(&Wiring { origin: name(DOMAIN), endpoint: &endpoint, gateway: &gateway }).map_err(|error| said(&error))
}

fn designed(shape: &Shape) -> Tree {
    let region = |text: &String| AwsRegion::new(text).unwrap();
    let serving = |of: &String| Serving {
        region: region(of),
        ip: ip(&region(of)),
        health: Address::Name(name(&format!("health.{of}.test"))),
        port: 443,
    };
    let observer = |of: &String| Observer { region: region(of), gate: Address::Name(gate(&region(of))), port: 443 };
    let spec = TreeSpec {
        origin: name(DOMAIN),
        service: "chat".to_owned(),
        names: vec!["api".to_owned(), "api-ws".to_owned()],
        regions: shape.regions.iter().map(serving).collect(),
        observers: shape.observers.iter().map(observer).collect(),
        secure: true,
        gateway_ttl_s: TTL_S,
    };
    route53::tree(&spec).unwrap()
}

/// The records in an order of their own, without those for which `without` holds.
fn records(tree: &Tree, without: impl Fn(&Record) -> bool) -> Vec<String> {
    let mut all: Vec<String> = tree.zone.records().filter(|record| !without(record)).map(|record| format!("{record:#?}")).collect();
    all.sort();
    all
}

fn is_gate(record: &Record) -> bool {
    record.name.as_str().starts_with("gate-")
}

fn is_talk(record: &Record) -> bool {
    record.name.as_str().starts_with(route53::TALK_PREFIX)
}

/// Whether the templates make what the design says, and if not, what is different.
fn difference(owner: &str, regional: &str, shape: &Shape) -> Option<String> {
    let (made, designed) = match made(owner, regional, shape) {
        Ok(made) => (made, designed(shape)),
        Err(error) => return Some(error),
    };
    let differs = |made: &[String], designed: &[String]| {
        let (made, designed) = made.iter().zip(designed).find(|(made, designed)| made != designed)?;
        let line = |(made, designed): (&str, &str)| format!("{}, designed is {}", made.trim(), designed.trim());
        let what = made.lines().skip(1).take(3).map(str::trim).collect::<String>();
        Some(format!("{what} {}", made.lines().zip(designed.lines()).find(|(made, designed)| made != designed).map(line)?))
    };
    let checks = |tree: &Tree| tree.checks.iter().map(|check| format!("{check:#?}")).collect::<Vec<_>>();
    if let Some(difference) = differs(&checks(&made), &checks(&designed)) {
        return Some(difference);
    }
    if made.checks != designed.checks || made.purposes != designed.purposes {
        return Some(format!("{} checks, designed are {}", made.purposes.len(), designed.purposes.len()));
    }
    let (ours, theirs) = (records(&made, is_gate), records(&designed, is_talk));
    if let Some(difference) = differs(&ours, &theirs) {
        return Some(difference);
    }
    let talk_names = made.names.len();
    if ours.len() != theirs.len() || made.names[..] != designed.names[..talk_names] || talk_names * 2 != designed.names.len() {
        return Some(format!("{} records, designed are {}", ours.len(), theirs.len()));
    }
    if made.zone.origin() != designed.zone.origin() || made.zone.soa() != designed.zone.soa() {
        return Some("another zone".to_owned());
    }
    None
}

#[test]
fn the_templates_make_the_designed_tree_for_every_shape() {
    let mut shapes = 0;
    for observers in [3, 5, 7] {
        for regions in 2..=6.min(observers) {
            let shape = shape(regions, observers);
            if let Some(difference) = difference(OWNER, REGIONAL, &shape) {
                panic!("{regions} regions and {observers} observers: {difference}");
            }
            shapes += 1;
        }
    }
    assert_eq!(shapes, 2 + 4 + 5, "three observers watch two or three regions, five up to five, seven up to six");
}

#[test]
fn every_observer_has_a_gate_record_that_leads_to_its_own_api_and_to_nobody_elses() {
    let shape = shape(2, 5);
    let tree = made(OWNER, REGIONAL, &shape).unwrap();
    let gates: Vec<&Record> = tree.zone.records().filter(|record| is_gate(record)).collect();
    assert_eq!(gates.len(), 5);
    for (record, of) in gates.iter().zip(&["eu-west-1", "eu-west-2", "us-east-1", "us-west-2", "ap-northeast-1"]) {
        let region = AwsRegion::new(record.name.as_str().strip_prefix("gate-").unwrap().split('.').next().unwrap()).unwrap();
        assert!(shape.observers.contains(&region.to_string()), "{of}");
        assert_eq!((&record.routing, &record.check), (&Routing::Simple, &None));
        let Target::Alias { to: Alias::Service(Service::ApiGateway { addresses, .. }), evaluate_target_health: false } = &record.target
        else {
            panic!("{record:?}");
        };
        assert_eq!(addresses, &[ip(&region)]);
    }
}

#[test]
fn a_witness_has_no_check_and_no_record_but_its_gates() {
    let owner = Template::read(OWNER).unwrap();
    let regional = Template::read(REGIONAL).unwrap();
    let deployment = Deployment::resolve(&owner, &regional, &shape(2, 3)).unwrap();
    let of_route53 = |region: &str| {
        let stack = deployment.regional.iter().find(|stack| stack.region == region).unwrap();
        stack.resources.iter().filter(|(_, resource)| resource.kind.starts_with("AWS::Route53::")).map(|(name, _)| name.clone()).collect()
    };
    let witness: Vec<String> = of_route53("us-east-1");
    assert_eq!(witness, ["GateRecord"]);
    assert_eq!(of_route53("eu-west-1").len(), 3 + 2 + 4 + 2 + 1);
}

#[test]
fn no_change_to_the_templates_goes_unseen() {
    let changes = [
        ("a slower eject check", "RequestInterval: 10\n        FailureThreshold: 1", "RequestInterval: 30\n        FailureThreshold: 1"),
        ("an eject check that debounces", "FailureThreshold: 1\n", "FailureThreshold: 2\n"),
        ("an eject check that is not inverted", "        Inverted: true\n", ""),
        ("a disabled check", "        Inverted: true\n", "        Inverted: true\n        Disabled: true\n"),
        (
            "a check from three places",
            "        Inverted: true\n",
            "        Inverted: true\n        Regions: [us-east-1, us-west-1, us-west-2]\n",
        ),
        ("a check without SNI", "EnableSNI: true", "EnableSNI: false"),
        ("another port", "Port: 443", "Port: 8443"),
        ("a check in plain HTTP", "Type: HTTPS_STR_MATCH", "Type: HTTP_STR_MATCH"),
        ("a looser search", "SearchString: !Sub \"eject ${Service} ${AWS::Region}\"", "SearchString: !Sub \"eject ${Service}\""),
        ("another region's vote", "ResourcePath: !Sub \"/vote/${AWS::Region}\"", "ResourcePath: /vote/us-east-1"),
        ("a threshold too high", "\"3\": { Healthy: 2 }", "\"3\": { Healthy: 3 }"),
        ("an observer twice", "Observer: !Select [1, !Ref Observers]", "Observer: !Select [0, !Ref Observers]"),
        ("a child too few", "          - !Ref EjectCheck3\n", ""),
        ("a record without check", "      HealthCheckId: !Ref NotEjectedCheck\n", ""),
        ("a record on the talk's check", "HealthCheckId: !Ref NotEjectedCheck", "HealthCheckId: !Ref HealthCheck"),
        ("health not evaluated", "EvaluateTargetHealth: true", "EvaluateTargetHealth: false"),
        ("a heavier half", "Weight: 1", "Weight: 2"),
        ("a half that is never chosen", "Weight: 1", "Weight: 0"),
        ("another region's latency", "Region: !Ref \"AWS::Region\"", "Region: us-east-1"),
        (
            "an alias past the pair",
            "DNSName: !Sub \"${AWS::Region}.api.${DomainName}.\"",
            "DNSName: !Sub \"${AWS::Region}.api-ws.${DomainName}.\"",
        ),
        (
            "the WebSocket API behind the REST name",
            "DNSName: !GetAtt ApiDomain.RegionalDomainName",
            "DNSName: !GetAtt WebSocketDomain.RegionalDomainName",
        ),
        (
            "a gate's name at another domain",
            "DomainName: !Sub \"gate-${AWS::Region}.${DomainName}\"",
            "DomainName: !Sub \"api.${DomainName}\"",
        ),
        (
            "a property that is not modelled",
            "        RequestInterval: 10\n",
            "        RequestInterval: 10\n        AlarmIdentifier: { Name: a, Region: b }\n",
        ),
        ("a property that does not exist", "      SetIdentifier: health\n", "      SetIdentifier: health\n      Wieght: 1\n"),
        ("a plain record", "      Weight: 1\n", "      TTL: 300\n"),
        ("a group of records", "Type: AWS::Route53::RecordSet\n", "Type: AWS::Route53::RecordSetGroup\n"),
        ("a record for IPv6 alone", "      Type: A\n", "      Type: AAAA\n"),
    ];
    let mut said = String::new();
    for (what, from, to) in changes {
        let (owner, regional) = (OWNER.replacen(from, to, 1), REGIONAL.replacen(from, to, 1));
        assert!(owner != OWNER || regional != REGIONAL, "{what}: {from:?} is in neither template");
        for (owner, regional) in [(owner.as_str(), REGIONAL), (OWNER, regional.as_str())] {
            if owner == OWNER && regional == REGIONAL {
                continue;
            }
            let difference = difference(owner, regional, &shape(3, 3)).unwrap_or_else(|| panic!("{what} goes unseen"));
            let file = if owner == OWNER { "template.yaml" } else { "owner.yaml" };
            said.push_str(&format!("{what} ({file})\n    {difference}\n"));
        }
    }
    insta::assert_snapshot!(said, @r#"
    a slower eject check (template.yaml)
        id: CheckId("eject eu-west-1 at eu-west-1",), interval_s: 30,, designed is interval_s: 10,
    an eject check that debounces (template.yaml)
        id: CheckId("eject eu-west-1 at eu-west-1",), failure_threshold: 2,, designed is failure_threshold: 1,
    an eject check that is not inverted (template.yaml)
        EjectCheck1 of the stack of eu-west-1: it is none of the tree's checks: not `eject SERVICE REGION` at /vote/REGION, inverted, nor `alive SERVICE` at /alive, nor /health, nor a count of such
    a disabled check (template.yaml)
        id: CheckId("eject eu-west-1 at eu-west-1",), disabled: true,, designed is disabled: false,
    a check from three places (template.yaml)
        id: CheckId("eject eu-west-1 at eu-west-1",), ],, designed is EuWest1,
    a check without SNI (owner.yaml)
        id: CheckId("alive at eu-west-1",), enable_sni: false,, designed is enable_sni: true,
    a check without SNI (template.yaml)
        id: CheckId("eject eu-west-1 at eu-west-1",), enable_sni: false,, designed is enable_sni: true,
    another port (owner.yaml)
        id: CheckId("alive at eu-west-1",), port: 8443,, designed is port: 443,
    another port (template.yaml)
        id: CheckId("eject eu-west-1 at eu-west-1",), port: 8443,, designed is port: 443,
    a check in plain HTTP (owner.yaml)
        id: CheckId("alive at eu-west-1",), secure: false,, designed is secure: true,
    a check in plain HTTP (template.yaml)
        id: CheckId("eject eu-west-1 at eu-west-1",), secure: false,, designed is secure: true,
    a looser search (template.yaml)
        EjectCheck1 of the stack of eu-west-1: it is none of the tree's checks: not `eject SERVICE REGION` at /vote/REGION, inverted, nor `alive SERVICE` at /alive, nor /health, nor a count of such
    another region's vote (template.yaml)
        EjectCheck1 of the stack of eu-west-1: it is none of the tree's checks: not `eject SERVICE REGION` at /vote/REGION, inverted, nor `alive SERVICE` at /alive, nor /health, nor a count of such
    a threshold too high (owner.yaml)
        id: CheckId("controllers alive",), threshold: 3,, designed is threshold: 2,
    a threshold too high (template.yaml)
        id: CheckId("eu-west-1 not ejected",), threshold: 3,, designed is threshold: 2,
    an observer twice (owner.yaml)
        the stacks' checks and records do not make a tree: the checks of the tree do not fit together: there are two checks named alive at eu-west-1
    an observer twice (template.yaml)
        the stacks' checks and records do not make a tree: the checks of the tree do not fit together: there are two checks named eject eu-west-1 at eu-west-1
    a child too few (template.yaml)
        id: CheckId("eu-west-1 not ejected",), ],, designed is CheckId(
    a record without check (template.yaml)
        name: DomainName("api.chat.example.com",), check: None,, designed is check: Some(
    a record on the talk's check (template.yaml)
        name: DomainName("api.chat.example.com",), "health of eu-west-1",, designed is "eu-west-1 not ejected",
    health not evaluated (template.yaml)
        name: DomainName("api.chat.example.com",), evaluate_target_health: false,, designed is evaluate_target_health: true,
    a heavier half (template.yaml)
        name: DomainName("eu-west-1.api.chat.example.com",), 2,, designed is 1,
    a half that is never chosen (template.yaml)
        name: DomainName("eu-west-1.api.chat.example.com",), 0,, designed is 1,
    another region's latency (template.yaml)
        the stacks' checks and records do not make a tree: the records of the tree do not fit together: api.chat.example.com has a second record for us-east-1
    an alias past the pair (template.yaml)
        name: DomainName("api.chat.example.com",), "eu-west-1.api-ws.chat.example.com",, designed is "eu-west-1.api.chat.example.com",
    the WebSocket API behind the REST name (template.yaml)
        ApiControllersRecord of the stack of eu-west-1: it is an alias to ${WebSocketDomain.RegionalDomainName}, which is neither a record of the zone nor an API Gateway domain of its stack
    a gate's name at another domain (template.yaml)
        AliveCheck1 of the stack of eu-west-1: it polls gate-eu-west-1.chat.example.com, whose record leads to another domain's API, which would refuse that name
    a property that is not modelled (owner.yaml)
        AliveCheck1 of the stack of eu-west-1: the model has no property HealthCheckConfig.AlarmIdentifier
    a property that is not modelled (template.yaml)
        EjectCheck1 of the stack of eu-west-1: the model has no property HealthCheckConfig.AlarmIdentifier
    a property that does not exist (template.yaml)
        ApiHealthRecord of the stack of eu-west-1: the model has no property Wieght; did you mean Weight?
    a plain record (template.yaml)
        ApiControllersRecord of the stack of eu-west-1: the model has no property TTL
    a group of records (template.yaml)
        ApiControllersRecord of the stack of eu-west-1: AWS::Route53::RecordSetGroup is not modelled: only health checks and record sets are
    a record for IPv6 alone (template.yaml)
        the stacks' checks and records do not make a tree: the records of the tree do not fit together: eu-west-1.api.chat.example.com is an alias to d-api.execute-api.eu-west-1.amazonaws.com, which has no AAAA records
    "#);
}
