//! The two tables, for one machine and for tests. A deployment makes its own of the same shape.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    StreamSpecification, StreamViewType, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use tokio::time::{Instant, sleep};

use crate::deadlines::Deadlines;
use crate::messages::INDEX;
use crate::settings::Settings;

/// How long a table may take to come up.
const ACTIVE_WITHIN: Duration = Duration::from_secs(60);

/// The pause between two looks at a table that is coming up.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One call. Making a table takes longer than using one.
const CALL: Duration = Duration::from_secs(10);

/// The attribute by which DynamoDB deletes old rows, in unix seconds.
const TTL_ATTRIBUTE: &str = "expires";

/// A table could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateTablesError {
    /// DynamoDB refused a call, or did not answer.
    #[error("table {table}: cannot {act}")]
    Failed {
        /// The table's name.
        table: String,
        /// What was tried.
        act: &'static str,
        /// What the SDK says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It was made and did not come up.
    #[error("table {table} was not active within {} s", ACTIVE_WITHIN.as_secs())]
    NotActive {
        /// The table's name.
        table: String,
    },
}

/// Makes the messages table and the connections table of one region. Tables that exist are left as they are, except that
/// their TTL is switched on: running it twice changes nothing.
///
/// The messages table streams old and new images, since a global table needs both (DynamoDB, requirements for global
/// tables), though the stream reader only looks at the new one.
///
/// # Errors
/// DynamoDB refuses, does not answer within its deadline, or a table does not come up within a minute.
pub async fn create_tables(client: &Client, settings: &Settings) -> Result<(), CreateTablesError> {
    let client = Deadlines { table: CALL, ..Deadlines::default() }.dynamodb(client);
    let messages = || {
        let index = GlobalSecondaryIndex::builder()
            .index_name(INDEX)
            .key_schema(key("type", KeyType::Hash)?)
            .key_schema(key("ts", KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .build()?;
        let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages).build()?;
        let table = client.create_table().key_schema(key("id", KeyType::Hash)?);
        let table = table.attribute_definitions(attribute("id", ScalarAttributeType::S)?);
        let table = table.attribute_definitions(attribute("type", ScalarAttributeType::S)?);
        let table = table.attribute_definitions(attribute("ts", ScalarAttributeType::N)?);
        Ok(table.global_secondary_indexes(index).stream_specification(stream))
    };
    let connections = || {
        let table = client.create_table().key_schema(key("connection_id", KeyType::Hash)?);
        Ok(table.attribute_definitions(attribute("connection_id", ScalarAttributeType::S)?))
    };
    create(&client, &settings.messages_table, messages()).await?;
    create(&client, &settings.connections_table, connections()).await
}

async fn create(client: &Client, table: &str, request: Result<CreateTableFluentBuilder, BuildError>) -> Result<(), CreateTablesError> {
    let request = request.map_err(failed(table, "describe it"))?;
    if let Err(error) = request.table_name(table).billing_mode(BillingMode::PayPerRequest).send().await {
        let exists = error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception);
        if !exists {
            return Err(failed(table, "create it")(error));
        }
    }
    wait_until_active(client, table).await?;
    switch_ttl_on(client, table).await
}

async fn wait_until_active(client: &Client, table: &str) -> Result<(), CreateTablesError> {
    let deadline = Instant::now() + ACTIVE_WITHIN;
    loop {
        let answer = client.describe_table().table_name(table).send().await.map_err(failed(table, "look at it"))?;
        if answer.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
            return Ok(());
        }
        if Instant::now() + LOOK_AGAIN > deadline {
            return Err(CreateTablesError::NotActive { table: table.to_owned() });
        }
        sleep(LOOK_AGAIN).await;
    }
}

async fn switch_ttl_on(client: &Client, table: &str) -> Result<(), CreateTablesError> {
    let answer = client.describe_time_to_live().table_name(table).send().await.map_err(failed(table, "look at its TTL"))?;
    let status = answer.time_to_live_description().and_then(|ttl| ttl.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().attribute_name(TTL_ATTRIBUTE).enabled(true).build();
    let ttl = ttl.map_err(failed(table, "describe its TTL"))?;
    let updated = client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await;
    updated.map(|_| ()).map_err(failed(table, "switch its TTL on"))
}

fn failed<E: Error + Send + Sync + 'static>(table: &str, act: &'static str) -> impl FnOnce(E) -> CreateTablesError {
    let table = table.to_owned();
    move |source| CreateTablesError::Failed { table, act, source: Box::new(source) }
}

fn key(name: &str, key_type: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(key_type).build()
}

fn attribute(name: &str, of: ScalarAttributeType) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(of).build()
}
