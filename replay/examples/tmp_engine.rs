//! scratch: id strategy repeat
use replay::engine::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let incident = replay::incident::load(std::path::Path::new(&format!("incidents/{}.toml", args[1]))).unwrap();
    let regions = ["eu-west-1", "eu-west-2", "us-east-1"].map(|n| decision::RegionName::new(n).unwrap());
    let n: u64 = args.get(2).map_or(1, |n| n.parse().unwrap());
    let hours = incident.horizon / 60.0;
    for seed in 1..=n {
        let setup = Setup { incident: incident.clone(), regions: regions.clone(), shares: [1.0 / 3.0; 3], headroom: 2.5, seed };
        let p = policy(&setup).unwrap();
        let t = std::time::Instant::now();
        let r = run(&setup, &Strategy::Failover(Box::new(p.clone())), Detail::Score);
        let e = t.elapsed().as_secs_f64();
        println!("{} {:.2?} wrong {} flips {} none {:.1} vote {:?} ans {:?} forb {:?} viol {:?} {:.3}s = {:.3} s/day", args[1], r.score.error_minutes, r.wrong_ejects, r.flips, r.minutes_nothing_served, r.vote_after, r.answers_after, r.forbidden, r.violations.iter().take(2).collect::<Vec<_>>(), e, e * 24.0 / hours);
    }
}
