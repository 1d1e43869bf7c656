//! Users never see a probe, and nobody is a probe without a ticket.

use chat::sign;
use jiff::{Timestamp, ToSpan as _};

use crate::region::{Region, SECRET, ticket};

#[tokio::test]
async fn probe_messages_reach_ticketed_sockets_only_and_never_the_history() {
    let region = Region::start("eu-west-2").await;
    region.connect("user").await;
    region.connect_probe("probe", "us-east-1").await;
    region.connect_probe("another", "eu-west-2").await;
    region.send("user", "u", "hello").await;
    region.send("probe", "p", "nonce").await;

    let report = region.read_stream().await;
    assert_eq!((report.messages, report.probes, report.sockets, report.pushed), (1, 1, 3, 3));
    assert_eq!(region.sockets.texts("user"), ["hello"]);
    assert_eq!(region.sockets.texts("probe"), ["nonce"]);
    assert_eq!(region.sockets.texts("another"), ["nonce"]);
    let pushed = &region.sockets.envelopes("another")[0];
    assert_eq!(pushed.messages[0].source, "us-east-1", "a probe's source is its observer");

    let history = region.history(100).await;
    assert_eq!(history.messages.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["u"]);
}

#[tokio::test]
async fn a_probe_alone_disturbs_no_user() {
    let region = Region::start("eu-west-2").await;
    region.connect("user").await;
    region.connect_probe("probe", "us-east-1").await;
    for n in 0..20 {
        region.send("probe", &format!("p-{n}"), "nonce").await;
    }
    let report = region.read_stream().await;
    assert_eq!((report.probes, report.sockets), (20, 1));
    assert!(region.sockets.envelopes("user").is_empty());
    assert!(region.history(100).await.messages.is_empty());
}

#[tokio::test]
async fn a_probes_row_ends_by_itself() {
    let region = Region::start("eu-west-2").await;
    region.connect("user").await;
    region.connect_probe("probe", "us-east-1").await;
    region.send("user", "u", "hello").await;
    region.send("probe", "p", "nonce").await;
    let batch = region.next_batch();
    let images: Vec<_> = batch.records.iter().map(|record| record.change.new_image.inner()).collect();
    assert!(!images[0].contains_key("expires"));
    let serde_dynamo::AttributeValue::N(expires) = &images[1]["expires"] else { panic!("{:?}", images[1]) };
    let left = expires.parse::<i64>().unwrap() - Timestamp::now().as_second();
    assert!((500..=600).contains(&left), "{left} s left");

    // A reader that was stopped for long does not bother with it.
    let later = region.chat.clone().with_clock(|| Timestamp::now() + 1.hour());
    let report = later.stream(batch).await;
    assert_eq!((report.messages, report.probes), (1, 0));
}

#[tokio::test]
async fn a_ticket_that_is_not_good_lets_nobody_in() {
    let region = Region::start("eu-west-2").await;
    let now = Timestamp::now();
    let good = ticket("us-east-1");
    let tickets = [
        sign("a secret of nobody", "us-east-1", now + 1.minute()),
        good.replace("us-east-1", "eu-west-2"),
        sign(SECRET, "us-east-1", now - 1.second()),
        sign(SECRET, "us-east-1", now + 11.minutes()),
        String::new(),
        "v1.us-east-1".to_owned(),
        "v1.\u{e9}.1.x".to_owned(),
    ];
    let mut reasons = Vec::new();
    for (n, ticket) in tickets.iter().enumerate() {
        let connection = format!("c{n}");
        let answer = region.websocket("$connect", &connection, Some(ticket), None).await;
        assert_eq!(answer.status, 403, "{ticket}");
        assert!(!region.knows(&connection).await, "{ticket}");
        reasons.push(answer.error());
    }
    insta::assert_snapshot!(reasons.join("\n"), @r"
    the probe ticket is not signed by a known secret
    the probe ticket is not signed by a known secret
    the probe ticket has expired
    the probe ticket expires more than 10 minutes ahead
    the probe ticket is malformed
    the probe ticket is malformed
    the probe ticket is malformed
    ");
    assert_eq!(region.websocket("$connect", "good", Some(&good), None).await.status, 200);
}

#[tokio::test]
async fn either_secret_of_a_rotation_is_good() {
    let region = Region::start("eu-west-2").await;
    for secret in &region.settings.probe_secrets {
        let ticket = sign(secret, "us-east-1", Timestamp::now() + 1.minute());
        assert_eq!(region.websocket("$connect", "c", Some(&ticket), None).await.status, 200);
    }
}
