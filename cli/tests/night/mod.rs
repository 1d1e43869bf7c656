//! A night at three observers, written by real controllers into the world's SSM as fast as it takes it: rounds of ten seconds, given and not waited for.
//!
//! SSM stamps what it stores with its own clock, which goes on as usual; controllers and probes live by the clock of the story, which runs ahead of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage has failed, and says where")]

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use aws_config::{BehaviorVersion, SdkConfig};
use controller::Controller;
use decision::{Cause, Check, Observation, Observed, Outcome, Policy, PolicySpec, RegionName, Round, Schema, Vote};
use jiff::{SignedDuration, Timestamp};
use store::{Observers, Store, ssm_client};
use world::aws::{AwsRegion, Settings};
use world::fault::Faults;
use world::speed::Speed;

use super::Said;

const NAMES: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];
/// Rounds in one document, and what lies between two of them.
const ROUNDS: u64 = 5;
const ROUND: SignedDuration = SignedDuration::from_secs(10);

/// The night, and a folder in which `failover` finds its service.
pub(crate) struct Night {
    folder: tempfile::TempDir,
    observers: Observers,
    controllers: Vec<Controller>,
    documents: u64,
    clock: Timestamp,
    _regions: Vec<AwsRegion>,
}

fn region(name: &str) -> RegionName {
    name.parse().unwrap()
}

impl Night {
    pub(crate) async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places: BTreeSet<RegionName> = NAMES.into_iter().map(region).collect();
        let (thresholds, failback, capacity) = Default::default();
        let service = "chat".parse().unwrap();
        let spec = PolicySpec { service, observers: places.clone(), regions: places, thresholds, failback, capacity };
        let policy = Policy::new(spec).unwrap();
        let names = "[names]\napi = \"api.chat.test\"\nwebsocket = \"api-ws.chat.test\"\n";
        let mut config = format!("service = \"chat\"\nregions = {NAMES:?}\n{names}");
        let shared = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let (mut regions, mut stores) = (Vec::new(), Vec::new());
        for place in policy.observers() {
            let settings = Settings {
                region: place.clone(),
                ip: Ipv4Addr::LOCALHOST.into(),
                port: 0,
                chat_port: 0,
                state: None,
                faults: Faults::default(),
                speed: Speed::new(1.0).unwrap(),
                stop: Default::default(),
            };
            let aws = AwsRegion::start(settings).await.unwrap();
            config.push_str(&format!("[observer.{place}]\nssm = \"{}\"\n", aws.endpoint()));
            let client = ssm_client(&shared, place, Some(&aws.endpoint()));
            stores.push(Store::new(policy.service().clone(), place.clone(), client));
            regions.push(aws);
        }
        std::fs::write(folder.path().join("failover.toml"), config).unwrap();
        let observers = Observers::new(stores);
        let controllers = policy.observers().iter().map(|place| Controller::new(policy.clone(), place.clone(), observers.clone()));
        let controllers = controllers.collect();
        Self { folder, observers, controllers, documents: 0, clock: Timestamp::now(), _regions: regions }
    }

    /// The next five rounds everywhere, in which only websockets to `sick` fail, decided on by everyone; how many eject it.
    pub(crate) async fn pass(&mut self, sick: Option<&str>) -> usize {
        self.documents += 1;
        self.clock += ROUND * i32::try_from(ROUNDS).unwrap();
        let mut deciding = tokio::task::JoinSet::new();
        for (store, controller) in self.observers.iter().zip(&self.controllers) {
            let (store, controller, now) = (store.clone(), controller.clone(), self.clock);
            let observed = seen(store.observer(), self.documents, now, sick);
            deciding.spawn(async move {
                store.put_observed(&observed).await.unwrap();
                controller.reconcile(now).await.unwrap().votes
            });
        }
        let votes = deciding.join_all().await;
        votes.iter().filter(|votes| votes.regions.values().any(|vote| vote.vote == Vote::Eject)).count()
    }

    /// SSM's time now. Everything that was written is stored.
    pub(crate) fn now(&self) -> String {
        Timestamp::now().to_string()
    }

    /// Runs a command as a person would who looks after this service.
    pub(crate) fn failover(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failover"));
        let command = command.args(args).current_dir(self.folder.path()).env_remove("FAILOVER_CONFIG").env("LANG", "C.UTF-8");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

fn seen(observer: &RegionName, document: u64, ended: Timestamp, sick: Option<&str>) -> Observed {
    let observation = |name: &str| -> Observation {
        let result = |check| match check {
            Check::Websocket if sick == Some(name) => (Outcome::Fail(Cause::Status(503)), 12, 2),
            _ => (Outcome::Pass, 42, 1),
        };
        Check::ALL.into_iter().map(|check| (check, result(check).into())).collect()
    };
    let rounds = (0..ROUNDS).map(|index| Round {
        number: (document - 1) * ROUNDS + index + 1,
        produced_at: ended - ROUND * i32::try_from(ROUNDS - 1 - index).unwrap(),
        self_check: Outcome::Pass,
        regions: NAMES.iter().map(|name| (region(name), observation(name))).collect(),
    });
    let service = "chat".parse().unwrap();
    Observed {
        schema: Schema::V1,
        service,
        observer: observer.clone(),
        generation: document,
        rounds: rounds.collect(),
        matrix: Default::default(),
    }
}
