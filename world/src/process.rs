//! Processes that faults end: dropped in mid-step, as a crash would, and started anew once healed.
//!
//! What runs inside knows nothing of this.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::fault::{FaultSet, Faults};

/// Runs `start()` over and over while `down(faults)` does not hold, until `stop`.
///
/// A run that ends by itself is started again only after the next change of faults: a process that gave up stays down.
pub async fn run_while_up<F, S, Fut>(faults: Faults, down: F, stop: CancellationToken, mut start: S)
where
    F: Fn(&FaultSet) -> bool,
    S: FnMut() -> Fut,
    Fut: Future<Output = ()>,
{
    let mut watch = faults.watch();
    loop {
        let up = !down(&watch.borrow_and_update());
        tokio::select! {
            () = stop.cancelled() => return,
            changed = until_turned(&mut watch, &down, up) => if !changed { return },
            () = run_if(up, &mut start) => {}
        }
    }
}

async fn run_if<S, Fut>(up: bool, start: &mut S)
where
    S: FnMut() -> Fut,
    Fut: Future<Output = ()>,
{
    if up {
        start().await;
    }
    std::future::pending::<()>().await;
}

/// Waits until the answer of `down` differs from what it was. False when there will be no more changes.
async fn until_turned<F: Fn(&FaultSet) -> bool>(watch: &mut tokio::sync::watch::Receiver<FaultSet>, down: &F, up: bool) -> bool {
    loop {
        if watch.changed().await.is_err() {
            return false;
        }
        if down(&watch.borrow()) == up {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use decision::RegionName;

    use super::*;
    use crate::fault::Component;

    #[tokio::test(start_paused = true)]
    async fn a_process_is_dropped_by_its_fault_and_started_anew_when_healed() {
        let region = RegionName::new("eu-west-2").unwrap();
        let faults = Faults::default();
        let stop = CancellationToken::new();
        let starts = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn({
            let (faults, stop, starts, region) = (faults.clone(), stop.clone(), starts.clone(), region.clone());
            async move {
                let down = move |on: &FaultSet| on.contains(&(region.clone(), Component::Observer));
                run_while_up(faults, down, stop, || {
                    starts.fetch_add(1, Ordering::SeqCst);
                    std::future::pending()
                })
                .await;
            }
        });
        let pass = || tokio::time::sleep(Duration::from_millis(1));
        pass().await;
        faults.set(&region, Component::Rest, true); // another fault: nothing restarts
        pass().await;
        assert_eq!(starts.load(Ordering::SeqCst), 1);
        faults.set(&region, Component::Observer, true);
        pass().await;
        faults.set(&region, Component::Observer, false);
        pass().await;
        assert_eq!(starts.load(Ordering::SeqCst), 2);
        stop.cancel();
        task.await.unwrap();
    }
}
