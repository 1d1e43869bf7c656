//! SSM with a state folder: what was acknowledged is there again, whatever happened to the process or to a file.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_ssm::types::ParameterType;
use tokio_util::sync::CancellationToken;
use world::aws::AwsRegion;
use world::fault::Faults;

use crate::harness::{history, settings, ssm};

async fn start(folder: &std::path::Path) -> (aws_sdk_ssm::Client, CancellationToken) {
    let stop = CancellationToken::new();
    let aws = AwsRegion::start(settings("eu-west-2", Some(folder), &Faults::default(), &stop)).await.unwrap();
    (ssm(&aws.endpoint(), "eu-west-2"), stop)
}

async fn put(client: &aws_sdk_ssm::Client, name: &str, value: &str) -> i64 {
    let put = client.put_parameter().name(name).value(value).r#type(ParameterType::String).overwrite(true);
    put.send().await.unwrap().version
}

async fn value(client: &aws_sdk_ssm::Client, name: &str) -> Option<String> {
    client.get_parameter().name(name).send().await.ok()?.parameter?.value
}

#[tokio::test]
async fn parameters_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (client, stop) = start(folder.path()).await;
    for number in 1..=105 {
        put(&client, "/failover/chat/votes", &format!("v{number}")).await;
    }
    put(&client, "/failover/chat/intents/eu-west-2", "drain").await;
    put(&client, "/gone", "x").await;
    client.delete_parameter().name("/gone").send().await.unwrap();
    stop.cancel();

    let (client, _stop) = start(folder.path()).await;
    assert_eq!(value(&client, "/failover/chat/intents/eu-west-2").await.as_deref(), Some("drain"));
    assert_eq!(value(&client, "/failover/chat/votes").await.as_deref(), Some("v105"));
    assert_eq!(value(&client, "/failover/chat/votes:6").await.as_deref(), Some("v6"));
    assert_eq!(value(&client, "/failover/chat/votes:5").await, None, "only a hundred versions are kept");
    assert_eq!(value(&client, "/gone").await, None);
    assert_eq!(put(&client, "/failover/chat/votes", "next").await, 106);
    assert_eq!(put(&client, "/gone", "back").await, 1);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (client, stop) = start(folder.path()).await;
    put(&client, "/a", "one").await;
    put(&client, "/a", "two").await;
    put(&client, "/b", "kept").await;
    stop.cancel();
    let damaged = folder.path().join("eu-west-2/ssm/p+a/000000000002.json");
    assert!(damaged.exists());
    fs::write(&damaged, b"\0\0\0").unwrap();

    let (client, _stop) = start(folder.path()).await;
    assert_eq!(value(&client, "/a").await.as_deref(), Some("one"));
    assert_eq!(value(&client, "/b").await.as_deref(), Some("kept"));
    assert!(!damaged.exists() && damaged.with_extension("damaged").exists());
    assert_eq!(put(&client, "/a", "three").await, 3, "the damaged version's number is not given again");
}

#[tokio::test]
async fn a_write_whose_caller_left_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let (client, stop) = start(folder.path()).await;
    let mut acknowledged = 0;
    for number in 0..60_u64 {
        let put = put(&client, "/a", "x");
        if let Ok(version) = tokio::time::timeout(std::time::Duration::from_micros(number * 150), put).await {
            acknowledged = version;
        }
    }
    let last = put(&client, "/a", "last").await;
    assert!(last > acknowledged);
    stop.cancel();
    let (client, _stop) = start(folder.path()).await;
    let history = history(&client, "/a").await;
    assert_eq!(history.iter().map(|(version, _)| *version).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    assert_eq!(history.last().map(|(_, value)| value.as_str()), Some("last"));
}

/// Where the process to be ended finds its folder. Its presence makes [`a_region_of_its_own`] more than nothing.
const FOLDER: &str = "WORLD_TEST_STATE_FOLDER";

/// Not a test of its own: the process that [`what_was_acknowledged_survives_kill_minus_nine`] ends.
#[tokio::test]
async fn a_region_of_its_own() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = std::path::Path::new(&folder);
    let stop = CancellationToken::new();
    let aws = AwsRegion::start(settings("eu-west-2", Some(folder), &Faults::default(), &stop)).await.unwrap();
    fs::write(folder.join("new"), aws.endpoint()).unwrap();
    fs::rename(folder.join("new"), folder.join("endpoint")).unwrap();
    tokio::time::sleep(crate::harness::DEADLINE).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_minus_nine() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ssm_durable::a_region_of_its_own"])
        .env(FOLDER, folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let at = folder.path().join("endpoint");
    crate::harness::eventually("it is up", async || at.exists()).await;
    let endpoint = fs::read_to_string(&at).unwrap();
    let acknowledged: [Arc<AtomicI64>; 4] = std::array::from_fn(|_| Arc::default());
    let writers: Vec<_> = acknowledged
        .iter()
        .cloned()
        .enumerate()
        .map(|(writer, acknowledged)| {
            let client = ssm(&endpoint, "eu-west-2");
            tokio::spawn(async move {
                loop {
                    let value = format!("v{}", acknowledged.load(Ordering::SeqCst) + 1);
                    let put = client.put_parameter().name(format!("/w/{writer}")).value(value);
                    match put.r#type(ParameterType::String).overwrite(true).send().await {
                        Ok(output) => acknowledged.store(output.version, Ordering::SeqCst),
                        Err(_) => return,
                    }
                }
            })
        })
        .collect();
    let all_write = async || acknowledged.iter().all(|acknowledged| acknowledged.load(Ordering::SeqCst) >= 5);
    crate::harness::eventually("everybody writes", all_write).await;
    process.kill().unwrap();
    process.wait().unwrap();

    let (client, _stop) = start(folder.path()).await;
    for (writer, task) in writers.into_iter().enumerate() {
        task.await.unwrap();
        let acknowledged = acknowledged[writer].load(Ordering::SeqCst);
        let history = history(&client, &format!("/w/{writer}")).await;
        let last = history.last().map_or(0, |(version, _)| *version);
        // The write that was on its way may have arrived.
        assert!((acknowledged..=acknowledged + 1).contains(&last), "{acknowledged} acknowledged, {last} there");
        assert!(history.iter().all(|(version, value)| *value == format!("v{version}")));
    }
}
