//! Listeners that can be switched off: while a fault is on, connections are refused and the open ones are cut.
//!
//! Transport only; nothing here knows a protocol.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fault::{FaultSet, Faults};

/// The most connections one listener serves at a time; further ones wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 2048;
const BACKLOG: u32 = 1024;

/// Binds `addr` (port 0 = any), so that it can be bound again at once after a fault.
///
/// # Errors
/// What the operating system says.
pub fn bind(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Serves connections until `stop`; while `down(faults)` holds, nothing listens and what was open is cut.
///
/// `connection` is spawned once per accepted connection and dropped (which closes the socket) when the listener goes down.
pub async fn serve<F, C, Fut>(listener: TcpListener, faults: Faults, down: F, stop: CancellationToken, connection: C)
where
    F: Fn(&FaultSet) -> bool,
    C: Fn(TcpStream) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let Ok(addr) = listener.local_addr() else { return };
    let mut watch = faults.watch();
    let mut listener = Some(listener);
    let mut open = JoinSet::new();
    loop {
        if down(&watch.borrow_and_update()) {
            listener = None;
            open.shutdown().await;
        } else if listener.is_none() {
            listener = bind(addr).ok();
            if listener.is_none() {
                tracing::warn!(%addr, "cannot listen again yet");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            changed = watch.changed() => if changed.is_err() { break },
            accepted = accept(listener.as_ref(), open.len()) => {
                if let Ok((stream, _)) = accepted {
                    let _ = stream.set_nodelay(true);
                    open.spawn(connection(stream));
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
    open.shutdown().await;
}

async fn accept(listener: Option<&TcpListener>, open: usize) -> std::io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) if open < CONNECTIONS_MAX => listener.accept().await,
        Some(_) | None => std::future::pending().await,
    }
}
