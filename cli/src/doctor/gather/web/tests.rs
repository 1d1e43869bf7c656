//! Gates and certificates over real sockets on loopback: what Route 53 would believe, and what clients would not.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::Config;
use crate::doctor::gather::Caller;
use crate::doctor::gather::progress::Progress;
use crate::sample;

/// What a host does with a request.
#[derive(Clone, Copy)]
enum Host {
    /// Answers like a gate.
    Gate,
    /// Takes it and says nothing.
    Hangs,
    /// Answers without an end.
    Endless,
}

/// Listens by TLS with a certificate that ends in that year, until the test ends. Its port.
async fn listen(host: Host, ends: i32) -> u16 {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["gate.example.com".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(ends, 12, 31));
    let certificate = params.self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = vec![0; 4096];
                let Ok(length) = stream.read(&mut request).await else { return };
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                match host {
                    Host::Gate => {
                        let line = match request.split(' ').nth(1).unwrap_or_default() {
                            "/below/alive" => "alive chat\n".to_owned(),
                            path => format!("serve chat {}\n", path.rsplit('/').next().unwrap_or_default()),
                        };
                        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len());
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                    Host::Hangs => tokio::time::sleep(Duration::from_secs(60)).await,
                    Host::Endless => {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
                        while stream.write_all(b"400\r\n").await.is_ok() && stream.write_all(&[b'x'; 1024]).await.is_ok() {
                            let _ = stream.write_all(b"\r\n").await;
                        }
                    }
                }
            });
        }
    });
    port
}

/// A configuration in which one observer's gate is there.
fn config(port: u16) -> Config {
    let text = format!(
        "service = \"chat\"\nregions = [\"eu-west-1\", \"eu-west-2\", \"us-east-1\"]\n[names]\napi = \"api.invalid\"\nwebsocket = \"api-ws.invalid\"\n\
         [observer.eu-west-2]\ngate = \"https://127.0.0.1:{port}/below/\"\n"
    );
    Config::parse(Path::new("failover.toml"), &text).unwrap()
}

fn asking(config: &Config, within: Duration) -> Asking<'_> {
    let aws = aws_config::SdkConfig::builder().build();
    Asking { config, caller: Caller::new(&aws, within), progress: Progress::unseen() }
}

/// What the gate says, and what it presents.
async fn asked(host: Host, ends: i32, within: Duration) -> (Gate, Fact<Certificate>) {
    let port = listen(host, ends).await;
    let config = config(port);
    let asking = asking(&config, within);
    let gate = gate(&asking, &sample::region("eu-west-2")).await.unwrap();
    let mut served = served(&asking).await;
    (gate, served.remove(&format!("127.0.0.1:{port}")).unwrap())
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_told_and_the_gate_behind_it_still_heard() {
    let (gate, certificate) = asked(Host::Gate, 2021, Duration::from_secs(20)).await;
    assert_eq!(gate.alive, Ok(Answer { status: 200, line: "alive chat".to_owned() }));
    assert_eq!(gate.lines[&sample::region("us-east-1")], Ok(Answer { status: 200, line: "serve chat us-east-1".to_owned() }));
    assert!(gate.votes.is_err(), "a line is no votes document");
    let certificate = certificate.unwrap();
    assert!(certificate.days_left < -365, "{certificate:?}");
    assert!(certificate.distrust.is_some());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_told_with_the_reason() {
    let (_, certificate) = asked(Host::Gate, 2126, Duration::from_secs(20)).await;
    let certificate = certificate.unwrap();
    assert!(certificate.days_left > 365, "{certificate:?}");
    assert!(certificate.distrust.as_deref().is_some_and(|why| why.contains("invalid peer certificate")), "{certificate:?}");
}

#[tokio::test]
async fn a_gate_that_says_nothing_or_too_much_ends_by_the_deadline() {
    let started = tokio::time::Instant::now();
    let (gate, _) = asked(Host::Hangs, 2126, Duration::from_millis(800)).await;
    assert_eq!(gate.alive, Err(Unread::late()));
    assert!(gate.lines.values().all(|line| *line == Err(Unread::late())));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let (gate, _) = asked(Host::Endless, 2126, Duration::from_secs(20)).await;
    assert!(gate.alive.is_err_and(|why| why.what.contains("length limit")));
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let config = config(gone);
    let gate = gate(&asking(&config, Duration::from_secs(20)), &sample::region("eu-west-2")).await.unwrap();
    assert!(gate.alive.is_err_and(|why| why.what.starts_with(&format!("no connection to 127.0.0.1:{gone}"))));
}
