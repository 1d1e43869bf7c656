//! An identity provider and a load balancer: they sign tokens, and publish their keys on loopback, where it is counted who asks.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::rsa::EXAMPLE;

pub(crate) const ISSUER: &str = "https://idp.example";
pub(crate) const AUDIENCE: &str = "failover";
pub(crate) const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/ops/50dc6c495c0c9188";

/// A private key.
pub(crate) enum Key {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    pub(crate) fn p256() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Key::P256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap())
    }

    pub(crate) fn rsa() -> Self {
        Key::Rsa(RsaKeyPair::from_pkcs8(&STANDARD.decode(EXAMPLE).unwrap()).unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Key::P256(_) => "ES256",
            Key::Rsa(_) => "RS256",
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Key::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// As a key set has it.
    pub(crate) fn published(&self, kid: &str) -> Value {
        match self {
            Key::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": base64(&point[1..33]), "y": base64(&point[33..]) })
            }
            Key::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "alg": "RS256", "kid": kid, "use": "sig", "n": base64(&public.n), "e": base64(&public.e) })
            }
        }
    }

    /// As a load balancer publishes it; P-256 only.
    pub(crate) fn pem(&self) -> String {
        let Key::P256(pair) = self else { panic!("load balancers sign with P-256") };
        let head = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
        let mut der: Vec<u8> = (0..head.len()).step_by(2).map(|at| u8::from_str_radix(&head[at..at + 2], 16).unwrap()).collect();
        der.extend(pair.public_key().as_ref());
        let body = STANDARD.encode(der);
        let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// A token with just these parts.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let signature = base64(&self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// The same as a load balancer writes it: padded.
    pub(crate) fn padded_token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", URL_SAFE.encode(header.to_string()), URL_SAFE.encode(claims.to_string()));
        let signature = URL_SAFE.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token that is good, but for what `change` does to its claims.
    pub(crate) fn claim(&self, kid: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = good();
        change(&mut claims);
        self.token(&json!({ "alg": self.algorithm(), "kid": kid, "typ": "JWT" }), &claims)
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of an operator, good for five minutes.
pub(crate) fn good() -> Value {
    let now = Timestamp::now().as_second();
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "1", "email": "ana@example.com", "groups": ["staff", "ops"], "iat": now, "nbf": now, "exp": now + 300 })
}

/// Where keys are published.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) addr: SocketAddr,
    asked: Arc<AtomicUsize>,
    keys: Arc<Mutex<Vec<(String, Value, String)>>>,
}

impl Publisher {
    pub(crate) async fn of(keys: &[(&str, &Key)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let publisher = Self { addr: listener.local_addr().unwrap(), asked: Arc::default(), keys: Arc::default() };
        for (kid, key) in keys {
            publisher.publish(kid, key);
        }
        let router = Router::new().route("/keys", get(set)).route("/pem/{kid}", get(pem)).fallback(other).with_state(publisher.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        publisher
    }

    /// The same set by TLS, under a certificate of nobody; and that certificate, as PEM.
    pub(crate) async fn behind_tls(&self) -> (SocketAddr, String) {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap();
        let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind(("127.0.0.1", 0)).await.unwrap());
        let (addr, publisher) = (listener.local_addr().unwrap(), self.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let body = set(State(publisher.clone())).await;
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.flush().await;
            }
        });
        (addr, format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(own.cert.der())))
    }

    pub(crate) fn publish(&self, kid: &str, key: &Key) {
        let pem = if matches!(key, Key::P256(_)) { key.pem() } else { String::new() };
        self.keys.lock().unwrap().push((kid.to_owned(), key.published(kid), pem));
    }

    pub(crate) fn withdraw(&self, kid: &str) {
        self.keys.lock().unwrap().retain(|(known, ..)| known != kid);
    }

    /// How often anybody asked for anything.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn set(State(publisher): State<Publisher>) -> String {
    publisher.asked.fetch_add(1, Ordering::SeqCst);
    let keys: Vec<Value> = publisher.keys.lock().unwrap().iter().map(|(_, key, _)| key.clone()).collect();
    json!({ "keys": keys }).to_string()
}

async fn pem(State(publisher): State<Publisher>, Path(kid): Path<String>) -> Result<String, StatusCode> {
    publisher.asked.fetch_add(1, Ordering::SeqCst);
    let keys = publisher.keys.lock().unwrap();
    keys.iter().find(|(known, ..)| *known == kid).map(|(_, _, pem)| pem.clone()).ok_or(StatusCode::NOT_FOUND)
}

async fn other(State(publisher): State<Publisher>) -> StatusCode {
    publisher.asked.fetch_add(1, Ordering::SeqCst);
    StatusCode::NOT_FOUND
}
