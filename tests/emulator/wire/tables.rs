//! DynamoDB: the chat API on top of it, by its own events, and its calls with the conditions that it relies on.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chat::{Chat, Settings};
use serde_json::{Value, json};

use super::table::Asked;
use super::{Peer, REGION, came};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub(super) async fn asked(peer: &Peer) -> Vec<Asked> {
    let shared = peer.shared(REGION).await;
    let client = Client::new(&shared);
    let settings = Settings {
        region: REGION.to_owned(),
        messages_table: "wire-messages".to_owned(),
        connections_table: "wire-connections".to_owned(),
        probe_secrets: vec![SECRET.to_owned()],
    };
    let made = |done: Result<(), chat::CreateTablesError>| done.map_or_else(|error| store::in_one_line(&error), |()| "there".to_owned());
    let mut asked = vec![
        ("chat: make the tables", "there", made(chat::create_tables(&client, &settings).await)),
        ("chat: make them again", "there", made(chat::create_tables(&client, &settings).await)),
    ];
    let chat = Chat::new(settings, client.clone(), aws_sdk_apigatewaymanagement::Client::new(&shared));
    asked.extend([
        ("chat: an empty history", "200, 0 messages", history(&chat).await),
        ("chat: a frame of a socket that nobody knows", "410", frame(&chat, "ghost", "a", "hi").await),
        ("chat: a socket opens", "200", socket(&chat, "$connect", "one").await),
        ("chat: it sends", "200", frame(&chat, "one", "a", "hi").await),
        ("chat: it sends the same again", "200 with the message", frame(&chat, "one", "a", "hi").await),
        ("chat: another text under that id", "409", frame(&chat, "one", "a", "ho").await),
        ("chat: and another message", "200", frame(&chat, "one", "b", "hello").await),
        ("chat: the history", "200, 2 messages", history(&chat).await),
        ("chat: a heartbeat", "200 n1", heartbeat(&chat, "n1").await),
        ("chat: the next heartbeat", "200 n2", heartbeat(&chat, "n2").await),
        ("chat: the heartbeats are not in the history", "200, 2 messages", history(&chat).await),
        ("chat: the socket closes", "200", socket(&chat, "$disconnect", "one").await),
        ("chat: and is not known any more", "410", frame(&chat, "one", "c", "hi").await),
        ("dynamodb PutItem on a condition that fails, asking for what is there", "hi", condition(&client).await),
        ("dynamodb DescribeTable of nothing", "ResourceNotFoundException", {
            came(client.describe_table().table_name("nothing").send().await, |_| "a table".to_owned())
        }),
        ("dynamodb DescribeTable", "ACTIVE, streams NEW_AND_OLD_IMAGES", describe(&client).await),
        ("dynamodb DescribeTimeToLive", "ENABLED", {
            let call = client.describe_time_to_live().table_name("wire-messages");
            came(call.send().await, |output| {
                output
                    .time_to_live_description
                    .and_then(|ttl| ttl.time_to_live_status)
                    .map_or("nothing".to_owned(), |status| status.to_string())
            })
        }),
    ]);
    asked
}

async fn rest(chat: &Chat, method: &str, path: &str, headers: Value, body: Option<&str>) -> (i64, Value) {
    let event = json!({
        "version": "2.0", "rawPath": path, "headers": headers, "isBase64Encoded": false, "body": body,
        "requestContext": { "http": { "method": method, "path": path }, "stage": "$default", "timeEpoch": 0 },
    });
    let answer = serde_json::to_value(chat.rest(serde_json::from_value(event).unwrap()).await).unwrap();
    let body = answer["body"].as_str().unwrap_or_default();
    (answer["statusCode"].as_i64().unwrap_or_default(), serde_json::from_str(body).unwrap_or_else(|_| json!(body)))
}

async fn history(chat: &Chat) -> String {
    let (status, body) = rest(chat, "GET", "/history", json!({}), None).await;
    match body["messages"].as_array() {
        Some(messages) => format!("{status}, {} messages", messages.len()),
        None => format!("{status} {body}"),
    }
}

async fn heartbeat(chat: &Chat, nonce: &str) -> String {
    let ticket = chat::sign(SECRET, REGION, jiff::Timestamp::now() + jiff::SignedDuration::from_secs(30));
    let body = json!({ "nonce": nonce }).to_string();
    let (status, body) = rest(chat, "POST", "/probe/table", json!({ (chat::TICKET_HEADER): ticket }), Some(&body)).await;
    format!("{status} {}", body["nonce"].as_str().map_or_else(|| body.to_string(), str::to_owned))
}

async fn socket(chat: &Chat, route: &str, connection: &str) -> String {
    said(chat, route, connection, None).await
}

async fn frame(chat: &Chat, connection: &str, id: &str, text: &str) -> String {
    said(chat, "$default", connection, Some(json!({ "action": "send", "id": id, "message": text }).to_string())).await
}

async fn said(chat: &Chat, route: &str, connection: &str, body: Option<String>) -> String {
    let event = json!({
        "requestContext": { "routeKey": route, "connectionId": connection, "stage": "live", "connectedAt": 0, "requestTimeEpoch": 0 },
        "headers": {}, "multiValueHeaders": {}, "isBase64Encoded": false, "body": body,
    });
    let answer = serde_json::to_value(chat.websocket(serde_json::from_value(event).unwrap()).await).unwrap();
    let (status, body) = (answer["statusCode"].to_string(), answer["body"].as_str().unwrap_or_default());
    if body.contains("\"messages\"") { format!("{status} with the message") } else { status }
}

async fn condition(client: &Client) -> String {
    let put = client
        .put_item()
        .table_name("wire-messages")
        .item("id", AttributeValue::S("a".to_owned()))
        .condition_expression("attribute_not_exists(id)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match put.send().await {
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(taken)) => {
                let found = taken.item().and_then(|item| item.get("message")).and_then(|text| text.as_s().ok());
                found.cloned().unwrap_or_else(|| "the condition failed, without what is there".to_owned())
            }
            _ => came(Err::<(), _>(error), |()| String::new()),
        },
        Ok(_) => "stored".to_owned(),
    }
}

async fn describe(client: &Client) -> String {
    came(client.describe_table().table_name("wire-messages").send().await, |output| {
        let table = output.table.unwrap();
        let stream = table.stream_specification().and_then(|stream| stream.stream_view_type()).map_or("nothing", |view| view.as_str());
        format!("{}, streams {stream}", table.table_status().map_or("nothing", |status| status.as_str()))
    })
}
