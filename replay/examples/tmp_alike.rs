use replay::engine::*; use replay::incident::Incident;
fn main() {
    for comp in ["wsconn","lambda","ddb","rest"] { for p in [0.1, 0.15, 0.2, 0.3, 0.4, 0.5,0.6,0.7,0.8,0.9] {
        let mut hit = 0; let n = 100; let mut first: f64 = 0.0;
        for seed in 0..n {
            let text = format!("id=\"x\"\ntitle=\"t\"\nsource=\"s\"\nchat=\"c\"\nright=\"r\"\ntrap=\"t\"\ncall=\"stay\"\nhorizon=60\nregions={{A=\"eu-west-1\",B=\"eu-west-2\",C=\"us-east-1\"}}\nfaults=\"\"\"\n5 {comp} * err={p} EE\n50 {comp} * err=0 EE\n\"\"\"\n[service]\nheadroom={{A=3,B=3,C=3}}\n");
            let mut setup = replay::random::incident(1); setup.incident = Incident::parse("x", &text).unwrap(); setup.seed = seed;
            let policy = policy(&setup).unwrap();
            let r = run(&setup, &Strategy::Failover(Box::new(policy)), Detail::Score);
            if r.ejections > 0 { hit += 1; first += r.vote_after.unwrap_or(-1.0); }
        }
        println!("{comp} {p}: ejected in {hit} of {n}; mean seconds {:.0}", first / f64::from(hit.max(1)));
    } }
}
