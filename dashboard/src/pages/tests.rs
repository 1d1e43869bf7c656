use super::sample::*;

#[test]
fn dump() {
    use super::shell::Shell;
    use super::view::*;
    use crate::guard::{Person, Role};
    use crate::model::*;
    use askama::Template as _;
    let person = Person { actor: "ana".into(), role: Role::Operator, csrf: "t".into() };
    let out = |name: &str, html: String| std::fs::write(format!("/tmp/dash-pages/site/{name}.html"), html).unwrap();
    let h = header();
    let shell = |m| Shell { at: "/", ..Shell::new(&h, &person, m, "News") }.kept_by("/fragment".into());
    let ov = |name: &str, rows, mark, word: &str, text: &str| {
        let page = overview(rows, mark, word, text);
        out(name, OverviewView { shell: &shell(mark), page: &page }.render().unwrap());
    };
    let mut calm = overview(vec![fine("eu-west-1"), fine("eu-west-2"), fine("us-east-1")], Mark::Good, "ALL WELL", "Every region serves, and every observer says so.");
    calm.banner.notes.clear();
    out("healthy", OverviewView { shell: &shell(Mark::Good), page: &calm }.render().unwrap());
    ov("sick", vec![sick("us-east-1"), drained("eu-west-2"), fine("eu-west-1")], Mark::Bad, "USERS AT RISK", "us-east-1 is ejected for 1m 1s: websocket failed in 5 of its last 6 rounds. eu-west-2 is drained by ana. eu-west-1 serves everybody.");
    let mut un = overview(vec![unknown("us-east-1"), unknown("eu-west-2"), unknown("eu-west-1")], Mark::Unknown, "NOT KNOWN", "Two of three observers do not answer.");
    un.header.live = Live { state: LiveState::Stale, text: "NOT LIVE, last heard 03:21:41 UTC (26 s ago)".into(), heard_at: None };
    let s = Shell::new(&un.header, &person, Mark::Unknown, "NOT KNOWN");
    out("unknown", OverviewView { shell: &s, page: &un }.render().unwrap());
    out("region", RegionView { shell: &shell(Mark::Bad), page: &region_page() }.render().unwrap());
    let p = preview(Act::Drain, "eu-west-2");
    out("drain", ActView { shell: &shell(Mark::Warn), page: &p, failed: None }.render().unwrap());
    let mut p = preview(Act::Drain, "eu-west-2");
    p.moved = vec!["us-east-1 was drained by bob 12s ago, generation 118".into()];
    p.problems = vec![Problem { field: "confirm", text: "must be eu-west-2, and is eu-west-1".into() }];
    p.fields.confirm = "eu-west-1".into();
    p.fields.reason = "slow".into();
    p.refused = Some(Refused { rule: None, text: "eu-west-2 is the last region serving".into(), hints: vec!["failover resume us-east-1".into()] });
    out("refused", ActView { shell: &shell(Mark::Bad), page: &p, failed: None }.render().unwrap());
    out("progress", ProgressView { shell: &shell(Mark::Going), page: &progress() }.render().unwrap());
    out("log", LogView { shell: &shell(Mark::Unknown), page: &log() }.render().unwrap());
}
