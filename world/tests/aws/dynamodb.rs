//! DynamoDB through the SDK: the engine is reached, and fails when it is told to.

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;
use world::fault::Component;

use crate::harness::{MESSAGES, Regions};

#[tokio::test]
async fn tables_answer_fail_and_heal() {
    let regions = Regions::start(&["eu-west-2"]).await;
    let table = regions.served[0].table();
    let put = |id: &'static str| {
        let put = table.put_item().table_name(MESSAGES).item("id", AttributeValue::S(id.to_owned()));
        put.condition_expression("attribute_not_exists(id)").send()
    };
    put("a").await.unwrap();
    assert!(put("a").await.unwrap_err().into_service_error().is_conditional_check_failed_exception());

    regions.break_(0, Component::Table);
    let failed = put("b").await.unwrap_err();
    assert_eq!(failed.raw_response().map(|response| response.status().as_u16()), Some(500));
    assert!(failed.into_service_error().is_internal_server_error());
    regions.heal(0, Component::Table);
    put("b").await.unwrap();
    assert_eq!(table.scan().table_name(MESSAGES).send().await.unwrap().count(), 2);
    let unknown = table.query().table_name("nothing").send().await.unwrap_err();
    assert!(unknown.code().is_some());
}
