//! A small HTTP server on a free port, for the endpoints of the tests. What it answers is not decided here.

use std::convert::Infallible;
use std::net::SocketAddr;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves until the runtime ends.
pub(crate) async fn serve<F>(answer: impl Fn(Request<Bytes>) -> F + Clone + Send + 'static) -> SocketAddr
where
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = answer.clone();
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = Limited::new(body, 1 << 20).collect().await.unwrap().to_bytes();
                        Ok::<_, Infallible>(answer(Request::from_parts(parts, body)).await)
                    }
                });
                // A client that hangs up in the middle is none of the tests' concern.
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}
