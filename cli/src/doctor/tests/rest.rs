//! The table, quotas, stacks, and what can be said before a deployment or without one.

use super::*;

#[test]
fn a_table_that_does_not_carry_messages_everywhere_is_named() {
    let table = |change: &dyn Fn(&mut Table)| after(|facts| change(facts.tables.get_mut(&region("eu-west-2")).unwrap().as_mut().unwrap()));
    let text = [
        table(&|table| drop(table.replicas.insert("us-east-1".to_owned(), "CREATING".to_owned()))),
        table(&|table| table.stream = None),
        table(&|table| table.stream = Some("KEYS_ONLY".to_owned())),
        table(&|table| table.stream_arn = Some("arn:aws:dynamodb:eu-west-2:123456789012:table/chat-messages/stream/2".to_owned())),
        table(&|table| table.status = "INACCESSIBLE_ENCRYPTION_CREDENTIALS".to_owned()),
        after(|facts| {
            facts.tables.insert(region("us-east-1"), Err(Unread::refused("ResourceNotFoundException: no such table")));
            for table in facts.tables.values_mut().flatten() {
                table.replicas.remove("us-east-1");
            }
        }),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @"
    table error: the replica of the table in us-east-1 is CREATING: what is sent elsewhere does not arrive there
    fix: wait until it is ACTIVE before you rely on that region; see DynamoDB's own page on what keeps it
    #table-replicas

    table error: chat-messages in eu-west-2 has no stream: messages sent elsewhere reach nobody there
    fix: deploy the owner stack again
    #table-stream

    table error: the stream of chat-messages in eu-west-2 carries KEYS_ONLY, and messages are delivered from NEW_IMAGE
    fix: deploy the owner stack again
    #table-stream

    table error: the stack in eu-west-2 delivers from arn:aws:dynamodb:eu-west-2:123456789012:table/chat-messages/stream/1, and the stream of chat-messages there is arn:aws:dynamodb:eu-west-2:123456789012:table/chat-messages/stream/2
    fix: deploy that region's stack again (scripts/deploy gives it the stream there is)
    #table-stream

    table error: chat-messages in eu-west-2 is INACCESSIBLE_ENCRYPTION_CREDENTIALS
    fix: wait until it is ACTIVE before you rely on that region
    #table-replicas

    table error: chat-messages has no replica in us-east-1
    fix: add the region to the owner stack and deploy it, one replica at a time
    #table-replicas
    table unknown: the table of messages in us-east-1 could not be read: ResourceNotFoundException: no such table
    fix: the words after the colon are the service's own
    #could-not-be-read
    ");
}

#[test]
fn survivors_without_room_are_named() {
    let load = |of: &str, change: &dyn Fn(&mut Load)| after(|facts| change(facts.loads.get_mut(&region(of)).unwrap()));
    let text = [
        load("eu-west-2", &|load| load.lambda = Room { quota: Ok(2000.0), peak: Ok(Some(1900.0)) }),
        load("eu-west-2", &|load| load.lambda.quota = Ok(200.0)),
        load("us-east-1", &|load| load.connections.quota = Err(Unread::refused("NoSuchResourceException"))),
        load("us-east-1", &|load| load.requests.peak = Err(Unread::late())),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @r#"
    quotas error: a drain of eu-west-2 would add up to 1900 concurrent Lambda executions, and eu-west-1 and us-east-1 together have 1760 free
    fix: ask for more in each of them (Service Quotas, "Lambda: Concurrent executions")
    #quota-lambda

    quotas warning: a drain of eu-west-1 would add up to 120 concurrent Lambda executions; eu-west-2 alone has 80 free, and users choose by distance
    fix: ask for more in eu-west-2 (Service Quotas, "Lambda: Concurrent executions")
    #quota-lambda

    quotas unknown: quota and use of new WebSocket connections per second in us-east-1 could not be read: NoSuchResourceException
    fix: the words after the colon are the service's own
    #could-not-be-read

    quotas unknown: quota and use of API requests per second in us-east-1 could not be read: no answer in time
    fix: try again, with a longer --timeout or from another network
    #could-not-be-read
    "#);
    assert_eq!(load("us-east-1", &|load| load.requests.peak = Ok(None)), "", "a region without traffic adds nothing");
    let mut quiet = fine();
    quiet.loads.values_mut().for_each(|load| load.connections.peak = Ok(None));
    let said = examined(&quiet).into_iter().find(|finding| finding.doc == Anchor::QuotaConnections).unwrap();
    assert_eq!(said.sentence, "no new WebSocket connections per second were measured in the last week, so that none would move");
}

#[test]
fn stacks_that_are_not_what_they_should_be_are_named() {
    let stack = |change: &dyn Fn(&mut Stack)| {
        after(|facts| change(facts.stacks.get_mut(&region("eu-west-2")).unwrap().as_mut().unwrap().as_mut().unwrap()))
    };
    let with = |from: &str, to: &str| {
        let changed = crate::doctor::drift::REGIONAL.replace(from, to);
        assert_ne!(changed, crate::doctor::drift::REGIONAL, "{from:?} is not in the template");
        stack(&|stack| stack.template = Ok(changed.clone()))
    };
    let text = [
        after(|facts| drop(facts.stacks.insert(region("eu-west-2"), Ok(None)))),
        stack(&|stack| stack.status = "UPDATE_ROLLBACK_FAILED".to_owned()),
        stack(&|stack| drop(stack.parameters.insert("Observers".to_owned(), "eu-west-1,eu-west-2,eu-west-3".to_owned()))),
        with("ResourcePath: /health", "ResourcePath: /healthz"),
        stack(&|stack| stack.template = Ok("Resources: [".to_owned())),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @"
    deployment error: there is no stack chat in eu-west-2
    fix: deploy it, or take the region out of failover.toml and every other stack
    #stack-missing

    deployment error: chat in eu-west-2 is UPDATE_ROLLBACK_FAILED
    fix: see its events, mend the cause and deploy it again
    #stack-missing

    deployment error: chat in eu-west-2 was deployed otherwise than failover.toml says: Observers is eu-west-1, eu-west-2 and eu-west-3, and eu-west-1, eu-west-2 and us-east-1 here
    fix: deploy every stack with the same lists, then write the file anew: failover init --from-stack chat --force
    #stack-parameters

    deployment warning: chat in eu-west-2 was deployed from another template than this version's: it differs in HealthCheck
    fix: deploy it with this version, or use the version of failover that deployed it
    #template-drift

    deployment warning: chat in eu-west-2 was deployed from another template than this version's: line 2: not YAML: while parsing a node, did not find expected node content
    fix: deploy it with this version, or use the version of failover that deployed it
    #template-drift
    ");
    assert_eq!(with("CodeUri: target/lambda", "CodeUri: s3://bucket"), "", "packaging is no drift");
    assert_eq!(
        stack(&|stack| stack.parameters.insert("Regions".to_owned(), "us-east-1, eu-west-2, eu-west-1".to_owned()).map_or((), drop)),
        "",
        "order is no difference"
    );
}

#[test]
fn before_a_deployment_the_account_is_looked_at() {
    let mut facts = Facts { account: fine().account, stored: fine().stored, ..Facts::default() };
    facts.zone = Some(Ok(Zone { id: "Z1".to_owned(), name: "example.com".to_owned(), records: vec![] }));
    facts.checks = Some(Ok(BTreeMap::new()));
    facts.checks_max = Some(Ok(200));
    facts.loads = fine().loads;
    facts.stacks = sample::NAMES.iter().map(|name| (region(name), Ok(None))).collect();
    let examined = |facts: &Facts| judge_before(facts, &config(), sample::now());
    assert_eq!(bad(&examined(&facts)), "");
    let after = |change: &dyn Fn(&mut Facts)| {
        let mut facts = facts.clone();
        change(&mut facts);
        bad(&examined(&facts))
    };
    let faults = [
        after(&|facts| drop(facts.stored.insert(region("eu-west-2"), Ok(vec![])))),
        after(&|facts| facts.stored.get_mut(&region("eu-west-2")).unwrap().as_mut().unwrap()[0].status = "PENDING_VALIDATION".to_owned()),
        after(&|facts| facts.zone = Some(Err(Unread::refused("this account has no public hosted zone for api.chat.example.com")))),
        after(&|facts| facts.zone = fine().zone),
        after(&|facts| facts.checks_max = Some(Ok(10))),
        after(&|facts| facts.loads.get_mut(&region("us-east-1")).unwrap().lambda.quota = Ok(10.0)),
        after(&|facts| drop(facts.stacks.insert(region("eu-west-2"), Ok(Some(stack(&region("eu-west-2"))))))),
    ];
    insta::assert_snapshot!(format!("{}\n\n{}", text(&examined(&facts), Look::PLAIN, 0), faults.join("\n\n")), @r#"
    account
    ✓ arn:aws:sts::123456789012:assumed-role/operator/ana: the credentials last 7h 40m
    dns
    ✓ the names stand in the public hosted zone example.com (Z1)
    ✓ none of the names has records yet
    certificates
    ✓ there is a certificate for *.chat.example.com, *.api.chat.example.com and *.api-ws.chat.example.com in eu-west-1 (4e1f), eu-west-2 (4e1f) and us-east-1 (4e1f)
    quotas
    ✓ 19 health checks are needed, and the account has 0 of 200 (0 of them calculated)
    ✓ Lambda's concurrent executions: 1000 in eu-west-1, 1000 in eu-west-2 and 1000 in us-east-1

    6 ok; exit 0

    certificates error: ACM in eu-west-2 has no certificate for *.chat.example.com, *.api.chat.example.com and *.api-ws.chat.example.com
    fix: aws acm request-certificate --region eu-west-2 --validation-method DNS, with these names
    #certificate-missing

    certificates error: the certificate for *.chat.example.com, *.api.chat.example.com and *.api-ws.chat.example.com in ACM of eu-west-2 (4e1f) is PENDING_VALIDATION, with 170 days left
    fix: finish its validation, or request a new one
    #certificate-missing

    dns error: this account has no public hosted zone for api.chat.example.com
    fix: create a public hosted zone for the domain, and delegate the domain to its name servers
    #hosted-zone

    dns warning: there are records already at api-ws.chat.example.com, api.chat.example.com, eu-west-1.api-ws.chat.example.com, eu-west-1.api.chat.example.com, eu-west-2.api-ws.chat.example.com, eu-west-2.api.chat.example.com, gate-eu-west-1.chat.example.com, gate-eu-west-2.chat.example.com, gate-us-east-1.chat.example.com, us-east-1.api-ws.chat.example.com and us-east-1.api.chat.example.com
    fix: if they are of this service, leave --pre out; else move them away first, or CloudFormation stops there
    #names-taken

    quotas error: 19 health checks are needed, and the account has 0 of 10 (0 of them calculated)
    fix: ask for more (Service Quotas, Route 53: Health checks), or delete unused ones
    #quota-health-checks

    quotas error: Lambda runs 10 executions at once in us-east-1; probe and gate reserve some, and 100 must stay unreserved
    fix: ask for 1000 (Service Quotas, "Lambda: Concurrent executions")
    #quota-lambda

    deployment warning: there is a stack chat in eu-west-2 already: UPDATE_COMPLETE
    fix: if it is of this service, leave --pre out; else choose another name
    #names-taken
    "#);
}

#[test]
fn a_configuration_is_judged_without_asking_anybody() {
    let judged = |from: &str, to: &str| {
        let text = CONFIG.replace(from, to);
        assert!(from.is_empty() || text != CONFIG, "{from:?} is not in the configuration");
        judge_config(&Config::parse(Path::new("failover.toml"), &text).unwrap())
    };
    assert_eq!(bad(&judged("", "")), "");
    let faults = [
        judged("gate = \"https://gate-eu-west-2.chat.example.com\"", ""),
        judged("us-east-1 = 1.0", ""),
        judged("eu-west-1 = 1.0\neu-west-2 = 1.0\nus-east-1 = 1.0", "eu-west-1 = 0.5\neu-west-2 = 0.4\nus-east-1 = 0.3"),
        judged("api-ws.chat", "socket.chat"),
    ];
    insta::assert_snapshot!(format!(
        "{}\n\n{}",
        text(&judged("", ""), Look::PLAIN, 0),
        faults.iter().map(|found| bad(found)).collect::<Vec<_>>().join("\n\n")
    ), @"
    config
    ✓ SSM and gate of all 3 observers are pinned
    ✓ without any one region, the others can carry the usual load
    ✓ the templates make the record tree that 3 regions and 3 observers demand

    3 ok; exit 0

    config warning: SSM or gate of eu-west-2 is not pinned
    fix: failover init --from-stack NAME writes them, or name them under [observer.REGION]
    #pinned-endpoints

    config warning: [capacity] does not say what us-east-1 can carry: where something only sometimes fails, no other region is left for it
    fix: measure it, and write how much of the whole service's usual load each region can carry
    #capacity-unknown

    config warning: without eu-west-1, eu-west-2 and us-east-1 the others cannot carry the usual load, by [capacity]
    fix: give the others more room, or know that a drain there costs users
    #capacity-unknown

    config error: the templates cannot be resolved for this configuration: the names of failover.toml do not stand at api. and api-ws. of one domain, as the template has them
    fix: this version's templates do not fit this configuration; see docs/deploy.md for what they can do
    #tree-differs
    ");
}
