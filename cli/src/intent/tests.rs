//! What the votes make of a drain, on the sample service.

use decision::{Intent, Reason, SafetyRule};
use store::intent::{Turned, ejecting, turned};

use crate::sample::{drain, drained, failing, fine, policy, reading, region, trouble};

fn sentence(turned: &Turned) -> String {
    turned.sentence(3)
}

#[test]
fn a_drain_has_turned_when_a_majority_ejects_knowing_it() {
    let drain = drain("eu-west-2");
    let all = reading([fine(), drained(), fine()], &[]);
    assert_eq!(turned(&policy(), &drain, &all.votes), Turned::Yes { votes: 3 });
    let minority = trouble();
    assert_eq!(turned(&policy(), &drain, &minority.votes), Turned::Yes { votes: 2 });
    let none = reading([fine(), fine(), fine()], &[]);
    insta::assert_snapshot!(sentence(&turned(&policy(), &drain, &none.votes)), @"0 of 3 observers vote eject");
    let two_silent = crate::sample::without(trouble(), "eu-west-1");
    insta::assert_snapshot!(sentence(&turned(&policy(), &drain, &two_silent.votes)), @"1 of 3 observers vote eject, 2 cannot be read");
}

#[test]
fn an_ejection_that_knows_nothing_of_the_drain_is_not_its_doing() {
    let ejected = reading([fine(), failing(), fine()], &[]);
    assert_eq!(turned(&policy(), &drain("eu-west-2"), &ejected.votes), Turned::NotYet { votes: 0, unread: 0 });
    assert_eq!(ejecting(&policy(), &region("eu-west-2"), &ejected.votes), (3, 0));
}

#[test]
fn a_refusal_by_a_majority_names_the_rule() {
    let mut refusing = fine();
    refusing.reason = Reason::DrainRefused { by: "ana".to_owned(), generation: 118, rule: SafetyRule::LastRegion };
    let refused = reading([fine(), refusing.clone(), fine()], &[]);
    assert_eq!(turned(&policy(), &drain("eu-west-2"), &refused.votes), Turned::Refused(SafetyRule::LastRegion));
    let newer = Intent { generation: 119, ..drain("eu-west-2") };
    assert_eq!(turned(&policy(), &newer, &refused.votes), Turned::NotYet { votes: 0, unread: 0 }, "it refuses an older one");
}
