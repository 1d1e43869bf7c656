//! What has to be reached: hosts and their certificates, gates, SSM, with which credentials and by which clock.

use super::*;

#[test]
fn a_certificate_that_ends_or_does_not_fit_is_named() {
    let served =
        |certificate: Certificate| after(|facts| drop(facts.served.insert("gate-eu-west-2.chat.example.com".to_owned(), Ok(certificate))));
    let stored = |change: &dyn Fn(&mut StoredCertificate)| {
        after(|facts| change(&mut facts.stored.get_mut(&region("eu-west-2")).unwrap().as_mut().unwrap()[0]))
    };
    let text = [
        served(Certificate { days_left: -2, distrust: Some("invalid peer certificate: Expired".to_owned()) }),
        served(days(5)),
        served(days(29)),
        served(Certificate { days_left: 90, distrust: Some("invalid peer certificate: NotValidForName".to_owned()) }),
        stored(&|certificate| certificate.days_left = Some(-1)),
        stored(&|certificate| certificate.status = "PENDING_VALIDATION".to_owned()),
        stored(&|certificate| certificate.names.retain(|name| name != "*.api-ws.chat.example.com")),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @"
    certificates error: the certificate of gate-eu-west-2.chat.example.com has ended, 2 days ago: no client connects
    fix: see why ACM does not renew it (its validation CNAME must stay in the zone), or import a new one
    #certificate-expired

    certificates error: the certificate of gate-eu-west-2.chat.example.com ends in 5 days
    fix: see why ACM does not renew it (its validation CNAME must stay in the zone), or import a new one
    #certificate-expiring

    certificates warning: the certificate of gate-eu-west-2.chat.example.com ends in 29 days; ACM renews earlier than that
    fix: see why ACM does not renew it (its validation CNAME must stay in the zone), or import a new one
    #certificate-expiring

    certificates error: clients do not take the certificate of gate-eu-west-2.chat.example.com: invalid peer certificate: NotValidForName
    fix: deploy the stack with the certificate that covers this name
    #certificate-untrusted

    certificates error: the certificate in ACM of eu-west-2 (4e1f) has ended, 1 days ago: no client connects
    fix: see why ACM does not renew it (its validation CNAME must stay in the zone), or import a new one
    #certificate-expired

    certificates error: the certificate in ACM of eu-west-2 (4e1f) is PENDING_VALIDATION
    fix: finish its validation: ACM shows the CNAME that it waits for
    #certificate-missing

    certificates error: the certificate in ACM of eu-west-2 (4e1f) does not cover *.api-ws.chat.example.com
    fix: request one that covers all names, and deploy the stack with it
    #certificate-missing
    ");
}

#[test]
fn hosts_that_cannot_be_reached_from_here_are_said_together() {
    let text = after(|facts| {
        for (host, certificate) in facts.served.iter_mut().filter(|(host, _)| host.starts_with("gate-")) {
            *certificate = Err(Unread::no_answer(format!("no connection to {host}")));
        }
    });
    insta::assert_snapshot!(text, @"
    certificates unknown: what gate-eu-west-1.chat.example.com, gate-eu-west-2.chat.example.com and gate-us-east-1.chat.example.com present by TLS could not be read: no connection to gate-eu-west-1.chat.example.com
    fix: try again, with a longer --timeout or from another network
    #could-not-be-read
    ");
}

#[test]
fn a_gate_that_says_something_else_is_named() {
    let gate = |change: &dyn Fn(&mut Gate)| after(|facts| change(facts.gates.get_mut(&region("eu-west-2")).unwrap()));
    let answer = |status: u16, line: &str| Ok(Answer { status, line: line.to_owned() });
    let old = |facts: &mut Facts| {
        let decided_at = sample::ago(600);
        let of_gate = facts.gates.get_mut(&region("eu-west-2")).unwrap();
        of_gate.votes.as_mut().unwrap().decided_at = decided_at;
        of_gate.alive = answer(503, "votes of 2026-11-23T03:12:07Z are old");
    };
    let text = [
        gate(&|gate| gate.lines.values_mut().for_each(|line| *line = Err(Unread::no_answer("no connection to 192.0.2.1")))),
        gate(&|gate| gate.lines.values_mut().for_each(|line| *line = answer(503, "no votes yet"))),
        gate(&|gate| drop(gate.lines.insert(region("us-east-1"), answer(200, "<html>parked</html>")))),
        gate(&|gate| gate.alive = answer(200, "alive mail")),
        after(old),
        after(|facts| set_policy(facts, "eu-west-2", "another")),
        after(|facts| sample::NAMES.iter().for_each(|name| set_policy(facts, name, "another"))),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @r#"
    gates error: the gate of eu-west-2 does not answer from here: no connection to 192.0.2.1
    fix: see the log of its function, and whether https://gate-eu-west-2.chat.example.com leads to it
    #gate-silent

    gates error: the gate of eu-west-2 does not answer from here: 503 (no votes yet)
    fix: see the log of its function, and whether https://gate-eu-west-2.chat.example.com leads to it
    #gate-silent

    gates error: the gate of eu-west-2 says "<html>parked</html>" for us-east-1; "serve chat us-east-1" or "eject chat us-east-1" is right
    fix: deploy its stack again with the Service and Regions of failover.toml
    #gate-line

    gates error: the gate of eu-west-2 says "alive mail" to /alive; "alive chat" is right
    fix: see the log of its controller
    #votes-stale

    gates error: the votes of eu-west-2 are 10m old; its controller decides no more
    fix: see the log of its controller, and its dead-letter queue
    #votes-stale

    gates error: the controllers decide by different policies: eu-west-1 and us-east-1; and otherwise eu-west-2
    fix: deploy every stack with the same Regions, Observers and thresholds
    #policies-differ

    gates warning: the controllers decide by another policy than failover.toml says: previews and `replay` tell of numbers that nobody uses
    fix: copy regions, observers, [thresholds], [failback] and [capacity] as deployed, or deploy every stack with these
    #policies-differ
    "#);
}

fn set_policy(facts: &mut Facts, observer: &str, policy: &str) {
    facts.gates.get_mut(&region(observer)).unwrap().votes.as_mut().unwrap().policy = policy.to_owned();
    let votes = facts.state.get_mut(&region(observer)).unwrap().votes.as_mut().unwrap();
    votes.as_mut().unwrap().policy = policy.to_owned();
}

#[test]
fn state_that_cannot_be_read_or_written_is_named() {
    let state = |change: &dyn Fn(&mut State)| after(|facts| change(facts.state.get_mut(&region("eu-west-2")).unwrap()));
    let denied = || Unread { why: Why::Denied, what: "AccessDeniedException: not authorized to perform ssm:PutParameter".to_owned() };
    let text = [
        state(&|state| state.write = Err(denied())),
        state(&|state| state.history = Err(denied())),
        state(&|state| {
            state.votes = Err(Unread::late());
            state.write = Err(Unread::late());
        }),
        state(&|state| state.votes = Ok(None)),
        state(&|state| state.intents = Ok((vec![], vec!["/failover/chat/intents/London".to_owned()]))),
        state(&|state| state.intents = Ok((vec![sample::drain("eu-north-1")], vec![]))),
        after(|facts| {
            for state in facts.state.values_mut() {
                let mut ended = sample::drain("eu-west-2");
                ended.ends_at = sample::ago(600);
                state.intents = Ok((vec![ended], vec![]));
                let votes = state.votes.as_mut().unwrap().as_mut().unwrap();
                votes.regions.insert(region("eu-west-2"), sample::drained());
            }
        }),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @"
    state error: no intent can be written to SSM in eu-west-2: AccessDeniedException: not authorized to perform ssm:PutParameter
    fix: attach the operator policy of that region's stack (output OperatorPolicyArn) to these credentials
    #state-not-writable

    state error: the documents in SSM of eu-west-2 cannot be read: AccessDeniedException: not authorized to perform ssm:PutParameter
    fix: attach the operator policy of that region's stack (output OperatorPolicyArn) to these credentials
    #state-unreadable

    state error: SSM in eu-west-2 does not answer from here: no answer in time
    fix: see whether its endpoint can be reached; a majority (2) is needed to drain
    #state-unreadable

    state error: there are no votes in SSM of eu-west-2: its controller has never decided
    fix: see the log of its controller; the first votes come within a minute of its deployment
    #votes-stale

    state warning: eu-west-2 holds parameters among its intents that are none: /failover/chat/intents/London
    fix: delete them: controllers leave them out and say so in their logs
    #intent-overdue

    state warning: eu-west-2 holds a standing intent for eu-north-1, which is not a region of the service
    fix: nothing follows it; delete the parameter, or add the region to failover.toml
    #intent-overdue

    state warning: eu-west-2 is still out, 10m after the end of its drain
    fix: failover explain eu-west-2 says what it waits for; failover resume eu-west-2 lets it back
    #intent-overdue
    ");
    let first = |facts: &mut Facts| facts.state.get_mut(&region("eu-west-2")).unwrap().write = Ok(store::Rehearsal::Written);
    assert_eq!(after(first), "", "a first dry write is no fault");
}

#[test]
fn credentials_and_a_clock_that_will_not_do_are_named() {
    let account = |account: Fact<Account>| after(|facts| facts.account = Some(account));
    let lasting = |seconds: i64| Account {
        arn: "arn:aws:iam::1:user/ana".to_owned(),
        expires: Some(sample::now() + SignedDuration::from_secs(seconds)),
    };
    let clock = |millis: i64| after(|facts| facts.state.values_mut().for_each(|state| state.ahead = Some(Ahead { millis, give: 600 })));
    let text = [
        account(Err(Unread { why: Why::Denied, what: "no providers in chain provided credentials".to_owned() })),
        account(Ok(lasting(-60))),
        account(Ok(lasting(600))),
        account(Err(Unread::late())),
        clock(95_000),
        clock(-95_000),
        clock(4_000),
    ];
    insta::assert_snapshot!(text.join("\n\n"), @"
    account error: there are no usable AWS credentials: no providers in chain provided credentials
    fix: sign in, or choose others with --profile NAME: without them nothing can be drained
    #credentials

    account error: arn:aws:iam::1:user/ana: the credentials have ended
    fix: sign in again
    #credentials-life

    account warning: arn:aws:iam::1:user/ana: the credentials last 10m, less than a drain and its resume may take
    fix: sign in again before you need them
    #credentials-life

    account unknown: whose credentials these are could not be read: no answer in time
    fix: try again, with a longer --timeout or from another network
    #could-not-be-read

    account error: this machine's clock is 95.0 s ahead of SSM's in eu-west-1
    fix: let the clock be set by NTP: the times of intents, and which votes are old, are judged by it
    #clock-skew

    account error: this machine's clock is 95.0 s behind SSM's in eu-west-1
    fix: let the clock be set by NTP: the times of intents, and which votes are old, are judged by it
    #clock-skew

    account warning: this machine's clock is 4.0 s ahead of SSM's in eu-west-1
    fix: let the clock be set by NTP: the times of intents, and which votes are old, are judged by it
    #clock-skew
    ");
    assert_eq!(clock(2_500), "", "half a second more or less is nobody's fault");
    assert_eq!(account(Ok(Account { expires: None, ..lasting(0) })), "");
}
