//! `@connections` of a socket that is gone. A live one is in the story, where there is a WebSocket API.

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::primitives::Blob;

use super::table::Asked;
use super::{Peer, REGION, came};

pub(super) async fn asked(peer: &Peer) -> Vec<Asked> {
    let shared = peer.shared(REGION).await;
    let config = match peer.name {
        // ministack serves the management API of an API below a path.
        "ministack" => Builder::from(&shared).endpoint_url(format!("{}/_aws/execute-api/abcdef12/live", peer.endpoint)),
        _ => Builder::from(&shared),
    };
    let client = Client::from_conf(config.build());
    let post = client.post_to_connection().connection_id("gone").data(Blob::new("hi")).send().await;
    let delete = client.delete_connection().connection_id("gone").send().await;
    vec![
        ("connections PostToConnection to one that is gone", "GoneException", came(post, |_| "taken".to_owned())),
        ("connections DeleteConnection of one that is gone", "GoneException", came(delete, |_| "taken".to_owned())),
    ]
}
