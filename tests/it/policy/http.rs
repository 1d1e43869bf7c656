//! A browser with one tab, one cookie and no patience for redirects, in front of a router on loopback.

use std::net::SocketAddr;

use axum::Router;
use http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::TcpListener;

/// A browser and what it looks at.
pub(super) struct Browser {
    address: SocketAddr,
    listener: Option<TcpListener>,
    client: Client<HttpConnector, Full<Bytes>>,
    cookie: Option<String>,
}

impl Browser {
    /// In front of a router.
    pub(super) async fn at(router: Router) -> Self {
        let mut browser = Self::listening().await;
        browser.serve(router);
        browser
    }

    /// In front of nothing yet, for a router that has to know its address.
    pub(super) async fn listening() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, listener: Some(listener), client: Client::builder(TokioExecutor::new()).build_http(), cookie: None }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn serve(&mut self, router: Router) {
        let listener = self.listener.take().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// Opens a link that signs in.
    pub(super) async fn sign_in(&mut self, path: &str) {
        let answer = self.ask(http::Request::get(self.url(path)), String::new()).await;
        let cookie = answer.headers().get(SET_COOKIE).unwrap_or_else(|| panic!("not signed in: {answer:?}"));
        self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
    }

    /// The status and the body of a page.
    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        read(self.ask(http::Request::get(self.url(path)), String::new()).await).await
    }

    /// The status and the answer to a form, sent as the page's own script would.
    pub(super) async fn post(&self, path: &str, csrf: &str, fields: &Value) -> (u16, String) {
        let request = http::Request::post(self.url(path))
            .header(CONTENT_TYPE, "application/json")
            .header("x-csrf-token", csrf)
            .header(ORIGIN, format!("http://{}", self.address))
            .header("sec-fetch-site", "same-origin");
        read(self.ask(request, fields.to_string()).await).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn ask(&self, request: http::request::Builder, body: String) -> http::Response<hyper::body::Incoming> {
        let request = request.header(HOST, self.address.to_string());
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        self.client.request(request.body(Full::from(body)).unwrap()).await.unwrap()
    }
}

async fn read(answer: http::Response<hyper::body::Incoming>) -> (u16, String) {
    let status = answer.status().as_u16();
    (status, String::from_utf8_lossy(&answer.into_body().collect().await.unwrap().to_bytes()).into_owned())
}
