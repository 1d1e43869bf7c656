//! SSM through the SDK: shapes, errors, paging, faults.

use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use world::aws::Operation;
use world::fault::Component;

use crate::harness::{alone, eventually, history, name, ssm};

#[tokio::test]
async fn a_parameter_goes_round() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let client = ssm(&aws.endpoint(), "eu-west-2");
    let put = |value: &'static str, overwrite| {
        client.put_parameter().name("/failover/chat/votes").value(value).r#type(ParameterType::String).overwrite(overwrite).send()
    };
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert_eq!(put("one", false).await.unwrap().version, 1);
    assert!(put("two", false).await.unwrap_err().into_service_error().is_parameter_already_exists());
    assert_eq!(put("two", true).await.unwrap().version, 2);

    let get = |name: &'static str| client.get_parameter().name(name).send();
    let parameter = get("/failover/chat/votes").await.unwrap().parameter.unwrap();
    assert_eq!((parameter.value(), parameter.version(), parameter.selector()), (Some("two"), 2, None));
    assert_eq!(parameter.arn(), Some("arn:aws:ssm:eu-west-2:000000000000:parameter/failover/chat/votes"));
    assert_eq!((parameter.r#type(), parameter.data_type()), (Some(&ParameterType::String), Some("text")));
    assert!((parameter.last_modified_date().unwrap().as_secs_f64() - before).abs() < 60.0);
    let first = get("/failover/chat/votes:1").await.unwrap().parameter.unwrap();
    assert_eq!((first.value(), first.selector()), (Some("one"), Some(":1")));
    assert!(get("/failover/chat/votes:3").await.unwrap_err().into_service_error().is_parameter_version_not_found());
    assert!(get("/failover/chat/none").await.unwrap_err().into_service_error().is_parameter_not_found());

    let both = client.get_parameters().names("/failover/chat/votes").names("/none").send().await.unwrap();
    assert_eq!((both.parameters().len(), both.invalid_parameters()), (1, &["/none".to_owned()][..]));

    client.delete_parameter().name("/failover/chat/votes").send().await.unwrap();
    let again = client.delete_parameter().name("/failover/chat/votes").send().await;
    assert!(again.unwrap_err().into_service_error().is_parameter_not_found());
    assert!(get("/failover/chat/votes").await.unwrap_err().into_service_error().is_parameter_not_found());
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let client = ssm(&aws.endpoint(), "eu-west-2");
    let put = async |name: &str, value: &str, kind| {
        let answer = client.put_parameter().name(name).value(value).r#type(kind).send().await;
        answer.map(|output| output.version).map_err(|error| error.into_service_error().code().unwrap_or_default().to_owned())
    };
    let long = "x".repeat(4097);
    let refused = Err("ValidationException".to_owned());
    assert_eq!(put("/a", &long, ParameterType::String).await, refused);
    assert_eq!(put("/a", &long[..4096], ParameterType::String).await, Ok(1));
    assert_eq!(put("/b", &"ü".repeat(4096), ParameterType::String).await, Ok(1), "the limit counts characters");
    assert_eq!(put("/c", "", ParameterType::String).await, refused);
    assert_eq!(put("/a b", "x", ParameterType::String).await, refused);
    assert_eq!(put("a/b", "x", ParameterType::String).await, refused);
    assert_eq!(put("/aws/x", "x", ParameterType::String).await, refused);
    assert_eq!(put("/s", "x", ParameterType::SecureString).await, Err("UnsupportedParameterType".to_owned()));
    assert_eq!(put("/l", "x,y", ParameterType::StringList).await, Ok(1));
    let untyped = client.put_parameter().name("/untyped").value("x").send().await;
    assert_eq!(untyped.unwrap_err().into_service_error().code(), Some("ValidationException"));
    let pages = client.get_parameters_by_path().path("/").max_results(11).send().await;
    assert_eq!(pages.unwrap_err().into_service_error().code(), Some("ValidationException"));
    let token = client.get_parameters_by_path().path("/").next_token("?").send().await;
    assert!(token.unwrap_err().into_service_error().is_invalid_next_token());
}

#[tokio::test]
async fn a_path_is_read_page_by_page() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let client = ssm(&aws.endpoint(), "eu-west-2");
    let mut expected: Vec<String> = (0..25).map(|number| format!("/failover/chat/intents/r-{number:02}")).collect();
    for name in expected.iter().map(String::as_str).chain(["/failover/chat/votes", "/failover/chatter/votes", "/other"]) {
        client.put_parameter().name(name).value("x").r#type(ParameterType::String).send().await.unwrap();
    }
    let pages: Vec<usize> = {
        let mut pages = client.get_parameters_by_path().path("/failover/chat/intents").into_paginator().send();
        let mut sizes = Vec::new();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            sizes.push(page.parameters().len());
            names.extend(page.parameters().iter().map(|parameter| parameter.name().unwrap().to_owned()));
        }
        assert_eq!(names, expected);
        sizes
    };
    assert_eq!(pages, [10, 10, 5]);

    let names = async |recursive| {
        let mut pages = client.get_parameters_by_path().path("/failover/chat").recursive(recursive).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            names.extend(page.unwrap().parameters.unwrap_or_default().into_iter().map(|parameter| parameter.name.unwrap()));
        }
        names
    };
    assert_eq!(names(false).await, ["/failover/chat/votes"]);
    expected.push("/failover/chat/votes".to_owned());
    assert_eq!(names(true).await, expected);

    let filter = ParameterStringFilter::builder().key("Name").option("BeginsWith").values("/failover/chat/").build().unwrap();
    let described = client.describe_parameters().parameter_filters(filter).max_results(50).send().await.unwrap();
    assert_eq!(described.parameters().len(), expected.len());
    assert!(described.parameters().iter().all(|parameter| parameter.version() == 1 && parameter.arn().is_some()));
}

#[tokio::test]
async fn history_is_whole_to_a_hundred_versions() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let client = ssm(&aws.endpoint(), "eu-west-2");
    for number in 1..=103 {
        let put = client.put_parameter().name("/a").value(format!("v{number}")).r#type(ParameterType::String).overwrite(true);
        assert_eq!(put.send().await.unwrap().version, number);
    }
    let history = history(&client, "/a").await;
    assert_eq!(history.iter().map(|(version, _)| *version).collect::<Vec<_>>(), (4..=103).collect::<Vec<i64>>());
    assert_eq!(history[0].1, "v4");
    let page = client.get_parameter_history().name("/a").max_results(50).send().await.unwrap();
    assert_eq!((page.parameters().len(), page.next_token().is_some()), (50, true));
    assert!(client.get_parameter_history().name("/b").send().await.unwrap_err().into_service_error().is_parameter_not_found());
}

#[tokio::test]
async fn writers_at_once_get_a_version_each_and_changes_are_told() {
    let (aws, _, _stop) = alone("eu-west-2").await;
    let mut changes = aws.changes();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let client = ssm(&aws.endpoint(), "eu-west-2");
            tokio::spawn(async move {
                let mut versions = Vec::new();
                for _ in 0..5 {
                    let put = client.put_parameter().name("/a").value(format!("by {writer}")).r#type(ParameterType::String).overwrite(true);
                    versions.push(put.send().await.unwrap().version);
                }
                versions
            })
        })
        .collect();
    let mut versions = Vec::new();
    for writer in writers {
        versions.extend(writer.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=40).collect::<Vec<_>>());
    let first = changes.recv().await.unwrap();
    assert_eq!((first.name.as_str(), first.operation), ("/a", Operation::Create));
    for _ in 1..40 {
        assert_eq!(changes.recv().await.unwrap().operation, Operation::Update);
    }
    assert!(changes.try_recv().is_err());
}

#[tokio::test]
async fn faults_do_what_they_say_and_heal() {
    let (aws, faults, _stop) = alone("eu-west-2").await;
    let here = name("eu-west-2");
    let get = async |endpoint: &str| {
        let answer = ssm(endpoint, "eu-west-2").get_parameter().name("/a").send().await;
        // No code: there was no answer at all.
        answer.map_err(|error| error.code().map(str::to_owned)).map(drop)
    };
    let (there, silence) = (Err(Some("ParameterNotFound".to_owned())), Err(None));
    let (observer_side, chat_side) = (aws.endpoint(), aws.chat_endpoint());
    assert_eq!((get(&observer_side).await, get(&chat_side).await), (there.clone(), there.clone()));

    faults.set(&here, Component::Ssm, true);
    assert_eq!(get(&observer_side).await, Err(Some("ThrottlingException".to_owned())));
    faults.heal(None);
    assert_eq!(get(&observer_side).await, there);

    for (component, chat_goes_too) in [(Component::Observer, false), (Component::Region, true)] {
        faults.set(&here, component, true);
        eventually("the observer side is down", async || get(&observer_side).await == silence).await;
        if chat_goes_too {
            eventually("the chat side is down", async || get(&chat_side).await == silence).await;
        } else {
            assert_eq!(get(&chat_side).await, there);
        }
        faults.heal(None);
        eventually("both are back", async || get(&observer_side).await == there && get(&chat_side).await == there).await;
    }
    faults.set(&name("us-east-1"), Component::Region, true);
    assert_eq!(get(&observer_side).await, there, "another region's fault");
}
