//! Every interleaving of three observers: whatever each wants, reads, writes and misses, somebody serves.
//!
//! The stores, the checkers and the controllers' steps are the model; each decision is one of the real `decide` (`model_answers`).
//!
//! # What happens in it
//!
//! A controller reads its own votes, reads each of the others' or fails to, decides, and writes; the write lands, is lost, or lands later, and fails if another
//! one came between. Any number of instances do so at once for each observer, and die between any two steps. Each observer's time passes by itself. A vote that
//! is taken back is seen by the checkers until `settle` has passed since the decision, at the worst.
//!
//! # Steps that are not taken one by one
//!
//! Reading changes nothing, so that a read may be put off until just before what it reads changes, or its own instance writes. Hence
//!
//! * only landings and time are steps. When an observer's votes change, each other one may *have read* them as they were, or not; one that has not reads what
//!   stands when it writes itself, or fails to. Two reads between which no answer differs are one;
//! * instances that write nothing, lost writes and crashes leave no trace. Those that come to write all read what stands, because the write of one that read
//!   less is refused: so one instance is enough, until a mutation drops the check or lets time pass while a write is under way. Then there is a second, `Late`.
//!
//! Observers are alike, and so are regions, but for their names, which break ties: here every decision may take the regions in any order of names, which is more
//! than can happen. States that differ only in who is who are one.
//!
//! `model_walk` takes every step by itself instead, on whole documents, at random.

#![expect(clippy::unwrap_used, reason = "numbers that do not fit are a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::model_answers::{ANNOUNCED, Answers, Doc, EJECT, SERVE, UNREAD, Wish, mask, shown};

/// Not read yet.
const LATER: u8 = 9;

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// What should be announced is ejected at once.
    SkipsAnnouncing,
    /// What is announced is not told to the others.
    HidesAnnouncing,
    /// The others' votes are read before the own ones, so that another instance may announce in between.
    ReadsOthersFirst,
    /// An observer that cannot be read counts as one that ejects nothing.
    IgnoresUnread,
    /// What was brought back counts as served at once.
    ForgetsSettling,
    /// A write lands whatever was written since its reads.
    NoGenerations,
    /// A write that is under way lands after the region has settled.
    TooLate,
}

/// An instance whose write comes late: what it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Late {
    base: Doc,
    reads: [u8; 2],
    steps: u8,
}

/// One observer: what is stored, for how many steps the checkers still see an ejection that was taken back, what the instance that is going to write has
/// read of the next and the one after, and another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Local {
    doc: Doc,
    stale: Doc,
    reads: [u8; 2],
    late: Option<Late>,
}

const START: Local = Local { doc: [SERVE; 3], stale: [0; 3], reads: [LATER; 2], late: None };

impl Local {
    /// What the checkers may see it eject.
    fn seen(&self) -> u8 {
        mask(self.doc, |cell| cell == EJECT) | mask(self.stale, |steps| steps > 0)
    }
}

/// What is shown, with the regions in another order.
fn turned(read: u8, order: [usize; 3]) -> u8 {
    if read >= UNREAD { read } else { order.iter().zip([1, 2, 4]).filter(|(n, _)| read >> **n & 1 == 1).map(|(_, bit)| bit).sum() }
}

/// The model of one shape of service.
struct Model {
    answers: Answers,
    broken: Broken,
    /// How many steps of time a write may take from its decision.
    write_within: u8,
    locals: Vec<Local>,
    numbers: BTreeMap<Local, u32>,
    /// Which reads are one, by own votes.
    alike: BTreeMap<Doc, [u8; 10]>,
    /// Each observer's state with the regions in every order, and the other two observers in both.
    images: Vec<Option<Rc<[[u32; 2]]>>>,
    /// All that a decision can lead to.
    outcomes: BTreeMap<(Doc, [u8; 2]), Rc<BTreeSet<Doc>>>,
    ticks: BTreeMap<u32, Rc<[u32]>>,
    landings: BTreeMap<u64, Rc<[u32]>>,
    witnessed: BTreeMap<u64, Rc<[u32]>>,
}

/// Three observers, by the number of what each is.
type Global = [u32; 3];

/// What was found.
struct Explored {
    states: usize,
    steps: usize,
    /// Every combination of stored votes that can be met.
    docs: BTreeSet<[Doc; 3]>,
    /// The most votes that are seen against all regions together.
    most: u32,
    /// A way to an empty answer.
    empty: Option<Vec<[Local; 3]>>,
}

impl Model {
    fn new(answers: Answers, broken: Broken) -> Self {
        let settle = answers.settle;
        let write_within = if broken == Broken::TooLate { settle } else { settle - 1 };
        Self {
            answers,
            broken,
            write_within,
            locals: Vec::new(),
            numbers: BTreeMap::default(),
            alike: BTreeMap::new(),
            images: Vec::new(),
            outcomes: BTreeMap::default(),
            ticks: BTreeMap::default(),
            landings: BTreeMap::default(),
            witnessed: BTreeMap::default(),
        }
    }

    fn number(&mut self, local: Local) -> u32 {
        let next = u32::try_from(self.locals.len()).unwrap();
        let number = *self.numbers.entry(local).or_insert(next);
        if number == next {
            self.locals.push(local);
        }
        number
    }

    fn settled(&self) -> u8 {
        ANNOUNCED + self.answers.settle
    }

    /// What the others read.
    fn shown(&self, doc: Doc) -> u8 {
        match self.broken {
            Broken::HidesAnnouncing => mask(doc, |cell| cell != SERVE && cell != self.settled()),
            _ => shown(doc),
        }
    }

    /// All that the votes can become by one decision, in whatever order the regions' names are.
    fn decided(&mut self, base: Doc, mut reads: [u8; 2]) -> Rc<BTreeSet<Doc>> {
        reads.sort_unstable();
        if let Some(known) = self.outcomes.get(&(base, reads)) {
            return known.clone();
        }
        let mut all = BTreeSet::new();
        for order in self.orders() {
            let next = self.decided_as_named(order.map(|n| base[n]), reads.map(|read| turned(read, *order)));
            all.extend(next.into_iter().map(|doc| {
                let mut back = doc;
                order.iter().zip(doc).for_each(|(n, cell)| back[*n] = cell);
                back
            }));
        }
        let all = Rc::new(all);
        self.outcomes.insert((base, reads), all.clone());
        all
    }

    fn orders(&self) -> &'static [[usize; 3]] {
        const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [1, 0, 2], [0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1]];
        if self.answers.regions == 2 { &ORDERS[..2] } else { &ORDERS }
    }

    fn decided_as_named(&mut self, base: Doc, reads: [u8; 2]) -> BTreeSet<Doc> {
        let settled = self.settled();
        let base = match self.broken {
            Broken::ForgetsSettling => base.map(|cell| if cell >= ANNOUNCED && cell < settled { SERVE } else { cell }),
            _ => base,
        };
        let reads = match self.broken {
            Broken::IgnoresUnread => reads.map(|read| if read == UNREAD { 0 } else { read }),
            _ => reads,
        };
        let next = self.answers.all(base, reads).iter();
        match self.broken {
            Broken::SkipsAnnouncing => next.map(|doc| doc.map(|cell| if cell == settled { EJECT } else { cell })).collect(),
            _ => next.copied().collect(),
        }
    }

    /// What may be read, a number for each class of reads between which no decision on these votes differs: the least of the class.
    fn alike(&mut self, base: Doc) -> [u8; 10] {
        if let Some(alike) = self.alike.get(&base) {
            return *alike;
        }
        let mut alike = [0, 1, 2, 3, 4, 5, 6, 7, 8, LATER];
        // This one may go on with what it read for other votes than these.
        if self.broken != Broken::ReadsOthersFirst {
            // Nobody shows every region, unless broken.
            let masks: Vec<u8> = (0..(1 << self.answers.regions) - 1).chain([UNREAD]).collect();
            let rows: Vec<Vec<Rc<BTreeSet<Doc>>>> =
                masks.iter().map(|one| masks.iter().map(|other| self.decided(base, [*one, *other])).collect()).collect();
            for (n, read) in masks.iter().enumerate().filter(|(_, read)| **read != UNREAD) {
                let first = rows.iter().position(|row| *row == rows[n]).unwrap();
                alike[usize::from(*read)] = masks[first];
            }
        }
        self.alike.insert(base, alike);
        alike
    }

    /// A step of this observer's time. An instance that had read its votes before may go on for as long as a write may take.
    fn tick(&mut self, number: u32) -> Rc<[u32]> {
        if let Some(next) = self.ticks.get(&number) {
            return next.clone();
        }
        let local = self.locals[number as usize];
        let settled = self.settled();
        let older = |cell: u8| if cell >= ANNOUNCED { (cell + 1).min(settled) } else { cell };
        let aged =
            Local { doc: local.doc.map(older), stale: local.stale.map(|steps| steps.saturating_sub(1)), reads: [LATER; 2], late: None };
        let mut variants = vec![aged];
        if self.broken == Broken::ReadsOthersFirst {
            variants.push(Local { reads: local.reads, ..aged });
        }
        let fresh = Late { base: local.doc, reads: local.reads, steps: 0 };
        for late in [Some(fresh), local.late].into_iter().flatten().filter(|late| late.steps < self.write_within) {
            variants.push(Local { late: Some(Late { steps: late.steps + 1, ..late }), ..aged });
        }
        let next: Rc<[u32]> = variants.into_iter().map(|local| self.number(local)).collect();
        self.ticks.insert(number, next.clone());
        next
    }

    /// A write of this observer lands, while the others show this.
    fn land(&mut self, number: u32, shows: [u8; 2]) -> Rc<[u32]> {
        let key = u64::from(number) << 16 | u64::from(shows[0]) << 8 | u64::from(shows[1]);
        if let Some(next) = self.landings.get(&key) {
            return next.clone();
        }
        let local = self.locals[number as usize];
        let fresh = Late { base: local.doc, reads: local.reads, steps: 0 };
        let mut next = BTreeSet::new();
        for writer in [Some(fresh), local.late].into_iter().flatten() {
            let of = |n: usize| if writer.reads[n] == LATER { vec![UNREAD, shows[n]] } else { vec![writer.reads[n]] };
            let reads = of(0).into_iter().flat_map(|one| of(1).into_iter().map(move |other| [one, other]));
            let reads: Vec<[u8; 2]> = reads.collect();
            let decided: BTreeSet<Doc> = reads.into_iter().flat_map(|reads| self.decided(writer.base, reads).as_ref().clone()).collect();
            let broken = self.broken;
            for doc in decided.into_iter().filter(|doc| *doc != local.doc || broken == Broken::NoGenerations) {
                let after = self.after(local, writer, doc);
                let is_all = usize::from(shown(doc)) + 1 == 1 << self.answers.regions;
                assert!(self.broken != Broken::Nothing || !is_all, "{local:?} lets {doc:?} be shown");
                next.extend(after.into_iter().map(|local| self.number(local)));
            }
        }
        let next: Rc<[u32]> = next.into_iter().collect();
        self.landings.insert(key, next.clone());
        next
    }

    /// What this observer can be once these votes stand that `writer` decided.
    fn after(&self, local: Local, writer: Late, decided: Doc) -> Vec<Local> {
        let settled = self.settled();
        let older = |cell: u8| if cell >= ANNOUNCED { (cell + writer.steps).min(settled) } else { cell };
        let doc = decided.map(older);
        // The checkers have what is left of the settling time, and a step at the least.
        let left = (self.answers.settle.saturating_sub(writer.steps)).max(1);
        let was = local.doc.into_iter().zip(local.stale);
        let stale_after = |(now, (before, steps))| match (before, now) {
            (_, EJECT) => 0,
            (EJECT, _) => left,
            _ => steps,
        };
        let mut stale = [0; 3];
        stale.iter_mut().zip(doc.into_iter().zip(was).map(stale_after)).for_each(|(cell, steps)| *cell = steps);
        let next = Local { doc, stale, reads: [LATER; 2], late: None };
        match self.broken {
            Broken::ReadsOthersFirst => vec![next, Local { reads: local.reads, ..next }],
            Broken::NoGenerations => {
                let had_read = Late { base: local.doc, reads: local.reads, steps: 0 };
                [None, local.late, Some(had_read)].map(|late| Local { late, ..next }).to_vec()
            }
            _ => vec![next],
        }
    }
}

impl Model {
    /// Another observer's votes change from showing `old` to showing `new`: whoever reads them has read the old ones, or not.
    fn witness(&mut self, number: u32, of: u8, old: u8, new: u8) -> Rc<[u32]> {
        let key = u64::from(number) << 24 | u64::from(of) << 16 | u64::from(old) << 8 | u64::from(new);
        if let Some(next) = self.witnessed.get(&key) {
            return next.clone();
        }
        if old == new {
            return [number].into();
        }
        let local = self.locals[number as usize];
        let mut known = |base: Doc, reads: [u8; 2]| -> Vec<[u8; 2]> {
            let alike = self.alike(base);
            let [was, is] = [old, new].map(|shown| alike[usize::from(shown)]);
            let read = reads[usize::from(of)];
            let could = if read == LATER { vec![LATER, was] } else { vec![read] };
            // To have read what stands is no more than to read it later.
            let could = could.into_iter().map(|read| if read == is { LATER } else { read }).collect::<BTreeSet<u8>>();
            could.into_iter().map(|read| if of == 0 { [read, reads[1]] } else { [reads[0], read] }).collect()
        };
        let own = known(local.doc, local.reads);
        let late: Vec<Option<Late>> = match local.late {
            None => vec![None],
            Some(late) => known(late.base, late.reads).into_iter().map(|reads| Some(Late { reads, ..late })).collect(),
        };
        let all = own.into_iter().flat_map(|reads| late.iter().map(move |late| Local { reads, late: *late, ..local }));
        let next: Rc<[u32]> = all.collect::<Vec<_>>().into_iter().map(|local| self.number(local)).collect();
        self.witnessed.insert(key, next.clone());
        next
    }

    /// Observers are alike, and regions are: of the same three in another order one is enough.
    fn canonical(&mut self, state: Global) -> u64 {
        let [a, b, c] = state.map(|number| self.images(number));
        let pack = |a: u32, b: u32, c: u32| u64::from(a) << 42 | u64::from(b) << 21 | u64::from(c);
        let mut least = u64::MAX;
        for ((a, b), c) in a.iter().zip(b.iter()).zip(c.iter()) {
            for [a, b, c] in [[a[0], b[0], c[0]], [a[1], c[1], b[1]]] {
                least = least.min(pack(a, b, c)).min(pack(b, c, a)).min(pack(c, a, b));
            }
        }
        least
    }

    fn images(&mut self, number: u32) -> Rc<[[u32; 2]]> {
        let index = number as usize;
        if let Some(Some(images)) = self.images.get(index) {
            return images.clone();
        }
        let local = self.locals[index];
        let mut images = Vec::new();
        for order in self.orders() {
            let of = |doc: Doc| order.map(|n| doc[n]);
            let mut read = |base: Doc, reads: [u8; 2]| {
                let alike = self.alike(base);
                reads.map(|read| alike[usize::from(turned(read, *order))])
            };
            let doc = of(local.doc);
            let late = local.late.map(|late| Late { base: of(late.base), reads: read(of(late.base), late.reads), ..late });
            let plain = Local { doc, stale: of(local.stale), reads: read(doc, local.reads), late };
            let swapped = |[one, other]: [u8; 2]| [other, one];
            let late = late.map(|late| Late { reads: swapped(late.reads), ..late });
            images.push([self.number(plain), self.number(Local { reads: swapped(plain.reads), late, ..plain })]);
        }
        let images: Rc<[[u32; 2]]> = images.into();
        self.images.resize(self.images.len().max(index + 1), None);
        self.images[index] = Some(images.clone());
        images
    }

    /// Every state that one step leads to.
    fn next(&mut self, state: Global) -> Vec<Global> {
        let shows = state.map(|number| self.shown(self.locals[number as usize].doc));
        let mut all = Vec::new();
        for i in 0..3 {
            let (next, after) = ((i + 1) % 3, (i + 2) % 3);
            for own in self.tick(state[i]).iter() {
                let mut state = state;
                state[i] = *own;
                all.push(state);
            }
            let mut witnesses: [Option<[Rc<[u32]>; 2]>; 8] = [const { None }; 8];
            for own in self.land(state[i], [shows[next], shows[after]]).iter().copied() {
                let new = self.shown(self.locals[own as usize].doc);
                // This one is the one after the next for the one, and the next for the other.
                let [nexts, afters] = witnesses[usize::from(new)]
                    .get_or_insert_with(|| [(state[next], 1), (state[after], 0)].map(|(state, of)| self.witness(state, of, shows[i], new)));
                for one in nexts.iter() {
                    for other in afters.iter() {
                        let mut state = [own; 3];
                        (state[next], state[after]) = (*one, *other);
                        all.push(state);
                    }
                }
            }
        }
        all
    }

    /// Whether a majority of observers may be seen against every region.
    fn is_empty(&self, [a, b, c]: [u8; 3]) -> bool {
        (a & b | b & c | a & c) + 1 == 1 << self.answers.regions
    }

    /// Goes everywhere until the answer is empty, first where most is seen ejected.
    fn explore(&mut self, limit: usize) -> Explored {
        let unpack = |state: u64| [state >> 42, state >> 21, state].map(|number| u32::try_from(number & 0x1f_ffff).unwrap());
        let number = self.number(START);
        let mut met: BTreeSet<u64> = BTreeSet::default();
        // Every state with the one it was first met from; those still to be gone on from by how much is seen ejected.
        let start = self.canonical([number; 3]);
        let mut states: Vec<(u64, u32)> = vec![(start, 0)];
        let mut open: [Vec<u32>; 10] = [const { Vec::new() }; 10];
        open[0].push(0);
        met.insert(start);
        let mut found = Explored { states: 0, steps: 0, docs: BTreeSet::new(), most: 0, empty: None };
        while let Some(from) = open.iter_mut().rev().find_map(Vec::pop) {
            let state = unpack(states[from as usize].0);
            let docs = state.map(|number| self.locals[number as usize].doc);
            for order in self.orders() {
                let mut docs = docs.map(|doc| order.map(|n| doc[n]));
                docs.sort_unstable();
                found.docs.insert(docs);
            }
            for next in self.next(state) {
                found.steps += 1;
                let canonical = self.canonical(next);
                if !met.insert(canonical) {
                    continue;
                }
                let number = u32::try_from(states.len()).unwrap();
                states.push((canonical, from));
                let seen = next.map(|number| self.locals[number as usize].seen());
                let votes: u32 = seen.iter().map(|seen| seen.count_ones()).sum();
                found.most = found.most.max(votes);
                open[votes as usize].push(number);
                if self.is_empty(seen) {
                    let mut way = vec![number];
                    while let Some(before) = way.last().filter(|last| **last > 0).map(|last| states[*last as usize].1) {
                        way.push(before);
                    }
                    found.empty =
                        Some(way.into_iter().rev().map(|n| unpack(states[n as usize].0).map(|n| self.locals[n as usize])).collect());
                    found.states = states.len();
                    return found;
                }
            }
            assert!(states.len() < limit, "more than {limit} states");
        }
        found.states = states.len();
        found
    }
}

/// Explores with one thing broken, or none, and hands on what was asked.
fn explored(answers: Answers, broken: Broken) -> (Explored, Answers) {
    let (regions, settle) = (answers.regions, answers.settle);
    let mut model = Model::new(answers, broken);
    let found = model.explore(40_000_000);
    eprintln!(
        "{regions} regions, settled after {settle} steps, {broken:?}: {} states, {} steps, {} of each observer, {} decisions in all",
        found.states,
        found.steps,
        model.locals.len(),
        model.answers.asked
    );
    (found, model.answers)
}

/// Somebody breaks one of the things that the argument needs.
fn each_is_found(mut answers: Answers, all: &[Broken]) {
    for broken in all {
        let (found, asked) = explored(answers, *broken);
        answers = asked;
        let way = found.empty.unwrap_or_else(|| panic!("{broken:?} is not found"));
        assert!(way.len() > 2, "{broken:?}: it takes some steps: {way:#?}");
    }
}

#[test]
fn nobody_empties_the_answer_of_two_regions_unless_something_is_broken() {
    let (found, answers) = explored(Answers::new(2, 2), Broken::Nothing);
    assert_eq!((found.empty, found.most), (None, 3), "each has one of two out, and it takes four votes to empty the answer");
    let answers = drains_complete(answers, &found.docs);
    each_is_found(answers, &[Broken::ForgetsSettling, Broken::TooLate]);
}

#[test]
fn nobody_empties_the_answer_of_three_regions_unless_something_is_broken() {
    let (found, answers) = explored(Answers::new(3, 1), Broken::Nothing);
    assert_eq!((found.empty, found.most), (None, 6), "each may have two of three out, though not all three different ones");
    let answers = drains_complete(answers, &found.docs);
    let all = [
        Broken::SkipsAnnouncing,
        Broken::HidesAnnouncing,
        Broken::ReadsOthersFirst,
        Broken::IgnoresUnread,
        Broken::ForgetsSettling,
        Broken::NoGenerations,
    ];
    each_is_found(answers, &all);
}

/// From wherever they are, if nothing changes any more: every region that people want drained is ejected by everybody within reach, whoever of the three is out
/// of reach and whatever it ejects, whether they decide in turn or all at the same moment. In turn, nothing moves then; those that announce different sick
/// regions at the same moments for ever could go on for ever.
fn drains_complete(mut answers: Answers, docs: &BTreeSet<[Doc; 3]>) -> Answers {
    let (mut runs, all) = (0_usize, (1_u8 << answers.regions) - 1);
    for docs in docs {
        for wish in (0..answers.wishes()).map(Answers::wish).filter(|wish| !wish.contains(&Wish::Unjudged) && !wish.contains(&Wish::Held)) {
            let drained = (0..3).filter(|n| wish[*n] == Wish::Drained).map(|n| 1 << n).sum::<u8>();
            for gone in [None, Some((0, true)), Some((0, false)), Some((1, true)), Some((1, false)), Some((2, true)), Some((2, false))] {
                for in_turn in [true, false].into_iter().filter(|_| drained != 0 && drained != all) {
                    let end = run_out(&mut answers, *docs, wish, gone, in_turn);
                    runs += 1;
                    let within_reach = (0..3).filter(|n| gone.is_none_or(|(gone, _)| gone != *n));
                    for n in within_reach {
                        let ejected = mask(end[n], |cell| cell == EJECT);
                        assert_eq!(ejected & drained, drained, "{docs:?}, {wish:?}, {gone:?} out of reach, in turn {in_turn}: {end:?}");
                    }
                }
            }
        }
    }
    eprintln!("{} regions: from {} places, {runs} runs, every drain completes", answers.regions, docs.len());
    answers
}

/// Where the observers come to rest; `gone` is out of reach, and its votes cannot be read if it says so.
fn run_out(answers: &mut Answers, mut docs: [Doc; 3], wish: [Wish; 3], gone: Option<(usize, bool)>, in_turn: bool) -> [Doc; 3] {
    let settled = ANNOUNCED + answers.settle;
    for _ in 0..12 {
        let before = docs;
        for _ in 0..3 {
            let at_once = docs;
            for n in (0..3).filter(|n| gone.is_none_or(|(gone, _)| gone != *n)) {
                let known = if in_turn { docs } else { at_once };
                let read = |other: usize| if gone == Some((other, true)) { UNREAD } else { shown(known[other]) };
                docs[n] = answers.one(known[n], [read((n + 1) % 3), read((n + 2) % 3)], wish);
            }
        }
        let older = |cell: u8| if cell >= ANNOUNCED { (cell + 1).min(settled) } else { cell };
        let aged = docs.map(|doc| doc.map(older));
        if aged == before {
            return docs;
        }
        docs = aged;
    }
    assert!(!in_turn, "no rest: {docs:?}, {wish:?}, {gone:?} out of reach");
    docs
}
