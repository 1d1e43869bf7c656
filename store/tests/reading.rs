//! What comes back from SSM: whole documents, or an error that says why not. Real HTTP, unmodified SDK.

mod documents;
mod ssm;

use documents::{OBSERVED, VOTES, chat, intent, london, observed, oregon, region, store, votes};
use ssm::{Fault, Ssm};
use std::time::{Duration, Instant};
use store::{Flaw, StoreError};

const INTENTS: &str = "/failover/chat/intents";

#[tokio::test]
async fn what_was_never_written_is_none_and_not_an_error() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    assert!(store.observed().await.unwrap().is_none());
    assert!(store.votes().await.unwrap().is_none());
    assert!(store.intents().await.unwrap().is_empty());
    assert!(store.intent_history(&oregon()).await.unwrap().versions().is_empty());
    assert!(store.votes_history().await.unwrap().versions().is_empty());
    assert!(store.observed_history().await.unwrap().versions().is_empty());
}

#[tokio::test]
async fn every_document_comes_back_as_it_was_written() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_observed(&observed(&london(), 1)).await.unwrap();
    store.put_votes(&votes(&london(), 7)).await.unwrap();
    store.put_intent(&intent(&oregon(), 3, "a")).await.unwrap();
    assert_eq!(store.observed().await.unwrap(), Some(observed(&london(), 1)));
    assert_eq!(store.votes().await.unwrap(), Some(votes(&london(), 7)));
    assert_eq!(store.intents().await.unwrap().into_iter().collect::<Vec<_>>(), [(oregon(), intent(&oregon(), 3, "a"))]);
    assert_eq!(ssm.with(|all| (all.texts(OBSERVED).len(), all.texts(VOTES).len())), (1, 1));
}

#[tokio::test]
async fn a_reason_with_double_braces_is_stored_although_ssm_refuses_them() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    let mut drain = intent(&oregon(), 1, "a");
    drain.reason = "see {{{ssm:runbook}}} {{}}".to_owned();
    store.put_intent(&drain).await.unwrap();
    assert_eq!(store.intents().await.unwrap()[&oregon()], drain);
}

#[tokio::test]
async fn one_malformed_intent_does_not_hide_the_others() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    store.put_intent(&intent(&oregon(), 3, "a")).await.unwrap();
    let foreign = serde_json::to_string(&intent(&oregon(), 9, "b")).unwrap();
    let extra = foreign.replace("us-west-2", "ap-south-1").replacen('{', r#"{"surprise":1,"#, 1);
    ssm.with(|all| {
        all.put(&format!("{INTENTS}/eu-west-2"), &foreign);
        all.put(&format!("{INTENTS}/ap-south-1"), &extra);
        all.put(&format!("{INTENTS}/sa-east-1"), "{\"schema\":");
        all.put(&format!("{INTENTS}/elsewhere"), "{}");
    });
    let found = store.intents_with_flaws().await.unwrap();
    assert_eq!(found.by_region.into_keys().collect::<Vec<_>>(), [oregon()]);
    let flaws: Vec<String> = found.malformed.iter().map(|(name, flaw)| format!("{name}: {flaw}")).collect();
    insta::assert_snapshot!(flaws.join("\n"), @r"
    /failover/chat/intents/ap-south-1: it cannot be parsed
    /failover/chat/intents/elsewhere: its name does not end in a region
    /failover/chat/intents/eu-west-2: its region is us-west-2, and should be eu-west-2
    /failover/chat/intents/sa-east-1: it cannot be parsed
    ");
    assert_eq!(store.intents().await.unwrap().len(), 1);
}

#[tokio::test]
async fn text_from_outside_is_limited_before_it_is_believed() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    let whole = serde_json::to_string(&votes(&london(), 1)).unwrap();
    for (bad, flaw) in [
        (whole.replace("\"chat\"", "\"shop\""), "its service is shop, and should be chat"),
        (whole.replace("eu-west-2", "us-west-2"), "its observer is us-west-2, and should be eu-west-2"),
        (whole.replace("failover/v1", "failover/v2"), "it cannot be parsed"),
        (whole.replace("0123456789abcdef", &"f".repeat(65)), "it cannot be parsed"),
        (format!("{}{whole}", " ".repeat(4096)), "it has 4262 bytes; no document of ours has more than 4096"),
        ("[".repeat(4000), "it cannot be parsed"),
    ] {
        ssm.with(|all| all.put(VOTES, &bad));
        match store.votes().await {
            Err(StoreError::Malformed { source, .. }) if source.to_string() == flaw => {}
            other => panic!("{bad}: {other:?}, and not {flaw}"),
        }
    }
}

#[tokio::test]
async fn a_listing_is_read_over_all_its_pages_but_not_forever() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    for number in 0..25 {
        let place = region(&format!("eu-north-{number}"));
        ssm.with(|all| all.put(&format!("{INTENTS}/{place}"), &serde_json::to_string(&intent(&place, 1, "a")).unwrap()));
    }
    assert_eq!(store.intents().await.unwrap().len(), 25);
    for number in 25..60 {
        ssm.with(|all| all.put(&format!("{INTENTS}/eu-north-{number}"), "{}"));
    }
    assert!(matches!(store.intents().await, Err(StoreError::Malformed { source: Flaw::Endless, .. })));
}

#[tokio::test]
async fn history_is_oldest_first_over_pages_and_leaves_out_what_cannot_be_read() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    let name = format!("{INTENTS}/us-west-2");
    for generation in 1..=130 {
        let text = serde_json::to_string(&intent(&oregon(), generation, "a")).unwrap();
        ssm.with(|all| all.put(&name, if generation == 120 { "junk" } else { &text }));
    }
    let generations: Vec<u64> =
        store.intent_history(&oregon()).await.unwrap().into_documents().iter().map(|intent| intent.generation).collect();
    assert_eq!(generations, (31..=130).filter(|generation| *generation != 120).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_way_to_fail_has_its_own_case() {
    let mut ssm = Ssm::start().await;
    let store = store(&ssm, &london()).with_deadline(Duration::from_millis(400));
    for (fault, case) in [
        (Fault::Throttle, "throttled"),
        (Fault::Deny, "denied"),
        (Fault::Expired, "denied"),
        (Fault::Quota, "refused"),
        (Fault::Error, "unreachable"),
        (Fault::Cut, "unreachable"),
        (Fault::Junk, "unreachable"),
        (Fault::Hang, "unreachable"),
    ] {
        ssm.fault(fault);
        assert_eq!(word(&store.votes().await.unwrap_err()), case, "{fault:?}");
        assert_eq!(word(&store.intents().await.unwrap_err()), case, "{fault:?}");
        assert_eq!(word(&store.votes_history().await.unwrap_err()), case, "{fault:?}");
    }
    ssm.fault(None);
    ssm.stop().await;
    assert_eq!(word(&store.votes().await.unwrap_err()), "unreachable");
}

#[tokio::test]
async fn an_error_names_the_parameter_and_the_observer_and_its_source_says_why() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    ssm.fault(Fault::Deny);
    let error = store.votes().await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    insta::assert_snapshot!(format!("{error}\n{source}"), @r"
    /failover/chat/votes: access to SSM in eu-west-2 is denied
    AccessDeniedException: User is not authorized to perform this
    ");
}

#[tokio::test]
async fn a_read_that_fails_once_is_tried_again_and_one_that_keeps_failing_is_not_tried_forever() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london());
    ssm.fault(Fault::Throttle);
    store.votes().await.unwrap_err();
    assert_eq!(ssm.calls("GetParameter"), 2);
}

#[tokio::test]
async fn no_read_outlives_its_deadline() {
    let ssm = Ssm::start().await;
    let store = store(&ssm, &london()).with_deadline(Duration::from_millis(200));
    ssm.fault(Fault::Hang);
    let began = Instant::now();
    store.observed().await.unwrap_err();
    assert!(began.elapsed() >= Duration::from_millis(190), "{:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn without_credentials_access_is_denied_and_not_a_question_of_the_network() {
    let ssm = Ssm::start().await;
    let shared = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .credentials_provider(aws_sdk_ssm::config::SharedCredentialsProvider::new(NoCredentials))
        .build();
    let config = aws_sdk_ssm::config::Builder::from(&shared)
        .region(aws_config::Region::from_static("eu-west-2"))
        .endpoint_url(ssm.endpoint())
        .http_client(store::http_client())
        .build();
    let store = store::Store::new(chat(), london(), aws_sdk_ssm::Client::from_conf(config));
    assert_eq!(word(&store.votes().await.unwrap_err()), "denied");
    assert_eq!(word(&store.put_votes(&votes(&london(), 1)).await.unwrap_err()), "denied");
    assert_eq!(ssm.calls("GetParameter"), 0);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_no_connection() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let ring = std::sync::Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let server = tokio_rustls::rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let handshakes = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.err().map(|error| error.to_string())
    });
    let credentials = aws_sdk_ssm::config::Credentials::new("id", "secret", None, None, "test");
    let shared = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .credentials_provider(aws_sdk_ssm::config::SharedCredentialsProvider::new(credentials))
        .build();
    let store = store::Store::new(chat(), london(), store::ssm_client(&shared, &london(), Some(&endpoint)));
    assert_eq!(word(&store.put_votes(&votes(&london(), 1)).await.unwrap_err()), "unreachable");
    let alert = handshakes.await.unwrap().unwrap();
    assert!(alert.contains("UnknownCA"), "{alert}");
}

#[derive(Debug)]
struct NoCredentials;

impl aws_sdk_ssm::config::ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error = aws_credential_types::provider::error::CredentialsError::not_loaded("none on this machine");
        aws_credential_types::provider::future::ProvideCredentials::ready(Err(error))
    }
}

fn word(error: &StoreError) -> &'static str {
    match error {
        StoreError::Behind { .. } => "behind",
        StoreError::Unreachable { .. } => "unreachable",
        StoreError::Throttled { .. } => "throttled",
        StoreError::Denied { .. } => "denied",
        StoreError::Refused { .. } => "refused",
        StoreError::Malformed { .. } => "malformed",
        StoreError::TooLarge { .. } => "too large",
        StoreError::Indefinite { .. } => "indefinite",
    }
}
