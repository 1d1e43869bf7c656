use std::sync::atomic::AtomicBool;
fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap());
    let (first, count, jobs) = (args.next().unwrap(), args.next().unwrap(), args.next().unwrap_or(1));
    let start = std::time::Instant::now();
    let out = replay::random::campaign(first, count as usize, jobs as usize, &AtomicBool::new(false), |_| ());
    for f in &out.findings { println!("seed {}: {:#?}", f.seed, &f.what[..f.what.len().min(3)]); }
    println!("{} incidents, {} h, coasted {}, ejections {}, wrong {}, nothing served {:.1}, found {}; {:?}, {:?} per incident", out.incidents, out.hours, out.coasted_hours, out.ejections, out.wrong_ejects, out.minutes_nothing_served, out.found, start.elapsed(), start.elapsed()/out.incidents.max(1) as u32);
}
