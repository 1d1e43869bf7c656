//! Properties: no text in a header, cookie, token, key or setting makes the guard panic, or opens anything.

use http::{HeaderMap, HeaderValue, Method, Request};
use jiff::Timestamp;
use proptest::prelude::*;

use super::auth::{Auth, ProxySettings};
use super::cookie::Cookie;
use super::fetch::Address;
use super::key::{PublicKey, of_set};
use super::origin::{Names, may_open_link};
use super::refusal::{Form, Refusal};
use super::secret::Seal;
use super::token::{Rules, Unproven, is_actor};
use super::{form, headers};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,80}", "[A-Za-z0-9_.=;, -]{0,80}", "(\\{[\":a-z0-9,]*\\}|[a-z]*\\.){0,6}"]
}

fn value() -> impl Strategy<Value = HeaderValue> {
    prop::collection::vec(prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8, Just(9)], 0..80)
        .prop_filter_map("a value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

/// Rules, key and time that would take a good token.
fn rules() -> (PublicKey, Rules, Timestamp) {
    let rules = Rules { issuer: "i".to_owned(), audience: "a".to_owned(), signer: None };
    (PublicKey::P256 { point: vec![4; 65] }, rules, Timestamp::UNIX_EPOCH)
}

proptest! {
    #[test]
    fn no_header_passes_for_ours(name in "(host|origin|cookie|content-type|x-csrf-token|sec-fetch-(site|mode|dest)|authorization)", value in value(), again in any::<bool>()) {
        let mut request = Request::builder().method(Method::POST).uri("/").header(name.as_str(), value.clone());
        if again {
            request = request.header(name.as_str(), value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let names = Names::new(&["ours:1".to_owned()], false);
        prop_assert_eq!(names.asked(&parts).is_ok(), !again && parts.headers.get("host").is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(b"ours:1")));
        let _ = (names.check_site("ours:1", &parts), may_open_link(&parts.headers), form::check_kind(&parts.headers), Form::asked(&parts));
        let cookie = Cookie::new("ours:1", false);
        prop_assert!(cookie.read(&parts.headers).is_none_or(|value| !value.is_empty()));
        let token = form::token(&parts, b"");
        prop_assert!(!token.is_some_and(|token| Seal::new(None).is_of(&token, &["ana"])));
    }

    #[test]
    fn no_text_is_a_token(text in text()) {
        let (key, rules, now) = rules();
        if let Ok(token) = Unproven::read(&text) {
            prop_assert!(token.proven(&key, &rules, now).is_err());
        }
    }

    #[test]
    fn no_parts_make_a_token(header in text(), claims in text(), signature in prop::collection::vec(any::<u8>(), 0..80), alg in "(ES256|RS256|none|[A-Z0-9]{0,5})", kid in text()) {
        use base64::Engine as _;
        let (key, rules, now) = rules();
        let base64 = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        let stated = serde_json::json!({ "alg": alg, "kid": kid }).to_string();
        for header in [header, stated] {
            let token = format!("{}.{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()), base64(&signature));
            if let Ok(token) = Unproven::read(&token) {
                prop_assert!(token.proven(&key, &rules, now).is_err());
            }
        }
    }

    #[test]
    fn no_text_breaks_keys_or_settings(one in text(), two in text(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (of_set(&bytes), of_set(one.as_bytes()), PublicKey::from_pem(&one), PublicKey::from_pem(&format!("-----BEGIN PUBLIC KEY-----{one}-----END PUBLIC KEY-----")));
        let key = PublicKey::P256 { point: bytes.clone() };
        prop_assert!(!key.has_signed(b"m", &bytes));
        let key = PublicKey::Rsa { modulus: bytes.clone(), exponent: one.clone().into_bytes() };
        prop_assert!(!key.has_signed(b"m", &bytes));
        if let Some(address) = Address::parse(&one) {
            let _ = address.below(&two);
        }
        let settings = ProxySettings { issuer: one.clone(), audience: two.clone(), keys: Some(one.clone()), signer: Some(two.clone()), header: Some(one.clone()), ..ProxySettings::default() };
        let _ = (Auth::proxy(settings), is_actor(&one), Cookie::new(&one, false).set(&two, super::cookie::SameSite::Lax));
    }

    #[test]
    fn no_form_passes_without_its_token(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let (parts, ()) = Request::post("/").header("content-type", "application/x-www-form-urlencoded").body(()).unwrap().into_parts();
        prop_assert!(!form::token(&parts, &body).is_some_and(|token| Seal::new(None).is_of(&token, &["ana"])));
    }

    #[test]
    fn every_answer_has_its_headers(path in "/.{0,40}", kept in any::<bool>()) {
        let mut answer = HeaderMap::new();
        if kept {
            answer.insert("cache-control", HeaderValue::from_static("max-age=60"));
        }
        headers::set(&mut answer, &Method::GET, &path);
        prop_assert!(answer.contains_key("content-security-policy"));
        prop_assert_eq!(&answer["cache-control"] == "no-store", !(kept && path.starts_with("/static/")));
    }
}

#[test]
fn every_refusal_is_told_in_every_form() {
    for refusal in [Refusal::Host, Refusal::Streams, Refusal::TooMuch, Refusal::Method, Refusal::Token(super::TokenFault::Expired)] {
        for form in [Form::Json, Form::Page, Form::Line] {
            assert_eq!(refusal.answer(form).status(), refusal.status());
        }
    }
}
