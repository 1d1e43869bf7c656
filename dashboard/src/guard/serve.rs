//! Serves a router on a listener under [`Limits`]: slow, idle and too many clients, and a stop that open streams cannot hold up.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::limits::Limits;

/// How long to wait when the operating system refuses to accept (no file descriptors left), before it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `closing`, then finishes what is under way for at most [`Limits::stop_within`].
///
/// Event streams of a guarded router end with `closing` by themselves.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, closing: CancellationToken) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = closing.cancelled() => break,
            stream = accept(&listener, open.len() < limits.connections) => {
                open.spawn(connection(stream, router.clone(), limits, closing.clone()));
            }
            Some(_) = open.join_next() => {}
        }
    }
    // From here on nobody gets in: a client that comes now is refused by the operating system, not left waiting.
    drop(listener);
    let _ = timeout(limits.stop_within, async { while open.join_next().await.is_some() {} }).await;
    open.shutdown().await;
}

/// The next connection; none where there are enough.
async fn accept(listener: &TcpListener, has_room: bool) -> TcpStream {
    if !has_room {
        return std::future::pending().await;
    }
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, closing: CancellationToken) {
    // An event is one small write: it must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_headers(limits.head_fields)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(8192))
        .half_close(false);
    let io = TokioIo::new(Patient { stream, patience: limits.taken_within, waiting: None });
    let serving = http.serve_connection(io, TowerToHyperService::new(router));
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = closing.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A stream whose writes fail when the other side takes nothing for too long: who reads no events holds no memory here.
struct Patient {
    stream: TcpStream,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    /// `polled` as it is, or an error where it has been pending for too long.
    fn within<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waiting = None;
            return polled;
        }
        let patience = self.patience;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.within(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.within(cx, polled)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.within(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
