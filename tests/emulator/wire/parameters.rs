//! SSM: the calls of the store, as it makes them, and the store itself on top.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use decision::{DOCUMENT_BYTES_MAX, Intent, RegionName, ServiceName};
use store::Store;

use super::table::Asked;
use super::{ELSEWHERE, Peer, REGION, came};

const NAME: &str = "/failover/wire/votes";

pub(super) async fn asked(peer: &Peer) -> Vec<Asked> {
    let client = Client::new(&peer.shared(REGION).await);
    let mut asked = vec![
        ("ssm GetParameter of nothing", "ParameterNotFound", get(&client, NAME).await),
        ("ssm GetParameterHistory of nothing", "ParameterNotFound", history(&client, NAME).await),
        ("ssm PutParameter, new, not over anything", "version 1", put(&client, NAME, "one", false).await),
        ("ssm PutParameter, not over what is there", "ParameterAlreadyExists", put(&client, NAME, "two", false).await),
        ("ssm PutParameter over it", "version 2", put(&client, NAME, "two", true).await),
        ("ssm GetParameter", "two, version 2", get(&client, NAME).await),
        ("ssm GetParameter of version 1", "one, version 1", get(&client, &format!("{NAME}:1")).await),
        ("ssm GetParameter of version 9", "ParameterVersionNotFound", get(&client, &format!("{NAME}:9")).await),
        ("ssm GetParameterHistory", "1 one, 2 two", history(&client, NAME).await),
        ("ssm PutParameter, as large as it may be", "version 3", put(&client, NAME, &"x".repeat(DOCUMENT_BYTES_MAX), true).await),
        ("ssm PutParameter, one byte larger", "ValidationException", put(&client, NAME, &"x".repeat(DOCUMENT_BYTES_MAX + 1), true).await),
        ("ssm PutParameter of double braces", "ValidationException", put(&client, NAME, "{{x}}", true).await),
    ];
    for region in 0..11 {
        put(&client, &format!("/failover/wire/intents/region-{region:02}"), "intent", true).await;
    }
    put(&client, "/failover/wire/intents/below/it", "not listed", true).await;
    asked.push(("ssm GetParametersByPath, eleven and one below", "10 and 1", by_path(&client).await));
    for _ in 0..105 {
        put(&client, "/failover/wire/often", "again", true).await;
    }
    asked.push(("ssm GetParameterHistory after 105 writes", "100, the last 105", often(&client).await));
    if peer.name != "world" {
        // A region of the world is an endpoint of its own.
        let other = Client::new(&peer.shared(ELSEWHERE).await);
        asked.push(("ssm GetParameter in another region", "ParameterNotFound", get(&other, NAME).await));
    }
    asked.extend(stored(peer).await);
    asked
}

/// Intents by way of the store, which reads, writes, and looks at what it overwrote.
async fn stored(peer: &Peer) -> Vec<Asked> {
    let (service, region) = (ServiceName::new("wire-store").unwrap(), RegionName::new(REGION).unwrap());
    let client = store::ssm_client(&peer.shared(REGION).await, &region, Some(&peer.endpoint));
    let store = Store::new(service, region, client);
    let said = |done: Result<(), store::StoreError>| match done {
        Ok(()) => "stands".to_owned(),
        Err(store::StoreError::Behind { stored, offered, .. }) => format!("{offered} is behind {stored}"),
        Err(other) => store::in_one_line(&other),
    };
    vec![
        ("store: an intent", "stands", said(store.put_intent(&intent(1)).await)),
        ("store: the same again", "stands", said(store.put_intent(&intent(1)).await)),
        ("store: a newer one", "stands", said(store.put_intent(&intent(3)).await)),
        ("store: a late one", "2 is behind 3", said(store.put_intent(&intent(2)).await)),
        ("store: what is listed", "eu-west-2 at 3", {
            let found = store
                .intents()
                .await
                .map(|found| found.values().map(|one| format!("{} at {}", one.region, one.generation)).collect::<Vec<_>>().join(", "));
            found.unwrap_or_else(|error| store::in_one_line(&error))
        }),
        ("store: the log", "1, 3", {
            let found = store.intent_history(&RegionName::new(REGION).unwrap()).await;
            found.map_or_else(
                |error| store::in_one_line(&error),
                |history| {
                    let generations = history
                        .versions()
                        .iter()
                        .filter_map(|version| version.document.as_ref().ok())
                        .map(|intent| intent.generation.to_string());
                    generations.collect::<Vec<_>>().join(", ")
                },
            )
        }),
        ("store: a rehearsal, twice", "Written, Allowed", {
            let (first, second) = (store.rehearse_intent().await, store.rehearse_intent().await);
            match (first, second) {
                (Ok(first), Ok(second)) => format!("{first:?}, {second:?}"),
                (Err(error), _) | (_, Err(error)) => store::in_one_line(&error),
            }
        }),
    ]
}

fn intent(generation: u64) -> Intent {
    let text = serde_json::json!({
        "schema": "failover/v1", "service": "wire-store", "region": REGION, "id": format!("id-{generation}"), "generation": generation, "kind": "drain",
        "actor": "ada", "reason": "a drill with {{braces}}", "recorded_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-01T04:00:00Z"
    });
    serde_json::from_value(text).unwrap()
}

async fn get(client: &Client, name: &str) -> String {
    came(client.get_parameter().name(name).send().await, |output| {
        let found = output.parameter.unwrap();
        format!("{}, version {}", found.value.unwrap_or_default(), found.version)
    })
}

async fn put(client: &Client, name: &str, text: &str, over: bool) -> String {
    let call = client.put_parameter().name(name).value(text).r#type(ParameterType::String).tier(ParameterTier::Standard).overwrite(over);
    came(call.send().await, |output| format!("version {}", output.version))
}

async fn history(client: &Client, name: &str) -> String {
    came(client.get_parameter_history().name(name).max_results(50).send().await, |output| {
        let mut found: Vec<_> =
            output.parameters().iter().map(|one| format!("{} {}", one.version, one.value().unwrap_or_default())).collect();
        found.sort();
        found.join(", ")
    })
}

async fn by_path(client: &Client) -> String {
    let (mut pages, mut token) = (Vec::new(), None);
    loop {
        let call = client.get_parameters_by_path().path("/failover/wire/intents").max_results(10).set_next_token(token);
        match call.send().await {
            Ok(page) => {
                pages.push(page.parameters().len().to_string());
                token = page.next_token.filter(|token| !token.is_empty());
            }
            failed => return came(failed, |_| String::new()),
        }
        if token.is_none() || pages.len() > 5 {
            return pages.join(" and ");
        }
    }
}

async fn often(client: &Client) -> String {
    let (mut versions, mut token) = (Vec::new(), None);
    loop {
        match client.get_parameter_history().name("/failover/wire/often").max_results(50).set_next_token(token).send().await {
            Ok(page) => {
                versions.extend(page.parameters().iter().map(|one| one.version));
                token = page.next_token.filter(|token| !token.is_empty());
            }
            failed => return came(failed, |_| String::new()),
        }
        if token.is_none() || versions.len() > 200 {
            return format!("{}, the last {}", versions.len(), versions.iter().max().copied().unwrap_or_default());
        }
    }
}
