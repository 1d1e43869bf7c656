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
/// How long to wait when the operating system refuses to listen or to accept, before it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

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
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(PAUSE) => continue,
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            changed = watch.changed() => if changed.is_err() { break },
            accepted = accept(listener.as_ref(), open.len()) => {
                let _ = accepted.set_nodelay(true);
                open.spawn(connection(accepted));
            }
            Some(_) = open.join_next() => {}
        }
    }
    open.shutdown().await;
}

/// The next connection. Where there is none to be had (no listener, too many open, no file descriptors left), waits.
async fn accept(listener: Option<&TcpListener>, open: usize) -> TcpStream {
    let Some(listener) = listener.filter(|_| open < CONNECTIONS_MAX) else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Component;

    #[tokio::test]
    async fn a_listener_that_cannot_come_back_ends_on_stop() {
        let region: decision::RegionName = "eu-west-2".parse().unwrap();
        let (faults, stop) = (Faults::default(), CancellationToken::new());
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let addr = listener.local_addr().unwrap();
        faults.set(&region, Component::Region, true);
        let gone = (region.clone(), Component::Region);
        let healed = std::sync::Arc::new(tokio::sync::Notify::new());
        let seen = healed.clone();
        let down = move |faults: &FaultSet| {
            let is_down = faults.contains(&gone);
            if !is_down {
                seen.notify_one();
            }
            is_down
        };
        let serving = tokio::spawn(serve(listener, faults.clone(), down, stop.clone(), |stream| async move { drop(stream) }));
        let taken = tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                match bind(addr) {
                    Ok(taken) => return taken,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        let _taken = taken.await.unwrap();
        faults.heal(None);
        tokio::time::timeout(Duration::from_secs(5), healed.notified()).await.unwrap();
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap();
    }
}
