//! Two regions: the replica of a message is shown and pushed like a message of one's own, once.

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::region::Region;

/// What a global table does, by hand: every row written in `from` arrives in `to` unless a later one is there.
async fn replicate(from: &Region, to: &Region) {
    for record in from.table.stream(0) {
        let image = &record["dynamodb"]["NewImage"];
        if image["region"]["S"] != from.settings.region.as_str() {
            continue;
        }
        let item = image.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        let put = to.dynamodb.put_item().table_name("messages").set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(id) OR ts < :ts");
        let put = put.expression_attribute_values(":ts", attribute(&image["ts"])).send().await;
        let behind = put.as_ref().is_err_and(|error| error.code() == Some("ConditionalCheckFailedException"));
        assert!(put.is_ok() || behind, "{put:?}");
    }
}

fn attribute(value: &Value) -> AttributeValue {
    match (&value["S"], &value["N"]) {
        (Value::String(text), _) => AttributeValue::S(text.clone()),
        (_, Value::String(number)) => AttributeValue::N(number.clone()),
        _ => panic!("{value} is neither text nor number"),
    }
}

#[tokio::test]
async fn each_region_shows_and_pushes_the_messages_of_both() {
    let (london, portland) = tokio::join!(Region::start("eu-west-2"), Region::start("us-west-2"));
    london.connect("l").await;
    portland.connect("p").await;
    london.send("l", "a", "from London").await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    portland.send("p", "b", "from Portland").await;
    replicate(&london, &portland).await;
    replicate(&portland, &london).await;

    for region in [&london, &portland] {
        let history = region.history(100).await;
        assert_eq!(history.region, region.settings.region);
        let seen: Vec<_> = history.messages.iter().map(|m| (m.message.as_str(), m.region.as_str())).collect();
        assert_eq!(seen, [("from Portland", "us-west-2"), ("from London", "eu-west-2")]);
        assert_eq!(region.read_stream().await.messages, 2);
    }
    let [to_london, to_portland] = [london.sockets.envelopes("l"), portland.sockets.envelopes("p")];
    assert!(to_london.iter().all(|envelope| envelope.region == "eu-west-2"));
    assert!(to_portland.iter().all(|envelope| envelope.region == "us-west-2"));
    let mut texts = london.sockets.texts("l");
    texts.sort();
    assert_eq!(texts, ["from London", "from Portland"]);
}

#[tokio::test]
async fn an_id_sent_in_both_regions_while_replication_lags_becomes_one_message() {
    let (london, portland) = tokio::join!(Region::start("eu-west-2"), Region::start("us-west-2"));
    london.connect("l").await;
    portland.connect("p").await;
    assert_eq!(london.send("l", "a", "hi").await.body, "");
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    // The socket in London is lost; Portland has not heard of the message yet.
    assert_eq!(portland.send("p", "a", "hi").await.body, "");
    replicate(&london, &portland).await;
    replicate(&portland, &london).await;

    for region in [&london, &portland] {
        let messages = region.history(100).await.messages;
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].id.as_str(), messages[0].region.as_str()), ("a", "us-west-2"), "the last writer wins");
        // London's row was overwritten: a modification, which is not pushed again.
        assert_eq!(region.read_stream().await.messages, 1);
    }
    assert_eq!(london.sockets.texts("l"), ["hi"]);
    assert_eq!(portland.sockets.texts("p"), ["hi"]);
}
