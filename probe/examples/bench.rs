//! What a probe costs: CPU, time and memory per probe, against a model of the service in another process.
//!
//! ```text
//! taskset -c 0 bench serve 3                                  prints the targets, and serves until it is stopped
//! taskset -c 1 bench <rest|ws|matrix|round> --count 2000 TARGETS
//! ```
//!
//! `rest` is one read of one region; `ws` one socket, its nonce there and back, and the ordinary socket beside it; `matrix` the same for
//! all regions; `round` everything. One line: `mode n err rate cpu_us/probe p50 p95 p99 max_rss_kib`. Warm up, repeat, and take the minimum.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::time::Duration;

use decision::{RegionName, ServiceName};
use probe::{Probe, Settings, Target};
use tokio::time::Instant;

#[expect(dead_code, unused_imports, reason = "the tests use the rest of it")]
#[path = "../tests/it/fixture/mod.rs"]
mod fixture;

/// Probes before the clock starts.
const WARM_UP: u64 = 200;
/// Clock ticks per second in `/proc`, which Linux fixes for all programs.
const TICKS: u64 = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", count] => serve(count.parse().unwrap()).await,
        [mode @ ("rest" | "ws" | "matrix" | "round"), "--count", count, targets] => measure(mode, count.parse().unwrap(), targets).await,
        _ => println!("bench serve REGIONS | bench <rest|ws|matrix|round> --count N TARGETS"),
    }
}

async fn serve(count: usize) {
    let model = fixture::Model::new(count, Duration::ZERO).await;
    println!("{}", serde_json::to_string(&model.settings().targets).unwrap());
    tokio::signal::ctrl_c().await.unwrap();
}

async fn measure(mode: &str, count: u64, targets: &str) {
    let mut targets: Vec<Target> = serde_json::from_str(targets).unwrap();
    if matches!(mode, "rest" | "ws") {
        targets.truncate(1);
    }
    let observer = RegionName::new("eu-west-2").unwrap();
    let probe = Probe::new(Settings::new(ServiceName::new("chat").unwrap(), observer, targets, fixture::SECRET)).unwrap();
    for number in 0..WARM_UP {
        once(&probe, mode, number).await;
    }
    let (cpu, started) = (cpu_ticks(), Instant::now());
    let (mut times, mut errors) = (Vec::new(), 0);
    for number in 0..count {
        let before = Instant::now();
        errors += u64::from(!once(&probe, mode, number).await);
        times.push(before.elapsed().as_micros());
    }
    let (elapsed, cpu) = (started.elapsed(), cpu_ticks() - cpu);
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "{mode} {count} {errors} {:.0}/s {} us {} {} {} {} KiB",
        count as f64 / elapsed.as_secs_f64(),
        cpu * 1_000_000 / TICKS / count,
        at(50),
        at(95),
        at(99),
        peak_kib()
    );
}

async fn once(probe: &Probe, mode: &str, number: u64) -> bool {
    match mode {
        "rest" => probe.read_only().await,
        "ws" | "matrix" => probe.deliver_only(number).await,
        _ => !probe.round(number).await.anything_failed(),
    }
}

/// User and system time of this process.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The second field is a name in parentheses; utime and stime are the 14th and 15th.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// The most memory that this process ever held.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
