//! TLS: certificates are verified as a user's machine does, and their days are counted.

use std::net::Ipv4Addr;
use std::time::Duration;

use decision::Check;
use probe::{Phase, Probe, Seen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fixture::{Authority, Dns, Model, Reply, name, not_passed, outcome};

/// A round over TLS against a server with a certificate for this name that ends in this year.
async fn round(certificate: &str, year: i32, trusted: bool) -> Seen {
    let authority = Authority::new();
    let model = Model::with_tls(1, Duration::ZERO, Some(authority.server(certificate, year))).await;
    let dns = Dns::new(Reply::Address(Ipv4Addr::LOCALHOST)).await;
    let mut settings = model.settings_over("https", "wss");
    settings.dns = Some(dns.addr);
    for target in &mut settings.targets {
        target.rest = target.rest.replace("127.0.0.1", "chat.test");
        target.websocket = target.websocket.replace("127.0.0.1", "chat.test");
    }
    if trusted {
        settings.extra_roots.push(authority.root.clone());
    }
    Probe::new(settings).unwrap().round(1).await
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_given() {
    let seen = round("chat.test", 2200, true).await;
    assert_eq!(not_passed(&seen), ["eu-west-2 replication unknown:not-tried"]);
    let rest = &seen.regions[&name(0)].rest;
    assert!(rest.phases.tls.is_some());
    assert!(rest.certificate_days.is_some_and(|days| days > 365), "{:?}", rest.certificate_days);
}

#[tokio::test]
async fn strange_expired_and_wrong_certificates_fail() {
    for (certificate, year, trusted) in [("chat.test", 2200, false), ("chat.test", 2021, true), ("other.test", 2200, true)] {
        let seen = round(certificate, year, trusted).await;
        assert_eq!(outcome(&seen, 0, Check::Rest), "fail:tls", "{certificate} {year} {trusted}");
        assert_eq!(outcome(&seen, 0, Check::Websocket), "fail:tls", "{certificate} {year} {trusted}");
        assert_eq!(seen.regions[&name(0)].rest.failure.as_ref().map(|failure| failure.phase), Some(Phase::Tls));
    }
}

#[tokio::test]
async fn plain_text_where_tls_should_be_is_a_tls_failure() {
    let model = Model::new(1, Duration::ZERO).await;
    let mut settings = model.settings_over("https", "wss");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings.targets[0].rest = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            // What the client says is read, so that the close is not a reset.
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    let seen = Probe::new(settings).unwrap().round(1).await;
    assert_eq!(outcome(&seen, 0, Check::Rest), "fail:tls");
}
