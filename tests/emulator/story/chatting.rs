//! Two users in two regions, by the names that clients use: REST and WebSocket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::deployment::{DOMAIN, Deployment};
use crate::http;

/// How long a message may take through Lambda, table, replica, stream and Lambda, all of which start cold.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);

/// A user's socket.
struct User(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl User {
    async fn join(deployment: &Deployment, region: &str) -> Self {
        let address = deployment.address(&format!("{region}.api-ws.{DOMAIN}")).replacen("http", "ws", 1);
        let (socket, _) = connect_async(&address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        Self(socket)
    }

    async fn say(&mut self, id: &str, text: &str) {
        let frame = json!({ "action": "send", "id": id, "message": text }).to_string();
        self.0.send(Message::text(frame)).await.unwrap();
    }

    /// Waits for a message by its id.
    async fn hears(&mut self, id: &str) -> Value {
        let heard = async {
            loop {
                let frame = self.0.next().await.expect("the socket stays open").unwrap();
                let Message::Text(text) = frame else { continue };
                let told: Value = serde_json::from_str(&text).unwrap();
                if let Some(message) = told["messages"].as_array().into_iter().flatten().find(|message| message["id"] == id) {
                    return message.clone();
                }
                assert!(told.get("error").is_none(), "{told}");
            }
        };
        tokio::time::timeout(ARRIVES_WITHIN, heard).await.unwrap_or_else(|_| panic!("{id} did not arrive within {ARRIVES_WITHIN:?}"))
    }
}

/// A message written in London is heard in Ireland and in London, once it is in the history of both.
pub(super) async fn two_users_meet(deployment: &Deployment) {
    let (mut london, mut dublin) = (User::join(deployment, "eu-west-2").await, User::join(deployment, "eu-west-1").await);
    london.say("hello", "Hello from London").await;
    for user in [&mut dublin, &mut london] {
        let heard = user.hears("hello").await;
        assert_eq!((&heard["message"], &heard["region"]), (&json!("Hello from London"), &json!("eu-west-2")));
    }
    for name in ["eu-west-1.api", "eu-west-2.api", "us-east-1.api", "api"] {
        let history = http::get(&format!("{}/history", deployment.address(&format!("{name}.{DOMAIN}")))).await.unwrap();
        assert_eq!(history.status, 200, "{name}: {}", history.body);
        let history: Value = serde_json::from_str(&history.body).unwrap();
        assert_eq!(history["messages"][0]["id"], "hello", "{name}: {history}");
    }
    for region in ["eu-west-1", "eu-west-2"] {
        let health = http::get(&format!("{}/health", deployment.address(&format!("{region}.api.{DOMAIN}")))).await.unwrap();
        assert_eq!((health.status, health.body.as_str()), (200, "Ok"));
    }
}
