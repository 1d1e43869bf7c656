//! Records and checks: the tree that Route 53 counts votes with.

use super::*;

#[test]
fn a_record_that_ejects_nobody_is_named() {
    let text = [
        after(|facts| latency(facts, api(), "eu-west-2").check = None),
        after(|facts| latency(facts, "api-ws.chat.example.com", "eu-west-2").alias.as_mut().unwrap().evaluates_health = false),
        after(|facts| latency(facts, api(), "eu-west-2").alias.as_mut().unwrap().target = "us-east-1.api.chat.example.com".to_owned()),
        after(|facts| latency(facts, api(), "eu-west-2").alias = None),
        after(|facts| latency(facts, api(), "eu-west-2").check = Some("gone".to_owned())),
        after(|facts| latency(facts, api(), "eu-west-2").name = "elsewhere.example.com".to_owned()),
        after(|facts| latency(facts, api(), "eu-west-2").routing = Routing::Simple),
        after(|facts| {
            let stray = Record { routing: Routing::Latency("eu-north-1".to_owned()), ..latency(facts, api(), "eu-west-2").clone() };
            records(facts).push(stray);
        }),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @r#"
    dns error: the record of eu-west-2 at api.chat.example.com has no health check: it always counts as healthy, and a drain moves nobody
    fix: set HealthCheckId on the record set (SAM's Domain.Route53 drops it), or deploy the stack again
    #record-without-check

    dns error: the record of eu-west-2 at api-ws.chat.example.com does not evaluate its target's health: with all controllers dead, a dead region stays in
    fix: set EvaluateTargetHealth: true on the alias, or deploy the stack again
    #record-without-target-health

    dns error: the record of eu-west-2 at api.chat.example.com leads to us-east-1.api.chat.example.com, and eu-west-2.api.chat.example.com is right
    fix: deploy the stack again
    #record-target

    dns error: the record of eu-west-2 at api.chat.example.com is no alias, so the health of eu-west-2.api.chat.example.com is not looked at
    fix: make it an alias to eu-west-2.api.chat.example.com with EvaluateTargetHealth: true, or deploy the stack again
    #record-target

    checks error: the check "eu-west-2 not ejected" (gone) does not exist: what Route 53 makes of its records cannot be predicted
    fix: deploy the stack of that region again; it makes the check anew
    #check-missing

    dns error: api.chat.example.com has no latency record for eu-west-2: nobody is sent there
    fix: deploy the stack of eu-west-2
    #record-missing

    dns error: api.chat.example.com has a record of type A without latency routing ("eu-west-2")
    fix: remove it: it answers beside the regions, or instead of them
    #record-of-unknown-region

    dns error: api.chat.example.com has a latency record for eu-north-1, which failover.toml does not name: nobody watches it, and it can never be drained
    fix: remove the stack of eu-north-1, or add eu-north-1 to regions and deploy every stack again
    #record-of-unknown-region
    "#);
}

#[test]
fn a_regional_name_that_is_not_the_pair_is_named() {
    let regional = |facts: &mut Facts, change: &dyn Fn(&mut Record)| {
        change(
            records(facts).iter_mut().find(|record| record.name == "eu-west-2.api.chat.example.com" && record.set_id == "health").unwrap(),
        );
    };
    let text = [
        after(|facts| {
            regional(facts, &|record| {
                record.alias = None;
                record.ttl = Some(300);
            });
        }),
        after(|facts| regional(facts, &|record| record.check = None)),
        after(|facts| regional(facts, &|record| record.routing = Routing::Weighted(0))),
        after(|facts| records(facts).retain(|record| record.name != "eu-west-2.api.chat.example.com")),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @r#"
    dns error: the TTL of eu-west-2.api.chat.example.com (health) is 300 s: after a drain, users stay that long
    fix: set it to 60 s or less, or deploy the stack again, which makes it an alias
    #record-ttl

    dns error: the record health of eu-west-2.api.chat.example.com has no health check: the region always counts as healthy below its latency record
    fix: set HealthCheckId on the record set, or deploy the stack again
    #record-without-check

    dns error: eu-west-2.api.chat.example.com must have two weighted records of weight 1 or more, and has A "controllers" of weight 1 and A "health" of weight 0
    fix: deploy the stack again
    #regional-pair

    dns error: eu-west-2.api.chat.example.com must have two weighted records of weight 1 or more, and has none
    fix: deploy the stack again
    #regional-pair
    "#);
}

#[test]
fn a_calculated_check_that_counts_wrongly_is_named() {
    let calculated = |id: &'static str, change: &'static dyn Fn(&mut std::collections::BTreeSet<String>, &mut i64)| {
        after(|facts| match &mut check(facts, id).kind {
            Kind::Calculated { children, threshold } => change(children, threshold),
            other => panic!("{other:?}"),
        })
    };
    let text = [
        calculated("eu-west-2/chat/NotEjectedCheck", &|_, threshold| *threshold = 3),
        calculated("eu-west-1/owner/ControllersCheck", &|_, threshold| *threshold = 1),
        calculated("eu-west-2/chat/NotEjectedCheck", &|children, _| children.retain(|child| child != "eu-west-2/chat/EjectCheck3")),
        calculated("eu-west-1/owner/ControllersCheck", &|children, _| {
            children.remove("eu-west-1/owner/AliveCheck1");
            children.insert("eu-west-1/chat/NotEjectedCheck".to_owned());
        }),
        after(|facts| check(facts, "eu-west-2/chat/NotEjectedCheck").inverted = true),
        after(|facts| check(facts, "eu-west-2/chat/NotEjectedCheck").kind = Kind::Other("RECOVERY_CONTROL".to_owned())),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @r#"
    checks error: the check "eu-west-2 not ejected" (eu-west-2/chat/NotEjectedCheck) is healthy with 3 of 3 children; 2 is right: it takes 1 ejecting observers to move users, and 2 are a majority
    fix: deploy the stack again, or aws route53 update-health-check --health-check-id eu-west-2/chat/NotEjectedCheck --health-threshold 2
    #not-ejected-threshold

    checks error: the check "controllers alive" (eu-west-1/owner/ControllersCheck) is healthy with 1 of 3 children; 2 is right: a majority of live controllers is what counts
    fix: deploy the stack again, or aws route53 update-health-check --health-check-id eu-west-1/owner/ControllersCheck --health-threshold 2
    #controllers-threshold

    checks error: the check "eu-west-2 not ejected" (eu-west-2/chat/NotEjectedCheck) lacks "eject eu-west-2 at us-east-1"
    fix: deploy the stack again with the Observers of failover.toml
    #not-ejected-children

    checks error: the check "controllers alive" (eu-west-1/owner/ControllersCheck) lacks "alive at eu-west-1" and counts eu-west-1/chat/NotEjectedCheck instead
    fix: deploy the stack again with the Observers of failover.toml
    #controllers-children

    checks error: the check "eu-west-2 not ejected" (eu-west-2/chat/NotEjectedCheck) is inverted: it says the opposite
    fix: aws route53 update-health-check --health-check-id eu-west-2/chat/NotEjectedCheck --no-inverted
    #not-ejected-threshold

    checks error: the check "eu-west-2 not ejected" (eu-west-2/chat/NotEjectedCheck) is not a calculated one
    fix: deploy the stack again: the kind of a check cannot be changed
    #not-ejected-children
    "#);
}

#[test]
fn a_check_that_looks_at_the_wrong_thing_is_named() {
    let text = [
        after(|facts| check(facts, "eu-west-2/chat/EjectCheck1").disabled = true),
        after(|facts| check(facts, "eu-west-2/chat/HealthCheck").disabled = true),
        after(|facts| check(facts, "eu-west-2/chat/EjectCheck1").inverted = false),
        after(|facts| endpoint(facts, "eu-west-2/chat/EjectCheck1").interval = 30),
        after(|facts| endpoint(facts, "eu-west-2/chat/EjectCheck2").threshold = 3),
        after(|facts| endpoint(facts, "eu-west-2/chat/EjectCheck2").search = Some("eject chat".to_owned())),
        after(|facts| endpoint(facts, "eu-west-2/chat/EjectCheck2").path = "/vote/eu-west-1".to_owned()),
        after(|facts| endpoint(facts, "eu-west-2/chat/EjectCheck3").host = "parked.example.com".to_owned()),
        after(|facts| endpoint(facts, "eu-west-2/chat/EjectCheck3").protocol = "HTTPS".to_owned()),
        after(|facts| endpoint(facts, "eu-west-1/owner/AliveCheck2").sni = false),
        after(|facts| endpoint(facts, "eu-west-2/chat/HealthCheck").host = "eu-west-2.api.chat.example.com".to_owned()),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @r#"
    checks error: the check "eject eu-west-2 at eu-west-1" (eu-west-2/chat/EjectCheck1) is disabled: it looks at nothing and always counts as unhealthy
    fix: aws route53 update-health-check --health-check-id eu-west-2/chat/EjectCheck1 --no-disabled; to take a region out, use failover drain
    #check-disabled

    checks error: the check "health of eu-west-2" (eu-west-2/chat/HealthCheck) is disabled: it looks at nothing and always counts as healthy
    fix: aws route53 update-health-check --health-check-id eu-west-2/chat/HealthCheck --no-disabled; to take a region out, use failover drain
    #check-disabled

    checks error: the check "eject eu-west-2 at eu-west-1" (eu-west-2/chat/EjectCheck1) is not inverted: a gate that is gone would eject
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #eject-check

    checks error: the check "eject eu-west-2 at eu-west-1" (eu-west-2/chat/EjectCheck1) has an interval of 30 s, and 10 s is right
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #eject-check

    checks error: the check "eject eu-west-2 at eu-west-2" (eu-west-2/chat/EjectCheck2) has failure threshold 3, and 1 is right
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #eject-check

    checks error: the check "eject eu-west-2 at eu-west-2" (eu-west-2/chat/EjectCheck2) has search string "eject chat", and "eject chat eu-west-2" is right
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #eject-check

    checks error: the check "eject eu-west-2 at eu-west-2" (eu-west-2/chat/EjectCheck2) has path /vote/eu-west-1, and /vote/eu-west-2 is right
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #eject-check

    checks error: the check "eject eu-west-2 at us-east-1" (eu-west-2/chat/EjectCheck3) has host parked.example.com, and gate-us-east-1.chat.example.com is right
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #eject-check

    checks error: the check "eject eu-west-2 at us-east-1" (eu-west-2/chat/EjectCheck3) has type HTTPS, and HTTPS_STR_MATCH is right
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #eject-check

    checks error: the check "alive at eu-west-2" (eu-west-1/owner/AliveCheck2) does not send the host's name by TLS (EnableSNI)
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #alive-check

    checks error: the check "health of eu-west-2" (eu-west-2/chat/HealthCheck) has host eu-west-2.api.chat.example.com, and ID.execute-api.eu-west-2.amazonaws.com is right
    fix: deploy the stack again; where the interval or the kind is wrong, delete the check first, as they cannot be changed
    #health-check
    "#);
}

#[test]
fn a_check_that_is_an_old_copy_of_its_alarm_is_named() {
    let settings = |threshold: &str| AlarmSettings {
        namespace: "Failover".to_owned(),
        metric: "CompositeHealth".to_owned(),
        statistic: "Minimum".to_owned(),
        comparison: "LessThanThreshold".to_owned(),
        threshold: threshold.to_owned(),
        period: 60,
        evaluation_periods: 1,
        dimensions: BTreeMap::from([("Region".to_owned(), "eu-west-2".to_owned())]),
    };
    let alarmed = |now: Fact<Option<AlarmSettings>>| {
        after(|facts| {
            let kind = Kind::Alarm { region: "us-east-1".to_owned(), name: "composite".to_owned(), copy: settings("1") };
            facts.checks.as_mut().unwrap().as_mut().unwrap().insert("a1".to_owned(), Check { kind, inverted: false, disabled: false });
            facts.alarms.insert(("us-east-1".to_owned(), "composite".to_owned()), now);
        })
    };
    assert_eq!(alarmed(Ok(Some(settings("1")))), "");
    insta::assert_snapshot!([alarmed(Ok(Some(settings("0.5")))), alarmed(Ok(None)), alarmed(Err(Unread::late()))].join("\n\n"), @"
    checks error: the check a1 is an old copy of the alarm composite in us-east-1: threshold 1 there, 0.5 now
    fix: aws route53 update-health-check --health-check-id a1 --alarm-identifier Region=us-east-1,Name=composite
    #alarm-copy

    checks error: the check a1 was made of the alarm composite in us-east-1, which does not exist any more
    fix: make the alarm again, or delete the check
    #alarm-copy

    checks unknown: the alarm composite in us-east-1 could not be read: no answer in time
    fix: try again, with a longer --timeout or from another network
    #could-not-be-read
    ");
}

#[test]
fn the_shipped_templates_make_the_tree_for_every_number_of_observers_and_with_a_witness() {
    let all = ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2", "eu-north-1", "ap-south-1", "sa-east-1"];
    for (regions, observers) in [(2, 3), (3, 3), (3, 5), (5, 5), (5, 7), (6, 7)] {
        let list = |count: usize| format!("{:?}", &all[..count]);
        let head = format!("service = \"mail\"\nregions = {}\nobservers = {}\n", list(regions), list(observers));
        let text = format!("{head}[names]\napi = \"api.m.example.org\"\nwebsocket = \"api-ws.m.example.org\"\n");
        let config = Config::parse(Path::new("failover.toml"), &text).unwrap();
        let expected = Expected::of(&config);
        let facts = offline::facts(&expected).unwrap();
        let wrong: Vec<Finding> =
            judge(&facts, &config, sample::now()).into_iter().filter(|finding| finding.severity != Severity::Ok).collect();
        assert_eq!(bad(&wrong), "", "{regions} regions, {observers} observers");
        assert_eq!(facts.checks.unwrap().unwrap().len(), expected.checks(), "{regions} regions, {observers} observers");
    }
}
