//! What the matrix blames, held against modelled rounds.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits =
    Limits { own: Duration::from_secs(3), across: Duration::from_secs(5), late: Duration::from_secs(2), patience: Patience::Full };

fn regions(count: usize) -> Vec<RegionName> {
    ["eu-west-2", "us-west-2", "us-east-1", "ap-south-1", "sa-east-1", "af-south-1"][..count]
        .iter()
        .map(|name| RegionName::new(name).unwrap())
        .collect()
}

/// A round in which everything arrives after `lag` milliseconds (a tenth of that at home), but for what `lost` says.
fn modelled(count: usize, lag: u64, lost: impl Fn(usize, usize) -> bool) -> Matrix {
    let mut matrix = Matrix::new(regions(count));
    for (from, to) in matrix.cells() {
        if !lost(from, to) {
            matrix.arrived(from, to, Duration::from_millis(if from == to { lag / 10 } else { lag }));
        }
    }
    matrix
}

fn judge(matrix: &Matrix) -> Judgement {
    matrix.judge(LIMITS.across, &LIMITS)
}

fn outcomes(checks: &BTreeMap<RegionName, CheckResult>) -> Vec<String> {
    checks.iter().map(|(region, result)| format!("{region} {}", result.outcome)).collect()
}

#[derive(Debug, Clone)]
enum Fault {
    None,
    Row(usize),
    Column(usize),
    Pair(usize, usize),
    Own(usize),
    Everything,
}

fn round() -> impl Strategy<Value = (usize, u64, Fault)> {
    (2_usize..=6, 10_u64..1900).prop_flat_map(|(count, lag)| {
        let pair = (0..count, 1..count).prop_map(move |(from, step)| Fault::Pair(from, (from + step) % count));
        let fault = prop_oneof![
            Just(Fault::None),
            (0..count).prop_map(Fault::Row),
            (0..count).prop_map(Fault::Column),
            pair,
            (0..count).prop_map(Fault::Own),
            Just(Fault::Everything),
        ];
        (Just(count), Just(lag), fault)
    })
}

proptest! {
    #[test]
    fn one_fault_is_named_and_nobody_else_is_blamed((count, lag, fault) in round()) {
        let matrix = modelled(count, lag, |from, to| match fault {
            Fault::None => false,
            Fault::Row(row) => from == row,
            Fault::Column(column) => to == column,
            Fault::Pair(a, b) => (from, to) == (a, b),
            Fault::Own(own) => (from, to) == (own, own),
            Fault::Everything => true,
        });
        let names = regions(count);
        let name = |index: usize| names[index].clone();
        let expected = match fault {
            Fault::None => vec![],
            Fault::Row(row) => vec![Blame::Row(name(row))],
            Fault::Column(column) => vec![Blame::Column(name(column))],
            Fault::Pair(from, to) => vec![Blame::Pair { from: name(from), to: name(to) }],
            Fault::Own(own) => vec![Blame::Own(name(own))],
            Fault::Everything => vec![Blame::Observer],
        };
        let judgement = judge(&matrix);
        prop_assert_eq!(&judgement.blamed, &expected);

        let failed: Vec<_> = judgement.delivery.iter().filter(|(_, result)| result.outcome.is_fail()).map(|(region, _)| region.clone()).collect();
        let to_blame = match fault {
            Fault::Row(one) | Fault::Column(one) | Fault::Own(one) => vec![name(one)],
            Fault::None | Fault::Pair(..) | Fault::Everything => vec![],
        };
        prop_assert_eq!(failed, to_blame);
        let mut apart: Vec<_> = judgement.replication.iter().filter(|(_, result)| result.outcome.is_fail()).map(|(region, _)| region.clone()).collect();
        apart.sort();
        let mut ends = match fault {
            Fault::Pair(from, to) => vec![name(from), name(to)],
            Fault::None | Fault::Row(_) | Fault::Column(_) | Fault::Own(_) | Fault::Everything => vec![],
        };
        ends.sort();
        prop_assert_eq!(apart, ends);
        if matches!(fault, Fault::Everything) {
            prop_assert!(judgement.delivery.values().all(|result| result.outcome == Outcome::Unknown(Cause::Observer)));
        }
    }

    /// Whatever is lost and whenever the rest came: every region in the matrix gets both checks, and settled stays settled.
    #[test]
    fn any_matrix_is_judged(count in 0_usize..=6, cells in proptest::collection::vec(proptest::option::of(0_u64..6000), 36), refused in 0_u8..64) {
        let mut matrix = Matrix::new(regions(count));
        for (from, to) in matrix.cells() {
            if let Some(after) = cells[from * 6 + to] {
                matrix.arrived(from, to, Duration::from_millis(after));
            }
        }
        for from in (0..count).filter(|from| refused & (1 << from) != 0) {
            matrix.refused(from);
        }
        let judgement = judge(&matrix);
        prop_assert_eq!(judgement.delivery.len(), count);
        prop_assert_eq!(judgement.replication.len(), count);
        prop_assert!(matrix.is_settled(LIMITS.across, &LIMITS));
        let times = [0, 2999, 3000, 4999, 5000].map(Duration::from_millis);
        let settled: Vec<bool> = times.iter().map(|elapsed| matrix.is_settled(*elapsed, &LIMITS)).collect();
        prop_assert!(settled.windows(2).all(|pair| !pair[0] || pair[1]), "{:?}", settled);
        let gone: Vec<bool> = (0..count).map(|index| index % 2 == 0).collect();
        prop_assert_eq!(matrix.without(&gone).regions().len(), count / 2);
    }
}

#[test]
fn a_region_whose_socket_was_cut_neither_blames_nor_is_blamed() {
    let matrix = modelled(3, 80, |from, to| from == 0 || to == 0).without(&[true, false, false]);
    let judgement = judge(&matrix);
    assert_eq!(judgement.blamed, vec![]);
    assert_eq!(outcomes(&judgement.delivery), ["us-east-1 pass", "us-west-2 pass"]);
}

#[test]
fn a_region_that_says_no_is_a_lost_row_at_once_and_even_when_all_say_so() {
    let mut matrix = modelled(3, 80, |from, _| from == 1);
    assert!(!matrix.is_settled(Duration::ZERO, &LIMITS));
    matrix.refused(1);
    assert!(matrix.is_settled(Duration::ZERO, &LIMITS));
    assert_eq!(judge(&matrix).blamed, [Blame::Row(regions(3)[1].clone())]);

    let mut all = modelled(2, 80, |_, _| true);
    all.refused(0);
    all.refused(1);
    assert_eq!(outcomes(&judge(&all).delivery), ["eu-west-2 fail:row", "us-west-2 fail:row"]);
}

#[test]
fn a_lone_region_that_does_not_hear_itself_has_failed() {
    assert_eq!(outcomes(&judge(&modelled(1, 80, |_, _| true)).delivery), ["eu-west-2 fail:own"]);
    assert_eq!(outcomes(&judge(&modelled(1, 80, |_, _| false)).replication), ["eu-west-2 unknown:not-tried"]);
}

#[test]
fn late_is_degraded_and_past_the_deadline_is_failed() {
    let own = |millis| {
        let mut matrix = modelled(2, 80, |from, to| (from, to) == (0, 0));
        matrix.arrived(0, 0, Duration::from_millis(millis));
        judge(&matrix).delivery[&regions(1)[0]].outcome.to_string()
    };
    assert_eq!([own(1900), own(2100), own(3100)], ["pass", "degraded:late", "fail:late"]);

    let mut across = modelled(3, 80, |from, to| (from, to) == (0, 1));
    across.arrived(0, 1, Duration::from_millis(4000));
    assert_eq!(outcomes(&judge(&across).replication), ["eu-west-2 degraded:late", "us-east-1 pass", "us-west-2 degraded:late"]);
}

#[test]
fn a_dead_column_or_row_is_known_at_the_first_deadline_and_a_pair_only_at_the_second() {
    for line in [modelled(3, 80, |from, _| from == 0), modelled(3, 80, |_, to| to == 0), modelled(3, 80, |_, _| true)] {
        assert!(!line.is_settled(LIMITS.own - Duration::from_millis(1), &LIMITS));
        assert!(line.is_settled(LIMITS.own, &LIMITS));
    }
    let pair = modelled(3, 80, |from, to| (from, to) == (0, 1));
    assert!(!pair.is_settled(LIMITS.own, &LIMITS));
    assert!(pair.is_settled(LIMITS.across, &LIMITS));
    assert!(modelled(3, 80, |_, _| false).is_settled(Duration::ZERO, &LIMITS));
}

#[test]
fn blame_reads_as_a_sentence() {
    let names = regions(2);
    let said: Vec<String> = [
        Blame::Observer,
        Blame::Row(names[0].clone()),
        Blame::Column(names[0].clone()),
        Blame::Own(names[0].clone()),
        Blame::Pair { from: names[0].clone(), to: names[1].clone() },
    ]
    .iter()
    .map(Blame::to_string)
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    nothing arrived anywhere: the observer itself
    nothing sent into eu-west-2 arrived: its write path
    nothing arrived at eu-west-2: its stream reader or broadcast
    eu-west-2 did not hear itself, but others and was heard
    nothing arrived from eu-west-2 at us-west-2: that replication pair
    ");
}

#[test]
fn the_matrix_in_json_names_lost_cells() {
    let matrix = modelled(2, 80, |from, to| (from, to) == (0, 1));
    insta::assert_snapshot!(serde_json::to_string(&matrix).unwrap(), @r#"{"eu-west-2":{"eu-west-2":8.0,"us-west-2":null},"us-west-2":{"eu-west-2":80.0,"us-west-2":8.0}}"#);
}

#[test]
fn a_confirming_round_waits_for_own_messages_only_and_judges_nothing_that_is_still_under_way() {
    let confirming = Limits { patience: Patience::Confirming, ..LIMITS };
    let under_way = modelled(3, 900, |from, to| from != to);
    let early = Duration::from_millis(100);
    assert!(under_way.is_settled(early, &confirming), "it waits for replication");
    assert!(!under_way.is_settled(early, &LIMITS), "an ordinary round does not");

    let judgement = under_way.judge(early, &confirming);
    assert_eq!(judgement.blamed, Vec::new());
    assert!(judgement.delivery.values().all(|result| result.outcome == Outcome::Pass), "{judgement:?}");
    assert!(judgement.replication.values().all(|result| result.outcome == Outcome::Unknown(Cause::NotTried)), "{judgement:?}");

    let deaf = modelled(3, 900, |from, to| from != to || from == 1);
    assert!(!deaf.is_settled(early, &confirming), "a region that does not hear itself yet is waited for");
    assert!(deaf.judge(LIMITS.own, &confirming).delivery[&regions(3)[1]].outcome.is_fail());
}
