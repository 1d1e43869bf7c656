//! `@connections` through the SDK.

use aws_sdk_apigatewaymanagement::error::ProvideErrorMetadata as _;
use aws_sdk_apigatewaymanagement::primitives::Blob;

use crate::harness::{Regions, User, connections, eventually};

#[tokio::test]
async fn a_socket_is_reached_asked_about_closed_and_then_gone() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let served = &regions.served[0];
    let client = connections(&served.aws.chat_endpoint(), "eu-west-2");
    let mut user = User::join(served.addr()).await;
    let rows = served.table().scan().table_name("connections").send().await.unwrap();
    let id = rows.items()[0]["connection_id"].as_s().unwrap().clone();

    let post = |data: Vec<u8>| client.post_to_connection().connection_id(&id).data(Blob::new(data)).send();
    post(br#"{"hello":1}"#.to_vec()).await.unwrap();
    assert_eq!(user.next().await.unwrap()["hello"], 1);
    assert!(post(vec![b'x'; 128 * 1024 + 1]).await.unwrap_err().into_service_error().is_payload_too_large_exception());
    let info = client.get_connection().connection_id(&id).send().await.unwrap();
    assert_eq!(info.identity().and_then(|identity| identity.source_ip()), Some("127.0.0.1"));
    assert!(info.connected_at().is_some() && info.last_active_at().is_some());

    client.delete_connection().connection_id(&id).send().await.unwrap();
    assert_eq!(user.next().await, None);
    eventually("the socket is gone", async || {
        post(b"{}".to_vec()).await.is_err_and(|error| error.into_service_error().is_gone_exception())
    })
    .await;
    let gone = client.get_connection().connection_id(&id).send().await.unwrap_err();
    assert_eq!(gone.code(), Some("GoneException"));
    eventually("its row is gone", async || served.table().scan().table_name("connections").send().await.unwrap().count() == 0).await;
}
