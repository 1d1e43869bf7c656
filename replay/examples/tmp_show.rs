use replay::engine::*;
fn main() {
    let mut args = std::env::args().skip(1);
    let seed: u64 = args.next().unwrap().parse().unwrap();
    let (lo, hi): (f64, f64) = (args.next().unwrap().parse().unwrap(), args.next().unwrap().parse().unwrap());
    let setup = replay::random::incident(seed);
    if args.next().is_some() { println!("{}", setup.incident.to_toml()); }
    let (report, what) = replay::random::one(seed, None);
    println!("{what:#?}");
    for e in report.transcript.unwrap().events { let m = e.at.as_secs_f64()/60.0; if m >= lo && m <= hi {
        match &e.what { Happening::Fault{index,..} => println!("{m:.2} FAULT {}", setup.incident.faults[*index]), w => println!("{m:.2} {}", serde_json::to_string(w).unwrap()) } } }
}
