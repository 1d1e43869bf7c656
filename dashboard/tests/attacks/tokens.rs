//! Tokens of a sign-in proxy: forged, borrowed, old, changed; and groups that say too little.

use std::time::Duration;

use dashboard::{Auth, Limits, ProxySettings};
use jiff::SignedDuration;
use ring::hmac;
use serde_json::{Value, json};

use crate::signer::{AUDIENCE, BALANCER, ISSUER, Key, Publisher, base64, good};
use crate::stand::{Browser, PUBLIC, Stand};
use crate::wire::{Answer, Ask};

struct Provider {
    stand: Stand,
    publisher: Publisher,
    ec: Key,
    rsa: Key,
}

impl Provider {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut ProxySettings)) -> Self {
        let (ec, rsa) = (Key::p256(), Key::rsa());
        let publisher = Publisher::of(&[("ec", &ec), ("rsa", &rsa)]).await;
        let mut settings = ProxySettings {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            keys: Some(format!("http://{}/keys", publisher.addr)),
            operators: vec!["ops".to_owned()],
            ..ProxySettings::default()
        };
        change(&mut settings);
        let stand = Stand::with(Auth::proxy(settings).unwrap(), Limits::default()).await;
        Self { stand, publisher, ec, rsa }
    }

    async fn look(&self, token: &str) -> Answer {
        self.stand.ask(bearer(Ask::get("/"), token)).await
    }

    /// The status of `token`, and a word of why.
    async fn refused(&self, token: &str, why: &str) {
        let answer = self.look(token).await;
        assert!(answer.status == 401 && answer.body.contains(why), "wanted {why:?}: {answer:?}");
        let drain = bearer(Ask::post("/drain", "csrf=x"), token);
        assert_eq!((self.stand.ask(drain).await.status, self.stand.writes()), (401, 0));
    }

    /// A browser in which the person of `token` has the page open.
    async fn browser(&self, token: &str) -> Browser {
        let answer = self.look(token).await;
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Browser { cookie, csrf: answer.body.lines().nth(2).unwrap().to_owned() }
    }

    async fn drain(&self, by: &Browser, token: &str) -> Answer {
        let origin = format!("https://{PUBLIC}");
        let form = Ask::post("/drain", &format!("csrf={}", by.csrf)).with("Cookie", &by.cookie).with("Origin", &origin);
        self.stand.ask(bearer(form, token)).await
    }
}

fn bearer(ask: Ask, token: &str) -> Ask {
    ask.with("Authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn an_operator_whom_the_proxy_signed_in_drains() {
    let provider = Provider::new().await;
    for token in [provider.ec.claim("ec", |_| ()), provider.rsa.claim("rsa", |of| of["aud"] = json!(["other", AUDIENCE]))] {
        let page = provider.look(&token).await;
        assert_eq!((page.status, page.body.lines().take(2).collect::<Vec<_>>()), (200, vec!["ana@example.com", "operator"]));
        let cookie = page.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-failover=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        let browser = provider.browser(&token).await;
        assert_eq!(provider.drain(&browser, &token).await.status, 200);
    }
    assert_eq!(provider.stand.writes(), 2);
}

#[tokio::test]
async fn a_token_that_nobody_signed_is_refused() {
    let provider = Provider::new().await;
    let claims = base64(good().to_string().as_bytes());
    for alg in ["none", "None", "nOnE", "", "HS256", "ES384", "RS512", "PS256", "EdDSA"] {
        let header = base64(json!({ "alg": alg, "kid": "ec" }).to_string().as_bytes());
        provider.refused(&format!("{header}.{claims}."), "algorithm").await;
    }
    let header = base64(br#"{"alg":"ES256","kid":"ec"}"#);
    for signature in [String::new(), base64(&[0; 64]), base64(&[0xff; 64]), base64(&[0; 4096])] {
        provider.refused(&format!("{header}.{claims}.{signature}"), "signature").await;
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let provider = Provider::new().await;
    let public = [provider.ec.pem(), provider.ec.published("ec").to_string(), provider.rsa.published("rsa")["n"].to_string()];
    for secret in public {
        let signed = format!("{}.{}", base64(br#"{"alg":"HS256","kid":"ec"}"#), base64(good().to_string().as_bytes()));
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
        provider.refused(&format!("{signed}.{}", base64(signature.as_ref())), "algorithm").await;
    }
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() {
    let provider = Provider::new().await;
    let stranger = Key::p256();
    provider.refused(&stranger.claim("ec", |_| ()), "signature").await;
    provider.refused(&stranger.claim("stranger", |_| ()), "key is not known").await;
    provider.refused(&provider.ec.claim("rsa", |_| ()), "algorithm").await;
    provider.refused(&provider.rsa.claim("ec", |_| ()), "algorithm").await;
    let without = provider.ec.token(&json!({ "alg": "ES256" }), &good());
    provider.refused(&without, "key is not known").await;
}

#[tokio::test]
async fn a_token_cannot_bring_its_own_key() {
    let (provider, stranger) = (Provider::new().await, Key::p256());
    let elsewhere = Publisher::of(&[("ec", &stranger)]).await;
    let url = format!("http://{}/keys", elsewhere.addr);
    let headers = [
        json!({ "alg": "ES256", "kid": "ec", "jwk": stranger.published("ec") }),
        json!({ "alg": "ES256", "kid": "ec", "jku": url, "x5u": url }),
        json!({ "alg": "ES256", "kid": url }),
        json!({ "alg": "ES256", "kid": "../../../../etc/passwd" }),
        json!({ "alg": "ES256", "kid": "x' OR '1'='1" }),
    ];
    for header in &headers {
        let answer = provider.look(&stranger.token(header, &good())).await;
        assert_eq!(answer.status, 401, "{header}");
    }
    assert_eq!(elsewhere.asked(), 0, "a token made the dashboard ask somebody");
    let critical = json!({ "alg": "ES256", "kid": "ec", "crit": ["exp"] });
    provider.refused(&provider.ec.token(&critical, &good()), "critical").await;
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let provider = Provider::new().await;
    let token = provider.ec.claim("ec", |of| of["groups"] = json!(["staff"]));
    let parts: Vec<&str> = token.split('.').collect();
    let promoted = base64(good().to_string().as_bytes());
    provider.refused(&format!("{}.{promoted}.{}", parts[0], parts[2]), "signature").await;
    let mut flipped = parts[2].to_owned();
    flipped.replace_range(10..11, if &flipped[10..11] == "A" { "B" } else { "A" });
    provider.refused(&format!("{}.{}.{flipped}", parts[0], parts[1]), "signature").await;
}

#[tokio::test]
async fn a_token_for_somebody_else_or_another_time_is_refused() {
    let provider = Provider::new().await;
    let ec = &provider.ec;
    let at = |name: &'static str, seconds: i64| ec.claim("ec", move |of| of[name] = json!(of["iat"].as_i64().unwrap() + seconds));
    let without = |name: &'static str| ec.claim("ec", move |of| drop(of.as_object_mut().unwrap().remove(name)));
    for issuer in [json!("https://idp.example/"), json!("https://evil.example"), json!(["https://idp.example"]), Value::Null] {
        provider.refused(&ec.claim("ec", |of| of["iss"] = issuer), "another issuer").await;
    }
    for audience in [json!("other"), json!([]), json!(["other"]), json!({ "failover": true }), json!("")] {
        provider.refused(&ec.claim("ec", |of| of["aud"] = audience), "another audience").await;
    }
    provider.refused(&at("exp", -61), "expired").await;
    provider.refused(&at("exp", 25 * 3600), "no end").await;
    provider.refused(&at("nbf", 120), "not valid yet").await;
    provider.refused(&at("iat", 120), "not valid yet").await;
    provider.refused(&without("exp"), "no end").await;
    provider.refused(&without("iss"), "another issuer").await;
    provider.refused(&without("aud"), "another audience").await;
    provider.refused(&ec.claim("ec", |of| of["exp"] = json!("9999999999")), "not a signed JWT").await;
    assert_eq!(provider.look(&at("exp", -50)).await.status, 200, "clocks may be a minute apart");
    let fine = ec.claim("ec", |_| ());
    assert_eq!(provider.look(&fine).await.status, 200);
    provider.stand.wait(SignedDuration::from_mins(7));
    provider.refused(&fine, "expired").await;
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let provider = Provider::new().await;
    let long = "a".repeat(20_000);
    for (text, why) in [
        ("", "none"),
        ("a", "JWT"),
        ("a.b", "JWT"),
        ("a.b.c.d", "JWT"),
        ("..", "JWT"),
        ("e30.e30.e30", "JWT"),
        (long.as_str(), "JWT"),
        ("é.é.é", ""),
    ] {
        let answer = provider.look(text).await;
        assert!(answer.status == 401 && answer.body.contains(why), "{text:.20}: {answer:?}");
    }
    let fine = provider.ec.claim("ec", |_| ());
    let two = bearer(bearer(Ask::get("/"), &fine), &provider.ec.claim("ec", |of| of["email"] = json!("eve@example.com")));
    assert!(provider.stand.ask(two).await.body.contains("there are two"));
    assert_eq!(provider.stand.ask(Ask::get("/").with("Authorization", &format!("Basic {fine}"))).await.status, 401);
    assert_eq!(provider.stand.ask(Ask::get("/").with("X-Amzn-Oidc-Data", &fine)).await.status, 401, "another header is not believed");
    assert_eq!(provider.stand.ask(Ask::get("/").with("X-Forwarded-User", "ana@example.com")).await.status, 401);
    assert_eq!(provider.stand.ask(Ask::get("/metrics")).await.status, 401, "beyond this machine numbers are for people too");
    assert_eq!(provider.stand.ask(Ask::get("/sign-in?link=x")).await.status, 401, "there are no links behind a proxy");
}

#[tokio::test]
async fn a_person_without_a_name_for_the_log_is_refused() {
    let provider = Provider::new().await;
    let ec = &provider.ec;
    for name in [
        json!(""),
        json!("  "),
        json!("a\nb"),
        json!("a\u{202e}b"),
        json!("a\u{0}"),
        json!("a".repeat(65)),
        json!(7),
        json!(["ana"]),
        Value::Null,
    ] {
        provider.refused(&ec.claim("ec", |of| of["email"] = name.clone()), "names nobody").await;
    }
    provider.refused(&ec.claim("ec", |of| of["email_verified"] = json!(false)), "not verified").await;
    provider.refused(&ec.claim("ec", |of| of["email_verified"] = json!("false")), "not verified").await;
}

#[tokio::test]
async fn who_is_in_no_operators_group_drains_nothing() {
    let provider = Provider::new().await;
    for groups in [
        json!([]),
        json!(["staff"]),
        json!("staff"),
        json!("staff,ops"),
        json!(["Ops", "ops "]),
        json!({ "ops": true }),
        json!([["ops"]]),
        Value::Null,
    ] {
        let token = provider.ec.claim("ec", |of| of["groups"] = groups.clone());
        let browser = provider.browser(&token).await;
        let answer = provider.drain(&browser, &token).await;
        assert!(answer.status == 403 && answer.body.contains("only operators"), "{groups}: {answer:?}");
    }
    assert_eq!(provider.stand.writes(), 0);
}

#[tokio::test]
async fn an_empty_list_of_operators_lets_nobody_write() {
    let provider = Provider::with(|of| of.operators.clear()).await;
    for groups in [json!(["ops"]), json!([""]), json!(["*"]), json!([])] {
        let token = provider.ec.claim("ec", |of| of["groups"] = groups);
        let browser = provider.browser(&token).await;
        assert_eq!(provider.drain(&browser, &token).await.status, 403);
    }
    assert_eq!(provider.stand.writes(), 0);
}

#[tokio::test]
async fn an_empty_list_of_viewers_lets_nobody_but_operators_look() {
    let provider = Provider::with(|of| of.viewers = Some(Vec::new())).await;
    assert_eq!(provider.look(&provider.ec.claim("ec", |of| of["groups"] = json!(["staff"]))).await.status, 403);
    assert_eq!(provider.look(&provider.ec.claim("ec", |_| ())).await.status, 200);
}

#[tokio::test]
async fn a_form_of_another_person_or_browser_drains_nothing() {
    let provider = Provider::new().await;
    let ana = provider.ec.claim("ec", |_| ());
    let bob = provider.ec.claim("ec", |of| of["email"] = json!("bob@example.com"));
    let (hers, again) = (provider.browser(&ana).await, provider.browser(&ana).await);
    assert_eq!(provider.drain(&hers, &bob).await.status, 403, "ana's form in bob's name");
    let mixed = Browser { cookie: again.cookie, csrf: hers.csrf.clone() };
    assert_eq!(provider.drain(&mixed, &ana).await.status, 403, "a form of another browser");
    let bare = Browser { cookie: String::new(), csrf: hers.csrf.clone() };
    assert_eq!(provider.drain(&bare, &ana).await.status, 403);
    let planted = Browser { cookie: "__Host-failover=planted".to_owned(), csrf: hers.csrf.clone() };
    assert_eq!(provider.drain(&planted, &ana).await.status, 403);
    let from_http =
        Ask::post("/drain", &format!("csrf={}", hers.csrf)).with("Cookie", &hers.cookie).with("Origin", &format!("http://{PUBLIC}"));
    assert_eq!(provider.stand.ask(bearer(from_http, &ana)).await.status, 403, "a page without TLS under our name");
    assert_eq!(provider.stand.writes(), 0);
    assert_eq!(provider.drain(&hers, &ana).await.status, 200);
}

#[tokio::test]
async fn made_up_key_ids_make_it_ask_once() {
    let provider = Provider::new().await;
    let stranger = Key::p256();
    for n in 0..100 {
        assert_eq!(provider.look(&stranger.claim(&format!("made-up-{n}"), |_| ())).await.status, 401);
    }
    assert_eq!(provider.publisher.asked(), 1);
    assert_eq!(provider.look(&provider.ec.claim("ec", |_| ())).await.status, 200);
}

#[tokio::test]
async fn a_new_key_is_learnt_and_a_withdrawn_one_forgotten() {
    let provider = Provider::new().await;
    assert_eq!(provider.look(&provider.ec.claim("ec", |_| ())).await.status, 200);
    let next = Key::p256();
    provider.publisher.publish("next", &next);
    provider.refused(&next.claim("next", |_| ()), "key is not known").await;
    pass(Duration::from_secs(31)).await;
    assert_eq!(provider.look(&next.claim("next", |_| ())).await.status, 200);
    assert_eq!(provider.publisher.asked(), 2);
    provider.publisher.withdraw("ec");
    pass(Duration::from_secs(31)).await;
    assert_eq!(provider.look(&next.claim("another", |_| ())).await.status, 401);
    provider.refused(&provider.ec.claim("ec", |_| ()), "key is not known").await;
}

/// Moves the pace of fetching on, which keeps to the machine's own clock.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_provider_that_is_gone_lets_nobody_in() {
    let provider = Provider::with(|of| of.keys = Some("http://127.0.0.1:9/keys".to_owned())).await;
    provider.refused(&provider.ec.claim("ec", |_| ()), "cannot be had").await;
}

#[tokio::test]
async fn keys_are_taken_from_nobody_who_cannot_show_a_certificate() {
    let (key, provider) = (Key::p256(), Provider::new().await);
    provider.publisher.publish("tls", &key);
    let (addr, root) = provider.publisher.behind_tls().await;
    let url = format!("https://localhost:{}/keys", addr.port());
    let stranger = Provider::with(|of| of.keys = Some(url.clone())).await;
    stranger.refused(&key.claim("tls", |_| ()), "cannot be had").await;
    let trusted = Provider::with(|of| (of.keys, of.extra_roots) = (Some(url), Some(root.clone()))).await;
    assert_eq!(trusted.look(&key.claim("tls", |_| ())).await.status, 200);
    let other_name = format!("https://127.0.0.1:{}/keys", addr.port());
    let misnamed = Provider::with(|of| (of.keys, of.extra_roots) = (Some(other_name), Some(root))).await;
    misnamed.refused(&key.claim("tls", |_| ()), "cannot be had").await;
}

/// A dashboard behind a load balancer that signs people in.
async fn behind_balancer() -> Provider {
    let (ec, rsa) = (Key::p256(), Key::rsa());
    let publisher = Publisher::of(&[("0a1b-2c3d", &ec)]).await;
    let settings = ProxySettings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: Some(format!("http://{}/pem", publisher.addr)),
        signer: Some(BALANCER.to_owned()),
        operators: vec!["ops".to_owned()],
        ..ProxySettings::default()
    };
    let stand = Stand::with(Auth::proxy(settings).unwrap(), Limits::default()).await;
    Provider { stand, publisher, ec, rsa }
}

fn of_balancer() -> Value {
    let exp = good()["exp"].clone();
    json!({ "alg": "ES256", "kid": "0a1b-2c3d", "signer": BALANCER, "iss": ISSUER, "client": AUDIENCE, "exp": exp, "typ": "JWT" })
}

#[tokio::test]
async fn a_load_balancers_person_looks_and_another_balancers_does_not() {
    let provider = behind_balancer().await;
    let person = json!({ "sub": "1", "email": "ana@example.com", "groups": ["ops"] });
    let ask = async |header: &Value, claims: &Value| {
        let token = provider.ec.padded_token(header, claims);
        provider.stand.ask(Ask::get("/").with("X-Amzn-Oidc-Data", &token)).await
    };
    let page = ask(&of_balancer(), &person).await;
    assert_eq!((page.status, page.body.lines().nth(1)), (200, Some("operator")), "{page:?}");
    let changed = [
        ("signer", json!(BALANCER.replace("123456789012", "210987654321")), "another load balancer"),
        ("signer", Value::Null, "another load balancer"),
        ("iss", json!("https://evil.example"), "another issuer"),
        ("client", json!("other"), "another audience"),
        ("exp", json!(good()["exp"].as_i64().unwrap() - 400), "expired"),
        ("exp", Value::Null, "no end"),
        ("kid", json!("ffff"), "key is not known"),
    ];
    for (name, value, why) in changed {
        let mut header = of_balancer();
        header[name] = value;
        let answer = ask(&header, &person).await;
        assert!(answer.status == 401 && answer.body.contains(why), "{header}: {answer:?}");
    }
    let mut late = person.clone();
    late["exp"] = json!(good()["exp"].as_i64().unwrap() - 400);
    assert_eq!(ask(&of_balancer(), &late).await.status, 401, "the claims may end it sooner");
}

#[tokio::test]
async fn a_key_id_leads_nowhere_but_to_keys() {
    let provider = behind_balancer().await;
    for kid in ["../keys", "..", "a/b", "a?b", "%2e%2e", "a b", "http://127.0.0.1/", &"a".repeat(65), "\r\nHost: evil"] {
        let mut header = of_balancer();
        header["kid"] = json!(kid);
        let token = provider.ec.padded_token(&header, &good());
        assert_eq!(provider.stand.ask(Ask::get("/").with("X-Amzn-Oidc-Data", &token)).await.status, 401, "{kid}");
    }
    assert_eq!(provider.publisher.asked(), 0);
}
