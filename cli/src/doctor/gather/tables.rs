//! The table of messages in one region.

use std::collections::BTreeMap;

use decision::RegionName;

use super::{Asking, aws_region};
use crate::doctor::facts::{Fact, Table, Unread};

/// Asks DynamoDB of a region.
pub(super) async fn read(asking: &Asking<'_>, region: &RegionName) -> Fact<Table> {
    let name = asking.config.messages_table();
    let config = aws_sdk_dynamodb::config::Builder::from(&asking.caller.aws).region(aws_region(region)).build();
    let call = aws_sdk_dynamodb::Client::from_conf(config).describe_table().table_name(&name).send();
    let table = asking.caller.ask(call).await?.table.ok_or_else(|| Unread::no_answer("an answer without a table"))?;
    let word = |status: Option<&str>| status.unwrap_or("UNKNOWN").to_owned();
    let replicas: BTreeMap<String, String> = table
        .replicas
        .unwrap_or_default()
        .into_iter()
        .filter_map(|replica| Some((replica.region_name?, word(replica.replica_status.as_ref().map(|status| status.as_str())))))
        .collect();
    let stream = table.stream_specification.filter(|stream| stream.stream_enabled);
    Ok(Table {
        name,
        status: word(table.table_status.as_ref().map(|status| status.as_str())),
        replicas,
        stream_arn: table.latest_stream_arn,
        stream: stream.map(|stream| word(stream.stream_view_type.as_ref().map(|view| view.as_str()))),
    })
}
