//! Replication between regions: everything arrives, once, whatever is broken in between.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::timeout;
use world::fault::Component;

use crate::harness::{MESSAGES, Regions, User, eventually};

const THREE: [&str; 3] = ["eu-west-2", "us-west-2", "us-east-1"];
const QUIET: Duration = Duration::from_millis(600);

async fn stored(regions: &Regions, at: usize) -> BTreeSet<String> {
    let rows = regions.served[at].table().scan().table_name(MESSAGES).send().await.unwrap();
    rows.items().iter().map(|row| row["id"].as_s().unwrap().clone()).collect()
}

#[tokio::test]
async fn a_message_arrives_once_in_every_region() {
    let regions = Regions::start(&THREE).await;
    let mut users = Vec::new();
    for served in &regions.served {
        users.push(User::join(served.addr()).await);
    }
    for (at, user) in users.iter_mut().enumerate() {
        user.send(&format!("from-{at}")).await;
    }
    for (at, user) in users.iter_mut().enumerate() {
        let mut ids = user.ids(3, QUIET).await;
        assert_eq!(ids[0], format!("from-{at}"), "one's own comes first");
        ids.sort();
        assert_eq!(ids, ["from-0", "from-1", "from-2"]);
    }
}

#[tokio::test]
async fn a_stop_loses_and_doubles_nothing() {
    for component in [Component::Replication, Component::Region] {
        let regions = Regions::start(&THREE).await;
        let mut users = Vec::new();
        for served in &regions.served {
            users.push(User::join(served.addr()).await);
        }
        let mut expected = BTreeSet::new();
        // Some are on their way when it stops.
        for number in 0..10 {
            for (at, user) in users.iter_mut().enumerate() {
                let id = format!("before-{at}-{number}");
                user.send(&id).await;
                expected.insert(id);
            }
        }
        for at in 0..3 {
            eventually("all are written", async || {
                let stored = stored(&regions, at).await;
                (0..10).all(|number| stored.contains(&format!("before-{at}-{number}")))
            })
            .await;
        }
        regions.break_(0, component);
        for number in 0..30 {
            for (at, user) in users.iter_mut().enumerate() {
                if at == 0 && component == Component::Region {
                    continue;
                }
                let id = format!("while-{at}-{number}");
                user.send(&id).await;
                expected.insert(id);
            }
        }
        let of_0 = |id: &String| id.starts_with("while-0");
        let others: BTreeSet<String> = expected.iter().filter(|id| !of_0(id) && !id.starts_with("before")).cloned().collect();
        eventually("the others have each other's", async || stored(&regions, 1).await.is_superset(&others)).await;
        assert!(!stored(&regions, 1).await.iter().any(of_0), "{component} let something through");
        regions.heal(0, component);
        for at in 0..3 {
            eventually("all are everywhere", async || {
                let Ok(rows) = regions.served[at].table().scan().table_name(MESSAGES).send().await else { return false };
                rows.items().iter().map(|row| row["id"].as_s().unwrap().clone()).collect::<BTreeSet<_>>() == expected
            })
            .await;
        }
        for (at, user) in users.iter_mut().enumerate().filter(|(at, _)| component == Component::Replication || *at != 0) {
            let ids = user.ids(expected.len(), QUIET).await;
            assert_eq!(ids.len(), expected.len(), "{component}: user {at} got some twice or not at all");
            assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), expected, "{component}: user {at}");
        }
    }
}

#[tokio::test]
async fn late_is_late_in_both_directions() {
    let regions = Regions::start(&THREE[..2]).await;
    let (mut here, mut there) = (User::join(regions.served[0].addr()).await, User::join(regions.served[1].addr()).await);
    regions.break_(0, Component::ReplicationLate);
    here.send("out").await;
    there.send("in").await;
    assert_eq!(here.next().await.unwrap()["messages"][0]["id"], "out");
    assert_eq!(there.next().await.unwrap()["messages"][0]["id"], "in");
    // Thirty seconds at ten times the speed.
    assert!(timeout(Duration::from_millis(1500), here.next()).await.is_err());
    assert!(timeout(Duration::from_millis(1), there.next()).await.is_err());
    assert_eq!(here.next().await.unwrap()["messages"][0]["id"], "in");
    assert_eq!(there.next().await.unwrap()["messages"][0]["id"], "out");
}

#[tokio::test]
async fn the_later_write_wins_everywhere_and_deletions_are_carried() {
    let regions = Regions::start(&THREE).await;
    let put = async |at: usize, id: &str, ts: u64, text: &str| {
        let put = regions.served[at].table().put_item().table_name(MESSAGES).item("id", AttributeValue::S(id.to_owned()));
        let put = put.item("ts", AttributeValue::N(ts.to_string())).item("type", AttributeValue::S("note".to_owned()));
        let put = put.item("message", AttributeValue::S(text.to_owned()));
        put.item("region", AttributeValue::S(THREE[at].to_owned())).send().await.unwrap();
    };
    let text = async |at: usize, id: &str| {
        let get = regions.served[at].table().get_item().table_name(MESSAGES).key("id", AttributeValue::S(id.to_owned()));
        get.send().await.unwrap().item.map(|item| item["message"].as_s().unwrap().clone())
    };
    // Unseen by each other.
    for at in 0..3 {
        regions.break_(at, Component::Replication);
    }
    put(0, "row", 20, "later").await;
    put(1, "row", 10, "earlier").await;
    put(2, "tie", 10, "us-east-1").await;
    put(1, "tie", 10, "us-west-2").await;
    regions.faults.heal(None);
    for at in 0..3 {
        eventually("the later one stands", async || text(at, "row").await.as_deref() == Some("later")).await;
        eventually("a tie ends the same way", async || text(at, "tie").await.as_deref() == Some("us-west-2")).await;
    }
    let delete = regions.served[2].table().delete_item().table_name(MESSAGES).key("id", AttributeValue::S("row".to_owned()));
    delete.send().await.unwrap();
    for at in 0..3 {
        eventually("it is gone", async || text(at, "row").await.is_none()).await;
    }
    put(0, "row", 30, "again").await;
    for at in 0..3 {
        eventually("it is back", async || text(at, "row").await.as_deref() == Some("again")).await;
    }
    tokio::time::sleep(QUIET).await;
    for at in 0..3 {
        assert_eq!(text(at, "row").await.as_deref(), Some("again"), "an echo of the deletion came back");
    }
}
