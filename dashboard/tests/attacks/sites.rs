//! Other sites in the operator's browser: names that point here (rebinding), forms and loads from elsewhere, other kinds of requests that might write.

use dashboard::{Auth, Limits, Role};

use crate::stand::Stand;
use crate::wire::Ask;

#[tokio::test]
async fn a_drain_from_our_own_page_is_made() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let answer = stand.ask(stand.drain(&ana)).await;
    assert_eq!((answer.status, answer.body.as_str(), stand.writes()), (200, "drained by ana", 1));
    let by_script = Ask::new("POST", "/drain")
        .with("Content-Type", "application/json")
        .with("X-CSRF-Token", &ana.csrf)
        .with("Cookie", &ana.cookie)
        .body("{}");
    assert_eq!((stand.ask(by_script).await.status, stand.writes()), (200, 2));
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_not_answered() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let port = stand.addr.port();
    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", "", "localhost", &format!("127.0.0.1:{port}.evil.example")] {
        for path in ["/", "/events", "/static/live.js", "/sign-in?link=x", "/nothing"] {
            let answer = stand.ask(Ask::get(path).with("Host", host).with("Cookie", &ana.cookie)).await;
            assert_eq!(answer.status, 421, "{host} {path}");
            assert!(!answer.body.contains("ana") && !answer.body.contains("evil"), "{}", answer.body);
        }
        let rebound = stand.drain(&ana).with("Host", host);
        assert_eq!(stand.ask(rebound).await.status, 421, "{host}");
    }
    let twice = Ask::get("/").with("Host", &stand.host).with("Host", "evil.example").with("Cookie", &ana.cookie);
    assert!(matches!(stand.ask(twice).await.status, 400 | 421));
    let in_target = Ask::get("http://evil.example/").with("Host", &stand.host).with("Cookie", &ana.cookie);
    assert_eq!(stand.ask(in_target).await.status, 421);
    assert_eq!(stand.writes(), 0);
    let health = stand.ask(Ask::get("/health").with("Host", "10.0.0.7:8080")).await;
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"), "load balancers ask under an address of their own");
}

#[tokio::test]
async fn a_form_on_another_site_drains_nothing() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let port = stand.addr.port();
    // Even one that has the token and to which the browser gives the cookie.
    let form = Ask::post("/drain", &format!("region=eu-west-2&csrf={}", ana.csrf)).with("Cookie", &ana.cookie);
    for origin in [
        "https://evil.example",
        "null",
        &format!("http://127.0.0.1:{}", port ^ 1),
        &format!("https://127.0.0.1:{port}"),
        &format!("http://localhost:{port}"),
    ] {
        assert_eq!(stand.ask(form.clone().with("Origin", origin)).await.status, 403, "{origin}");
    }
    for site in ["cross-site", "same-site"] {
        let opened = form.clone().with("Sec-Fetch-Site", site).with("Sec-Fetch-Mode", "navigate").with("Sec-Fetch-Dest", "document");
        assert_eq!(stand.ask(opened).await.status, 403, "{site}");
    }
    let ours_too = form.with("Origin", &format!("http://{}", stand.host)).with("Sec-Fetch-Site", "cross-site");
    assert_eq!(stand.ask(ours_too).await.status, 403);
    assert_eq!(stand.writes(), 0);
}

#[tokio::test]
async fn a_form_without_the_token_of_its_session_drains_nothing() {
    let stand = Stand::loopback().await;
    let (ana, other) = (stand.signed_in().await, stand.signed_in().await);
    assert_ne!(ana.csrf, other.csrf);
    let wrong = [
        String::new(),
        "csrf=".to_owned(),
        format!("csrf={}", other.csrf),
        format!("csrf={}", &ana.csrf[1..]),
        format!("csrf={0}&csrf={0}", ana.csrf),
    ];
    for form in &wrong {
        let answer = stand.ask(Ask::post("/drain", form).with("Cookie", &ana.cookie)).await;
        assert_eq!(answer.status, 403, "{form}");
        assert!(answer.body.contains("nothing was written"), "{}", answer.body);
    }
    let in_target = Ask::post(&format!("/drain?csrf={}", ana.csrf), "").with("Cookie", &ana.cookie);
    assert_eq!(stand.ask(in_target).await.status, 403, "a token in an address is one that leaks");
    assert_eq!(stand.ask(stand.drain(&ana).with("X-CSRF-Token", &other.csrf)).await.status, 403);
    let nobody = Ask::post("/drain", &format!("csrf={}", ana.csrf));
    assert_eq!(stand.ask(nobody).await.status, 401);
    assert_eq!(stand.writes(), 0);
}

#[tokio::test]
async fn another_site_can_lead_here_but_load_nothing() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let from = |path: &str, site, mode, dest| {
        Ask::get(path).with("Cookie", &ana.cookie).with("Sec-Fetch-Site", site).with("Sec-Fetch-Mode", mode).with("Sec-Fetch-Dest", dest)
    };
    for site in ["cross-site", "same-site"] {
        assert_eq!(stand.ask(from("/", site, "navigate", "document")).await.status, 200, "{site}");
        for (path, mode, dest) in [
            ("/events", "cors", "empty"),
            ("/api/v1/state", "no-cors", "script"),
            ("/static/live.js", "no-cors", "script"),
            ("/", "navigate", "iframe"),
        ] {
            assert_eq!(stand.ask(from(path, site, mode, dest)).await.status, 403, "{site} {path}");
        }
    }
}

#[tokio::test]
async fn nothing_but_a_posted_form_writes() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "post"] {
        let form = format!("csrf={}", ana.csrf);
        let ask =
            Ask::new(method, "/drain").with("Content-Type", "application/x-www-form-urlencoded").with("Cookie", &ana.cookie).body(&form);
        let answer = stand.ask(ask).await;
        assert!(matches!(answer.status, 400 | 405 | 421), "{method}: {answer:?}");
    }
    let get = Ask::get(&format!("/drain?csrf={}", ana.csrf)).with("Cookie", &ana.cookie).with("X-HTTP-Method-Override", "POST");
    assert_eq!(stand.ask(get).await.status, 405);
    for kind in ["text/plain", "multipart/form-data; boundary=x", ""] {
        let form = format!("csrf={}", ana.csrf);
        let ask =
            Ask::new("POST", "/drain").with("Content-Type", kind).with("Cookie", &ana.cookie).with("X-CSRF-Token", &ana.csrf).body(&form);
        assert_eq!(stand.ask(ask).await.status, 415, "{kind}");
    }
    assert_eq!(stand.writes(), 0);
}

#[tokio::test]
async fn who_may_only_look_drains_nothing() {
    let stand = Stand::with(Auth::loopback("vic", Role::Viewer).unwrap(), Limits::default()).await;
    let vic = stand.signed_in().await;
    assert_eq!(stand.ask(Ask::get("/").with("Cookie", &vic.cookie)).await.status, 200);
    let answer = stand.ask(stand.drain(&vic)).await;
    assert_eq!((answer.status, stand.writes()), (403, 0));
    assert!(answer.body.contains("only operators"), "{}", answer.body);
    let careless = Ask::post("/careless", &format!("csrf={}", vic.csrf)).with("Cookie", &vic.cookie);
    assert_eq!((stand.ask(careless).await.status, stand.writes()), (403, 0), "also where a handler forgot to ask who writes");
}

#[tokio::test]
async fn every_answer_tells_the_browser_what_it_may_do() {
    let stand = Stand::loopback().await;
    let ana = stand.signed_in().await;
    let answers = [
        stand.ask(Ask::get("/").with("Cookie", &ana.cookie)).await,
        stand.ask(Ask::get("/").with("Accept", "text/html")).await,
        stand.ask(Ask::get("/api/v1/state")).await,
        stand.ask(Ask::get("/nothing").with("Cookie", &ana.cookie)).await,
        stand.ask(Ask::get("/static/live.js")).await,
        stand.ask(Ask::get("/").with("Host", "evil.example")).await,
        stand.ask(stand.drain(&ana)).await,
        stand.ask(Ask::new("PUT", "/")).await,
        stand.ask(Ask::get("/health")).await,
    ];
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 401, 401, 404, 200, 421, 200, 405, 200]);
    for answer in &answers {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("cache-control", "no-store"), ("cross-origin-opener-policy", "same-origin")]
        {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    assert_eq!(answers[1].header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answers[2].header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn no_refusal_repeats_what_was_sent() {
    let stand = Stand::loopback().await;
    let script = "%3Cscript%3Ealert(1)%3C/script%3E<script>";
    let answers = [
        stand.ask(Ask::get("/sign-in?link=x%3Cscript%3E").with("Accept", "text/html")).await,
        stand.ask(Ask::get("/").with("Cookie", &format!("failover-{}={script}", stand.addr.port())).with("Accept", "text/html")).await,
        stand.ask(Ask::get("/").with("Host", script)).await,
        stand.ask(Ask::post("/drain", script).with("Origin", script).with("Accept", "text/html")).await,
        stand.ask(Ask::get("/api/script").with("Accept", script)).await,
    ];
    for answer in &answers {
        assert!(answer.status >= 400 && !answer.body.contains("script"), "{answer:?}");
    }
}

#[tokio::test]
async fn machines_read_numbers_without_signing_in_and_nothing_else() {
    let stand = Stand::loopback().await;
    let scraped = stand.ask(Ask::get("/metrics")).await;
    assert_eq!((scraped.status, scraped.body.as_str()), (200, "metrics"));
    assert_eq!(stand.ask(Ask::get("/metrics").with("Host", "evil.example")).await.status, 421);
    assert_eq!(stand.ask(Ask::get("/metrics").with("Sec-Fetch-Site", "same-site").with("Sec-Fetch-Mode", "no-cors")).await.status, 403);
    for ask in
        [Ask::get("/"), Ask::get("/metrics/"), Ask::get("/api/v1/state"), Ask::post("/metrics", "csrf=x"), Ask::post("/drain", "csrf=x")]
    {
        assert_eq!(stand.ask(ask).await.status, 401);
    }
}
