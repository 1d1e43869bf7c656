//! Many runs on a few threads: the same results in the same order, however many threads there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Does `work` for every number below `count`, on `jobs` threads, in the order of `order`; `done` hears of each that is done, from any
/// thread.
///
/// `None` when it was told to stop before the end. What is under way then is finished, as each is short.
pub(super) fn each<T: Send>(
    jobs: usize,
    order: &[usize],
    stop: &AtomicBool,
    done: impl Fn(usize) + Sync,
    work: impl Fn(usize) -> T + Sync,
) -> Option<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(order.len()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, order.len().max(1)) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let Some(number) = order.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let result = work(*number);
                    // A poisoned lock means that another thread panicked; the scope passes that on.
                    if let Ok(mut results) = results.lock() {
                        results.push((*number, result));
                    }
                    done(*number);
                }
            });
        }
    });
    let mut results = results.into_inner().ok().filter(|results| results.len() == order.len())?;
    results.sort_by_key(|(number, _)| *number);
    Some(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_number_of_threads() {
        let order: Vec<usize> = (0..100).rev().collect();
        let stop = AtomicBool::new(false);
        for jobs in [0, 1, 3, 200] {
            let squares = each(jobs, &order, &stop, |_| {}, |number| number * number).unwrap();
            assert_eq!(squares, (0..100).map(|number| number * number).collect::<Vec<_>>(), "{jobs} threads");
        }
    }

    #[test]
    fn every_one_that_is_done_is_heard_of() {
        let heard = AtomicUsize::new(0);
        each(4, &[0, 1, 2, 3, 4], &AtomicBool::new(false), |number| _ = heard.fetch_add(number, Ordering::Relaxed), |_| ()).unwrap();
        assert_eq!(heard.into_inner(), 10);
    }

    #[test]
    fn who_is_told_to_stop_has_no_results() {
        let stop = AtomicBool::new(false);
        let work = |number| {
            stop.store(number == 2, Ordering::Relaxed);
            number
        };
        assert_eq!(each(1, &[0, 1, 2, 3], &stop, |_| {}, work), None);
        assert_eq!(each(2, &[], &AtomicBool::new(false), |_| {}, |number| number), Some(vec![]));
    }
}
