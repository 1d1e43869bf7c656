//! The whole of it on the emulator: deployed by `scripts/deploy`, used by two users, watched by probes, examined by `failover doctor`, drained by
//! `failover drain` while the SSM of the drained region is dead. Real binaries behind real HTTP, WebSocket and event sources; roles are enforced.
//!
//! What the emulator does not do, health checks and DNS, is in the world's stories on the same templates.

mod chatting;
mod deployment;
mod doctor;
mod operator;

use std::collections::BTreeMap;
use std::time::Duration;

use decision::{Observed, Outcome, RegionName, ServiceName};
use store::Store;
use tokio::time::{Instant, sleep};

use crate::clients::shared;
use crate::http;
use deployment::{DOMAIN, Deployment, REGIONS};

/// How long a round in which everything passes may take to come: cold functions, three probes on two cores.
const PASSES_WITHIN: Duration = Duration::from_secs(90);
/// How long a vote may take: an event wakes a controller at once, the schedule within a minute.
const FLIPS_WITHIN: Duration = Duration::from_secs(75);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_deployed_used_examined_and_drained() {
    let (deployment, printed) = Deployment::start().await;
    for region in REGIONS {
        assert!(printed.contains(&format!("{region:<14} its controller decides")), "{printed}");
    }
    chatting::two_users_meet(&deployment).await;
    everything_passes(&deployment).await;

    let operator = operator::comes(&deployment).await;
    operator::resolves_names(&deployment, &operator);
    doctor::is_green(&operator).await;
    for command in [&["status"][..], &["probe"]] {
        let ran = operator.failover(command).await.passed();
        for region in REGIONS {
            assert!(ran.stdout.contains(region), "{ran}");
        }
    }

    operator::is_asked_for_credentials(&operator);
    let said: Vec<_> = doctor::names_each_fault(&deployment, &operator).await;
    insta::assert_snapshot!(said.iter().map(|(fault, said)| format!("{fault}:\n{said}\n")).collect::<String>(), @r#"
    a record without a check:
    the record of eu-west-2 at api.chat.example.net has no health check: it always counts as healthy, and a drain moves nobody -> set HealthCheckId on the record set (SAM's Domain.Route53 drops it), or deploy the stack again
    a wrong threshold:
    the check "eu-west-2 not ejected" (ID) is healthy with 3 of 3 children; 2 is right: it takes 1 ejecting observers to move users, and 2 are a majority -> deploy the stack again, or aws route53 update-health-check --health-check-id ID --health-threshold 2
    a disabled check:
    the check "eject eu-west-2 at eu-west-1" (ID) is disabled: it looks at nothing and always counts as unhealthy -> aws route53 update-health-check --health-check-id ID --no-disabled; to take a region out, use failover drain
    an expired certificate:
    the certificate in ACM of eu-west-2 (ID) has ended, N days ago: no client connects -> see why ACM does not renew it (its validation CNAME must stay in the zone), or import a new one
    a TTL of 300 s:
    the TTL of api.chat.example.net (eu-west-2) is 300 s: after a drain, users stay that long -> set it to 60 s or less, or deploy the stack again, which makes it an alias
    an SSM that cannot be written:
    no intent can be written to SSM in eu-west-2: /failover/chat/intents/doctor/rehearsal: access to SSM in eu-west-2 is denied: AccessDeniedException: User: arn:aws:iam::000000000000:user/ada is not authorized to perform: ssm:PutParameter on resource: arn:aws:ssm:eu-west-2:000000000000:parameter/failover/chat/intents/doctor/rehearsal with an expli -> attach the operator policy of that region's stack (output OperatorPolicyArn) to these credentials
    "#);
    assert_eq!(operator.failover(&["doctor"]).await.exit, Some(0), "everything is undone");

    a_region_whose_ssm_is_dead_is_drained(&deployment, &operator).await;
}

/// Waits until every observer has seen a round in which every check of every region passes.
async fn everything_passes(deployment: &Deployment) {
    let deadline = Instant::now() + PASSES_WITHIN;
    let mut waiting: BTreeMap<&str, String> = REGIONS.map(|region| (region, "nothing".to_owned())).into();
    while !waiting.is_empty() {
        assert!(Instant::now() < deadline, "not everything passes within {PASSES_WITHIN:?}: {waiting:#?}");
        sleep(Duration::from_millis(500)).await;
        for observer in REGIONS {
            let seen = store(deployment, observer).await.observed().await.unwrap();
            match seen.as_ref().map(what_fails) {
                Some(fails) if fails.is_empty() => drop(waiting.remove(observer)),
                Some(fails) => drop(waiting.get_mut(observer).map(|last| *last = fails)),
                None => {}
            }
        }
    }
}

/// Of the last round, every check that does not pass.
fn what_fails(observed: &Observed) -> String {
    let Some(round) = observed.rounds.last() else { return "no round".to_owned() };
    let lacking = REGIONS
        .iter()
        .filter(|region| !round.regions.keys().any(|seen| seen.as_str() == **region))
        .map(|region| format!("{region} is not in it"));
    let failing = round.regions.iter().flat_map(|(region, checks)| {
        checks
            .iter()
            .filter(|(_, result)| result.outcome != Outcome::Pass)
            .map(move |(check, result)| format!("{region} {check:?} {result:?}"))
    });
    lacking.chain(failing).collect::<Vec<_>>().join("; ")
}

async fn store(deployment: &Deployment, observer: &str) -> Store {
    let region = RegionName::new(observer).unwrap();
    let endpoint = deployment.emulators.ministack();
    let client = store::ssm_client(&shared(endpoint, observer).await, &region, Some(endpoint));
    Store::new(ServiceName::new("chat").unwrap(), region, client).with_deadline(Duration::from_secs(10))
}

/// A drain needs a majority of observers, and nothing of the region that is left.
async fn a_region_whose_ssm_is_dead_is_drained(deployment: &Deployment, operator: &crate::programs::Seat) {
    let fault = format!("{}/_faults/ssm/eu-west-2", deployment.emulators.ministack());
    for observer in REGIONS {
        until_it_says(deployment, observer, "serve chat eu-west-2").await;
    }
    operator.failover(&["drain", "eu-west-2", "--dry-run", "--reason", "first drain"]).await.passed();
    http::request("PUT", &fault).await.unwrap();
    let arguments =
        ["drain", "eu-west-2", "--reason", "its SSM is dead", "--ticket", "OPS-1", "--confirm", "eu-west-2", "--wait", "health"];
    let drained = operator.failover(&arguments).await.passed();
    assert!(drained.stderr.contains("eu-west-2"), "{drained}");
    for observer in ["eu-west-1", "us-east-1"] {
        until_it_says(deployment, observer, "eject chat eu-west-2").await;
        assert_eq!(says(deployment, observer, "eu-west-1").await, "serve chat eu-west-1", "nothing else is ejected");
    }
    http::request("DELETE", &fault).await.unwrap();
    until_it_says(deployment, "eu-west-2", "eject chat eu-west-2").await;
    let log = operator.failover(&["log", "--since", "1h"]).await.passed();
    assert!(log.stdout.contains("its SSM is dead") && log.stdout.contains("OPS-1"), "{log}");
    operator.failover(&["resume", "eu-west-2", "--confirm", "eu-west-2"]).await.passed();
    for observer in REGIONS {
        until_it_says(deployment, observer, "serve chat eu-west-2").await;
    }
}

async fn until_it_says(deployment: &Deployment, observer: &str, line: &str) {
    let deadline = Instant::now() + FLIPS_WITHIN;
    loop {
        let said = says(deployment, observer, "eu-west-2").await;
        if said == line {
            return;
        }
        assert!(Instant::now() < deadline, "the gate of {observer} still says {said:?}");
        sleep(Duration::from_millis(200)).await;
    }
}

/// The line of a gate, by its own name, as Route 53's checkers read it.
async fn says(deployment: &Deployment, observer: &str, region: &str) -> String {
    let gate = deployment.address(&format!("gate-{observer}.{DOMAIN}"));
    let answer = http::get(&format!("{gate}/vote/{region}")).await.unwrap();
    answer.body.trim_end().to_owned()
}
